// Application Insights track endpoint. Source: ApplicationInsights-Home, EndpointSpecs, and the
// SDKs' handling of 206, 429, 439 and 503.
#include "door.h"
#include "qd/codec/json.h"
#include "qd/telemetry/breeze.h"

namespace qd::telemetry {

namespace {

net::HttpResponse failure(const Error& error) {
    const int status = door_status(error);
    Object one;
    one.set("index", 0);
    one.set("statusCode", status);
    one.set("message", error.text());
    Object body;
    body.set("itemsReceived", 0);
    body.set("itemsAccepted", 0);
    body.set("errors", Array{Value(std::move(one))});
    net::HttpResponse response = net::HttpResponse::json(status, Value(std::move(body)));
    put_retry_after(error, response.headers);
    return response;
}

void handle(FrontDoors::State& state, const net::HttpRequest& request,
            const net::HttpReply& reply) {
    // Items carry their instrumentation key; that is this API's authentication.
    Result<std::string> body = decoded_json(request, state.options.body_bytes_max);
    if (!body.ok()) {
        reply.send(failure(body.error()));
        return;
    }
    Result<BreezeAnswer> answer =
        map_breeze(split_breeze_body(body.value()), state.options.instrumentation_keys,
                   request.peer_address, state.sink, state.clock.utc());
    if (!answer.ok()) {
        reply.send(failure(answer.error()));
        return;
    }
    count_rows(state, "track", answer->accepted, static_cast<std::int64_t>(answer->errors.size()));
    int status = 200;
    std::string text = breeze_answer_body(answer.value(), status);
    append_all(
        state.sink, std::move(answer->rows.tables),
        [reply, status, text = std::move(text)](const Status& done) {
            if (!done.ok()) {
                reply.send(failure(done.error()));
                return;
            }
            reply.send(net::HttpResponse::text(status, text, "application/json; charset=utf-8"));
        });
}

}  // namespace

void add_breeze(net::Router& router, FrontDoors::State& state, Status& status) {
    for (const std::string_view path : {"/v2/track", "/v2.1/track"}) {
        route(router, status, "POST", path, state.options.body_bytes_max,
              [&state](const net::HttpRequest& request, const net::HttpReply& reply) {
                  handle(state, request, reply);
              });
    }
    // Live metrics: SDKs ask; "not subscribed" keeps them quiet.
    for (const std::string_view path :
         {"/QuickPulseService.svc/ping", "/QuickPulseService.svc/post"}) {
        route(router, status, "POST", path, state.options.body_bytes_max,
              [](const net::HttpRequest&, const net::HttpReply& reply) {
                  net::HttpResponse response;
                  response.headers.set("x-ms-qps-subscribed", "false");
                  reply.send(std::move(response));
              });
    }
}

}  // namespace qd::telemetry
