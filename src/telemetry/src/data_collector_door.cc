// HTTP Data Collector API. Source: its reference (2016-04-01): paths, headers, error codes.
#include "door.h"
#include "qd/codec/json.h"
#include "qd/telemetry/data_collector.h"

namespace qd::telemetry {

namespace {

net::HttpResponse api_error(int status, std::string_view code, std::string message) {
    Object body;
    body.set("Error", code);
    body.set("Message", std::move(message));
    return net::HttpResponse::json(status, Value(std::move(body)));
}

bool valid_log_type(std::string_view name) {
    return !name.empty() && name.size() <= 100 &&
           name.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
               std::string_view::npos;
}

void handle(FrontDoors::State& state, const net::HttpRequest& request,
            const net::HttpReply& reply) {
    const std::string_view log_type = request.headers.get_or("Log-Type");
    if (!request.query_parameter("api-version")) {
        reply.send(api_error(400, "MissingApiVersion", "The API version was not specified"));
        return;
    }
    if (request.query_parameter("api-version") != "2016-04-01") {
        reply.send(api_error(400, "InvalidApiVersion", "The API version is not known"));
        return;
    }
    if (log_type.empty()) {
        reply.send(api_error(400, "MissingLogType", "The header Log-Type is required"));
        return;
    }
    if (!valid_log_type(log_type)) {
        reply.send(api_error(400, "InvalidLogType",
                             "Log-Type takes letters, digits and underscores, at most 100"));
        return;
    }
    if (!content_type_is(request, "application/json")) {
        reply.send(
            api_error(400, "UnsupportedContentType", "Content-Type must be application/json"));
        return;
    }
    const Timestamp now = state.clock.utc();
    const Status signature =
        check_shared_key({.authorization = request.headers.get_or("Authorization"),
                          .date = request.headers.get_or("x-ms-date"),
                          .content_length = request.body.size(),
                          .content_type = request.headers.get_or("Content-Type")},
                         state.options.workspace_id, state.options.shared_keys, now);
    if (!signature.ok()) {
        reply.send(api_error(403, "InvalidAuthorization", signature.error().message()));
        return;
    }
    Result<std::string> body = decoded_json(request, state.options.data_collector_bytes_max);
    if (!body.ok()) {
        reply.send(api_error(door_status(body.error()), "InvalidDataFormat", body.error().text()));
        return;
    }
    const Result<Value> records = codec::parse_json(body.value());
    if (!records.ok()) {
        reply.send(api_error(400, "InvalidDataFormat", records.error().text()));
        return;
    }
    const std::string table = std::string(log_type) + "_CL";
    Result<columns::Table> rows = collector_rows(
        records.value(), table, request.headers.get_or("time-generated-field"), state.sink, now);
    if (!rows.ok()) {
        reply.send(api_error(door_status(rows.error()), "InvalidDataFormat", rows.error().text()));
        return;
    }
    count_rows(state, "data_collector", static_cast<std::int64_t>(rows.value().rows()), 0);
    std::vector<std::pair<std::string, columns::Table>> tables;
    tables.emplace_back(table, std::move(rows).value());
    append_all(state.sink, std::move(tables), [reply](const Status& done) {
        if (done.ok()) {
            reply.send(net::HttpResponse());
            return;
        }
        net::HttpResponse response =
            api_error(door_status(done.error()), "UnspecifiedError", done.error().text());
        put_retry_after(done.error(), response.headers);
        reply.send(std::move(response));
    });
}

}  // namespace

void add_data_collector(net::Router& router, FrontDoors::State& state, Status& status) {
    for (const std::string_view path : {"/api/logs", "/{workspace}/api/logs"}) {
        route(router, status, "POST", path, state.options.data_collector_bytes_max,
              [&state](const net::HttpRequest& request, const net::HttpReply& reply) {
                  handle(state, request, reply);
              });
    }
}

}  // namespace qd::telemetry
