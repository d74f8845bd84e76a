#pragma once

#include "qd/automation/expression.h"

namespace qd::automation::expr {

struct Function;

/// One node of a compiled template.
struct Node {
    enum class Kind : std::uint8_t {
        Literal,      // value
        Call,         // name(children…)
        Access,       // children[0][children[1]], `safe` with '?'
        Interpolate,  // texts of the children, joined
        Array,        // of children
        Object,       // children are key, value, key, value, …
    };
    Kind kind = Kind::Literal;
    bool safe = false;
    Value value;
    std::string name;                    // as written
    const Function* function = nullptr;  // null: unknown, an error only when evaluated
    std::vector<Node> children;
};

inline constexpr std::size_t kExpressionCharsMax = 8192;
inline constexpr std::size_t kCallDepthMax = 64;
inline constexpr std::size_t kTemplateDepthMax = 256;
inline constexpr std::size_t kValueBytesMax = std::size_t{16} << 20U;

/// A template string. Errors: AUT0201.
Result<Node> parse_template(std::string_view text);
/// Strings of a JSON value are template strings.
Result<Node> parse_value(const Value& value, std::size_t depth);
Result<Node> parse_condition(const Value& value, std::size_t depth);

}  // namespace qd::automation::expr
