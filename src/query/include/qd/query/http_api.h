#pragma once

#include "qd/base/clock.h"
#include "qd/base/log.h"
#include "qd/base/metrics.h"
#include "qd/base/random.h"
#include "qd/net/http.h"
#include "qd/net/router.h"
#include "qd/query/query_service.h"

#include <functional>
#include <memory>

/// The query APIs of the originals over one QueryService:
///   Log Analytics  /v1/workspaces/{id}/query, /v1/$batch, /v1/subscriptions/…/query, and the same
///                  without /v1 (older and newer SDKs differ)
///   Kusto          /v1/rest/{query,mgmt,auth/metadata,ping}, /v2/rest/query
namespace qd::query {

/// Whether a request may read (or, `write`, run management commands that change things).
using AuthorizeQuery = std::function<Status(const net::HttpRequest&, bool write)>;

/// Threads: handlers run on any. Lifetime: what is passed in outlives the router's use.
class QueryApi {
  public:
    QueryApi(QueryService& service, Clock& clock, Entropy& entropy, Log& log, Metrics& metrics,
             AuthorizeQuery authorize);
    ~QueryApi();
    Status add_routes(net::Router& router);

    struct State;

  private:
    std::unique_ptr<State> state_;
};

/// "PT12H", "P1D", "start/end", "start/duration", "duration/end". Errors: InvalidArgument QRY0030.
Result<kql::TimeRange> parse_timespan(std::string_view text, Timestamp now);

}  // namespace qd::query
