// Kusto REST answers. v1 is a list of tables whose last is a table of contents of the others; v2 is
// a stream of frames. Both carry the same three side tables: the visualization ("render"), the
// completion record and, in v1, the contents. A failure behind the first row cannot change the HTTP
// status any more: it stands where a row would (v1 "Exceptions", v2 "OneApiErrors") and SDKs raise
// it from there. Source: Kusto REST API documentation, "Query/management HTTP response", v1 and v2.
#include "json_cells.h"
#include "qd/codec/json.h"
#include "qd/columns/type.h"
#include "qd/kql/diagnostics.h"
#include "qd/query/wire.h"

#include <array>

namespace qd::query {

using columns::DataType;

namespace {

struct V1Type {
    std::string_view data_type;
    std::string_view column_type;
};

V1Type v1_type(DataType type) {
    static constexpr std::array<std::string_view, 10> kDataTypes = {
        "Boolean", "Int32",    "Int64",    "Double", "SqlDecimal",
        "String",  "DateTime", "TimeSpan", "Guid",   "Object"};
    return {kDataTypes[static_cast<std::size_t>(type)], columns::type_name(type)};
}

void append_named(std::string& out, std::string_view key, std::string_view text) {
    codec::append_json_string(out, key);
    out += ':';
    codec::append_json_string(out, text);
}

void append_v1_columns(std::string& out, const columns::Schema& schema) {
    out += "\"Columns\":[";
    for (std::size_t i = 0; i < schema.size(); ++i) {
        out += i == 0 ? "{" : ",{";
        append_named(out, "ColumnName", schema[i].name);
        out += ',';
        append_named(out, "DataType", v1_type(schema[i].type).data_type);
        out += ',';
        append_named(out, "ColumnType", v1_type(schema[i].type).column_type);
        out += '}';
    }
    out += ']';
}

void append_v2_columns(std::string& out, const columns::Schema& schema) {
    out += "\"Columns\":[";
    for (std::size_t i = 0; i < schema.size(); ++i) {
        out += i == 0 ? "{" : ",{";
        append_named(out, "ColumnName", schema[i].name);
        out += ',';
        append_named(out, "ColumnType", columns::type_name(schema[i].type));
        out += '}';
    }
    out += ']';
}

/// The payload both versions put into their properties table.
std::string visualization_json(const kql::Visualization& visualization) {
    static constexpr std::pair<std::string_view, std::string_view> kDefaults[] = {
        {"Title", "null"},          {"XColumn", "null"},        {"Series", "null"},
        {"YColumns", "null"},       {"AnomalyColumns", "null"}, {"XTitle", "null"},
        {"YTitle", "null"},         {"XAxis", "null"},          {"YAxis", "null"},
        {"Legend", "null"},         {"YSplit", "null"},         {"Accumulate", "false"},
        {"IsQuerySorted", "false"}, {"Kind", "null"},           {"Ymin", "\"NaN\""},
        {"Ymax", "\"NaN\""},        {"Xmin", "null"},           {"Xmax", "null"}};
    std::string out = "{\"Visualization\":";
    if (visualization.kind.empty()) {
        out += "null";
    } else {
        codec::append_json_string(out, visualization.kind);
    }
    for (const auto& [name, otherwise] : kDefaults) {
        out += ",\"";
        out += name;
        out += "\":";
        const std::string* written = nullptr;
        for (const auto& [key, value] : visualization.properties) {
            if (key.size() == name.size() &&
                std::equal(key.begin(), key.end(), name.begin(),
                           [](char a, char b) { return (a | 0x20) == (b | 0x20); })) {
                written = &value;
            }
        }
        if (written != nullptr) {
            codec::append_json_string(out, *written);
        } else {
            out += otherwise;
        }
    }
    out += '}';
    return out;
}

std::string one_api_errors(const Error& error, const AnswerIds& ids) {
    std::string out = "{\"OneApiErrors\":[{\"error\":{\"code\":\"LimitsExceeded\",";
    append_named(out, "message", "Request is invalid and cannot be executed.");
    out +=
        ",\"@type\":\"Kusto.Data.Exceptions."
        "KustoServicePartialQueryFailureLimitsExceededException\",";
    append_named(out, "@message", error.message() + " (" + error.id() + ")");
    out += ",\"@context\":{";
    append_named(out, "timestamp", format_timestamp_trimmed(ids.at));
    out += ',';
    append_named(out, "clientRequestId", ids.client_request_id);
    out += ',';
    append_named(out, "activityId", ids.activity_id);
    out += "},\"@permanent\":false,";
    append_named(out, "@errorCode", error.id());
    out += "}}]}";
    return out;
}

void append_v1_result(std::string& out, const kql::ResultTable& table, std::size_t ordinal,
                      const std::optional<Error>& partial) {
    out += ordinal == 0 ? "{" : ",{";
    append_named(out, "TableName", "Table_" + std::to_string(ordinal));
    out += ',';
    append_v1_columns(out, table.schema);
    out += ",\"Rows\":[";
    bool first = true;
    append_rows(out, table.chunks, DynamicCells::Inline, first);
    if (partial) {
        out += first ? "{\"Exceptions\":[" : ",{\"Exceptions\":[";
        codec::append_json_string(out, "Query execution has exceeded the allowed limits (" +
                                           partial->id() + "): " + partial->message());
        out += "]}";
    }
    out += "]}";
}

constexpr std::string_view kV1StatusColumns =
    R"("Columns":[{"ColumnName":"Timestamp","DataType":"DateTime","ColumnType":"datetime"},)"
    R"({"ColumnName":"Severity","DataType":"Int32","ColumnType":"int"},)"
    R"({"ColumnName":"SeverityName","DataType":"String","ColumnType":"string"},)"
    R"({"ColumnName":"StatusCode","DataType":"Int32","ColumnType":"int"},)"
    R"({"ColumnName":"StatusDescription","DataType":"String","ColumnType":"string"},)"
    R"({"ColumnName":"Count","DataType":"Int32","ColumnType":"int"},)"
    R"({"ColumnName":"RequestId","DataType":"Guid","ColumnType":"guid"},)"
    R"({"ColumnName":"ActivityId","DataType":"Guid","ColumnType":"guid"},)"
    R"({"ColumnName":"SubActivityId","DataType":"Guid","ColumnType":"guid"},)"
    R"({"ColumnName":"ClientActivityId","DataType":"String","ColumnType":"string"}])";

constexpr std::string_view kV1ContentsColumns =
    R"("Columns":[{"ColumnName":"Ordinal","DataType":"Int64","ColumnType":"long"},)"
    R"({"ColumnName":"Kind","DataType":"String","ColumnType":"string"},)"
    R"({"ColumnName":"Name","DataType":"String","ColumnType":"string"},)"
    R"({"ColumnName":"Id","DataType":"String","ColumnType":"string"},)"
    R"({"ColumnName":"PrettyName","DataType":"String","ColumnType":"string"}])";

constexpr std::string_view kV2CompletionColumns =
    R"("Columns":[{"ColumnName":"Timestamp","ColumnType":"datetime"},)"
    R"({"ColumnName":"ClientRequestId","ColumnType":"string"},)"
    R"({"ColumnName":"ActivityId","ColumnType":"guid"},)"
    R"({"ColumnName":"SubActivityId","ColumnType":"guid"},)"
    R"({"ColumnName":"ParentActivityId","ColumnType":"guid"},)"
    R"({"ColumnName":"Level","ColumnType":"int"},{"ColumnName":"LevelName","ColumnType":"string"},)"
    R"({"ColumnName":"StatusCode","ColumnType":"int"},)"
    R"({"ColumnName":"StatusCodeName","ColumnType":"string"},)"
    R"({"ColumnName":"EventType","ColumnType":"int"},)"
    R"({"ColumnName":"EventTypeName","ColumnType":"string"},)"
    R"({"ColumnName":"Payload","ColumnType":"string"}])";

std::string consumption_json(const kql::QueryResult& result) {
    Object root;
    root.set("ExecutionTime", static_cast<double>(result.stats.elapsed_ns) * 1e-9);
    Object cpu;
    cpu.set("total cpu", format_ticks({result.stats.cpu_ns / 100}));
    Object memory;
    memory.set("peak_per_node", result.stats.peak_memory_bytes);
    Object usage;
    usage.set("cpu", std::move(cpu));
    usage.set("memory", std::move(memory));
    root.set("resource_usage", std::move(usage));
    Object rows;
    rows.set("scanned", static_cast<std::int64_t>(result.stats.rows_scanned));
    Object input;
    input.set("rows", std::move(rows));
    root.set("input_dataset_statistics", std::move(input));
    Array tables;
    for (const kql::ResultTable& table : result.tables) {
        Object one;
        one.set("table_row_count", static_cast<std::int64_t>(table.rows()));
        tables.push_back(std::move(one));
    }
    root.set("dataset_statistics", std::move(tables));
    return codec::to_json(Value(std::move(root)));
}

void append_completion_row(std::string& out, const AnswerIds& ids, int level,
                           std::string_view level_name, int event, std::string_view event_name,
                           std::string_view payload, bool partial) {
    out += '[';
    codec::append_json_string(out, format_timestamp_trimmed(ids.at));
    out += ',';
    codec::append_json_string(out, ids.client_request_id);
    for (int i = 0; i < 3; ++i) {
        out += ',';
        codec::append_json_string(out, ids.activity_id);
    }
    out += ',' + std::to_string(level) + ',';
    codec::append_json_string(out, level_name);
    out += partial ? ",-2133196797,\"E_QUERY_RESULT_SET_TOO_LARGE\"," : ",0,\"S_OK (0)\",";
    out += std::to_string(event) + ',';
    codec::append_json_string(out, event_name);
    out += ',';
    codec::append_json_string(out, payload);
    out += ']';
}

void append_v2_result_table(std::string& out, const kql::ResultTable& table, std::size_t id,
                            const std::optional<Error>& partial, const AnswerIds& ids,
                            const KustoV2Options& options, std::string_view separator) {
    const std::string id_text = std::to_string(id);
    const std::string name = "PrimaryResult";
    std::string head = "\"TableId\":" + id_text + ",\"TableKind\":\"PrimaryResult\",\"TableName\":";
    codec::append_json_string(head, name);
    head += ',';
    append_v2_columns(head, table.schema);
    const bool in_data = partial && options.errors == KustoV2Options::ErrorPlacement::InData;
    const bool at_end = partial && options.errors == KustoV2Options::ErrorPlacement::EndOfTable;
    out += separator;
    out +=
        options.progressive ? "{\"FrameType\":\"TableHeader\"," : "{\"FrameType\":\"DataTable\",";
    out += head;
    if (options.progressive) {
        out += '}';
        out += separator;
        out +=
            "{\"FrameType\":\"TableFragment\",\"TableFragmentType\":\"DataAppend\",\"TableId\":" +
            id_text + ",\"FieldCount\":" + std::to_string(table.schema.size());
    }
    out += ",\"Rows\":[";
    bool first = true;
    append_rows(out, table.chunks, DynamicCells::Inline, first);
    if (in_data) {
        out += first ? "" : ",";
        out += one_api_errors(*partial, ids);
    }
    out += "]}";
    if (options.progressive) {
        out += separator;
        out +=
            "{\"FrameType\":\"TableProgress\",\"TableId\":" + id_text + ",\"TableProgress\":100}";
        out += separator;
        out += "{\"FrameType\":\"TableCompletion\",\"TableId\":" + id_text +
               ",\"RowCount\":" + std::to_string(table.rows());
        if (at_end) {
            const std::string errors = one_api_errors(*partial, ids);
            out += ',' + errors.substr(1, errors.size() - 2);
        }
        out += '}';
    }
}

}  // namespace

std::string kusto_v1_query_body(const kql::QueryResult& result, const AnswerIds& ids) {
    std::string out = "{\"Tables\":[";
    const std::size_t results = result.tables.size();
    for (std::size_t i = 0; i < results; ++i) {
        append_v1_result(out, result.tables[i], i,
                         i + 1 == results ? result.partial : std::optional<Error>());
    }
    out += results == 0 ? "{" : ",{";
    append_named(out, "TableName", "Table_" + std::to_string(results));
    out +=
        R"(,"Columns":[{"ColumnName":"Value","DataType":"String","ColumnType":"string"}],"Rows":[)";
    for (std::size_t i = 0; i < results; ++i) {
        out += i == 0 ? "[" : ",[";
        codec::append_json_string(out, visualization_json(result.tables[i].visualization));
        out += ']';
    }
    out += "]},{";
    append_named(out, "TableName", "Table_" + std::to_string(results + 1));
    out += ',';
    out += kV1StatusColumns;
    out += ",\"Rows\":[[";
    codec::append_json_string(out, format_timestamp_trimmed(ids.at));
    out += result.partial ? ",2,\"Error\",-2133196797,\"Query completed with errors\",1,"
                          : ",4,\"Info\",0,\"Query completed successfully\",1,";
    for (int i = 0; i < 3; ++i) {
        codec::append_json_string(out, ids.activity_id);
        out += ',';
    }
    codec::append_json_string(out, ids.client_request_id);
    out += "]]},{";
    append_named(out, "TableName", "Table_" + std::to_string(results + 2));
    out += ',';
    out += kV1ContentsColumns;
    out += ",\"Rows\":[";
    for (std::size_t i = 0; i < results; ++i) {
        out += '[' + std::to_string(i) + ",\"QueryResult\",\"PrimaryResult\",";
        codec::append_json_string(out, ids.activity_id);
        out += ",\"\"],";
    }
    out += '[' + std::to_string(results) + ",\"QueryProperties\",\"@ExtendedProperties\",";
    codec::append_json_string(out, ids.activity_id);
    out += ",\"\"],[" + std::to_string(results + 1) + ",\"QueryStatus\",\"QueryStatus\",";
    codec::append_json_string(out, ids.activity_id);
    out += ",\"\"]]}]}";
    return out;
}

std::string kusto_v1_management_body(const kql::QueryResult& result) {
    std::string out = "{\"Tables\":[";
    for (std::size_t i = 0; i < result.tables.size(); ++i) {
        append_v1_result(out, result.tables[i], i, std::nullopt);
    }
    out += "]}";
    return out;
}

std::string kusto_v2_body(const kql::QueryResult& result, const AnswerIds& ids,
                          const KustoV2Options& options) {
    const std::string_view separator = options.newline_between_frames ? "\n," : ",";
    std::string out = "[{\"FrameType\":\"DataSetHeader\",\"IsProgressive\":";
    out += options.progressive ? "true" : "false";
    out += ",\"Version\":\"v2.0\",\"IsFragmented\":";
    out += options.progressive ? "true" : "false";
    out += ",\"ErrorReportingPlacement\":\"";
    static constexpr std::array<std::string_view, 3> kPlacements = {"InData", "EndOfTable",
                                                                    "EndOfDataset"};
    out += kPlacements[static_cast<std::size_t>(options.errors)];
    out += "\"}";
    out += separator;
    out +=
        R"({"FrameType":"DataTable","TableId":0,"TableKind":"QueryProperties",)"
        R"("TableName":"@ExtendedProperties","Columns":[{"ColumnName":"TableId","ColumnType":"int"},)"
        R"({"ColumnName":"Key","ColumnType":"string"},{"ColumnName":"Value","ColumnType":"dynamic"}],"Rows":[)";
    for (std::size_t i = 0; i < result.tables.size(); ++i) {
        out += i == 0 ? "[" : ",[";
        out += std::to_string(i + 1) + ",\"Visualization\",";
        codec::append_json_string(out, visualization_json(result.tables[i].visualization));
        out += ']';
    }
    out += "]}";
    for (std::size_t i = 0; i < result.tables.size(); ++i) {
        append_v2_result_table(
            out, result.tables[i], i + 1,
            i + 1 == result.tables.size() ? result.partial : std::optional<Error>(), ids, options,
            separator);
    }
    out += separator;
    out += "{\"FrameType\":\"DataTable\",\"TableId\":" + std::to_string(result.tables.size() + 1) +
           ",\"TableKind\":\"QueryCompletionInformation\",\"TableName\":"
           "\"QueryCompletionInformation\",";
    out += kV2CompletionColumns;
    out += ",\"Rows\":[";
    const bool cut = result.partial.has_value();
    append_completion_row(out, ids, cut ? 2 : 4, cut ? "Error" : "Info", 4, "QueryInfo",
                          cut ? R"({"Count":1,"Text":"Query completed with errors"})"
                              : R"({"Count":1,"Text":"Query completed successfully"})",
                          cut);
    out += ',';
    append_completion_row(out, ids, 6, "Stats", 0, "QueryResourceConsumption",
                          consumption_json(result), false);
    out += "]}";
    out += separator;
    out += "{\"FrameType\":\"DataSetCompletion\",\"HasErrors\":";
    out += cut ? "true" : "false";
    out += ",\"Cancelled\":false";
    if (cut) {
        const std::string errors = one_api_errors(*result.partial, ids);
        out += ',' + errors.substr(1, errors.size() - 2);
    }
    out += "}]";
    return out;
}

std::string kusto_error(const Error& error, std::string_view query_text, const AnswerIds& ids,
                        int& status) {
    const bool syntax = error.id().starts_with("SYN");
    const bool semantic = error.id().starts_with("SEM");
    status = syntax || semantic ? 400 : http_status(error.code());
    const bool bad_request = status == 400;
    std::string message = error.message();
    if (error.span()) {
        const kql::TextPosition at = kql::position_of(query_text, error.span()->offset);
        message +=
            " [line:position=" + std::to_string(at.line) + ":" + std::to_string(at.column) + "]";
    }
    Object context;
    context.set("timestamp", format_timestamp_trimmed(ids.at));
    context.set("clientRequestId", ids.client_request_id);
    context.set("activityId", ids.activity_id);
    context.set("activityType", "GatewayQuery");
    Object inner;
    inner.set("code", error.id());
    inner.set("message", message);
    inner.set("@type", syntax     ? "Kusto.Data.Exceptions.SyntaxException"
                       : semantic ? "Kusto.Data.Exceptions.SemanticException"
                                  : "Kusto.Data.Exceptions.KustoServiceException");
    inner.set("@message", message);
    inner.set("@errorCode", error.id());
    inner.set("@errorMessage", error.message());
    inner.set("@permanent", true);
    Object outer;
    outer.set("code", bad_request ? "General_BadRequest" : "General_InternalServerError");
    outer.set("message", "Request is invalid and cannot be executed.");
    outer.set("@type", bad_request ? "Kusto.Data.Exceptions.KustoBadRequestException"
                                   : "Kusto.Data.Exceptions.KustoServiceException");
    outer.set("@message", std::string(syntax     ? "Syntax error: "
                                      : semantic ? "Semantic error: "
                                                 : "") +
                              error.id() + ": " + message);
    outer.set("@context", std::move(context));
    outer.set("@permanent", bad_request);
    outer.set("@text", query_text);
    outer.set("@database", ids.database);
    outer.set("innererror", std::move(inner));
    Object body;
    body.set("error", std::move(outer));
    return codec::to_json(Value(std::move(body)));
}

}  // namespace qd::query
