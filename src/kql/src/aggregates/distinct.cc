// dcount, hll and count_distinct.
//
// dcount keeps the 64-bit hashes themselves while a group has at most kHllExactMax of them, so
// small counts are exact, and turns to HyperLogLog registers beyond (kql.md b.26). The hash is the
// stable one: what hll() answers may be stored and merged years later. A dictionary column is
// hashed once per entry. count_distinct keeps the values and is always exact.
#include "../constant_argument.h"
#include "../dynamic_bytes.h"
#include "../sketches/cell_hash.h"
#include "../sketches/hyperloglog.h"
#include "families.h"
#include "filtered.h"
#include "grouped_set.h"
#include "qd/columns/variant.h"

#include <utility>

namespace qd::kql {

namespace {

enum class SketchOutput : std::uint8_t { Count, Sketch };

class SketchAggregator final : public Aggregator {
  public:
    SketchAggregator(int bits, SketchOutput output, bool merges, MemoryBudget* budget)
        : bits_(bits), output_(output), merges_(merges), memory_(budget) {}

    void resize(std::uint32_t groups) override { sketches_.resize(groups, HyperLogLog(bits_)); }

    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        if (merges_) {
            return update_sketches(group_of_row, *args[0]);
        }
        const auto hashes = hasher_.hash(args[0]);
        for (std::size_t i = 0; i < hashes.size(); ++i) {
            if (hashes[i] != CellHasher::kNullHash) {
                sketches_[group_of_row[i]].add(hashes[i]);
            }
        }
        return hold();
    }

    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<SketchAggregator&>(other).sketches_;
        for (std::size_t g = 0; g < theirs.size(); ++g) {
            sketches_[mapping[g]].merge(theirs[g]);
        }
        return hold();
    }

    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(output_ == SketchOutput::Count ? DataType::Long
                                                                  : DataType::Dynamic);
        for (const HyperLogLog& sketch : sketches_) {
            if (output_ == SketchOutput::Count) {
                out.append_int(sketch.estimate());
            } else {
                out.append_bytes(sketch.to_variant());
            }
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    Status update_sketches(std::span<const std::uint32_t> group_of_row,
                           const columns::Column& column) {
        for (std::uint32_t i = 0; i < column.size(); ++i) {
            if (column.is_null(i)) {
                continue;
            }
            if (const auto sketch = HyperLogLog::from_variant(column.bytes_at(i))) {
                // The first one brings its accuracy along.
                HyperLogLog& mine = sketches_[group_of_row[i]];
                if (mine.bits() > sketch->bits() || mine.estimate() > 0) {
                    mine.merge(*sketch);
                } else {
                    mine = *sketch;
                }
            }
        }
        return hold();
    }

    // Walking every sketch each chunk would cost more than the sketches: sampled.
    Status hold() {
        if (++updates_ % 16 != 1) {
            return ok_status();
        }
        std::size_t bytes = 0;
        for (const HyperLogLog& sketch : sketches_) {
            bytes += sketch.memory_bytes();
        }
        return memory_.hold(bytes);
    }

    int bits_;
    SketchOutput output_;
    bool merges_;
    StateMemory memory_;
    std::uint32_t updates_ = 0;
    CellHasher hasher_;
    std::vector<HyperLogLog> sketches_;
};

class DistinctAggregator final : public Aggregator {
  public:
    explicit DistinctAggregator(MemoryBudget* budget) : memory_(budget) {}
    void resize(std::uint32_t groups) override { set_.resize(groups); }
    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        const auto values = cells_.number(args[0], set_);
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (values[i] != CellNumbers::kNull) {
                set_.insert(group_of_row[i], values[i]);
            }
        }
        return memory_.hold(set_.memory_bytes());
    }
    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const GroupedSet& theirs = static_cast<DistinctAggregator&>(other).set_;
        const std::vector<std::uint32_t> numbers = set_.numbers_of(theirs);
        for (std::uint32_t i = 0; i < theirs.size(); ++i) {
            set_.insert(mapping[theirs.entry(i).group], numbers[theirs.entry(i).value]);
        }
        return memory_.hold(set_.memory_bytes());
    }
    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(DataType::Long);
        for (std::uint32_t g = 0; g < set_.groups(); ++g) {
            out.append_int(set_.count(g));
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    StateMemory memory_;
    GroupedSet set_;
    CellNumbers cells_;
};

