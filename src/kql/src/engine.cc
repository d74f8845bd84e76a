#include "qd/kql/engine.h"

#include "exec/runtime.h"
#include "plan/binder.h"
#include "plan/logical_plan.h"
#include "plan/optimise.h"
#include "qd/kql/parser.h"

#include <algorithm>
#include <unordered_map>

namespace qd::kql {

using columns::Chunk;
using columns::Table;

std::uint64_t ResultTable::rows() const {
    std::uint64_t total = 0;
    for (const Chunk& chunk : chunks) {
        total += chunk.rows;
    }
    return total;
}

bool Validation::ok() const {
    return std::none_of(diagnostics.begin(), diagnostics.end(),
                        [](const Diagnostic& d) { return d.severity == Severity::Error; });
}

namespace {

/// Runs parts of the query for the binder.
class BindRunner final : public PlanRunner {
  public:
    explicit BindRunner(QueryContext& query) : query_(query) {}
    Result<Table> run(const PlanPtr& plan) override {
        Runtime runtime(query_);
        return runtime.collect(*(query_.optimise ? optimise(plan) : plan));
    }

  private:
    QueryContext& query_;
};

/// Keeps the answer up to its limits.
class ResultSink final : public Sink {
  public:
    ResultSink(QueryContext& query, std::uint64_t rows_max, std::uint64_t bytes_max)
        : query_(query),
          rows_max_(rows_max),
          bytes_max_(bytes_max),
          reserved_(query, "result"),
          chunks_(query.workers) {}
    bool parallel() const override { return true; }
    Result<bool> push(std::size_t worker, Chunk chunk) override {
        QD_CHECK_OK(query_.check());
        if (chunk.rows == 0) {
            return true;
        }
        const std::int64_t bytes = chunk_bytes(chunk);
        QD_CHECK_OK(reserved_.add(bytes));
        rows_.fetch_add(chunk.rows, std::memory_order_relaxed);
        const auto total =
            bytes_.fetch_add(static_cast<std::uint64_t>(bytes)) + static_cast<std::uint64_t>(bytes);
        chunks_[worker].push_back(std::move(chunk));
        return rows_.load(std::memory_order_relaxed) <= rows_max_ && total <= bytes_max_;
    }
    /// The rows in order, cut to the limits; `cut` says whether any were left out.
    std::vector<Chunk> take(bool& cut) {
        std::vector<Chunk> out;
        std::uint64_t left = rows_max_;
        cut = rows_.load() > rows_max_ || bytes_.load() > bytes_max_;
        for (std::vector<Chunk>& part : chunks_) {
            for (Chunk& chunk : part) {
                if (left == 0) {
                    return out;
                }
                if (chunk.rows > left) {
                    chunk = columns::slice(chunk, 0, static_cast<std::uint32_t>(left));
                }
                left -= chunk.rows;
                out.push_back(std::move(chunk));
            }
        }
        return out;
    }

  private:
    QueryContext& query_;
    std::uint64_t rows_max_;
    std::uint64_t bytes_max_;
    Reservation reserved_;
    std::vector<std::vector<Chunk>> chunks_;
    std::atomic<std::uint64_t> rows_{0};
    std::atomic<std::uint64_t> bytes_{0};
};

const Diagnostic* first_error(const std::vector<Diagnostic>& diagnostics) {
    for (const Diagnostic& d : diagnostics) {
        if (d.severity == Severity::Error) {
            return &d;
        }
    }
    return nullptr;
}

Error not_a_query() {
    return Error(Code::InvalidArgument, "SYN0002", "a management command cannot be run as a query");
}

/// Lets share their plans, so a short text can stand for a tree of any size; the optimiser and the
/// executor walk the tree. Counted over the shared nodes, each once.
class PlanSize {
  public:
    Status check(const PlanOp& plan) {
        if (operators(plan) <= kOperatorsMax) {
            return ok_status();
        }
        return Error(
            Code::ResourceExhausted, "E_RUNAWAY_QUERY",
            "the query expands to too many operators, allowed: " + std::to_string(kOperatorsMax));
    }

  private:
    static constexpr std::uint64_t kOperatorsMax = 20'000;

    std::uint64_t operators(const PlanOp& plan) {
        if (const auto known = counted_.find(&plan); known != counted_.end()) {
            return known->second;
        }
        std::uint64_t count = 1;
        for (const PlanPtr& input : plan.inputs) {
            count = std::min(count + operators(*input), kOperatorsMax + 1);
        }
        counted_.emplace(&plan, count);
        return count;
    }

