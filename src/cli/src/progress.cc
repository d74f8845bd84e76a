#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace qd::cli {

namespace {
constexpr std::int64_t kRedrawNs = 100'000'000;
constexpr std::int64_t kLineNs = 10'000'000'000;
constexpr std::size_t kBarCells = 30;
}  // namespace

Progress::Progress(std::string what, std::uint64_t total_bytes, bool quiet)
    : what_(std::move(what)),
      total_(std::max<std::uint64_t>(total_bytes, 1)),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) == 1),
      begun_(clock_.now_ns()) {
    drawn_ = begun_;
}

void Progress::update(std::uint64_t done_bytes, std::uint64_t rows) {
    const std::int64_t now = clock_.now_ns();
    if (quiet_ || now - drawn_ < (terminal_ ? kRedrawNs : kLineNs)) {
        return;
    }
    drawn_ = now;
    draw(done_bytes, rows);
}

void Progress::draw(std::uint64_t done_bytes, std::uint64_t rows) {
    const double part =
        std::min(1.0, static_cast<double>(done_bytes) / static_cast<double>(total_));
    const double seconds = static_cast<double>(clock_.now_ns() - begun_) * 1e-9;
    const double rate = seconds > 0 ? static_cast<double>(rows) / seconds : 0;
    if (!terminal_) {
        std::fprintf(stderr, "%s: %.0f%%, %llu rows, %.0f rows/s\n", what_.c_str(), part * 100,
                     static_cast<unsigned long long>(rows), rate);
        return;
    }
    std::string bar;
    for (std::size_t i = 0; i < kBarCells; ++i) {
        bar += static_cast<double>(i) < part * static_cast<double>(kBarCells) ? "█" : "░";
    }
    std::fprintf(stderr, "\r%s %s %3.0f%%  %llu rows  %.0f rows/s\x1b[K", what_.c_str(),
                 bar.c_str(), part * 100, static_cast<unsigned long long>(rows), rate);
}

void Progress::finish(std::uint64_t rows, std::uint64_t rejected) {
    if (quiet_) {
        return;
    }
    if (terminal_) {
        std::fputs("\r\x1b[K", stderr);
    }
    const double seconds = static_cast<double>(clock_.now_ns() - begun_) * 1e-9;
    std::fprintf(stderr, "%s: %llu rows in %.2f s (%.0f rows/s)", what_.c_str(),
                 static_cast<unsigned long long>(rows), seconds,
                 seconds > 0 ? static_cast<double>(rows) / seconds : 0.0);
    if (rejected > 0) {
        std::fprintf(stderr, ", %llu rejected", static_cast<unsigned long long>(rejected));
    }
    std::fputc('\n', stderr);
}

}  // namespace qd::cli
