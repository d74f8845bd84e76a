#pragma once

#include "qd/alerting/alert_service.h"

#include <atomic>
#include <mutex>
#include <optional>

namespace qd::alerting {

/// Sends what evaluations have committed: webhooks, playbook starts, rows.
/// Threads: any; one deliver() at a time.
class Outbox {
  public:
    Outbox(const AlertPorts& ports, const AlertOptions& options)
        : ports_(ports), options_(options) {}

    /// Looks at the store again before the next delivery.
    void wake() { maybe_due_.store(true); }
    /// Makes every delivery due at `now`, and hands waiting rows to the sink.
    Result<RunSummary> deliver(Timestamp now);
    /// When the next pending delivery falls due; nothing when none is pending.
    Result<std::optional<Timestamp>> next_due();

  private:
    struct Pending {
        std::string id;
        std::string kind;
        std::string target;
        std::string body;
        std::int64_t attempts = 0;
        // What came of it.
        bool done = false;
        bool retry = false;
        std::string error;
    };
    Result<std::vector<Pending>> due(Timestamp now);
    void attempt(Pending& delivery, Timestamp now);
    void post(Pending& delivery, Timestamp now);
    void start_workflow(Pending& delivery);
    Status record(const std::vector<Pending>& batch, Timestamp now, RunSummary& summary);
    Status flush_rows();

    AlertPorts ports_;
    const AlertOptions& options_;
    std::mutex delivering_;
    std::atomic<bool> maybe_due_{true};
};

}  // namespace qd::alerting
