#include "qd/kql/engine.h"

#include "exec/runtime.h"
#include "plan/binder.h"
#include "plan/logical_plan.h"
#include "plan/optimise.h"
#include "qd/kql/parser.h"

#include <algorithm>
#include <cstdio>
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

/// Throws rows away.
class NoSink final : public Sink {
  public:
    Result<bool> push(std::size_t, Chunk) override { return true; }
    bool parallel() const override { return true; }
};

std::string analysis_text(const ExplainedOperator& op) {
    char facts[96];
    std::snprintf(facts, sizeof facts, "  (%llu rows, %.3f ms",
                  static_cast<unsigned long long>(op.rows), static_cast<double>(op.busy_ns) / 1e6);
    std::string text = facts;
    if (op.memory_bytes > 0) {
        text += ", " + std::to_string((op.memory_bytes + 1023) / 1024) + " KiB";
    }
    return text + ")";
}

Result<ParseResult> parse_query(std::string_view text) {
    ParseResult parsed = parse(text);
    if (const Diagnostic* error = first_error(parsed.diagnostics)) {
        return to_error(*error);
    }
    if (parsed.script.command) {
        return not_a_query();
    }
    return parsed;
}

}  // namespace

/// One query and what it is bound and run in.
struct Engine::Running {
    /// Parts of the query are run for the binder unless it is only to be checked.
    enum class Mode : std::uint8_t { Check, Run };

    Running(const Engine& engine, Catalog& catalog, const QueryOptions& options, Mode mode,
            const CancelFlag* cancel = nullptr)
        : clock(engine.clock_),
          begin_ns(clock.now_ns()),
          begin_cpu_ns(clock.thread_cpu_ns()),
          query(options.memory_bytes_max),
          runner(query),
          evaluation(query) {
        query.executor = &engine.executor_;
        query.clock = &clock;
        query.catalog = &catalog;
        query.cancel = cancel;
        query.deadline_ns = options.timeout_ms > 0 ? begin_ns + options.timeout_ms * 1'000'000 : 0;
        query.now = options.now.ticks != 0 ? options.now : clock.utc();
        query.principal = &options.principal;
        query.workers = std::max<std::size_t>(
            options.workers != 0 ? options.workers : engine.executor_.concurrency(), 1);
        query.chunk_rows = options.chunk_rows != 0 ? options.chunk_rows : columns::kChunkRows;
        query.optimise = options.optimise;
        query.spill = engine.spill_;
        query.seed = static_cast<std::uint64_t>(begin_ns) | 1;
        binder.emplace(Binder::Setup{.catalog = &catalog,
                                     .options = &options,
                                     .evaluation = evaluation.evaluation(),
                                     .runner = mode == Mode::Run ? &runner : nullptr});
    }

    /// The statements' plans, optimised; the first thing wrong with the query otherwise.
    Result<std::vector<BoundResult>> bind(const Script& script) {
        std::vector<BoundResult> plans = binder->bind(script);
        if (const Diagnostic* error = first_error(binder->diagnostics())) {
            return to_error(*error);
        }
        if (binder->run_error()) {
            return *binder->run_error();
        }
        query.now = binder->settings().now.value_or(query.now);
        PlanSize size;
        for (const BoundResult& bound : plans) {
            QD_CHECK_OK(size.check(*bound.plan));
        }
        if (query.optimise) {
            for (BoundResult& bound : plans) {
                bound.plan = optimise(bound.plan);
            }
        }
        return plans;
    }

    Result<bool> send(const PlanOp& plan, Sink& sink) {
        Runtime runtime(query);
        Result<bool> more = runtime.stream(plan, sink);
        if (!more.ok() && more.error().id() == "MEM0001") {
            return Error(Code::ResourceExhausted, "E_RUNAWAY_QUERY",
                         "what a function or an aggregate keeps needs more memory than the query "
                         "may use");
        }
        return more;
    }

