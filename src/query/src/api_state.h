#pragma once

#include "qd/net/http_server.h"
#include "qd/query/http_api.h"
#include "qd/query/wire.h"

#include <string>

namespace qd::query {

struct QueryApi::State {
    QueryService& service;
    Clock& clock;
    Entropy& entropy;
    Log& log;
    Metrics& metrics;
    AuthorizeQuery authorize;
};

inline constexpr std::uint64_t kQueryBodyBytesMax = 4 << 20;

/// What the query log says of a request's query.
QueryOrigin origin_of(const AnswerIds& ids, const net::HttpRequest& request);

/// Fresh activity id, the caller's request id (or a fresh one), now.
AnswerIds answer_ids(QueryApi::State& state, const net::HttpRequest& request);

/// Counts and times one query, whatever API it came by.
void observe_query(QueryApi::State& state, std::string_view api,
                   const Result<kql::QueryResult>& result);

void add_log_analytics(net::Router& router, QueryApi::State& state, Status& status);
void add_kusto(net::Router& router, QueryApi::State& state, Status& status);

/// router.add() that keeps the first failure in `status`.
void add_route(net::Router& router, Status& status, std::string_view method,
               std::string_view pattern, net::HttpHandler handler);

}  // namespace qd::query
