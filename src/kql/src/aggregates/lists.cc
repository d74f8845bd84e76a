// make_list, make_set, make_bag and buildschema: dynamic values built from many rows.
//
// A list is the concatenation of its elements' variant bytes; nothing is decoded. Sets share one
// hash table over (group, element bytes), which is type-strict and keeps first-seen order
// (kql.md b.18, b.23). An array argument contributes its elements, a bag is one element. Null
// cells are left out, except that a dynamic null counts as a value.
#include "../constant_argument.h"
#include "../dynamic_bytes.h"
#include "families.h"
#include "filtered.h"
#include "grouped_set.h"
#include "qd/columns/variant.h"

#include <algorithm>
#include <utility>

namespace qd::kql {

namespace {

using columns::VariantView;

constexpr std::int64_t kSizeMax = 1'048'576;

// Calls add(bytes) for each element that the cell contributes.
template <typename Add>
void for_each_element(const columns::Column& column, std::uint32_t row, bool keep_nulls,
                      std::string& scratch, const Add& add) {
    if (column.type() == DataType::Dynamic && !column.is_null(row)) {
        const std::string_view bytes = column.bytes_at(row);
        const VariantView view(bytes);
        if (view.kind() == VariantView::Kind::Array) {
            for (std::uint32_t i = 0; i < view.size(); ++i) {
                add(view.element(i).bytes());
            }
            return;
        }
    }
    if (column.type() != DataType::Dynamic && !keep_nulls && column.is_null(row)) {
        return;
    }
    scratch.clear();
    append_cell_as_variant(scratch, column, row);
    add(std::string_view(scratch));
}

class ListAggregator final : public Aggregator {
  public:
    ListAggregator(std::int64_t size_max, bool keep_nulls, MemoryBudget* budget)
        : size_max_(size_max), keep_nulls_(keep_nulls), memory_(budget) {}

    void resize(std::uint32_t groups) override { lists_.resize(groups); }

    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        const columns::Column& column = *args[0];
        for (std::uint32_t i = 0; i < column.size(); ++i) {
            ArrayBytes& list = lists_[group_of_row[i]];
            for_each_element(column, i, keep_nulls_, scratch_,
                             [&](std::string_view element) { append(list, element); });
        }
        return memory_.hold(bytes_ + lists_.size() * sizeof(ArrayBytes));
    }

    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<ListAggregator&>(other).lists_;
        for (std::size_t g = 0; g < theirs.size(); ++g) {
            if (mapping[g] == kNoGroup) {
                continue;
            }
            for (std::uint32_t i = 0; i < theirs[g].size(); ++i) {
                append(lists_[mapping[g]], theirs[g].element(i));
            }
        }
        return memory_.hold(bytes_ + lists_.size() * sizeof(ArrayBytes));
    }

    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(DataType::Dynamic);
        std::string bytes;
        for (const ArrayBytes& list : lists_) {
            bytes.clear();
            list.append_to(bytes);
            out.append_bytes(bytes);
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    void append(ArrayBytes& list, std::string_view element) {
        // One list's offsets are 32 bits wide.
        if (list.size() < size_max_ && list.bytes().size() + element.size() < 0x7fffffff) {
            list.append(element);
            bytes_ += element.size() + 4;
        }
    }
    std::int64_t size_max_;
    bool keep_nulls_;
    StateMemory memory_;
    std::size_t bytes_ = 0;
    std::vector<ArrayBytes> lists_;
    std::string scratch_;
};

class SetAggregator final : public Aggregator {
  public:
    SetAggregator(std::int64_t size_max, MemoryBudget* budget)
        : size_max_(size_max), memory_(budget) {}

