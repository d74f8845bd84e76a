#include "qd/base/memory_budget.h"

namespace qd {

Status MemoryBudget::reserve(std::int64_t bytes) {
    const std::int64_t now = used_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (now > limit_) {
        used_.fetch_sub(bytes, std::memory_order_relaxed);
        return Error(Code::ResourceExhausted, "MEM0001",
                     "memory budget exceeded: limit_bytes=" + std::to_string(limit_));
    }
    std::int64_t peak = peak_.load(std::memory_order_relaxed);
    while (now > peak && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
    }
    return ok_status();
}

}  // namespace qd
