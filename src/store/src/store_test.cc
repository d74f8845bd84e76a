#include "qd/store/store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace qd::store {
namespace {

constexpr Migration kFirst[] = {{"tables",
                                 "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);"
                                 "CREATE TABLE child (id INTEGER PRIMARY KEY,"
                                 " t_id INTEGER REFERENCES t(id) DEFERRABLE INITIALLY DEFERRED)"}};
constexpr Migration kSecond[] = {kFirst[0], {"more", "ALTER TABLE t ADD COLUMN w REAL"}};

class StoreTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = std::filesystem::temp_directory_path() / "qd_store_XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        dir_ = pattern;
        path_ = dir_ + "/state.db";
    }
    void TearDown() override { std::filesystem::remove_all(dir_); }

    std::unique_ptr<Store> open() {
        auto store = Store::open(path_);
        EXPECT_TRUE(store.ok()) << store.error().text();
        EXPECT_TRUE(store.value()->migrate("t", kFirst).ok());
        return std::move(store).value();
    }
    static Status insert(Transaction& tx, std::int64_t id) {
        return tx.run("INSERT INTO t VALUES (?1, ?2)", {id, "x"});
    }
    static std::int64_t count(Store& store) {
        std::int64_t n = -1;
        const Status status = store.read([&](Transaction& tx) -> Status {
            QD_TRY(const auto found, tx.integer("SELECT count(*) FROM t"));
            n = found.value_or(-1);
            return {};
        });
        EXPECT_TRUE(status.ok());
        return n;
    }

    std::string dir_;
    std::string path_;
};

TEST_F(StoreTest, ValuesComeBackTyped) {
    const auto store = open();
    const std::string blob("\0\xff\1", 3);
    ASSERT_TRUE(store
                    ->write([&](Transaction& tx) -> Status {
                        QD_CHECK_OK(tx.run("CREATE TABLE all_types (a, b, c, d, e)"));
                        return tx.run("INSERT INTO all_types VALUES (?1, ?2, ?3, ?4, ?5)",
                                      {std::int64_t{-7}, 2.5, "text", Blob{blob}, nullptr});
                    })
                    .ok());
    ASSERT_TRUE(store
                    ->read([&](Transaction& tx) -> Status {
                        QD_TRY(const auto row,
                               tx.query("SELECT * FROM all_types WHERE a = ?1", {-7}));
                        QD_TRY(const bool found, row->step());
                        EXPECT_TRUE(found);
                        EXPECT_EQ(row->integer(0), -7);
                        EXPECT_EQ(row->real(1), 2.5);
                        EXPECT_EQ(row->text(2), "text");
                        EXPECT_EQ(row->text(3), blob);
                        EXPECT_TRUE(row->is_null(4));
                        EXPECT_EQ(row->text(4), "");
                        return {};
                    })
                    .ok());
}

TEST_F(StoreTest, AFailedWriterRollsBackAlone) {
    const auto store = open();
    std::atomic<int> failures{0};
    std::atomic<int> open_jobs{200};
    for (std::int64_t i = 0; i < 200; ++i) {
        store->write_async(
            [i](Transaction& tx) -> Status {
                QD_CHECK_OK(insert(tx, i));
                if (i % 3 == 0) {
                    return Error(Code::Aborted, "TST0001", "no");
                }
                return {};
            },
            [&](const Status& status) {
                failures += status.ok() ? 0 : 1;
                --open_jobs;
            });
    }
    while (open_jobs > 0) {
        std::this_thread::yield();
    }
    EXPECT_EQ(failures, 67);
    EXPECT_EQ(count(*store), 133);
}

TEST_F(StoreTest, ErrorsAreClassified) {
    const auto store = open();
    ASSERT_TRUE(store->write([](Transaction& tx) { return insert(tx, 1); }).ok());
    const Status twice = store->write([](Transaction& tx) { return insert(tx, 1); });
    ASSERT_FALSE(twice.ok());
    EXPECT_EQ(twice.error().id(), "STO0006");
    const Status orphan =
        store->write([](Transaction& tx) { return tx.run("INSERT INTO child VALUES (1, 99)"); });
    ASSERT_FALSE(orphan.ok());
    EXPECT_EQ(orphan.error().id(), "STO0007");
    const Status bad = store->write([](Transaction& tx) { return tx.run("SELEC"); });
    ASSERT_FALSE(bad.ok());
    EXPECT_EQ(bad.error().id(), "STO0001");
    const Status nested = store->write(
        [&](Transaction&) { return store->write([](Transaction& tx) { return insert(tx, 5); }); });
    ASSERT_FALSE(nested.ok());
    EXPECT_EQ(nested.error().id(), "STO0008");
    const Status reader = store->read([](Transaction& tx) { return insert(tx, 6); });
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(count(*store), 1);
}

