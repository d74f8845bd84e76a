// Every write-side call draws a ticket before it reaches the real thing. A failed append still
// writes half of its bytes, as a full disk does, so callers that forget to truncate are caught.
#include "qd/base/files.h"

#include <atomic>

namespace qd {

struct FaultFiles::Plan {
    std::int64_t fail_at = -1;
    bool sticky = false;
    bool disk_full = false;
    std::atomic<std::int64_t> taken{0};
    std::atomic<bool> healed{false};

    Status draw(std::string_view doing, const std::string& path) {
        const std::int64_t ticket = taken.fetch_add(1);
        const bool hit = fail_at >= 0 && (ticket == fail_at || (sticky && ticket > fail_at));
        if (!hit || healed.load()) {
            return ok_status();
        }
        const std::string message = std::string(doing) + " failed: injected fault: " + path;
        if (disk_full) {
            return Error(Code::ResourceExhausted, "FIL0003", message);
        }
        return Error(Code::Internal, "FIL0001", message);
    }
};

namespace {

class FaultAppendFile final : public AppendFile {
  public:
    FaultAppendFile(std::unique_ptr<AppendFile> under, std::shared_ptr<FaultFiles::Plan> plan,
                    std::string path)
        : under_(std::move(under)), plan_(std::move(plan)), path_(std::move(path)) {
        end_ = under_->size_bytes();
    }

    Status append(std::string_view bytes) override {
        if (Status status = plan_->draw("write", path_); !status.ok()) {
            under_->append(bytes.substr(0, bytes.size() / 2)).ignore("the call fails anyway");
            torn_ = true;
            return status;
        }
        // The real file writes a retry over the torn bytes; so must this one.
        if (torn_) {
            QD_CHECK_OK(under_->truncate(end_));
            torn_ = false;
        }
        QD_CHECK_OK(under_->append(bytes));
        end_ += bytes.size();
        return ok_status();
    }

    Status sync() override {
        QD_CHECK_OK(plan_->draw("fdatasync", path_));
        return under_->sync();
    }

    Status truncate(std::uint64_t size_bytes) override {
        QD_CHECK_OK(plan_->draw("truncate", path_));
        QD_CHECK_OK(under_->truncate(size_bytes));
        end_ = size_bytes;
        torn_ = false;
        return ok_status();
    }

    std::uint64_t size_bytes() const override { return end_; }

  private:
    std::unique_ptr<AppendFile> under_;
    std::shared_ptr<FaultFiles::Plan> plan_;
    std::string path_;
    std::uint64_t end_ = 0;
    bool torn_ = false;
};

}  // namespace

FaultFiles::FaultFiles(Files& under, std::int64_t fail_at, bool sticky, bool disk_full)
    : under_(under), plan_(std::make_shared<Plan>()) {
    plan_->fail_at = fail_at;
    plan_->sticky = sticky;
    plan_->disk_full = disk_full;
}

FaultFiles::~FaultFiles() = default;

std::int64_t FaultFiles::tickets() const {
    return plan_->taken.load();
}

void FaultFiles::heal() {
    plan_->healed.store(true);
}

Result<std::unique_ptr<AppendFile>> FaultFiles::open_append(const std::string& path) {
    QD_CHECK_OK(plan_->draw("open", path));
    QD_TRY(auto under, under_.open_append(path));
    std::unique_ptr<AppendFile> file =
        std::make_unique<FaultAppendFile>(std::move(under), plan_, path);
    return file;
}

Result<std::shared_ptr<const MappedFile>> FaultFiles::map(const std::string& path) {
    return under_.map(path);
}

Result<std::string> FaultFiles::read(const std::string& path) {
    return under_.read(path);
}

Status FaultFiles::write_atomic(const std::string& path, std::string_view bytes) {
    QD_CHECK_OK(plan_->draw("write", path));
    return under_.write_atomic(path, bytes);
}

Status FaultFiles::remove(const std::string& path) {
    QD_CHECK_OK(plan_->draw("remove", path));
    return under_.remove(path);
}

Status FaultFiles::remove_tree(const std::string& path) {
    QD_CHECK_OK(plan_->draw("remove", path));
    return under_.remove_tree(path);
}

Status FaultFiles::rename(const std::string& from, const std::string& to) {
    QD_CHECK_OK(plan_->draw("rename", from));
    return under_.rename(from, to);
}

Status FaultFiles::make_dirs(const std::string& path) {
    QD_CHECK_OK(plan_->draw("mkdir", path));
    return under_.make_dirs(path);
}

Status FaultFiles::sync_dir(const std::string& path) {
    QD_CHECK_OK(plan_->draw("fsync", path));
    return under_.sync_dir(path);
}

Result<std::vector<std::string>> FaultFiles::list(const std::string& path) {
    return under_.list(path);
}

bool FaultFiles::exists(const std::string& path) {
    return under_.exists(path);
}

Result<std::uint64_t> FaultFiles::size_bytes(const std::string& path) {
    return under_.size_bytes(path);
}

Result<std::uint64_t> FaultFiles::free_bytes(const std::string& path) {
    return under_.free_bytes(path);
}

}  // namespace qd