template <SketchOutput kOutput>
Result<BoundAggregate> bind_sketch(std::span<const AggregateArgument> args) {
    std::int64_t accuracy = 1;
    if (args.size() > 1) {
        const auto given = constant_int(args[1].value);
        if (!given || *given < 0 || *given > 4) {
            return argument_error("dcount", "accuracy must be a constant from 0 to 4",
                                  args[1].value.span);
        }
        accuracy = *given;
    }
    BoundAggregate bound;
    bound.outputs = {{"", kOutput == SketchOutput::Count ? DataType::Long : DataType::Dynamic}};
    for (const AggregateArgument& a : args) {
        bound.arg_types.push_back(a.value.type);
    }
    bound.make = [bits = hll_bits(accuracy)](const EvalContext& context) {
        return std::unique_ptr<Aggregator>(
            std::make_unique<SketchAggregator>(bits, kOutput, false, context.budget));
    };
    return bound;
}

Result<BoundAggregate> bind_hll_merge(std::span<const AggregateArgument> args) {
    if (args[0].value.type != DataType::Dynamic) {
        return argument_error("hll_merge", "the argument must be dynamic", args[0].value.span);
    }
    BoundAggregate bound;
    bound.outputs = {{"", DataType::Dynamic}};
    bound.arg_types = {DataType::Dynamic};
    bound.make = [](const EvalContext& context) {
        return std::unique_ptr<Aggregator>(std::make_unique<SketchAggregator>(
            hll_bits(4), SketchOutput::Sketch, true, context.budget));
    };
    return bound;
}

Result<BoundAggregate> bind_count_distinct(std::span<const AggregateArgument> args) {
    BoundAggregate bound;
    bound.outputs = {{"", DataType::Long}};
    bound.arg_types = {args[0].value.type};
    bound.make = [](const EvalContext& context) {
        return std::unique_ptr<Aggregator>(std::make_unique<DistinctAggregator>(context.budget));
    };
    return bound;
}

constexpr AggregateFunction kDistinct[] = {
    {"dcount", "dcount(x [, accuracy:int]) : long",
     "Number of distinct values: exact up to 1024, then a HyperLogLog estimate.", 1, 2, "dcount",
     bind_sketch<SketchOutput::Count>},
    {"dcountif", "dcountif(x, predicate:bool [, accuracy:int]) : long",
     "Number of distinct values over the rows where the predicate is true.", 2, 3, "dcountif",
     bind_if<bind_sketch<SketchOutput::Count>, 1>},
    {"count_distinct", "count_distinct(x) : long", "Exact number of distinct values.", 1, 1,
     "count_distinct", bind_count_distinct},
    {"count_distinctif", "count_distinctif(x, predicate:bool) : long",
     "Exact number of distinct values over the rows where the predicate is true.", 2, 2,
     "count_distinctif", bind_if<bind_count_distinct, 1>},
    {"hll", "hll(x [, accuracy:int]) : dynamic", "The sketch behind dcount(), to merge later.", 1,
     2, "hll", bind_sketch<SketchOutput::Sketch>},
    {"hll_if", "hll_if(x, predicate:bool [, accuracy:int]) : dynamic",
     "The sketch over the rows where the predicate is true.", 2, 3, "hll",
     bind_if<bind_sketch<SketchOutput::Sketch>, 1>},
    {"hll_merge", "hll_merge(sketch:dynamic) : dynamic", "One sketch out of many.", 1, 1,
     "hll_merge", bind_hll_merge},
};

}  // namespace

std::span<const AggregateFunction> distinct_aggregates() {
    return kDistinct;
}

}  // namespace qd::kql
