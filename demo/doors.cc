#include "doors.h"

#include "encode.h"
#include "qd/base/clock.h"
#include "qd/codec/compress.h"
#include "qd/codec/json.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <mutex>

namespace demo {

using qd::Code;
using qd::Error;
using qd::Result;

namespace {

constexpr std::size_t kSenders = 4;
constexpr std::size_t kSignInsPerRequest = 800;  // about 700 KB, under the API's 1 MB
constexpr std::size_t kSpansPerRequest = 2000;
constexpr std::string_view kRule =
    "/dataCollectionRules/dcr-00000000000000000000000000000000/streams/";

struct Shared {
    std::atomic<std::size_t> next{0};
    std::atomic<std::uint64_t> rows{0};
    std::atomic<std::uint64_t> bytes{0};
    std::mutex mutex;
    std::optional<Error> error;
};

/// Runs `send(begin, end)` over [0, total) in pieces on several threads; first error wins.
template <typename Send>
Result<SendSummary> in_pieces(std::string_view what, std::size_t total, std::size_t piece,
                              qd::Executor& executor, Send send) {
    qd::RealClock clock;
    const std::int64_t begun = clock.now_ns();
    const bool terminal = isatty(STDOUT_FILENO) == 1;
    Shared shared;
    std::atomic<std::size_t> shown{0};
    qd::run_parallel(executor, kSenders, [&](std::size_t) {
        while (true) {
            const std::size_t begin = shared.next.fetch_add(piece);
            if (begin >= total) {
                return;
            }
            {
                const std::lock_guard lock(shared.mutex);
                if (shared.error) {
                    return;
                }
            }
            const std::size_t end = std::min(begin + piece, total);
            Result<std::uint64_t> sent = send(begin, end);
            if (!sent.ok()) {
                const std::lock_guard lock(shared.mutex);
                shared.error = sent.error();
                return;
            }
            const std::uint64_t rows = shared.rows.fetch_add(end - begin) + (end - begin);
            shared.bytes.fetch_add(sent.value());
            const std::size_t percent = rows * 100 / total;
            if (terminal && percent > shown.exchange(percent)) {
                std::printf("\r  %.*s %3zu%%\x1b[K", static_cast<int>(what.size()), what.data(),
                            percent);
                std::fflush(stdout);
            }
        }
    });
    if (shared.error) {
        return *shared.error;
    }
    SendSummary summary;
    summary.rows = shared.rows;
    summary.bytes = shared.bytes;
    summary.seconds = static_cast<double>(clock.now_ns() - begun) * 1e-9;
    std::printf("%s  %.*s: %llu rows, %.1f MB in %.2f s = %.0f rows/s\n", terminal ? "\r" : "",
                static_cast<int>(what.size()), what.data(),
                static_cast<unsigned long long>(summary.rows),
                static_cast<double>(summary.bytes) / 1e6, summary.seconds,
                static_cast<double>(summary.rows) / summary.seconds);
    return summary;
}

Result<qd::net::ClientResponse> call(qd::net::HttpClient& client, const std::string& method,
                                     const std::string& url, std::string body,
                                     std::string_view type, bool compressed) {
    qd::net::ClientRequest request;
    request.method = method;
    request.url = url;
    request.headers.set("Content-Type", std::string(type));
    if (compressed) {
        request.headers.set("Content-Encoding", "gzip");
    }
    request.body = std::move(body);
    request.timeout_ms = 600'000;
    QD_TRY(qd::net::ClientResponse answer, client.call(std::move(request)));
    if (answer.status / 100 != 2) {
        return Error(
            Code::Unavailable, "DEM0001",
            url + " answered " + std::to_string(answer.status) + ": " + answer.body.substr(0, 400));
    }
    return answer;
}

}  // namespace

Result<SendSummary> send_sign_ins(const Scenario& scenario, const Target& target,
                                  qd::net::HttpClient& client, qd::Executor& executor) {
    const std::string url =
        target.server + std::string(kRule) + "Microsoft-SigninLogs?api-version=2023-01-01";
    return in_pieces(
        "SigninLogs through the Logs Ingestion API", scenario.sign_ins.size(), kSignInsPerRequest,
        executor, [&](std::size_t begin, std::size_t end) -> Result<std::uint64_t> {
            std::string body = "[";
            for (std::size_t i = begin; i < end; ++i) {
                body += i == begin ? "" : ",";
                append_sign_in(body, scenario, i);
            }
            body += ']';
            const std::uint64_t size = body.size();
            QD_TRY(const auto answer,
                   call(client, "POST", url, std::move(body), "application/json", false));
            if (answer.status != 204) {
                return Error(Code::Internal, "DEM0003",
                             "expected 204: " + std::to_string(answer.status));
            }
            return size;
        });
}

Result<SendSummary> send_requests(const Scenario& scenario, const Target& target,
                                  qd::net::HttpClient& client, qd::Executor& executor) {
    return in_pieces(
        "AppRequests through OTLP/HTTP protobuf", scenario.requests.size(), kSpansPerRequest,
        executor, [&](std::size_t begin, std::size_t end) -> Result<std::uint64_t> {
            const std::string body = encode_requests(scenario, begin, end);
            QD_TRY(const auto answer,
                   call(client, "POST", target.otlp + "/v1/traces", qd::codec::gzip(body, 1),
                        "application/x-protobuf", true));
            if (!answer.body.empty()) {
                return Error(Code::Internal, "DEM0002", "spans were rejected by the server");
            }
            return body.size();
        });
}

Result<qd::Value> call_json(qd::net::HttpClient& client, const std::string& method,
                            const std::string& url, std::string body) {
    QD_TRY(const auto answer,
           call(client, method, url, std::move(body), "application/json", false));
    return qd::codec::parse_json(answer.body);
}

}  // namespace demo
