#include "view_upkeep.h"

#include <chrono>

namespace qd::server {

namespace {
constexpr std::chrono::seconds kBetweenRounds{5};
}

ViewUpkeep::ViewUpkeep(query::QueryService& queries) : queries_(queries) {
    thread_ = std::thread([this] { run(); });
}

ViewUpkeep::~ViewUpkeep() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void ViewUpkeep::run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kBetweenRounds, [this] { return stopping_; })) {
        lock.unlock();
        // What failed shows in .show materialized-views and is tried again.
        static_cast<void>(queries_.maintain_views());
        lock.lock();
    }
}

}  // namespace qd::server
