#pragma once

#include "qd/net/http_server.h"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace qd::net::internal {

/// What all loops and sessions of one server share. Counts connections and running handlers so that
/// stop() can wait for both. Threads: any.
class ServerState {
  public:
    ServerState(HttpServerLimits limits_in, Executor& executor_in, Clock& clock_in, Log& log_in,
                HttpHandler handler_in)
        : limits(limits_in),
          executor(executor_in),
          clock(clock_in),
          log(log_in),
          handler(std::move(handler_in)) {}

    const HttpServerLimits limits;
    std::function<std::uint64_t(const HttpRequest&, std::uint64_t)> body_limit;
    Executor& executor;
    Clock& clock;
    Log& log;
    const HttpHandler handler;
    std::atomic<bool> draining{false};
    std::atomic<bool> cut{
        false};  // the deadline of stop() has passed: handlers not begun are skipped

    std::size_t connections() const { return connections_.load(); }
    void connection_opened() { connections_.fetch_add(1); }
    void connection_closed() {
        const std::lock_guard lock(mutex_);
        connections_.fetch_sub(1);
        changed_.notify_all();
    }
    void handler_posted() { handlers_.fetch_add(1); }
    void handler_returned() {
        if (handlers_.fetch_sub(1) == 1) {
            const std::lock_guard lock(mutex_);
            changed_.notify_all();
        }
    }
    /// False when connections remain after the time.
    bool wait_for_connections(std::int64_t timeout_ms);
    void wait_for_connections();
    void wait_for_handlers();

  private:
    std::atomic<std::size_t> connections_{0};
    std::atomic<std::size_t> handlers_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
};

}  // namespace qd::net::internal
