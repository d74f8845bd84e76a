// The real file system through plain POSIX calls: std::fstream can neither sync nor tell a full
// disk from other trouble.
//
// Appending writes at the remembered end instead of O_APPEND, so a retry after a failed append
// overwrites the torn bytes. write_atomic and the durability rules follow open(2), fsync(2) and
// rename(2): the data first, then the name, then the directory that holds the name.
#include "qd/base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace qd {
namespace {

Error file_error(int number, std::string_view doing, const std::string& path) {
    std::string message(doing);
    message += " failed: " + std::system_category().message(number) + ": " + path;
    if (number == ENOENT || number == ENOTDIR) {
        return Error(Code::NotFound, "FIL0002", std::move(message));
    }
    if (number == ENOSPC || number == EDQUOT) {
        return Error(Code::ResourceExhausted, "FIL0003", std::move(message));
    }
    return Error(Code::Internal, "FIL0001", std::move(message));
}

/// Owns a descriptor.
class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

Result<Descriptor> open_file(const std::string& path, int flags, std::string_view doing) {
    for (;;) {
        const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0640);
        if (fd >= 0) {
            return Descriptor(fd);
        }
        if (errno != EINTR) {
            return file_error(errno, doing, path);
        }
    }
}

Status write_at(int fd, std::string_view bytes, std::uint64_t offset, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t wrote = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (wrote < 0) {
            if (errno == EINTR) {
                continue;
            }
            return file_error(errno, "write", path);
        }
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
        offset += static_cast<std::uint64_t>(wrote);
    }
    return ok_status();
}

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) {
        return ".";
    }
    return slash == 0 ? "/" : path.substr(0, slash);
}

class RealAppendFile final : public AppendFile {
  public:
    RealAppendFile(Descriptor fd, std::string path, std::uint64_t size)
        : fd_(std::move(fd)), path_(std::move(path)), size_(size) {}

    Status append(std::string_view bytes) override {
        QD_CHECK_OK(write_at(fd_.get(), bytes, size_, path_));
        size_ += bytes.size();
        return ok_status();
    }

    Status sync() override {
        if (::fdatasync(fd_.get()) != 0) {
            return file_error(errno, "fdatasync", path_);
        }
        return ok_status();
    }

    Status truncate(std::uint64_t size_bytes) override {
        if (::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)) != 0) {
            return file_error(errno, "truncate", path_);
        }
        size_ = size_bytes;
        return ok_status();
    }

    std::uint64_t size_bytes() const override { return size_; }

  private:
    Descriptor fd_;
    std::string path_;
    std::uint64_t size_;
};

class RealMappedFile final : public MappedFile {
  public:
    RealMappedFile(void* data, std::size_t size) : data_(data), size_(size) {}
    RealMappedFile(const RealMappedFile&) = delete;
    RealMappedFile& operator=(const RealMappedFile&) = delete;
    ~RealMappedFile() override {
        if (size_ != 0) {
            ::munmap(data_, size_);
        }
    }
    std::string_view bytes() const override {
        return size_ == 0 ? std::string_view() : std::string_view(static_cast<char*>(data_), size_);
    }

  private:
    void* data_;
    std::size_t size_;
};

Result<std::uint64_t> size_of(int fd, const std::string& path) {
    struct stat info{};
    if (::fstat(fd, &info) != 0) {
        return file_error(errno, "stat", path);
    }
    if (S_ISDIR(info.st_mode)) {
        return file_error(EISDIR, "open", path);
    }
    return static_cast<std::uint64_t>(info.st_size);
}

}  // namespace

Result<std::unique_ptr<AppendFile>> RealFiles::open_append(const std::string& path) {
    QD_TRY(auto fd, open_file(path, O_WRONLY | O_CREAT, "open"));
    QD_TRY(const auto size, size_of(fd.get(), path));
    std::unique_ptr<AppendFile> file = std::make_unique<RealAppendFile>(std::move(fd), path, size);
    return file;
}

Result<std::shared_ptr<const MappedFile>> RealFiles::map(const std::string& path) {
    QD_TRY(const auto fd, open_file(path, O_RDONLY, "open"));
    QD_TRY(const auto size, size_of(fd.get(), path));
    void* data = nullptr;
    if (size != 0) {
        data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
        if (data == MAP_FAILED) {
            return file_error(errno, "mmap", path);
        }
    }
    std::shared_ptr<const MappedFile> file = std::make_shared<RealMappedFile>(data, size);
    return file;
}

