#pragma once

#include "qd/base/result.h"
#include "qd/codec/value.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qd::net {
class HttpClient;
}

namespace qd::automation {

/// One request of an Http action. Headers carry an Idempotency-Key that is the same in every
/// attempt of the same step of the same run.
struct HttpCall {
    std::string method = "GET";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::int64_t timeout_ms = 120'000;
};

struct HttpAnswer {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// Sends requests. An Error means that no complete answer came (name, connection, TLS, time).
/// Threads: any; `done` runs once, on any thread, and never blocks.
class HttpSender {
  public:
    using Done = std::function<void(Result<HttpAnswer>)>;
    virtual ~HttpSender() = default;
    virtual void send(HttpCall call, Done done) = 0;
};

/// The sender over the product's HTTP client, which must outlive it.
std::unique_ptr<HttpSender> make_http_sender(net::HttpClient& client);

/// Rows about runs, for the workspace. Threads: any.
class RowSink {
  public:
    virtual ~RowSink() = default;
    /// Appends JSON objects to a table; returns when they are on stable storage. A failed call is
    /// repeated later with the same rows (EventId tells them apart), so no run goes missing.
    virtual Status append(std::string_view table, const std::vector<Value>& rows) = 0;
};

}  // namespace qd::automation
