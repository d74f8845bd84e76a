#pragma once

#include "plan/bound_expr.h"
#include "plan/environment.h"
#include "plan/logical_plan.h"
#include "qd/kql/ast.h"
#include "qd/kql/diagnostics.h"
#include "qd/kql/engine.h"
#include "qd/kql/source.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qd::kql {

/// Runs a plan while the rest of the query is being bound: toscalar(), the lists of `in (table)`,
/// plugins whose columns depend on the rows.
class PlanRunner {
  public:
    virtual ~PlanRunner() = default;
    virtual Result<columns::Table> run(const PlanPtr& plan) = 0;
};

struct GraphMatchOp;

/// What `set` statements asked for.
struct QuerySettings {
    bool no_truncation = false;
    std::optional<std::uint64_t> truncation_rows;
    std::optional<std::uint64_t> truncation_bytes;
    std::optional<std::uint64_t> take_rows;
    std::optional<Timestamp> now;
    std::optional<Scalar> bin_auto_size;
    std::optional<Scalar> bin_auto_at;
};

/// Turns a syntax tree into plans. Collects every diagnostic it can: what could not be resolved
/// becomes an expression of unknown type, so that one fault is reported once.
///
/// The definitions are spread by subject: binder.cc (names, tables, statements), binder_expr.cc,
/// binder_call.cc, binder_shape.cc (project family), binder_aggregate.cc, binder_join.cc,
/// binder_expand.cc, binder_parse.cc, binder_search.cc, binder_rank.cc, naming.cc.
/// Threads: one.
class Binder {
  public:
    struct Setup {
        Catalog* catalog = nullptr;
        const QueryOptions* options = nullptr;
        EvalContext evaluation;
        /// Null when the query is only validated.
        PlanRunner* runner = nullptr;
    };
    explicit Binder(Setup setup);
    ~Binder();

