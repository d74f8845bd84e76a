#pragma once

#include "qd/kql/ast.h"

#include <string>
#include <string_view>

namespace qd::kql {

/// Canonical KQL of a tree: one operator a line, names bracketed where they must be, every literal
/// in the form that gives the same typed value back. parse(format(parse(q))) equals parse(q).
std::string format_script(const Script& script);
std::string format_query(const Query& query);
std::string format_operator(const Operator& op);
std::string format_expr(const Expr& expr);
/// The literal's text: `int(5)`, `datetime(2026-01-01T00:00:00.0000000Z)`, `'it\'s'`.
std::string format_literal(const columns::Scalar& value);
/// The name, as ['the name'] when it is no plain identifier or is a keyword.
std::string format_name(std::string_view name);

/// Whether two trees mean the same: everything but spans, layout and superfluous parentheses.
bool same_tree(const Script& a, const Script& b);
bool same_tree(const Expr& a, const Expr& b);

}  // namespace qd::kql
