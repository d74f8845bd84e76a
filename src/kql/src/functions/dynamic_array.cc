#include "dynamic_bytes.h"
#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/variant_order.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

// Arrays: making, cutting, turning, sorting, searching. Elements are copied as variant bytes, never
// rebuilt. What is no array gives null. Source: kql.md b.18.

namespace qd::kql {
namespace {

using Kind = VariantView::Kind;

/// No function makes an array longer than this.
constexpr std::int64_t kElementsMax = 1'048'576;

void append_array(ColumnBuilder& out, const ArrayBytes& array) {
    std::string bytes;
    array.append_to(bytes);
    out.append_bytes(bytes);
}

using ArrayFunction = void (*)(const VariantView& array, Args a, std::uint32_t row,
                               ColumnBuilder& out);

/// A function whose first argument must be an array, for nulls and other values the result is null.
RowFunction over_array(ArrayFunction function) {
    return [function](Args a, std::uint32_t row, ColumnBuilder& out) {
        const VariantView array = variant_at(a, 0, row);
        if (array.kind() == Kind::Array) {
            function(array, a, row, out);
        } else {
            out.append_null();
        }
    };
}

void array_length(const VariantView& array, Args, std::uint32_t, ColumnBuilder& out) {
    out.append_int(array.size());
}

void array_sum(const VariantView& array, Args, std::uint32_t, ColumnBuilder& out) {
    double sum = 0;
    for (std::uint32_t i = 0; i < array.size(); ++i) {
        const VariantView element = array.element(i);
        if (element.kind() == Kind::Long) {
            sum += static_cast<double>(element.as_int());
        } else if (element.kind() == Kind::Real) {
            sum += element.as_real();
        } else if (element.kind() != Kind::Null) {
            out.append_null();
            return;
        }
    }
    out.append_real(sum);
}

void append_range(const VariantView& array, std::int64_t begin, std::int64_t end, ArrayBytes& out) {
    for (std::int64_t i = begin; i < end; ++i) {
        out.append(array.element(static_cast<std::uint32_t>(i)).bytes());
    }
}

/// Both ends belong to the slice; negative ones count from the end.
void array_slice(const VariantView& array, Args a, std::uint32_t row, ColumnBuilder& out) {
    const std::int64_t size = array.size();
    const auto place = [size](std::int64_t index) { return index < 0 ? index + size : index; };
    const std::int64_t begin = std::max<std::int64_t>(0, place(a[1]->int_at(row)));
    const std::int64_t end = std::min(size, place(a[2]->int_at(row)) + 1);
    ArrayBytes slice;
    append_range(array, begin, end, slice);
    append_array(out, slice);
}

void array_reverse(const VariantView& array, Args, std::uint32_t, ColumnBuilder& out) {
    ArrayBytes reversed;
    for (std::uint32_t i = array.size(); i > 0; --i) {
        reversed.append(array.element(i - 1).bytes());
    }
    append_array(out, reversed);
}

void rotate(const VariantView& array, std::int64_t left, ColumnBuilder& out) {
    const std::int64_t size = array.size();
    ArrayBytes rotated;
    if (size > 0) {
        const std::int64_t begin = ((left % size) + size) % size;
        append_range(array, begin, size, rotated);
        append_range(array, 0, begin, rotated);
    }
    append_array(out, rotated);
}

/// The filling is the argument, or null; the empty text in an array of texts.
void shift(const VariantView& array, std::int64_t left, Args a, std::uint32_t row,
           ColumnBuilder& out) {
    const std::int64_t size = array.size();
    left = std::clamp(left, -size, size);
    std::string filling;
    if (a.size() > 2) {
        append_cell_as_variant(filling, *a[2], row);
    } else if (size > 0 && array.element(0).kind() == Kind::String) {
        append_variant_string(filling, "");
    } else {
        append_variant_null(filling);
    }
    ArrayBytes shifted;
    for (std::int64_t i = 0; i < -left; ++i) {
        shifted.append(filling);
    }
    append_range(array, std::max<std::int64_t>(0, left), size + std::min<std::int64_t>(0, left),
                 shifted);
    for (std::int64_t i = 0; i < left; ++i) {
        shifted.append(filling);
    }
    append_array(out, shifted);
}

void array_split(const VariantView& array, Args a, std::uint32_t row, ColumnBuilder& out) {
    const std::int64_t size = array.size();
    std::vector<std::int64_t> cuts;
    const auto add = [&cuts, size](std::int64_t cut) {
        cuts.push_back(std::clamp<std::int64_t>(cut < 0 ? cut + size : cut, 0, size));
    };
    if (a[1]->type() == DataType::Long) {
        add(a[1]->int_at(row));
    } else {
        const VariantView indices = variant_at(a, 1, row);
        if (indices.kind() == Kind::Long) {
            add(indices.as_int());
        }
        for (std::uint32_t i = 0; indices.kind() == Kind::Array && i < indices.size(); ++i) {
            add(indices.element(i).as_int());
        }
    }
    cuts.push_back(size);
    ArrayBytes parts;
    std::int64_t begin = 0;
    for (const std::int64_t cut : cuts) {
        ArrayBytes part;
        append_range(array, begin, std::max(cut, begin), part);
        part.append_to(parts.bytes());
        parts.end_element();
        begin = std::max(cut, begin);
    }
    append_array(out, parts);
}

Result<BoundCall> bind_array_split(std::span<const Argument> args) {
    if (args[1].type == DataType::Dynamic) {
        return bind_row("array_split", args, {Accepts::Array, Accepts::Array}, DataType::Dynamic,
                        over_array(array_split));
    }
    return bind_row("array_split", args, {Accepts::Array, Accepts::Integer}, DataType::Dynamic,
                    over_array(array_split));
}

void array_index_of(const VariantView& array, Args a, std::uint32_t row, ColumnBuilder& out) {
    const std::int64_t size = array.size();
    std::int64_t start = a.size() > 2 ? a[2]->int_at(row) : 0;
    const std::int64_t length = a.size() > 3 ? a[3]->int_at(row) : -1;
    std::int64_t occurrence = a.size() > 4 ? a[4]->int_at(row) : 1;
    if (start < 0) {
        start = std::max<std::int64_t>(0, start + size);
    }
    const std::int64_t end = length < 0 ? size : std::min(size, start + std::min(length, size));
    std::string wanted;
    append_cell_as_variant(wanted, *a[1], row);
    wanted = element_key(VariantView(wanted));
    for (std::int64_t i = start; i < end; ++i) {
        if (element_key(array.element(static_cast<std::uint32_t>(i))) == wanted &&
            --occurrence == 0) {
            out.append_int(i);
            return;
        }
    }
    out.append_int(-1);
}

Result<BoundCall> bind_array_concat(std::span<const Argument> args) {
    return bind_row(
        "array_concat", args, {Accepts::Array}, DataType::Dynamic,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            ArrayBytes all;
            for (const ColumnPtr& arg : a) {
                const VariantView array(arg->bytes_at(row));
                if (array.kind() == Kind::Array) {
                    append_range(array, 0, array.size(), all);
                }
            }
            append_array(out, all);
        },
        Nulls::Passed);
}

bool is_true(const VariantView& v) {
    switch (v.kind()) {
        case Kind::Bool:
            return v.as_bool();
        case Kind::Long:
            return v.as_int() != 0;
        case Kind::Real:
            return v.as_real() != 0;
        default:
            return false;
    }
}

/// The i-th element of an array argument, the value itself of a scalar one.
std::string choice(const columns::Column& column, std::uint32_t row, std::uint32_t index) {
    std::string bytes;
    if (column.type() == DataType::Dynamic) {
        const VariantView v(column.bytes_at(row));
        if (v.kind() == Kind::Array) {
            if (index < v.size()) {
                return std::string(v.element(index).bytes());
            }
            append_variant_null(bytes);
            return bytes;
        }
    }
    append_cell_as_variant(bytes, column, row);
    return bytes;
}

Result<BoundCall> bind_array_iff(std::span<const Argument> args) {
    return bind_row(
        "array_iff", args, {Accepts::Array, Accepts::Any, Accepts::Any}, DataType::Dynamic,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const VariantView conditions = variant_at(a, 0, row);
            if (conditions.kind() != Kind::Array) {
                out.append_null();
                return;
            }
            ArrayBytes result;
            for (std::uint32_t i = 0; i < conditions.size(); ++i) {
                const VariantView condition = conditions.element(i);
                if (condition.is_null()) {
                    append_variant_null(result.bytes());
                    result.end_element();
                } else {
                    result.append(choice(*a[is_true(condition) ? 1 : 2], row, i));
                }
            }
            append_array(out, result);
        },
        Nulls::Passed);
}

