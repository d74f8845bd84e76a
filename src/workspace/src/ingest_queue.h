#pragma once

#include "log/log_writer.h"
#include "log/record.h"
#include "qd/base/result.h"
#include "table_data.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace qd::workspace::internal {

/// A batch on its way: encoded for the log, and as it will stand in memory.
struct PendingBatch {
    std::shared_ptr<TableData> table;
    std::uint32_t table_id = 0;
    std::string record;
    RowBatch rows;
    /// The next batch in the queue is written with this one: both or neither.
    bool continues = false;
    std::function<void(const Status&)> done;
};

/// The one thread that writes the log: gathers what waits, writes and syncs it as one group,
/// publishes the rows, then tells the callers. Threads: any.
class IngestQueue {
  public:
    struct Options {
        std::int64_t group_commit_us = 2000;
        std::size_t queue_bytes_max = 256 << 20;
    };
    using Publish = std::function<void(std::vector<PendingBatch>& batches, std::uint64_t first)>;

    IngestQueue(LogWriter& log, Options options, Publish publish);
    /// Writes what is queued, then stops.
    ~IngestQueue();
    IngestQueue(const IngestQueue&) = delete;
    IngestQueue& operator=(const IngestQueue&) = delete;

    /// The batches as one unit; the last one's `done` tells of all.
    /// Errors: ResourceExhausted WSP0005 with retry_after_ms; the batches are untouched then.
    Status push(std::vector<PendingBatch>& unit);
    std::size_t queued_bytes() const;

  private:
    void run();
    std::vector<PendingBatch> next_group(std::size_t last_group);
    void commit(std::vector<PendingBatch> group);

    LogWriter& log_;
    const Options options_;
    const Publish publish_;

    mutable std::mutex mutex_;
    std::condition_variable grew_;
    std::deque<PendingBatch> queue_;
    std::size_t queued_bytes_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

/// What an appender hears when the log cannot be written.
Error log_write_error(const Error& cause);

}  // namespace qd::workspace::internal
