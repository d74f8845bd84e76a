#include "command_parts.h"

#include "command_tables.h"
#include "qd/columns/text.h"
#include "qd/query/query_service.h"

namespace qd::query {

using columns::DataType;
using kql::Command;
using workspace::TablePtr;

Result<TablePtr> named_table(const Command& command, const CommandContext& context) {
    const std::string& name =
        command.names.empty() ? command.tables.at(0).name.text : command.names.front().text;
    TablePtr table = context.workspace.find_table(name);
    if (table == nullptr) {
        return Error(Code::NotFound, "SEM0100", "there is no table named '" + name + "'");
    }
    return table;
}

std::string csl_schema(const workspace::TableSchema& table) {
    std::string out;
    for (const workspace::ColumnInfo& column : table.columns) {
        out += (out.empty() ? "" : ",") + column.name + ":" +
               std::string(columns::type_name(column.type));
    }
    return out;
}

kql::ResultTable table_row(const workspace::TableSchema& table, const CommandContext& context) {
    ResultRows rows({{"TableName", DataType::String},
                     {"Schema", DataType::String},
                     {"DatabaseName", DataType::String},
                     {"Folder", DataType::String},
                     {"DocString", DataType::String}});
    rows.add({table.name, csl_schema(table), QueryService::kDatabase,
              attribute_of(context.workspace, table_entity(table.name), "folder").value_or(""),
              table.description});
    return rows.finish();
}

std::vector<workspace::ColumnInfo> columns_of(const columns::Schema& schema) {
    std::vector<workspace::ColumnInfo> out;
    for (const columns::Field& field : schema.fields) {
        out.push_back({.name = field.name, .type = field.type, .expression = ""});
    }
    if (!schema.index_of(workspace::kTimeGenerated)) {
        out.push_back({.name = std::string(workspace::kTimeGenerated),
                       .type = DataType::DateTime,
                       .expression = ""});
    }
    return out;
}

namespace {

const kql::OperatorParameter* property(const Command& command, std::string_view name) {
    for (const kql::OperatorParameter& one : command.properties) {
        if (one.name.text == name) {
            return &one;
        }
    }
    return nullptr;
}

}  // namespace

std::string property_text(const Command& command, std::string_view name) {
    const kql::OperatorParameter* found = property(command, name);
    return found == nullptr ? "" : std::string(kql::parameter_word(*found));
}

bool property_is_true(const Command& command, std::string_view name) {
    const kql::OperatorParameter* found = property(command, name);
    if (found == nullptr || found->value == nullptr) {
        return false;
    }
    const auto* literal = found->value->if_as<kql::Literal>();
    return kql::parameter_word(*found) == "true" ||
           (literal != nullptr && literal->value.type() == DataType::Bool &&
            !literal->value.is_null() && literal->value.as_bool());
}

Result<std::string> value_text(const Command& command, std::size_t index) {
    const auto* literal = index < command.values.size() && command.values[index] != nullptr
                              ? command.values[index]->if_as<kql::Literal>()
                              : nullptr;
    if (literal == nullptr) {
        return Error(Code::InvalidArgument, "QRY0025", "a literal text is expected");
    }
    return literal->value.type() == DataType::String ? std::string(literal->value.bytes())
                                                     : columns::to_text(literal->value);
}

std::string table_entity(std::string_view table) {
    return "table/" + std::string(table);
}

std::optional<std::string> attribute_of(const workspace::Workspace& workspace,
                                        std::string_view entity, std::string_view key) {
    for (workspace::Attribute& one : workspace.attributes(entity)) {
        if (one.key == key) {
            return std::move(one.value);
        }
    }
    return std::nullopt;
}

}  // namespace qd::query
