// count, sum, avg and the bitwise folds: one number a group, one pass over a flat column.
//
// Integers sum with wrap-around in 64 bits as the engine does, also under avg (recorded); averages
// of datetimes and timespans keep a 128-bit sum so that ticks do not overflow. A real sum is the
// plain running sum in row order (the engine's own order), so a group's result depends only on the
// order of its rows and of the workers.
#include "../constant_argument.h"
#include "families.h"
#include "filtered.h"
#include "qd/codec/guid.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace qd::kql {

namespace {

__extension__ using Int128 = __int128;

class CountAggregator final : public Aggregator {
  public:
    void resize(std::uint32_t groups) override { counts_.resize(groups); }
    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> /*args*/) override {
        if (counts_.size() == 1) {
            counts_[0] += static_cast<std::int64_t>(group_of_row.size());
            return ok_status();
        }
        for (const std::uint32_t g : group_of_row) {
            ++counts_[g];
        }
        return ok_status();
    }
    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<CountAggregator&>(other).counts_;
        for (std::size_t g = 0; g < theirs.size(); ++g) {
            if (mapping[g] == kNoGroup) {
                continue;
            }
            counts_[mapping[g]] += theirs[g];
        }
        return ok_status();
    }
    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(DataType::Long, static_cast<std::uint32_t>(counts_.size()));
        for (const std::int64_t c : counts_) {
            out.append_int(c);
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    std::vector<std::int64_t> counts_;
};

// Calls visit(group, value) for the rows that are not null.
template <typename T, typename Visit>
void for_each_value(std::span<const std::uint32_t> group_of_row, const ColumnPtr& column,
                    const Visit& visit) {
    const ColumnPtr flat = columns::flatten(column);
    const auto values = flat->values<T>();
    const auto nulls = flat->nulls();
    if (nulls.empty()) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            visit(group_of_row[i], values[i]);
        }
        return;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (nulls[i] == 0) {
            visit(group_of_row[i], values[i]);
        }
    }
}

template <typename In, typename Sum>
class SumAggregator final : public Aggregator {
  public:
    explicit SumAggregator(DataType out) : out_(out) {}
    void resize(std::uint32_t groups) override { sums_.resize(groups); }
    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        if (sums_.size() == 1) {
            Sum sum = sums_[0];
            for_each_value<In>(group_of_row, args[0],
                               [&](std::uint32_t, In v) { sum += static_cast<Sum>(v); });
            sums_[0] = sum;
            return ok_status();
        }
        for_each_value<In>(group_of_row, args[0],
                           [&](std::uint32_t g, In v) { sums_[g] += static_cast<Sum>(v); });
        return ok_status();
    }
    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<SumAggregator&>(other).sums_;
        for (std::size_t g = 0; g < theirs.size(); ++g) {
            if (mapping[g] == kNoGroup) {
                continue;
            }
            sums_[mapping[g]] += theirs[g];
        }
        return ok_status();
    }
    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(out_, static_cast<std::uint32_t>(sums_.size()));
        for (const Sum s : sums_) {
            if constexpr (std::is_same_v<Sum, double>) {
                out.append_real(s);
            } else {
                out.append_int(static_cast<std::int64_t>(s));
            }
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    DataType out_;
    std::vector<Sum> sums_;
};

class DecimalSumAggregator final : public Aggregator {
  public:
    explicit DecimalSumAggregator(bool average) : average_(average) {}
    void resize(std::uint32_t groups) override {
        sums_.resize(groups, decimal_from_int(0));
        counts_.resize(groups);
    }
    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        for_each_value<Wide>(group_of_row, args[0], [&](std::uint32_t g, Wide v) {
            add(g, DecimalValue{v});
            ++counts_[g];
        });
        return ok_status();
    }
    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<DecimalSumAggregator&>(other);
        for (std::size_t g = 0; g < theirs.sums_.size(); ++g) {
            if (mapping[g] == kNoGroup) {
                continue;
            }
            add(mapping[g], theirs.sums_[g]);
            counts_[mapping[g]] += theirs.counts_[g];
        }
        return ok_status();
    }
    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(DataType::Decimal);
        for (std::size_t g = 0; g < sums_.size(); ++g) {
            if (!average_) {
                out.append_wide(sums_[g].bits);
                continue;
            }
            const auto mean =
                decimal_arithmetic(DecimalOp::Divide, sums_[g], decimal_from_int(counts_[g]));
            if (mean) {
                out.append_wide(mean->bits);
            } else {
                out.append_null();
            }
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    void add(std::uint32_t g, DecimalValue v) {
        sums_[g] = decimal_arithmetic(DecimalOp::Add, sums_[g], v).value_or(sums_[g]);
    }
    bool average_;
    std::vector<DecimalValue> sums_;
    std::vector<std::int64_t> counts_;
};

