#pragma once

#include "exec/evaluator.h"
#include "exec/profile.h"
#include "plan/logical_plan.h"
#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/base/memory_budget.h"
#include "qd/kql/engine.h"
#include "qd/kql/spill_space.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// Execution: operators push chunks into sinks. A streaming operator (filter, project, …) is a sink
/// in front of the next sink; a breaker (summarize, sort, …) collects, then emits.
namespace qd::kql {

/// What all parts of one running query share. Threads: any.
struct QueryContext {
    Executor* executor = nullptr;
    Clock* clock = nullptr;
    Catalog* catalog = nullptr;
    const CancelFlag* cancel = nullptr;
    std::int64_t deadline_ns = 0;
    Timestamp now;
    const Principal* principal = nullptr;
    std::size_t workers = 1;
    std::uint32_t chunk_rows = columns::kChunkRows;
    bool optimise = true;
    MemoryBudget budget;
    std::atomic<std::uint64_t> rows_scanned{0};
    std::atomic<std::uint64_t> bytes_scanned{0};
    std::atomic<std::uint64_t> bytes_spilled{0};
    std::atomic<std::int64_t> helpers_cpu_ns{0};  // of the other threads that took part
    std::atomic<std::uint64_t> seed{1};
    /// Set: sort, join and summarize go on there when the memory is used up.
    SpillSpace* spill = nullptr;
    /// Set: operators are measured.
    Profile* profile = nullptr;

    explicit QueryContext(std::int64_t memory_bytes) : budget(memory_bytes) {}
    /// Cancelled or DeadlineExceeded; to be asked once per chunk.
    Status check() const;
    /// What one operator may hold before it goes to disk: the rest is for what it makes of it and
    /// for the operators around it.
    bool wants_spilling(std::int64_t held_bytes) const {
        return spill != nullptr && held_bytes > budget.limit_bytes() / 4;
    }
    /// E_RUNAWAY_QUERY naming the operator when the memory is used up.
    Status reserve(std::int64_t bytes, std::string_view op);
};

struct GraphOp;
struct GraphMatchOp;
struct GraphTableOp;

/// Memory held by one operator, given back when it ends.
class Reservation {
  public:
    Reservation(QueryContext& query, std::string_view op)
        : query_(query),
          op_(op),
          profile_(query.profile != nullptr ? Profile::current() : nullptr) {}
    ~Reservation() {
        query_.budget.release(held_);
        if (profile_ != nullptr) {
            profile_->hold(-held_);
        }
    }
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    Status add(std::int64_t bytes) {
        QD_CHECK_OK(query_.reserve(bytes, op_));
        held_.fetch_add(bytes, std::memory_order_relaxed);
        if (profile_ != nullptr) {
            profile_->hold(bytes);
        }
        return {};
    }
    void give_back(std::int64_t bytes) {
        query_.budget.release(bytes);
        held_.fetch_sub(bytes, std::memory_order_relaxed);
        if (profile_ != nullptr) {
            profile_->hold(-bytes);
        }
    }

  private:
    QueryContext& query_;
    std::string op_;
    OperatorProfile* profile_;
    std::atomic<std::int64_t> held_{0};
};

/// Takes chunks. Worker w's chunks come one after the other in order, and all rows of worker w
/// stand before those of worker w + 1, so a sink that keeps what each worker sent apart can restore
/// the order.
class Sink {
  public:
    virtual ~Sink() = default;
    /// False: no more rows are wanted.
    virtual Result<bool> push(std::size_t worker, columns::Chunk chunk) = 0;
    /// False: every chunk must come on one thread, as worker 0.
    virtual bool parallel() const = 0;
};

class Runtime {
  public:
    explicit Runtime(QueryContext& query) : query_(query) {}
    ~Runtime();

