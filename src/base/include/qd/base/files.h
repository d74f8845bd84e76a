#pragma once

#include "qd/base/result.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qd {

/// A file that only grows. Threads: one at a time.
class AppendFile {
  public:
    virtual ~AppendFile() = default;
    /// Errors: ResourceExhausted FIL0003 when the disk is full (nothing is guaranteed about the
    /// bytes after the former end; truncate() before going on), Internal FIL0001 otherwise.
    virtual Status append(std::string_view bytes) = 0;
    /// Returns when everything appended is on stable storage (fdatasync).
    virtual Status sync() = 0;
    virtual Status truncate(std::uint64_t size_bytes) = 0;
    virtual std::uint64_t size_bytes() const = 0;
};

/// A whole file, read-only in memory. Threads: any.
class MappedFile {
  public:
    virtual ~MappedFile() = default;
    virtual std::string_view bytes() const = 0;
};

/// The file system as a parameter. Paths are UTF-8. Threads: any.
/// Errors: NotFound FIL0002, ResourceExhausted FIL0003 (disk full), Internal FIL0001 with errno
/// text.
class Files {
  public:
    virtual ~Files() = default;
    /// Creates the file when there is none.
    virtual Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) = 0;
    virtual Result<std::shared_ptr<const MappedFile>> map(const std::string& path) = 0;
    virtual Result<std::string> read(const std::string& path) = 0;
    /// Temporary file, write, sync, rename, sync of the directory: the path holds the old bytes
    /// or the new ones, never a mixture.
    virtual Status write_atomic(const std::string& path, std::string_view bytes) = 0;
    /// A file or an empty directory.
    virtual Status remove(const std::string& path) = 0;
    /// A missing path is fine.
    virtual Status remove_tree(const std::string& path) = 0;
    virtual Status rename(const std::string& from, const std::string& to) = 0;
    virtual Status make_dirs(const std::string& path) = 0;
    virtual Status sync_dir(const std::string& path) = 0;
    /// Names (not paths) in a directory, sorted.
    virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
    virtual bool exists(const std::string& path) = 0;
    virtual Result<std::uint64_t> size_bytes(const std::string& path) = 0;
    virtual Result<std::uint64_t> free_bytes(const std::string& path) = 0;
};

class RealFiles final : public Files {
  public:
    Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) override;
    Result<std::shared_ptr<const MappedFile>> map(const std::string& path) override;
    Result<std::string> read(const std::string& path) override;
    Status write_atomic(const std::string& path, std::string_view bytes) override;
    Status remove(const std::string& path) override;
    Status remove_tree(const std::string& path) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status make_dirs(const std::string& path) override;
    Status sync_dir(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& path) override;
    bool exists(const std::string& path) override;
    Result<std::uint64_t> size_bytes(const std::string& path) override;
    Result<std::uint64_t> free_bytes(const std::string& path) override;
};

/// Fails chosen calls of another Files: every write-side operation takes a ticket, counted from 0,
/// and ticket `fail_at` fails with the given error (and all later ones too when `sticky`); a
/// negative fail_at never fails. A failed append leaves half of its bytes behind. Tests loop
/// fail_at upward from 0 until the operation under test succeeds.
class FaultFiles final : public Files {
  public:
    FaultFiles(Files& under, std::int64_t fail_at, bool sticky, bool disk_full);
    ~FaultFiles() override;
    std::int64_t tickets() const;
    void heal();

    Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) override;
    Result<std::shared_ptr<const MappedFile>> map(const std::string& path) override;
    Result<std::string> read(const std::string& path) override;
    Status write_atomic(const std::string& path, std::string_view bytes) override;
    Status remove(const std::string& path) override;
    Status remove_tree(const std::string& path) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status make_dirs(const std::string& path) override;
    Status sync_dir(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& path) override;
    bool exists(const std::string& path) override;
    Result<std::uint64_t> size_bytes(const std::string& path) override;
    Result<std::uint64_t> free_bytes(const std::string& path) override;

    struct Plan;

  private:
    Files& under_;
    std::shared_ptr<Plan> plan_;
};

}  // namespace qd
