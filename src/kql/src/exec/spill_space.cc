#include "qd/kql/spill_space.h"

#include <utility>

namespace qd::kql {

namespace {

// Between two looks at how full the disk is.
constexpr std::uint64_t kBytesBetweenLooks = std::uint64_t{64} << 20;

Status check_room(Files& files, const std::string& path) {
    QD_TRY(const std::uint64_t free, files.free_bytes(path));
    if (free < SpillSpace::kBytesLeftFree) {
        return Error(Code::ResourceExhausted, "KQL0900",
                     "the query needs more memory than it may use and the disk is nearly full: "
                     "free bytes " +
                         std::to_string(free));
    }
    return {};
}

}  // namespace

SpillFile::SpillFile(Files& files, std::string path, std::unique_ptr<AppendFile> file)
    : files_(files), path_(std::move(path)), file_(std::move(file)) {}

SpillFile::~SpillFile() {
    file_.reset();
    files_.remove(path_).ignore("the next start removes what is left");
}

Status SpillFile::append(std::string_view bytes) {
    unchecked_bytes_ += bytes.size();
    if (unchecked_bytes_ > kBytesBetweenLooks) {
        unchecked_bytes_ = 0;
        QD_CHECK_OK(check_room(files_, path_));
    }
    return file_->append(bytes);
}

Result<std::shared_ptr<const MappedFile>> SpillFile::finish() {
    file_.reset();
    return files_.map(path_);
}

Result<std::unique_ptr<SpillSpace>> SpillSpace::open(Files& files, std::string dir) {
    QD_CHECK_OK(files.remove_tree(dir));
    QD_CHECK_OK(files.make_dirs(dir));
    return std::unique_ptr<SpillSpace>(new SpillSpace(files, std::move(dir)));
}

Result<std::unique_ptr<SpillFile>> SpillSpace::create() {
    QD_CHECK_OK(check_room(files_, dir_));
    const std::string path = dir_ + "/" + std::to_string(next_.fetch_add(1)) + ".rows";
    QD_TRY(std::unique_ptr<AppendFile> file, files_.open_append(path));
    return std::make_unique<SpillFile>(files_, path, std::move(file));
}

}  // namespace qd::kql
