#include "exec/runtime.h"

#include "exec/stream_sinks.h"
#include "plan/graph_plan.h"
#include "qd/base/random.h"

#include <algorithm>
#include <thread>

namespace qd::kql {

using columns::Chunk;
using columns::Schema;
using columns::Table;

Status QueryContext::check() const {
    if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) {
        return Error(Code::Cancelled, "E_QUERY_CANCELLED", "the query was cancelled");
    }
    if (deadline_ns != 0 && clock->now_ns() > deadline_ns) {
        return Error(Code::DeadlineExceeded, "E_QUERY_TIMEOUT", "the query ran out of time");
    }
    return {};
}

Status QueryContext::reserve(std::int64_t bytes, std::string_view op) {
    const Status status = budget.reserve(bytes);
    if (!status.ok()) {
        return Error(Code::ResourceExhausted, "E_RUNAWAY_QUERY",
                     "the operator needs more memory than the query may use: " + std::string(op));
    }
    return {};
}

std::int64_t chunk_bytes(const Chunk& chunk) {
    std::size_t bytes = 0;
    for (const ColumnPtr& column : chunk.columns) {
        if (column->layout() == columns::Layout::Dictionary) {
            bytes += column->size() * sizeof(std::uint32_t);  // the dictionary is shared
        } else {
            bytes += column->memory_bytes();
        }
    }
    return static_cast<std::int64_t>(bytes);
}

Chunk join_chunks(const std::vector<Chunk>& chunks, const Schema& schema) {
    Chunk out;
    for (const Chunk& chunk : chunks) {
        out.rows += chunk.rows;
    }
    for (std::size_t c = 0; c < schema.size(); ++c) {
        if (chunks.empty()) {
            columns::ColumnBuilder empty(schema[c].type);
            out.columns.push_back(empty.finish());
        } else if (chunks.size() == 1) {
            out.columns.push_back(chunks[0].columns[c]);
        } else {
            std::vector<ColumnPtr> parts;
            parts.reserve(chunks.size());
            for (const Chunk& chunk : chunks) {
                parts.push_back(chunk.columns[c]);
            }
            out.columns.push_back(columns::stack(parts));
        }
    }
    return out;
}

Result<bool> CollectSink::push(std::size_t worker, Chunk chunk) {
    QD_CHECK_OK(query_.check());
    if (chunk.rows > 0) {
        QD_CHECK_OK(reserved_.add(chunk_bytes(chunk)));
        chunks_[worker].push_back(std::move(chunk));
    }
    return true;
}

std::vector<Chunk> CollectSink::take() {
    std::vector<Chunk> out;
    for (std::vector<Chunk>& part : chunks_) {
        for (Chunk& chunk : part) {
            out.push_back(std::move(chunk));
        }
    }
    chunks_.clear();
    return out;
}

Runtime::~Runtime() = default;

EvalContext Runtime::evaluation() {
    randoms_.push_back(std::make_unique<Random>(query_.seed.fetch_add(1)));
    return {.now = query_.now,
            .random = randoms_.back().get(),
            .budget = &query_.budget,
            .catalog = query_.catalog,
            .principal = query_.principal};
}

void Runtime::bind_placeholder(std::uint32_t id, const Table* table) {
    placeholders_[id] = table;
}

Result<Table> Runtime::collect(const PlanOp& plan) {
    if (plan.kind == OpKind::Plugin) {
        // Its columns may come out of the rows, so that they do not go through a sink.
        if (query_.profile == nullptr) {
            return run_plugin(as<PluginOp>(plan));
        }
        OperatorProfile& op = query_.profile->of(plan);
        const Profile::Work working(query_.profile, &op);
        QD_TRY(Table rows, run_plugin(as<PluginOp>(plan)));
        op.ran.store(true, std::memory_order_relaxed);
        op.rows.fetch_add(rows.rows(), std::memory_order_relaxed);
        return rows;
    }
    CollectSink sink(query_, query_.workers, "materialize");
    QD_TRY(const bool more, stream(plan, sink));
    static_cast<void>(more);
    Table table;
    table.schema = plan.schema;
    table.chunks = sink.take();
    return table;
}

Result<bool> Runtime::emit(const Chunk& rows, Sink& sink) {
    return emit_batches(sink, rows.rows, query_.chunk_rows,
                        [&](std::uint32_t begin, std::uint32_t count) {
                            const bool whole = begin == 0 && count == rows.rows;
                            return whole ? rows : columns::slice(rows, begin, count);
                        });
}

Result<bool> Runtime::emit(const Table& table, Sink& sink) {
    for (const Chunk& chunk : table.chunks) {
        QD_TRY(const bool more, emit(chunk, sink));
        if (!more) {
            return false;
        }
    }
    return true;
}

/// Another thread is worth its start from here on.
constexpr std::uint64_t kBatchesMin = 4;

