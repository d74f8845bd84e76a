#pragma once

#include "function.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Between dynamic arrays and spans of doubles: what all series functions share.
namespace qd::kql {

/// A numeric array read from a dynamic cell. Missing elements (null, text, …) are NaN and marked.
struct Series {
    bool is_array = false;
    bool integral = true;  // no element is real
    bool any_missing = false;
    std::vector<double> values;
    std::vector<std::uint8_t> missing;  // as long as values

    std::size_t size() const { return values.size(); }
    bool is_missing(std::size_t i) const { return missing[i] != 0; }
};

/// Reuses `out`. Datetimes and timespans are their ticks, booleans 0 and 1.
void read_series(std::string_view variant, Series& out);
void read_series(const columns::Column& column, std::uint32_t row, Series& out);

/// Arrays as variant bytes. In reals_or_nulls NaN is written as null.
std::string reals(std::span<const double> values);
std::string reals_or_nulls(std::span<const double> values);
std::string longs(std::span<const double> values);

}  // namespace qd::kql
