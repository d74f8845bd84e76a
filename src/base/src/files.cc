#include "qd/base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace qd {

namespace {

Error file_error(std::string_view doing, const std::string& path, int error) {
    std::string message =
        std::string(doing) + " failed: path=" + path + " reason=" + std::strerror(error);
    if (error == ENOENT) {
        return Error(Code::NotFound, "FIL0002", std::move(message));
    }
    if (error == ENOSPC || error == EDQUOT) {
        return Error(Code::ResourceExhausted, "FIL0003", std::move(message));
    }
    return Error(Code::Internal, "FIL0001", std::move(message));
}

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

Status write_all(int fd, const std::string& path, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
        if (wrote < 0) {
            if (errno == EINTR) {
                continue;
            }
            return file_error("write", path, errno);
        }
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return ok_status();
}

class RealAppendFile final : public AppendFile {
  public:
    RealAppendFile(int fd, std::string path, std::uint64_t size)
        : fd_(fd), path_(std::move(path)), size_(size) {}

    Status append(std::string_view bytes) override {
        QD_CHECK_OK(write_all(fd_.get(), path_, bytes));
        size_ += bytes.size();
        return ok_status();
    }
    Status sync() override {
        if (::fdatasync(fd_.get()) != 0) {
            return file_error("fdatasync", path_, errno);
        }
        return ok_status();
    }
    Status truncate(std::uint64_t size_bytes) override {
        if (::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)) != 0) {
            return file_error("ftruncate", path_, errno);
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

class Mapping final : public MappedFile {
  public:
    Mapping(void* data, std::size_t size) : data_(data), size_(size) {}
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() override {
        if (size_ > 0) {
            ::munmap(data_, size_);
        }
    }
    std::string_view bytes() const override { return {static_cast<const char*>(data_), size_}; }

  private:
    void* data_;
    std::size_t size_;
};

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) {
        return ".";
    }
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::unique_ptr<AppendFile>> RealFiles::open_append(const std::string& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0) {
        return file_error("open", path, errno);
    }
    struct stat info{};
    if (::fstat(fd, &info) != 0) {
        const int error = errno;
        ::close(fd);
        return file_error("fstat", path, error);
    }
    return std::unique_ptr<AppendFile>(
        std::make_unique<RealAppendFile>(fd, path, static_cast<std::uint64_t>(info.st_size)));
}

Result<std::shared_ptr<const MappedFile>> RealFiles::map(const std::string& path) {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) {
        return file_error("open", path, errno);
    }
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) {
        return file_error("fstat", path, errno);
    }
    const auto size = static_cast<std::size_t>(info.st_size);
    if (size == 0) {
        return std::shared_ptr<const MappedFile>(std::make_shared<Mapping>(nullptr, 0));
    }
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (data == MAP_FAILED) {
        return file_error("mmap", path, errno);
    }
    return std::shared_ptr<const MappedFile>(std::make_shared<Mapping>(data, size));
}

Result<std::string> RealFiles::read(const std::string& path) {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) {
        return file_error("open", path, errno);
    }
    std::string out;
    struct stat info{};
    if (::fstat(fd.get(), &info) == 0 && info.st_size > 0) {
        out.reserve(static_cast<std::size_t>(info.st_size));
    }
    char buffer[65536];
    while (true) {
        const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return file_error("read", path, errno);
        }
        if (got == 0) {
            return out;
        }
        out.append(buffer, static_cast<std::size_t>(got));
    }
}

Status RealFiles::write_atomic(const std::string& path, std::string_view bytes) {
    const std::string temporary = path + ".tmp";
    {
        const Descriptor fd(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
        if (fd.get() < 0) {
            return file_error("open", temporary, errno);
        }
        Status written = write_all(fd.get(), temporary, bytes);
        if (written.ok() && ::fdatasync(fd.get()) != 0) {
            written = file_error("fdatasync", temporary, errno);
        }
        if (!written.ok()) {
            ::unlink(temporary.c_str());
            return written;
        }
    }
    QD_CHECK_OK(rename(temporary, path));
    return sync_dir(parent_of(path));
}

Status RealFiles::remove(const std::string& path) {
    if (::unlink(path.c_str()) != 0) {
        return file_error("unlink", path, errno);
    }
    return ok_status();
}

Status RealFiles::remove_tree(const std::string& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) {
        return file_error("remove", path, error.value());
    }
    return ok_status();
}

Status RealFiles::rename(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) {
        return file_error("rename", from, errno);
    }
    return ok_status();
}

Status RealFiles::make_dirs(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) {
        return file_error("mkdir", path, error.value());
    }
    return ok_status();
}

Status RealFiles::sync_dir(const std::string& path) {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) {
        return file_error("open", path, errno);
    }
    if (::fsync(fd.get()) != 0) {
        return file_error("fsync", path, errno);
    }
    return ok_status();
}

Result<std::vector<std::string>> RealFiles::list(const std::string& path) {
    DIR* dir = ::opendir(path.c_str());
    if (dir == nullptr) {
        return file_error("opendir", path, errno);
    }
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
    }
    ::closedir(dir);
    std::sort(names.begin(), names.end());
    return names;
}

bool RealFiles::exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

Result<std::uint64_t> RealFiles::size_bytes(const std::string& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) {
        return file_error("stat", path, errno);
    }
    return static_cast<std::uint64_t>(info.st_size);
}

Result<std::uint64_t> RealFiles::free_bytes(const std::string& path) {
    struct statvfs info{};
    if (::statvfs(path.c_str(), &info) != 0) {
        return file_error("statvfs", path, errno);
    }
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace qd
