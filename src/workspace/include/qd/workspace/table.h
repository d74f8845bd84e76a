#pragma once

#include "qd/columns/type.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qd::workspace {

enum class TableKind : std::uint8_t {
    BuiltIn,  // from the schema data compiled in; columns may be added, the table not dropped
    Custom,   // made by a user or by its first write
    View,     // other names for another table's columns (classic Application Insights)
};

struct ColumnInfo {
    std::string name;
    columns::DataType type = columns::DataType::String;
    /// View columns: the KQL expression over the underlying table that computes this one.
    std::string expression;
    /// What files call it; empty: the same. A name that was given up is never used for other data.
    std::string stored = {};
    const std::string& stored_name() const { return stored.empty() ? name : stored; }
    bool operator==(const ColumnInfo&) const = default;
};

/// A table as users see it. Hidden columns (kTimeReceived, kItemId) are not listed.
struct TableSchema {
    std::string name;
    TableKind kind = TableKind::Custom;
    std::string description;
    std::vector<ColumnInfo> columns;
    /// Days a row is kept, counted from when it was received (as Kusto's retention policy does);
    /// 0 = for ever.
    std::uint32_t retention_days = 0;
    /// Views: the table behind.
    std::string view_of;
    /// The Entra diagnostic category that lands here ("SignInLogs"), or empty.
    std::string diagnostic_category;

    columns::Schema schema() const;
    const ColumnInfo* find_column(std::string_view column) const;
};
using TablePtr = std::shared_ptr<const TableSchema>;

/// The KQL query a view stands for: "AppRequests | project ['timestamp'] = TimeGenerated, …".
std::string view_query(const TableSchema& view);

/// The tables compiled into the program, views included, sorted by name.
/// Source: Azure Monitor Logs table reference; see schema/tables.json.
const std::vector<TablePtr>& built_in_tables();

/// Every table has it: when the row's event happened. Ranges over it prune extents.
inline constexpr std::string_view kTimeGenerated = "TimeGenerated";
/// Hidden, datetime: when the row was taken in; ingestion_time().
inline constexpr std::string_view kTimeReceived = "_TimeReceived";
/// Hidden, string: a GUID that names the row for good.
inline constexpr std::string_view kItemId = "_ItemId";
/// Hidden, long: grows in the order in which rows become visible; unique in the workspace. The
/// sequence of the row's batch × 2^20 plus the row's place in it.
inline constexpr std::string_view kRowId = "_RowId";
inline constexpr int kRowIdShift = 20;
/// Visible where the schema lists them, never stored: the table's name, the workspace's id.
inline constexpr std::string_view kTypeColumn = "Type";
inline constexpr std::string_view kTenantId = "TenantId";

}  // namespace qd::workspace
