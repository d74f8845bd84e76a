// dcount, hll and count_distinct.
//
// dcount keeps the 64-bit hashes themselves while a group has at most kHllExactMax of them, so
// small counts are exact, and turns to HyperLogLog registers beyond (kql.md b.26). The hash is the
// stable one: what hll() answers may be stored and merged years later. count_distinct keeps the
// values and is always exact.
//
// A dictionary column is hashed or numbered once per entry, and rows then are (group, number)
// pairs (distinct_counter.h). dcount numbers hashes, as long as there are not too many of them, and
// makes registers of them at the end only.
#include "../constant_argument.h"
#include "../dynamic_bytes.h"
#include "../sketches/cell_hash.h"
#include "../sketches/hyperloglog.h"
#include "distinct_counter.h"
#include "families.h"
#include "filtered.h"
#include "grouped_set.h"
#include "qd/columns/variant.h"

#include <unordered_map>
#include <utility>

namespace qd::kql {

namespace {

enum class SketchOutput : std::uint8_t { Count, Sketch };

/// Numbers 64-bit hashes 0, 1, … in the order they are first met.
class HashNumbers {
  public:
    std::uint32_t add(std::uint64_t hash) {
        const auto [at, added] = numbers_.try_emplace(hash, size());
        if (added) {
            hashes_.push_back(hash);
        }
        return at->second;
    }
    std::uint32_t size() const { return static_cast<std::uint32_t>(hashes_.size()); }
    std::uint64_t hash(std::uint32_t number) const { return hashes_[number]; }
    std::size_t memory_bytes() const { return hashes_.capacity() * 48; }

  private:
    std::unordered_map<std::uint64_t, std::uint32_t> numbers_;
    std::vector<std::uint64_t> hashes_;
};

/// The distinct hashes of each group, of columns with dictionaries.
class NumberedHashes {
  public:
    /// Beyond this many the sketches are the smaller ones.
    static constexpr std::uint32_t kEntriesMax = 1U << 16;

    bool takes(const columns::Column& column) const {
        return column.layout() == columns::Layout::Dictionary &&
               column.dictionary()->size() <= kEntriesMax && numbers_.size() <= kEntriesMax;
    }
    void resize(std::uint32_t groups) { met_.resize(groups); }

    void add(std::span<const std::uint32_t> group_of_row, const ColumnPtr& column,
             CellHasher& hasher) {
        if (dictionary_ != column->dictionary()) {
            dictionary_ = column->dictionary();
            const auto hashes = hasher.entries(column);
            of_entry_.resize(hashes.size());
            for (std::size_t i = 0; i < hashes.size(); ++i) {
                of_entry_[i] = hashes[i] == CellHasher::kNullHash ? kNull : numbers_.add(hashes[i]);
            }
        }
        const auto codes = column->codes();
        for (std::size_t i = 0; i < codes.size(); ++i) {
            const std::uint32_t number = of_entry_[codes[i]];
            if (number != kNull) {
                met_.insert(group_of_row[i], number, numbers_.size());
            }
        }
    }
    void merge(const NumberedHashes& other, std::span<const std::uint32_t> mapping) {
        std::vector<std::uint32_t> numbers(other.numbers_.size());
        for (std::uint32_t n = 0; n < numbers.size(); ++n) {
            numbers[n] = numbers_.add(other.numbers_.hash(n));
        }
        for (std::uint32_t g = 0; g < other.met_.groups(); ++g) {
            other.met_.for_each(
                g, [&](std::uint32_t n) { met_.insert(mapping[g], numbers[n], numbers_.size()); });
        }
    }
    std::uint32_t count(std::uint32_t group) const { return met_.count(group); }
    /// Calls visit(hash).
    template <typename Visit>
    void for_each(std::uint32_t group, const Visit& visit) const {
        met_.for_each(group, [&](std::uint32_t n) { visit(numbers_.hash(n)); });
    }
    std::size_t memory_bytes() const { return met_.memory_bytes() + numbers_.memory_bytes(); }

  private:
    static constexpr std::uint32_t kNull = ~std::uint32_t{0};

    HashNumbers numbers_;
    DistinctCounter met_;
    ColumnPtr dictionary_;
    std::vector<std::uint32_t> of_entry_;
};

class SketchAggregator final : public Aggregator {
  public:
    SketchAggregator(int bits, SketchOutput output, bool merges, MemoryBudget* budget)
        : bits_(bits), output_(output), merges_(merges), memory_(budget) {}

