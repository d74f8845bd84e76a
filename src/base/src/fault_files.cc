#include "qd/base/files.h"

#include <mutex>

namespace qd {

struct FaultFiles::Plan {
    std::mutex mutex;
    std::int64_t next = 0;
    std::int64_t fail_at = 0;
    bool sticky = false;
    bool disk_full = false;
    bool healed = false;

    /// One ticket; an error when this is the call that fails.
    Status take(std::string_view operation) {
        const std::lock_guard lock(mutex);
        const std::int64_t ticket = next++;
        const bool fails = !healed && (ticket == fail_at || (sticky && ticket > fail_at));
        if (!fails) {
            return ok_status();
        }
        return Error(disk_full ? Code::ResourceExhausted : Code::Internal,
                     disk_full ? "FIL0003" : "FIL0001",
                     "injected fault: operation=" + std::string(operation));
    }
};

namespace {

class FaultAppendFile final : public AppendFile {
  public:
    FaultAppendFile(std::unique_ptr<AppendFile> under, std::shared_ptr<FaultFiles::Plan> plan)
        : under_(std::move(under)), plan_(std::move(plan)) {}

    Status append(std::string_view bytes) override {
        if (Status taken = plan_->take("append"); !taken.ok()) {
            // A failing write may have written a part: the worst a caller must cope with.
            under_->append(bytes.substr(0, bytes.size() / 2)).ignore("the fault is reported");
            return taken;
        }
        return under_->append(bytes);
    }
    Status sync() override {
        QD_CHECK_OK(plan_->take("sync"));
        return under_->sync();
    }
    Status truncate(std::uint64_t size_bytes) override {
        QD_CHECK_OK(plan_->take("truncate"));
        return under_->truncate(size_bytes);
    }
    std::uint64_t size_bytes() const override { return under_->size_bytes(); }

  private:
    std::unique_ptr<AppendFile> under_;
    std::shared_ptr<FaultFiles::Plan> plan_;
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
    const std::lock_guard lock(plan_->mutex);
    return plan_->next;
}

void FaultFiles::heal() {
    const std::lock_guard lock(plan_->mutex);
    plan_->healed = true;
}

Result<std::unique_ptr<AppendFile>> FaultFiles::open_append(const std::string& path) {
    QD_CHECK_OK(plan_->take("open"));
    QD_TRY(auto file, under_.open_append(path));
    return std::unique_ptr<AppendFile>(std::make_unique<FaultAppendFile>(std::move(file), plan_));
}
Result<std::shared_ptr<const MappedFile>> FaultFiles::map(const std::string& path) {
    return under_.map(path);
}
Result<std::string> FaultFiles::read(const std::string& path) {
    return under_.read(path);
}
Status FaultFiles::write_atomic(const std::string& path, std::string_view bytes) {
    QD_CHECK_OK(plan_->take("write_atomic"));
    return under_.write_atomic(path, bytes);
}
Status FaultFiles::remove(const std::string& path) {
    QD_CHECK_OK(plan_->take("remove"));
    return under_.remove(path);
}
Status FaultFiles::remove_tree(const std::string& path) {
    QD_CHECK_OK(plan_->take("remove_tree"));
    return under_.remove_tree(path);
}
Status FaultFiles::rename(const std::string& from, const std::string& to) {
    QD_CHECK_OK(plan_->take("rename"));
    return under_.rename(from, to);
}
Status FaultFiles::make_dirs(const std::string& path) {
    QD_CHECK_OK(plan_->take("make_dirs"));
    return under_.make_dirs(path);
}
Status FaultFiles::sync_dir(const std::string& path) {
    QD_CHECK_OK(plan_->take("sync_dir"));
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
