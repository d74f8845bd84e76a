#pragma once

#include "aggregate.h"
#include "plan/bound_expr.h"
#include "plugin.h"
#include "qd/columns/column.h"
#include "qd/kql/engine.h"
#include "qd/kql/source.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The logical algebra: a tree of operators over columns named by position. Binding produces it,
/// the optimiser rewrites it, the executor streams it.
namespace qd::kql {

struct PlanOp;
using PlanPtr = std::shared_ptr<const PlanOp>;

enum class OpKind : std::uint8_t {
    Scan,
    Values,
    Placeholder,
    Range,
    Filter,
    Project,
    Window,
    Take,
    Summarize,
    Sort,
    Join,
    Union,
    MvExpand,
    MvApply,
    MakeSeries,
    Parse,
    ParseKv,
    Plugin,
    Materialize,
    Sample,
    SampleDistinct,
    Partition,
    StateScan,
    TopNested,
    Reduce,
    Graph,
    GraphMatch,
    GraphTable,
};

struct PlanOp {
    OpKind kind;
    columns::Schema schema;
    std::vector<PlanPtr> inputs;
    /// Rows have a defined order: window functions may run on them (kql.md b.28).
    bool serialized = false;
    /// More columns may exist than the schema says (behind a missing table or a plugin that was
    /// not run): names that are not found are let pass. Never set on a plan that runs.
    bool open = false;

