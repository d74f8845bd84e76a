#pragma once

#include "qd/kql/ast.h"
#include "qd/kql/lint.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace qd::kql {

/// What the linter knows of one column at a place in a pipeline.
struct ColumnFact {
    enum class Role : std::uint8_t { Plain, Series, Flag, Score };
    Role role = Role::Plain;
    /// The expression that made it, and where its name stands; null when it came with the rows.
    const Expr* definition = nullptr;
    TextSpan name_span;
    /// The aggregate function of a summarize that made it ("count", "percentile", …).
    std::string aggregate;
    /// Offset behind the column in the mv-expand that unrolled it; 0: not unrolled.
    std::uint32_t expanded_at = 0;
};

/// What the linter knows of the rows at a place in a pipeline.
struct Rows {
    /// No columns but these exist.
    bool known = false;
    std::map<std::string, ColumnFact> columns;
    enum class Order : std::uint8_t { None, Serialized, Sorted };
    Order order = Order::None;
    const Operator* serialize = nullptr;
    /// The last make-series, and what stood before it.
    const Operator* series = nullptr;
    std::set<std::string> lost;
    const Operator* before_series = nullptr;
    std::uint32_t pipeline_begin = 0;
    /// The longest ago(…) that a where compared with, and its argument's text.
    std::int64_t lookback = 0;
    std::string lookback_text;
    /// After a join: right columns that were renamed.
    bool joined = false;
    std::map<std::string, std::string> renamed;
};

/// One pass over one text. lint.cc drives it and knows scopes and constants, rows.cc what operators
/// do to rows, series_rules.cc and logic_rules.cc hold the rules.
class Linter {
  public:
    Linter(std::string_view text, const LintOptions& options) : text_(text), options_(options) {}

    void run(const Script& script, const std::vector<Diagnostic>& diagnostics);
    std::vector<Finding> take();

  private:
    struct Scope {
        std::map<std::string, const Expr*> values;
        std::map<std::string, const Parameter*> parameters;
        std::map<std::string, Rows> tables;
        std::set<std::string> lambdas;
    };
    using Visit = std::function<bool(const Expr&)>;

    // lint.cc
    void add(std::string id, Severity severity, TextSpan span, std::string message, std::string fix,
             std::vector<TextEdit> edits = {});
    void statement(const Statement& statement);
    Rows lambda(const Lambda& lambda);
    Rows value_rows(const Expr& expr);
    std::string source(const Expr& e) const;
    std::string source(TextSpan span) const;
    const Expr* resolve(const Expr& e) const;
    const Expr* let_value(const Expr& e) const;
    std::optional<double> number(const Expr& e) const;
    std::optional<std::int64_t> ticks(const Expr& e) const;
    std::optional<std::int64_t> ago_ticks(const Expr& e) const;
    std::optional<TextEdit> edit_constant(const Expr& e, std::string replacement) const;
    bool in_scope(const std::string& name) const;
    static void each(const Operator& op, const Visit& visit);
    static void each(const Expr& expr, const Visit& visit);

    // rows.cc
    Rows query(const Query& query, const Rows* outer);
    Rows walk(const Query& query, const Rows* outer);
    Rows source_rows(const Expr& source);
    void limit(Rows& rows);
    void apply(const Operator& op, Rows& rows);
    void apply_columns(const std::vector<NamedExpr>& list, const Rows& before, Rows& rows);
    void apply_summarize(const Summarize& node, Rows& rows);
    void apply_make_series(const Operator& op, Rows& rows);
    void apply_join(const Operator& op, Rows& rows);

    // series_rules.cc
    void series_rules(const Operator& op, const Rows& rows);
    void check_make_series(const Operator& op, const Rows& rows);
    void check_idle_bins(const Operator& op, const Rows& rows);
    void check_decomposition(const Call& call, const Rows& rows);
    void check_threshold(const Expr& argument);
    void check_period(const Call& call, std::size_t index, const Rows& rows);
    void check_score(const Operator& op, const Rows& rows);
    void check_array_length(const Operator& op, const Rows& rows);

    // logic_rules.cc
    void logic_rules(const Query& query, std::size_t index, const Rows& rows);
    void check_expression(const Expr& e, const Rows* rows);
    void check_names(const Operator& op, const Rows& rows);
    void report_lost(const Operator& op, const Rows& rows, const std::vector<const Expr*>& names);
    void check_prev(const Query& query, std::size_t index, const Rows& rows);
    void check_duration(const Expr& e);
    void check_speed(const Binary& comparison, TextSpan span);
    void check_burn(const Operator& op, const Rows& rows);
    void check_terms(const Expr& e);
    void check_join(const Operator& op);
    void check_paths(const Operator& op);

    // table_rules.cc
    void check_machine_counters(const Query& query);

    std::string_view text_;
    const LintOptions& options_;
    const Script* script_ = nullptr;
    Scope scope_;
    std::map<const Query*, Rows> walked_;
    std::size_t facts_left_ = 500'000;
    std::vector<Finding> findings_;
};

/// The name the engine gives an unnamed column; "" when the linter cannot tell (kql.md b.20, b.21).
std::string automatic_name(const Expr& e, bool aggregate);

}  // namespace qd::kql
