// basket, autocluster, diffpatterns: which combinations of values describe many rows, or the
// difference between two sets of rows. All three search closed frequent itemsets
// (patterns/itemsets.h) and differ in what they keep and in which order (kql.md c.15):
//   basket        every set above the threshold, by columns × share;
//   autocluster   a greedy cover by coverage^w · share of columns^(1-w) among rows not covered yet;
//   diffpatterns  sets whose shares in A and B differ by the threshold, largest difference first.
#include "constant_argument.h"
#include "patterns/itemsets.h"
#include "plugins/families.h"
#include "plugins/whole_table.h"

#include <algorithm>
#include <cmath>

namespace qd::kql {

namespace {

using columns::Schema;
using columns::Table;

constexpr std::size_t kDimensionsDefault = 5;
constexpr double kAutoclusterShare = 0.05;

struct SegmentInput {
    CodedTable coded;
    std::vector<std::size_t> columns;  // of the input, those that take part
    std::vector<RowGroups> categories;
    WholeTable whole;
};

// The weight column's name, or nothing for '~' and a missing argument.
std::optional<std::size_t> weight_column(const PluginCall& call, const PluginArguments& args,
                                         std::size_t index) {
    const PluginArgument* a = args.at(index);
    if (a == nullptr) {
        return std::nullopt;
    }
    if (a->kind == PluginArgument::Kind::Column) {
        return a->column;
    }
    if (a->kind == PluginArgument::Kind::Constant && a->constant.type() == DataType::String) {
        return call.input.index_of(a->constant.bytes());
    }
    return std::nullopt;
}

// A number; '~' and a missing argument are the default.
double number_or(const PluginArguments& args, std::size_t index, double otherwise) {
    const PluginArgument* a = args.at(index);
    if (a == nullptr || a->kind != PluginArgument::Kind::Constant) {
        return otherwise;
    }
    const double v = scalar_to_real(a->constant);
    return std::isnan(v) ? otherwise : v;
}

Result<SegmentInput> read_rows(const PluginCall& call, const Table& input,
                               std::optional<std::size_t> weight,
                               std::optional<std::size_t> split) {
    SegmentInput in;
    QD_TRY(in.whole, whole_table(call.input, input));
    for (std::size_t c = 0; c < call.input.size(); ++c) {
        if (c == weight || c == split) {
            continue;
        }
        in.columns.push_back(c);
        in.categories.push_back(group_rows(in.whole, {c}));
        in.coded.codes.push_back(in.categories.back().group_of_row);
    }
    in.coded.weights.assign(in.whole.rows, 1.0);
    in.coded.side.assign(in.whole.rows, 0);
    if (weight) {
        for (std::uint32_t r = 0; r < in.whole.rows; ++r) {
            const columns::Column& column = *in.whole.columns[*weight];
            in.coded.weights[r] = column.is_null(r) ? 0 : std::max(0.0, column.real_at(r));
        }
    }
    return in;
}

double total_weight(const CodedTable& table, std::uint8_t side) {
    double total = 0;
    for (std::size_t r = 0; r < table.rows(); ++r) {
        total += table.side[r] == side ? table.weights[r] : 0;
    }
    return total;
}

double percent(double part, double whole) {
    return whole > 0 ? std::round(part / whole * 1000) / 10 : 0;
}

Schema segment_schema(const PluginCall& call, std::optional<std::size_t> weight,
                      std::optional<std::size_t> split) {
    Schema schema{{{"SegmentId", DataType::Long}}};
    if (split) {
        schema.fields.push_back({"CountA", DataType::Long});
        schema.fields.push_back({"CountB", DataType::Long});
        schema.fields.push_back({"PercentA", DataType::Real});
        schema.fields.push_back({"PercentB", DataType::Real});
        schema.fields.push_back({"PercentDiffAB", DataType::Real});
    } else {
        schema.fields.push_back({"Count", DataType::Long});
        schema.fields.push_back({"Percent", DataType::Real});
    }
    for (std::size_t c = 0; c < call.input.size(); ++c) {
        if (c != weight && c != split) {
            schema.fields.push_back({unique_name(schema, call.input[c].name), call.input[c].type});
        }
    }
    return schema;
}

Table write_segments(const SegmentInput& in, Schema schema, const std::vector<Itemset>& segments,
                     bool two_sided) {
    std::vector<columns::ColumnBuilder> out;
    for (const columns::Field& f : schema.fields) {
        out.emplace_back(f.type);
    }
    const double a = total_weight(in.coded, 0);
    const double b = total_weight(in.coded, 1);
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const Itemset& s = segments[i];
        std::size_t at = 0;
        out[at++].append_int(static_cast<std::int64_t>(i));
        out[at++].append_int(std::llround(s.weight[0]));
        if (two_sided) {
            out[at++].append_int(std::llround(s.weight[1]));
            const double pa = percent(s.weight[0], a);
            const double pb = percent(s.weight[1], b);
            out[at++].append_real(pa);
            out[at++].append_real(pb);
            out[at++].append_real(std::round(std::abs(pa - pb) * 10) / 10);
        } else {
            out[at++].append_real(percent(s.weight[0], a));
        }
        for (std::size_t c = 0; c < in.columns.size(); ++c) {
            columns::ColumnBuilder& cell = out[at++];
            if (s.items[c] != kAnyCategory) {
                cell.append_from(*in.whole.columns[in.columns[c]],
                                 in.categories[c].first_row[s.items[c]]);
            } else if (cell.type() == DataType::String) {
                cell.append_bytes("*");
            } else {
                cell.append_null();
            }
        }
    }
    std::vector<ColumnPtr> done;
    for (columns::ColumnBuilder& c : out) {
        done.push_back(c.finish());
    }
    return chunked(std::move(schema), done);
}

// basket(threshold, weight, dimensions)

Result<Schema> plain_schema(const PluginCall& call) {
    const PluginArguments args("basket", call);
    return segment_schema(call, weight_column(call, args, 1), std::nullopt);
}

Result<Table> run_basket(const PluginCall& call, const EvalContext&, Table input) {
    const PluginArguments args("basket", call);
    const double threshold = std::clamp(number_or(args, 0, 0.05), 0.0001, 1.0);
    const auto weight = weight_column(call, args, 1);
    const auto dimensions =
        static_cast<std::size_t>(std::clamp(number_or(args, 2, kDimensionsDefault), 1.0, 30.0));
    QD_TRY(const SegmentInput in, read_rows(call, input, weight, std::nullopt));
    std::vector<Itemset> sets = frequent_itemsets(in.coded, threshold, dimensions);
    std::stable_sort(sets.begin(), sets.end(), [](const Itemset& x, const Itemset& y) {
        return static_cast<double>(x.dimensions) * x.weight[0] >
               static_cast<double>(y.dimensions) * y.weight[0];
    });
    return write_segments(in, segment_schema(call, weight, std::nullopt), sets, false);
}

// autocluster(size_weight, weight, seeds)

Result<Table> run_autocluster(const PluginCall& call, const EvalContext&, Table input) {
    const PluginArguments args("autocluster", call);
    const double size_weight = std::clamp(number_or(args, 0, 0.5), 0.0, 1.0);
    const auto weight = weight_column(call, args, 1);
    const auto seeds = static_cast<std::size_t>(std::clamp(number_or(args, 2, 25), 1.0, 1000.0));
    QD_TRY(SegmentInput in, read_rows(call, input, weight, std::nullopt));
    const std::vector<Itemset> sets =
        frequent_itemsets(in.coded, kAutoclusterShare, kDimensionsDefault);
    const double total = total_weight(in.coded, 0);
    const auto columns = static_cast<double>(std::max<std::size_t>(1, in.columns.size()));
    std::vector<std::uint8_t> covered(in.coded.rows(), 0);
    std::vector<Itemset> chosen;
    while (chosen.size() < seeds) {
        double best_score = 0;
        const Itemset* best = nullptr;
        for (const Itemset& s : sets) {
            double fresh = 0;
            for (std::size_t r = 0; r < in.coded.rows(); ++r) {
                if (covered[r] == 0 && row_matches(in.coded, s, r)) {
                    fresh += in.coded.weights[r];
                }
            }
            const double coverage = total > 0 ? fresh / total : 0;
            const double score =
                std::pow(coverage, size_weight) *
                std::pow(static_cast<double>(s.dimensions) / columns, 1 - size_weight);
            if (coverage >= kAutoclusterShare && score > best_score) {
                best_score = score;
                best = &s;
            }
        }
        if (best == nullptr) {
            break;
        }
        for (std::size_t r = 0; r < in.coded.rows(); ++r) {
            covered[r] = covered[r] != 0 || row_matches(in.coded, *best, r) ? 1 : 0;
        }
        chosen.push_back(*best);
    }
    return write_segments(in, segment_schema(call, weight, std::nullopt), chosen, false);
}

// diffpatterns(split, a, b, weight, threshold, dimensions)

Result<Schema> split_schema(const PluginCall& call) {
    const PluginArguments args("diffpatterns", call);
    QD_TRY(const std::size_t split, args.column(0));
    return segment_schema(call, weight_column(call, args, 3), split);
}

Result<Table> run_diffpatterns(const PluginCall& call, const EvalContext&, Table input) {
    const PluginArguments args("diffpatterns", call);
    QD_TRY(const std::size_t split, args.column(0));
    QD_TRY(const Scalar a, args.constant(1));
    QD_TRY(const Scalar b, args.constant(2));
    const auto weight = weight_column(call, args, 3);
    const double threshold = std::clamp(number_or(args, 4, 0.05), 0.0001, 1.0);
    const auto dimensions =
        static_cast<std::size_t>(std::clamp(number_or(args, 5, kDimensionsDefault), 1.0, 30.0));
    QD_TRY(SegmentInput in, read_rows(call, input, weight, split));
    const Scalar text_a = cast_scalar(a, DataType::String);
    const Scalar text_b = cast_scalar(b, DataType::String);
    for (std::uint32_t r = 0; r < in.whole.rows; ++r) {
        const Scalar value = cast_scalar(in.whole.columns[split]->scalar_at(r), DataType::String);
        in.coded.side[r] = value == text_b ? 1 : 0;
        if (value != text_a && value != text_b) {
            in.coded.weights[r] = 0;
        }
    }
    std::vector<Itemset> sets = frequent_itemsets(in.coded, threshold, dimensions);
    const double whole_a = total_weight(in.coded, 0);
    const double whole_b = total_weight(in.coded, 1);
    const auto difference = [&](const Itemset& s) {
        return std::abs((whole_a > 0 ? s.weight[0] / whole_a : 0) -
                        (whole_b > 0 ? s.weight[1] / whole_b : 0));
    };
    std::erase_if(sets, [&](const Itemset& s) { return difference(s) < threshold; });
    std::stable_sort(sets.begin(), sets.end(), [&](const Itemset& x, const Itemset& y) {
        return difference(x) > difference(y);
    });
    return write_segments(in, segment_schema(call, weight, split), sets, true);
}

constexpr Plugin kSegments[] = {
    {"basket", "basket([threshold:real, weight, dimensions:int])",
     "All combinations of values above a share of the rows.", false, plain_schema, run_basket},
    {"autocluster", "autocluster([size_weight:real, weight, seeds:int])",
     "A few combinations of values that cover most rows.", false, plain_schema, run_autocluster},
    {"diffpatterns",
     "diffpatterns(split, value_a, value_b [, weight, threshold:real, dimensions:int])",
     "Combinations of values whose shares differ between two sets of rows.", false, split_schema,
     run_diffpatterns},
};

}  // namespace

std::span<const Plugin> segment_plugins() {
    return kSegments;
}

}  // namespace qd::kql