Result<BoundCall> bind_pack_array(std::span<const Argument> args) {
    return bind_row(
        "pack_array", args, {Accepts::Any}, DataType::Dynamic,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            ArrayBytes array;
            for (const ColumnPtr& arg : a) {
                append_cell_as_variant(array.bytes(), *arg, row);
                array.end_element();
            }
            append_array(out, array);
        },
        Nulls::Passed);
}

Result<BoundCall> bind_repeat(std::span<const Argument> args) {
    return bind_row(
        "repeat", args, {Accepts::NotDynamic, Accepts::Integer}, DataType::Dynamic,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const std::int64_t count = a[1]->is_null(row) ? -1 : a[1]->int_at(row);
            if (count < 0 || count > kElementsMax) {
                out.append_null();
                return;
            }
            std::string element;
            append_cell_as_variant(element, *a[0], row);
            if (count > 0 && element.size() > kValueBytesMax / static_cast<std::size_t>(count)) {
                out.append_null();
                return;
            }
            ArrayBytes array;
            for (std::int64_t i = 0; i < count; ++i) {
                array.append(element);
            }
            append_array(out, array);
        },
        Nulls::Passed);
}

Result<BoundCall> bind_zip(std::span<const Argument> args) {
    return bind_row(
        "zip", args, {Accepts::Array}, DataType::Dynamic,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            std::uint32_t longest = 0;
            for (const ColumnPtr& arg : a) {
                const VariantView v(arg->bytes_at(row));
                longest = std::max(longest, v.kind() == Kind::Array ? v.size() : 0U);
            }
            ArrayBytes zipped;
            for (std::uint32_t i = 0; i < longest; ++i) {
                ArrayBytes tuple;
                for (const ColumnPtr& arg : a) {
                    const VariantView v(arg->bytes_at(row));
                    if (v.kind() == Kind::Array && i < v.size()) {
                        tuple.append(v.element(i).bytes());
                    } else {
                        append_variant_null(tuple.bytes());
                        tuple.end_element();
                    }
                }
                tuple.append_to(zipped.bytes());
                zipped.end_element();
            }
            append_array(out, zipped);
        },
        Nulls::Passed);
}

