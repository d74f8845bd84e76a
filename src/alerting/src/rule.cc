#include "qd/alerting/rule.h"

#include <algorithm>

namespace qd::alerting {

std::string_view aggregation_name(TimeAggregation aggregation) {
    switch (aggregation) {
        case TimeAggregation::Count:
            return "Count";
        case TimeAggregation::Average:
            return "Average";
        case TimeAggregation::Minimum:
            return "Minimum";
        case TimeAggregation::Maximum:
            return "Maximum";
        case TimeAggregation::Total:
            return "Total";
    }
    return "Count";
}

std::string_view comparison_name(Comparison comparison) {
    switch (comparison) {
        case Comparison::Equals:
            return "Equals";
        case Comparison::GreaterThan:
            return "GreaterThan";
        case Comparison::GreaterThanOrEqual:
            return "GreaterThanOrEqual";
        case Comparison::LessThan:
            return "LessThan";
        case Comparison::LessThanOrEqual:
            return "LessThanOrEqual";
    }
    return "GreaterThan";
}

std::string_view comparison_payload_name(Comparison comparison) {
    switch (comparison) {
        case Comparison::LessThan:
            return "LowerThan";
        case Comparison::LessThanOrEqual:
            return "LowerThanOrEqual";
        default:
            return comparison_name(comparison);
    }
}

Ticks Rule::range() const {
    if (override_range.has_value()) {
        return *override_range;
    }
    int periods = 1;
    for (const Condition& condition : conditions) {
        periods = std::max(periods, condition.evaluation_periods);
    }
    return {window.count * periods};
}

// The four rows of the public table. A quarter of an hour is in two of them; three periods hold.
Ticks Rule::resolve_time() const {
    if (time_to_resolve.has_value()) {
        return *time_to_resolve;
    }
    if (frequency.count <= Ticks::kMinute) {
        return {10 * Ticks::kMinute};
    }
    if (frequency.count <= 15 * Ticks::kMinute) {
        return {3 * frequency.count};
    }
    if (frequency.count < 11 * Ticks::kHour) {
        return {2 * frequency.count};
    }
    return frequency;
}

bool LoadedRule::has_errors() const {
    return std::any_of(findings.begin(), findings.end(),
                       [](const Finding& finding) { return finding.level == FindingLevel::Error; });
}

}  // namespace qd::alerting