Result<std::string> RealFiles::read(const std::string& path) {
    QD_TRY(const auto fd, open_file(path, O_RDONLY, "open"));
    QD_TRY(const auto size, size_of(fd.get(), path));
    // The size is only a first guess: files of /proc say 0, and another process may append.
    std::string out(size + 1, '\0');
    std::size_t used = 0;
    for (;;) {
        const ssize_t got =
            ::pread(fd.get(), out.data() + used, out.size() - used, static_cast<off_t>(used));
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return file_error(errno, "read", path);
        }
        if (got == 0) {
            break;
        }
        used += static_cast<std::size_t>(got);
        if (used == out.size()) {
            out.resize(out.size() * 2 + 4096);
        }
    }
    out.resize(used);
    return out;
}

Status RealFiles::write_atomic(const std::string& path, std::string_view bytes) {
    // Two writers of one path in one process must not share a temporary file; processes differ
    // by pid.
    static std::atomic<std::uint64_t> serial{0};
    const std::string temporary =
        path + ".tmp" + std::to_string(::getpid()) + "." + std::to_string(serial.fetch_add(1));
    const auto write_all = [&]() -> Status {
        QD_TRY(const auto fd, open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, "open"));
        QD_CHECK_OK(write_at(fd.get(), bytes, 0, temporary));
        if (::fdatasync(fd.get()) != 0) {
            return file_error(errno, "fdatasync", temporary);
        }
        return ok_status();
    };
    Status status = write_all();
    if (status.ok()) {
        status = rename(temporary, path);
    }
    if (!status.ok()) {
        ::unlink(temporary.c_str());
        return status;
    }
    return sync_dir(parent_of(path));
}

Status RealFiles::remove(const std::string& path) {
    if (::unlink(path.c_str()) == 0) {
        return ok_status();
    }
    if (errno == EISDIR && ::rmdir(path.c_str()) == 0) {
        return ok_status();
    }
    return file_error(errno, "remove", path);
}

Status RealFiles::remove_tree(const std::string& path) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) {
        return errno == ENOENT ? ok_status() : Status(file_error(errno, "remove", path));
    }
    if (!S_ISDIR(info.st_mode)) {
        return remove(path);
    }
    QD_TRY(const auto names, list(path));
    for (const std::string& name : names) {
        QD_CHECK_OK(remove_tree(path + "/" + name));
    }
    if (::rmdir(path.c_str()) != 0) {
        return file_error(errno, "remove", path);
    }
    return ok_status();
}

Status RealFiles::rename(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) {
        return file_error(errno, "rename", from + " to " + to);
    }
    return ok_status();
}

Status RealFiles::make_dirs(const std::string& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0) {
        return S_ISDIR(info.st_mode) ? ok_status() : Status(file_error(EEXIST, "mkdir", path));
    }
    const std::string parent = parent_of(path);
    if (parent != path && parent != ".") {
        QD_CHECK_OK(make_dirs(parent));
    }
    if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) {
        return file_error(errno, "mkdir", path);
    }
    return ok_status();
}

Status RealFiles::sync_dir(const std::string& path) {
    QD_TRY(const auto fd, open_file(path, O_RDONLY | O_DIRECTORY, "open"));
    if (::fsync(fd.get()) != 0) {
        return file_error(errno, "fsync", path);
    }
    return ok_status();
}

Result<std::vector<std::string>> RealFiles::list(const std::string& path) {
    DIR* dir = ::opendir(path.c_str());
    if (dir == nullptr) {
        return file_error(errno, "list", path);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(dir)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
        errno = 0;
    }
    const int number = errno;
    ::closedir(dir);
    if (number != 0) {
        return file_error(number, "list", path);
    }
    std::sort(names.begin(), names.end());
    return names;
}

bool RealFiles::exists(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0;
}

Result<std::uint64_t> RealFiles::size_bytes(const std::string& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) {
        return file_error(errno, "stat", path);
    }
    return static_cast<std::uint64_t>(info.st_size);
}

Result<std::uint64_t> RealFiles::free_bytes(const std::string& path) {
    struct statvfs info{};
    if (::statvfs(path.c_str(), &info) != 0) {
        return file_error(errno, "statvfs", path);
    }
    return static_cast<std::uint64_t>(info.f_bavail) * static_cast<std::uint64_t>(info.f_frsize);
}

}  // namespace qd
