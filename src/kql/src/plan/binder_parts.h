#pragma once

#include "plan/binder.h"

#include <set>

/// Pieces of the binder that several of its files need.
namespace qd::kql {

/// Sets the row scope for the life of the guard.
struct Binder::ScopeGuard {
    ScopeGuard(Binder& binder, const RowScope* row)
        : binder_(binder), row_(binder.row_), aggregates_(binder.aggregates_) {
        binder.row_ = row;
        binder.aggregates_ = nullptr;
    }
    ~ScopeGuard() {
        binder_.row_ = row_;
        binder_.aggregates_ = aggregates_;
    }
    ScopeGuard(const ScopeGuard&) = delete;
    ScopeGuard& operator=(const ScopeGuard&) = delete;

  private:
    Binder& binder_;
    const RowScope* row_;
    AggregateContext* aggregates_;
};

/// Aggregates met below the expressions of one summarize: their outputs become columns
/// first_column, first_column + 1, … of the Summarize operator.
struct Binder::AggregateContext {
    std::size_t first_column = 0;
    std::vector<AggregateCall> calls;
    std::size_t outputs = 0;
    std::set<std::string> key_names;  // not repeated by `*`
    /// Key columns by name: what the expressions may name beside aggregates.
    const columns::Schema* keys = nullptr;
    bool inside_call = false;
    /// `*` stood for columns that are not all known.
    bool open_star = false;
};

/// Names and expressions of a projection being built. Names are made unique.
struct Binder::OutputColumns {
    columns::Schema schema;
    std::vector<BoundPtr> exprs;
    std::uint32_t anonymous = 0;

    bool has(std::string_view name) const { return schema.index_of(name).has_value(); }
    std::string unique(std::string name) const {
        if (!has(name)) {
            return name;
        }
        for (std::uint32_t i = 1;; ++i) {
            std::string candidate = name + std::to_string(i);
            if (!has(candidate)) {
                return candidate;
            }
        }
    }
    void add(std::string name, BoundPtr expr) {
        schema.fields.push_back({std::move(name), expr->type});
        exprs.push_back(std::move(expr));
    }
    /// Replaces the column of that name, or appends.
    void put(const std::string& name, BoundPtr expr) {
        if (const auto index = schema.index_of(name)) {
            schema.fields[*index].type = expr->type;
            exprs[*index] = std::move(expr);
        } else {
            add(name, std::move(expr));
        }
    }
    std::string next_anonymous(std::string_view prefix) {
        while (true) {
            std::string name = std::string(prefix) + std::to_string(++anonymous);
            if (!has(name)) {
                return name;
            }
        }
    }
};

template <typename F>
auto Binder::over(const PlanPtr& input, F f) {
    RowScope scope;
    scope.schema = &input->schema;
    scope.open = input->open;
    scope.serialized = input->serialized;
    scope.guessed = guessed_columns(input);
    const ScopeGuard guard(*this, &scope);
    return f();
}

/// A new plan node whose open flag comes from its inputs.
template <typename Op>
std::shared_ptr<Op> make_op(std::vector<PlanPtr> inputs, columns::Schema schema, bool serialized) {
    auto op = std::make_shared<Op>();
    for (const PlanPtr& input : inputs) {
        op->open = op->open || input->open;
    }
    op->inputs = std::move(inputs);
    op->schema = std::move(schema);
    op->serialized = serialized;
    return op;
}

/// Column i of a plan.
inline BoundPtr column_of(const PlanPtr& plan, std::size_t i) {
    return make_column(i, plan->schema[i].type);
}
std::vector<BoundPtr> all_columns(const PlanPtr& plan);

/// "Log*" style matching, `*` any text.
bool wildcard_matches(std::string_view pattern, std::string_view text);

}  // namespace qd::kql
