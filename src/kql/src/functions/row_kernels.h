#pragma once

#include "function.h"
#include "qd/columns/variant.h"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

/// From a function over one row to a kernel over columns of any layout.
///
/// The driver is compiled once and calls the row function through std::function: a scalar function
/// costs one small lambda, not one instantiation per layout. Constant arguments are computed once,
/// one dictionary column among constants once per entry. The handful of functions where the call
/// matters (casts, bin, arithmetic on whole columns) have loops of their own over the spans.
namespace qd::kql {

using Args = std::span<const ColumnPtr>;
using columns::ColumnBuilder;
using columns::VariantView;

/// Appends exactly one value for `row` to `out`.
using RowFunction = std::function<void(Args args, std::uint32_t row, ColumnBuilder& out)>;

enum class Nulls : std::uint8_t {
    Propagate,  // a null argument makes the result null ("" for strings) without a call
    Passed,     // the row function sees nulls
};

ScalarKernel row_kernel(DataType result, RowFunction function, Nulls nulls = Nulls::Propagate);

/// Maps one argument's column through its layout: Constant and Dictionary payloads are mapped once
/// and wrapped again. `map` gets a Flat column and returns one as long.
ColumnPtr map_payload(const ColumnPtr& column,
                      const std::function<ColumnPtr(const ColumnPtr&)>& map);

/// What a parameter accepts; the classes are those of Microsoft's binder.
enum class Accepts : std::uint8_t {
    Any,              // every type, as it is
    AnyAsText,        // every type, as tostring() prints it
    NotDynamic,       // every type but dynamic
    Text,             // string, or dynamic as text
    StringOrDynamic,  // either, as it is
    Integer,          // int and long, as long
    Number,           // int, long, real, decimal, as real
    AnyNumber,        // int, long, real, decimal, as it is
    Real,             // int, long, real as real (no decimal)
    Bool,
    DateTime,
    TimeSpan,
    Summable,  // numbers, datetime, timespan, as it is
    Array,     // dynamic
    Guid,
};

/// Type check of one argument; the type its kernel wants.
/// Errors: InvalidArgument SEM0259 with the argument's span.
Result<DataType> accept(std::string_view function, const Argument& argument, Accepts accepts,
                        std::size_t position);

/// The common case of bind: checks arguments against `params` (the last one repeats for variadic
/// functions; fewer arguments than params is fine) and builds the call.
Result<BoundCall> bind_row(std::string_view function, std::span<const Argument> args,
                           std::initializer_list<Accepts> params, DataType result, RowFunction row,
                           Nulls nulls = Nulls::Propagate);
/// As bind_row, when the kernel is made some other way.
Result<BoundCall> bind_kernel(std::string_view function, std::span<const Argument> args,
                              std::initializer_list<Accepts> params, DataType result,
                              ScalarKernel kernel);

/// The constant text of an argument that must be one.
/// Errors: InvalidArgument SEM0244 when it is no constant string.
Result<std::string> constant_text(std::string_view function, const Argument& argument,
                                  std::string_view parameter);

/// No function makes a longer text or array than this (or than its longest argument): the result
/// is "" or null instead.
inline constexpr std::size_t kValueBytesMax = std::size_t{8} << 20U;

inline std::string_view text_at(Args args, std::size_t index, std::uint32_t row) {
    return args[index]->bytes_at(row);
}
inline VariantView variant_at(Args args, std::size_t index, std::uint32_t row) {
    return VariantView(args[index]->bytes_at(row));
}

}  // namespace qd::kql
