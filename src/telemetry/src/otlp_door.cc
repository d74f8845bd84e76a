// OTLP/HTTP. Source: OpenTelemetry protocol specification, "OTLP/HTTP". The answer's codec is the
// request's; failures carry a google.rpc.Status; a request that was taken in part answers 200 with
// partial_success. Retryable is what the specification says is: 429, 502, 503, 504.
#include "decode_budget.h"
#include "door.h"
#include "qd/codec/json.h"
#include "qd/codec/protowire.h"
#include "qd/telemetry/otlp.h"

namespace qd::telemetry {

namespace {

constexpr std::string_view kProtobuf = "application/x-protobuf";
constexpr std::string_view kJson = "application/json";

net::HttpResponse otlp_response(int status, bool json, std::string body) {
    net::HttpResponse response;
    response.status = status;
    response.headers.set("Content-Type", std::string(json ? kJson : kProtobuf));
    response.body = std::move(body);
    return response;
}

net::HttpResponse otlp_error(const Error& error, bool json) {
    int status = door_status(error);
    if (error.code() == Code::Internal || error.code() == Code::Unknown) {
        status = 503;  // a fault of ours may pass: the sender keeps its data
    }
    std::string body;
    if (json) {
        Object object;
        object.set("code", static_cast<std::int64_t>(error.code()));
        object.set("message", error.text());
        body = codec::to_json(Value(std::move(object)));
    } else {
        codec::ProtoWriter writer;
        writer.varint(1, static_cast<std::uint64_t>(error.code()));
        writer.bytes(2, error.text());
        body = writer.take();
    }
    net::HttpResponse response = otlp_response(status, json, std::move(body));
    put_retry_after(error, response.headers);
    return response;
}

/// partial_success {1: rejected, 2: message} in field 1; empty when nothing was rejected.
std::string success_body(const MappedRows& rows, bool json, std::string_view rejected_name) {
    if (rows.rejected == 0) {
        return json ? "{}" : "";
    }
    if (json) {
        Object partial;
        partial.set(std::string(rejected_name), std::to_string(rows.rejected));
        partial.set("errorMessage", rows.rejected_why);
        Object body;
        body.set("partialSuccess", std::move(partial));
        return codec::to_json(Value(std::move(body)));
    }
    codec::ProtoWriter partial;
    partial.varint(1, static_cast<std::uint64_t>(rows.rejected));
    partial.bytes(2, rows.rejected_why);
    codec::ProtoWriter body;
    body.bytes(1, partial.message());
    return body.take();
}

/// One signal: how to decode and how to map.
template <typename Groups>
struct Signal {
    std::string_view path;
    std::string_view rejected_name;
    Result<Groups> (*from_protobuf)(std::string_view);
    Result<Groups> (*from_json)(const Value&);
    Result<MappedRows> (*map)(const Groups&, RowSink&, Timestamp);
};

template <typename Groups>
Result<MappedRows> rows_of(const Signal<Groups>& signal, FrontDoors::State& state,
                           const net::HttpRequest& request, bool json) {
    QD_TRY(const std::string body, decoded_body(request, state.options.body_bytes_max));
    if (json) {
        QD_CHECK_OK(check_json_weight(body));
        QD_TRY(const Value value, codec::parse_json(body));
        QD_TRY(const Groups groups, signal.from_json(value));
        QD_CHECK_OK(check_fan_out(groups));
        return signal.map(groups, state.sink, state.clock.utc());
    }
    QD_TRY(const Groups groups, signal.from_protobuf(body));
    QD_CHECK_OK(check_fan_out(groups));
    return signal.map(groups, state.sink, state.clock.utc());
}

template <typename Groups>
void add_signal(net::Router& router, FrontDoors::State& state, Status& status,
                Signal<Groups> signal) {
    const auto handle = [&state, signal](net::HttpRequest request, net::HttpReply reply) {
        const bool json = content_type_is(request, kJson);
        if (!json && !content_type_is(request, kProtobuf)) {
            reply.send(
                net::HttpResponse::text(415,
                                        "415 unsupported media type, supported: [application/json, "
                                        "application/x-protobuf]"));
            return;
        }
        if (Status allowed = state.authorize(request); !allowed.ok()) {
            reply.send(otlp_error(allowed.error(), json));
            return;
        }
        Result<MappedRows> mapped = rows_of(signal, state, request, json);
        if (!mapped.ok()) {
            reply.send(otlp_error(mapped.error(), json));
            return;
        }
        std::int64_t count = 0;
        for (const auto& [table, rows] : mapped->tables) {
            count += static_cast<std::int64_t>(rows.rows());
        }
        count_rows(state, "otlp", count, mapped->rejected);
        std::string body = success_body(mapped.value(), json, signal.rejected_name);
        append_all(state.sink, std::move(mapped->tables),
                   [reply, json, body = std::move(body)](const Status& done) {
                       reply.send(done.ok() ? otlp_response(200, json, body)
                                            : otlp_error(done.error(), json));
                   });
    };
    route(router, status, "POST", signal.path, state.options.body_bytes_max, handle);
}

}  // namespace

void add_otlp(net::Router& router, FrontDoors::State& state, Status& status) {
    add_signal<OtlpTraces>(router, state, status,
                           {.path = "/v1/traces",
                            .rejected_name = "rejectedSpans",
                            .from_protobuf = decode_otlp_traces,
                            .from_json = read_otlp_traces,
                            .map = map_spans});
    add_signal<OtlpLogs>(router, state, status,
                         {.path = "/v1/logs",
                          .rejected_name = "rejectedLogRecords",
                          .from_protobuf = decode_otlp_logs,
                          .from_json = read_otlp_logs,
                          .map = map_logs});
    add_signal<OtlpMetrics>(router, state, status,
                            {.path = "/v1/metrics",
                             .rejected_name = "rejectedDataPoints",
                             .from_protobuf = decode_otlp_metrics,
                             .from_json = read_otlp_metrics,
                             .map = map_metrics});
}

}  // namespace qd::telemetry
