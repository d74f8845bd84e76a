#pragma once

#include "qd/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qd::kql {

enum class Severity : std::uint8_t { Error, Warning, Info };

/// One remark about a query text.
struct Diagnostic {
    Severity severity = Severity::Error;
    std::string code;     // the engine's class: SYN0002, SEM0100, …
    std::string ks_code;  // Microsoft's binder's number (KS142, …) where it is known
    std::string message;
    TextSpan span;
};

/// Line and column, both from 1, columns in code points.
struct TextPosition {
    std::uint32_t line = 1;
    std::uint32_t column = 1;
};
TextPosition position_of(std::string_view text, std::uint32_t offset);

/// "line 3, column 14" and the line with a caret and tildes under the span.
std::string render_caret(std::string_view text, const Diagnostic& diagnostic);

/// As an Error value: its id is the code.
Error to_error(const Diagnostic& diagnostic);

}  // namespace qd::kql
