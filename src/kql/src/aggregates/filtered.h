#pragma once

#include "../aggregate.h"

#include <cstddef>
#include <vector>

namespace qd::kql {

/// The "if" form of an aggregate: rows whose predicate (argument number `predicate`) is not true
/// are left out, the others go to the plain form without that argument.
BoundAggregate with_predicate(BoundAggregate plain, std::span<const AggregateArgument> all,
                              std::size_t predicate);

/// bind of an "if" form out of the plain form's.
template <Result<BoundAggregate> (*Plain)(std::span<const AggregateArgument>),
          std::size_t Predicate>
Result<BoundAggregate> bind_if(std::span<const AggregateArgument> args) {
    std::vector<AggregateArgument> rest(args.begin(), args.end());
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(Predicate));
    QD_TRY(BoundAggregate plain, Plain(rest));
    return with_predicate(std::move(plain), args, Predicate);
}

}  // namespace qd::kql
