// Rows into tables: out of a query, out of the command's own text, out of files.
#include "command_parts.h"
#include "command_tables.h"
#include "ingest_text.h"
#include "qd/codec/json.h"
#include "qd/query/query_service.h"

namespace qd::query {

using columns::DataType;
using kql::Command;
using kql::CommandKind;
using workspace::TablePtr;

namespace {

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

/// .set, .append, .set-or-append, .set-or-replace: the rows of a query become rows of a table.
Result<kql::ResultTable> write_from_query(const Command& command, const CommandContext& context) {
    const std::string& name = command.names.at(0).text;
    const bool exists = context.workspace.find_table(name) != nullptr;
    if (command.kind == CommandKind::SetFromQuery && exists) {
        return Error(Code::AlreadyExists, "QRY0023", "there is a table of that name: " + name);
    }
    if (command.kind == CommandKind::AppendFromQuery && !exists) {
        return Error(Code::NotFound, "SEM0100", "there is no table named '" + name + "'");
    }
    QD_TRY(kql::QueryResult result,
           context.run_query(context.text.substr(context.text.find("<|") + 2)));
    if (result.tables.size() != 1) {
        return Error(Code::InvalidArgument, "QRY0024", "the query must have exactly one result");
    }
    kql::ResultTable& rows = result.tables.front();
    if (exists) {
        QD_CHECK_OK(context.workspace.add_columns(name, rows.schema));
    } else {
        workspace::TableSchema table;
        table.name = name;
        table.description = property_text(command, "docstring");
        table.columns = columns_of(rows.schema);
        QD_CHECK_OK(context.workspace.create_table(table));
    }
    const std::uint64_t count = rows.rows();
    columns::Table batch{.schema = rows.schema, .chunks = std::move(rows.chunks)};
    QD_CHECK_OK(command.kind == CommandKind::SetOrReplace
                    ? context.workspace.replace_rows(name, std::move(batch))
                    : append_in_pieces(context.workspace, name, std::move(batch)));
    return extent_row(count);
}

Result<kql::IngestFormat> wanted_format(const Command& command, const CommandContext& context,
                                        const workspace::TableSchema& table,
                                        std::string_view fallback) {
    IngestRequest request;
    request.format = property_text(command, "format");
    request.mapping_name = property_text(command, "ingestionMappingReference");
    request.mapping_text = property_text(command, "ingestionMapping");
    request.skip_first = property_is_true(command, "ignoreFirstRecord");
    if (request.format.empty()) {
        request.format = fallback;
    }
    return ingest_format(context.workspace, table, request);
}

ResultRows ingested_rows() {
    return ResultRows({{"ExtentId", DataType::Guid},
                       {"ItemLoaded", DataType::String},
                       {"Duration", DataType::TimeSpan},
                       {"HasErrors", DataType::Bool},
                       {"OperationId", DataType::Guid}});
}

/// .ingest inline into table T <| …
Result<kql::ResultTable> ingest_inline(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    QD_TRY(const kql::IngestFormat format, wanted_format(command, context, *table, "csv"));
    QD_TRY(const std::uint64_t rows, ingest_text(context.workspace, *table, command.data, format));
    static_cast<void>(rows);
    ResultRows out = ingested_rows();
    out.add({Value(), "inproc:" + table->name, Value(), false, Value()});
    return out.finish();
}

/// .ingest into table T ('https://…', …): addresses are read as externaldata() reads them, by the
/// same allow-list.
Result<kql::ResultTable> ingest_into(const Command& command, const CommandContext& context) {
    QD_TRY(const TablePtr table, named_table(command, context));
    ResultRows out = ingested_rows();
    for (std::size_t i = 0; i < command.values.size(); ++i) {
        QD_TRY(const std::string address, value_text(command, i));
        QD_TRY(const std::string bytes, context.read_external(address));
        QD_TRY(const kql::IngestFormat format,
               wanted_format(command, context, *table, kql::guess_ingest_format(address)));
        QD_TRY(const std::uint64_t rows, ingest_text(context.workspace, *table, bytes, format));
        static_cast<void>(rows);
        out.add({Value(), address.substr(0, address.find_first_of("?;")), Value(), false, Value()});
    }
    return out.finish();
}

constexpr CommandEntry kEntries[] = {
    {CommandKind::SetFromQuery, write_from_query}, {CommandKind::AppendFromQuery, write_from_query},
    {CommandKind::SetOrAppend, write_from_query},  {CommandKind::SetOrReplace, write_from_query},
    {CommandKind::IngestInline, ingest_inline},    {CommandKind::IngestInto, ingest_into},
};

}  // namespace

std::span<const CommandEntry> ingest_commands() {
    return kEntries;
}

}  // namespace qd::query
