#include "functions/row_kernels.h"

#include <algorithm>
#include <utility>

namespace qd::kql {
namespace {

using columns::Column;
using columns::Layout;

bool any_null(Args args, std::uint32_t row) {
    for (const ColumnPtr& arg : args) {
        if (arg->is_null(row)) {
            return true;
        }
    }
    return false;
}

// Texts grow by joining: a cell whose inputs exceed the first, or a chunk whose inputs exceed the
// second, ends the query before a column meets its 4 GiB.
constexpr std::uint64_t kCellInputBytesMax = std::uint64_t{64} << 20;
constexpr std::uint64_t kChunkInputBytesMax = std::uint64_t{512} << 20;

Status check_inputs(Args args, std::uint32_t rows) {
    std::uint64_t total = 0;
    for (std::uint32_t row = 0; row < rows; ++row) {
        std::uint64_t bytes = 0;
        for (const ColumnPtr& arg : args) {
            if (columns::is_bytes(arg->type()) && !arg->is_null(row)) {
                bytes += arg->bytes_at(row).size();
            }
        }
        total += bytes;
        if (bytes > kCellInputBytesMax || total > kChunkInputBytesMax) {
            return Error(Code::ResourceExhausted, "E_RUNAWAY_QUERY",
                         "texts of the query grow too large, bytes allowed in a cell: " +
                             std::to_string(kCellInputBytesMax));
        }
    }
    return ok_status();
}

ColumnPtr evaluate_range(DataType result, const RowFunction& function, Nulls nulls, Args args,
                         std::uint32_t begin, std::uint32_t end) {
    ColumnBuilder out(result, end - begin);
    for (std::uint32_t row = begin; row < end; ++row) {
        if (nulls == Nulls::Propagate && any_null(args, row)) {
            out.append_null();
        } else {
            function(args, row, out);
        }
    }
    return out.finish();
}

/// Texts and dynamic values are made in batches, so that a function that blows up its input
/// (strrep(), range(), …) meets the limit before it has filled the machine.
constexpr std::uint32_t kBatchRows = 256;

Result<ColumnPtr> evaluate_rows(DataType result, const RowFunction& function, Nulls nulls,
                                Args args, std::uint32_t rows, std::size_t bytes_max) {
    if (columns::is_bytes(result)) {
        QD_CHECK_OK(check_inputs(args, rows));
    }
    if (!columns::is_bytes(result) || rows <= kBatchRows) {
        return evaluate_range(result, function, nulls, args, 0, rows);
    }
    std::vector<ColumnPtr> batches;
    std::size_t bytes = 0;
    for (std::uint32_t begin = 0; begin < rows; begin += kBatchRows) {
        const std::uint32_t end = std::min(rows, begin + kBatchRows);
        batches.push_back(evaluate_range(result, function, nulls, args, begin, end));
        bytes += batches.back()->memory_bytes();
        if (bytes > bytes_max) {
            return Error(Code::ResourceExhausted, "E_RUNAWAY_QUERY",
                         "the values a function makes of one chunk pass the memory limit");
        }
    }
    return columns::concatenate(batches);
}

Result<ColumnPtr> evaluate(DataType result, const RowFunction& function, Nulls nulls, Args args,
                           std::uint32_t rows, std::size_t bytes_max) {
    std::size_t varying = 0;
    std::size_t varying_index = 0;
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (args[i]->layout() != Layout::Constant) {
            ++varying;
            varying_index = i;
        }
    }
    if (rows > 0 && varying == 0) {
        QD_TRY(const ColumnPtr one, evaluate_rows(result, function, nulls, args, 1, bytes_max));
        return Column::make_constant(one->scalar_at(0), rows);
    }
    if (varying == 1 && args[varying_index]->layout() == Layout::Dictionary &&
        args[varying_index]->dictionary()->size() <= rows) {
        const ColumnPtr& coded = args[varying_index];
        std::vector<ColumnPtr> entries(args.begin(), args.end());
        entries[varying_index] = coded->dictionary();
        QD_TRY(ColumnPtr mapped, evaluate_rows(result, function, nulls, entries,
                                               coded->dictionary()->size(), bytes_max));
        return Column::make_dictionary(
            std::move(mapped),
            std::vector<std::uint32_t>(coded->codes().begin(), coded->codes().end()));
    }
    return evaluate_rows(result, function, nulls, args, rows, bytes_max);
}

std::string_view describe(Accepts accepts) {
    switch (accepts) {
        case Accepts::Any:
        case Accepts::AnyAsText:
            return "a scalar";
        case Accepts::NotDynamic:
            return "a scalar that is not dynamic";
        case Accepts::Text:
            return "a string";
        case Accepts::StringOrDynamic:
            return "a string or dynamic";
        case Accepts::Integer:
            return "an integer";
        case Accepts::Number:
        case Accepts::AnyNumber:
            return "a number";
        case Accepts::Real:
            return "a real number";
        case Accepts::Bool:
            return "a bool";
        case Accepts::DateTime:
            return "a datetime";
        case Accepts::TimeSpan:
            return "a timespan";
        case Accepts::Summable:
            return "a number, datetime or timespan";
        case Accepts::Array:
            return "a dynamic";
        case Accepts::Guid:
            return "a guid";
    }
    return "a scalar";
}

}  // namespace

