#include "server/io_loop.h"

#include "server/session.h"

#include <vector>

namespace qd::net::internal {
namespace {

template <typename Map>
auto copy_of(const Map& sessions) {
    std::vector<std::shared_ptr<Session>> all;
    all.reserve(sessions.size());
    for (const auto& [key, session] : sessions) {
        all.push_back(session);
    }
    return all;
}

}  // namespace

IoLoop::IoLoop(std::chrono::milliseconds tick)
    : work_(asio::make_work_guard(context_)),
      timer_(context_),
      tick_(tick),
      thread_([this] { context_.run(); }) {}

IoLoop::~IoLoop() {
    join();
}

void IoLoop::add(std::shared_ptr<Session> session) {
    Session* const key = session.get();
    sessions_.emplace(key, std::move(session));
    arm();
}

void IoLoop::remove(Session* session) {
    sessions_.erase(session);
}

void IoLoop::arm() {
    if (armed_ || sessions_.empty()) {
        return;
    }
    armed_ = true;
    timer_.expires_after(tick_);
    timer_.async_wait([this](ErrorCode) {
        armed_ = false;
        const auto now = std::chrono::steady_clock::now();
        std::vector<std::shared_ptr<Session>> late;
        for (const auto& [key, session] : sessions_) {
            if (session->is_late(now)) {
                late.push_back(session);
            }
        }
        for (const auto& session : late) {
            session->on_late();
        }
        arm();
    });
}

void IoLoop::drain() {
    for (const auto& session : copy_of(sessions_)) {
        session->drain();
    }
}

void IoLoop::close_all() {
    for (const auto& session : copy_of(sessions_)) {
        session->close();
    }
}

void IoLoop::join() {
    if (!thread_.joinable()) {
        return;
    }
    work_.reset();
    post([this] { timer_.cancel(); });
    thread_.join();
}

}  // namespace qd::net::internal
