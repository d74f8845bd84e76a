#include "functions/families.h"
#include "functions/row_kernels.h"
#include "qd/columns/compare.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>

// iff(), case(), coalesce(), min_of(), max_of(), assert(). The values of one call share one type:
// numbers widen (int < long < real < decimal), a dynamic among scalars of one type is converted to
// that type, anything else mixed is dynamic. Source: kql.md b.4, b.8; Microsoft's binder for types.

namespace qd::kql {
namespace {

using columns::Column;

int numeric_rank(DataType type) {
    switch (type) {
        case DataType::Int:
            return 0;
        case DataType::Long:
            return 1;
        case DataType::Real:
            return 2;
        default:
            return 3;
    }
}

DataType wider(DataType a, DataType b) {
    return numeric_rank(a) >= numeric_rank(b) ? a : b;
}

/// The common type of values; nothing when they are of unlike kinds.
std::optional<DataType> common_type(std::span<const Argument* const> values) {
    std::optional<DataType> common;
    for (const Argument* value : values) {
        if (value->type == DataType::Dynamic) {
            continue;
        }
        if (!common || *common == value->type) {
            common = value->type;
        } else if (columns::is_numeric(*common) && columns::is_numeric(value->type)) {
            common = wider(*common, value->type);
        } else {
            return std::nullopt;
        }
    }
    return common ? common : std::optional(DataType::Dynamic);
}

/// iff and case are one: condition, value, condition, value, …, otherwise.
Result<BoundCall> bind_choice(std::string_view name, std::span<const Argument> args) {
    if (args.size() % 2 == 0) {
        return semantic_error("SEM0219",
                              std::string(name) + "(): the number of arguments must be odd",
                              args.back().span);
    }
    std::vector<const Argument*> values;
    for (std::size_t i = 0; i + 1 < args.size(); i += 2) {
        if (args[i].type != DataType::Dynamic) {
            QD_TRY(const DataType type, accept(name, args[i], Accepts::Bool, i));
            static_cast<void>(type);
        }
        values.push_back(&args[i + 1]);
    }
    values.push_back(&args.back());
    BoundCall call;
    call.type = common_type(values).value_or(DataType::Dynamic);
    for (std::size_t i = 0; i < args.size(); ++i) {
        const bool condition = i % 2 == 0 && i + 1 < args.size();
        call.arg_types.push_back(condition ? DataType::Bool : call.type);
    }
    call.kernel = row_kernel(
        call.type,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            std::size_t pick = a.size() - 1;
            for (std::size_t i = 0; i + 1 < a.size(); i += 2) {
                if (!a[i]->is_null(row) && a[i]->int_at(row) != 0) {
                    pick = i + 1;
                    break;
                }
            }
            out.append_from(*a[pick], row);
        },
        Nulls::Passed);
    return call;
}

Result<DataType> type_of_values(std::string_view name, std::span<const Argument> args) {
    std::vector<const Argument*> values;
    for (const Argument& arg : args) {
        values.push_back(&arg);
    }
    const auto common = common_type(values);
    if (!common) {
        return semantic_error("SEM0258",
                              std::string(name) + "(): the arguments must have one common type",
                              args.back().span);
    }
    return *common;
}

Result<BoundCall> bind_coalesce(std::span<const Argument> args) {
    QD_TRY(const DataType type, type_of_values("coalesce", args));
    BoundCall call;
    call.type = type;
    call.arg_types.assign(args.size(), type);
    call.kernel = row_kernel(
        type,
        [text = type == DataType::String](Args a, std::uint32_t row, ColumnBuilder& out) {
            for (const ColumnPtr& arg : a) {
                if (text ? !arg->bytes_at(row).empty() : !arg->is_null(row)) {
                    out.append_from(*arg, row);
                    return;
                }
            }
            out.append_null();
        },
        Nulls::Passed);
    return call;
}

/// sign = 1 for the greatest, -1 for the least. Nulls are skipped, NaN wins.
Result<BoundCall> bind_extreme(std::string_view name, std::span<const Argument> args, int sign) {
    QD_TRY(const DataType type, type_of_values(name, args));
    if (type == DataType::Dynamic || type == DataType::Guid) {
        return semantic_error("SEM0258", std::string(name) + "(): the arguments must have an order",
                              args[0].span);
    }
    BoundCall call;
    call.type = type;
    call.arg_types.assign(args.size(), type);
    call.kernel = row_kernel(
        type,
        [sign, type](Args a, std::uint32_t row, ColumnBuilder& out) {
            const Column* best = nullptr;
            for (const ColumnPtr& arg : a) {
                if (arg->is_null(row)) {
                    continue;
                }
                if (type == DataType::Real && std::isnan(arg->real_at(row))) {
                    best = arg.get();
                    break;
                }
                if (best == nullptr || columns::compare_rows(*arg, row, *best, row) * sign > 0) {
                    best = arg.get();
                }
            }
            if (best == nullptr) {
                out.append_null();
            } else {
                out.append_from(*best, row);
            }
        },
        Nulls::Passed);
    return call;
}

Result<BoundCall> bind_assert(std::span<const Argument> args) {
    QD_TRY(std::string message, constant_text("assert", args[1], "message"));
    return bind_kernel("assert", args, {Accepts::Bool, Accepts::Text}, DataType::Bool,
                       [message = std::move(message)](const EvalContext&, Args a,
                                                      std::uint32_t rows) -> Result<ColumnPtr> {
                           for (std::uint32_t row = 0; row < rows; ++row) {
                               if (a[0]->is_null(row) || a[0]->int_at(row) == 0) {
                                   return Error(Code::FailedPrecondition, "KQL0301",
                                                "assert() has failed with message: " + message);
                               }
                           }
                           return a[0];
                       });
}

using Arguments = std::span<const Argument>;

constexpr ScalarFunction kFunctions[] = {
    {"iff", "iff(condition:bool, then:scalar, else:scalar) : scalar",
     "One of two values; a null condition gives the second.", 3, 3, Naming::Anonymous,
     [](Arguments args) { return bind_choice("iff", args); }},
    {"iif", "iif(condition:bool, then:scalar, else:scalar) : scalar", "Same as iff().", 3, 3,
     Naming::Anonymous, [](Arguments args) { return bind_choice("iif", args); }},
    {"case", "case(condition:bool, then:scalar, …, else:scalar) : scalar",
     "The value behind the first condition that holds, or the last value.", 3, 255,
     Naming::Anonymous, [](Arguments args) { return bind_choice("case", args); }},
    {"coalesce", "coalesce(value:scalar, …) : scalar",
     "The first value that is not null (for strings: not empty).", 1, 64, Naming::Anonymous,
     bind_coalesce},
    {"max_of", "max_of(value:scalar, …) : scalar", "The greatest of the values that are not null.",
     1, 64, Naming::Anonymous, [](Arguments args) { return bind_extreme("max_of", args, 1); }},
    {"min_of", "min_of(value:scalar, …) : scalar", "The least of the values that are not null.", 1,
     64, Naming::Anonymous, [](Arguments args) { return bind_extreme("min_of", args, -1); }},
    {"assert", "assert(condition:bool, message:string) : bool",
     "Fails the query with the message when the condition does not hold.", 2, 2, Naming::Anonymous,
     bind_assert},
};

}  // namespace

std::span<const ScalarFunction> conditional_functions() {
    return kFunctions;
}

}  // namespace qd::kql
