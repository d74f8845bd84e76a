// The Log Analytics query API. Source: Azure Monitor Logs query API reference; the SDKs' own
// requests (bodies, Prefer header, $batch).
#include "api_state.h"
#include "qd/codec/json.h"

namespace qd::query {

namespace {

struct LaAnswer {
    int status = 200;
    std::string body;
};

LaAnswer bad_request(const AnswerIds& ids, std::string message) {
    LaAnswer answer;
    answer.body =
        log_analytics_error(Error(Code::InvalidArgument, "BadArgumentError", std::move(message)),
                            "", ids, answer.status);
    return answer;
}

LaAnswer run_one(QueryApi::State& state, std::string_view query, std::string_view timespan,
                 std::string_view prefer, const AnswerIds& ids, const QueryOrigin& origin) {
    if (query.empty()) {
        return bad_request(ids, "the query is empty");
    }
    kql::QueryOptions options = state.service.default_options();
    options.timeout_ms = 600'000;
    options.bytes_max = 104'857'600;
    if (!timespan.empty()) {
        Result<kql::TimeRange> range = parse_timespan(timespan, options.now);
        if (!range.ok()) {
            return bad_request(ids, range.error().message());
        }
        options.timespan = range.value();
    }
    const std::size_t wait = prefer.find("wait=");
    if (wait != std::string_view::npos) {
        std::int64_t seconds = 0;
        for (const char c : prefer.substr(wait + 5)) {
            if (c < '0' || c > '9' || seconds > 10'000) {
                break;
            }
            seconds = seconds * 10 + (c - '0');
        }
        if (seconds > 0) {
            options.timeout_ms = std::min<std::int64_t>(seconds, 600) * 1000;
        }
    }
    Result<kql::QueryResult> result = state.service.run(query, options, origin);
    observe_query(state, "log_analytics", result);
    LaAnswer answer;
    if (!result.ok()) {
        answer.body = log_analytics_error(result.error(), query, ids, answer.status);
        return answer;
    }
    answer.body = log_analytics_body(
        result.value(), prefer.find("include-render=true") != std::string_view::npos,
        prefer.find("include-statistics=true") != std::string_view::npos);
    return answer;
}

std::string_view text_of(const Value& object, std::string_view key) {
    const Value* found = object.get(key);
    return found == nullptr ? std::string_view() : found->string_or("");
}

/// Management commands do not exist in Log Analytics.
bool is_command(std::string_view query) {
    const std::size_t at = query.find_first_not_of(" \t\r\n");
    return at != std::string_view::npos && query[at] == '.';
}

void send(const net::HttpReply& reply, const AnswerIds& ids, LaAnswer answer) {
    net::HttpResponse response = net::HttpResponse::text(answer.status, std::move(answer.body),
                                                         "application/json; charset=utf-8");
    response.headers.set("x-ms-client-request-id", ids.client_request_id);
    response.headers.set("x-ms-request-id", ids.activity_id);
    reply.send(std::move(response));
}

void handle_query(QueryApi::State& state, const net::HttpRequest& request,
                  const net::HttpReply& reply) {
    const AnswerIds ids = answer_ids(state, request);
    if (Status allowed = state.authorize(request, false); !allowed.ok()) {
        LaAnswer answer;
        answer.body = log_analytics_error(allowed.error(), "", ids, answer.status);
        send(reply, ids, std::move(answer));
        return;
    }
    std::string query;
    std::string timespan;
    if (request.method == "GET") {
        query = request.query_parameter("query").value_or("");
        timespan = request.query_parameter("timespan").value_or("");
    } else {
        const Result<Value> body = codec::parse_json(request.body);
        if (!body.ok()) {
            send(reply, ids, bad_request(ids, body.error().message()));
            return;
        }
        query = text_of(body.value(), "query");
        timespan = text_of(body.value(), "timespan");
    }
    if (is_command(query)) {
        send(reply, ids, bad_request(ids, "management commands are not part of this API"));
        return;
    }
    send(reply, ids,
         run_one(state, query, timespan, request.headers.get_or("Prefer"), ids,
                 origin_of(ids, request)));
}

void handle_batch(QueryApi::State& state, const net::HttpRequest& request,
                  const net::HttpReply& reply) {
    const AnswerIds ids = answer_ids(state, request);
    const Result<Value> body = codec::parse_json(request.body);
    const Value* requests = body.ok() ? body.value().get("requests") : nullptr;
    if (requests == nullptr || requests->if_array() == nullptr) {
        send(reply, ids, bad_request(ids, "the body must hold an array 'requests'"));
        return;
    }
    if (Status allowed = state.authorize(request, false); !allowed.ok()) {
        LaAnswer answer;
        answer.body = log_analytics_error(allowed.error(), "", ids, answer.status);
        send(reply, ids, std::move(answer));
        return;
    }
    std::string out = "{\"responses\":[";
    bool first = true;
    for (const Value& one : *requests->if_array()) {
        const Value* inner = one.get("body");
        const Value* prefer = one.at({"headers", "Prefer"});
        const std::string_view query = inner == nullptr ? "" : text_of(*inner, "query");
        LaAnswer answer =
            is_command(query)
                ? bad_request(ids, "management commands are not part of this API")
                : run_one(state, query, inner == nullptr ? "" : text_of(*inner, "timespan"),
                          prefer == nullptr ? "" : prefer->string_or(""), ids,
                          origin_of(ids, request));
        out += first ? "{\"id\":" : ",{\"id\":";
        first = false;
        codec::append_json_string(out, text_of(one, "id"));
        out += ",\"status\":" + std::to_string(answer.status) +
               ",\"headers\":{\"Content-Type\":\"application/json\"},\"body\":" + answer.body + "}";
    }
    out += "]}";
    send(reply, ids, {.status = 200, .body = std::move(out)});
}

}  // namespace

void add_log_analytics(net::Router& router, QueryApi::State& state, Status& status) {
    const auto query = [&state](const net::HttpRequest& request, const net::HttpReply& reply) {
        handle_query(state, request, reply);
    };
    const auto batch = [&state](const net::HttpRequest& request, const net::HttpReply& reply) {
        handle_batch(state, request, reply);
    };
    // One SDK appends /v1 to its endpoint, the other takes the endpoint as it is.
    for (const std::string_view prefix : {"", "/v1"}) {
        for (const std::string_view method : {"GET", "POST"}) {
            add_route(router, status, method, std::string(prefix) + "/workspaces/{id}/query",
                      query);
            add_route(router, status, method, std::string(prefix) + "/subscriptions/{rest...}",
                      query);
        }
        add_route(router, status, "POST", std::string(prefix) + "/$batch", batch);
    }
}

}  // namespace qd::query
