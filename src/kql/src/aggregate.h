#pragma once

#include "function.h"
#include "qd/base/result.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Aggregate functions, columnar: one Aggregator holds the states of all groups of one summarize
/// (or make-series, pivot, …) on one worker.
namespace qd::kql {

class Aggregator {
  public:
    virtual ~Aggregator() = default;
    /// Groups 0..groups-1 exist from now on; new ones start empty.
    virtual void resize(std::uint32_t groups) = 0;
    /// Row i belongs to group group_of_row[i]. args as bound; all have group_of_row.size() rows.
    /// Errors: ResourceExhausted when the query's memory is used up.
    virtual Status update(std::span<const std::uint32_t> group_of_row,
                          std::span<const ColumnPtr> args) = 0;
    /// A group that is left out of a merge.
    static constexpr std::uint32_t kNoGroup = ~std::uint32_t{0};
    /// Takes over another worker's states: its group g is our group mapping[g]. `other` was made
    /// by the same factory. Merging happens in worker order (first-met rules depend on it).
    virtual Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) = 0;
    /// One column per output, `groups` rows, in the order of BoundAggregate::outputs.
    virtual Result<std::vector<ColumnPtr>> finish() = 0;
};

struct BoundAggregate {
    /// Type of each output and, for functions with several (arg_max, percentiles, take_any(*)),
    /// its natural name; for one output the name is decided by the rule of kql.md b.20.
    std::vector<columns::Field> outputs;
    std::vector<DataType> arg_types;  // empty: as they are
    std::function<std::unique_ptr<Aggregator>(const EvalContext&)> make;
    /// The same with only some of the arguments, given ascending; the first is always among them.
    /// Set where output i is a value of argument i and the others do not depend on it (arg_max,
    /// take_any of several): columns nobody reads are then not carried.
    std::function<BoundAggregate(std::span<const std::size_t> arguments)> narrowed;
};

/// An argument of an aggregate as the binder sees it: name is the natural column name ("" when it
/// has none); star is `*`.
struct AggregateArgument {
    Argument value;
    std::string name;
    bool star = false;
};

struct AggregateFunction {
    std::string_view name;
    std::string_view signature;
    std::string_view doc;
    std::uint8_t args_min = 0;
    std::uint8_t args_max = 0;
    /// Prefix of the automatic name: "sum" -> sum_x; "" -> the argument's own name (arg_max,
    /// take_any); see kql.md b.20.
    std::string_view name_prefix;
    /// The binder has already expanded `*` into the remaining columns.
    Result<BoundAggregate> (*bind)(std::span<const AggregateArgument> args) = nullptr;
};

const AggregateFunction* find_aggregate(std::string_view name);
std::vector<const AggregateFunction*> all_aggregates();

}  // namespace qd::kql
