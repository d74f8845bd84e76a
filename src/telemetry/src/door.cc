#include "door.h"

#include "json_weight.h"
#include "qd/codec/compress.h"

namespace qd::telemetry {

Result<std::string> decoded_body(const net::HttpRequest& request, std::uint64_t bytes_max) {
    if (request.body.size() > bytes_max) {
        return Error(Code::ResourceExhausted, "TEL0042",
                     "the request body is too large: bytes_max=" + std::to_string(bytes_max));
    }
    const std::string_view encoding = request.headers.get_or("Content-Encoding");
    if (encoding.empty() || net::equals_ignore_case(encoding, "identity")) {
        return request.body;
    }
    if (net::equals_ignore_case(encoding, "gzip")) {
        return codec::gunzip(request.body, bytes_max);
    }
    if (net::equals_ignore_case(encoding, "deflate")) {
        return codec::zlib_inflate(request.body, bytes_max);
    }
    return Error(Code::Unimplemented, "TEL0041",
                 "unsupported Content-Encoding: " + std::string(encoding));
}

Result<std::string> decoded_json(const net::HttpRequest& request, std::uint64_t bytes_max) {
    QD_TRY(std::string body, decoded_body(request, bytes_max));
    QD_CHECK_OK(check_json_weight(body));
    return body;
}

void append_all(RowSink& sink, std::vector<std::pair<std::string, columns::Table>> tables,
                std::function<void(Status)> done) {
    if (tables.empty()) {
        done(ok_status());
        return;
    }
    struct Pending {
        std::mutex mutex;
        std::size_t left;
        std::optional<Error> error;
        std::function<void(Status)> done;
    };
    const auto pending = std::make_shared<Pending>();
    pending->left = tables.size();
    pending->done = std::move(done);
    for (auto& [table, rows] : tables) {
        sink.append(table, std::move(rows), [pending](const Status& status) {
            bool last = false;
            {
                const std::lock_guard lock(pending->mutex);
                if (!status.ok() && !pending->error) {
                    pending->error = status.error();
                }
                last = --pending->left == 0;
            }
            if (last) {
                pending->done(pending->error ? Status(*pending->error) : ok_status());
            }
        });
    }
}

int door_status(const Error& error) {
    if (error.id() == "TEL0042" || error.id() == "TEL0043" || error.id() == "COD0042") {
        return 413;
    }
    if (error.id() == "TEL0041") {
        return 415;
    }
    return http_status(error.code());
}

void put_retry_after(const Error& error, net::HttpHeaders& headers) {
    if (const auto ms = error.retry_after_ms()) {
        headers.set("Retry-After", std::to_string(std::max<std::int64_t>((*ms + 999) / 1000, 1)));
    }
}

bool content_type_is(const net::HttpRequest& request, std::string_view type) {
    std::string_view written = request.headers.get_or("Content-Type");
    written = written.substr(0, written.find(';'));
    while (!written.empty() && written.back() == ' ') {
        written.remove_suffix(1);
    }
    return net::equals_ignore_case(written, type);
}

void count_rows(FrontDoors::State& state, std::string_view door, std::int64_t rows,
                std::int64_t rejected) {
    const MetricLabels labels = {{"door", std::string(door)}};
    state.metrics.counter("qd_ingest_rows_total", "Rows taken in, by front door", labels)
        .add(static_cast<double>(rows));
    if (rejected > 0) {
        state.metrics
            .counter("qd_ingest_rejected_rows_total", "Rows refused one by one, by front door",
                     labels)
            .add(static_cast<double>(rejected));
    }
}

void route(net::Router& router, Status& status, std::string_view method, std::string_view pattern,
           std::uint64_t body_bytes_max, net::HttpHandler handler) {
    Status added = router.add(method, pattern, std::move(handler),
                              {.ignore_case = true, .body_bytes_max = body_bytes_max});
    if (status.ok() && !added.ok()) {
        status = std::move(added);
    }
}

FrontDoors::FrontDoors(RowSink& sink, Clock& clock, Log& log, Metrics& metrics,
                       FrontDoorOptions options, Authorize authorize)
    : state_(new State{.sink = sink,
                       .clock = clock,
                       .log = log,
                       .metrics = metrics,
                       .options = std::move(options),
                       .authorize = std::move(authorize)}) {}

FrontDoors::~FrontDoors() = default;

Status FrontDoors::add_routes(net::Router& router) {
    Status status;
    add_otlp(router, *state_, status);
    add_logs_ingestion(router, *state_, status);
    add_data_collector(router, *state_, status);
    add_breeze(router, *state_, status);
    add_rows(router, *state_, status);
    return status;
}

Status FrontDoors::add_otlp_routes(net::Router& router) {
    Status status;
    add_otlp(router, *state_, status);
    return status;
}

}  // namespace qd::telemetry
