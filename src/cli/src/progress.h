#pragma once

#include "qd/base/clock.h"

#include <cstdint>
#include <string>

namespace qd::cli {

/// A progress line on standard error: a bar when that is a terminal, a line every ten seconds when
/// it is not, nothing when quiet.
class Progress {
  public:
    Progress(std::string what, std::uint64_t total_bytes, bool quiet);
    void update(std::uint64_t done_bytes, std::uint64_t rows);
    /// The last line: rows, seconds, rows a second.
    void finish(std::uint64_t rows, std::uint64_t rejected);

  private:
    void draw(std::uint64_t done_bytes, std::uint64_t rows);

    std::string what_;
    std::uint64_t total_;
    bool quiet_;
    bool terminal_;
    RealClock clock_;
    std::int64_t begun_;
    std::int64_t drawn_ = 0;
};

}  // namespace qd::cli
