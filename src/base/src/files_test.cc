#include "qd/base/files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace qd {
namespace {

/// A directory of its own for each test, removed at the end.
class FilesTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "qd_files_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        dir_ = pattern;
    }
    void TearDown() override { EXPECT_TRUE(files_.remove_tree(dir_).ok()); }

    std::string path(const std::string& name) const { return dir_ + "/" + name; }

    RealFiles files_;
    std::string dir_;
};

TEST_F(FilesTest, AppendsAndReopens) {
    {
        auto file = files_.open_append(path("log")).value();
        ASSERT_TRUE(file->append("hello ").ok());
        ASSERT_TRUE(file->append("").ok());
        ASSERT_TRUE(file->sync().ok());
    }
    auto file = files_.open_append(path("log")).value();
    EXPECT_EQ(file->size_bytes(), 6U);
    ASSERT_TRUE(file->append("world").ok());
    EXPECT_EQ(files_.read(path("log")).value(), "hello world");
    EXPECT_EQ(files_.map(path("log")).value()->bytes(), "hello world");
    ASSERT_TRUE(file->truncate(5).ok());
    ASSERT_TRUE(file->append("!").ok());
    EXPECT_EQ(files_.read(path("log")).value(), "hello!");
    EXPECT_EQ(files_.size_bytes(path("log")).value(), 6U);
}

TEST_F(FilesTest, ReadsLargeAndEmptyFiles) {
    const std::string big(1'000'003, 'x');
    ASSERT_TRUE(files_.write_atomic(path("big"), big).ok());
    EXPECT_EQ(files_.read(path("big")).value(), big);
    ASSERT_TRUE(files_.write_atomic(path("empty"), "").ok());
    EXPECT_EQ(files_.read(path("empty")).value(), "");
    EXPECT_EQ(files_.map(path("empty")).value()->bytes(), "");
    EXPECT_FALSE(files_.read("/proc/self/status").value().empty());
}

TEST_F(FilesTest, ReplacesAtomicallyAndLeavesNothingElse) {
    ASSERT_TRUE(files_.write_atomic(path("a"), "old").ok());
    const auto before = files_.map(path("a")).value();
    ASSERT_TRUE(files_.write_atomic(path("a"), "new").ok());
    EXPECT_EQ(before->bytes(), "old");  // a mapping keeps what it mapped
    EXPECT_EQ(files_.read(path("a")).value(), "new");
    EXPECT_EQ(files_.list(dir_).value(), std::vector<std::string>{"a"});
}

TEST_F(FilesTest, DirectoriesAndNames) {
    ASSERT_TRUE(files_.make_dirs(path("x/y/z")).ok());
    ASSERT_TRUE(files_.make_dirs(path("x/y/z")).ok());
    ASSERT_TRUE(files_.write_atomic(path("x/2"), "").ok());
    ASSERT_TRUE(files_.write_atomic(path("x/10"), "").ok());
    EXPECT_EQ(files_.list(path("x")).value(), (std::vector<std::string>{"10", "2", "y"}));
    ASSERT_TRUE(files_.rename(path("x/2"), path("x/3")).ok());
    EXPECT_TRUE(files_.exists(path("x/3")));
    EXPECT_FALSE(files_.exists(path("x/2")));
    ASSERT_TRUE(files_.sync_dir(path("x")).ok());
    ASSERT_TRUE(files_.remove(path("x/3")).ok());
    ASSERT_TRUE(files_.remove(path("x/y/z")).ok());
    ASSERT_TRUE(files_.remove_tree(path("x")).ok());
    EXPECT_FALSE(files_.exists(path("x")));
    ASSERT_TRUE(files_.remove_tree(path("x")).ok());
    EXPECT_GT(files_.free_bytes(dir_).value(), 0U);
}

