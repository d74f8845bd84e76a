#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The portal's CSV export of query results: "TimeGenerated [UTC]" columns with US dates, and a
/// dynamic column as two, X_dynamic and X_string, of which a row fills one.
namespace qd::cli {

/// The columns of a header as the table names them, in the header's order. Two entries may name the
/// same column (the twins).
std::vector<std::string> export_columns(const std::vector<std::string>& header);

/// "4/28/2021, 2:08:45.221 PM" as ISO 8601; nothing when the text is in another form.
std::optional<std::string> export_time(std::string_view text);

}  // namespace qd::cli
