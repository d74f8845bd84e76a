#pragma once

#include "qd/base/files.h"
#include "qd/base/result.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace qd::kql {

/// A file of a running query: written from front to end, then read; removed when it goes.
/// Threads: one at a time; bytes() any.
class SpillFile {
  public:
    SpillFile(Files& files, std::string path, std::unique_ptr<AppendFile> file);
    ~SpillFile();
    SpillFile(const SpillFile&) = delete;
    SpillFile& operator=(const SpillFile&) = delete;
    Status append(std::string_view bytes);
    /// All that was written, for as long as the result lives.
    Result<std::shared_ptr<const MappedFile>> finish();

  private:
    Files& files_;
    std::string path_;
    std::unique_ptr<AppendFile> file_;
    std::uint64_t unchecked_bytes_ = 0;
};

/// Where queries put rows that do not fit their memory: a directory of its own. Nothing in it
/// outlives its query, so nothing is synced. Threads: any. Lifetime: outlives the queries.
/// Errors: those of Files; ResourceExhausted KQL0900 when the disk is nearly full: what is left of
/// it belongs to rows that are ingested.
class SpillSpace {
  public:
    static constexpr std::uint64_t kBytesLeftFree = std::uint64_t{1} << 30;

    /// Makes the directory, without what a crash left in it.
    static Result<std::unique_ptr<SpillSpace>> open(Files& files, std::string dir);
    Result<std::unique_ptr<SpillFile>> create();

  private:
    SpillSpace(Files& files, std::string dir) : files_(files), dir_(std::move(dir)) {}

    Files& files_;
    std::string dir_;
    std::atomic<std::uint64_t> next_{0};
};

}  // namespace qd::kql
