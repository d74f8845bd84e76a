#include "slow_queries.h"

namespace qd::query {

namespace {

constexpr std::string_view kTable = "LAQueryLogs";

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// HTTP status the query was answered with.
std::int64_t response_code(const QueryRecord& record) {
    return record.failure.empty() || record.failure_id == "E_QUERY_RESULT_SET_TOO_LARGE" ? 200
           : record.failure_id == "E_QUERY_TIMEOUT"                                      ? 504
                                                                                         : 400;
}

/// One row under construction.
class Row {
  public:
    void text(std::string name, std::string_view value) {
        add(std::move(name), columns::Scalar::of_string(std::string(value)));
    }
    void real(std::string name, double value) {
        add(std::move(name), columns::Scalar::of_real(value));
    }
    void integer(std::string name, std::int64_t value) {
        add(std::move(name), columns::Scalar::of_int(static_cast<std::int32_t>(value)));
    }
    void time(std::string name, Timestamp value) {
        add(std::move(name), columns::Scalar::of_datetime(value.ticks));
    }
    columns::Table finish() {
        columns::Table out{.schema = std::move(schema_), .chunks = {}};
        out.chunks.push_back(std::move(chunk_));
        return out;
    }

  private:
    void add(std::string name, const columns::Scalar& value) {
        chunk_.rows = 1;
        schema_.fields.push_back({.name = std::move(name), .type = value.type()});
        chunk_.columns.push_back(columns::Column::make_constant(value, 1));
    }
    columns::Schema schema_;
    columns::Chunk chunk_;
};

}  // namespace

std::string hide_secrets(std::string_view query) {
    std::string out;
    std::size_t at = 0;
    while (at < query.size()) {
        const char c = query[at];
        const bool begins =
            (c == 'h' || c == 'H') && (at == 0 || !is_name_character(query[at - 1]));
        std::size_t quote = at + 1;
        const bool verbatim = begins && quote < query.size() && query[quote] == '@';
        quote += verbatim ? 1U : 0U;
        if (!begins || quote >= query.size() || (query[quote] != '"' && query[quote] != '\'')) {
            out += c;
            ++at;
            continue;
        }
        std::size_t end = quote + 1;
        while (end < query.size()) {
            const bool doubled = verbatim && query.substr(end, 2) == std::string(2, query[quote]);
            if (query[end] == query[quote] && !doubled) {
                break;
            }
            end += doubled || (!verbatim && query[end] == '\\') ? 2U : 1U;
        }
        out += query.substr(at, quote + 1 - at);
        out += "****";
        out += query[quote];
        at = std::min(end + 1, query.size());
    }
    return out;
}

bool is_slow(const QueryRecord& record, std::int64_t slow_query_ms) {
    return slow_query_ms >= 0 && record.stats.elapsed_ns >= slow_query_ms * 1'000'000 &&
           (slow_query_ms == 0 || record.stats.elapsed_ns > 0);
}

void store_slow_query(workspace::Workspace& workspace, const QueryRecord& record,
                      const kql::TimeRange& timespan) {
    Row row;
    row.time("TimeGenerated", record.started);
    row.text("CorrelationId", record.origin.client_request_id);
    row.text("RecordKind", "Query");
    row.text("AADEmail", record.principal);
    row.text("RequestClientApp", record.origin.application);
    row.text("QueryText", record.text);
    if (timespan.from) {
        row.time("QueryTimeRangeStart", *timespan.from);
    }
    if (timespan.to) {
        row.time("QueryTimeRangeEnd", *timespan.to);
    }
    row.integer("ResponseCode", response_code(record));
    row.integer("ResponseRowCount", static_cast<std::int64_t>(record.rows));
    row.real("ResponseDurationMs", static_cast<double>(record.stats.elapsed_ns) / 1e6);
    row.real("StatsCPUTimeMs", static_cast<double>(record.stats.cpu_ns) / 1e6);
    row.integer("StatsWorkspaceCount", 1);
    row.real("ScannedGB", static_cast<double>(record.stats.bytes_scanned) / (1024.0 * 1024 * 1024));
    workspace.append(kTable, row.finish(), [](const Status& status) {
        status.ignore("a note about a query is not worth failing it");
    });
}

}  // namespace qd::query