/// range() of whole numbers, times and spans: tick arithmetic.
template <typename Append>
void append_steps(std::int64_t start, std::int64_t stop, std::int64_t step, ColumnBuilder& out,
                  Append append) {
    ArrayBytes array;
    if (step == 0) {
        out.append_null();
        return;
    }
    for (std::int64_t v = start; step > 0 ? v <= stop : v >= stop;) {
        append(array.bytes(), v);
        array.end_element();
        if (array.size() >= kElementsMax || __builtin_add_overflow(v, step, &v)) {
            break;
        }
    }
    append_array(out, array);
}

void append_real_steps(double start, double stop, double step, ColumnBuilder& out) {
    if (step == 0) {
        out.append_null();
        return;
    }
    const double count = std::floor((stop - start) / step);
    if (!(count >= 0) || !std::isfinite(step)) {
        append_array(out, {});
        return;
    }
    ArrayBytes array;
    const auto last =
        static_cast<std::int64_t>(std::min(count, static_cast<double>(kElementsMax - 1)));
    for (std::int64_t i = 0; i <= last; ++i) {
        append_variant_real(array.bytes(), start + static_cast<double>(i) * step);
        array.end_element();
    }
    append_array(out, array);
}

Result<BoundCall> bind_range(std::span<const Argument> args) {
    BoundCall call;
    call.type = DataType::Dynamic;
    bool real = false;
    for (std::size_t i = 0; i < args.size(); ++i) {
        QD_TRY(const DataType type, accept("range", args[i], Accepts::Summable, i));
        real = real || type == DataType::Real || type == DataType::Decimal;
    }
    const DataType start = args[0].type;
    const bool numbers = columns::is_numeric(start);
    const DataType step_type = numbers ? DataType::Long : DataType::TimeSpan;
    const bool fits = numbers
                          ? columns::is_numeric(args[1].type) &&
                                (args.size() < 3 || columns::is_numeric(args[2].type))
                          : args[1].type == start && (args.size() < 3 || args[2].type == step_type);
    if (!fits) {
        return semantic_error("SEM0262", "range(): the types of the arguments do not fit",
                              args[1].span);
    }
    const DataType kind = real ? DataType::Real : numbers ? DataType::Long : start;
    call.arg_types = {kind, kind};
    if (args.size() > 2) {
        call.arg_types.push_back(real ? DataType::Real : step_type);
    }
    call.kernel =
        row_kernel(DataType::Dynamic, [kind](Args a, std::uint32_t row, ColumnBuilder& out) {
            if (kind == DataType::Real) {
                append_real_steps(a[0]->real_at(row), a[1]->real_at(row),
                                  a.size() > 2 ? a[2]->real_at(row) : 1.0, out);
                return;
            }
            const std::int64_t step = a.size() > 2             ? a[2]->int_at(row)
                                      : kind == DataType::Long ? 1
                                                               : Ticks::kHour;
            append_steps(a[0]->int_at(row), a[1]->int_at(row), step, out,
                         [kind](std::string& bytes, std::int64_t v) {
                             if (kind == DataType::Long) {
                                 append_variant_long(bytes, v);
                             } else if (kind == DataType::DateTime) {
                                 columns::append_variant(bytes, Value(Timestamp{v}));
                             } else {
                                 columns::append_variant(bytes, Value(Ticks{v}));
                             }
                         });
        });
    return call;
}

