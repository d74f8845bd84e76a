#pragma once

#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/base/result.h"
#include "qd/columns/column.h"
#include "qd/kql/diagnostics.h"
#include "qd/kql/source.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qd::kql {

class SpillSpace;

/// Set by anyone to stop a query; seen within one chunk of work.
using CancelFlag = std::atomic<bool>;

/// Who asks: what current_principal() and its kin say.
struct Principal {
    std::string name;  // "aaduser=…", "local=admin"
    std::vector<std::string> groups;
};

struct QueryOptions {
    /// now() inside the query: one value for the whole of it (Kusto's query_now).
    Timestamp now;
    /// Values for `declare query_parameters`, as KQL literal text.
    std::vector<std::pair<std::string, std::string>> parameters;
    /// Intersected with every table's time column (Log Analytics' timespan).
    TimeRange timespan;
    std::string database;
    Principal principal;
    std::uint64_t rows_max = 500'000;
    std::uint64_t bytes_max = 67'108'864;
    std::int64_t memory_bytes_max = std::int64_t{2} << 30;
    std::int64_t timeout_ms = 240'000;
    /// Workers for parallel scans; 0 = the executor's concurrency.
    std::size_t workers = 0;
    /// Rows of a chunk in tests (1, 7); 0 = columns::kChunkRows.
    std::uint32_t chunk_rows = 0;
    /// Turns the optimiser off: the differential tests' other side.
    bool optimise = true;
};

/// What `render` asked for; an empty kind means nothing was asked.
struct Visualization {
    std::string kind;                                             // "timechart", … as written
    std::vector<std::pair<std::string, std::string>> properties;  // title, xcolumn, …
};

struct ResultTable {
    std::string name = "PrimaryResult";
    columns::Schema schema;
    std::vector<columns::Chunk> chunks;
    Visualization visualization;
    std::uint64_t rows() const;
};

struct QueryStats {
    std::uint64_t rows_scanned = 0;
    std::uint64_t bytes_scanned = 0;
    std::uint64_t bytes_spilled = 0;  // written to disk for want of memory
    std::int64_t cpu_ns = 0;
    std::int64_t elapsed_ns = 0;
    std::int64_t peak_memory_bytes = 0;
};

struct QueryResult {
    std::vector<ResultTable> tables;
    /// Set when the answer was cut (E_QUERY_RESULT_SET_TOO_LARGE): the rows are there, and so is
    /// this.
    std::optional<Error> partial;
    QueryStats stats;
};

/// One operator of an optimised plan; when the query was run, what it did.
struct ExplainedOperator {
    std::string name;       // "summarize"
    std::string details;    // the rest of its line
    std::size_t depth = 0;  // 0: a statement's last operator; its inputs follow it, one deeper
    bool ran = false;
    std::uint64_t rows = 0;         // sent on; of a scan inside a filter: looked at
    std::int64_t busy_ns = 0;       // all threads together, without the operators around it
    std::int64_t memory_bytes = 0;  // the most it held
};

struct Explanation {
    std::vector<ExplainedOperator> operators;
    std::optional<QueryStats> stats;  // when the query was run
    /// One operator a line, inputs indented.
    std::string text() const;
};

/// Diagnostics and result schemas of a query that was only bound.
struct Validation {
    std::vector<Diagnostic> diagnostics;
    std::vector<columns::Schema> schemas;
    bool ok() const;
};

/// The query engine: parse, bind, optimise, execute. Threads: one engine serves any number of
/// queries at once.
/// Errors of run(): InvalidArgument with the engine's class as id (SYN0002, SEM0100, …) and the
/// span in the text; ResourceExhausted E_RUNAWAY_QUERY; DeadlineExceeded; Cancelled; Unimplemented
/// names the construct.
class Engine {
  public:
    /// Without `spill` a query that needs more memory than it may use fails at once.
    Engine(Executor& executor, Clock& clock, SpillSpace* spill = nullptr)
        : executor_(executor), clock_(clock), spill_(spill) {}

    Result<QueryResult> run(std::string_view text, Catalog& catalog, const QueryOptions& options,
                            const CancelFlag* cancel = nullptr) const;
    Validation validate(std::string_view text, Catalog& catalog, const QueryOptions& options) const;
    /// The optimised plan. With `analyze` the query is run, its rows are thrown away and what each
    /// operator did is told.
    Result<Explanation> explain(std::string_view text, Catalog& catalog,
                                const QueryOptions& options, bool analyze = false,
                                const CancelFlag* cancel = nullptr) const;

  private:
    struct Running;

    Executor& executor_;
    Clock& clock_;
    SpillSpace* spill_;
};

/// One documented function, for `qd help` and the reference pages.
struct FunctionDoc {
    std::string_view name;
    std::string_view signature;
    std::string_view doc;
    std::string_view kind;  // "scalar", "aggregate", "window", "plugin"
};
std::vector<FunctionDoc> function_docs();

}  // namespace qd::kql
