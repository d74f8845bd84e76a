// .show tables, databases, schemas: what editors and SDKs ask first.
#include "command_parts.h"
#include "command_tables.h"
#include "qd/codec/json.h"
#include "qd/columns/text.h"
#include "qd/kql/printer.h"
#include "qd/query/query_service.h"

namespace qd::query {

using columns::DataType;
using kql::Command;
using kql::CommandKind;
using workspace::TablePtr;

namespace {

/// Tables with rows of their own that users made or know.
bool is_listed(const workspace::TableSchema& table) {
    return table.kind != workspace::TableKind::View &&
           !MaterializedViews::is_state_table(table.name);
}

std::string folder_of(const workspace::TableSchema& table, const CommandContext& context) {
    return attribute_of(context.workspace, table_entity(table.name), "folder").value_or("");
}

Result<kql::ResultTable> show_tables(const Command&, const CommandContext& context) {
    ResultRows rows({{"TableName", DataType::String},
                     {"DatabaseName", DataType::String},
                     {"Folder", DataType::String},
                     {"DocString", DataType::String}});
    for (const TablePtr& table : context.workspace.tables()) {
        if (is_listed(*table)) {
            rows.add({table->name, QueryService::kDatabase, folder_of(*table, context),
                      table->description});
        }
    }
    return rows.finish();
}

Result<kql::ResultTable> show_tables_details(const Command&, const CommandContext& context) {
    ResultRows rows({{"TableName", DataType::String},
                     {"DatabaseName", DataType::String},
                     {"TotalExtents", DataType::Long},
                     {"TotalExtentSize", DataType::Long},
                     {"TotalRowCount", DataType::Long},
                     {"HotExtents", DataType::Long}});
    for (const TablePtr& table : context.workspace.tables()) {
        if (!is_listed(*table)) {
            continue;
        }
        QD_TRY(const workspace::TableStatistics facts, context.workspace.statistics(table->name));
        rows.add({table->name, QueryService::kDatabase, static_cast<std::int64_t>(facts.extents),
                  static_cast<std::int64_t>(facts.extent_bytes),
                  static_cast<std::int64_t>(facts.rows), static_cast<std::int64_t>(facts.extents)});
    }
    return rows.finish();
}

Result<kql::ResultTable> show_table(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    ResultRows rows({{"AttributeName", DataType::String},
                     {"AttributeType", DataType::String},
                     {"AttributeId", DataType::String}});
    for (const workspace::ColumnInfo& column : table->columns) {
        rows.add({column.name, columns::dotnet_type_name(column.type), column.name});
    }
    return rows.finish();
}

Value schema_object(const workspace::TableSchema& table) {
    Array columns_json;
    for (const workspace::ColumnInfo& column : table.columns) {
        Object one;
        one.set("Name", column.name);
        one.set("Type", columns::dotnet_type_name(column.type));
        one.set("CslType", columns::type_name(column.type));
        columns_json.push_back(std::move(one));
    }
    Object out;
    out.set("Name", table.name);
    out.set("Folder", "");
    out.set("DocString", table.description);
    out.set("OrderedColumns", std::move(columns_json));
    return Value(std::move(out));
}

Result<kql::ResultTable> show_table_schema(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    if (command.kind == CommandKind::ShowTableCslSchema) {
        return table_row(*table, context);
    }
    ResultRows rows({{"TableName", DataType::String},
                     {"Schema", DataType::String},
                     {"DatabaseName", DataType::String},
                     {"Folder", DataType::String},
                     {"DocString", DataType::String}});
    rows.add({table->name, codec::to_json(schema_object(*table)), QueryService::kDatabase, "",
              table->description});
    return rows.finish();
}

Result<kql::ResultTable> show_databases(const Command&, const CommandContext&) {
    ResultRows rows({{"DatabaseName", DataType::String},
                     {"PersistentStorage", DataType::String},
                     {"Version", DataType::String},
                     {"IsCurrent", DataType::Bool},
                     {"DatabaseAccessMode", DataType::String},
                     {"PrettyName", DataType::String},
                     {"ReservedSlot1", DataType::Bool},
                     {"DatabaseId", DataType::Guid},
                     {"InTransitionTo", DataType::String}});
    rows.add({QueryService::kDatabase, "", "v1.0", true, "ReadWrite", "", Value(), Value(), ""});
    return rows.finish();
}

Result<kql::ResultTable> show_database_schema(const Command&, const CommandContext& context) {
    ResultRows rows({{"DatabaseName", DataType::String},
                     {"TableName", DataType::String},
                     {"ColumnName", DataType::String},
                     {"ColumnType", DataType::String},
                     {"IsDefaultTable", DataType::Bool},
                     {"IsDefaultColumn", DataType::Bool},
                     {"PrettyName", DataType::String},
                     {"Version", DataType::String},
                     {"Folder", DataType::String},
                     {"DocString", DataType::String}});
    rows.add({QueryService::kDatabase, "", "", "", false, false, "", "v1.0", "", ""});
    for (const TablePtr& table : context.workspace.tables()) {
        if (!is_listed(*table)) {
            continue;
        }
        rows.add({QueryService::kDatabase, table->name, "", "", false, false, "", "", "",
                  table->description});
        for (const workspace::ColumnInfo& column : table->columns) {
            rows.add({QueryService::kDatabase, table->name, column.name,
                      columns::dotnet_type_name(column.type), false, false, "", "", "", ""});
        }
    }
    return rows.finish();
}

Result<kql::ResultTable> show_schema_json(const Command&, const CommandContext& context) {
    Object tables;
    for (const TablePtr& table : context.workspace.tables()) {
        if (is_listed(*table)) {
            tables.append(table->name, schema_object(*table));
        }
    }
    Object functions;
    for (const workspace::FunctionText& function : context.workspace.functions()) {
        Object one;
        one.set("Name", function.name);
        one.set("InputParameters", Array());
        one.set("Body", "{" + function.body + "}");
        one.set("Folder", function.folder);
        one.set("DocString", function.doc);
        functions.set(function.name, std::move(one));
    }
    Object database;
    database.set("Name", QueryService::kDatabase);
    database.set("Tables", std::move(tables));
    database.set("ExternalTables", Object());
    Object views;
    for (const ViewDefinition& view : context.views.all()) {
        QD_TRY(const columns::Schema schema, context.schema_of(kql::format_name(view.name)));
        workspace::TableSchema shown;
        shown.name = view.name;
        shown.description = view.doc;
        for (const columns::Field& field : schema.fields) {
            shown.columns.push_back({.name = field.name, .type = field.type, .expression = ""});
        }
        views.set(view.name, schema_object(shown));
    }
    database.set("MaterializedViews", std::move(views));
    database.set("Functions", std::move(functions));
    database.set("MajorVersion", 1);
    database.set("MinorVersion", 0);
    Object databases;
    databases.set(std::string(QueryService::kDatabase), std::move(database));
    Object root;
    root.set("Databases", std::move(databases));
    ResultRows rows({{"DatabaseSchema", DataType::String}});
    rows.add({codec::to_json(Value(std::move(root)))});
    return rows.finish();
}

Result<kql::ResultTable> show_version(const Command&, const CommandContext&) {
    ResultRows rows({{"BuildVersion", DataType::String},
                     {"BuildTime", DataType::DateTime},
                     {"ServiceType", DataType::String},
                     {"ProductVersion", DataType::String}});
    rows.add({"0.1.0", Value(), "Engine", "Quarterdeck 0.1.0"});
    return rows.finish();
}

/// The schema as the commands that make it.
Result<kql::ResultTable> show_csl_script(const Command&, const CommandContext& context) {
    ResultRows rows({{"DatabaseSchemaScript", DataType::String}});
    for (const TablePtr& table : context.workspace.tables()) {
        if (is_listed(*table)) {
            rows.add({".create-merge table " + kql::format_name(table->name) + " (" +
                      csl_schema(*table) + ")"});
        }
    }
    for (const workspace::FunctionText& function : context.workspace.functions()) {
        rows.add({".create-or-alter function " + kql::format_name(function.name) +
                  (function.parameters.empty() ? "()" : function.parameters) + " {" +
                  function.body + "}"});
    }
    for (const ViewDefinition& view : context.views.all()) {
        rows.add({".create-or-alter materialized-view " + kql::format_name(view.name) +
                  " on table " + kql::format_name(view.source) + " {" + view.query + "}"});
    }
    return rows.finish();
}

Result<kql::ResultTable> show_entities(const Command&, const CommandContext& context) {
    ResultRows rows({{"DatabaseName", DataType::String},
                     {"EntityType", DataType::String},
                     {"EntityName", DataType::String},
                     {"DocString", DataType::String},
                     {"Folder", DataType::String},
                     {"CslInputSchema", DataType::String},
                     {"Content", DataType::String},
                     {"CslOutputSchema", DataType::String},
                     {"Properties", DataType::Dynamic}});
    const auto none = Value(Object());
    for (const TablePtr& table : context.workspace.tables()) {
        if (is_listed(*table)) {
            rows.add({QueryService::kDatabase, "Table", table->name, table->description,
                      folder_of(*table, context), "", "", csl_schema(*table), none});
        }
    }
    for (const workspace::FunctionText& function : context.workspace.functions()) {
        rows.add({QueryService::kDatabase, "Function", function.name, function.doc, function.folder,
                  function.parameters, "{" + function.body + "}", "", none});
    }
    for (const ViewDefinition& view : context.views.all()) {
        rows.add({QueryService::kDatabase, "MaterializedView", view.name, view.doc, view.folder, "",
                  view.query, "", none});
    }
    return rows.finish();
}

Result<kql::ResultTable> show_table_details(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    QD_TRY(const workspace::TableStatistics facts, context.workspace.statistics(table->name));
    ResultRows rows({{"TableName", DataType::String},
                     {"DatabaseName", DataType::String},
                     {"Folder", DataType::String},
                     {"DocString", DataType::String},
                     {"TotalExtents", DataType::Long},
                     {"TotalExtentSize", DataType::Real},
                     {"TotalRowCount", DataType::Long},
                     {"HotExtents", DataType::Long},
                     {"HotExtentSize", DataType::Real},
                     {"HotRowCount", DataType::Long}});
    const auto extents = static_cast<std::int64_t>(facts.extents);
    const auto bytes = static_cast<double>(facts.extent_bytes);
    const auto held = static_cast<std::int64_t>(facts.rows);
    rows.add({table->name, QueryService::kDatabase, folder_of(*table, context), table->description,
              extents, bytes, held, extents, bytes, held});
    return rows.finish();
}

constexpr CommandEntry kEntries[] = {
    {CommandKind::ShowTables, show_tables},
    {CommandKind::ShowTablesDetails, show_tables_details},
    {CommandKind::ShowTable, show_table},
    {CommandKind::ShowTableDetails, show_table_details},
    {CommandKind::ShowTableCslSchema, show_table_schema},
    {CommandKind::ShowTableSchemaJson, show_table_schema},
    {CommandKind::ShowDatabases, show_databases},
    {CommandKind::ShowDatabase, show_databases},
    {CommandKind::ShowDatabasesEntities, show_entities},
    {CommandKind::ShowDatabaseSchema, show_database_schema},
    {CommandKind::ShowDatabasesSchema, show_database_schema},
    {CommandKind::ShowSchema, show_database_schema},
    {CommandKind::ShowDatabaseSchemaJson, show_schema_json},
    {CommandKind::ShowDatabasesSchemaJson, show_schema_json},
    {CommandKind::ShowDatabaseCslSchema, show_csl_script},
    {CommandKind::ShowVersion, show_version},
};

}  // namespace

std::span<const CommandEntry> schema_commands() {
    return kEntries;
}

}  // namespace qd::query
