#pragma once

#include "qd/base/result.h"
#include "qd/kql/ast.h"
#include "qd/kql/command.h"
#include "qd/kql/diagnostics.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace qd::kql {

struct ParseOptions {
    /// A text longer than this is refused (KQL0101) before it is read.
    std::size_t bytes_max = 4u << 20;
    /// Brackets, braces and parentheses open at once; unary operators count too.
    std::uint32_t nesting_max = 200;
    /// Operators of all pipelines of a text; plans are walked recursively.
    std::uint32_t operators_max = 1'000;
    /// Errors kept; reading goes on after them up to here, then stops.
    std::size_t errors_max = 50;
};

/// No expression in a tree is higher than this, so readers of trees may recurse.
inline constexpr std::uint32_t kHeightMax = 1000;

struct ParseResult {
    /// Complete when ok(); otherwise as much as could be read (MissingExpr, BadOperator and
    /// Conditional occur only then).
    Script script;
    std::vector<Diagnostic> diagnostics;

    bool ok() const;
};

/// Reads a query (statements) or, when the text begins with a dot, a management command.
/// Diagnostics: SYN0001 for a text that cannot be cut into words (an unclosed string), SYN0002 for
/// everything the grammar refuses. Threads: pure. Time: linear in the text.
ParseResult parse(std::string_view text, const ParseOptions& options = {});

/// As parse(), but the first error as an Error with its span.
Result<Script> parse_or_error(std::string_view text, const ParseOptions& options = {});

/// A stored function's or view's `parameters` ("(a:long=1)", "" for none) and `body` (what stands
/// between the braces), as a lambda. Spans are offsets into parameters followed by "{" and body.
Result<std::unique_ptr<Lambda>> parse_function(std::string_view parameters, std::string_view body,
                                               const ParseOptions& options = {});

/// A constant alone: the value of a query parameter ("datetime(2026-01-01)", "5", "'x'", also
/// unary minus). Errors: InvalidArgument SYN0002.
Result<columns::Scalar> parse_literal(std::string_view text);

/// "(a:long, b:string)" or "a:long, b:string" as a schema.
Result<columns::Schema> parse_schema(std::string_view text);

}  // namespace qd::kql
