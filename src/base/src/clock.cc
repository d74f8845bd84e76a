#include "qd/base/clock.h"

#include <ctime>

namespace qd {

namespace {

std::int64_t read_clock(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::int64_t RealClock::now_ns() {
    return read_clock(CLOCK_MONOTONIC);
}

std::int64_t RealClock::thread_cpu_ns() {
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

Timestamp RealClock::utc() {
    return {Timestamp::kUnixEpochTicks + read_clock(CLOCK_REALTIME) / 100};
}

}  // namespace qd
