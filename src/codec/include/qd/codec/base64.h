#pragma once

#include "qd/base/result.h"

#include <string>
#include <string_view>

namespace qd::codec {

std::string base64_encode(std::string_view bytes);
std::string base64url_encode(std::string_view bytes);  // no padding
/// Standard alphabet, padding optional, white space refused. Errors: InvalidArgument COD0051.
Result<std::string> base64_decode(std::string_view text);
Result<std::string> base64url_decode(std::string_view text);
std::string hex_encode(std::string_view bytes);
/// Either case. Errors: InvalidArgument COD0052.
Result<std::string> hex_decode(std::string_view text);
/// Percent-decoding; `plus_is_space` for form bodies and query strings.
/// Malformed escapes stay as they are.
std::string url_decode(std::string_view text, bool plus_is_space);
std::string url_encode(std::string_view text);  // unreserved characters of RFC 3986 stay

}  // namespace qd::codec