    /// One result per tabular statement (several for fork and facet).
    std::vector<BoundResult> bind(const Script& script);
    const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }
    bool failed() const;
    /// What went wrong while a part of the query was run for binding.
    const std::optional<Error>& run_error() const { return run_error_; }
    const QuerySettings& settings() const { return settings_; }

  private:
    struct Bound {  // what an expression in a let or an argument turned out to be
        BoundPtr scalar;
        PlanPtr table;
    };
    struct OutputColumns;     // names and expressions of a projection being built
    struct AggregateContext;  // aggregates met while binding a summarize
    struct ScopeGuard;
    struct GraphContext;  // the pattern variables of one graph-match

    // ---- diagnostics
    void report(std::string code, std::string ks_code, std::string message, TextSpan span);
    void report(const Error& error, TextSpan span);
    BoundPtr failed_expr(std::string code, std::string ks_code, std::string message, TextSpan span);
    std::string operator_text() const;

    // ---- statements (binder.cc)
    void bind_statement(const Statement& statement, std::vector<BoundResult>& results);
    void bind_let(const Let& let);
    void declare_parameters(const DeclareQueryParameters& declare);
    void bind_option(const SetOption& option);
    void bind_query_statement(const Query& query, std::vector<BoundResult>& results);

    // ---- tables (binder_table.cc)
    PlanPtr bind_query(const Query& query);
    PlanPtr bind_pipeline(const Query& query, PlanPtr input);
    // binder_hidden.cc
    struct HiddenColumn {
        std::string name;
        const Operator* last;  // that names it
    };
    using HiddenColumns = std::vector<HiddenColumn>;
    PlanPtr expose_hidden(const Query& query, PlanPtr input, HiddenColumns& hidden);
    PlanPtr hide_again(const Operator& op, PlanPtr plan, const HiddenColumns& hidden);
    /// Null when the expression is no table; reports nothing then.
    PlanPtr try_bind_table(const Expr& expr);
    PlanPtr bind_table(const Expr& expr);
    PlanPtr bind_table_name(std::string_view name, TextSpan span, bool quiet);
    PlanPtr scan_table(std::string_view database, std::string_view name);
    PlanPtr bind_table_call(const Expr& expr, const Call& call);
    PlanPtr bind_path_table(const Expr& expr);
    PlanPtr bind_datatable(const DataTable& table, TextSpan span);
    PlanPtr bind_external(const ExternalData& external, TextSpan span);
    PlanPtr unknown_table();
    PlanPtr values_plan(columns::Table table);
    PlanPtr materialize(PlanPtr plan);
    using NameSet = std::set<std::string, std::less<>>;
    /// Columns of a plan whose types are guesses, because something unknown is behind them. Null
    /// when there are none.
    std::shared_ptr<const NameSet> guessed_columns(const PlanPtr& plan);
    std::optional<std::string> constant_string(const Expr& expr);
    std::vector<std::pair<std::string, PlanPtr>> tables_like(std::string_view pattern);

    // ---- functions (binder_call.cc)
    EntityPtr find_function(std::string_view name, std::string_view database = {});
    Bound call_function(const Entity& function, const Call& call, TextSpan span,
                        PlanPtr first_table = nullptr);
    BoundPtr bind_call(const Expr& expr, const Call& call);
    BoundPtr bind_special_call(const Expr& expr, const Call& call, bool& handled);
    BoundPtr bind_iff(const Call& call, TextSpan span);
    BoundPtr bind_case(const Call& call, TextSpan span);
    BoundPtr bind_coalesce(const Call& call, TextSpan span);
    BoundPtr bind_toscalar(const Call& call, TextSpan span);
    BoundPtr bind_pack_all(const Call& call, TextSpan span);
    BoundPtr bind_window_call(const Call& call, TextSpan span, WindowFunction function);
    BoundPtr bind_column_ifexists(const Call& call, TextSpan span);
    BoundPtr bind_aggregate_call(const Expr& expr, const Call& call,
                                 const AggregateFunction& function);
    BoundPtr branches(BoundKind kind, std::vector<BoundPtr> args, std::size_t first_value,
                      bool last_is_value, TextSpan span);
    BoundPtr bind_scalar_function(const ScalarFunction& function, std::vector<BoundPtr> args,
                                  TextSpan span);
    std::shared_ptr<const MultiCall> bind_multi(const MultiFunction& function, const Call& call,
                                                TextSpan span);

    // ---- expressions (binder_expr.cc)
    BoundPtr bind_expr(const Expr& expr);
    BoundPtr bind_name(std::string_view name, TextSpan span);
    BoundPtr bind_path(const Expr& expr, const Path& path);
    BoundPtr bind_element_of(const Expr& expr, const Element& element);
    BoundPtr bind_binary(const Expr& expr, const Binary& binary);
    BoundPtr bind_logical(const Expr& expr, const Logical& logical);
    BoundPtr bind_between_expr(const Expr& expr, const Between& between);
    BoundPtr bind_in(const Expr& expr, const InList& list);
    BoundPtr bind_search_colon(const Expr& expr, const Binary& binary);
    /// ks_code: what the original's parser calls it when the expression is no bool.
    BoundPtr bind_condition(const Expr& expr, std::string_view ks_code = "KS107");
    /// An operator of operators.h over bound operands, folded.
    BoundPtr apply(std::string_view name, std::vector<BoundPtr> args, TextSpan span);
    BoundPtr fold(BoundPtr expr);
    BoundPtr finish_call(std::string name, Result<BoundCall> call, std::vector<BoundPtr> args,
                         bool deterministic, TextSpan span, bool boolean_if_unknown);
    /// A constant, or nothing and a report.
    std::optional<Scalar> bind_constant(const Expr& expr, std::optional<DataType> type);
    std::optional<std::uint64_t> bind_count(const Expr& expr);
    /// Binds over the columns of `input`.
    template <typename F>
    auto over(const PlanPtr& input, F f);

    // ---- naming (naming.cc)
    /// The natural name of a result column, "" when there is none (kql.md b.20, b.21).
    std::string natural_name(const Expr& expr) const;
    std::string aggregate_name(const Call& call, const AggregateFunction& function) const;

    // ---- operators
    PlanPtr bind_operator(const Operator& op, PlanPtr input);
    PlanPtr bind_source_operator(const Operator& op);
    PlanPtr bind_as(const As& as, PlanPtr input);
    void bind_render(const Render& render);
    PlanPtr bind_fork(const Fork& fork, PlanPtr input);
    PlanPtr bind_facet(const Facet& facet, PlanPtr input);
    PlanPtr bind_project_by_names(const ProjectByNames& project, PlanPtr input);
    // binder_shape.cc
    PlanPtr bind_where(const Where& where, PlanPtr input);
    PlanPtr bind_extend(const std::vector<NamedExpr>& columns, PlanPtr input);
    PlanPtr bind_project(const std::vector<NamedExpr>& columns, PlanPtr input);
    PlanPtr bind_print(const Print& print);
    PlanPtr bind_range(const Range& range);
    PlanPtr bind_project_away(const std::vector<Expr*>& columns, PlanPtr input, bool keep);
    PlanPtr bind_rename(const ProjectRename& rename, PlanPtr input);
    PlanPtr bind_reorder(const ProjectReorder& reorder, PlanPtr input);
    PlanPtr bind_serialize(const Serialize& serialize, PlanPtr input);
    PlanPtr bind_getschema(PlanPtr input);
    PlanPtr bind_take(const Expr& count, PlanPtr input);
    PlanPtr bind_sample(const Expr& count, PlanPtr input);
    PlanPtr bind_sample_distinct(const SampleDistinct& sample, PlanPtr input);
    PlanPtr bind_sort(const std::vector<OrderedExpr>& keys, PlanPtr input,
                      std::optional<std::uint64_t> limit);
    PlanPtr bind_count_rows(const Count& count, PlanPtr input);
    PlanPtr bind_distinct(const Distinct& distinct, PlanPtr input);
    PlanPtr bind_assert_schema(const AssertSchema& schema, PlanPtr input, TextSpan span);
    /// Adds the columns of one `name = expr` item to a projection.
    void add_items(const NamedExpr& item, OutputColumns& out, bool replace, std::size_t position,
                   std::string_view anonymous);
    /// Moves window calls into Window operators under a projection of `exprs`.
    PlanPtr with_windows(PlanPtr input, std::vector<BoundPtr>& exprs);
    PlanPtr project_plan(PlanPtr input, columns::Schema schema, std::vector<BoundPtr> exprs,
                         bool serialized);
    PlanPtr filter_plan(PlanPtr input, const BoundPtr& predicate);
    PlanPtr select_columns(PlanPtr input, const std::vector<std::size_t>& columns,
                           std::vector<std::string> names = {});
    std::vector<std::size_t> match_columns(const Expr& expr, const columns::Schema& schema,
                                           bool open);
    // binder_aggregate.cc
    PlanPtr bind_summarize(const Summarize& summarize, PlanPtr input);
    PlanPtr bind_make_series(const Operator& op, const MakeSeries& series, PlanPtr input);
    PlanPtr summarize_plan(PlanPtr input, columns::Schema schema, std::vector<BoundPtr> keys,
                           std::vector<AggregateCall> aggregates);
    std::optional<AggregateCall> make_aggregate(const AggregateFunction& function,
                                                const std::vector<BoundPtr>& args,
                                                const std::vector<AggregateArgument>& described,
                                                TextSpan span);
    std::vector<std::pair<std::string, BoundPtr>> bind_keys(const std::vector<NamedExpr>& keys,
                                                            PlanPtr& input);
    std::optional<AggregateCall> bind_plain_aggregate(const Expr& expr, std::string& name);
    // binder_join.cc
    PlanPtr bind_join(const Operator& op, const Join& join, PlanPtr input);
    PlanPtr bind_lookup(const Operator& op, const Lookup& lookup, PlanPtr input);
    bool bind_join_keys(const std::vector<ExprPtr>& conditions, const PlanPtr& left,
                        const PlanPtr& right, std::vector<BoundPtr>& left_keys,
                        std::vector<BoundPtr>& right_keys);
    PlanPtr bind_union(const Operator& op, const Union& un, PlanPtr input);
    PlanPtr union_plan(std::vector<std::pair<std::string, PlanPtr>> arms, bool outer,
                       const std::string& source_column);
    // binder_expand.cc
    PlanPtr bind_mv_expand(const Operator& op, const MvExpand& expand, PlanPtr input);
    PlanPtr bind_mv_apply(const Operator& op, const MvApply& apply, PlanPtr input);
    std::shared_ptr<MvExpandOp> expansion(const Operator& op,
                                          const std::vector<ExpandColumn>& columns, PlanPtr input,
                                          bool keep_source);
    PlanPtr bind_partition(const Operator& op, const Partition& partition, PlanPtr input);
    PlanPtr bind_evaluate(const Operator& op, const Evaluate& evaluate, PlanPtr input);
    PlanPtr bind_invoke(const Invoke& invoke, PlanPtr input);
    // binder_parse.cc
    PlanPtr bind_parse(const Operator& op, const Parse& parse, PlanPtr input);
    PlanPtr bind_parse_kv(const ParseKv& parse, PlanPtr input);
    // binder_search.cc
    PlanPtr bind_search(const Operator& op, const Search& search, PlanPtr input);
    PlanPtr bind_find(const Operator& op, const Find& find, PlanPtr input);
    BoundPtr search_predicate(const Expr& expr, const columns::Schema& schema, bool sensitive);
    BoundPtr any_column(std::string_view op, const Scalar& needle, const columns::Schema& schema);
    // binder_rank.cc
    PlanPtr bind_top_nested(const TopNested& top, PlanPtr input);
    PlanPtr bind_top_hitters(const TopHitters& top, PlanPtr input);
    PlanPtr bind_scan(const Operator& op, const Scan& scan, PlanPtr input);
    PlanPtr bind_reduce(const Reduce& reduce, PlanPtr input);
    // binder_graph.cc
    PlanPtr bind_make_graph(const MakeGraph& make, PlanPtr input);
    PlanPtr bind_graph_stage(const Operator& op, PlanPtr input);
    PlanPtr bind_graph_to_table(const Operator& op, PlanPtr input);
    PlanPtr bind_graph_match(const Operator& op, PlanPtr input);
    void declare_graph_variables(const GraphMatch& match, GraphMatchOp& op, GraphContext& context);
    BoundPtr bind_graph_call(const Call& call, TextSpan span, bool& handled);

    Setup setup_;
    EnvironmentPtr environment_;
    const RowScope* row_ = nullptr;
    AggregateContext* aggregates_ = nullptr;
    GraphContext* graph_ = nullptr;
    std::string_view operator_;
    /// The input of the contextual query being bound (mv-apply, partition, fork, facet).
    PlanPtr contextual_input_;
    std::vector<const Lambda*> calls_;  // being inlined: recursion is refused
    std::vector<std::shared_ptr<const void>> owned_;
    std::vector<BoundResult>* extra_results_ = nullptr;
    Visualization visualization_;
    std::vector<Diagnostic> diagnostics_;
    std::optional<Error> run_error_;
    static constexpr std::uint32_t kBoundOperatorsMax = 5'000;
    std::uint32_t bound_operators_ = 0;
    QuerySettings settings_;
    std::map<const PlanOp*, std::pair<PlanPtr, std::shared_ptr<const NameSet>>> guessed_;
    std::uint32_t next_placeholder_ = 0;
    std::string default_database_;
    std::vector<std::string> open_functions_;  // stored functions being bound
};

}  // namespace qd::kql
