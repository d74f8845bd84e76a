// Making, changing and dropping tables and columns, taking rows away.
#include "command_parts.h"
#include "command_tables.h"
#include "qd/kql/printer.h"
#include "qd/query/query_service.h"

#include <algorithm>

namespace qd::query {

using columns::DataType;
using kql::Command;
using kql::CommandKind;
using workspace::ColumnChange;
using workspace::TablePtr;

namespace {

columns::Schema schema_of(const Command::Table& table) {
    columns::Schema schema;
    for (const kql::ColumnDeclaration& column : table.columns) {
        schema.fields.push_back({.name = column.name.text, .type = column.type});
    }
    return schema;
}

/// Folder and docstring of `with ( … )`.
Status put_properties(const Command& command, const CommandContext& context,
                      const std::string& table) {
    const std::string folder = property_text(command, "folder");
    const std::string doc = property_text(command, "docstring");
    if (!folder.empty()) {
        QD_CHECK_OK(context.workspace.put_attributes({{table_entity(table), "folder", folder}}));
    }
    return doc.empty() ? ok_status() : context.workspace.describe_table(table, doc);
}

Result<kql::ResultTable> create_table(const Command& command, const CommandContext& context) {
    const bool merge = command.kind == CommandKind::CreateMergeTable ||
                       command.kind == CommandKind::CreateMergeTables ||
                       command.kind == CommandKind::AlterMergeTable;
    for (const Command::Table& declared : command.tables) {
        const std::string& name = declared.name.text;
        const columns::Schema schema = schema_of(declared);
        if (context.views.find(name) || MaterializedViews::is_state_table(name)) {
            return Error(Code::AlreadyExists, "QRY0041",
                         "there is a materialized view of that name: " + name);
        }
        if (context.workspace.find_table(name) != nullptr) {
            // .create table of a known table is a no-op in Kusto; -merge adds columns.
            if (merge) {
                QD_CHECK_OK(context.workspace.add_columns(name, schema));
            }
        } else if (command.kind == CommandKind::AlterMergeTable) {
            return Error(Code::NotFound, "SEM0100", "there is no table named '" + name + "'");
        } else {
            workspace::TableSchema table;
            table.name = name;
            table.columns = columns_of(schema);
            QD_CHECK_OK(context.workspace.create_table(table));
        }
        QD_CHECK_OK(put_properties(command, context, name));
    }
    const TablePtr made = context.workspace.find_table(command.tables.at(0).name.text);
    return table_row(*made, context);
}

/// .alter table T (…): the columns become just these; a type cannot change this way.
Result<kql::ResultTable> alter_table(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    const columns::Schema wanted = schema_of(command.tables.at(0));
    std::vector<ColumnChange> drops;
    for (const workspace::ColumnInfo& column : table->columns) {
        const auto at = wanted.index_of(column.name);
        if (!at && column.name != workspace::kTimeGenerated) {
            drops.push_back({.kind = ColumnChange::Kind::Drop, .name = column.name});
        } else if (at && wanted[*at].type != column.type) {
            return Error(Code::InvalidArgument, "WSP0004",
                         "the column has another type (use .alter column): " + column.name);
        }
    }
    if (!drops.empty()) {
        QD_CHECK_OK(context.workspace.change_columns(table->name, drops));
    }
    QD_CHECK_OK(context.workspace.add_columns(table->name, wanted));
    QD_CHECK_OK(put_properties(command, context, table->name));
    return table_row(*context.workspace.find_table(table->name), context);
}

Result<kql::ResultTable> alter_table_text(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    QD_TRY(const std::string text, value_text(command, 0));
    QD_CHECK_OK(
        command.kind == CommandKind::AlterTableFolder
            ? context.workspace.put_attributes({{table_entity(table->name), "folder", text}})
            : context.workspace.describe_table(table->name, text));
    return table_row(*context.workspace.find_table(table->name), context);
}

/// A table that something else is made from stays.
Status check_not_used(const CommandContext& context, const std::string& table) {
    const std::vector<std::string> views = context.views.on(table);
    if (!views.empty()) {
        return Error(Code::FailedPrecondition, "QRY0026",
                     "a materialized view is on this table, drop it first: " + views.front());
    }
    return {};
}

Result<kql::ResultTable> rename_table(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    QD_CHECK_OK(check_not_used(context, table->name));
    const std::string& name = command.names.at(1).text;
    QD_CHECK_OK(context.workspace.rename_table(table->name, name));
    context.updates.refresh();
    return table_row(*context.workspace.find_table(name), context);
}

Result<kql::ResultTable> drop_table(const Command& command, const CommandContext& context) {
    ResultRows rows({{"TableName", DataType::String}, {"DatabaseName", DataType::String}});
    for (const kql::Name& name : command.names) {
        if (context.workspace.find_table(name.text) == nullptr && command.has_choice("ifexists")) {
            continue;
        }
        QD_CHECK_OK(check_not_used(context, name.text));
        QD_CHECK_OK(context.workspace.drop_table(name.text));
        rows.add({name.text, QueryService::kDatabase});
    }
    context.updates.refresh();
    return rows.finish();
}

/// `T.c`, as the names at two places.
Result<TablePtr> table_of_column(const Command& command, const CommandContext& context) {
    if (command.names.size() < 2) {
        return Error(Code::InvalidArgument, "QRY0025", "a column is named as Table.Column");
    }
    return named_table(command, context);
}

Result<kql::ResultTable> change_column(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, table_of_column(command, context));
    ColumnChange change{.name = command.names[1].text};
    if (command.kind == CommandKind::RenameColumn) {
        change.kind = ColumnChange::Kind::Rename;
        change.new_name = command.names.back().text;
    } else if (command.kind == CommandKind::AlterColumnType) {
        change.kind = ColumnChange::Kind::Retype;
        change.type = command.type;
    }
    QD_CHECK_OK(context.workspace.change_columns(table->name, {change}));
    if (command.kind != CommandKind::AlterColumnType) {
        return table_row(*context.workspace.find_table(table->name), context);
    }
    ResultRows rows({{"EntityName", DataType::String},
                     {"DataType", DataType::String},
                     {"Policy", DataType::String}});
    rows.add({change.name, columns::dotnet_type_name(change.type), ""});
    return rows.finish();
}

Result<kql::ResultTable> drop_columns(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    std::vector<ColumnChange> changes;
    for (std::size_t i = 1; i < command.names.size(); ++i) {
        changes.push_back({.kind = ColumnChange::Kind::Drop, .name = command.names[i].text});
    }
    QD_CHECK_OK(context.workspace.change_columns(table->name, changes));
    return table_row(*context.workspace.find_table(table->name), context);
}

Result<kql::ResultTable> clear_table(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    QD_CHECK_OK(
        context.workspace.replace_rows(table->name, {.schema = table->schema(), .chunks = {}}));
    return table_row(*table, context);
}

/// .delete table T records <| T | where …
Result<kql::ResultTable> delete_records(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    const auto* source =
        command.query->source == nullptr ? nullptr : command.query->source->if_as<kql::NameRef>();
    const bool filters_only =
        std::all_of(command.query->operators.begin(), command.query->operators.end(),
                    [](const auto& op) { return op->kind() == kql::OperatorKind::Where; });
    if (source == nullptr || source->name != table->name || !filters_only) {
        return Error(Code::InvalidArgument, "QRY0029",
                     "the rows to delete are named by the table itself and where operators");
    }
    const std::string query(context.text.substr(context.text.find("<|") + 2));
    QD_TRY(const kql::QueryResult found,
           context.run_query(query + "\n| project " + std::string(workspace::kRowId)));
    std::vector<std::int64_t> ids;
    for (const columns::Chunk& chunk : found.tables.at(0).chunks) {
        for (std::uint32_t i = 0; i < chunk.rows; ++i) {
            ids.push_back(chunk.columns[0]->int_at(i));
        }
    }
    std::sort(ids.begin(), ids.end());
    std::uint64_t removed = ids.size();
    if (!property_is_true(command, "whatif")) {
        QD_TRY(removed, context.workspace.remove_rows(table->name, ids));
    }
    ResultRows rows({{"TableName", DataType::String},
                     {"DatabaseName", DataType::String},
                     {"DeletedRecords", DataType::Long}});
    rows.add({table->name, QueryService::kDatabase, static_cast<std::int64_t>(removed)});
    return rows.finish();
}

constexpr CommandEntry kEntries[] = {
    {CommandKind::CreateTable, create_table},
    {CommandKind::CreateMergeTable, create_table},
    {CommandKind::AlterMergeTable, create_table},
    {CommandKind::CreateTables, create_table},
    {CommandKind::CreateMergeTables, create_table},
    {CommandKind::AlterTable, alter_table},
    {CommandKind::AlterTableDocstring, alter_table_text},
    {CommandKind::AlterTableFolder, alter_table_text},
    {CommandKind::RenameTable, rename_table},
    {CommandKind::DropTable, drop_table},
    {CommandKind::DropTables, drop_table},
    {CommandKind::RenameColumn, change_column},
    {CommandKind::AlterColumnType, change_column},
    {CommandKind::DropColumn, change_column},
    {CommandKind::DropColumns, drop_columns},
    {CommandKind::ClearTableData, clear_table},
    {CommandKind::DeleteTableRecords, delete_records},
};

}  // namespace

std::span<const CommandEntry> table_commands() {
    return kEntries;
}

}  // namespace qd::query
