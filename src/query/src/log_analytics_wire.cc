#include "json_cells.h"
#include "qd/codec/json.h"
#include "qd/columns/type.h"
#include "qd/kql/diagnostics.h"
#include "qd/query/wire.h"

namespace qd::query {

namespace {

void append_columns(std::string& out, const columns::Schema& schema) {
    out += "\"columns\":[";
    for (std::size_t i = 0; i < schema.size(); ++i) {
        out += i == 0 ? "{\"name\":" : ",{\"name\":";
        codec::append_json_string(out, schema[i].name);
        out += ",\"type\":\"";
        out += columns::type_name(schema[i].type);
        out += "\"}";
    }
    out += ']';
}

void append_render(std::string& out, const kql::Visualization& visualization) {
    out += ",\"render\":{\"visualization\":";
    if (visualization.kind.empty()) {
        out += "null";
    } else {
        codec::append_json_string(out, visualization.kind);
    }
    for (const auto& [name, value] : visualization.properties) {
        out += ',';
        codec::append_json_string(out, name);
        out += ':';
        codec::append_json_string(out, value);
    }
    out += '}';
}

void append_statistics(std::string& out, const kql::QueryStats& stats) {
    Object query;
    query.set("executionTime", static_cast<double>(stats.elapsed_ns) * 1e-9);
    Object usage;
    usage.set("cpu", Object());
    usage.find("cpu")->if_object()->set("totalCpu", format_ticks({stats.cpu_ns / 100}));
    Object memory;
    memory.set("peakPerNode", stats.peak_memory_bytes);
    usage.set("memory", std::move(memory));
    query.set("resourceUsage", std::move(usage));
    Object input;
    Object rows;
    rows.set("scannedRows", static_cast<std::int64_t>(stats.rows_scanned));
    input.set("rows", std::move(rows));
    query.set("inputDatasetStatistics", std::move(input));
    Object statistics;
    statistics.set("query", std::move(query));
    out += ",\"statistics\":";
    codec::append_json(out, Value(std::move(statistics)));
}

Object partial_error(const Error& partial) {
    Object inner;
    inner.set("code", partial.id());
    inner.set("message", partial.message());
    inner.set("severity", 2);
    inner.set("severityName", "Error");
    Object detail;
    detail.set("code", "EngineError");
    detail.set("message", "The query answer is incomplete");
    detail.set("innererror", std::move(inner));
    Object error;
    error.set("code", "PartialError");
    error.set("message", "There were some errors when processing your query.");
    error.set("details", Array{Value(std::move(detail))});
    return error;
}

bool is_text_error(const Error& error) {
    return error.id().starts_with("SYN") || error.id().starts_with("SEM");
}

}  // namespace

std::string log_analytics_body(const kql::QueryResult& result, bool with_render,
                               bool with_statistics) {
    std::string out = "{\"tables\":[";
    for (std::size_t i = 0; i < result.tables.size(); ++i) {
        const kql::ResultTable& table = result.tables[i];
        out += i == 0 ? "{\"name\":" : ",{\"name\":";
        // Several results are told apart by number, as the service does.
        codec::append_json_string(out, i == 0 ? "PrimaryResult" : "Table_" + std::to_string(i));
        out += ',';
        append_columns(out, table.schema);
        out += ",\"rows\":[";
        bool first = true;
        append_rows(out, table.chunks, DynamicCells::Text, first);
        out += "]}";
    }
    out += ']';
    if (with_render) {
        append_render(out, result.tables.empty() ? kql::Visualization{}
                                                 : result.tables.front().visualization);
    }
    if (with_statistics) {
        append_statistics(out, result.stats);
    }
    if (result.partial) {
        out += ",\"error\":";
        codec::append_json(out, Value(partial_error(*result.partial)));
    }
    out += '}';
    return out;
}

std::string log_analytics_error(const Error& error, std::string_view query_text,
                                const AnswerIds& ids, int& status) {
    Object outer;
    if (is_text_error(error)) {
        status = 400;
        Object innermost;
        innermost.set("code", error.id());
        innermost.set("message", error.message());
        if (error.span()) {
            const kql::TextPosition at = kql::position_of(query_text, error.span()->offset);
            innermost.set("line", static_cast<std::int64_t>(at.line));
            innermost.set("pos", static_cast<std::int64_t>(at.column - 1));
            innermost.set("token", query_text.substr(std::min<std::size_t>(error.span()->offset,
                                                                           query_text.size()),
                                                     error.span()->length));
        }
        Object inner;
        const bool syntax = error.id().starts_with("SYN");
        inner.set("code", syntax ? "SyntaxError" : "SemanticError");
        inner.set("message", syntax ? "A recognition error occurred in the query."
                                    : "A semantic error occurred.");
        inner.set("innererror", std::move(innermost));
        outer.set("message", "The request had some invalid properties");
        outer.set("code", "BadArgumentError");
        outer.set("correlationId", ids.activity_id);
        outer.set("innererror", std::move(inner));
    } else {
        status = http_status(error.code());
        static constexpr std::pair<int, std::string_view> kCodes[] = {
            {400, "BadArgumentError"},        {401, "AuthorizationRequiredError"},
            {403, "InsufficientAccessError"}, {404, "PathNotFoundError"},
            {429, "ThrottledError"},          {504, "GatewayTimeout"}};
        std::string_view code = "InternalServerError";
        for (const auto& [number, name] : kCodes) {
            if (number == status) {
                code = name;
            }
        }
        Object inner;
        inner.set("code", error.id());
        inner.set("message", error.message());
        outer.set("message", error.message());
        outer.set("code", std::string(code));
        outer.set("correlationId", ids.activity_id);
        outer.set("innererror", std::move(inner));
    }
    Object body;
    body.set("error", std::move(outer));
    return codec::to_json(Value(std::move(body)));
}

}  // namespace qd::query
