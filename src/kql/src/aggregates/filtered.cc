// sumif() and its like, once for all aggregates: select the rows, then run the plain form.
#include "filtered.h"

#include <utility>

namespace qd::kql {

namespace {

class FilteredAggregator final : public Aggregator {
  public:
    FilteredAggregator(std::unique_ptr<Aggregator> plain, std::size_t predicate)
        : plain_(std::move(plain)), predicate_(predicate) {}

    void resize(std::uint32_t groups) override { plain_->resize(groups); }

    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        const ColumnPtr predicate = columns::flatten(args[predicate_]);
        const auto values = predicate->values<std::uint8_t>();
        const auto nulls = predicate->nulls();
        rows_.clear();
        groups_.clear();
        for (std::uint32_t i = 0; i < predicate->size(); ++i) {
            if (values[i] != 0 && (nulls.empty() || nulls[i] == 0)) {
                rows_.push_back(i);
                groups_.push_back(group_of_row[i]);
            }
        }
        if (rows_.empty()) {
            return ok_status();
        }
        const bool all = rows_.size() == group_of_row.size();
        std::vector<ColumnPtr> rest;
        for (std::size_t i = 0; i < args.size(); ++i) {
            if (i != predicate_) {
                rest.push_back(all ? args[i] : columns::gather(args[i], rows_));
            }
        }
        return plain_->update(groups_, rest);
    }

    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        return plain_->merge(*static_cast<FilteredAggregator&>(other).plain_, mapping);
    }

    Result<std::vector<ColumnPtr>> finish() override { return plain_->finish(); }

  private:
    std::unique_ptr<Aggregator> plain_;
    std::size_t predicate_;
    std::vector<std::uint32_t> rows_;
    std::vector<std::uint32_t> groups_;
};

}  // namespace

BoundAggregate with_predicate(BoundAggregate plain, std::span<const AggregateArgument> all,
                              std::size_t predicate) {
    BoundAggregate bound;
    bound.outputs = std::move(plain.outputs);
    bound.arg_types = std::move(plain.arg_types);
    if (bound.arg_types.empty()) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (i != predicate) {
                bound.arg_types.push_back(all[i].value.type);
            }
        }
    }
    bound.arg_types.insert(bound.arg_types.begin() + static_cast<std::ptrdiff_t>(predicate),
                           DataType::Bool);
    bound.make = [make = std::move(plain.make), predicate](const EvalContext& context) {
        return std::unique_ptr<Aggregator>(
            std::make_unique<FilteredAggregator>(make(context), predicate));
    };
    return bound;
}

}  // namespace qd::kql
