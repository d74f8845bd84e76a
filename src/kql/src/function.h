#pragma once

#include "qd/base/memory_budget.h"
#include "qd/base/random.h"
#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/columns/column.h"
#include "qd/kql/source.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// One descriptor per scalar function: from it come the binder's checks, `qd help`, the reference
/// pages and the kernel. A family of functions is one .cc with one table; registry.cc lists the
/// families.
namespace qd::kql {

using columns::ColumnPtr;
using columns::DataType;
using columns::Scalar;

struct Principal;  // engine.h

/// What a kernel may know besides its arguments.
struct EvalContext {
    Timestamp now;             // one value for the whole query
    Random* random = nullptr;  // rand(), new_guid(), sample
    MemoryBudget* budget = nullptr;
    Catalog* catalog = nullptr;
    const Principal* principal = nullptr;
};

/// How project, extend and summarize name a column that a call makes (kql.md b.21).
enum class Naming : std::uint8_t {
    Anonymous,            // Column1, Column2, …
    FirstArgument,        // tostring(d) -> d
    FunctionAndArgument,  // strlen(s) -> strlen_s
};

/// What the binder knows of one argument.
struct Argument {
    DataType type = DataType::Dynamic;
    /// Set when the argument is constant for the whole query.
    const Scalar* constant = nullptr;
    TextSpan span;
};

/// Evaluates one call over the rows of a chunk. args[i] has the type named in BoundCall::arg_types
/// (or the argument's own), any layout, `rows` rows; the result has `rows` rows and
/// BoundCall::type. Data faults are nulls ("" for strings), never errors; errors are limits and
/// assert().
using ScalarKernel = std::function<Result<ColumnPtr>(
    const EvalContext&, std::span<const ColumnPtr> args, std::uint32_t rows)>;

struct BoundCall {
    DataType type = DataType::Dynamic;
    /// The types the kernel wants; the evaluator casts (cast_column). Empty: as they are.
    std::vector<DataType> arg_types;
    ScalarKernel kernel;
};

struct ScalarFunction {
    std::string_view name;
    std::string_view signature;  // "substring(source:string, start:long [, length:long]) : string"
    std::string_view doc;        // one sentence
    std::uint8_t args_min = 0;
    std::uint8_t args_max = 0;  // 255: any number
    Naming naming = Naming::Anonymous;
    /// Checks types and constants, picks the kernel. Errors: InvalidArgument with the engine's
    /// semantic code (SEM0…) and the span of the argument at fault.
    Result<BoundCall> (*bind)(std::span<const Argument> args) = nullptr;
    /// False for rand(), new_guid(): never folded, never run once per distinct value.
    bool deterministic = true;
    /// With FunctionAndArgument: the prefix when it is not the function's name (gettype(x) ->
    /// type_x).
    std::string_view name_prefix = {};
};

/// A function with several results: series_stats(), series_decompose(), … (kql.md b.38).
struct BoundMultiCall {
    std::vector<columns::Field> parts;  // suffix and type of each part, in order
    std::vector<DataType> arg_types;
    std::function<Result<std::vector<ColumnPtr>>(const EvalContext&, std::span<const ColumnPtr>,
                                                 std::uint32_t rows)>
        kernel;
};
struct MultiFunction {
    std::string_view name;
    std::string_view signature;
    std::string_view doc;
    std::uint8_t args_min = 0;
    std::uint8_t args_max = 0;
    Result<BoundMultiCall> (*bind)(std::span<const Argument> args) = nullptr;
    /// Part i is named after argument i (array1_sorted), not after the function and its first.
    bool named_by_arguments = false;
};

/// Null when there is none. Names are case-sensitive; old spellings are entries of their own.
const ScalarFunction* find_scalar_function(std::string_view name);
const MultiFunction* find_multi_function(std::string_view name);
std::vector<const ScalarFunction*> all_scalar_functions();
std::vector<const MultiFunction*> all_multi_functions();

/// KQL's conversions between types (toint(), tostring(), …; kql.md b.7): never fails, what cannot
/// be converted is null.
ColumnPtr cast_column(const ColumnPtr& column, DataType to);
Scalar cast_scalar(const Scalar& value, DataType to);

/// Semantic error with the engine's code at an argument.
Error semantic_error(std::string_view code, std::string message, TextSpan span);

}  // namespace qd::kql
