// percentile and its forms, and tdigest.
//
// A percentile is the value at rank ceil(p/100 n) of the sorted values (kql.md b.25), so it always
// is one of the values and has their type. A group keeps all its values up to kExactValuesMax
// (8 bytes each) and answers exactly; a larger group turns into a t-digest (sketches/tdigest.h)
// and answers within a fraction of a percent. With weights the rank runs over cumulated weight.
// NaN and nulls are left out; no value at all is null.
#include "../constant_argument.h"
#include "../dynamic_bytes.h"
#include "../sketches/tdigest.h"
#include "families.h"
#include "grouped_set.h"
#include "qd/codec/guid.h"
#include "qd/columns/text.h"
#include "qd/columns/variant.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

namespace qd::kql {

namespace {

constexpr std::size_t kExactValuesMax = 131'072;

// What percentile() remembers of one group; T is int64 or double.
template <typename T>
struct Sample {
    std::vector<T> values;
    std::vector<std::int64_t> weights;  // empty when all are 1
    std::unique_ptr<TDigest> digest;

    void add(T value, std::int64_t weight, bool weighted) {
        if (digest != nullptr) {
            digest->add(static_cast<double>(value), static_cast<double>(weight));
            return;
        }
        values.push_back(value);
        if (weighted) {
            weights.push_back(weight);
        }
        if (values.size() > kExactValuesMax) {
            to_digest();
        }
    }
    void to_digest() {
        digest = std::make_unique<TDigest>();
        for (std::size_t i = 0; i < values.size(); ++i) {
            digest->add(static_cast<double>(values[i]),
                        weights.empty() ? 1.0 : static_cast<double>(weights[i]));
        }
        values = {};
        weights = {};
    }
    void merge(Sample& other) {
        if (other.digest != nullptr) {
            if (digest == nullptr) {
                to_digest();
            }
            digest->merge(*other.digest);
            return;
        }
        for (std::size_t i = 0; i < other.values.size(); ++i) {
            add(other.values[i], other.weights.empty() ? 1 : other.weights[i],
                !other.weights.empty());
        }
    }
    std::size_t memory_bytes() const {
        return values.capacity() * sizeof(T) + weights.capacity() * 8 +
               (digest ? digest->memory_bytes() : 0);
    }

    // The answers for all percents; empty when there are no values.
    std::vector<T> percentiles(const std::vector<double>& percents) {
        std::vector<T> out;
        if (digest != nullptr) {
            for (const double p : percents) {
                const double v = digest->percentile(p);
                out.push_back(std::is_same_v<T, double> ? static_cast<T>(v)
                                                        : static_cast<T>(std::llround(v)));
            }
            return out;
        }
        if (values.empty()) {
            return out;
        }
        if (weights.empty()) {
            const auto n = static_cast<double>(values.size());
            for (const double p : percents) {
                const double rank = std::ceil(p * n / 100 - 1e-9);
                const auto index = static_cast<std::size_t>(std::clamp(rank, 1.0, n) - 1);
                const auto nth = values.begin() + static_cast<std::ptrdiff_t>(index);
                std::nth_element(values.begin(), nth, values.end());
                out.push_back(*nth);
            }
            return out;
        }
        return weighted_percentiles(percents);
    }

  private:
    std::vector<T> weighted_percentiles(const std::vector<double>& percents) const {
        std::vector<std::pair<T, std::int64_t>> sorted;
        double total = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            sorted.emplace_back(values[i], weights[i]);
            total += static_cast<double>(weights[i]);
        }
        std::sort(sorted.begin(), sorted.end());
        std::vector<T> out;
        for (const double p : percents) {
            const double wanted = p * total / 100 - 1e-9;
            double reached = 0;
            T answer = sorted.back().first;
            for (const auto& [value, weight] : sorted) {
                reached += static_cast<double>(weight);
                if (reached >= wanted) {
                    answer = value;
                    break;
                }
            }
            out.push_back(answer);
        }
        return out;
    }
};

struct PercentileShape {
    DataType type = DataType::Long;  // of the values
    std::vector<double> percents;
    bool weighted = false;
    bool as_array = false;
};

template <typename T>
class PercentileAggregator final : public Aggregator {
  public:
    PercentileAggregator(PercentileShape shape, MemoryBudget* budget)
        : shape_(std::move(shape)), memory_(budget) {}