    /// Pushes all rows of the plan. False when the sink wanted no more.
    Result<bool> stream(const PlanOp& plan, Sink& sink);
    Result<columns::Table> collect(const PlanOp& plan);
    QueryContext& query() { return query_; }
    EvalContext evaluation();
    /// Pushes big chunks in pieces.
    Result<bool> emit(const columns::Chunk& rows, Sink& sink);
    Result<bool> emit(const columns::Table& table, Sink& sink);
    /// Rows that are made as they are wanted: make(begin, count) makes rows [begin, begin + count).
    /// Each worker makes a run of them, at most `batch` (and a chunk's rows) at a time; `make` runs
    /// on several threads at once.
    Result<bool> emit_batches(
        Sink& sink, std::uint32_t rows, std::uint64_t batch,
        const std::function<columns::Chunk(std::uint32_t, std::uint32_t)>& make);
    /// The rows of a subquery's placeholder, while the subquery runs.
    void bind_placeholder(std::uint32_t id, const columns::Table* table);
    /// Subqueries run on the thread they are on.
    void set_serial(bool serial) { serial_ = serial; }
    std::size_t worker_count(const Sink& sink) const {
        return serial_ || !sink.parallel() ? 1 : query_.workers;
    }
    /// run_parallel() whose threads' time is counted as the query's.
    void parallel(std::size_t workers, const std::function<void(std::size_t)>& work);

  private:
    Result<bool> run(const PlanOp& plan, Sink& sink);
    // scan.cc, scan_top.cc
    Result<bool> scan(const ScanOp& op, const std::vector<BoundPtr>& conjuncts, Sink& sink);
    /// A superset of the first rows of a sort right above a scan, in row order; nothing when that
    /// would not pay.
    Result<std::optional<std::vector<columns::Chunk>>> scan_top(const SortOp& op);
    Result<bool> range(const RangeOp& op, Sink& sink);
    Result<bool> filter(const FilterOp& op, Sink& sink);
    Result<bool> project(const ProjectOp& op, Sink& sink);
    Result<bool> take(const TakeOp& op, Sink& sink);
    Result<bool> summarize(const SummarizeOp& op, Sink& sink);
    Result<bool> sort(const SortOp& op, Sink& sink);
    Result<bool> join(const JoinOp& op, const std::vector<BoundPtr>& conjuncts, Sink& sink);
    Result<bool> join_with(const JoinOp& op, const std::vector<BoundPtr>& conjuncts,
                           columns::Chunk right_rows,
                           const std::function<Result<bool>(Sink&)>& send_left, Sink& sink);
    Result<PlanPtr> right_side_for(const JoinOp& op, const columns::Table& left);
    Result<bool> windows(const WindowOp& op, Sink& sink);
    Result<bool> mv_expand(const MvExpandOp& op, const std::vector<BoundPtr>& conjuncts,
                           Sink& sink);
    Result<bool> mv_apply(const MvApplyOp& op, Sink& sink);
    Result<bool> make_series(const MakeSeriesOp& op, Sink& sink);
    Result<bool> parse(const ParseOp& op, Sink& sink);
    Result<bool> parse_kv(const ParseKvOp& op, Sink& sink);
    Result<bool> plugin(const PluginOp& op, Sink& sink);
    Result<columns::Table> run_plugin(const PluginOp& op);
    Result<bool> materialized(const MaterializeOp& op, Sink& sink);
    Result<bool> sample(const SampleOp& op, Sink& sink);
    Result<bool> sample_distinct(const SampleDistinctOp& op, Sink& sink);
    Result<bool> partition(const PartitionOp& op, Sink& sink);
    Result<bool> state_scan(const StateScanOp& op, Sink& sink);
    Result<bool> top_nested(const TopNestedOp& op, Sink& sink);
    Result<bool> reduce(const ReduceOp& op, Sink& sink);
    // graph_match.cc
    Result<std::vector<columns::Table>> graph_tables(const GraphOp& op);
    Result<bool> graph_match(const GraphMatchOp& op, Sink& sink);
    Result<bool> graph_table(const GraphTableOp& op, Sink& sink);

    QueryContext& query_;
    std::map<std::uint32_t, const columns::Table*> placeholders_;
    std::vector<std::unique_ptr<Random>> randoms_;
    bool serial_ = false;
};

/// Keeps all chunks, each worker's apart.
class CollectSink final : public Sink {
  public:
    CollectSink(QueryContext& query, std::size_t workers, std::string_view op)
        : query_(query), reserved_(query, op), chunks_(workers) {}
    Result<bool> push(std::size_t worker, columns::Chunk chunk) override;
    bool parallel() const override { return true; }
    /// In order.
    std::vector<columns::Chunk> take();

  private:
    QueryContext& query_;
    Reservation reserved_;
    std::vector<std::vector<columns::Chunk>> chunks_;
};

std::int64_t chunk_bytes(const columns::Chunk& chunk);
/// All rows as one chunk; columns are made even when there are no chunks.
columns::Chunk join_chunks(const std::vector<columns::Chunk>& chunks,
                           const columns::Schema& schema);

}  // namespace qd::kql
