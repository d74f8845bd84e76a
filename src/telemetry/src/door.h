#pragma once

#include "qd/net/http_server.h"
#include "qd/telemetry/front_doors.h"
#include "qd/telemetry/otlp_rows.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

/// What every front door does alike: body decoding, handing rows on, answering when all of them are
/// on disk.
namespace qd::telemetry {

struct FrontDoors::State {
    RowSink& sink;
    Clock& clock;
    Log& log;
    Metrics& metrics;
    FrontDoorOptions options;
    Authorize authorize;
};

/// The body after Content-Encoding (none, gzip, deflate). Errors: InvalidArgument for malformed
/// data, ResourceExhausted TEL0042 beyond `bytes_max` (413), Unimplemented TEL0041 for another
/// encoding (415).
Result<std::string> decoded_body(const net::HttpRequest& request, std::uint64_t bytes_max);
/// The same for JSON, refused when it would take too much memory parsed.
/// Errors: ResourceExhausted TEL0043.
Result<std::string> decoded_json(const net::HttpRequest& request, std::uint64_t bytes_max);

/// Appends the rows of all tables, then calls `done` once with the first failure or success.
void append_all(RowSink& sink, std::vector<std::pair<std::string, columns::Table>> tables,
                std::function<void(Status)> done);

/// 413 for TEL0042 and COD0042, 415 for TEL0041, else the code's own.
int door_status(const Error& error);
/// Retry-After (whole seconds, at least one) when the error says when.
void put_retry_after(const Error& error, net::HttpHeaders& headers);

bool content_type_is(const net::HttpRequest& request, std::string_view type);

void count_rows(FrontDoors::State& state, std::string_view door, std::int64_t rows,
                std::int64_t rejected);

void add_otlp(net::Router& router, FrontDoors::State& state, Status& status);
void add_logs_ingestion(net::Router& router, FrontDoors::State& state, Status& status);
void add_data_collector(net::Router& router, FrontDoors::State& state, Status& status);
void add_breeze(net::Router& router, FrontDoors::State& state, Status& status);
void add_rows(net::Router& router, FrontDoors::State& state, Status& status);

/// router.add() that keeps the first failure in `status`.
void route(net::Router& router, Status& status, std::string_view method, std::string_view pattern,
           std::uint64_t body_bytes_max, net::HttpHandler handler);

}  // namespace qd::telemetry
