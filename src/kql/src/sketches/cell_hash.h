#pragma once

#include "qd/columns/column.h"

#include <cstdint>
#include <span>
#include <vector>

namespace qd::kql {

/// Stable hashes of the cells of a column (stable_hash.h), for sketches. A dictionary is hashed
/// once, however many chunks share it. Threads: one thread at a time.
class CellHasher {
  public:
    /// hash_of(row) for every row; valid until the next call. Null rows have the hash kNullHash.
    std::span<const std::uint64_t> hash(const columns::ColumnPtr& column);
    /// Of a dictionary column: the hash of each entry; valid until the next call.
    std::span<const std::uint64_t> entries(const columns::ColumnPtr& column);
    static constexpr std::uint64_t kNullHash = 0;

  private:
    columns::ColumnPtr dictionary_;
    std::vector<std::uint64_t> of_entry_;
    std::vector<std::uint64_t> of_row_;
};

}  // namespace qd::kql
