#pragma once

#include "function.h"
#include "qd/base/random.h"
#include "qd/codec/json.h"
#include "qd/columns/text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

/// Table-driven tests of scalar functions: each case is evaluated over Constant, Flat and
/// Dictionary columns and must give the same text each time.
namespace qd::kql {

struct FunctionCase {
    std::string_view function;
    std::vector<Scalar> args;
    std::string want;  // tostring() of the result, "null", or "error" when the call must not bind
};

inline Scalar str(std::string text) {
    return Scalar::of_string(std::move(text));
}
inline Scalar num(std::int64_t v) {
    return Scalar::of_long(v);
}
inline Scalar real(double v) {
    return Scalar::of_real(v);
}
inline Scalar json(std::string_view text) {
    return Scalar::of_dynamic(codec::parse_json(text).value());
}
inline Scalar when(std::string_view text) {
    return cast_scalar(str(std::string(text)), DataType::DateTime);
}
inline Scalar span(std::string_view text) {
    return cast_scalar(str(std::string(text)), DataType::TimeSpan);
}

inline std::string result_text(const columns::Column& column, std::uint32_t row) {
    return column.is_null(row) ? "null" : columns::to_text(column.scalar_at(row));
}

inline ColumnPtr laid_out(const Scalar& value, columns::Layout layout) {
    if (layout == columns::Layout::Constant) {
        return columns::Column::make_constant(value, 3);
    }
    columns::ColumnBuilder builder(value.type());
    builder.append_repeated(value, layout == columns::Layout::Flat ? 3 : 2);
    ColumnPtr flat = builder.finish();
    return layout == columns::Layout::Flat
               ? flat
               : columns::Column::make_dictionary(std::move(flat), {1, 0, 1});
}

inline std::string evaluate_case(const FunctionCase& test, columns::Layout layout) {
    const ScalarFunction* function = find_scalar_function(test.function);
    if (function == nullptr) {
        return "no such function";
    }
    if (test.args.size() < function->args_min ||
        (function->args_max != 255 && test.args.size() > function->args_max)) {
        return "wrong number of arguments";
    }
    std::vector<Argument> arguments;
    for (const Scalar& value : test.args) {
        arguments.push_back({value.type(), &value, {}});
    }
    const Result<BoundCall> bound = function->bind(arguments);
    if (!bound.ok()) {
        return "error";
    }
    std::vector<ColumnPtr> columns;
    for (std::size_t i = 0; i < test.args.size(); ++i) {
        const bool coded = layout == columns::Layout::Dictionary && i > 0;
        ColumnPtr column = laid_out(test.args[i], coded ? columns::Layout::Constant : layout);
        const auto& types = bound.value().arg_types;
        columns.push_back(types.empty() ? column : cast_column(column, types[i]));
    }
    EvalContext context;
    context.now = Timestamp{Timestamp::kUnixEpochTicks};
    Random random(7);
    context.random = &random;
    const Result<ColumnPtr> result = bound.value().kernel(context, columns, 3);
    if (!result.ok()) {
        return "failed";
    }
    EXPECT_EQ(result.value()->type(), bound.value().type) << test.function;
    EXPECT_EQ(result.value()->size(), 3u) << test.function;
    EXPECT_EQ(result_text(*result.value(), 0), result_text(*result.value(), 2)) << test.function;
    return result_text(*result.value(), 1);
}

inline void expect_cases(const std::vector<FunctionCase>& cases) {
    for (const FunctionCase& test : cases) {
        std::string call(test.function);
        for (const Scalar& arg : test.args) {
            call += " '" + columns::to_text(arg) + "'";
        }
        EXPECT_EQ(evaluate_case(test, columns::Layout::Constant), test.want) << call;
        EXPECT_EQ(evaluate_case(test, columns::Layout::Flat), test.want) << call << " flat";
        if (!test.args.empty()) {
            EXPECT_EQ(evaluate_case(test, columns::Layout::Dictionary), test.want)
                << call << " dictionary";
        }
    }
}

}  // namespace qd::kql
