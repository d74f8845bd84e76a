#include "qd/kql/parser.h"

#include "parse/parser_impl.h"
#include "qd/codec/guid.h"

#include <algorithm>

namespace qd::kql {
namespace {

Error first_error(const std::vector<Diagnostic>& diagnostics) {
    for (const Diagnostic& d : diagnostics) {
        if (d.severity == Severity::Error) {
            return to_error(d);
        }
    }
    return Error(Code::Internal, "KQL0100", "No diagnostic for a failed parse");
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
    return std::any_of(diagnostics.begin(), diagnostics.end(),
                       [](const Diagnostic& d) { return d.severity == Severity::Error; });
}

std::optional<columns::Scalar> negate(const columns::Scalar& value) {
    using columns::DataType;
    using columns::Scalar;
    if (value.is_null()) {
        return value;
    }
    switch (value.type()) {
        case DataType::Int:
            return Scalar::of_int(static_cast<std::int32_t>(-value.as_int()));
        case DataType::Long:
            return value.as_int() == INT64_MIN ? value : Scalar::of_long(-value.as_int());
        case DataType::Real:
            return Scalar::of_real(-value.as_real());
        case DataType::TimeSpan:
            return value.as_int() == INT64_MIN ? value : Scalar::of_timespan(-value.as_int());
        case DataType::Decimal: {
            const auto result = decimal_arithmetic(DecimalOp::Subtract, decimal_from_int(0),
                                                   DecimalValue{value.as_wide()});
            return result ? std::optional(Scalar::of_decimal(result->bits)) : std::nullopt;
        }
        case DataType::Bool:
        case DataType::String:
        case DataType::DateTime:
        case DataType::Guid:
        case DataType::Dynamic:
            break;
    }
    return std::nullopt;
}

}  // namespace

bool ParseResult::ok() const {
    return !has_errors(diagnostics);
}

ParseResult parse(std::string_view text, const ParseOptions& options) {
    ParseResult result;
    Parser parser(text, options);
    parser.parse_script(result.script);
    result.diagnostics = parser.take_diagnostics();
    std::stable_sort(
        result.diagnostics.begin(), result.diagnostics.end(),
        [](const Diagnostic& a, const Diagnostic& b) { return a.span.offset < b.span.offset; });
    return result;
}

Result<Script> parse_or_error(std::string_view text, const ParseOptions& options) {
    ParseResult result = parse(text, options);
    if (!result.ok()) {
        return first_error(result.diagnostics);
    }
    return std::move(result.script);
}

Result<std::unique_ptr<Lambda>> parse_function(std::string_view parameters, std::string_view body,
                                               const ParseOptions& options) {
    std::string text(parameters);
    text += "{";
    text += body;
    text += "\n}";  // the body may end in a comment
    Parser parser(text, options);
    std::unique_ptr<Lambda> lambda = parser.parse_function_text();
    const std::vector<Diagnostic> diagnostics = parser.take_diagnostics();
    if (has_errors(diagnostics)) {
        return first_error(diagnostics);
    }
    return lambda;
}

Result<columns::Scalar> parse_literal(std::string_view text) {
    const ParseOptions options;
    Parser parser(text, options);
    const ExprPtr value = parser.parse_constant_text();
    const std::vector<Diagnostic> diagnostics = parser.take_diagnostics();
    if (has_errors(diagnostics)) {
        return first_error(diagnostics);
    }
    if (const auto* literal = value->if_as<Literal>()) {
        return literal->value;
    }
    if (const auto* unary = value->if_as<Unary>(); unary != nullptr) {
        if (const auto* literal = unary->operand->if_as<Literal>()) {
            const auto result =
                unary->op == UnaryOp::Plus ? std::optional(literal->value) : negate(literal->value);
            if (result) {
                return *result;
            }
        }
    }
    return Error(Code::InvalidArgument, "SYN0002", "Expected: a constant").with_span(value->span);
}

Result<columns::Schema> parse_schema(std::string_view text) {
    const ParseOptions options;
    Parser parser(text, options);
    const std::vector<ColumnDeclaration> columns = parser.parse_schema_text();
    const std::vector<Diagnostic> diagnostics = parser.take_diagnostics();
    if (has_errors(diagnostics)) {
        return first_error(diagnostics);
    }
    columns::Schema schema;
    for (const ColumnDeclaration& column : columns) {
        schema.fields.push_back({column.name.text, column.type});
    }
    return schema;
}

}  // namespace qd::kql
