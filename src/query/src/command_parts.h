#pragma once

#include "commands.h"
#include "qd/codec/value.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Parts of commands that several families read.
namespace qd::query {

/// The table a command names first. Errors: NotFound SEM0100.
Result<workspace::TablePtr> named_table(const kql::Command& command, const CommandContext& context);
/// "a:long,b:string"
std::string csl_schema(const workspace::TableSchema& table);
/// The table's row in the answers of commands that make or change one.
kql::ResultTable table_row(const workspace::TableSchema& table, const CommandContext& context);

/// Columns of a new table. TimeGenerated, which every table has, comes last when it is not among
/// them: rows by position (CSV) then mean what they mean elsewhere.
std::vector<workspace::ColumnInfo> columns_of(const columns::Schema& schema);

/// `with (name = value)`: the value as text, "" when it is not there.
std::string property_text(const kql::Command& command, std::string_view name);
bool property_is_true(const kql::Command& command, std::string_view name);
/// The literal at a place among the command's values, as text. Errors: InvalidArgument QRY0025.
Result<std::string> value_text(const kql::Command& command, std::size_t index);

/// "table/T"
std::string table_entity(std::string_view table);
/// One attribute of an entity, when it is there.
std::optional<std::string> attribute_of(const workspace::Workspace& workspace,
                                        std::string_view entity, std::string_view key);

}  // namespace qd::query
