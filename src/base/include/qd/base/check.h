#pragma once

namespace qd {
/// Prints the failed condition and its place, then aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace qd

/// An invariant of ours that must hold; always on. Outside input never reaches one: that is an
/// Error.
#define QD_CHECK(condition)                                     \
    do {                                                        \
        if (!(condition)) [[unlikely]] {                        \
            ::qd::check_failed(#condition, __FILE__, __LINE__); \
        }                                                       \
    } while (false)

/// The same for hot loops: off in release builds.
#ifdef NDEBUG
#define QD_DCHECK(condition) static_cast<void>(0)
#else
#define QD_DCHECK(condition) QD_CHECK(condition)
#endif