    std::unordered_map<const PlanOp*, std::uint64_t> counted_;
};

}  // namespace

Result<QueryResult> Engine::run(std::string_view text, Catalog& catalog,
                                const QueryOptions& options, const CancelFlag* cancel) const {
    const std::int64_t begin_ns = clock_.now_ns();
    ParseResult parsed = parse(text);
    if (const Diagnostic* error = first_error(parsed.diagnostics)) {
        return to_error(*error);
    }
    if (parsed.script.command) {
        return not_a_query();
    }
    QueryContext query(options.memory_bytes_max);
    query.executor = &executor_;
    query.clock = &clock_;
    query.catalog = &catalog;
    query.cancel = cancel;
    query.deadline_ns = options.timeout_ms > 0 ? begin_ns + options.timeout_ms * 1'000'000 : 0;
    query.now = options.now.ticks != 0 ? options.now : clock_.utc();
    query.workers =
        std::max<std::size_t>(options.workers != 0 ? options.workers : executor_.concurrency(), 1);
    query.chunk_rows = options.chunk_rows != 0 ? options.chunk_rows : columns::kChunkRows;
    query.optimise = options.optimise;
    query.seed = static_cast<std::uint64_t>(begin_ns) | 1;
    BindRunner runner(query);
    Runtime evaluation(query);
    Binder binder({.catalog = &catalog,
                   .options = &options,
                   .evaluation = evaluation.evaluation(),
                   .runner = &runner});
    std::vector<BoundResult> plans = binder.bind(parsed.script);
    if (const Diagnostic* error = first_error(binder.diagnostics())) {
        return to_error(*error);
    }
    if (binder.run_error()) {
        return *binder.run_error();
    }
    const QuerySettings& settings = binder.settings();
    if (settings.now) {
        query.now = *settings.now;
    }
    std::uint64_t rows_max =
        std::min(options.rows_max, settings.truncation_rows.value_or(options.rows_max));
    std::uint64_t bytes_max = settings.truncation_bytes.value_or(options.bytes_max);
    if (settings.no_truncation) {
        rows_max = ~std::uint64_t{0};
        bytes_max = ~std::uint64_t{0};
    }
    QueryResult result;
    PlanSize size;
    for (const BoundResult& bound : plans) {
        QD_CHECK_OK(size.check(*bound.plan));
    }
    for (BoundResult& bound : plans) {
        const PlanPtr plan = query.optimise ? optimise(bound.plan) : bound.plan;
        const std::uint64_t wanted =
            std::min(rows_max, settings.take_rows.value_or(~std::uint64_t{0}));
        ResultSink sink(query, wanted, bytes_max);
        Runtime runtime(query);
        QD_TRY(const bool more, runtime.stream(*plan, sink));
        static_cast<void>(more);
        ResultTable table;
        table.name = bound.name;
        table.schema = bound.plan->schema;
        table.visualization = bound.visualization;
        bool cut = false;
        table.chunks = sink.take(cut);
        if (cut && wanted == rows_max) {
            result.partial =
                Error(Code::ResourceExhausted, "E_QUERY_RESULT_SET_TOO_LARGE",
                      "Query result set has exceeded the internal record count or size limit");
        }
        result.tables.push_back(std::move(table));
    }
    result.stats.rows_scanned = query.rows_scanned.load();
    result.stats.bytes_scanned = query.bytes_scanned.load();
    result.stats.elapsed_ns = clock_.now_ns() - begin_ns;
    result.stats.cpu_ns = result.stats.elapsed_ns;
    result.stats.peak_memory_bytes = query.budget.peak_bytes();
    return result;
}

Validation Engine::validate(std::string_view text, Catalog& catalog,
                            const QueryOptions& options) const {
    Validation out;
    ParseResult parsed = parse(text);
    out.diagnostics = parsed.diagnostics;
    if (!parsed.ok() || parsed.script.command) {
        return out;
    }
    QueryContext query(options.memory_bytes_max);
    query.executor = &executor_;
    query.clock = &clock_;
    query.catalog = &catalog;
    query.now = options.now.ticks != 0 ? options.now : clock_.utc();
    Runtime evaluation(query);
    Binder binder({.catalog = &catalog,
                   .options = &options,
                   .evaluation = evaluation.evaluation(),
                   .runner = nullptr});
    const std::vector<BoundResult> plans = binder.bind(parsed.script);
    out.diagnostics.insert(out.diagnostics.end(), binder.diagnostics().begin(),
                           binder.diagnostics().end());
    for (const BoundResult& plan : plans) {
        out.schemas.push_back(plan.plan->schema);
    }
    return out;
}

Result<std::string> Engine::explain(std::string_view text, Catalog& catalog,
                                    const QueryOptions& options) const {
    ParseResult parsed = parse(text);
    if (const Diagnostic* error = first_error(parsed.diagnostics)) {
        return to_error(*error);
    }
    if (parsed.script.command) {
        return not_a_query();
    }
    QueryContext query(options.memory_bytes_max);
    query.executor = &executor_;
    query.clock = &clock_;
    query.catalog = &catalog;
    query.now = options.now.ticks != 0 ? options.now : clock_.utc();
    Runtime evaluation(query);
    Binder binder({.catalog = &catalog,
                   .options = &options,
                   .evaluation = evaluation.evaluation(),
                   .runner = nullptr});
    const std::vector<BoundResult> plans = binder.bind(parsed.script);
    if (const Diagnostic* error = first_error(binder.diagnostics())) {
        return to_error(*error);
    }
    std::string out;
    for (const BoundResult& bound : plans) {
        out += explain_plan(*(options.optimise ? optimise(bound.plan) : bound.plan));
    }
    return out;
}

std::vector<FunctionDoc> function_docs() {
    std::vector<FunctionDoc> out;
    for (const ScalarFunction* f : all_scalar_functions()) {
        out.push_back({f->name, f->signature, f->doc, "scalar"});
    }
    for (const MultiFunction* f : all_multi_functions()) {
        out.push_back({f->name, f->signature, f->doc, "scalar"});
    }
    for (const AggregateFunction* f : all_aggregates()) {
        out.push_back({f->name, f->signature, f->doc, "aggregate"});
    }
    for (const Plugin* f : all_plugins()) {
        out.push_back({f->name, f->signature, f->doc, "plugin"});
    }
    std::sort(out.begin(), out.end(),
              [](const FunctionDoc& a, const FunctionDoc& b) { return a.name < b.name; });
    return out;
}

}  // namespace qd::kql