Result<bool> Runtime::emit_batches(Sink& sink, std::uint32_t rows, std::uint64_t batch,
                                   const std::function<Chunk(std::uint32_t, std::uint32_t)>& make) {
    const auto size = static_cast<std::uint32_t>(std::min<std::uint64_t>(batch, query_.chunk_rows));
    const std::uint64_t batches = (std::uint64_t{rows} + size - 1) / size;
    const std::uint64_t workers = std::max<std::uint64_t>(
        std::min<std::uint64_t>(worker_count(sink), batches / kBatchesMin), 1);
    std::vector<Status> statuses(workers);
    std::atomic<bool> stop{false};
    const auto run = [&](std::size_t worker) -> Result<bool> {
        const auto end = static_cast<std::uint32_t>(rows * (worker + 1) / workers);
        for (auto at = static_cast<std::uint32_t>(rows * worker / workers); at < end; at += size) {
            QD_CHECK_OK(query_.check());
            QD_TRY(const bool more, sink.push(worker, make(at, std::min(size, end - at))));
            if (!more || stop.load(std::memory_order_relaxed)) {
                return false;
            }
        }
        return true;
    };
    parallel(workers, [&](std::size_t worker) {
        const Result<bool> more = run(worker);
        if (!more.ok()) {
            statuses[worker] = more.error();
        }
        if (!more.ok() || !more.value()) {
            stop.store(true, std::memory_order_relaxed);
        }
    });
    for (Status& status : statuses) {
        QD_CHECK_OK(std::move(status));
    }
    return !stop.load();
}

Result<bool> Runtime::range(const RangeOp& op, Sink& sink) {
    const DataType type = op.schema[0].type;
    if (op.from.is_null() || op.to.is_null() || op.step.is_null()) {
        return true;
    }
    constexpr std::uint64_t kRowsMax = std::uint64_t{1} << 31;
    std::uint64_t made = 0;
    bool done = false;
    while (!done) {
        QD_CHECK_OK(query_.check());
        columns::ColumnBuilder out(type, query_.chunk_rows);
        for (std::uint32_t i = 0; i < query_.chunk_rows && !done; ++i) {
            if (type == DataType::Real) {
                const double step = op.step.as_real();
                const double v = op.from.as_real() + static_cast<double>(made) * step;
                done = step == 0 || (step > 0 ? v > op.to.as_real() : v < op.to.as_real());
                if (!done) {
                    out.append_real(v);
                }
            } else {
                const std::int64_t step = op.step.as_int();
                std::int64_t offset = 0;
                std::int64_t v = 0;
                const bool over =
                    __builtin_mul_overflow(static_cast<std::int64_t>(made), step, &offset) ||
                    __builtin_add_overflow(op.from.as_int(), offset, &v);
                done = over || step == 0 || (step > 0 ? v > op.to.as_int() : v < op.to.as_int());
                if (!done) {
                    out.append_int(v);
                }
            }
            ++made;
        }
        if (made > kRowsMax) {
            return Error(Code::ResourceExhausted, "E_RUNAWAY_QUERY", "range makes too many rows");
        }
        Chunk chunk;
        chunk.rows = out.size();
        chunk.columns.push_back(out.finish());
        if (chunk.rows > 0) {
            QD_TRY(const bool more, sink.push(0, std::move(chunk)));
            if (!more) {
                return false;
            }
        }
    }
    return true;
}

Result<bool> Runtime::project(const ProjectOp& op, Sink& sink) {
    ProjectSink project(*this, op, sink);
    return stream(*op.inputs[0], project);
}

Result<bool> Runtime::take(const TakeOp& op, Sink& sink) {
    if (op.rows == 0) {
        return true;
    }
    TakeSink take(op.rows, sink);
    QD_TRY(const bool more, stream(*op.inputs[0], take));
    static_cast<void>(more);
    return take.next_wants_more();
}

Result<bool> Runtime::materialized(const MaterializeOp& op, Sink& sink) {
    std::shared_ptr<const Table> table;
    {
        const std::lock_guard lock(op.rows->mutex);
        if (!op.rows->done) {
            QD_TRY(Table rows, collect(*op.inputs[0]));
            op.rows->table = std::make_shared<const Table>(std::move(rows));
            op.rows->done = true;
        }
        table = op.rows->table;
    }
    return emit(*table, sink);
}

Result<bool> Runtime::plugin(const PluginOp& op, Sink& sink) {
    QD_TRY(const Table output, run_plugin(op));
    return emit(output, sink);
}

Result<Table> Runtime::run_plugin(const PluginOp& op) {
    QD_TRY(Table input, collect(*op.inputs[0]));
    std::vector<PluginArgument> arguments = op.arguments;
    std::size_t next = 1;
    for (PluginArgument& argument : arguments) {
        if (argument.kind == PluginArgument::Kind::Table) {
            QD_TRY(Table rows, collect(*op.inputs[next++]));
            argument.table = std::make_shared<const Table>(std::move(rows));
        }
    }
    const Schema& schema = op.inputs[0]->schema;
    const PluginCall call{.input = schema,
                          .arguments = arguments,
                          .declared = op.declared,
                          .declared_star = op.declared_star};
    return op.plugin->run(call, evaluation(), std::move(input));
}

