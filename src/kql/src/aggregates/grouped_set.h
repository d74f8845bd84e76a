#pragma once

#include "exec/byte_numbers.h"
#include "qd/base/memory_budget.h"
#include "qd/base/result.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qd::kql {

/// Reserves what a growing state holds with the query's budget, in steps, and gives it back.
class StateMemory {
  public:
    explicit StateMemory(MemoryBudget* budget) : budget_(budget) {}
    ~StateMemory();
    StateMemory(const StateMemory&) = delete;
    StateMemory& operator=(const StateMemory&) = delete;
    /// Errors: ResourceExhausted when the query's memory is used up.
    Status hold(std::size_t bytes);

  private:
    MemoryBudget* budget_;
    std::int64_t held_ = 0;
};

/// A set of byte strings for each of many groups: entries in the order they were first met, linked
/// per group. Strings are numbered once (byte_numbers.h), members are pairs of numbers in one
/// open-addressing table. What make_set and make_bag keep.
class GroupedSet {
  public:
    struct Entry {
        std::uint32_t group;
        std::uint32_t next;  // of the same group, kEnd at the last
        std::uint32_t value;
    };
    static constexpr std::uint32_t kEnd = 0xffffffff;

    void resize(std::uint32_t groups);
    /// Whose numbers insert() takes.
    ByteNumbers& values() { return values_; }
    const ByteNumbers& values() const { return values_; }
    /// The entry's number and whether it is new.
    std::pair<std::uint32_t, bool> insert(std::uint32_t group, std::uint32_t value);
    std::uint32_t count(std::uint32_t group) const { return counts_[group]; }
    std::uint32_t groups() const { return static_cast<std::uint32_t>(counts_.size()); }
    std::uint32_t first(std::uint32_t group) const { return first_[group]; }
    const Entry& entry(std::uint32_t index) const { return entries_[index]; }
    std::string_view bytes(std::uint32_t index) const {
        return values_.bytes(entries_[index].value);
    }
    std::uint32_t size() const { return static_cast<std::uint32_t>(entries_.size()); }
    std::size_t memory_bytes() const;

  private:
    void grow();

    ByteNumbers values_;
    std::vector<Entry> entries_;
    std::vector<std::uint64_t> keys_;   // group and value; kFree where the slot is free
    std::vector<std::uint32_t> slots_;  // the entry of each key
    std::vector<std::uint32_t> first_;
    std::vector<std::uint32_t> last_;
    std::vector<std::uint32_t> counts_;
};

/// Numbers of a column's cells as variants, a dictionary's entries looked up once.
/// Not for dynamics, whose arrays are several values.
class CellNumbers {
  public:
    static constexpr std::uint32_t kNull = 0xffffffff;
    /// Per row; kNull for nulls. Valid until the next call.
    std::span<const std::uint32_t> number(const columns::ColumnPtr& column, ByteNumbers& numbers);

  private:
    std::uint32_t number_of(const columns::Column& column, std::uint32_t row, ByteNumbers& numbers);

    columns::ColumnPtr dictionary_;
    std::vector<std::uint32_t> of_entry_;
    std::vector<std::uint32_t> of_row_;
    std::string scratch_;
};

}  // namespace qd::kql
