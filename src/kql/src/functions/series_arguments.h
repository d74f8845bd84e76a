#pragma once

#include "functions/row_kernels.h"
#include "functions/series_cells.h"
#include "series/decompose.h"
#include "series/fit.h"
#include "series/outliers.h"

#include <string>
#include <string_view>

/// Optional arguments of series functions and the dynamic forms of their answers.
namespace qd::kql {

/// The argument as a number, `otherwise` when it is left out or null.
double number_at(Args args, std::size_t index, std::uint32_t row, double otherwise);
bool bool_at(Args args, std::size_t index, std::uint32_t row, bool otherwise);
std::string_view word_at(Args args, std::size_t index, std::uint32_t row,
                         std::string_view otherwise);

/// "avg", "linefit", "none"; anything else is `otherwise`.
series::Trend trend_of(std::string_view name, series::Trend otherwise);

struct SeriesStats {
    double min = 0;
    std::int64_t min_index = 0;
    double max = 0;
    std::int64_t max_index = 0;
    double average = 0;
    double stdev = 0;
    double variance = 0;
    double sum = 0;
    std::int64_t length = 0;
    bool known = false;
};
/// Not known when the array is empty, or holds a non-finite value that is not to be ignored.
SeriesStats stats_of(const Series& s, bool ignore_nonfinite);

}  // namespace qd::kql