    void resize(std::uint32_t groups) override { set_.resize(groups); }

    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        if (args[0]->type() != DataType::Dynamic) {
            const auto values = cells_.number(args[0], set_.values());
            for (std::size_t i = 0; i < values.size(); ++i) {
                if (values[i] != CellNumbers::kNull) {
                    insert(group_of_row[i], values[i]);
                }
            }
            return memory_.hold(set_.memory_bytes());
        }
        const columns::Column& column = *args[0];
        for (std::uint32_t i = 0; i < column.size(); ++i) {
            const std::uint32_t g = group_of_row[i];
            if (set_.count(g) < size_max_) {
                for_each_element(column, i, false, scratch_, [&](std::string_view element) {
                    insert(g, set_.values().add(element));
                });
            }
        }
        return memory_.hold(set_.memory_bytes());
    }

    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const GroupedSet& theirs = static_cast<SetAggregator&>(other).set_;
        std::vector<std::uint32_t> numbers(theirs.values().size(), ByteNumbers::kNone);
        for (std::uint32_t i = 0; i < theirs.size(); ++i) {
            const std::uint32_t g = mapping[theirs.entry(i).group];
            if (g == kNoGroup) {
                continue;
            }
            std::uint32_t& number = numbers[theirs.entry(i).value];
            number = number != ByteNumbers::kNone ? number : set_.values().add(theirs.bytes(i));
            insert(g, number);
        }
        return memory_.hold(set_.memory_bytes());
    }

    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(DataType::Dynamic);
        std::string bytes;
        for (std::uint32_t g = 0; g < set_.groups(); ++g) {
            ArrayBytes list;
            for (std::uint32_t e = set_.first(g); e != GroupedSet::kEnd; e = set_.entry(e).next) {
                list.append(set_.bytes(e));
            }
            bytes.clear();
            list.append_to(bytes);
            out.append_bytes(bytes);
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    void insert(std::uint32_t g, std::uint32_t value) {
        if (set_.count(g) < size_max_) {
            set_.insert(g, value);
        }
    }
    std::int64_t size_max_;
    StateMemory memory_;
    GroupedSet set_;
    CellNumbers cells_;
    std::string scratch_;
};

// Keys per group in the table, the value of each entry beside it; the first one of a key wins.
class BagAggregator final : public Aggregator {
  public:
    BagAggregator(std::int64_t size_max, MemoryBudget* budget)
        : size_max_(size_max), memory_(budget) {}

    void resize(std::uint32_t groups) override { keys_.resize(groups); }

    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        const columns::Column& column = *args[0];
        for (std::uint32_t i = 0; i < column.size(); ++i) {
            if (column.is_null(i)) {
                continue;
            }
            const VariantView view(column.bytes_at(i));
            if (view.kind() != VariantView::Kind::Object) {
                continue;
            }
            for (std::uint32_t k = 0; k < view.size(); ++k) {
                insert(group_of_row[i], view.key(k), view.property_at(k).bytes());
            }
        }
        return memory_.hold(keys_.memory_bytes() + value_bytes_);
    }

    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<BagAggregator&>(other);
        for (std::uint32_t i = 0; i < theirs.keys_.size(); ++i) {
            if (const std::uint32_t g = mapping[theirs.keys_.entry(i).group]; g != kNoGroup) {
                insert(g, theirs.keys_.bytes(i), theirs.values_[i]);
            }
        }
        return memory_.hold(keys_.memory_bytes() + value_bytes_);
    }

    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(DataType::Dynamic);
        std::string bytes;
        for (std::uint32_t g = 0; g < keys_.groups(); ++g) {
            BagBytes bag;
            for (std::uint32_t e = keys_.first(g); e != GroupedSet::kEnd; e = keys_.entry(e).next) {
                bag.append(keys_.bytes(e), values_[e]);
            }
            bytes.clear();
            bag.append_to(bytes);
            out.append_bytes(bytes);
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    void insert(std::uint32_t g, std::string_view key, std::string_view value) {
        if (keys_.count(g) < size_max_ && keys_.insert(g, keys_.values().add(key)).second) {
            values_.emplace_back(value);
            value_bytes_ += value.size() + sizeof(std::string);
        }
    }
    std::int64_t size_max_;
    StateMemory memory_;
    GroupedSet keys_;
    std::vector<std::string> values_;
    std::size_t value_bytes_ = 0;
};

Result<std::int64_t> size_limit(std::span<const AggregateArgument> args) {
    if (args.size() < 2) {
        return kSizeMax;
    }
    const auto given = constant_int(args[1].value);
    if (!given || *given < 0) {
        return argument_error("make_list", "the size limit must be a constant number",
                              args[1].value.span);
    }
    return std::min(*given, kSizeMax);
}

BoundAggregate dynamic_output(std::span<const AggregateArgument> args) {
    BoundAggregate bound;
    bound.outputs = {{"", DataType::Dynamic}};
    for (const AggregateArgument& a : args) {
        bound.arg_types.push_back(a.value.type);
    }
    return bound;
}

