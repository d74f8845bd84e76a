#pragma once

#include "result_table.h"

#include <cstddef>
#include <string>

namespace qd::cli {

struct ChartSize {
    std::size_t width = 72;  // character cells of the plot
    std::size_t height = 14;
    bool color = false;
};

/// A time chart in characters: the first datetime column is x, numeric columns (or one numeric
/// column split by a text column) are the series. Braille dots give 2 × 4 points a cell. Empty when
/// the table has no such columns or no rows.
std::string time_chart(const ResultTable& table, const std::string& title, ChartSize size);

}  // namespace qd::cli
