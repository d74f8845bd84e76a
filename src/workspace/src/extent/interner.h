#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace qd::workspace::internal {

/// Numbers distinct byte strings 0, 1, 2, … in order of first sight. Keeps views: what is interned
/// must outlive it.
class Interner {
  public:
    Interner();
    std::uint32_t intern(std::string_view text);
    std::size_t size() const { return entries_.size(); }
    const std::vector<std::string_view>& entries() const { return entries_; }
    std::size_t heap_bytes() const { return heap_bytes_; }

  private:
    void grow();

    std::vector<std::uint32_t> slots_;  // entry + 1, 0 = free; a power of two of them
    std::vector<std::uint64_t> hashes_;
    std::vector<std::string_view> entries_;
    std::size_t heap_bytes_ = 0;
};

}  // namespace qd::workspace::internal
