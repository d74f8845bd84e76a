// The twin's aggregates: what a group's values become, one row each, from kql.md b.22-b.26.
#include "twin/twin.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qd::kql::twin {

namespace {

using Values = std::span<const Row>;
constexpr DataType B = DataType::Bool;
constexpr DataType L = DataType::Long;
constexpr DataType R = DataType::Real;
constexpr DataType S = DataType::String;
constexpr DataType T = DataType::DateTime;

Cell rows(Values values) {
    return of_long(static_cast<std::int64_t>(values.size()));
}
Cell rows_if(Values values) {
    return of_long(std::count_if(values.begin(), values.end(), [](const Row& row) {
        return !row[0].null && row[0].integer != 0;
    }));
}
Cell sum_long(Values values) {
    std::uint64_t sum = 0;
    for (const Row& row : values) {
        sum += row[0].null ? 0 : static_cast<std::uint64_t>(row[0].integer);
    }
    return of_long(static_cast<std::int64_t>(sum));
}
Cell sum_long_if(Values values) {
    std::uint64_t sum = 0;
    for (const Row& row : values) {
        const bool counts = !row[1].null && row[1].integer != 0 && !row[0].null;
        sum += counts ? static_cast<std::uint64_t>(row[0].integer) : 0;
    }
    return of_long(static_cast<std::int64_t>(sum));
}
Cell sum_real(Values values) {
    double sum = 0;
    for (const Row& row : values) {
        sum += row[0].null ? 0 : row[0].real;
    }
    return of_real(sum);
}
Cell average(Values values) {
    double sum = 0;
    double count = 0;
    for (const Row& row : values) {
        sum += row[0].null ? 0 : row[0].real;
        count += row[0].null ? 0 : 1;
    }
    return of_real(count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / count);
}
template <DataType Type, int Sign>
Cell extreme(Values values) {
    Cell best = null_of(Type);
    for (const Row& row : values) {
        if (!row[0].null && (best.null || order(row[0], best) * Sign > 0)) {
            best = row[0];
        }
    }
    return best;
}
Cell different(Values values) {
    std::vector<const Cell*> seen;
    for (const Row& row : values) {
        const bool known = std::any_of(seen.begin(), seen.end(),
                                       [&](const Cell* cell) { return same(*cell, row[0]); });
        if (!row[0].null && !known) {
            seen.push_back(&row[0]);
        }
    }
    return of_long(static_cast<std::int64_t>(seen.size()));
}
std::vector<std::int64_t> sorted(Values values) {
    std::vector<std::int64_t> out;
    for (const Row& row : values) {
        if (!row[0].null) {
            out.push_back(row[0].integer);
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}
/// The nearest rank (b.25).
template <int Percent>
Cell percentile(Values values) {
    const std::vector<std::int64_t> all = sorted(values);
    if (all.empty()) {
        return null_of(L);
    }
    const std::size_t rank = (all.size() * Percent + 99) / 100;
    return of_long(all[std::max<std::size_t>(rank, 1) - 1]);
}
Cell listed(Values values) {
    std::string out = "[";
    for (const std::int64_t v : sorted(values)) {
        out += (out.size() > 1 ? "," : "") + std::to_string(v);
    }
    return of_text(out + "]");
}
}  // namespace

const std::vector<Aggregate>& aggregates() {
    static const std::vector<Aggregate> all = {
        {"count()", L, {}, rows},
        {"countif({0})", L, {B}, rows_if},
        {"sum({0})", L, {L}, sum_long},
        {"sumif({0}, {1})", L, {L, B}, sum_long_if},
        {"sum({0})", R, {R}, sum_real},
        {"avg({0})", R, {R}, average},
        {"min({0})", L, {L}, extreme<L, -1>},
        {"max({0})", L, {L}, extreme<L, 1>},
        {"min({0})", T, {T}, extreme<T, -1>},
        {"max({0})", T, {T}, extreme<T, 1>},
        {"dcount({0})", L, {L}, different},
        {"count_distinct({0})", L, {S}, different},
        {"percentile({0}, 50)", L, {L}, percentile<50>},
        {"percentile({0}, 95)", L, {L}, percentile<95>},
        {"tostring(array_sort_asc(make_list({0})))", S, {L}, listed},
    };
    return all;
}

}  // namespace qd::kql::twin
