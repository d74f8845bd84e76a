// What must survive: SIGKILL at any moment, a failing call at any place, a full disk, torn ends,
// flipped bytes. The parent of the kill test keeps what was acknowledged; the rest of the tests
// keep it in memory.
#include "qd/base/random.h"
#include "workspace_fixture.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

namespace qd::workspace {
namespace {

using Durability = WorkspaceTest;

std::string slurp(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

void spill(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// The child of the kill test: appends batches for ever and writes every row's id to the pipe once
// its batch is acknowledged. Small limits make it seal, merge and change log segments all the time.
[[noreturn]] void ingest_until_killed(const std::string& dir, std::int64_t first, int pipe_end) {
    RealFiles files;
    RealClock clock;
    const auto log = make_null_log();
    const auto metrics = make_metrics();
    ThreadPool executor(2);
    auto store = store::Store::open(dir + "/state.db");
    WorkspaceOptions options;
    options.seal_rows = 400;
    options.merge_fan_in = 3;
    options.log_segment_bytes = 16 << 10;
    options.group_commit_us = 200;
    if (!store.ok()) {
        _exit(2);
    }
    auto workspace =
        Workspace::open(dir, files, clock, *log, *metrics, executor, *store.value(), options);
    const columns::Schema schema{
        {{"Id", columns::DataType::Long}, {"Text", columns::DataType::String}}};
    if (!workspace.ok() || !workspace.value()->ensure_table("Kill_CL", schema).ok()) {
        _exit(3);
    }
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 3; ++writer) {
        writers.emplace_back([&, writer] {
            for (std::int64_t batch = 0;; ++batch) {
                const std::int64_t begin = first + (batch * 3 + writer) * 10;
                columns::ColumnBuilder id(columns::DataType::Long);
                columns::ColumnBuilder text(columns::DataType::String);
                for (std::int64_t i = begin; i < begin + 10; ++i) {
                    id.append_int(i);
                    text.append_bytes("row " + std::to_string(i));
                }
                columns::Chunk chunk;
                chunk.rows = 10;
                chunk.columns = {id.finish(), text.finish()};
                if (!workspace.value()->append_and_wait("Kill_CL", {schema, {chunk}}).ok() ||
                    write(pipe_end, &begin, sizeof begin) != sizeof begin) {
                    _exit(4);
                }
            }
        });
    }
    writers[0].join();
    _exit(5);
}

// The ids of all rows, sorted; every row's text must belong to its id.
std::vector<std::int64_t> read_ids(const Workspace& workspace) {
    std::vector<std::int64_t> ids;
    ScanOptions options;
    options.columns = {"Id", "Text"};
    const auto snapshot = workspace.snapshot("Kill_CL");
    const auto morsels = snapshot.value()->scan(options);
    for (const auto& morsel : morsels.value()) {
        const auto chunk = read_whole(*morsel, options.columns.size());
        EXPECT_TRUE(chunk.ok()) << chunk.error().text();
        for (std::uint32_t i = 0; i < chunk.value().rows; ++i) {
            ids.push_back(chunk.value().columns[0]->int_at(i));
            EXPECT_EQ(chunk.value().columns[1]->bytes_at(i), "row " + std::to_string(ids.back()));
        }
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

TEST_F(Durability, EveryAcknowledgedRowSurvivesSigkillExactlyOnce) {
    constexpr int kKills = 200;
    Random random(20200101);
    std::set<std::int64_t> acknowledged;  // first ids of batches of ten
    std::int64_t next = 0;
    std::size_t rows_found = 0;
    for (int round = 0; round < kKills; ++round) {
        int ends[2];
        ASSERT_EQ(pipe(ends), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(ends[0]);
            ingest_until_killed(dir_, next, ends[1]);
        }
        ::close(ends[1]);
        // Lives 0 to 60 ms beyond its first acknowledgement; every eighth is killed while it
        // opens.
        const auto life = std::chrono::microseconds(random.below(60'000));
        auto deadline = std::chrono::steady_clock::now() +
                        (round % 8 == 7 ? std::chrono::microseconds(random.below(30'000))
                                        : std::chrono::microseconds(10'000'000));
        bool any = false;
        while (std::chrono::steady_clock::now() < deadline) {
            pollfd waiting{ends[0], POLLIN, 0};
            if (poll(&waiting, 1, 1) > 0) {
                std::int64_t begin = 0;
                if (read(ends[0], &begin, sizeof begin) != sizeof begin) {
                    break;  // the child ended by itself
                }
                acknowledged.insert(begin);
                if (!any && round % 8 != 7) {
                    deadline = std::chrono::steady_clock::now() + life;
                }
                any = true;
            }
        }
        kill(child, SIGKILL);
        std::int64_t begin = 0;
        while (read(ends[0], &begin, sizeof begin) == sizeof begin) {
            acknowledged.insert(begin);
        }
        ::close(ends[0]);
        int status = 0;
        waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended with " << WEXITSTATUS(status);

        Workspace& w = open();
        if (w.find_table("Kill_CL") == nullptr) {
            ASSERT_TRUE(acknowledged.empty());
            continue;
        }
        const std::vector<std::int64_t> rows = read_ids(w);
        ASSERT_EQ(std::adjacent_find(rows.begin(), rows.end()), rows.end()) << "a row twice";
        for (const std::int64_t first : acknowledged) {
            for (std::int64_t id = first; id < first + 10; ++id) {
                ASSERT_TRUE(std::binary_search(rows.begin(), rows.end(), id))
                    << "lost row " << id << " in round " << round;
            }
        }
        rows_found = rows.size();
        if (!rows.empty()) {
            next = std::max(next, rows.back() + 1);
        }
        close();
    }
    std::printf("%d kills, %zu rows acknowledged, %zu found, none twice, none lost\n", kKills,
                acknowledged.size() * 10, rows_found);
    EXPECT_GT(acknowledged.size(), 200U);
}

// One run of the operations that write, each result noted.
struct Ledger {
    std::set<std::int64_t> kept;
    std::set<std::int64_t> refused;
};

TEST_F(Durability, AnyFailingCallLosesNothingAndAddsNothing) {
    options_.log_segment_bytes = 2000;
    options_.merge_fan_in = 2;
    int completed = 0;
    for (const bool sticky : {false, true}) {
        for (const bool disk_full : {false, true}) {
            for (std::int64_t fail_at = 1; fail_at < 400; ++fail_at) {
                close();
                std::filesystem::remove_all(dir_);
                std::filesystem::create_directories(dir_);
                open();
                ASSERT_TRUE(workspace_->ensure_table("T_CL", row_schema()).ok());
                close();
                FaultFiles faulty(real_files_, fail_at, sticky, disk_full);
                Ledger ledger;
                if (!try_open(&faulty).ok()) {
                    continue;
                }
                const auto append = [&](std::int64_t first) {
                    const Status status = workspace_->append_and_wait("T_CL", make_rows(first, 5));
                    (status.ok() ? ledger.kept : ledger.refused).insert(first);
                    if (!status.ok()) {
                        ASSERT_TRUE(status.error().retry_after_ms().has_value());
                        ASSERT_EQ(status.error().code(),
                                  disk_full ? Code::ResourceExhausted : Code::Unavailable);
                    }
                };
                for (std::int64_t i = 0; i < 6; ++i) {
                    append(i * 10);
                    if (i % 2 == 1) {
                        workspace_->seal_all().ignore("may fail; nothing may be lost");
                        workspace_->maintain().ignore("may fail; nothing may be lost");
                    }
                }
                const std::int64_t used = faulty.tickets();
                faulty.heal();
                append(1000);  // recovers by itself
                ASSERT_EQ(ledger.kept.count(1000), 1U) << "call " << fail_at;
                for (const bool reopened : {false, true}) {
                    if (reopened) {
                        open();
                    }
                    const auto rows = read_table(*workspace_, "T_CL", {"Id"});
                    ASSERT_EQ(rows.size(), ledger.kept.size() * 5)
                        << "call " << fail_at << " sticky " << sticky << " reopened " << reopened;
                    for (const std::int64_t first : ledger.kept) {
                        ASSERT_EQ(rows.count(std::to_string(first + 4)), 1U);
                    }
                }
                if (used < fail_at) {
                    ++completed;
                    break;
                }
            }
        }
    }
    EXPECT_EQ(completed, 4);
}

TEST_F(Durability, AFullDiskRefusesAndHeals) {
    open();
    ASSERT_TRUE(workspace_->ensure_table("T_CL", row_schema()).ok());
    close();
    FaultFiles faulty(real_files_, 12, true, true);
    ASSERT_TRUE(try_open(&faulty).ok());
    std::int64_t kept = 0;
    std::int64_t refused = 0;
    for (std::int64_t i = 0; i < 40; ++i) {
        const Status status = workspace_->append_and_wait("T_CL", make_rows(i * 10, 10));
        if (status.ok()) {
            ++kept;
        } else {
            ++refused;
            EXPECT_EQ(status.error().id(), "WSP0006");
            EXPECT_EQ(http_status(status.error().code()), 429);
            EXPECT_GT(status.error().retry_after_ms().value_or(0), 0);
        }
        // Reading goes on.
        ASSERT_EQ(read_table(*workspace_, "T_CL", {"Id"}).size(),
                  static_cast<std::size_t>(kept * 10));
    }
    EXPECT_GT(kept, 0);
    EXPECT_GT(refused, 0);
    faulty.heal();
    ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(9000, 10)).ok());
    open();
    EXPECT_EQ(read_table(*workspace_, "T_CL", {"Id"}).size(),
              static_cast<std::size_t>((kept + 1) * 10));
}

TEST_F(Durability, ATornLogEndIsCutOff) {
    open();
    ASSERT_TRUE(workspace_->ensure_table("T_CL", row_schema()).ok());
    std::vector<std::size_t> ends;  // size of the log after each batch
    const auto log_path = [&] {
        return dir_ + "/log/" + real_files_.list(dir_ + "/log").value().back();
    };
    for (std::int64_t i = 0; i < 4; ++i) {
        ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(i * 10, 10)).ok());
        ends.push_back(std::filesystem::file_size(log_path()));
    }
    close();
    const std::string whole = slurp(log_path());
    const std::string path = log_path();
    for (std::size_t size = 0; size <= whole.size(); size += 1 + size % 13) {
        std::filesystem::remove_all(dir_ + "/log");
        std::filesystem::create_directories(dir_ + "/log");
        spill(path, whole.substr(0, size));
        std::size_t batches = 0;
        while (batches < ends.size() && ends[batches] <= size) {
            ++batches;
        }
        open();
        ASSERT_EQ(read_table(*workspace_, "T_CL", {"Id"}).size(), batches * 10) << size;
        ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(500, 10)).ok());
        open();
        ASSERT_EQ(read_table(*workspace_, "T_CL", {"Id"}).size(), batches * 10 + 10) << size;
        close();
    }
}

TEST_F(Durability, AFlippedByteInTheLogIsReportedNotServed) {
    open();
    ASSERT_TRUE(workspace_->ensure_table("T_CL", row_schema()).ok());
    for (std::int64_t i = 0; i < 4; ++i) {
        ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(i * 10, 10)).ok());
    }
    close();
    const std::string path = dir_ + "/log/" + real_files_.list(dir_ + "/log").value().back();
    const std::string whole = slurp(path);
    for (std::size_t at = 0; at < whole.size(); at += 5) {
        std::filesystem::remove_all(dir_ + "/log");
        std::filesystem::create_directories(dir_ + "/log");
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        spill(path, damaged);
        open();
        // Exactly the batch that holds the byte is gone (the segment's header holds none).
        const auto rows = read_table(*workspace_, "T_CL", {"Id", "Name"});
        ASSERT_EQ(rows.size(), at < 32 ? 40U : 30U) << at;
        for (const auto& [id, cells] : rows) {
            ASSERT_EQ(cells[1], "name " + id.substr(id.size() - 1));
        }
        if (at + 600 < whole.size()) {
            EXPECT_NE(metrics_->exposition().find("qd_workspace_log_damaged_places_total 1"),
                      std::string::npos)
                << at;
        }
        close();
    }
}

TEST_F(Durability, ADamagedExtentIsAnErrorNotRows) {
    open();
    ASSERT_TRUE(workspace_->ensure_table("T_CL", row_schema()).ok());
    ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(0, 100)).ok());
    ASSERT_TRUE(workspace_->seal_all().ok());
    ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(100, 10)).ok());
    close();
    const std::string path =
        dir_ + "/extents/" + real_files_.list(dir_ + "/extents").value().back();
    const std::string whole = slurp(path);
    for (std::size_t at = 0; at < whole.size(); at += 7) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        spill(path, at % 2 == 0 ? damaged : whole.substr(0, at));
        open();
        const auto snapshot = workspace_->snapshot("T_CL").value();
        ScanOptions options;
        options.columns = {"TimeGenerated", "Id", "Name", "_TimeReceived", "_ItemId"};
        std::size_t errors = 0;
        std::size_t rows = 0;
        const auto morsels = snapshot->scan(options);
        for (const auto& morsel : morsels.value()) {
            const auto chunk = read_whole(*morsel, options.columns.size());
            if (!chunk.ok()) {
                ++errors;
                EXPECT_EQ(chunk.error().code(), Code::DataLoss);
                EXPECT_NE(chunk.error().message().find("t1-1.qdx"), std::string::npos);
                continue;
            }
            rows += chunk.value().rows;
        }
        ASSERT_EQ(errors, 1U) << at;
        ASSERT_EQ(rows, 10U);
        // The rest of the table goes on.
        ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(200, 1)).ok());
        spill(path, whole);
        open();
        ASSERT_GE(read_table(*workspace_, "T_CL", {"Id"}).size(), 111U);
        close();
        std::filesystem::remove_all(dir_ + "/log");
        std::filesystem::create_directories(dir_ + "/log");
        open();
        ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(100, 10)).ok());
        close();
    }
}

}  // namespace
}  // namespace qd::workspace
