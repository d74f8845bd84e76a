#pragma once

#include "qd/base/result.h"
#include "qd/codec/value.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qd::alerting {

/// Rows about alerts, for the workspace. The server binds it to ingestion. Threads: any.
class RowSink {
  public:
    virtual ~RowSink() = default;
    /// Appends JSON objects to a table; returns when they are on stable storage. A failed call is
    /// repeated later with the same rows (each carries its EventId), so no alert change is lost.
    virtual Status append(std::string_view table, const std::vector<Value>& rows) = 0;
};

/// Starts workflows in the same process: the native receiver `qdPlaybook`. Threads: any.
class ActionSink {
  public:
    virtual ~ActionSink() = default;
    /// Starts the workflow with the payload as its trigger body and returns the run's id once the
    /// run is durable. The same key starts at most one run.
    virtual Result<std::string> start_workflow(const std::string& workflow, const Value& payload,
                                               const std::string& idempotency_key) = 0;
};

struct WebhookRequest {
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

struct WebhookAnswer {
    int status = 0;
};

/// Posts to a webhook. An Error means the endpoint did not answer (transport). Threads: any.
class WebhookSender {
  public:
    virtual ~WebhookSender() = default;
    virtual Result<WebhookAnswer> post(const WebhookRequest& request) = 0;
};

}  // namespace qd::alerting
