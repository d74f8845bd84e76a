#pragma once

#include "function.h"

#include <optional>
#include <span>
#include <string_view>

/// The operators of KQL as calls: what `a + b`, `x has "y"`, `v between (a .. b)` mean for given
/// types. Rules: kql.md b.4-b.14.
namespace qd::kql {

/// Arithmetic: + - * / %.
/// Errors: InvalidArgument SEM0064 and the span of the operator's second operand.
Result<BoundCall> bind_arithmetic(std::string_view op, std::span<const Argument> args);
/// Unary minus (and plus).
Result<BoundCall> bind_negate(std::span<const Argument> args);
/// == != < <= > >= on any comparable types.
Result<BoundCall> bind_comparison(std::string_view op, std::span<const Argument> args);
/// =~ !~ has contains startswith endswith hasprefix hassuffix, their _cs and negated forms,
/// `matches regex`, like.
Result<BoundCall> bind_string_operator(std::string_view op, std::span<const Argument> args);
/// in, !in, in~, !in~, has_any, has_all: args[0] is the value, the rest the list (constants of any
/// scalar type, or dynamic arrays).
Result<BoundCall> bind_set_operator(std::string_view op, std::span<const Argument> args);
/// args: value, low, high.
Result<BoundCall> bind_between(bool negated, std::span<const Argument> args);
/// d[k] where k is not constant.
Result<BoundCall> bind_element(std::span<const Argument> args);
Result<BoundCall> bind_not(std::span<const Argument> args);

/// The type two branches of iff(), case(), coalesce() meet in; missing when there is none.
DataType widen_types(DataType a, DataType b);

/// Whether `op` is one that bind_string_operator knows.
bool is_string_operator(std::string_view op);
bool is_set_operator(std::string_view op);

}  // namespace qd::kql
