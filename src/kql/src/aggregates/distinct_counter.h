#pragma once

#include <cstdint>
#include <vector>

namespace qd::kql {

/// Which of the values 0, 1, 2, … each of many groups has met. The values are somebody's dense
/// numbers (byte_numbers.h and the like): that is what makes a bit a value pay.
///
/// Idea: a group begins as a small hash table and becomes a bitmap once that is no larger. Rows of
/// one time stand together, so the groups at work at any moment fit the cache.
class DistinctCounter {
  public:
    void resize(std::uint32_t groups) { groups_.resize(groups); }
    /// `values` of them exist: value < values.
    void insert(std::uint32_t group, std::uint32_t value, std::uint32_t values) {
        Group& g = groups_[group];
        if (g.dense && value / 32 < g.cells.size()) {
            std::uint32_t& word = g.cells[value / 32];
            const std::uint32_t bit = std::uint32_t{1} << (value % 32);
            g.count += (word & bit) == 0 ? 1 : 0;
            word |= bit;
        } else {
            insert_slowly(g, value, values);
        }
    }
    std::uint32_t count(std::uint32_t group) const { return groups_[group].count; }
    std::uint32_t groups() const { return static_cast<std::uint32_t>(groups_.size()); }
    /// Calls visit(value) for each value of the group.
    template <typename Visit>
    void for_each(std::uint32_t group, const Visit& visit) const {
        const Group& g = groups_[group];
        for (std::uint32_t i = 0; i < g.cells.size(); ++i) {
            if (!g.dense) {
                if (g.cells[i] != 0) {
                    visit(g.cells[i] - 1);
                }
                continue;
            }
            for (std::uint32_t word = g.cells[i]; word != 0; word &= word - 1) {
                visit(i * 32 + static_cast<std::uint32_t>(__builtin_ctz(word)));
            }
        }
    }
    /// Of what groups met, and of the groups.
    std::size_t memory_bytes() const { return cells_bytes_ + groups_.capacity() * sizeof(Group); }

  private:
    struct Group {
        /// Sparse: a table of value + 1, half empty at least, 0 where free. Dense: bits.
        std::vector<std::uint32_t> cells;
        std::uint32_t count = 0;
        bool dense = false;
    };
    void insert_slowly(Group& group, std::uint32_t value, std::uint32_t values);
    void resize_cells(Group& group, std::size_t cells);

    std::vector<Group> groups_;
    std::size_t cells_bytes_ = 0;
};

}  // namespace qd::kql
