#pragma once

#include "qd/base/clock.h"
#include "qd/base/result.h"
#include "qd/kql/engine.h"
#include "qd/query/query_service.h"

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qd::query {

/// One query or command, running or done.
struct QueryRecord {
    QueryOrigin origin;
    std::string principal;
    std::string text;
    bool command = false;
    Timestamp started;
    std::optional<Timestamp> ended;
    std::string failure;  // empty: none (so far)
    std::string failure_id;
    std::uint64_t rows = 0;
    kql::QueryStats stats;
    std::string state() const;
};

/// What runs and what ran, for .show queries, .show running queries and .cancel query. Keeps the
/// last kRecordsMax; texts are cut at kTextBytesMax. Threads: any.
class QueryLog {
  public:
    static constexpr std::size_t kRecordsMax = 2'000;
    static constexpr std::size_t kTextBytesMax = 16 << 10;

    /// A query while it runs; it must be finished.
    class Running {
      public:
        const kql::CancelFlag* cancel() const { return &cancel_; }

      private:
        friend class QueryLog;
        QueryRecord record_;
        kql::CancelFlag cancel_{false};
        std::list<Running>::iterator place_;
    };

    Running& begin(QueryRecord record);
    /// The record, complete; `running` is gone then.
    QueryRecord finish(Running& running, Timestamp ended, const Result<kql::QueryResult>& result);

    std::vector<QueryRecord> running() const;
    /// Newest first, those that run included.
    std::vector<QueryRecord> all() const;
    /// Queries of that client request or activity id that were told to stop.
    std::size_t cancel(std::string_view id);

  private:
    mutable std::mutex mutex_;
    std::list<Running> running_;
    std::deque<QueryRecord> done_;
};

}  // namespace qd::query
