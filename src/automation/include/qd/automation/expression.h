#pragma once

#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/codec/value.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qd::automation {

/// What an expression can see beside its own text. Threads: one evaluation at a time.
class ExpressionContext {
  public:
    virtual ~ExpressionContext() = default;
    /// A reference function: body, outputs, triggerBody, variables, parameters, items, workflow, …
    /// (`function` in lower case). The value lives until the evaluation ends.
    virtual Result<const Value*> reference(std::string_view function,
                                           std::span<const Value* const> arguments) = 0;
    virtual Timestamp now() = 0;
    virtual std::string guid() = 0;
    /// Uniform in [0, bound).
    virtual std::uint64_t random_below(std::uint64_t bound) = 0;
};

/// Sees nothing but the functions that need no run; time stands at the epoch, guid is zero.
/// For constant expressions and tests.
std::unique_ptr<ExpressionContext> make_empty_context();

namespace expr {
struct Node;
}

/// A JSON value whose strings (property names too) may be templates: "@expr", "text @{expr}",
/// "@@" for a literal "@". Compiled once, evaluated often; immutable. Threads: any.
/// Expressions are bounded: 8,192 characters each, 64 nested calls, values of 16 MiB.
class Template {
  public:
    Template();
    Template(const Template& other);
    Template(Template&& other) noexcept;
    Template& operator=(Template other) noexcept;
    ~Template();

    /// Errors: InvalidArgument AUT0201 (syntax; with the offset inside the string).
    static Result<Template> compile(const Value& value);
    /// The `expression` of If and Until: "@bool" or {"and": […]}, {"equals": [a, b]}, … where
    /// arguments may be such objects again. Errors: AUT0201.
    static Result<Template> compile_condition(const Value& value);

    /// Errors: InvalidArgument AUT0202 (no such function), AUT0203 (number of arguments), AUT0204
    /// (type or value of an argument), AUT0205 (missing property or index), ResourceExhausted
    /// AUT0206 (result too large), and whatever the context answers.
    Result<Value> evaluate(ExpressionContext& context) const;
    /// Evaluates and demands true or false. Errors: AUT0204 otherwise.
    Result<bool> evaluate_condition(ExpressionContext& context) const;

    /// No expression inside: evaluate() returns the text as it is.
    bool constant() const;
    /// Calls f(name as written, arguments) for every call inside; literal arguments are pointers
    /// to their value, others null.
    void visit_calls(
        const std::function<void(const std::string&, const std::vector<const Value*>&)>& f) const;

  private:
    explicit Template(std::shared_ptr<const expr::Node> root);
    std::shared_ptr<const expr::Node> root_;
};

/// The name (any case) is one of the language's functions, or of its reference functions.
bool is_known_function(std::string_view name);

/// The text of a value inside "@{…}": null "", true "True", 5.0 "5", compact JSON, decoded blobs.
/// Errors: AUT0204 for a blob whose content does not decode.
Result<std::string> stringify(const Value& value);

}  // namespace qd::automation
