#pragma once

#include "qd/base/memory_budget.h"
#include "qd/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
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

/// A set of byte strings for each of many groups in one open-addressing table: entries in the
/// order they were first met, linked per group. What make_set, make_bag and count_distinct keep.
class GroupedSet {
  public:
    struct Entry {
        std::uint32_t group;
        std::uint32_t next;  // of the same group, kEnd at the last
        std::uint64_t begin;
        std::uint32_t size;
        std::uint32_t hash;
    };
    static constexpr std::uint32_t kEnd = 0xffffffff;

    void resize(std::uint32_t groups);
    /// The entry's number and whether it is new.
    std::pair<std::uint32_t, bool> insert(std::uint32_t group, std::string_view bytes);
    std::uint32_t count(std::uint32_t group) const { return counts_[group]; }
    std::uint32_t groups() const { return static_cast<std::uint32_t>(counts_.size()); }
    std::uint32_t first(std::uint32_t group) const { return first_[group]; }
    const Entry& entry(std::uint32_t index) const { return entries_[index]; }
    std::string_view bytes(std::uint32_t index) const {
        return std::string_view(heap_).substr(entries_[index].begin, entries_[index].size);
    }
    std::uint32_t size() const { return static_cast<std::uint32_t>(entries_.size()); }
    std::size_t memory_bytes() const;

  private:
    void grow();

    std::string heap_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> slots_;  // entry + 1; 0 is free
    std::vector<std::uint32_t> first_;
    std::vector<std::uint32_t> last_;
    std::vector<std::uint32_t> counts_;
};

}  // namespace qd::kql
