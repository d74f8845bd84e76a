#pragma once

#include "../aggregate.h"

#include <span>

/// One table of descriptors per family; registry.cc lists them.
///
/// Names: BoundAggregate::outputs[i].name is empty where the rule of kql.md b.20 (prefix and
/// argument) gives the name, and is set where the function itself decides it (percentile_x_95,
/// covariance_x_y, the columns of arg_max).
namespace qd::kql {

std::span<const AggregateFunction> sum_aggregates();
std::span<const AggregateFunction> moment_aggregates();
std::span<const AggregateFunction> extreme_aggregates();
std::span<const AggregateFunction> list_aggregates();
std::span<const AggregateFunction> distinct_aggregates();
std::span<const AggregateFunction> percentile_aggregates();
std::span<const AggregateFunction> schema_aggregates();

}  // namespace qd::kql
