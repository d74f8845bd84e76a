#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace qd::workspace::internal {

/// Integers as bits: the smaller of frame-of-reference and delta form, in groups of 1,024 values
/// with their own width; all-equal input is ten bytes.
std::string encode_integers(std::span<const std::int64_t> values);

/// Fills `out` completely or returns false (malformed bytes; nothing is read out of bounds).
/// The narrow forms truncate: the caller knows what it stored.
bool decode_integers(std::string_view bytes, std::span<std::int64_t> out);
bool decode_integers(std::string_view bytes, std::span<std::uint32_t> out);
bool decode_integers(std::string_view bytes, std::span<std::int32_t> out);
bool decode_integers(std::string_view bytes, std::span<std::uint8_t> out);

/// The values at some places (ascending, each less than `count`) of `count` packed ones; `out` is
/// as long as `places`.
bool decode_integers_at(std::string_view bytes, std::size_t count,
                        std::span<const std::uint32_t> places, std::span<std::int64_t> out);

}  // namespace qd::workspace::internal
