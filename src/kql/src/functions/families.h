#pragma once

#include "function.h"

#include <span>

/// The tables that registry.cc joins: one per file of functions.
namespace qd::kql {

std::span<const ScalarFunction> type_functions();
std::span<const ScalarFunction> string_basic_functions();
std::span<const ScalarFunction> string_search_functions();
std::span<const ScalarFunction> string_regex_functions();
std::span<const ScalarFunction> time_bin_functions();
std::span<const ScalarFunction> time_calendar_functions();
std::span<const ScalarFunction> time_clock_functions();
std::span<const ScalarFunction> time_format_functions();
std::span<const ScalarFunction> conditional_functions();

}  // namespace qd::kql