    void resize(std::uint32_t groups) override {
        groups_ = groups;
        numbered_.resize(groups);
        if (!sketches_.empty()) {
            sketches_.resize(groups, HyperLogLog(bits_));
        }
    }

    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        if (merges_) {
            return update_sketches(group_of_row, *args[0]);
        }
        if (numbered_.takes(*args[0])) {
            numbered_.add(group_of_row, args[0], hasher_);
            return hold();
        }
        need_sketches();
        const auto hashes = hasher_.hash(args[0]);
        for (std::size_t i = 0; i < hashes.size(); ++i) {
            if (hashes[i] != CellHasher::kNullHash) {
                sketches_[group_of_row[i]].add(hashes[i]);
            }
        }
        return hold();
    }

    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<SketchAggregator&>(other);
        numbered_.merge(theirs.numbered_, mapping);
        if (!theirs.sketches_.empty()) {
            need_sketches();
            for (std::size_t g = 0; g < theirs.sketches_.size(); ++g) {
                if (mapping[g] == kNoGroup) {
                    continue;
                }
                sketches_[mapping[g]].merge(theirs.sketches_[g]);
            }
        }
        return hold();
    }

    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(
            output_ == SketchOutput::Count ? DataType::Long : DataType::Dynamic, groups_);
        CountedRegisters registers(bits_);
        for (std::uint32_t g = 0; g < groups_; ++g) {
            if (output_ == SketchOutput::Sketch || !sketches_.empty()) {
                HyperLogLog sketch = sketches_.empty() ? HyperLogLog(bits_) : sketches_[g];
                numbered_.for_each(g, [&](std::uint64_t hash) { sketch.add(hash); });
                if (output_ == SketchOutput::Count) {
                    out.append_int(sketch.estimate());
                } else {
                    out.append_bytes(sketch.to_variant());
                }
            } else if (numbered_.count(g) <= kHllExactMax) {
                out.append_int(numbered_.count(g));
            } else {
                registers.clear();
                numbered_.for_each(g, [&](std::uint64_t hash) { registers.add(hash); });
                out.append_int(registers.estimate());
            }
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    void need_sketches() { sketches_.resize(groups_, HyperLogLog(bits_)); }

    Status update_sketches(std::span<const std::uint32_t> group_of_row,
                           const columns::Column& column) {
        need_sketches();
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
        std::size_t bytes = numbered_.memory_bytes();
        for (const HyperLogLog& sketch : sketches_) {
            bytes += sketch.memory_bytes();
        }
        return memory_.hold(bytes);
    }

    int bits_;
    SketchOutput output_;
    bool merges_;
    StateMemory memory_;
    std::uint32_t groups_ = 0;
    std::uint32_t updates_ = 0;
    CellHasher hasher_;
    NumberedHashes numbered_;
    std::vector<HyperLogLog> sketches_;  // none until a row needs them
};

class DistinctAggregator final : public Aggregator {
  public:
    explicit DistinctAggregator(MemoryBudget* budget) : memory_(budget) {}
    void resize(std::uint32_t groups) override { met_.resize(groups); }
    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        const auto values = cells_.number(args[0], numbers_);
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (values[i] != CellNumbers::kNull) {
                met_.insert(group_of_row[i], values[i], numbers_.size());
            }
        }
        return hold();
    }
    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<DistinctAggregator&>(other);
        const std::vector<std::uint32_t> numbers = numbers_.add_all(theirs.numbers_);
        for (std::uint32_t g = 0; g < theirs.met_.groups(); ++g) {
            if (mapping[g] == kNoGroup) {
                continue;
            }
            theirs.met_.for_each(g, [&](std::uint32_t value) {
                met_.insert(mapping[g], numbers[value], numbers_.size());
            });
        }
        return hold();
    }
    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(DataType::Long, met_.groups());
        for (std::uint32_t g = 0; g < met_.groups(); ++g) {
            out.append_int(met_.count(g));
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    Status hold() {
        return memory_.hold(met_.memory_bytes() +
                            static_cast<std::size_t>(numbers_.memory_bytes()));
    }

    StateMemory memory_;
    ByteNumbers numbers_;
    DistinctCounter met_;
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
