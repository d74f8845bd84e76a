#include "server/server_state.h"

#include <chrono>

namespace qd::net::internal {

bool ServerState::wait_for_connections(std::int64_t timeout_ms) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                             [this] { return connections_.load() == 0; });
}

void ServerState::wait_for_connections() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return connections_.load() == 0; });
}

void ServerState::wait_for_handlers() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return handlers_.load() == 0; });
}

}  // namespace qd::net::internal
