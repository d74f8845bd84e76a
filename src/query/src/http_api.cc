#include "api_state.h"

namespace qd::query {

AnswerIds answer_ids(QueryApi::State& state, const net::HttpRequest& request) {
    AnswerIds ids;
    ids.activity_id = new_guid(state.entropy);
    const std::string_view given = request.headers.get_or("x-ms-client-request-id");
    ids.client_request_id = given.empty() ? ids.activity_id : std::string(given);
    ids.database = QueryService::kDatabase;
    ids.at = state.clock.utc();
    return ids;
}

QueryOrigin origin_of(const AnswerIds& ids, const net::HttpRequest& request) {
    const std::string_view app = request.headers.get_or("x-ms-app");
    return {.client_request_id = ids.client_request_id,
            .activity_id = ids.activity_id,
            .application = std::string(app.empty() ? request.headers.get_or("User-Agent") : app)};
}

void observe_query(QueryApi::State& state, std::string_view api,
                   const Result<kql::QueryResult>& result) {
    const std::string outcome = !result.ok() ? "failed" : result.value().partial ? "partial" : "ok";
    state.metrics
        .counter("qd_queries_total", "Queries answered, by API and outcome",
                 {{"api", std::string(api)}, {"outcome", outcome}})
        .add();
    if (result.ok()) {
        static const std::vector<double> kBounds = {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60};
        state.metrics
            .histogram("qd_query_seconds", "Time to answer a query", kBounds,
                       {{"api", std::string(api)}})
            .observe(static_cast<double>(result.value().stats.elapsed_ns) * 1e-9);
    }
}

void add_route(net::Router& router, Status& status, std::string_view method,
               std::string_view pattern, net::HttpHandler handler) {
    Status added = router.add(method, pattern, std::move(handler),
                              {.ignore_case = true, .body_bytes_max = kQueryBodyBytesMax});
    if (status.ok() && !added.ok()) {
        status = std::move(added);
    }
}

QueryApi::QueryApi(QueryService& service, Clock& clock, Entropy& entropy, Log& log,
                   Metrics& metrics, AuthorizeQuery authorize)
    : state_(new State{.service = service,
                       .clock = clock,
                       .entropy = entropy,
                       .log = log,
                       .metrics = metrics,
                       .authorize = std::move(authorize)}) {}

QueryApi::~QueryApi() = default;

Status QueryApi::add_routes(net::Router& router) {
    Status status;
    add_log_analytics(router, *state_, status);
    add_kusto(router, *state_, status);
    return status;
}

Result<kql::TimeRange> parse_timespan(std::string_view text, Timestamp now) {
    const Error malformed(Code::InvalidArgument, "QRY0030",
                          "timespan is neither a duration nor start/end: " + std::string(text));
    kql::TimeRange range;
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) {
        const auto duration = parse_iso_duration(text);
        if (!duration) {
            return malformed;
        }
        range.from = now - *duration;
        range.to = now;
        return range;
    }
    const std::string_view first = text.substr(0, slash);
    const std::string_view second = text.substr(slash + 1);
    const auto start = parse_iso_timestamp(first);
    const auto end = parse_iso_timestamp(second);
    if (start && end) {
        range.from = start;
        range.to = end;
    } else if (const auto length = parse_iso_duration(second); start && length) {
        range.from = start;
        range.to = *start + *length;
    } else if (const auto back = parse_iso_duration(first); end && back) {
        range.from = *end - *back;
        range.to = end;
    } else {
        return malformed;
    }
    return range;
}

}  // namespace qd::query
