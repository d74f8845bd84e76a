#include "alert_ports.h"

#include "qd/telemetry/inferred_schema.h"
#include "qd/telemetry/json_rows.h"

#include <future>

namespace qd::server {

Result<columns::Table> ServiceRuleQuery::run(const alerting::RuleQueryRequest& request) {
    kql::QueryOptions options = service_.default_options();
    options.now = request.now;
    // (now - range, now] as a half-open range of ticks.
    options.timespan.from = request.now - request.range + Ticks{1};
    options.timespan.to = request.now + Ticks{1};
    QD_TRY(kql::QueryResult result, service_.run(request.query, options));
    if (result.partial) {
        return *result.partial;  // a rule must not decide on half an answer
    }
    if (result.tables.empty()) {
        return columns::Table();
    }
    kql::ResultTable& first = result.tables.front();
    return columns::Table{.schema = std::move(first.schema), .chunks = std::move(first.chunks)};
}

Status ServiceRuleQuery::validate(const std::string& query) {
    const kql::Validation validation = service_.validate(query, service_.default_options());
    for (const kql::Diagnostic& diagnostic : validation.diagnostics) {
        if (diagnostic.severity == kql::Severity::Error) {
            return kql::to_error(diagnostic);
        }
    }
    return ok_status();
}

Status JsonRowSink::append(std::string_view table, const std::vector<Value>& rows) {
    const Value records{Array(rows)};
    columns::Schema wanted = telemetry::infer_schema(records);
    if (const auto existing = sink_.table_schema(table)) {
        std::erase_if(wanted.fields, [&](const columns::Field& field) {
            return existing->index_of(field.name).has_value();
        });
    }
    QD_CHECK_OK(sink_.ensure_table(table, wanted));
    const auto schema = sink_.table_schema(table);
    if (!schema) {
        return Error(Code::Internal, "SRV0020", "table is missing: name=" + std::string(table));
    }
    telemetry::RowBuilder builder{std::string(table), *schema};
    std::vector<telemetry::RejectedRow> rejected;
    telemetry::add_json_rows(
        builder, records,
        {.arrival = clock_.utc(), .limit_time = false, .text_bytes_max = 0, .fold_case = false},
        rejected);
    if (!rejected.empty()) {
        return Error(
            Code::Internal, "SRV0021",
            "row does not fit its table: table=" + std::string(table) + " " + rejected.front().why);
    }
    std::promise<std::optional<Error>> stored;
    sink_.append(std::string(table), builder.finish(), [&stored](const Status& status) {
        stored.set_value(status.ok() ? std::nullopt : std::optional<Error>(status.error()));
    });
    if (auto error = stored.get_future().get()) {
        return *error;
    }
    return ok_status();
}

Result<alerting::WebhookAnswer> ClientWebhookSender::post(const alerting::WebhookRequest& request) {
    net::ClientRequest out;
    out.method = "POST";
    out.url = request.url;
    for (const auto& [name, value] : request.headers) {
        out.headers.set(name, value);
    }
    out.body = request.body;
    out.response_bytes_max = 1 << 20;
    QD_TRY(const net::ClientResponse answer, client_.call(std::move(out)));
    return alerting::WebhookAnswer{.status = answer.status};
}

Result<std::string> ClientFetch::get(const std::string& url, std::uint64_t bytes_max) {
    net::ClientRequest request;
    request.url = url;
    request.response_bytes_max = bytes_max;
    QD_TRY(net::ClientResponse answer, client_.call(std::move(request)));
    if (answer.status != 200) {
        return Error(Code::Unavailable, "SRV0022",
                     "the address did not answer 200: status=" + std::to_string(answer.status) +
                         " url=" + url);
    }
    return std::move(answer.body);
}

}  // namespace qd::server
