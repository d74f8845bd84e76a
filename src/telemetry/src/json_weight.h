#pragma once

#include "qd/base/result.h"

#include <cstdint>
#include <string_view>

namespace qd::telemetry {

/// An upper bound, in bytes, of what a JSON text (or lines of them) takes once parsed: members and
/// elements at the size of a value, objects at that of what they become. One pass, nothing
/// allocated; text that is no JSON gets some number too.
std::uint64_t json_weight(std::string_view text);

/// What one request may become in memory. A body of two bytes a value would grow thirtyfold.
inline constexpr std::uint64_t kDecodedBytesMax = std::uint64_t{160} << 20;
/// Errors: ResourceExhausted TEL0043.
Status check_json_weight(std::string_view text);

}  // namespace qd::telemetry