ScalarKernel row_kernel(DataType result, RowFunction function, Nulls nulls) {
    return [result, function = std::move(function), nulls](
               const EvalContext& context, Args args, std::uint32_t rows) -> Result<ColumnPtr> {
        constexpr std::int64_t kBytesMax = std::int64_t{1} << 30;
        const std::int64_t limit = context.budget == nullptr
                                       ? kBytesMax
                                       : std::min(kBytesMax, context.budget->limit_bytes());
        return evaluate(result, function, nulls, args, rows, static_cast<std::size_t>(limit));
    };
}

ColumnPtr map_payload(const ColumnPtr& column,
                      const std::function<ColumnPtr(const ColumnPtr&)>& map) {
    switch (column->layout()) {
        case Layout::Constant:
            return Column::make_constant(map(column->constant())->scalar_at(0), column->size());
        case Layout::Dictionary:
            if (column->dictionary()->size() <= column->size()) {
                return Column::make_dictionary(
                    map(column->dictionary()),
                    std::vector<std::uint32_t>(column->codes().begin(), column->codes().end()));
            }
            return map(columns::flatten(column));
        case Layout::Flat:
            break;
    }
    return map(column);
}

Result<DataType> accept(std::string_view function, const Argument& argument, Accepts accepts,
                        std::size_t position) {
    const DataType type = argument.type;
    const bool integer = type == DataType::Int || type == DataType::Long;
    switch (accepts) {
        case Accepts::Any:
            return type;
        case Accepts::AnyAsText:
            return DataType::String;
        case Accepts::NotDynamic:
            if (type != DataType::Dynamic) {
                return type;
            }
            break;
        case Accepts::Text:
            if (columns::is_bytes(type)) {
                return DataType::String;
            }
            break;
        case Accepts::StringOrDynamic:
            if (columns::is_bytes(type)) {
                return type;
            }
            break;
        case Accepts::Integer:
            if (integer) {
                return DataType::Long;
            }
            break;
        case Accepts::Number:
            if (columns::is_numeric(type)) {
                return DataType::Real;
            }
            break;
        case Accepts::AnyNumber:
            if (columns::is_numeric(type)) {
                return type;
            }
            break;
        case Accepts::Real:
            if (integer || type == DataType::Real) {
                return DataType::Real;
            }
            break;
        case Accepts::Bool:
            if (type == DataType::Bool) {
                return type;
            }
            break;
        case Accepts::DateTime:
            if (type == DataType::DateTime) {
                return type;
            }
            break;
        case Accepts::TimeSpan:
            if (type == DataType::TimeSpan) {
                return type;
            }
            break;
        case Accepts::Summable:
            if (columns::is_numeric(type) || type == DataType::DateTime ||
                type == DataType::TimeSpan) {
                return type;
            }
            break;
        case Accepts::Array:
            if (type == DataType::Dynamic) {
                return type;
            }
            break;
        case Accepts::Guid:
            if (type == DataType::Guid) {
                return type;
            }
            break;
    }
    std::string message(function);
    message.append("(): argument ")
        .append(std::to_string(position + 1))
        .append(" must be ")
        .append(describe(accepts))
        .append(", it is ")
        .append(columns::type_name(type));
    return semantic_error("SEM0259", std::move(message), argument.span);
}

Result<BoundCall> bind_kernel(std::string_view function, std::span<const Argument> args,
                              std::initializer_list<Accepts> params, DataType result,
                              ScalarKernel kernel) {
    BoundCall call;
    call.type = result;
    for (std::size_t i = 0; i < args.size(); ++i) {
        const std::size_t param = i < params.size() ? i : params.size() - 1;
        QD_TRY(const DataType type, accept(function, args[i], params.begin()[param], i));
        call.arg_types.push_back(type);
    }
    call.kernel = std::move(kernel);
    return call;
}

Result<BoundCall> bind_row(std::string_view function, std::span<const Argument> args,
                           std::initializer_list<Accepts> params, DataType result, RowFunction row,
                           Nulls nulls) {
    return bind_kernel(function, args, params, result, row_kernel(result, std::move(row), nulls));
}

Result<std::string> constant_text(std::string_view function, const Argument& argument,
                                  std::string_view parameter) {
    if (argument.constant == nullptr || argument.type != DataType::String) {
        return semantic_error("SEM0244",
                              std::string(function) + "(): argument '" + std::string(parameter) +
                                  "' must be a constant string",
                              argument.span);
    }
    return argument.constant->bytes();
}

}  // namespace qd::kql