/// Indices of `array` in order; nulls first or last whatever the direction.
std::vector<std::uint32_t> sorted_indices(const VariantView& array, bool descending,
                                          bool nulls_last) {
    std::vector<std::uint32_t> indices(array.size());
    std::iota(indices.begin(), indices.end(), 0U);
    std::sort(indices.begin(), indices.end(), [&](std::uint32_t i, std::uint32_t j) {
        const VariantView a = array.element(i);
        const VariantView b = array.element(j);
        if (a.is_null() != b.is_null()) {
            return b.is_null() == nulls_last;
        }
        const int order = compare_variants(a, b);
        if (order == 0) {
            return i < j;
        }
        return descending ? order > 0 : order < 0;
    });
    return indices;
}

ColumnPtr permuted(const ColumnPtr& keys, const ColumnPtr& values, std::uint32_t rows,
                   bool descending, bool nulls_last) {
    ColumnBuilder out(DataType::Dynamic, rows);
    for (std::uint32_t row = 0; row < rows; ++row) {
        const VariantView key(keys->bytes_at(row));
        const VariantView value(values->bytes_at(row));
        if (keys->is_null(row) || values->is_null(row) || key.kind() != Kind::Array ||
            value.kind() != Kind::Array || value.size() != key.size()) {
            out.append_null();
            continue;
        }
        ArrayBytes sorted;
        for (const std::uint32_t i : sorted_indices(key, descending, nulls_last)) {
            sorted.append(value.element(i).bytes());
        }
        append_array(out, sorted);
    }
    return out.finish();
}

struct SortArguments {
    std::size_t arrays = 0;
    bool nulls_last = true;
};

Result<SortArguments> sort_arguments(std::string_view name, std::span<const Argument> args) {
    SortArguments sort;
    sort.arrays = args.size();
    if (args.size() > 1 && args.back().type == DataType::Bool) {
        if (args.back().constant == nullptr) {
            return semantic_error("SEM0244",
                                  std::string(name) + "(): nulls_last must be a constant",
                                  args.back().span);
        }
        sort.nulls_last = args.back().constant->as_bool();
        --sort.arrays;
    }
    for (std::size_t i = 0; i < sort.arrays; ++i) {
        QD_TRY(const DataType type, accept(name, args[i], Accepts::Array, i));
        static_cast<void>(type);
    }
    return sort;
}