TEST_F(FilesTest, ErrorsCarryTheirCode) {
    const std::string missing = path("missing/file");
    EXPECT_EQ(files_.read(missing).error().id(), "FIL0002");
    EXPECT_EQ(files_.map(missing).error().code(), Code::NotFound);
    EXPECT_EQ(files_.open_append(missing).error().id(), "FIL0002");
    EXPECT_EQ(files_.write_atomic(missing, "x").error().id(), "FIL0002");
    EXPECT_EQ(files_.remove(missing).error().id(), "FIL0002");
    EXPECT_EQ(files_.rename(missing, path("b")).error().id(), "FIL0002");
    EXPECT_EQ(files_.list(missing).error().id(), "FIL0002");
    EXPECT_EQ(files_.size_bytes(missing).error().id(), "FIL0002");
    EXPECT_EQ(files_.read(dir_).error().id(), "FIL0001");
    ASSERT_TRUE(files_.write_atomic(path("file"), "x").ok());
    EXPECT_EQ(files_.make_dirs(path("file")).error().id(), "FIL0001");
    EXPECT_EQ(files_.make_dirs(path("file/below")).error().id(), "FIL0001");
}

TEST_F(FilesTest, ReportsAFullDisk) {
    if (::access("/dev/full", W_OK) != 0) {
        GTEST_SKIP() << "this machine has no /dev/full";
    }
    auto file = files_.open_append("/dev/full").value();
    const Status status = file->append("x");
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().id(), "FIL0003");
    EXPECT_EQ(status.error().code(), Code::ResourceExhausted);
}

/// A small operation with several writes: publishes `text` under `name` through a log file.
Status publish(Files& files, const std::string& dir, const std::string& text) {
    QD_CHECK_OK(files.make_dirs(dir + "/d"));
    QD_TRY(auto log, files.open_append(dir + "/d/log"));
    QD_CHECK_OK(log->append(text));
    QD_CHECK_OK(log->sync());
    QD_CHECK_OK(files.write_atomic(dir + "/d/current", text));
    return files.sync_dir(dir + "/d");
}

TEST_F(FilesTest, FaultLoopReachesEveryWrite) {
    for (const bool disk_full : {false, true}) {
        std::int64_t fail_at = 0;
        for (;; ++fail_at) {
            ASSERT_LT(fail_at, 100);
            ASSERT_TRUE(files_.remove_tree(path("d")).ok());
            FaultFiles faulty(files_, fail_at, false, disk_full);
            const Status status = publish(faulty, dir_, "0123456789");
            if (status.ok()) {
                EXPECT_EQ(faulty.tickets(), fail_at);
                break;
            }
            EXPECT_EQ(status.error().id(), disk_full ? "FIL0003" : "FIL0001");
            EXPECT_EQ(faulty.tickets(), fail_at + 1);
            if (files_.exists(path("d/current"))) {
                EXPECT_EQ(files_.read(path("d/current")).value(), "0123456789");
            }
        }
        EXPECT_EQ(fail_at, 6);  // mkdir, open, append, sync, write_atomic, sync_dir
    }
}

TEST_F(FilesTest, FailedAppendTearsAndStickyFaultsHeal) {
    FaultFiles faulty(files_, 2, true, true);
    auto file = faulty.open_append(path("log")).value();
    ASSERT_TRUE(file->append("good|").ok());
    EXPECT_FALSE(file->append("torn").ok());
    EXPECT_EQ(file->size_bytes(), 5U);
    EXPECT_EQ(files_.read(path("log")).value(), "good|to");
    EXPECT_FALSE(file->append("x").ok());
    EXPECT_FALSE(faulty.rename(path("log"), path("b")).ok());
    EXPECT_TRUE(faulty.exists(path("log")));  // reading side never fails
    EXPECT_EQ(faulty.read(path("log")).value().substr(0, 5), "good|");
    faulty.heal();
    ASSERT_TRUE(file->truncate(5).ok());
    ASSERT_TRUE(file->append("y").ok());
    EXPECT_EQ(files_.read(path("log")).value(), "good|y");
}

}  // namespace
}  // namespace qd
