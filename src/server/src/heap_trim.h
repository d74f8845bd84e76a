#pragma once

#include <atomic>
#include <cstdint>

namespace qd::server {

/// Returns freed memory to the system after work that needed much. glibc keeps it per thread
/// otherwise, so that one large request would be paid for ever. Threads: any.
class HeapTrim {
  public:
    /// Cheap; looks at the heap at most once a second.
    void after_work(std::int64_t now_ns);

  private:
    std::atomic<std::int64_t> last_ns_{0};
};

}  // namespace qd::server
