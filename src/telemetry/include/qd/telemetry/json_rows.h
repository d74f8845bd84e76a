#pragma once

#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/codec/value.h"
#include "qd/telemetry/row_builder.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// JSON objects as rows of a table.
namespace qd::telemetry {

/// A row with more members is refused: no table has so many columns.
inline constexpr std::size_t kRowMembersMax = 5'000;

struct RejectedRow {
    std::size_t index = 0;  // of the object in its request
    std::string why;        // "column Count: text does not fit long"
};

struct JsonRowRules {
    /// TimeGenerated is set to the arrival when it is missing; older than two days or more than one
    /// day ahead is reset too when `limit_time` (the cloud services' window).
    Timestamp arrival;
    bool limit_time = false;
    /// Text longer than this is cut (Logs Ingestion API: 64 KiB); 0 = no limit.
    std::size_t text_bytes_max = 0;
    /// Column names match without regard to case when the exact name is missing.
    bool fold_case = false;
};

/// The column of that name in any case of ASCII letters.
std::optional<std::size_t> find_column_folded(const RowBuilder& rows, std::string_view name);
/// Cuts to at most `bytes_max` (0 = not at all) without splitting a code point.
std::string_view cut_text(std::string_view text, std::size_t bytes_max);
/// Gives the row begun last its arrival as TimeGenerated when it has none.
void settle_time(RowBuilder& rows, const JsonRowRules& rules);

/// Adds `object` as one row. Members the table has no column for are left out. False, with the
/// reason in `why`, when a member does not fit its column: the row is not added.
bool add_json_row(RowBuilder& rows, const Value& object, const JsonRowRules& rules,
                  std::string& why);

/// The elements of an array of objects (or one object) as rows; what does not fit is listed.
void add_json_rows(RowBuilder& rows, const Value& array, const JsonRowRules& rules,
                   std::vector<RejectedRow>& rejected);

}  // namespace qd::telemetry
