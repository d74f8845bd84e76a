#pragma once

#include "qd/base/result.h"

#include <atomic>
#include <cstdint>
#include <limits>

namespace qd {

/// Counts the bytes one query or request holds and refuses past a limit. Threads: any.
class MemoryBudget {
  public:
    explicit MemoryBudget(std::int64_t limit_bytes = std::numeric_limits<std::int64_t>::max())
        : limit_(limit_bytes) {}

    /// Errors: ResourceExhausted MEM0001.
    Status reserve(std::int64_t bytes);
    void release(std::int64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
    std::int64_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
    std::int64_t peak_bytes() const { return peak_.load(std::memory_order_relaxed); }
    std::int64_t limit_bytes() const { return limit_; }

  private:
    std::int64_t limit_;
    std::atomic<std::int64_t> used_{0};
    std::atomic<std::int64_t> peak_{0};
};

}  // namespace qd