TEST_F(StoreTest, ReadersSeeOneState) {
    const auto store = open();
    ASSERT_TRUE(store
                    ->read([&](Transaction& tx) -> Status {
                        QD_TRY(const auto before, tx.integer("SELECT count(*) FROM t"));
                        QD_CHECK_OK(store->write([](Transaction& w) { return insert(w, 1); }));
                        QD_TRY(const auto after, tx.integer("SELECT count(*) FROM t"));
                        EXPECT_EQ(before, after);
                        return {};
                    })
                    .ok());
    EXPECT_EQ(count(*store), 1);
}

TEST_F(StoreTest, MigrationsAreAppliedOnceAndGuarded) {
    {
        const auto store = open();
    }
    {
        auto store = Store::open(path_);
        ASSERT_TRUE(store.value()->migrate("t", kSecond).ok());
        ASSERT_TRUE(store.value()->migrate("t", kSecond).ok());
        ASSERT_TRUE(store.value()
                        ->write([](Transaction& tx) {
                            return tx.run("INSERT INTO t VALUES (1, 'x', 1.5)");
                        })
                        .ok());
    }
    auto store = Store::open(path_);
    const Status older = store.value()->migrate("t", kFirst);
    ASSERT_FALSE(older.ok());
    EXPECT_EQ(older.error().id(), "STO0005");
    constexpr Migration kEdited[] = {{"tables", "CREATE TABLE other (a)"}, kSecond[1]};
    const Status edited = store.value()->migrate("t", kEdited);
    ASSERT_FALSE(edited.ok());
    EXPECT_EQ(edited.error().id(), "STO0005");
    constexpr Migration kBroken[] = {{"one", "CREATE TABLE z (a)"}, {"two", "CREATE TABL"}};
    EXPECT_FALSE(store.value()->migrate("z", kBroken).ok());
    EXPECT_FALSE(
        store.value()->read([](Transaction& tx) { return tx.run("SELECT * FROM z"); }).ok());
}

TEST_F(StoreTest, DamageIsFoundOnOpen) {
    {
        std::ofstream(path_) << "this is not a database, whatever it may look like to a program";
    }
    auto garbage = Store::open(path_);
    ASSERT_FALSE(garbage.ok());
    EXPECT_EQ(garbage.error().id(), "STO0002");
}

TEST_F(StoreTest, InMemoryWorksAlike) {
    auto store = Store::open_in_memory();
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE(store.value()->migrate("t", kFirst).ok());
    ASSERT_TRUE(store.value()->write([](Transaction& tx) { return insert(tx, 1); }).ok());
    EXPECT_EQ(count(*store.value()), 1);
}

// A child writes rows and reports each id after its commit; killed at a random moment, every
// reported id must be there and no failed one.
TEST_F(StoreTest, CommittedRowsSurviveKill) {
    std::int64_t next = 0;
    for (int round = 0; round < 10; ++round) {
        int pipe_ends[2];
        ASSERT_EQ(pipe(pipe_ends), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            close(pipe_ends[0]);
            auto store = Store::open(path_);
            if (!store.ok() || !store.value()->migrate("t", kFirst).ok()) {
                _exit(1);
            }
            for (std::int64_t id = next;; ++id) {
                if (!store.value()->write([&](Transaction& tx) { return insert(tx, id); }).ok() ||
                    write(pipe_ends[1], &id, sizeof id) != sizeof id) {
                    _exit(1);
                }
            }
        }
        close(pipe_ends[1]);
        std::int64_t last = -1;
        for (int acknowledged = 0; acknowledged < 3 + round * 2; ++acknowledged) {
            ASSERT_EQ(read(pipe_ends[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
        }
        kill(child, SIGKILL);
        std::int64_t id = 0;
        while (read(pipe_ends[0], &id, sizeof id) == static_cast<ssize_t>(sizeof id)) {
            last = id;
        }
        close(pipe_ends[0]);
        waitpid(child, nullptr, 0);
        const auto store = open();
        const std::int64_t rows = count(*store);
        ASSERT_TRUE(rows == last + 1 || rows == last + 2) << rows << " after " << last;
        next = rows;
    }
}

}  // namespace
}  // namespace qd::store
