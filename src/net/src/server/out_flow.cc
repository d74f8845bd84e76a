#include "server/out_flow.h"

#include <utility>

namespace qd::net::internal {
namespace {

Status peer_gone() {
    return Error(Code::Unavailable, "NET0021", "the peer is gone");
}

}  // namespace

Status OutFlow::write(std::string_view bytes) {
    {
        const std::lock_guard lock(mutex_);
        if (failed_ || ended_) {
            return peer_gone();
        }
        queued_ += bytes;
    }
    wake_();
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return failed_ || has_room(); });
    return failed_ ? peer_gone() : Status();
}

void OutFlow::write_async(std::string_view bytes, std::function<void(Status)> done) {
    bool refused = false;
    {
        const std::lock_guard lock(mutex_);
        refused = failed_ || ended_;
        if (!refused) {
            queued_ += bytes;
            waiting_.push_back(std::move(done));
        }
    }
    if (refused) {
        done(peer_gone());
        return;
    }
    wake_();
}

void OutFlow::end(std::string_view last) {
    {
        const std::lock_guard lock(mutex_);
        if (failed_ || ended_) {
            return;
        }
        queued_ += last;
        ended_ = true;
    }
    wake_();
}

bool OutFlow::failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
}

bool OutFlow::take(std::string& bytes) {
    const std::lock_guard lock(mutex_);
    if (queued_.empty() || failed_) {
        return false;
    }
    bytes = std::exchange(queued_, {});
    in_flight_bytes_ = bytes.size();
    return true;
}

void OutFlow::sent() {
    {
        const std::lock_guard lock(mutex_);
        in_flight_bytes_ = 0;
    }
    release();
}

void OutFlow::release() {
    std::vector<std::function<void(Status)>> ready;
    {
        const std::lock_guard lock(mutex_);
        if (!has_room()) {
            return;
        }
        ready.swap(waiting_);
    }
    room_.notify_all();
    for (const auto& done : ready) {
        done({});
    }
}

bool OutFlow::ended() const {
    const std::lock_guard lock(mutex_);
    return ended_ && queued_.empty();
}

void OutFlow::fail() {
    std::vector<std::function<void(Status)>> ready;
    {
        const std::lock_guard lock(mutex_);
        failed_ = true;
        ready.swap(waiting_);
    }
    room_.notify_all();
    for (const auto& done : ready) {
        done(peer_gone());
    }
}

}  // namespace qd::net::internal