    void resize(std::uint32_t groups) override { samples_.resize(groups); }

    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        const ColumnPtr column = columns::flatten(args[0]);
        const ColumnPtr weights = shape_.weighted ? columns::flatten(args[1]) : nullptr;
        for (std::uint32_t i = 0; i < column->size(); ++i) {
            if (!column->nulls().empty() && column->nulls()[i] != 0) {
                continue;
            }
            std::int64_t weight = 1;
            if (weights != nullptr) {
                weight = weights->is_null(i) ? 0 : weights->int_at(i);
                if (weight <= 0) {
                    continue;
                }
            }
            T value{};
            if constexpr (std::is_same_v<T, double>) {
                value = column->real_at(i);
                if (std::isnan(value)) {
                    continue;
                }
            } else {
                value = column->int_at(i);
            }
            samples_[group_of_row[i]].add(value, weight, shape_.weighted);
        }
        return hold(false);
    }

    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        auto& theirs = static_cast<PercentileAggregator&>(other).samples_;
        for (std::size_t g = 0; g < theirs.size(); ++g) {
            if (mapping[g] == kNoGroup) {
                continue;
            }
            samples_[mapping[g]].merge(theirs[g]);
        }
        return hold(true);
    }

    Result<std::vector<ColumnPtr>> finish() override {
        std::vector<columns::ColumnBuilder> out;
        const std::size_t columns_out = shape_.as_array ? 1 : shape_.percents.size();
        for (std::size_t i = 0; i < columns_out; ++i) {
            out.emplace_back(shape_.as_array ? DataType::Dynamic : shape_.type);
        }
        for (Sample<T>& sample : samples_) {
            const std::vector<T> answers = sample.percentiles(shape_.percents);
            if (shape_.as_array) {
                append_array(out[0], answers);
                continue;
            }
            for (std::size_t i = 0; i < columns_out; ++i) {
                append(out[i], answers, i);
            }
        }
        std::vector<ColumnPtr> done;
        for (columns::ColumnBuilder& b : out) {
            done.push_back(b.finish());
        }
        return done;
    }

  private:
    void append(columns::ColumnBuilder& out, const std::vector<T>& answers, std::size_t i) const {
        if (answers.empty()) {
            out.append_null();
        } else if constexpr (std::is_same_v<T, double>) {
            if (shape_.type == DataType::Decimal) {
                out.append_wide(decimal_from_double(answers[i]).bits);
            } else {
                out.append_real(answers[i]);
            }
        } else {
            out.append_int(answers[i]);
        }
    }
    void append_array(columns::ColumnBuilder& out, const std::vector<T>& answers) const {
        if (answers.empty()) {
            out.append_null();
            return;
        }
        columns::ColumnBuilder cells(shape_.type);
        for (std::size_t i = 0; i < answers.size(); ++i) {
            append(cells, answers, i);
        }
        const ColumnPtr column = cells.finish();
        ArrayBytes array;
        for (std::uint32_t i = 0; i < column->size(); ++i) {
            append_cell_as_variant(array.bytes(), *column, i);
            array.end_element();
        }
        std::string bytes;
        array.append_to(bytes);
        out.append_bytes(bytes);
    }
    Status hold(bool now) {
        if (!now && ++updates_ % 16 != 1) {
            return ok_status();
        }
        std::size_t bytes = 0;
        for (const Sample<T>& s : samples_) {
            bytes += s.memory_bytes() + sizeof(s);
        }
        return memory_.hold(bytes);
    }

    PercentileShape shape_;
    StateMemory memory_;
    std::uint32_t updates_ = 0;
    std::vector<Sample<T>> samples_;
};

