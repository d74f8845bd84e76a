#include "functions/ip_address.h"

#include <algorithm>
#include <vector>

namespace qd::kql {
namespace {

/// Decimal digits only, at most max; removes them from the text.
std::optional<int> take_number(std::string_view& text, int max) {
    int value = 0;
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 3) {
        value = value * 10 + (text[digits] - '0');
        ++digits;
    }
    if (digits == 0 || value > max) {
        return std::nullopt;
    }
    text.remove_prefix(digits);
    return value;
}

std::optional<std::uint32_t> take_dotted(std::string_view& text) {
    std::uint32_t address = 0;
    for (int i = 0; i < 4; ++i) {
        if (i > 0) {
            if (text.empty() || text.front() != '.') {
                return std::nullopt;
            }
            text.remove_prefix(1);
        }
        const auto octet = take_number(text, 255);
        if (!octet) {
            return std::nullopt;
        }
        address = address << 8U | static_cast<std::uint32_t>(*octet);
    }
    return address;
}

/// "/n" or nothing.
std::optional<int> take_prefix(std::string_view text, int max) {
    if (text.empty()) {
        return max;
    }
    if (text.front() != '/') {
        return std::nullopt;
    }
    text.remove_prefix(1);
    const auto bits = take_number(text, max);
    return text.empty() ? bits : std::nullopt;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char small = static_cast<char>(c | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/// Groups of an IPv6 text between colons; a dotted tail makes two.
std::optional<std::vector<std::uint16_t>> parse_groups(std::string_view text) {
    std::vector<std::uint16_t> groups;
    if (text.empty()) {
        return groups;
    }
    while (true) {
        const std::size_t colon = std::min(text.find(':'), text.size());
        std::string_view part = text.substr(0, colon);
        if (part.find('.') != std::string_view::npos) {
            const auto v4 = take_dotted(part);
            if (!v4 || !part.empty() || colon != text.size()) {
                return std::nullopt;
            }
            groups.push_back(static_cast<std::uint16_t>(*v4 >> 16U));
            groups.push_back(static_cast<std::uint16_t>(*v4 & 0xFFFFU));
            return groups;
        }
        if (part.empty() || part.size() > 4) {
            return std::nullopt;
        }
        int value = 0;
        for (const char c : part) {
            if (hex_value(c) < 0) {
                return std::nullopt;
            }
            value = value * 16 + hex_value(c);
        }
        groups.push_back(static_cast<std::uint16_t>(value));
        if (colon == text.size()) {
            return groups;
        }
        text.remove_prefix(colon + 1);
    }
}

}  // namespace

std::uint32_t Ipv4::masked(int bits) const {
    return bits <= 0 ? 0 : address & (~std::uint32_t{0} << (32 - std::min(bits, 32)));
}

std::optional<Ipv4> parse_ipv4(std::string_view text) {
    const auto address = take_dotted(text);
    const auto prefix = address ? take_prefix(text, 32) : std::nullopt;
    if (!prefix) {
        return std::nullopt;
    }
    return Ipv4{*address, *prefix};
}

std::string format_ipv4(std::uint32_t address) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) {
        text += std::to_string((address >> static_cast<unsigned>(shift)) & 0xFFU);
        if (shift > 0) {
            text.push_back('.');
        }
    }
    return text;
}

bool is_private(std::uint32_t address) {
    return (address >> 24U) == 10 || (address >> 20U) == 0xAC1 || (address >> 16U) == 0xC0A8;
}

Ipv6 Ipv6::masked(int bits) const {
    Ipv6 result = *this;
    for (int i = 0; i < 16; ++i) {
        const int keep = std::clamp(bits - i * 8, 0, 8);
        result.bytes[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xFF00 >> keep);
    }
    return result;
}

std::optional<Ipv6> parse_ipv6(std::string_view text) {
    Ipv6 ip;
    if (text.find(':') == std::string_view::npos) {
        const auto v4 = parse_ipv4(text);
        if (!v4) {
            return std::nullopt;
        }
        ip.bytes[10] = ip.bytes[11] = 0xFF;
        for (unsigned i = 0; i < 4; ++i) {
            ip.bytes[12 + i] = static_cast<std::uint8_t>(v4->address >> (24 - 8 * i));
        }
        ip.prefix = 96 + v4->prefix;
        return ip;
    }
    const std::size_t slash = std::min(text.find('/'), text.size());
    const auto prefix = take_prefix(text.substr(slash), 128);
    if (!prefix) {
        return std::nullopt;
    }
    ip.prefix = *prefix;
    text = text.substr(0, slash);
    std::vector<std::uint16_t> groups;
    const std::size_t gap = text.find("::");
    if (gap == std::string_view::npos) {
        const auto all = parse_groups(text);
        if (!all) {
            return std::nullopt;
        }
        groups = *all;
    } else {
        const auto left = parse_groups(text.substr(0, gap));
        const auto right = parse_groups(text.substr(gap + 2));
        if (!left || !right || left->size() + right->size() > 7) {
            return std::nullopt;
        }
        groups = *left;
        groups.resize(8 - right->size(), 0);
        groups.insert(groups.end(), right->begin(), right->end());
    }
    if (groups.size() != 8) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < 8; ++i) {
        ip.bytes[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8U);
        ip.bytes[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xFFU);
    }
    return ip;
}

std::string format_ipv6(const Ipv6& ip) {
    std::string text;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i > 0 && i % 2 == 0) {
            text.push_back(':');
        }
        text.push_back("0123456789abcdef"[ip.bytes[i] >> 4U]);
        text.push_back("0123456789abcdef"[ip.bytes[i] & 15U]);
    }
    return text;
}

}  // namespace qd::kql
