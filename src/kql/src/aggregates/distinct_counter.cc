#include "distinct_counter.h"

#include <algorithm>
#include <utility>

namespace qd::kql {

namespace {

constexpr std::size_t kFirstCells = 4;

/// Where the value is in a sparse table, or the free place it would take.
std::size_t place_of(const std::vector<std::uint32_t>& cells, std::uint32_t value) {
    const std::size_t mask = cells.size() - 1;
    std::uint32_t hash = value * 0x9e3779b1U;
    hash ^= hash >> 15;
    std::size_t at = hash & mask;
    while (cells[at] != 0 && cells[at] != value + 1) {
        at = (at + 1) & mask;
    }
    return at;
}

}  // namespace

void DistinctCounter::resize_cells(Group& group, std::size_t cells) {
    cells_bytes_ -= group.cells.capacity() * sizeof(std::uint32_t);
    group.cells.resize(cells);
    cells_bytes_ += group.cells.capacity() * sizeof(std::uint32_t);
}

void DistinctCounter::insert_slowly(Group& group, std::uint32_t value, std::uint32_t values) {
    const std::size_t bitmap = std::max(values, value + 1) / 32 + 1;
    if (group.dense) {
        resize_cells(group, bitmap + bitmap / 4);  // values came since
        group.cells[value / 32] |= std::uint32_t{1} << (value % 32);
        ++group.count;
        return;
    }
    if (!group.cells.empty() && group.cells[place_of(group.cells, value)] != 0) {
        return;
    }
    if (std::size_t{group.count} * 2 >= group.cells.size()) {
        const std::size_t wider = std::max(group.cells.size() * 2, kFirstCells);
        std::vector<std::uint32_t> before = std::exchange(group.cells, {});
        cells_bytes_ -= before.capacity() * sizeof(std::uint32_t);
        group.dense = wider >= bitmap;
        resize_cells(group, group.dense ? bitmap : wider);
        for (const std::uint32_t cell : before) {
            if (cell == 0) {
                continue;
            }
            if (group.dense) {
                group.cells[(cell - 1) / 32] |= std::uint32_t{1} << ((cell - 1) % 32);
            } else {
                group.cells[place_of(group.cells, cell - 1)] = cell;
            }
        }
    }
    if (group.dense) {
        group.cells[value / 32] |= std::uint32_t{1} << (value % 32);
    } else {
        group.cells[place_of(group.cells, value)] = value + 1;
    }
    ++group.count;
}

}  // namespace qd::kql