class DigestAggregator final : public Aggregator {
  public:
    DigestAggregator(bool merges, MemoryBudget* budget) : merges_(merges), memory_(budget) {}
    void resize(std::uint32_t groups) override { digests_.resize(groups); }
    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        const columns::Column& column = *args[0];
        for (std::uint32_t i = 0; i < column.size(); ++i) {
            if (column.is_null(i)) {
                continue;
            }
            TDigest& mine = digests_[group_of_row[i]];
            if (merges_) {
                if (const auto digest = TDigest::from_variant(column.bytes_at(i))) {
                    mine.merge(*digest);
                }
                continue;
            }
            double weight = 1;
            if (args.size() > 1) {
                weight = args[1]->is_null(i) ? 0 : args[1]->real_at(i);
            }
            mine.add(column.real_at(i), weight);
        }
        return hold();
    }
    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<DigestAggregator&>(other).digests_;
        for (std::size_t g = 0; g < theirs.size(); ++g) {
            if (mapping[g] == kNoGroup) {
                continue;
            }
            digests_[mapping[g]].merge(theirs[g]);
        }
        return hold();
    }
    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(DataType::Dynamic);
        for (const TDigest& d : digests_) {
            out.append_bytes(d.to_variant());
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    Status hold() {
        std::size_t bytes = 0;
        for (const TDigest& d : digests_) {
            bytes += d.memory_bytes() + sizeof(d);
        }
        return memory_.hold(bytes);
    }
    bool merges_;
    StateMemory memory_;
    std::vector<TDigest> digests_;
};

// "99.9" -> "99_9".
std::string percent_suffix(double percent) {
    std::string text;
    columns::append_real_text(text, percent);
    if (text.size() > 2 && text.ends_with(".0")) {
        text.resize(text.size() - 2);
    }
    std::replace(text.begin(), text.end(), '.', '_');
    return text;
}

Result<std::vector<double>> read_percents(std::span<const AggregateArgument> args,
                                          std::size_t from) {
    std::vector<double> percents;
    for (std::size_t i = from; i < args.size(); ++i) {
        const Argument& a = args[i].value;
        if (a.constant != nullptr && a.type == DataType::Dynamic && !a.constant->is_null()) {
            const columns::VariantView list(a.constant->bytes());
            if (list.kind() == columns::VariantView::Kind::Array) {
                for (std::uint32_t k = 0; k < list.size(); ++k) {
                    percents.push_back(
                        scalar_to_real(Scalar::of_variant(std::string(list.element(k).bytes()))));
                }
                continue;
            }
        }
        const auto p = constant_real(a);
        if (!p) {
            return argument_error("percentile", "a percentile must be a constant number", a.span);
        }
        percents.push_back(*p);
    }
    for (const double p : percents) {
        if (!(p >= 0 && p <= 100)) {
            return argument_error("percentile", "a percentile must lie between 0 and 100",
                                  args[from].value.span);
        }
    }
    return percents;
}