/// One array: sorted. Several, inside an expression: an array of them all.
template <bool Descending>
Result<BoundCall> bind_sort(std::span<const Argument> args) {
    QD_TRY(const SortArguments sort, sort_arguments("array_sort", args));
    BoundCall call;
    call.type = DataType::Dynamic;
    call.kernel = [sort](const EvalContext&, Args a, std::uint32_t rows) -> Result<ColumnPtr> {
        if (sort.arrays == 1) {
            return permuted(a[0], a[0], rows, Descending, sort.nulls_last);
        }
        std::vector<ColumnPtr> sorted;
        for (std::size_t i = 0; i < sort.arrays; ++i) {
            sorted.push_back(permuted(a[0], a[i], rows, Descending, sort.nulls_last));
        }
        ColumnBuilder out(DataType::Dynamic, rows);
        for (std::uint32_t row = 0; row < rows; ++row) {
            ArrayBytes all;
            for (const ColumnPtr& column : sorted) {
                append_cell_as_variant(all.bytes(), *column, row);
                all.end_element();
            }
            append_array(out, all);
        }
        return out.finish();
    };
    return call;
}

/// Several arrays: all are put into the order of the first.
template <bool Descending>
Result<BoundMultiCall> bind_sort_many(std::span<const Argument> args) {
    QD_TRY(const SortArguments sort, sort_arguments("array_sort", args));
    BoundMultiCall call;
    for (std::size_t i = 0; i < sort.arrays; ++i) {
        call.parts.push_back({"sorted", DataType::Dynamic});
    }
    call.kernel = [sort](const EvalContext&, Args a,
                         std::uint32_t rows) -> Result<std::vector<ColumnPtr>> {
        std::vector<ColumnPtr> sorted;
        for (std::size_t i = 0; i < sort.arrays; ++i) {
            sorted.push_back(permuted(a[0], a[i], rows, Descending, sort.nulls_last));
        }
        return sorted;
    };
    return call;
}

using Arguments = std::span<const Argument>;

template <ArrayFunction Function, DataType To>
Result<BoundCall> bind_over(Arguments args) {
    return bind_row("array function", args, {Accepts::Array, Accepts::Integer, Accepts::Integer},
                    To, over_array(Function));
}

template <int Sign>
Result<BoundCall> bind_rotate(Arguments args) {
    return bind_row(
        "array_rotate", args, {Accepts::Array, Accepts::Integer}, DataType::Dynamic,
        over_array([](const VariantView& array, Args a, std::uint32_t row, ColumnBuilder& out) {
            const std::int64_t size = std::max<std::int64_t>(1, array.size());
            rotate(array, Sign * (a[1]->int_at(row) % size), out);
        }));
}

template <int Sign>
Result<BoundCall> bind_shift(Arguments args) {
    return bind_row(
        "array_shift", args, {Accepts::Array, Accepts::Integer, Accepts::Any}, DataType::Dynamic,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const VariantView array = variant_at(a, 0, row);
            if (array.kind() != Kind::Array || a[1]->is_null(row)) {
                out.append_null();
                return;
            }
            const std::int64_t size = array.size();
            shift(array, Sign * std::clamp(a[1]->int_at(row), -size, size), a, row, out);
        },
        Nulls::Passed);
}

Result<BoundCall> bind_index_of(Arguments args) {
    return bind_row(
        "array_index_of", args,
        {Accepts::Array, Accepts::Any, Accepts::Integer, Accepts::Integer, Accepts::Integer},
        DataType::Long, over_array(array_index_of));
}

