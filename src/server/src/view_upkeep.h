#pragma once

#include "qd/query/query_service.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace qd::server {

/// Brings materialized views up to date every few seconds, on a thread of its own.
class ViewUpkeep {
  public:
    explicit ViewUpkeep(query::QueryService& queries);
    /// Waits for the round that runs.
    ~ViewUpkeep();
    ViewUpkeep(const ViewUpkeep&) = delete;
    ViewUpkeep& operator=(const ViewUpkeep&) = delete;

  private:
    void run();

    query::QueryService& queries_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace qd::server
