#include "heap_trim.h"

#include "qd/server/server.h"

#include <malloc.h>

namespace qd::server {

namespace {

constexpr std::int64_t kBetweenLooksNs = 1'000'000'000;
constexpr std::size_t kFreeBytesMax = std::size_t{64} << 20;
constexpr int kMappedFromBytes = 32 << 20;
constexpr int kKeptBytes = 64 << 20;
constexpr int kArenasMax = 4;

}  // namespace

void HeapTrim::after_work(std::int64_t now_ns) {
    std::int64_t last = last_ns_.load(std::memory_order_relaxed);
    if (now_ns - last < kBetweenLooksNs ||
        !last_ns_.compare_exchange_strong(last, now_ns, std::memory_order_relaxed)) {
        return;
    }
    if (mallinfo2().fordblks > kFreeBytesMax) {
        malloc_trim(0);
    }
}

// Buffers of requests and columns are used again instead of being mapped and cleared each time;
// what is larger comes straight from the system and goes back to it. Few arenas keep little.
void tune_heap() {
    mallopt(M_ARENA_MAX, kArenasMax);
    mallopt(M_MMAP_THRESHOLD, kMappedFromBytes);
    mallopt(M_TRIM_THRESHOLD, kKeptBytes);
}

}  // namespace qd::server