template <typename In, typename Sum>
class AverageAggregator final : public Aggregator {
  public:
    explicit AverageAggregator(DataType out) : out_(out) {}
    void resize(std::uint32_t groups) override {
        sums_.resize(groups);
        counts_.resize(groups);
    }
    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        for_each_value<In>(group_of_row, args[0], [&](std::uint32_t g, In v) {
            add(g, static_cast<Sum>(v));
            ++counts_[g];
        });
        return ok_status();
    }
    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<AverageAggregator&>(other);
        for (std::size_t g = 0; g < theirs.sums_.size(); ++g) {
            if (mapping[g] == kNoGroup) {
                continue;
            }
            add(mapping[g], theirs.sums_[g]);
            counts_[mapping[g]] += theirs.counts_[g];
        }
        return ok_status();
    }
    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(out_, static_cast<std::uint32_t>(sums_.size()));
        for (std::size_t g = 0; g < sums_.size(); ++g) {
            if (out_ == DataType::Real) {
                out.append_real(counts_[g] == 0 ? std::numeric_limits<double>::quiet_NaN()
                                                : static_cast<double>(sums_[g]) /
                                                      static_cast<double>(counts_[g]));
            } else if (counts_[g] == 0) {
                out.append_null();
            } else {
                out.append_int(static_cast<std::int64_t>(sums_[g] / static_cast<Sum>(counts_[g])));
            }
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    // 64-bit sums wrap around.
    void add(std::uint32_t g, Sum v) {
        if constexpr (std::is_same_v<Sum, std::int64_t>) {
            sums_[g] = static_cast<Sum>(static_cast<std::uint64_t>(sums_[g]) +
                                        static_cast<std::uint64_t>(v));
        } else {
            sums_[g] += v;
        }
    }
    DataType out_;
    std::vector<Sum> sums_;
    std::vector<std::int64_t> counts_;
};

enum class Fold : std::uint8_t { And, Or, Xor };

template <Fold kFold>
class BitAggregator final : public Aggregator {
  public:
    void resize(std::uint32_t groups) override {
        folds_.resize(groups, kFold == Fold::And ? ~std::uint64_t{0} : 0);
        seen_.resize(groups);
    }
    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        for_each_value<std::int64_t>(group_of_row, args[0], [&](std::uint32_t g, std::int64_t v) {
            fold(g, static_cast<std::uint64_t>(v));
            seen_[g] = 1;
        });
        return ok_status();
    }
    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<BitAggregator&>(other);
        for (std::size_t g = 0; g < theirs.folds_.size(); ++g) {
            if (mapping[g] == kNoGroup) {
                continue;
            }
            if (theirs.seen_[g] != 0) {
                fold(mapping[g], theirs.folds_[g]);
                seen_[mapping[g]] = 1;
            }
        }
        return ok_status();
    }
    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(DataType::Long);
        for (std::size_t g = 0; g < folds_.size(); ++g) {
            if (seen_[g] != 0) {
                out.append_int(static_cast<std::int64_t>(folds_[g]));
            } else {
                out.append_null();
            }
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    void fold(std::uint32_t g, std::uint64_t v) {
        if constexpr (kFold == Fold::And) {
            folds_[g] &= v;
        } else if constexpr (kFold == Fold::Or) {
            folds_[g] |= v;
        } else {
            folds_[g] ^= v;
        }
    }
    std::vector<std::uint64_t> folds_;
    std::vector<std::uint8_t> seen_;
};

template <typename A, typename... Args>
std::function<std::unique_ptr<Aggregator>(const EvalContext&)> maker(Args... args) {
    return [args...](const EvalContext&) {
        return std::unique_ptr<Aggregator>(std::make_unique<A>(args...));
    };
}

Result<BoundAggregate> bind_count(std::span<const AggregateArgument> args) {
    BoundAggregate bound;
    bound.outputs = {{"", DataType::Long}};
    for (const AggregateArgument& a : args) {
        bound.arg_types.push_back(a.value.type);
    }
    bound.make = maker<CountAggregator>();
    return bound;
}

