#pragma once

#include "qd/automation/expression.h"

#include <optional>

namespace qd::automation::expr {

/// Arguments of one call, evaluated.
struct Arguments {
    std::string_view name;  // as written
    std::span<const Value* const> values;
    ExpressionContext& context;

    std::size_t size() const { return values.size(); }
    const Value& operator[](std::size_t i) const { return *values[i]; }

    /// AUT0204 "the function 'f' expects its parameter n to be …".
    Error wrong(std::size_t i, std::string_view expected) const;
    Error invalid(std::string_view message) const;
    Result<std::string_view> string(std::size_t i) const;
    Result<std::int64_t> integer(std::size_t i) const;
    Result<const qd::Array*> array(std::size_t i) const;
    Result<const qd::Object*> object(std::size_t i) const;
    /// The string, or nothing when there are not so many arguments (or it is null).
    Result<std::optional<std::string_view>> optional_string(std::size_t i) const;
};

using Implementation = Result<Value> (*)(const Arguments&);

/// Lazy functions are evaluated by the evaluator itself, references by the context.
struct Function {
    enum class Kind { Plain, And, Or, If, Coalesce, Reference };
    std::string_view name;
    std::size_t least = 0;
    std::size_t most = 0;
    Implementation implementation = nullptr;
    Kind kind = Kind::Plain;
};

inline constexpr std::size_t kAnyNumber = 1'000'000;

/// Any case. Null: no such function.
const Function* find_function(std::string_view name);

std::span<const Function> string_functions();
std::span<const Function> collection_functions();
std::span<const Function> logic_functions();
std::span<const Function> conversion_functions();
std::span<const Function> data_uri_functions();
std::span<const Function> math_functions();
std::span<const Function> date_functions();
std::span<const Function> object_functions();
std::span<const Function> xml_functions();

}  // namespace qd::automation::expr
