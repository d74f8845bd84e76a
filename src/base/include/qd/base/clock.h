#pragma once

#include "qd/base/time.h"

#include <atomic>
#include <cstdint>

namespace qd {

/// Time as a parameter. Threads: both functions may be called from any thread.
class Clock {
  public:
    virtual ~Clock() = default;
    /// Monotonic nanoseconds, never decreasing; for intervals and timers.
    virtual std::int64_t now_ns() = 0;
    /// Wall clock; may jump.
    virtual Timestamp utc() = 0;
    /// Processor time of the calling thread; only differences on one thread mean anything.
    virtual std::int64_t thread_cpu_ns() { return now_ns(); }
};

class RealClock final : public Clock {
  public:
    std::int64_t now_ns() override;
    Timestamp utc() override;
    std::int64_t thread_cpu_ns() override;
};

/// A clock that stands until told to move: tests, rule replay, the demo's fourteen days.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(Timestamp start) : ticks_(start.ticks), start_(start.ticks) {}
    std::int64_t now_ns() override { return (ticks_.load() - start_) * 100; }
    Timestamp utc() override { return {ticks_.load()}; }
    void set(Timestamp t) { ticks_.store(t.ticks); }
    void advance(Ticks d) { ticks_.fetch_add(d.count); }

  private:
    std::atomic<std::int64_t> ticks_;
    std::int64_t start_;
};

}  // namespace qd