constexpr ScalarFunction kFunctions[] = {
    {"array_length", "array_length(array:dynamic) : long", "The number of elements.", 1, 1,
     Naming::Anonymous, bind_over<array_length, DataType::Long>},
    {"arraylength", "arraylength(array:dynamic) : long", "Old spelling of array_length().", 1, 1,
     Naming::Anonymous, bind_over<array_length, DataType::Long>},
    {"array_sum", "array_sum(array:dynamic) : real", "The sum of the numbers.", 1, 1,
     Naming::Anonymous, bind_over<array_sum, DataType::Real>},
    {"array_slice", "array_slice(array:dynamic, start:long, end:long) : dynamic",
     "The elements from start to end, both included.", 3, 3, Naming::Anonymous,
     bind_over<array_slice, DataType::Dynamic>},
    {"array_reverse", "array_reverse(array:dynamic) : dynamic", "The elements backwards.", 1, 1,
     Naming::Anonymous, bind_over<array_reverse, DataType::Dynamic>},
    {"array_rotate_left", "array_rotate_left(array:dynamic, count:long) : dynamic",
     "The elements turned to the left.", 2, 2, Naming::Anonymous, bind_rotate<1>},
    {"array_rotate_right", "array_rotate_right(array:dynamic, count:long) : dynamic",
     "The elements turned to the right.", 2, 2, Naming::Anonymous, bind_rotate<-1>},
    {"array_shift_left", "array_shift_left(array:dynamic, count:long [, filling]) : dynamic",
     "The elements moved to the left.", 2, 3, Naming::Anonymous, bind_shift<1>},
    {"array_shift_right", "array_shift_right(array:dynamic, count:long [, filling]) : dynamic",
     "The elements moved to the right.", 2, 3, Naming::Anonymous, bind_shift<-1>},
    {"array_split", "array_split(array:dynamic, index:long|dynamic) : dynamic",
     "Cuts an array at one or several indices.", 2, 2, Naming::Anonymous, bind_array_split},
    {"array_index_of",
     "array_index_of(array:dynamic, value:scalar [, start [, length [, occurrence]]]) : long",
     "Index of a value, -1 when it is not there.", 2, 5, Naming::Anonymous, bind_index_of},
    {"array_concat", "array_concat(array:dynamic, …) : dynamic", "One array after the other.", 1,
     64, Naming::Anonymous, bind_array_concat},
    {"array_iff", "array_iff(conditions:dynamic, when_true, when_false) : dynamic",
     "iff() element by element.", 3, 3, Naming::Anonymous, bind_array_iff},
    {"array_iif", "array_iif(conditions:dynamic, when_true, when_false) : dynamic",
     "Same as array_iff().", 3, 3, Naming::Anonymous, bind_array_iff},
    {"array_sort_asc", "array_sort_asc(array:dynamic, … [, nulls_last:bool]) : dynamic",
     "The elements in ascending order; more arrays follow the first.", 1, 64, Naming::Anonymous,
     bind_sort<false>},
    {"array_sort_desc", "array_sort_desc(array:dynamic, … [, nulls_last:bool]) : dynamic",
     "The elements in descending order; more arrays follow the first.", 1, 64, Naming::Anonymous,
     bind_sort<true>},
    {"pack_array", "pack_array(value:scalar, …) : dynamic", "An array of values.", 1, 255,
     Naming::Anonymous, bind_pack_array},
    {"repeat", "repeat(value:scalar, count:long) : dynamic", "An array of one value over and over.",
     2, 2, Naming::FunctionAndArgument, bind_repeat},
    {"zip", "zip(array:dynamic, …) : dynamic", "An array of tuples, one of each array.", 2, 64,
     Naming::Anonymous, bind_zip},
    {"range", "range(start, stop [, step]) : dynamic",
     "An array of numbers, times or spans at even steps.", 2, 3, Naming::Anonymous, bind_range},
};

constexpr MultiFunction kMultiFunctions[] = {
    {"array_sort_asc", "array_sort_asc(array:dynamic, … [, nulls_last:bool])",
     "The elements in ascending order; more arrays follow the first.", 1, 64, bind_sort_many<false>,
     true},
    {"array_sort_desc", "array_sort_desc(array:dynamic, … [, nulls_last:bool])",
     "The elements in descending order; more arrays follow the first.", 1, 64, bind_sort_many<true>,
     true},
};

}  // namespace

std::span<const ScalarFunction> dynamic_array_functions() {
    return kFunctions;
}

std::span<const MultiFunction> dynamic_array_multi_functions() {
    return kMultiFunctions;
}

}  // namespace qd::kql