template <bool kNulls>
Result<BoundAggregate> bind_list(std::span<const AggregateArgument> args) {
    QD_TRY(const std::int64_t limit, size_limit(args));
    BoundAggregate bound = dynamic_output(args);
    bound.make = [limit](const EvalContext& context) {
        return std::unique_ptr<Aggregator>(
            std::make_unique<ListAggregator>(limit, kNulls, context.budget));
    };
    return bound;
}

Result<BoundAggregate> bind_set(std::span<const AggregateArgument> args) {
    QD_TRY(const std::int64_t limit, size_limit(args));
    BoundAggregate bound = dynamic_output(args);
    bound.make = [limit](const EvalContext& context) {
        return std::unique_ptr<Aggregator>(std::make_unique<SetAggregator>(limit, context.budget));
    };
    return bound;
}

Result<BoundAggregate> bind_bag(std::span<const AggregateArgument> args) {
    if (args[0].value.type != DataType::Dynamic) {
        return argument_error("make_bag", "the argument must be dynamic", args[0].value.span);
    }
    QD_TRY(const std::int64_t limit, size_limit(args));
    BoundAggregate bound = dynamic_output(args);
    bound.make = [limit](const EvalContext& context) {
        return std::unique_ptr<Aggregator>(std::make_unique<BagAggregator>(limit, context.budget));
    };
    return bound;
}

// The old spellings stop at 128 elements.
template <Result<BoundAggregate> (*Plain)(std::span<const AggregateArgument>)>
Result<BoundAggregate> bind_old(std::span<const AggregateArgument> args) {
    if (args.size() > 1) {
        return Plain(args);
    }
    const Scalar limit = Scalar::of_long(128);
    std::vector<AggregateArgument> with_limit(args.begin(), args.end());
    AggregateArgument extra;
    extra.value = {DataType::Long, &limit, args[0].value.span};
    with_limit.push_back(extra);
    QD_TRY(BoundAggregate bound, Plain(with_limit));
    bound.arg_types.pop_back();
    return bound;
}

constexpr AggregateFunction kLists[] = {
    {"make_list", "make_list(x [, size_max:long]) : dynamic",
     "Array of the values in row order, nulls left out, arrays flattened.", 1, 2, "list",
     bind_list<false>},
    {"make_list_if", "make_list_if(x, predicate:bool [, size_max:long]) : dynamic",
     "make_list over the rows where the predicate is true.", 2, 3, "list",
     bind_if<bind_list<false>, 1>},
    {"make_list_with_nulls", "make_list_with_nulls(x) : dynamic",
     "Array of the values in row order, nulls included.", 1, 2, "list", bind_list<true>},
    {"makelist", "makelist(x [, size_max:long]) : dynamic",
     "Old spelling of make_list; at most 128 elements unless said otherwise.", 1, 2, "list",
     bind_old<bind_list<false>>},
    {"make_set", "make_set(x [, size_max:long]) : dynamic",
     "Array of the distinct values in the order first met.", 1, 2, "set", bind_set},
    {"make_set_if", "make_set_if(x, predicate:bool [, size_max:long]) : dynamic",
     "make_set over the rows where the predicate is true.", 2, 3, "set", bind_if<bind_set, 1>},
    {"makeset", "makeset(x [, size_max:long]) : dynamic",
     "Old spelling of make_set; at most 128 elements unless said otherwise.", 1, 2, "set",
     bind_old<bind_set>},
    {"make_bag", "make_bag(bag:dynamic [, size_max:long]) : dynamic",
     "One bag of all bags' properties; the first value of a key wins.", 1, 2, "bag", bind_bag},
    {"make_bag_if", "make_bag_if(bag:dynamic, predicate:bool [, size_max:long]) : dynamic",
     "make_bag over the rows where the predicate is true.", 2, 3, "bag", bind_if<bind_bag, 1>},
    {"make_dictionary", "make_dictionary(bag:dynamic [, size_max:long]) : dynamic",
     "Old spelling of make_bag.", 1, 2, "dictionary", bind_bag},
};

}  // namespace

std::span<const AggregateFunction> list_aggregates() {
    return kLists;
}

}  // namespace qd::kql
