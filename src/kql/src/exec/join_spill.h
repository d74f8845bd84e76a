#pragma once

#include "exec/runtime.h"
#include "exec/spilled_rows.h"
#include "exec/stream_sinks.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace qd::kql {

/// One side of a join that is kept: in memory while it fits, or else on disk, divided by the hash
/// of its key, so that the join can be done part by part. Threads: push() one per worker, the rest
/// one.
class JoinSide final : public Sink {
  public:
    /// `divided`: on disk from the first row.
    JoinSide(Runtime& runtime, const columns::Schema& schema, const std::vector<BoundPtr>& keys,
             bool divided);
    bool parallel() const override { return true; }
    Result<bool> push(std::size_t worker, columns::Chunk chunk) override;
    /// After the last row.
    Status finish();

    bool divided() const { return divided_.load(std::memory_order_relaxed); }
    /// All rows in order, when not divided.
    columns::Chunk take();
    /// The rows of one part in order, when divided.
    Status for_each(std::size_t part,
                    const std::function<Status(const columns::Chunk&)>& visit) const;
    Result<columns::Chunk> part(std::size_t part) const;

  private:
    Status divide(std::size_t worker, const columns::Chunk& chunk);
    Status divide_held(std::size_t worker);

    QueryContext& query_;
    const columns::Schema& schema_;
    const std::vector<BoundPtr>& keys_;
    Reservation reserved_;
    WorkerEvaluators evaluators_;
    std::vector<std::vector<columns::Chunk>> chunks_;  // per worker
    std::atomic<std::int64_t> held_bytes_{0};
    SpilledParts parts_;
    std::atomic<bool> divided_;
};

}  // namespace qd::kql