template <bool kWeighted, bool kArray>
Result<BoundAggregate> bind_percentiles(std::span<const AggregateArgument> args) {
    PercentileShape shape;
    shape.weighted = kWeighted;
    shape.as_array = kArray;
    constexpr std::size_t kFirstPercent = kWeighted ? 2 : 1;
    QD_TRY(shape.percents, read_percents(args, kFirstPercent));
    shape.type = args[0].value.type;
    switch (shape.type) {
        case DataType::Int:
        case DataType::Long:
        case DataType::Real:
        case DataType::Decimal:
        case DataType::DateTime:
        case DataType::TimeSpan:
            break;
        case DataType::Dynamic:
            shape.type = DataType::Real;
            break;
        case DataType::Bool:
        case DataType::String:
        case DataType::Guid:
            return argument_error("percentile", "argument 1 must be numeric or a time",
                                  args[0].value.span);
    }
    BoundAggregate bound;
    bound.arg_types.push_back(shape.type == DataType::Decimal ? DataType::Real : shape.type);
    if (kWeighted) {
        bound.arg_types.push_back(DataType::Long);
    }
    for (std::size_t i = kFirstPercent; i < args.size(); ++i) {
        bound.arg_types.push_back(args[i].value.type);
    }
    if (kArray) {
        bound.outputs.push_back({"percentiles_" + args[0].name, DataType::Dynamic});
    } else {
        for (const double p : shape.percents) {
            bound.outputs.push_back(
                {"percentile_" + args[0].name + "_" + percent_suffix(p), shape.type});
        }
    }
    const bool real = shape.type == DataType::Real || shape.type == DataType::Decimal;
    bound.make = [shape, real](const EvalContext& context) -> std::unique_ptr<Aggregator> {
        if (real) {
            return std::make_unique<PercentileAggregator<double>>(shape, context.budget);
        }
        return std::make_unique<PercentileAggregator<std::int64_t>>(shape, context.budget);
    };
    return bound;
}

template <bool kMerges>
Result<BoundAggregate> bind_digest(std::span<const AggregateArgument> args) {
    BoundAggregate bound;
    bound.outputs = {{"", DataType::Dynamic}};
    if (kMerges && args[0].value.type != DataType::Dynamic) {
        return argument_error("tdigest_merge", "the argument must be dynamic", args[0].value.span);
    }
    bound.arg_types.assign(args.size(), kMerges ? DataType::Dynamic : DataType::Real);
    bound.make = [](const EvalContext& context) {
        return std::unique_ptr<Aggregator>(
            std::make_unique<DigestAggregator>(kMerges, context.budget));
    };
    return bound;
}

constexpr AggregateFunction kPercentiles[] = {
    {"percentile", "percentile(x, percent:real) : typeof(x)",
     "Nearest-rank percentile: exact up to 131072 values a group, a t-digest beyond.", 2, 2,
     "percentile", bind_percentiles<false, false>},
    {"percentiles", "percentiles(x, percent:real, …) : typeof(x), …",
     "Several percentiles, one column each.", 2, 255, "percentile", bind_percentiles<false, false>},
    {"percentiles_array", "percentiles_array(x, percent:real, … | percents:dynamic) : dynamic",
     "Several percentiles as one array.", 2, 255, "percentiles", bind_percentiles<false, true>},
    {"percentilew", "percentilew(x, weight:long, percent:real) : typeof(x)",
     "Percentile where each value counts `weight` times.", 3, 3, "percentile",
     bind_percentiles<true, false>},
    {"percentilesw", "percentilesw(x, weight:long, percent:real, …) : typeof(x), …",
     "Several weighted percentiles, one column each.", 3, 255, "percentile",
     bind_percentiles<true, false>},
    {"percentilesw_array",
     "percentilesw_array(x, weight:long, percent:real, … | percents:dynamic) : dynamic",
     "Several weighted percentiles as one array.", 3, 255, "percentiles",
     bind_percentiles<true, true>},
    {"tdigest", "tdigest(x [, weight]) : dynamic",
     "The sketch behind percentile(), to merge later.", 1, 2, "tdigest", bind_digest<false>},
    {"tdigest_merge", "tdigest_merge(sketch:dynamic) : dynamic", "One sketch out of many.", 1, 1,
     "tdigest_merge", bind_digest<true>},
    {"merge_tdigest", "merge_tdigest(sketch:dynamic) : dynamic", "One sketch out of many.", 1, 1,
     "merge_tdigest", bind_digest<true>},
};

}  // namespace

std::span<const AggregateFunction> percentile_aggregates() {
    return kPercentiles;
}

}  // namespace qd::kql