void Runtime::parallel(std::size_t workers, const std::function<void(std::size_t)>& work) {
    const std::thread::id caller = std::this_thread::get_id();
    OperatorProfile* op = query_.profile != nullptr ? Profile::current() : nullptr;
    run_parallel(*query_.executor, workers, [&](std::size_t worker) {
        if (std::this_thread::get_id() == caller) {
            work(worker);
            return;
        }
        const Profile::Work helping(query_.profile, op);
        const std::int64_t begin_ns = query_.clock->thread_cpu_ns();
        work(worker);
        query_.helpers_cpu_ns.fetch_add(query_.clock->thread_cpu_ns() - begin_ns,
                                        std::memory_order_relaxed);
    });
}

namespace {

/// Counts what an operator sends on; the time behind it is the receiving operator's.
class MeasuredSink final : public Sink {
  public:
    MeasuredSink(Profile* profile, OperatorProfile& from, OperatorProfile* to, Sink& next)
        : profile_(profile), from_(from), to_(to), next_(next) {}
    Result<bool> push(std::size_t worker, Chunk chunk) override {
        from_.rows.fetch_add(chunk.rows, std::memory_order_relaxed);
        const Profile::Work receiving(profile_, to_);
        return next_.push(worker, std::move(chunk));
    }
    bool parallel() const override { return next_.parallel(); }

  private:
    Profile* profile_;
    OperatorProfile& from_;
    OperatorProfile* to_;
    Sink& next_;
};

}  // namespace

Result<bool> Runtime::stream(const PlanOp& plan, Sink& sink) {
    if (query_.profile == nullptr) {
        return run(plan, sink);
    }
    OperatorProfile& op = query_.profile->of(plan);
    op.ran.store(true, std::memory_order_relaxed);
    MeasuredSink measured(query_.profile, op, Profile::current(), sink);
    const Profile::Work working(query_.profile, &op);
    return run(plan, measured);
}

Result<bool> Runtime::run(const PlanOp& plan, Sink& sink) {
    QD_CHECK_OK(query_.check());
    switch (plan.kind) {
        case OpKind::Scan:
            return scan(as<ScanOp>(plan), {}, sink);
        case OpKind::Values:
            return emit(*as<ValuesOp>(plan).table, sink);
        case OpKind::Placeholder: {
            const auto it = placeholders_.find(as<PlaceholderOp>(plan).id);
            if (it == placeholders_.end() || it->second == nullptr) {
                return Error(Code::Internal, "KQL0002", "a subquery ran without its input");
            }
            return emit(*it->second, sink);
        }
        case OpKind::Range:
            return range(as<RangeOp>(plan), sink);
        case OpKind::Filter:
            return filter(as<FilterOp>(plan), sink);
        case OpKind::Project:
            return project(as<ProjectOp>(plan), sink);
        case OpKind::Window:
            return windows(as<WindowOp>(plan), sink);
        case OpKind::Take:
            return take(as<TakeOp>(plan), sink);
        case OpKind::Summarize:
            return summarize(as<SummarizeOp>(plan), sink);
        case OpKind::Sort:
            return sort(as<SortOp>(plan), sink);
        case OpKind::Join:
            return join(as<JoinOp>(plan), {}, sink);
        case OpKind::Union:
            for (const PlanPtr& input : plan.inputs) {
                QD_TRY(const bool more, stream(*input, sink));
                if (!more) {
                    return false;
                }
            }
            return true;
        case OpKind::MvExpand:
            return mv_expand(as<MvExpandOp>(plan), {}, sink);
        case OpKind::MvApply:
            return mv_apply(as<MvApplyOp>(plan), sink);
        case OpKind::MakeSeries:
            return make_series(as<MakeSeriesOp>(plan), sink);
        case OpKind::Parse:
            return parse(as<ParseOp>(plan), sink);
        case OpKind::ParseKv:
            return parse_kv(as<ParseKvOp>(plan), sink);
        case OpKind::Plugin:
            return plugin(as<PluginOp>(plan), sink);
        case OpKind::Materialize:
            return materialized(as<MaterializeOp>(plan), sink);
        case OpKind::Sample:
            return sample(as<SampleOp>(plan), sink);
        case OpKind::SampleDistinct:
            return sample_distinct(as<SampleDistinctOp>(plan), sink);
        case OpKind::Partition:
            return partition(as<PartitionOp>(plan), sink);
        case OpKind::StateScan:
            return state_scan(as<StateScanOp>(plan), sink);
        case OpKind::TopNested:
            return top_nested(as<TopNestedOp>(plan), sink);
        case OpKind::Reduce:
            return reduce(as<ReduceOp>(plan), sink);
        case OpKind::Graph:
            return Error(Code::InvalidArgument, "SEM0018",
                         "A graph is no table: use graph-match or graph-to-table");
        case OpKind::GraphMatch:
            return graph_match(as<GraphMatchOp>(plan), sink);
        case OpKind::GraphTable:
            return graph_table(as<GraphTableOp>(plan), sink);
    }
    return Error(Code::Internal, "KQL0003", "an operator without an implementation");
}

}  // namespace qd::kql
