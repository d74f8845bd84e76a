#pragma once

#include "qd/base/clock.h"
#include "qd/base/log.h"
#include "qd/base/metrics.h"
#include "qd/base/random.h"
#include "qd/base/result.h"
#include "qd/crypto/secret.h"
#include "qd/net/http.h"
#include "qd/net/router.h"
#include "qd/telemetry/entra.h"
#include "qd/telemetry/row_sink.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// The HTTP doors through which events come in:
///   OTLP/HTTP               POST /v1/{traces,metrics,logs}
///   Logs Ingestion API      POST /dataCollectionRules/{dcr}/streams/{stream}
///   HTTP Data Collector API POST /api/logs, /{workspace}/api/logs
///   Application Insights    POST /v2/track, /v2.1/track
///   rows of a table         POST /api/v1/tables/{table}/rows   (what `qd ingest` speaks)
///   diagnostic records      POST /api/v1/records               (Entra and Azure exports)
namespace qd::telemetry {

struct FrontDoorOptions {
    std::string workspace_id;
    std::vector<crypto::Secret> shared_keys;         // Data Collector keys, base64
    std::vector<std::string> instrumentation_keys;   // empty: any
    std::vector<std::string> data_collection_rules;  // immutable ids; empty: any well-formed one
    CategoryTable categories;
    std::uint64_t body_bytes_max = 64 << 20;  // OTLP and rows, before and after inflating
    std::uint64_t logs_ingestion_bytes_max = 1 << 20;
    /// Event times older than two days or more than one day ahead become the time of arrival, as in
    /// the cloud. Off: history can be loaded.
    bool limit_event_time = false;
    std::uint64_t data_collector_bytes_max = 30 << 20;
};

/// Whether a request may write; the server binds it to its authentication.
using Authorize = std::function<Status(const net::HttpRequest&)>;

/// Threads: handlers run on any. Lifetime: what is passed in outlives the router's use.
class FrontDoors {
  public:
    FrontDoors(RowSink& sink, Clock& clock, Log& log, Metrics& metrics, FrontDoorOptions options,
               Authorize authorize);
    ~FrontDoors();

    /// All of them.
    Status add_routes(net::Router& router);
    /// OTLP alone, for the listener on 4318.
    Status add_otlp_routes(net::Router& router);

    struct State;

  private:
    std::unique_ptr<State> state_;
};

}  // namespace qd::telemetry
