#pragma once

#include "qd/kql/ast.h"

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// The parts of every node that have a meaning (spans and layout left out), as tuples, so that
/// comparing and walking trees are written once and cannot forget a field of one kind.
namespace qd::kql::tree {

inline auto fields(const Name& n) {
    return std::tie(n.text);
}
inline auto fields(const NamedExpr& n) {
    return std::tie(n.names, n.compound, n.expr);
}
inline auto fields(const ColumnDeclaration& n) {
    return std::tie(n.name, n.type);
}
inline auto fields(const OperatorParameter& n) {
    return std::tie(n.name, n.value);
}
inline auto fields(const OrderedExpr& n) {
    return std::tie(n.expr, n.order, n.nulls);
}

inline auto fields(const Literal& n) {
    return std::tie(n.value, n.obfuscated);
}
inline auto fields(const NameRef& n) {
    return std::tie(n.name);
}
inline auto fields(const Star&) {
    return std::tuple<>();
}
inline auto fields(const Wildcard& n) {
    return std::tie(n.pattern);
}
inline auto fields(const Path& n) {
    return std::tie(n.object, n.member);
}
inline auto fields(const Element& n) {
    return std::tie(n.object, n.index);
}
inline auto fields(const Call& n) {
    return std::tie(n.name, n.arguments, n.object, n.parameters);
}
inline auto fields(const Unary& n) {
    return std::tie(n.op, n.operand);
}
inline auto fields(const Binary& n) {
    return std::tie(n.op, n.left, n.right);
}
inline auto fields(const Logical& n) {
    return std::tie(n.op, n.operands);
}
inline auto fields(const Between& n) {
    return std::tie(n.subject, n.low, n.high, n.negated);
}
inline auto fields(const InList& n) {
    return std::tie(n.op, n.subject, n.items);
}
inline auto fields(const Subquery& n) {
    return std::tie(n.query);
}
inline auto fields(const DataTable& n) {
    return std::tie(n.columns, n.values);
}
inline auto fields(const ExternalData& n) {
    return std::tie(n.columns, n.addresses, n.properties);
}
inline auto fields(const TypeOf& n) {
    return std::tie(n.type, n.columns, n.star, n.tabular);
}
inline auto fields(const Conditional& n) {
    return std::tie(n.condition, n.if_true, n.if_false);
}
inline auto fields(const MissingExpr&) {
    return std::tuple<>();
}
inline auto fields(const Expr& n) {
    return std::tie(n.node);
}

inline auto fields(const Query& n) {
    return std::tie(n.source, n.operators);
}
inline auto fields(const Operator& n) {
    return std::tie(n.parameters, n.node);
}
inline auto fields(const Where& n) {
    return std::tie(n.name, n.predicate);
}
inline auto fields(const Extend& n) {
    return std::tie(n.columns);
}
inline auto fields(const Project& n) {
    return std::tie(n.columns);
}
inline auto fields(const ProjectAway& n) {
    return std::tie(n.columns);
}
inline auto fields(const ProjectKeep& n) {
    return std::tie(n.columns);
}
inline auto fields(const ProjectRename& n) {
    return std::tie(n.columns);
}
inline auto fields(const ProjectReorder::Item& n) {
    return std::tie(n.column, n.order);
}
inline auto fields(const ProjectReorder& n) {
    return std::tie(n.items);
}
inline auto fields(const ProjectByNames& n) {
    return std::tie(n.columns);
}
inline auto fields(const Summarize& n) {
    return std::tie(n.aggregates, n.keys, n.has_by);
}
inline auto fields(const MakeSeries::Aggregate& n) {
    return std::tie(n.expr, n.default_value);
}
inline auto fields(const MakeSeries& n) {
    return std::tie(n.aggregates, n.axis, n.from, n.to, n.step, n.in_range, n.keys);
}
inline auto fields(const Join& n) {
    return std::tie(n.right, n.conditions);
}
inline auto fields(const Lookup& n) {
    return std::tie(n.right, n.conditions);
}
inline auto fields(const Union& n) {
    return std::tie(n.tables);
}
inline auto fields(const ExpandColumn& n) {
    return std::tie(n.expr, n.to_type);
}
inline auto fields(const MvExpand& n) {
    return std::tie(n.columns, n.limit, n.old_name);
}
inline auto fields(const MvApply& n) {
    return std::tie(n.columns, n.limit, n.context, n.body);
}
inline auto fields(const Parse::Piece& n) {
    return std::tie(n.kind, n.text, n.column, n.type);
}
inline auto fields(const Parse& n) {
    return std::tie(n.filter, n.source, n.pattern);
}
inline auto fields(const ParseKv& n) {
    return std::tie(n.source, n.columns, n.properties);
}
inline auto fields(const Sort& n) {
    return std::tie(n.keys);
}
inline auto fields(const Top& n) {
    return std::tie(n.count, n.keys);
}
inline auto fields(const TopNested::Level& n) {
    return std::tie(n.count, n.of, n.others, n.by);
}
inline auto fields(const TopNested& n) {
    return std::tie(n.levels);
}
inline auto fields(const TopHitters& n) {
    return std::tie(n.count, n.of, n.by);
}
inline auto fields(const Take& n) {
    return std::tie(n.count);
}
inline auto fields(const Sample& n) {
    return std::tie(n.count);
}
inline auto fields(const SampleDistinct& n) {
    return std::tie(n.count, n.of);
}
inline auto fields(const Distinct& n) {
    return std::tie(n.columns);
}
inline auto fields(const Count& n) {
    return std::tie(n.as);
}
inline auto fields(const Print& n) {
    return std::tie(n.columns);
}
inline auto fields(const Range& n) {
    return std::tie(n.column, n.from, n.to, n.step);
}
inline auto fields(const Evaluate& n) {
    return std::tie(n.call, n.columns, n.has_schema, n.schema_star);
}
inline auto fields(const Invoke& n) {
    return std::tie(n.call);
}
inline auto fields(const As& n) {
    return std::tie(n.name);
}
inline auto fields(const Serialize& n) {
    return std::tie(n.columns);
}
inline auto fields(const GetSchema&) {
    return std::tuple<>();
}
inline auto fields(const Consume&) {
    return std::tuple<>();
}
inline auto fields(const Search& n) {
    return std::tie(n.tables, n.predicate);
}
inline auto fields(const Find::Output& n) {
    return std::tie(n.column, n.type);
}
inline auto fields(const Find& n) {
    return std::tie(n.tables, n.predicate, n.project, n.pack, n.project_smart, n.project_away);
}
inline auto fields(const Facet& n) {
    return std::tie(n.columns, n.with);
}
inline auto fields(const Fork::Branch& n) {
    return std::tie(n.name, n.query);
}
inline auto fields(const Fork& n) {
    return std::tie(n.branches);
}
inline auto fields(const Partition& n) {
    return std::tie(n.key, n.scope, n.body, n.braces);
}
inline auto fields(const Scan::Variable& n) {
    return std::tie(n.declaration, n.default_value);
}
inline auto fields(const Scan::Step& n) {
    return std::tie(n.name, n.optional, n.output, n.condition, n.assignments);
}
inline auto fields(const Scan& n) {
    return std::tie(n.order_by, n.partition_by, n.variables, n.steps);
}
inline auto fields(const Reduce& n) {
    return std::tie(n.by, n.properties);
}
inline auto fields(const Render& n) {
    return std::tie(n.chart, n.properties);
}
inline auto fields(const AssertSchema& n) {
    return std::tie(n.columns);
}
inline auto fields(const MacroExpand& n) {
    return std::tie(n.group, n.scope, n.statements);
}
inline auto fields(const MakeGraph::Nodes& n) {
    return std::tie(n.table, n.key);
}
inline auto fields(const MakeGraph& n) {
    return std::tie(n.source, n.target, n.directed, n.nodes, n.node_id, n.partitioned_by,
                    n.partition_body);
}
inline auto fields(const GraphPattern::Step& n) {
    return std::tie(n.is_edge, n.name, n.direction, n.variable_length, n.length_min, n.length_max);
}
inline auto fields(const GraphPattern& n) {
    return std::tie(n.steps);
}
inline auto fields(const GraphMatch& n) {
    return std::tie(n.shortest_paths, n.patterns, n.where, n.project);
}
inline auto fields(const GraphToTable::Output& n) {
    return std::tie(n.nodes, n.as, n.properties);
}
inline auto fields(const GraphToTable& n) {
    return std::tie(n.outputs);
}
inline auto fields(const GraphMarkComponents&) {
    return std::tuple<>();
}
inline auto fields(const GraphWhere& n) {
    return std::tie(n.nodes, n.predicate);
}
inline auto fields(const BadOperator& n) {
    return std::tie(n.name);
}

inline auto fields(const Parameter& n) {
    return std::tie(n.name, n.type, n.default_value, n.tabular, n.any_columns, n.columns);
}
inline auto fields(const Lambda& n) {
    return std::tie(n.view, n.parameters, n.body, n.result);
}
inline auto fields(const Let& n) {
    return std::tie(n.name, n.value, n.lambda);
}
inline auto fields(const SetOption& n) {
    return std::tie(n.name, n.value);
}
inline auto fields(const DeclareQueryParameters& n) {
    return std::tie(n.parameters);
}
inline auto fields(const DeclarePattern& n) {
    return std::tie(n.name);
}
inline auto fields(const RestrictAccess& n) {
    return std::tie(n.entities);
}
inline auto fields(const AliasDatabase& n) {
    return std::tie(n.name, n.value);
}
inline auto fields(const QueryStatement& n) {
    return std::tie(n.query);
}
inline auto fields(const Statement& n) {
    return std::tie(n.node);
}

template <typename T>
concept Leaf = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string> ||
               std::is_same_v<T, columns::Scalar>;

template <Leaf T>
bool same(const T& a, const T& b);
template <typename T>
bool same(const std::vector<T>& a, const std::vector<T>& b);
template <typename T>
bool same(const std::optional<T>& a, const std::optional<T>& b);
template <typename T>
bool same(const std::unique_ptr<T>& a, const std::unique_ptr<T>& b);
template <typename A, typename B>
bool same(const std::pair<A, B>& a, const std::pair<A, B>& b);
template <typename... T>
bool same(const std::variant<T...>& a, const std::variant<T...>& b);
template <typename T>
    requires(!Leaf<T>)
bool same(const T& a, const T& b);

bool same_scalar(const columns::Scalar& a, const columns::Scalar& b);

template <Leaf T>
bool same(const T& a, const T& b) {
    if constexpr (std::is_same_v<T, columns::Scalar>) {
        return same_scalar(a, b);
    } else {
        return a == b;
    }
}
template <typename T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!same(a[i], b[i])) {
            return false;
        }
    }
    return true;
}
template <typename T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
    return a.has_value() == b.has_value() && (!a.has_value() || same(*a, *b));
}
template <typename T>
bool same(const std::unique_ptr<T>& a, const std::unique_ptr<T>& b) {
    return (a == nullptr) == (b == nullptr) && (a == nullptr || same(*a, *b));
}
template <typename A, typename B>
bool same(const std::pair<A, B>& a, const std::pair<A, B>& b) {
    return same(a.first, b.first) && same(a.second, b.second);
}
template <typename... T>
bool same(const std::variant<T...>& a, const std::variant<T...>& b) {
    return a.index() == b.index() &&
           std::visit(
               [&](const auto& x) { return same(x, std::get<std::decay_t<decltype(x)>>(b)); }, a);
}
template <typename T>
    requires(!Leaf<T>)
bool same(const T& a, const T& b) {
    return std::apply(
        [&](const auto&... left) {
            return std::apply([&](const auto&... right) { return (same(left, right) && ...); },
                              fields(b));
        },
        fields(a));
}

}  // namespace qd::kql::tree
