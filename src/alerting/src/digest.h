#pragma once

#include <string>
#include <string_view>

namespace qd::alerting {

/// The first 16 bytes of SHA-256 as 32 hex digits: names that must not collide by intent.
std::string digest_hex(std::string_view text);
/// The same laid out as a UUID (version 8, RFC 9562).
std::string digest_uuid(std::string_view text);

}  // namespace qd::alerting
