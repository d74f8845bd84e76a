#pragma once

#include "qd/columns/column.h"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace qd::kql {

/// Numbers distinct byte strings 0, 1, … in the order they are first met. Threads: one, or any
/// number that only call find().
class ByteNumbers {
  public:
    static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

    std::uint32_t add(std::string_view bytes);
    /// Our number of each of the other's strings.
    std::vector<std::uint32_t> add_all(const ByteNumbers& other);
    /// kNone when it was never added.
    std::uint32_t find(std::string_view bytes) const;
    std::uint32_t size() const { return static_cast<std::uint32_t>(offsets_.size() - 1); }
    std::string_view bytes(std::uint32_t number) const {
        return {heap_.data() + offsets_[number], offsets_[number + 1] - offsets_[number]};
    }
    /// All of them in order as a Flat column, with one more row, a null, behind them when asked.
    columns::ColumnPtr column(columns::DataType type, bool null_behind) const;
    std::int64_t memory_bytes() const;

  private:
    struct Slot {
        std::uint32_t tag = 0;  // the hash's upper half
        std::uint32_t number = kNone;
    };
    std::size_t slot_of(std::string_view bytes, std::uint64_t hash) const;
    void grow();

    std::vector<Slot> slots_{64};
    std::vector<std::uint64_t> hashes_;
    std::vector<std::uint64_t> offsets_{0};
    std::string heap_;
};

}  // namespace qd::kql
