// Ingestion mappings of tables.
#include "command_parts.h"
#include "command_tables.h"
#include "ingest_text.h"
#include "qd/query/query_service.h"

namespace qd::query {

using columns::DataType;
using kql::Command;
using kql::CommandKind;
using workspace::TablePtr;

namespace {

ResultRows mapping_rows() {
    return ResultRows({{"Name", DataType::String},
                       {"Kind", DataType::String},
                       {"Mapping", DataType::String},
                       {"LastUpdatedOn", DataType::DateTime},
                       {"Database", DataType::String},
                       {"Table", DataType::String}});
}

/// csv or json; "" when the command names none. Errors: Unimplemented QRY0020 for the others.
Result<std::string> kind_of(const Command& command) {
    for (const std::string_view kind : {"csv", "json"}) {
        if (command.has_choice(kind)) {
            return std::string(kind);
        }
    }
    for (const std::string_view kind : {"avro", "parquet", "orc"}) {
        if (command.has_choice(kind)) {
            return Error(Code::Unimplemented, "QRY0020",
                         "ingestion mappings of this kind are not served: " + std::string(kind));
        }
    }
    return std::string();
}

std::string shown_kind(std::string_view kind) {
    return kind == "csv" ? "Csv" : "Json";
}

Result<kql::ResultTable> create_mapping(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    QD_TRY(const std::string kind, kind_of(command));
    QD_TRY(const std::string name, value_text(command, 0));
    QD_TRY(const std::string text, value_text(command, 1));
    QD_TRY(const auto columns, kql::parse_ingestion_mapping(text, kind == "csv"));
    for (const kql::ColumnMapping& column : columns) {
        if (table->find_column(column.column) == nullptr) {
            return Error(Code::InvalidArgument, "SEM0311",
                         "ingestion mapping: the table has no column " + column.column);
        }
    }
    const std::string entity = table_entity(table->name);
    const std::string key = mapping_key(kind, name);
    if (command.kind == CommandKind::CreateIngestionMapping &&
        attribute_of(context.workspace, entity, key)) {
        return Error(Code::AlreadyExists, "QRY0049",
                     "the table has an ingestion mapping of that name: " + name);
    }
    QD_CHECK_OK(context.workspace.put_attributes({{entity, key, text}}));
    ResultRows rows = mapping_rows();
    rows.add({name, shown_kind(kind), text, format_timestamp(context.clock.utc()),
              QueryService::kDatabase, table->name});
    return rows.finish();
}

/// Mappings of a kind ("" = any) and name ("" = any).
kql::ResultTable list_mappings(const workspace::TableSchema& table, const std::string& kind,
                               const std::string& name, const CommandContext& context) {
    ResultRows rows = mapping_rows();
    for (const workspace::Attribute& one : context.workspace.attributes(table_entity(table.name))) {
        for (const std::string_view known : {"csv", "json"}) {
            const std::string prefix = mapping_key(known, "");
            if (!one.key.starts_with(prefix) || (!kind.empty() && kind != known)) {
                continue;
            }
            const std::string found = one.key.substr(prefix.size());
            if (name.empty() || name == found) {
                rows.add({found, shown_kind(known), one.value, Value(), QueryService::kDatabase,
                          table.name});
            }
        }
    }
    return rows.finish();
}

Result<kql::ResultTable> show_mappings(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    QD_TRY(const std::string kind, kind_of(command));
    std::string name;
    if (command.kind == CommandKind::ShowIngestionMapping) {
        QD_TRY(name, value_text(command, 0));
        if (!attribute_of(context.workspace, table_entity(table->name), mapping_key(kind, name))) {
            return Error(Code::NotFound, "QRY0046",
                         "the table has no ingestion mapping of that name: " + name);
        }
    }
    return list_mappings(*table, kind, name, context);
}

Result<kql::ResultTable> drop_mapping(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    QD_TRY(const std::string kind, kind_of(command));
    QD_TRY(const std::string name, value_text(command, 0));
    const std::string entity = table_entity(table->name);
    if (!attribute_of(context.workspace, entity, mapping_key(kind, name))) {
        return Error(Code::NotFound, "QRY0046",
                     "the table has no ingestion mapping of that name: " + name);
    }
    QD_CHECK_OK(context.workspace.put_attributes({{entity, mapping_key(kind, name), ""}}));
    return list_mappings(*table, kind, "", context);
}

constexpr CommandEntry kEntries[] = {
    {CommandKind::CreateIngestionMapping, create_mapping},
    {CommandKind::CreateOrAlterIngestionMapping, create_mapping},
    {CommandKind::DropIngestionMapping, drop_mapping},
    {CommandKind::ShowIngestionMappings, show_mappings},
    {CommandKind::ShowIngestionMapping, show_mappings},
};

}  // namespace

std::span<const CommandEntry> mapping_commands() {
    return kEntries;
}

}  // namespace qd::query
