#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Addresses and prefixes as KQL's functions read them.
namespace qd::kql {

/// An IPv4 address with the length of its prefix (32 when none is written).
struct Ipv4 {
    std::uint32_t address = 0;
    int prefix = 32;
    std::uint32_t masked(int bits) const;
};
/// "a.b.c.d" or "a.b.c.d/n".
std::optional<Ipv4> parse_ipv4(std::string_view text);
std::string format_ipv4(std::uint32_t address);
/// Loopback is not private; the three blocks of RFC 1918 are.
bool is_private(std::uint32_t address);

/// An IPv6 address (or an IPv4 one mapped into it) with its prefix, 128 when none is written.
struct Ipv6 {
    std::array<std::uint8_t, 16> bytes{};
    int prefix = 128;
    Ipv6 masked(int bits) const;
};
std::optional<Ipv6> parse_ipv6(std::string_view text);
/// All eight groups, four lower-case digits each.
std::string format_ipv6(const Ipv6& ip);

}  // namespace qd::kql
