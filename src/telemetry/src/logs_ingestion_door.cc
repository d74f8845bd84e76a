// Azure Monitor Logs Ingestion API. Source: its REST reference (2023-01-01). 204 means stored; a
// record that does not fit its table is named in a 400 and the others stay, so a sender that
// resends must leave the named ones out only.
#include "door.h"
#include "qd/codec/json.h"
#include "qd/telemetry/inferred_schema.h"
#include "qd/telemetry/json_rows.h"

namespace qd::telemetry {

namespace {

constexpr std::size_t kTextBytesMax = 64 * 1024;

net::HttpResponse api_error(int status, std::string_view code, std::string message,
                            Array details = {}) {
    Object error;
    error.set("code", code);
    error.set("message", std::move(message));
    if (!details.empty()) {
        error.set("details", std::move(details));
    }
    Object body;
    body.set("error", std::move(error));
    return net::HttpResponse::json(status, Value(std::move(body)));
}

net::HttpResponse api_error(const Error& error) {
    const int status = door_status(error);
    static constexpr std::pair<int, std::string_view> kCodes[] = {
        {400, "InvalidRequest"},   {401, "AuthenticationFailed"},       {403, "OperationFailed"},
        {404, "ResourceNotFound"}, {413, "ContentLengthLimitExceeded"}, {415, "UnsupportedContent"},
        {429, "TooManyRequests"},  {503, "ServiceUnavailable"}};
    std::string_view code = "InternalServerError";
    for (const auto& [number, name] : kCodes) {
        if (number == status) {
            code = name;
        }
    }
    net::HttpResponse response = api_error(status, code, error.text());
    put_retry_after(error, response.headers);
    return response;
}

bool well_formed_rule(std::string_view id) {
    return id.size() == 36 && id.starts_with("dcr-") &&
           id.substr(4).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool known_rule(const FrontDoorOptions& options, std::string_view id) {
    if (options.data_collection_rules.empty()) {
        return well_formed_rule(id);
    }
    for (const std::string& rule : options.data_collection_rules) {
        if (rule == id) {
            return true;
        }
    }
    return false;
}

/// "Custom-Orders_CL" -> Orders_CL (the suffix is added when left out), "Microsoft-SigninLogs" ->
/// SigninLogs; empty when it is neither.
std::string table_of_stream(std::string_view stream) {
    if (stream.starts_with("Microsoft-")) {
        return std::string(stream.substr(10));
    }
    if (stream.starts_with("Custom-")) {
        std::string table(stream.substr(7));
        return table.ends_with("_CL") ? table : table + "_CL";
    }
    return {};
}

void handle(FrontDoors::State& state, const net::HttpRequest& request,
            const net::HttpReply& reply) {
    if (Status allowed = state.authorize(request); !allowed.ok()) {
        reply.send(api_error(allowed.error()));
        return;
    }
    const std::string_view rule = request.path_parameter("dcr");
    if (!known_rule(state.options, rule)) {
        reply.send(api_error(
            404, "NotFound",
            "Data collection rule with immutable Id '" + std::string(rule) + "' not found."));
        return;
    }
    if (!request.query_parameter("api-version")) {
        reply.send(api_error(400, "MissingApiVersionParameter",
                             "The api-version query parameter is required."));
        return;
    }
    const std::string stream(request.path_parameter("stream"));
    const std::string table = table_of_stream(stream);
    if (table.empty() || (stream.starts_with("Microsoft-") && !state.sink.table_schema(table))) {
        reply.send(api_error(400, "InvalidStream", "Unknown stream: " + stream));
        return;
    }
    if (!content_type_is(request, "application/json")) {
        reply.send(api_error(415, "UnsupportedContent", "Content-Type must be application/json"));
        return;
    }
    Result<std::string> body = decoded_json(request, state.options.logs_ingestion_bytes_max);
    if (!body.ok()) {
        reply.send(api_error(body.error()));
        return;
    }
    const Result<Value> records = codec::parse_json(body.value());
    if (!records.ok() || records.value().if_array() == nullptr) {
        reply.send(api_error(
            400, "InvalidPayload",
            records.ok() ? "The body must be a JSON array of records" : records.error().text()));
        return;
    }
    if (stream.starts_with("Custom-")) {
        columns::Schema wanted = infer_schema(records.value());
        if (const auto existing = state.sink.table_schema(table)) {
            // A known table keeps its types; only new columns are added.
            std::erase_if(wanted.fields, [&](const columns::Field& field) {
                return existing->index_of(field.name).has_value();
            });
        }
        if (Status made = state.sink.ensure_table(table, wanted); !made.ok()) {
            reply.send(api_error(made.error()));
            return;
        }
    }
    const auto schema = state.sink.table_schema(table);
    if (!schema) {
        reply.send(api_error(400, "InvalidStream", "Unknown table: " + table));
        return;
    }
    RowBuilder builder(table, *schema);
    std::vector<RejectedRow> rejected;
    add_json_rows(builder, records.value(),
                  {.arrival = state.clock.utc(),
                   .limit_time = state.options.limit_event_time,
                   .text_bytes_max = kTextBytesMax,
                   .fold_case = false},
                  rejected);
    count_rows(state, "logs_ingestion", builder.rows(), static_cast<std::int64_t>(rejected.size()));
    const std::size_t total = records.value().if_array()->size();
    std::vector<std::pair<std::string, columns::Table>> tables;
    if (builder.rows() > 0) {
        tables.emplace_back(table, builder.finish());
    }
    append_all(state.sink, std::move(tables),
               [reply, total, rejected = std::move(rejected)](const Status& done) {
                   if (!done.ok()) {
                       reply.send(api_error(done.error()));
                       return;
                   }
                   if (rejected.empty()) {
                       net::HttpResponse response;
                       response.status = 204;
                       reply.send(std::move(response));
                       return;
                   }
                   Array details;
                   for (const RejectedRow& row : rejected) {
                       Object detail;
                       detail.set("code", "InvalidRecord");
                       detail.set("target", "[" + std::to_string(row.index) + "]");
                       detail.set("message", row.why);
                       details.push_back(std::move(detail));
                   }
                   reply.send(api_error(
                       400, "InvalidRecords",
                       std::to_string(rejected.size()) + " of " + std::to_string(total) +
                           " records were rejected; the others are stored; first: [" +
                           std::to_string(rejected.front().index) + "] " + rejected.front().why,
                       std::move(details)));
               });
}

}  // namespace

void add_logs_ingestion(net::Router& router, FrontDoors::State& state, Status& status) {
    route(router, status, "POST", "/dataCollectionRules/{dcr}/streams/{stream}",
          state.options.logs_ingestion_bytes_max,
          [&state](const net::HttpRequest& request, const net::HttpReply& reply) {
              handle(state, request, reply);
          });
}

}  // namespace qd::telemetry