Result<BoundAggregate> bind_sum(std::span<const AggregateArgument> args) {
    BoundAggregate bound;
    switch (args[0].value.type) {
        case DataType::Bool:
        case DataType::Int:
        case DataType::Long:
            bound.outputs = {{"", DataType::Long}};
            bound.arg_types = {DataType::Long};
            bound.make = maker<SumAggregator<std::int64_t, std::uint64_t>>(DataType::Long);
            return bound;
        case DataType::TimeSpan:
            bound.outputs = {{"", DataType::TimeSpan}};
            bound.arg_types = {DataType::TimeSpan};
            bound.make = maker<SumAggregator<std::int64_t, std::uint64_t>>(DataType::TimeSpan);
            return bound;
        case DataType::Real:
        case DataType::Dynamic:
            bound.outputs = {{"", DataType::Real}};
            bound.arg_types = {DataType::Real};
            bound.make = maker<SumAggregator<double, double>>(DataType::Real);
            return bound;
        case DataType::Decimal:
            bound.outputs = {{"", DataType::Decimal}};
            bound.arg_types = {DataType::Decimal};
            bound.make = maker<DecimalSumAggregator>(false);
            return bound;
        case DataType::String:
        case DataType::DateTime:
        case DataType::Guid:
            break;
    }
    return argument_error("sum", "argument 1 must be numeric or a timespan", args[0].value.span);
}

Result<BoundAggregate> bind_avg(std::span<const AggregateArgument> args) {
    BoundAggregate bound;
    const DataType type = args[0].value.type;
    switch (type) {
        case DataType::Bool:
        case DataType::Int:
        case DataType::Long:
            bound.outputs = {{"", DataType::Real}};
            bound.arg_types = {DataType::Long};
            bound.make = maker<AverageAggregator<std::int64_t, std::int64_t>>(DataType::Real);
            return bound;
        case DataType::TimeSpan:
        case DataType::DateTime:
            bound.outputs = {{"", type}};
            bound.arg_types = {type};
            bound.make = maker<AverageAggregator<std::int64_t, Int128>>(type);
            return bound;
        case DataType::Real:
        case DataType::Dynamic:
            bound.outputs = {{"", DataType::Real}};
            bound.arg_types = {DataType::Real};
            bound.make = maker<AverageAggregator<double, double>>(DataType::Real);
            return bound;
        case DataType::Decimal:
            bound.outputs = {{"", DataType::Decimal}};
            bound.arg_types = {DataType::Decimal};
            bound.make = maker<DecimalSumAggregator>(true);
            return bound;
        case DataType::String:
        case DataType::Guid:
            break;
    }
    return argument_error("avg", "argument 1 must be numeric, a datetime or a timespan",
                          args[0].value.span);
}

template <Fold kFold>
Result<BoundAggregate> bind_fold(std::span<const AggregateArgument> args) {
    const DataType type = args[0].value.type;
    if (type != DataType::Int && type != DataType::Long && type != DataType::Dynamic) {
        return argument_error("binary_all", "argument 1 must be an integer", args[0].value.span);
    }
    BoundAggregate bound;
    bound.outputs = {{"", DataType::Long}};
    bound.arg_types = {DataType::Long};
    bound.make = maker<BitAggregator<kFold>>();
    return bound;
}

constexpr AggregateFunction kSums[] = {
    {"count", "count([x]) : long", "Number of rows; an argument is ignored.", 0, 1, "count",
     bind_count},
    {"countif", "countif(predicate:bool) : long", "Number of rows where the predicate is true.", 1,
     1, "countif", bind_if<bind_count, 0>},
    {"sum", "sum(x) : long|real|decimal|timespan", "Sum of the values that are not null, else 0.",
     1, 1, "sum", bind_sum},
    {"sumif", "sumif(x, predicate:bool) : long|real|decimal|timespan",
     "Sum over the rows where the predicate is true.", 2, 2, "sumif", bind_if<bind_sum, 1>},
    {"avg", "avg(x) : real|decimal|datetime|timespan",
     "Mean of the values that are not null, NaN when there are none.", 1, 1, "avg", bind_avg},
    {"avgif", "avgif(x, predicate:bool) : real|decimal|datetime|timespan",
     "Mean over the rows where the predicate is true.", 2, 2, "avgif", bind_if<bind_avg, 1>},
    {"binary_all_and", "binary_all_and(x:long) : long", "Bitwise and of all values.", 1, 1,
     "binary_all_and", bind_fold<Fold::And>},
    {"binary_all_or", "binary_all_or(x:long) : long", "Bitwise or of all values.", 1, 1,
     "binary_all_or", bind_fold<Fold::Or>},
    {"binary_all_xor", "binary_all_xor(x:long) : long", "Bitwise exclusive or of all values.", 1, 1,
     "binary_all_xor", bind_fold<Fold::Xor>},
};

}  // namespace

std::span<const AggregateFunction> sum_aggregates() {
    return kSums;
}

}  // namespace qd::kql
