#pragma once

#include "exec/runtime.h"
#include "exec/spilled_rows.h"

#include <memory>
#include <vector>

namespace qd::kql {

/// The rows of a sort as they come. While they fit a quarter of the query's memory they stay as
/// they are; a worker that holds more than its share of that sorts what it has and writes it to
/// disk, a run, and goes on. Threads: push() one per worker, the rest one.
class SortRuns final : public Sink {
  public:
    SortRuns(Runtime& runtime, const SortOp& op);
    bool parallel() const override { return true; }
    Result<bool> push(std::size_t worker, columns::Chunk chunk) override;

    bool spilled() const;
    /// The rows in the order they came; nothing was spilled.
    std::vector<columns::Chunk> take();
    /// The rows in the order of the sort; something was spilled.
    /// Idea: every run is sorted, so the least of the runs' first rows is next. Equal rows go by
    /// run, and runs stand in row order, so the merge is stable.
    Result<bool> merge(Sink& sink);

  private:
    struct Worker {
        std::vector<columns::Chunk> chunks;
        std::int64_t bytes = 0;
        std::vector<std::unique_ptr<SpilledRows>> runs;
    };
    Status spill(Worker& worker);

    Runtime& runtime_;
    const SortOp& op_;
    Reservation reserved_;
    std::vector<Worker> workers_;
    std::vector<EvalContext> contexts_;
};

}  // namespace qd::kql
