// Management commands over the workspace: one function a kind, found in one table. A command that
// is not in the table is refused by its words, never half done.
#include "commands.h"

#include "command_tables.h"
#include "qd/codec/csv.h"
#include "qd/codec/json.h"
#include "qd/columns/text.h"
#include "qd/query/query_service.h"

#include <algorithm>
#include <span>

namespace qd::query {

using columns::DataType;
using kql::Command;
using kql::CommandKind;
using workspace::TablePtr;

namespace {

using Handler = Result<kql::ResultTable> (*)(const Command&, const CommandContext&);

std::string cell_or_empty(const std::string& text) {
    return text;
}

std::string csl_schema(const workspace::TableSchema& table) {
    std::string out;
    for (const workspace::ColumnInfo& column : table.columns) {
        if (!out.empty()) {
            out += ',';
        }
        out += column.name;
        out += ':';
        out += columns::type_name(column.type);
    }
    return out;
}

Result<TablePtr> known_table(const Command& command, const CommandContext& context) {
    const std::string& name =
        command.names.empty() ? command.tables.at(0).name.text : command.names.front().text;
    TablePtr table = context.workspace.find_table(name);
    if (table == nullptr) {
        return Error(Code::NotFound, "SEM0100", "there is no table named '" + name + "'");
    }
    return table;
}

kql::ResultTable table_row(const workspace::TableSchema& table) {
    ResultRows rows({{"TableName", DataType::String},
                     {"Schema", DataType::String},
                     {"DatabaseName", DataType::String},
                     {"Folder", DataType::String},
                     {"DocString", DataType::String}});
    rows.add({table.name, csl_schema(table), QueryService::kDatabase, "", table.description});
    return rows.finish();
}

columns::Schema schema_of(const Command::Table& table) {
    columns::Schema schema;
    for (const kql::ColumnDeclaration& column : table.columns) {
        schema.fields.push_back({.name = column.name.text, .type = column.type});
    }
    return schema;
}

Result<kql::ResultTable> create_table(const Command& command, const CommandContext& context) {
    const bool merge = command.kind == CommandKind::CreateMergeTable ||
                       command.kind == CommandKind::CreateMergeTables ||
                       command.kind == CommandKind::AlterMergeTable;
    for (const Command::Table& declared : command.tables) {
        const columns::Schema schema = schema_of(declared);
        const TablePtr existing = context.workspace.find_table(declared.name.text);
        if (existing != nullptr) {
            // .create table of a known table is a no-op in Kusto; -merge adds columns.
            if (merge) {
                QD_CHECK_OK(context.workspace.add_columns(declared.name.text, schema));
            }
            continue;
        }
        workspace::TableSchema table;
        table.name = declared.name.text;
        for (const columns::Field& field : schema.fields) {
            table.columns.push_back({.name = field.name, .type = field.type, .expression = ""});
        }
        QD_CHECK_OK(context.workspace.create_table(table));
    }
    const TablePtr made = context.workspace.find_table(command.tables.at(0).name.text);
    return table_row(*made);
}

Result<kql::ResultTable> drop_table(const Command& command, const CommandContext& context) {
    ResultRows rows({{"TableName", DataType::String}, {"DatabaseName", DataType::String}});
    for (const kql::Name& name : command.names) {
        if (context.workspace.find_table(name.text) == nullptr && command.has_choice("ifexists")) {
            continue;
        }
        QD_CHECK_OK(context.workspace.drop_table(name.text));
        rows.add({name.text, QueryService::kDatabase});
    }
    return rows.finish();
}

kql::ResultTable function_rows(std::span<const workspace::FunctionText> functions) {
    ResultRows rows({{"Name", DataType::String},
                     {"Parameters", DataType::String},
                     {"Body", DataType::String},
                     {"Folder", DataType::String},
                     {"DocString", DataType::String}});
    for (const workspace::FunctionText& function : functions) {
        rows.add({function.name, function.parameters.empty() ? "()" : function.parameters,
                  "{" + function.body + "}", function.folder, function.doc});
    }
    return rows.finish();
}

std::string property_text(const Command& command, std::string_view name) {
    for (const kql::OperatorParameter& property : command.properties) {
        if (property.name.text == name) {
            return std::string(kql::parameter_word(property));
        }
    }
    return {};
}

bool property_is_true(const Command& command, std::string_view name) {
    for (const kql::OperatorParameter& property : command.properties) {
        if (property.name.text == name && property.value != nullptr) {
            const auto* literal = property.value->if_as<kql::Literal>();
            return kql::parameter_word(property) == "true" ||
                   (literal != nullptr && !literal->value.is_null() && literal->value.as_bool());
        }
    }
    return false;
}

Result<kql::ResultTable> put_function(const Command& command, const CommandContext& context) {
    workspace::FunctionText function{.name = command.names.at(0).text,
                                     .parameters = command.parameters_text,
                                     .body = command.body_text,
                                     .folder = property_text(command, "folder"),
                                     .doc = property_text(command, "docstring"),
                                     .is_view = property_is_true(command, "view")};
    const std::vector<workspace::FunctionText> existing = context.workspace.functions();
    const bool known = std::any_of(existing.begin(), existing.end(),
                                   [&](const auto& one) { return one.name == function.name; });
    if (command.kind == CommandKind::CreateFunction && known &&
        !command.has_choice("ifnotexists")) {
        return Error(Code::AlreadyExists, "QRY0021",
                     "there is a function of that name: " + function.name);
    }
    if (command.kind == CommandKind::AlterFunction && !known) {
        return Error(Code::NotFound, "QRY0022", "there is no function named " + function.name);
    }
    QD_CHECK_OK(context.workspace.put_function(function));
    return function_rows(std::span(&function, 1));
}

Result<kql::ResultTable> drop_function(const Command& command, const CommandContext& context) {
    ResultRows rows({{"Name", DataType::String}});
    QD_CHECK_OK(context.workspace.drop_function(command.names.at(0).text));
    rows.add({command.names.at(0).text});
    return rows.finish();
}

Result<kql::ResultTable> show_functions(const Command& command, const CommandContext& context) {
    std::vector<workspace::FunctionText> functions = context.workspace.functions();
    if (command.kind == CommandKind::ShowFunction) {
        const std::string& name = command.names.at(0).text;
        std::erase_if(functions, [&](const auto& one) { return one.name != name; });
        if (functions.empty()) {
            return Error(Code::NotFound, "QRY0022", "there is no function named " + name);
        }
    }
    return function_rows(functions);
}

Result<kql::ResultTable> show_tables(const Command&, const CommandContext& context) {
    ResultRows rows({{"TableName", DataType::String},
                     {"DatabaseName", DataType::String},
                     {"Folder", DataType::String},
                     {"DocString", DataType::String}});
    for (const TablePtr& table : context.workspace.tables()) {
        if (table->kind != workspace::TableKind::View) {
            rows.add({table->name, QueryService::kDatabase, cell_or_empty(""), table->description});
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
        if (table->kind == workspace::TableKind::View) {
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
    QD_TRY(const TablePtr table, known_table(command, context));
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
    QD_TRY(const TablePtr table, known_table(command, context));
    if (command.kind == CommandKind::ShowTableCslSchema) {
        return table_row(*table);
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
        if (table->kind == workspace::TableKind::View) {
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
        if (table->kind != workspace::TableKind::View) {
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
    database.set("MaterializedViews", Object());
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

kql::ResultTable extent_row(std::uint64_t rows_written) {
    ResultRows rows({{"ExtentId", DataType::Guid},
                     {"OriginalSize", DataType::Real},
                     {"ExtentSize", DataType::Real},
                     {"ColumnSize", DataType::Real},
                     {"IndexSize", DataType::Real},
                     {"RowCount", DataType::Long}});
    rows.add(
        {Value(), Value(), Value(), Value(), Value(), static_cast<std::int64_t>(rows_written)});
    return rows.finish();
}

/// .set, .append, .set-or-append: the rows of a query become rows of a table.
Result<kql::ResultTable> write_from_query(const Command& command, const CommandContext& context) {
    const std::string& name = command.names.at(0).text;
    const bool exists = context.workspace.find_table(name) != nullptr;
    if (command.kind == CommandKind::SetFromQuery && exists) {
        return Error(Code::AlreadyExists, "QRY0023", "there is a table of that name: " + name);
    }
    if (command.kind == CommandKind::AppendFromQuery && !exists) {
        return Error(Code::NotFound, "SEM0100", "there is no table named '" + name + "'");
    }
    const std::size_t begin = context.text.find("<|");
    QD_TRY(kql::QueryResult result, context.run_query(context.text.substr(begin + 2)));
    if (result.tables.size() != 1) {
        return Error(Code::InvalidArgument, "QRY0024", "the query must have exactly one result");
    }
    kql::ResultTable& rows = result.tables.front();
    if (!exists) {
        workspace::TableSchema table;
        table.name = name;
        for (const columns::Field& field : rows.schema.fields) {
            table.columns.push_back({.name = field.name, .type = field.type, .expression = ""});
        }
        QD_CHECK_OK(context.workspace.create_table(table));
    } else {
        QD_CHECK_OK(context.workspace.add_columns(name, rows.schema));
    }
    const std::uint64_t count = rows.rows();
    QD_CHECK_OK(context.workspace.append_and_wait(
        name, columns::Table{.schema = rows.schema, .chunks = std::move(rows.chunks)}));
    return extent_row(count);
}

/// .ingest inline into table T <| csv
Result<kql::ResultTable> ingest_inline(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, known_table(command, context));
    const columns::Schema schema = table->schema();
    std::vector<columns::ColumnBuilder> builders;
    for (const columns::Field& field : schema.fields) {
        builders.emplace_back(field.type);
    }
    codec::CsvReader reader(command.data);
    std::vector<codec::CsvReader::Field> record;
    std::uint64_t rows = 0;
    while (true) {
        QD_TRY(const bool more, reader.next(record));
        if (!more) {
            break;
        }
        if (record.size() == 1 && record[0].text.empty() && !record[0].quoted) {
            continue;
        }
        for (std::size_t i = 0; i < builders.size(); ++i) {
            const DataType type = builders[i].type();
            const auto value = i < record.size()
                                   ? columns::convert_ingested_text(record[i].text, type)
                                   : std::nullopt;
            builders[i].append(value ? *value : columns::Scalar::null_of(type));
        }
        ++rows;
    }
    columns::Chunk chunk;
    chunk.rows = static_cast<std::uint32_t>(rows);
    for (columns::ColumnBuilder& builder : builders) {
        chunk.columns.push_back(builder.finish());
    }
    columns::Table batch{.schema = schema, .chunks = {}};
    batch.chunks.push_back(std::move(chunk));
    if (rows > 0) {
        QD_CHECK_OK(context.workspace.append_and_wait(table->name, std::move(batch)));
    }
    ResultRows out({{"ExtentId", DataType::Guid},
                    {"ItemLoaded", DataType::String},
                    {"Duration", DataType::TimeSpan},
                    {"HasErrors", DataType::Bool},
                    {"OperationId", DataType::Guid}});
    out.add({Value(), "inproc:" + table->name, Value(), false, Value()});
    return out.finish();
}

struct Entry {
    CommandKind kind;
    Handler handler;
};

constexpr Entry kHandlers[] = {
    {CommandKind::CreateTable, create_table},
    {CommandKind::CreateMergeTable, create_table},
    {CommandKind::AlterMergeTable, create_table},
    {CommandKind::CreateTables, create_table},
    {CommandKind::CreateMergeTables, create_table},
    {CommandKind::DropTable, drop_table},
    {CommandKind::DropTables, drop_table},
    {CommandKind::CreateFunction, put_function},
    {CommandKind::CreateOrAlterFunction, put_function},
    {CommandKind::AlterFunction, put_function},
    {CommandKind::DropFunction, drop_function},
    {CommandKind::ShowFunctions, show_functions},
    {CommandKind::ShowFunction, show_functions},
    {CommandKind::ShowTables, show_tables},
    {CommandKind::ShowTablesDetails, show_tables_details},
    {CommandKind::ShowTable, show_table},
    {CommandKind::ShowTableCslSchema, show_table_schema},
    {CommandKind::ShowTableSchemaJson, show_table_schema},
    {CommandKind::ShowDatabases, show_databases},
    {CommandKind::ShowDatabaseSchema, show_database_schema},
    {CommandKind::ShowDatabasesSchema, show_database_schema},
    {CommandKind::ShowDatabaseSchemaJson, show_schema_json},
    {CommandKind::ShowDatabasesSchemaJson, show_schema_json},
    {CommandKind::ShowVersion, show_version},
    {CommandKind::SetFromQuery, write_from_query},
    {CommandKind::AppendFromQuery, write_from_query},
    {CommandKind::SetOrAppend, write_from_query},
    {CommandKind::IngestInline, ingest_inline},
};

}  // namespace

Result<kql::ResultTable> run_command(const Command& command, const CommandContext& context) {
    for (const Entry& entry : kHandlers) {
        if (entry.kind == command.kind) {
            return entry.handler(command, context);
        }
    }
    std::string words;
    for (const std::string& word : command.words) {
        words += (words.empty() ? "." : " ") + word;
    }
    return Error(Code::Unimplemented, "QRY0020", "this management command is not served: " + words);
}

}  // namespace qd::query
