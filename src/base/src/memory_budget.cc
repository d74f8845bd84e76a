#include "qd/base/memory_budget.h"

#include "qd/base/check.h"

#include <string>

namespace qd {

Status MemoryBudget::reserve(std::int64_t bytes) {
    QD_CHECK(bytes >= 0);
    // Relaxed is enough: the counters guard no other data.
    std::int64_t used = used_.load(std::memory_order_relaxed);
    do {
        if (bytes > limit_ - used) {
            return Error(Code::ResourceExhausted, "MEM0001",
                         "memory limit reached, limit in bytes: " + std::to_string(limit_));
        }
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    const std::int64_t now = used + bytes;
    std::int64_t peak = peak_.load(std::memory_order_relaxed);
    while (peak < now && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
    }
    return ok_status();
}

}  // namespace qd
