#include "families.h"

#include <algorithm>
#include <array>
#include <map>

namespace qd::kql {

namespace {

std::array<std::span<const AggregateFunction>, 7> families() {
    return {sum_aggregates(),      moment_aggregates(),     extreme_aggregates(), list_aggregates(),
            distinct_aggregates(), percentile_aggregates(), schema_aggregates()};
}

}  // namespace

const AggregateFunction* find_aggregate(std::string_view name) {
    for (const auto family : families()) {
        for (const AggregateFunction& function : family) {
            if (function.name == name) {
                return &function;
            }
        }
    }
    return nullptr;
}

std::vector<const AggregateFunction*> all_aggregates() {
    std::vector<const AggregateFunction*> all;
    for (const auto family : families()) {
        for (const AggregateFunction& function : family) {
            all.push_back(&function);
        }
    }
    std::sort(all.begin(), all.end(), [](const AggregateFunction* a, const AggregateFunction* b) {
        return a->name < b->name;
    });
    return all;
}

}  // namespace qd::kql