    QueryStats stats() const {
        const std::int64_t own_cpu_ns = clock.thread_cpu_ns() - begin_cpu_ns;
        return {.rows_scanned = query.rows_scanned.load(),
                .bytes_scanned = query.bytes_scanned.load(),
                .bytes_spilled = query.bytes_spilled.load(),
                .cpu_ns = own_cpu_ns + query.helpers_cpu_ns.load(),
                .elapsed_ns = clock.now_ns() - begin_ns,
                .peak_memory_bytes = query.budget.peak_bytes()};
    }

    Clock& clock;
    std::int64_t begin_ns;
    std::int64_t begin_cpu_ns;
    QueryContext query;
    BindRunner runner;
    Runtime evaluation;
    std::optional<Binder> binder;
};

Result<QueryResult> Engine::run(std::string_view text, Catalog& catalog,
                                const QueryOptions& options, const CancelFlag* cancel) const {
    Running running(*this, catalog, options, Running::Mode::Run, cancel);
    QD_TRY(const ParseResult parsed, parse_query(text));
    QD_TRY(const std::vector<BoundResult> plans, running.bind(parsed.script));
    const QuerySettings& settings = running.binder->settings();
    std::uint64_t rows_max =
        std::min(options.rows_max, settings.truncation_rows.value_or(options.rows_max));
    std::uint64_t bytes_max = settings.truncation_bytes.value_or(options.bytes_max);
    if (settings.no_truncation) {
        rows_max = ~std::uint64_t{0};
        bytes_max = ~std::uint64_t{0};
    }
    QueryResult result;
    for (const BoundResult& bound : plans) {
        const std::uint64_t wanted =
            std::min(rows_max, settings.take_rows.value_or(~std::uint64_t{0}));
        ResultSink sink(running.query, wanted, bytes_max);
        QD_TRY(const bool more, running.send(*bound.plan, sink));
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
    result.stats = running.stats();
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
    Running running(*this, catalog, options, Running::Mode::Check);
    const std::vector<BoundResult> plans = running.binder->bind(parsed.script);
    const std::vector<Diagnostic>& found = running.binder->diagnostics();
    out.diagnostics.insert(out.diagnostics.end(), found.begin(), found.end());
    for (const BoundResult& plan : plans) {
        out.schemas.push_back(plan.plan->schema);
    }
    return out;
}

Result<Explanation> Engine::explain(std::string_view text, Catalog& catalog,
                                    const QueryOptions& options, bool analyze,
                                    const CancelFlag* cancel) const {
    Running running(*this, catalog, options, analyze ? Running::Mode::Run : Running::Mode::Check,
                    cancel);
    QD_TRY(const ParseResult parsed, parse_query(text));
    QD_TRY(const std::vector<BoundResult> plans, running.bind(parsed.script));
    Profile profile(clock_);
    Explanation out;
    if (analyze) {
        running.query.profile = &profile;
        for (const BoundResult& bound : plans) {
            NoSink sink;
            QD_TRY(const bool more, running.send(*bound.plan, sink));
            static_cast<void>(more);
        }
        out.stats = running.stats();
    }
    for (const BoundResult& bound : plans) {
        const auto instead = [&](const PlanOp& plan) { return profile.replacement(plan); };
        explain_plan(*bound.plan, instead, [&](const PlanOp& plan, ExplainedOperator op) {
            if (const OperatorProfile* facts = profile.find(plan)) {
                op.ran = facts->ran.load();
                op.rows = facts->rows.load();
                op.busy_ns = facts->busy_ns.load();
                op.memory_bytes = facts->peak_bytes.load();
            }
            out.operators.push_back(std::move(op));
        });
    }
    return out;
}

std::string Explanation::text() const {
    std::string out;
    for (const ExplainedOperator& op : operators) {
        out.append(op.depth * 2, ' ');
        out += op.name;
        out += op.details.empty() ? "" : " " + op.details;
        out += op.ran ? analysis_text(op) : "";
        out += '\n';
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
