#pragma once

#include "function.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Reading and refusing arguments while binding: what aggregates, series functions and plugins
/// share.
namespace qd::kql {

/// Semantic error at an argument: "sum(): argument 1 must be numeric".
Error argument_error(std::string_view function, std::string_view what, TextSpan span);

/// The constant as a whole number / real / text; nothing when it is no constant or of another kind.
std::optional<std::int64_t> constant_int(const Argument& argument);
std::optional<double> constant_real(const Argument& argument);
std::optional<std::string> constant_text(const Argument& argument);

double scalar_to_real(const Scalar& value);

}  // namespace qd::kql
