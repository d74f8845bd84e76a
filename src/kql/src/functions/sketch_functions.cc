// Scalar functions over the sketches that hll() and tdigest() answer.
#include "constant_argument.h"
#include "dynamic_bytes.h"
#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/series_cells.h"
#include "sketches/hyperloglog.h"
#include "sketches/tdigest.h"

#include <cmath>

namespace qd::kql {

namespace {

std::optional<TDigest> digest_at(Args args, std::size_t index, std::uint32_t row) {
    return args[index]->is_null(row) ? std::nullopt
                                     : TDigest::from_variant(args[index]->bytes_at(row));
}

void dcount_row(Args args, std::uint32_t row, ColumnBuilder& out) {
    const auto sketch = HyperLogLog::from_variant(args[0]->bytes_at(row));
    if (sketch) {
        out.append_int(sketch->estimate());
    } else {
        out.append_null();
    }
}

void hll_merge_row(Args args, std::uint32_t row, ColumnBuilder& out) {
    std::optional<HyperLogLog> merged;
    for (const ColumnPtr& arg : args) {
        const auto sketch =
            arg->is_null(row) ? std::nullopt : HyperLogLog::from_variant(arg->bytes_at(row));
        if (sketch && merged) {
            merged->merge(*sketch);
        } else if (sketch) {
            merged = sketch;
        }
    }
    if (merged) {
        out.append_bytes(merged->to_variant());
    } else {
        out.append_null();
    }
}

void digest_merge_row(Args args, std::uint32_t row, ColumnBuilder& out) {
    TDigest merged;
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (const auto digest = digest_at(args, i, row)) {
            merged.merge(*digest);
        }
    }
    if (merged.empty()) {
        out.append_null();
    } else {
        out.append_bytes(merged.to_variant());
    }
}

void rank_row(Args args, std::uint32_t row, ColumnBuilder& out) {
    const auto digest = digest_at(args, 0, row);
    if (!digest || digest->empty() || args[1]->is_null(row)) {
        out.append_null();
        return;
    }
    out.append_real(digest->rank(args[1]->real_at(row)));
}

void percent_rank_row(Args args, std::uint32_t row, ColumnBuilder& out) {
    const auto digest = digest_at(args, 0, row);
    if (!digest || digest->empty() || args[1]->is_null(row)) {
        out.append_null();
        return;
    }
    out.append_real(digest->rank(args[1]->real_at(row)) / digest->total_weight() * 100);
}

void percentiles_row(Args args, std::uint32_t row, ColumnBuilder& out) {
    const auto digest = digest_at(args, 0, row);
    if (!digest || digest->empty()) {
        out.append_null();
        return;
    }
    std::vector<double> answers;
    for (std::size_t i = 1; i < args.size(); ++i) {
        if (args[i]->type() == DataType::Dynamic) {
            Series percents;
            read_series(*args[i], row, percents);
            for (const double p : percents.values) {
                answers.push_back(digest->percentile(p));
            }
        } else if (!args[i]->is_null(row)) {
            answers.push_back(digest->percentile(args[i]->real_at(row)));
        }
    }
    out.append_bytes(reals(answers));
}

Result<BoundCall> bind_percentile(std::span<const Argument> args) {
    DataType type = DataType::Dynamic;
    if (args.size() == 3) {
        const auto name = constant_text(args[2]);
        type = name ? columns::parse_type(*name).value_or(DataType::Real) : args[2].type;
    }
    BoundCall call;
    call.type = type;
    for (std::size_t i = 0; i < args.size(); ++i) {
        call.arg_types.push_back(i == 0   ? DataType::Dynamic
                                 : i == 1 ? DataType::Real
                                          : args[i].type);
    }
    call.kernel = row_kernel(
        type,
        [type](Args a, std::uint32_t row, ColumnBuilder& out) {
            const auto digest = digest_at(a, 0, row);
            if (!digest || digest->empty() || a[1]->is_null(row)) {
                out.append_null();
                return;
            }
            const double v = digest->percentile(a[1]->real_at(row));
            if (type == DataType::Dynamic) {
                std::string bytes;
                append_variant_real(bytes, v);
                out.append_bytes(bytes);
                return;
            }
            out.append(cast_scalar(Scalar::of_real(v), type));
        },
        Nulls::Passed);
    return call;
}

template <RowFunction::result_type (*kRow)(Args, std::uint32_t, ColumnBuilder&), DataType kType>
Result<BoundCall> bind_sketch(std::span<const Argument> args) {
    return bind_row("sketch", args, {Accepts::Array}, kType, kRow, Nulls::Passed);
}
template <RowFunction::result_type (*kRow)(Args, std::uint32_t, ColumnBuilder&)>
Result<BoundCall> bind_rank(std::span<const Argument> args) {
    BoundCall call;
    call.type = DataType::Real;
    call.arg_types = {DataType::Dynamic, DataType::Real};
    if (args[0].type != DataType::Dynamic) {
        return argument_error("rank_tdigest", "argument 1 must be dynamic", args[0].span);
    }
    call.kernel = row_kernel(DataType::Real, kRow, Nulls::Passed);
    return call;
}
Result<BoundCall> bind_percentiles(std::span<const Argument> args) {
    return bind_row("percentiles_array_tdigest", args, {Accepts::Array, Accepts::Any},
                    DataType::Dynamic, percentiles_row, Nulls::Passed);
}

constexpr auto kPlain = Naming::Anonymous;
constexpr auto kNamed = Naming::FunctionAndArgument;

constexpr ScalarFunction kSketches[] = {
    {"dcount_hll", "dcount_hll(sketch:dynamic) : long", "The count a sketch of hll() stands for.",
     1, 1, kNamed, bind_sketch<dcount_row, DataType::Long>},
    {"hll_merge", "hll_merge(sketch, sketch, …) : dynamic", "One sketch out of several.", 1, 64,
     kPlain, bind_sketch<hll_merge_row, DataType::Dynamic>},
    {"tdigest_merge", "tdigest_merge(digest, digest, …) : dynamic", "One digest out of several.", 1,
     64, kPlain, bind_sketch<digest_merge_row, DataType::Dynamic>},
    {"merge_tdigest", "merge_tdigest(digest, digest, …) : dynamic", "One digest out of several.", 1,
     64, kPlain, bind_sketch<digest_merge_row, DataType::Dynamic>},
    {"merge_tdigests", "merge_tdigests(digest, digest, …) : dynamic",
     "Old spelling of merge_tdigest.", 1, 64, kPlain,
     bind_sketch<digest_merge_row, DataType::Dynamic>},
    {"percentile_tdigest", "percentile_tdigest(digest, percent:real [, typeof(type)])",
     "The percentile of a digest.", 2, 3, kNamed, bind_percentile},
    {"percentiles_array_tdigest",
     "percentiles_array_tdigest(digest, percent:real, … | percents:dynamic) : dynamic",
     "Several percentiles of a digest.", 2, 255, kNamed, bind_percentiles},
    {"rank_tdigest", "rank_tdigest(digest, value) : real",
     "How many of the digest's values are at most the value.", 2, 2, kPlain, bind_rank<rank_row>},
    {"percentrank_tdigest", "percentrank_tdigest(digest, value) : real",
     "The rank as a percentage.", 2, 2, kPlain, bind_rank<percent_rank_row>},
};

}  // namespace

std::span<const ScalarFunction> sketch_functions() {
    return kSketches;
}

}  // namespace qd::kql
