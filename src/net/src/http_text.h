#pragma once

#include "qd/base/time.h"

#include <string>
#include <string_view>

namespace qd::net::internal {

/// "Mon, 23 Nov 2026 19:00:00 GMT". Source: RFC 9110, 5.6.7.
std::string http_date(Timestamp t);
void append_status_line(std::string& out, int status);
/// "name: value" with line breaks in either turned into blanks.
void append_field(std::string& out, std::string_view name, std::string_view value);

}  // namespace qd::net::internal
