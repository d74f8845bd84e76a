#pragma once

#include "parse/tree_fields.h"

namespace qd::kql::tree {

/// Calls visit(const Expr&) for every expression below a node, parents first; visit returns
/// whether to go into it. Pipelines (Query) are not entered.
template <typename F, Leaf T>
void walk(const T& leaf, F& visit);
template <typename F>
void walk(const Expr& expr, F& visit);
template <typename F>
void walk(const Query& query, F& visit);
template <typename F>
void walk(const Name& name, F& visit);
template <typename F, typename T>
void walk(const std::vector<T>& list, F& visit);
template <typename F, typename T>
void walk(const std::optional<T>& value, F& visit);
template <typename F, typename T>
void walk(const std::unique_ptr<T>& value, F& visit);
template <typename F, typename A, typename B>
void walk(const std::pair<A, B>& value, F& visit);
template <typename F, typename... T>
void walk(const std::variant<T...>& value, F& visit);
template <typename F, typename T>
    requires(!Leaf<T>)
void walk(const T& node, F& visit);

template <typename F, Leaf T>
void walk(const T&, F&) {}
template <typename F>
void walk(const Name&, F&) {}
template <typename F>
void walk(const Query&, F&) {}
template <typename F>
void walk(const Expr& expr, F& visit) {
    if (visit(expr)) {
        walk(expr.node, visit);
    }
}
template <typename F, typename T>
void walk(const std::vector<T>& list, F& visit) {
    for (const T& item : list) {
        walk(item, visit);
    }
}
template <typename F, typename T>
void walk(const std::optional<T>& value, F& visit) {
    if (value) {
        walk(*value, visit);
    }
}
template <typename F, typename T>
void walk(const std::unique_ptr<T>& value, F& visit) {
    if (value != nullptr) {
        walk(*value, visit);
    }
}
template <typename F, typename A, typename B>
void walk(const std::pair<A, B>& value, F& visit) {
    walk(value.first, visit);
    walk(value.second, visit);
}
template <typename F, typename... T>
void walk(const std::variant<T...>& value, F& visit) {
    std::visit([&](const auto& node) { walk(node, visit); }, value);
}
template <typename F, typename T>
    requires(!Leaf<T>)
void walk(const T& node, F& visit) {
    std::apply([&](const auto&... field) { (walk(field, visit), ...); }, fields(node));
}

}  // namespace qd::kql::tree