    explicit PlanOp(OpKind k) : kind(k) {}
    PlanOp(const PlanOp&) = default;
    PlanOp& operator=(const PlanOp&) = delete;
    virtual ~PlanOp() = default;
};

/// Columns of a stored table, by name: the schema's names in the schema's order.
struct ScanOp : PlanOp {
    ScanOp() : PlanOp(OpKind::Scan) {}
    std::string table;
    std::shared_ptr<TableSource> source;
    std::vector<PruningPredicate> pruning;
    std::vector<std::pair<std::string, std::vector<std::string>>> dynamic_paths;
    std::uint64_t rows_wanted = 0;
    /// Columns that nothing but the filter right above reads: they may come out as nulls. Empty:
    /// there are none.
    std::vector<bool> filter_only;
};

/// Rows held by the plan itself: datatable, print's one row, a plugin's result.
struct ValuesOp : PlanOp {
    ValuesOp() : PlanOp(OpKind::Values) {}
    std::shared_ptr<const columns::Table> table;
};

/// Where the rows of a subquery come in: mv-apply, partition.
struct PlaceholderOp : PlanOp {
    PlaceholderOp() : PlanOp(OpKind::Placeholder) {}
    std::uint32_t id = 0;
};

/// One column: from, from + step, … not beyond `to`.
struct RangeOp : PlanOp {
    RangeOp() : PlanOp(OpKind::Range) {}
    Scalar from;
    Scalar to;
    Scalar step;
};

struct FilterOp : PlanOp {
    FilterOp() : PlanOp(OpKind::Filter) {}
    std::vector<BoundPtr> conjuncts;
};

struct ProjectOp : PlanOp {
    ProjectOp() : PlanOp(OpKind::Project) {}
    std::vector<BoundPtr> exprs;  // one per column of the schema
};

/// The input's columns, then one per window call. Needs all rows, in order.
struct WindowOp : PlanOp {
    WindowOp() : PlanOp(OpKind::Window) {}
    std::vector<BoundPtr> windows;  // BoundKind::Window
};

struct TakeOp : PlanOp {
    TakeOp() : PlanOp(OpKind::Take) {}
    std::uint64_t rows = 0;
};

struct AggregateCall {
    std::string name;  // of the function
    BoundAggregate aggregate;
    std::vector<BoundPtr> args;  // over the input, already of the wanted types
};

/// Keys first, then the outputs of the aggregates. Without aggregates: distinct keys.
struct SummarizeOp : PlanOp {
    SummarizeOp() : PlanOp(OpKind::Summarize) {}
    std::vector<BoundPtr> keys;
    std::vector<AggregateCall> aggregates;
};

struct SortKey {
    BoundPtr expr;
    bool descending = true;
    bool nulls_first = false;
};

/// limit: only the first rows of the order are wanted (top).
struct SortOp : PlanOp {
    SortOp() : PlanOp(OpKind::Sort) {}
    std::vector<SortKey> keys;
    std::optional<std::uint64_t> limit;
};

enum class JoinKind : std::uint8_t {
    InnerUnique,
    Inner,
    LeftOuter,
    RightOuter,
    FullOuter,
    LeftSemi,
    LeftAnti,
    RightSemi,
    RightAnti,
};
std::string_view join_kind_name(JoinKind kind);

/// inputs: left, right. Output: the columns left_output of the left, then right_output of the
/// right.
struct JoinOp : PlanOp {
    JoinOp() : PlanOp(OpKind::Join) {}
    JoinKind join = JoinKind::InnerUnique;
    /// The rows of one key come in reverse order: what the engine's lookup does.
    bool reverse_matches = false;
    std::vector<BoundPtr> left_keys;
    std::vector<BoundPtr> right_keys;
    std::vector<std::size_t> left_output;
    std::vector<std::size_t> right_output;
};

/// inputs of equal schemas, one after the other.
struct UnionOp : PlanOp {
    UnionOp() : PlanOp(OpKind::Union) {}
};

struct ExpandItem {
    BoundPtr source;         // dynamic, over the input
    std::size_t column = 0;  // of the output
    DataType type = DataType::Dynamic;
    bool typed = false;  // `to typeof()` was written
};

/// Output: the input's columns with the items' columns replaced or appended, then the item index.
struct MvExpandOp : PlanOp {
    MvExpandOp() : PlanOp(OpKind::MvExpand) {}
    std::vector<ExpandItem> items;
    bool bag_as_array = false;
    bool with_index = false;
    std::uint64_t row_limit = 0;  // 0 = none
};

/// inputs: the rows; the expansion; the subquery, whose leaf is a placeholder of the expanded rows
/// of one input row. Output: outer_output of the input's columns, then sub_output of the
/// subquery's, each at its place.
struct MvApplyOp : PlanOp {
    MvApplyOp() : PlanOp(OpKind::MvApply) {}
    std::shared_ptr<const MvExpandOp> expand;
    PlanPtr subquery;
    std::uint32_t placeholder = 0;
    /// Per output column: from the subquery, or from the input.
    struct Output {
        bool from_subquery = false;
        std::size_t column = 0;
    };
    std::vector<Output> outputs;
};

/// Rows are first summarised by (keys, bin of the axis): inputs[0] has the keys, the axis, then
/// the aggregates. Output: keys, one array per aggregate, the axis array.
struct MakeSeriesOp : PlanOp {
    MakeSeriesOp() : PlanOp(OpKind::MakeSeries) {}
    std::size_t keys = 0;
    std::vector<Scalar> defaults;  // one per aggregate, of its type
    std::optional<Scalar> from;
    std::optional<Scalar> to;  // exclusive, unless in_range
    Scalar step;
    bool in_range = false;
    bool nonempty = false;
};

/// One piece of a parse pattern.
struct ParsePiece {
    enum class Kind : std::uint8_t { Star, Literal, Column };
    Kind kind = Kind::Star;
    std::string literal;     // text, or a regular expression in regex mode
    std::size_t column = 0;  // of the output
    DataType type = DataType::String;
};

struct ParseOp : PlanOp {
    ParseOp() : PlanOp(OpKind::Parse) {}
    enum class Mode : std::uint8_t { Simple, Regex, Relaxed };
    Mode mode = Mode::Simple;
    bool drop_failed = false;  // parse-where
    std::string flags;
    BoundPtr source;
    std::vector<ParsePiece> pieces;
    /// Output columns by capture order that existed in the input are replaced in place.
};

struct ParseKvOp : PlanOp {
    ParseKvOp() : PlanOp(OpKind::ParseKv) {}
    BoundPtr source;
    struct Key {
        std::string key;
        std::size_t column = 0;
        DataType type = DataType::String;
    };
    std::vector<Key> keys;
    std::string pair_delimiter;  // both empty: words
    std::string kv_delimiter;
    std::vector<std::pair<std::string, std::string>> quotes;
    std::string escape;
    bool greedy = false;
};

/// inputs: the rows, then the tables among the arguments in their order.
struct PluginOp : PlanOp {
    PluginOp() : PlanOp(OpKind::Plugin) {}
    const Plugin* plugin = nullptr;
    std::vector<PluginArgument> arguments;
    columns::Schema declared;
    bool declared_star = false;
};

/// What materialize() and `as` share: run once, read many times.
struct MaterializedRows {
    std::mutex mutex;
    bool done = false;
    std::shared_ptr<const columns::Table> table;
};

struct MaterializeOp : PlanOp {
    MaterializeOp() : PlanOp(OpKind::Materialize) {}
    std::shared_ptr<MaterializedRows> rows;
    std::string name;  // given by `as`
};

struct SampleOp : PlanOp {
    SampleOp() : PlanOp(OpKind::Sample) {}
    std::uint64_t rows = 0;
};

struct SampleDistinctOp : PlanOp {
    SampleDistinctOp() : PlanOp(OpKind::SampleDistinct) {}
    BoundPtr key;
    std::uint64_t rows = 0;
};

/// The subquery runs once per distinct key over the rows of that key.
struct PartitionOp : PlanOp {
    PartitionOp() : PlanOp(OpKind::Partition) {}
    BoundPtr key;
    PlanPtr subquery;
    std::uint32_t placeholder = 0;
};

/// scan: a state machine over ordered rows. Expressions read the row (the input's columns, then the
/// declared values being made for it), then for each step the row last matched there in the same
/// shape.
struct StateScanOp : PlanOp {
    StateScanOp() : PlanOp(OpKind::StateScan) {}
    enum class Output : std::uint8_t { All, Last, None };
    struct Step {
        std::string name;
        bool optional = false;
        BoundPtr condition;
        Output output = Output::All;
        std::vector<std::pair<std::size_t, BoundPtr>> assignments;  // declared column, value
    };
    std::vector<columns::Field> declared;
    std::vector<Scalar> initial;
    /// The input's columns that steps assign to: they stand at the end of `declared`, begin with
    /// the row's own value and take the column's place in the output.
    std::vector<std::size_t> replaced;
    std::vector<Step> steps;
    std::vector<BoundPtr> partition_by;
    bool with_match_id = false;
};

struct TopNestedOp : PlanOp {
    TopNestedOp() : PlanOp(OpKind::TopNested) {}
    struct Level {
        std::optional<std::uint64_t> rows;  // missing: all
        BoundPtr key;
        std::optional<Scalar> others;
        AggregateCall aggregate;
        bool descending = true;
        bool hidden_aggregate = false;
    };
    std::vector<Level> levels;
};

struct ReduceOp : PlanOp {
    ReduceOp() : PlanOp(OpKind::Reduce) {}
    BoundPtr source;
    double threshold = 0.1;
    std::string characters;
    bool has_characters = false;
};

/// One statement's answer.
struct BoundResult {
    PlanPtr plan;
    std::string name = "PrimaryResult";
    Visualization visualization;
};

template <typename Op>
const Op& as(const PlanOp& op) {
    return static_cast<const Op&>(op);
}

/// A copy that can be changed.
template <typename Op>
std::shared_ptr<Op> clone(const PlanOp& op) {
    return std::make_shared<Op>(static_cast<const Op&>(op));
}

/// The plan's operators, each before its inputs. `visit` sees each with its line.
using VisitExplained = std::function<void(const PlanOp&, ExplainedOperator)>;
/// `instead` gives the plan to show for an input that was run in another shape, else null.
using Replacement = std::function<PlanPtr(const PlanOp&)>;
void explain_plan(const PlanOp& plan, const Replacement& instead, const VisitExplained& visit);

}  // namespace qd::kql
