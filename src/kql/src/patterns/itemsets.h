#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace qd::kql {

/// Rows of categories: codes[c][r] is the category of row r in column c.
struct CodedTable {
    std::vector<std::vector<std::uint32_t>> codes;
    std::vector<double> weights;     // of each row
    std::vector<std::uint8_t> side;  // 0 or 1: diffpatterns' A and B; all 0 otherwise
    std::size_t rows() const { return weights.size(); }
};

inline constexpr std::uint32_t kAnyCategory = std::numeric_limits<std::uint32_t>::max();

/// A pattern: a category or kAnyCategory for each column, and the weight of its rows per side.
struct Itemset {
    std::vector<std::uint32_t> items;
    std::size_t dimensions = 0;
    double weight[2] = {0, 0};
    double total() const { return weight[0] + weight[1]; }
};

/// All closed patterns of 1..dimensions_max columns that reach `least_share` of either side's
/// weight, at most kItemsetsMax of them. Closed: no further column has one category in all rows.
std::vector<Itemset> frequent_itemsets(const CodedTable& table, double least_share,
                                       std::size_t dimensions_max);

inline constexpr std::size_t kItemsetsMax = 100'000;

bool row_matches(const CodedTable& table, const Itemset& itemset, std::size_t row);

}  // namespace qd::kql
