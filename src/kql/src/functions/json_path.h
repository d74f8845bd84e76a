#pragma once

#include "qd/codec/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace qd::kql {

/// One step of "$.a['b'][0]": a property's name or an index (negative counts from the end).
using PathStep = std::variant<std::string, std::int64_t>;

/// The steps of a JSON path that begins with "$"; nothing when it is malformed.
std::optional<std::vector<PathStep>> parse_json_path(std::string_view path);

/// The steps of a key: a path when it begins with "$.", else the key itself is the one step.
std::vector<PathStep> steps_of_key(std::string_view key);

/// Null when the path leads nowhere.
const Value* follow_path(const Value& root, const std::vector<PathStep>& steps);

}  // namespace qd::kql
