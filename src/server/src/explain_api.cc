#include "explain_api.h"

#include "qd/codec/json.h"

namespace qd::server {

namespace {

double milliseconds(std::int64_t ns) {
    return static_cast<double>(ns) / 1e6;
}

Value operator_json(const kql::ExplainedOperator& op) {
    Object out;
    out.set("operator", op.name);
    out.set("details", op.details);
    out.set("depth", static_cast<std::int64_t>(op.depth));
    if (op.ran) {
        out.set("rows", static_cast<std::int64_t>(op.rows));
        out.set("milliseconds", milliseconds(op.busy_ns));
        out.set("memoryBytes", op.memory_bytes);
    }
    return Value(std::move(out));
}

Value statistics_json(const kql::QueryStats& stats) {
    Object out;
    out.set("milliseconds", milliseconds(stats.elapsed_ns));
    out.set("cpuMilliseconds", milliseconds(stats.cpu_ns));
    out.set("rowsScanned", static_cast<std::int64_t>(stats.rows_scanned));
    out.set("bytesScanned", static_cast<std::int64_t>(stats.bytes_scanned));
    out.set("bytesSpilled", static_cast<std::int64_t>(stats.bytes_spilled));
    out.set("peakMemoryBytes", stats.peak_memory_bytes);
    return Value(std::move(out));
}

}  // namespace

Answer explain(query::QueryService& queries, const net::HttpRequest& request) {
    QD_TRY(const Value body, codec::parse_json(request.body));
    const Value* text = body.get("query");
    const Value* analyze = body.get("analyze");
    QD_TRY(const kql::Explanation explanation,
           queries.explain(text == nullptr ? "" : text->string_or(""), queries.default_options(),
                           analyze != nullptr && analyze->bool_or(false)));
    Array operators;
    for (const kql::ExplainedOperator& op : explanation.operators) {
        operators.push_back(operator_json(op));
    }
    Object out;
    out.set("plan", explanation.text());
    out.set("operators", std::move(operators));
    if (explanation.stats) {
        out.set("statistics", statistics_json(*explanation.stats));
    }
    return Value(std::move(out));
}

}  // namespace qd::server
