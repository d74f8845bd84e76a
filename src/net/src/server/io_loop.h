#pragma once

#include "server/asio.h"

#include <chrono>
#include <memory>
#include <thread>
#include <unordered_map>

namespace qd::net::internal {

class Session;

/// One I/O thread with the sessions that live on it. Everything but the constructor, post(), and
/// join() runs on that thread, so sessions need no locks.
///
/// Deadlines: a session only stores a time point; one timer per loop looks at all of them every few
/// milliseconds. Arming a timer per read would cost more than the read of a small request.
class IoLoop {
  public:
    explicit IoLoop(std::chrono::milliseconds tick);
    ~IoLoop();

    asio::io_context& context() { return context_; }
    template <typename Work>
    void post(Work work) {
        asio::post(context_, std::move(work));
    }
    void add(std::shared_ptr<Session> session);
    void remove(Session* session);
    void drain();
    void close_all();
    /// Lets the thread end when nothing is left to do, and waits for it.
    void join();

  private:
    void arm();

    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    asio::steady_timer timer_;
    const std::chrono::milliseconds tick_;
    bool armed_ = false;
    std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
    std::thread thread_;
};

}  // namespace qd::net::internal
