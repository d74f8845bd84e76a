#pragma once

#include "qd/base/executor.h"
#include "qd/base/result.h"
#include "qd/net/http_client.h"
#include "scenario.h"

#include <string>

namespace demo {

struct Target {
    std::string server;  // http://127.0.0.1:8443
    std::string otlp;    // http://127.0.0.1:4318
};

struct SendSummary {
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    double seconds = 0;
};

/// Sends all sign-ins through the Logs Ingestion API, with progress.
qd::Result<SendSummary> send_sign_ins(const Scenario& scenario, const Target& target,
                                      qd::net::HttpClient& client, qd::Executor& executor);
/// Sends all requests as spans through OTLP/HTTP protobuf, gzip.
qd::Result<SendSummary> send_requests(const Scenario& scenario, const Target& target,
                                      qd::net::HttpClient& client, qd::Executor& executor);

/// One JSON request; an answer other than 2xx is an error with its body.
qd::Result<qd::Value> call_json(qd::net::HttpClient& client, const std::string& method,
                                const std::string& url, std::string body);

}  // namespace demo
