#pragma once

#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/base/files.h"
#include "qd/base/log.h"
#include "qd/base/metrics.h"
#include "qd/columns/text.h"
#include "qd/store/store.h"
#include "qd/workspace/workspace.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <numeric>
#include <string>
#include <vector>

namespace qd::workspace {

/// A workspace in a directory of its own that can be closed and opened again.
/// All wanted columns of the rows that are there.
inline Result<columns::Chunk> read_whole(const Morsel& morsel, std::size_t wanted) {
    QD_TRY(const MorselCandidates candidates, morsel.candidates());
    std::vector<std::size_t> all(wanted);
    std::iota(all.begin(), all.end(), std::size_t{0});
    return morsel.read(all, candidates.rows);
}

class WorkspaceTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = std::filesystem::temp_directory_path() / "qd_workspace_XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        dir_ = pattern;
        options_.background = false;
        options_.workspace_id = "11111111-2222-3333-4444-555555555555";
    }
    void TearDown() override {
        close();
        std::filesystem::remove_all(dir_);
    }

    Status try_open(Files* files = nullptr) {
        auto store = store::Store::open(dir_ + "/state.db");
        if (!store.ok()) {
            return std::move(store).error();
        }
        store_ = std::move(store).value();
        metrics_ = make_metrics();
        auto workspace = Workspace::open(dir_, files != nullptr ? *files : real_files_, clock_,
                                         *log_, *metrics_, executor_, *store_, options_);
        if (!workspace.ok()) {
            return std::move(workspace).error();
        }
        workspace_ = std::move(workspace).value();
        return {};
    }
    Workspace& open(Files* files = nullptr) {
        close();
        const Status opened = try_open(files);
        EXPECT_TRUE(opened.ok()) << opened.error().text();
        return *workspace_;
    }
    void close() {
        workspace_.reset();
        store_.reset();
        metrics_.reset();
    }

    /// Rows (TimeGenerated = the clock's time + i seconds, Id, Name) with ids from `first` on.
    columns::Table make_rows(std::int64_t first, std::int64_t count) {
        columns::Table table;
        table.schema.fields = {{"TimeGenerated", columns::DataType::DateTime},
                               {"Id", columns::DataType::Long},
                               {"Name", columns::DataType::String}};
        columns::ColumnBuilder time(columns::DataType::DateTime);
        columns::ColumnBuilder id(columns::DataType::Long);
        columns::ColumnBuilder name(columns::DataType::String);
        for (std::int64_t i = first; i < first + count; ++i) {
            time.append_int(clock_.utc().ticks + i * Ticks::kSecond);
            id.append_int(i);
            name.append_bytes("name " + std::to_string(i % 10));
        }
        columns::Chunk chunk;
        chunk.rows = static_cast<std::uint32_t>(count);
        chunk.columns = {time.finish(), id.finish(), name.finish()};
        table.chunks.push_back(std::move(chunk));
        return table;
    }
    static columns::Schema row_schema() {
        return {{{"TimeGenerated", columns::DataType::DateTime},
                 {"Id", columns::DataType::Long},
                 {"Name", columns::DataType::String}}};
    }

    /// Every row of a table as text, by the value of one column; fails on duplicates.
    static std::map<std::string, std::vector<std::string>> read_table(
        const Workspace& workspace, const std::string& table,
        const std::vector<std::string>& wanted, const ScanOptions& base = {}) {
        std::map<std::string, std::vector<std::string>> rows;
        auto snapshot = workspace.snapshot(table);
        EXPECT_TRUE(snapshot.ok()) << snapshot.error().text();
        ScanOptions options = base;
        options.columns = wanted;
        auto morsels = snapshot.value()->scan(options);
        EXPECT_TRUE(morsels.ok()) << morsels.error().text();
        for (const auto& morsel : morsels.value()) {
            auto chunk = read_whole(*morsel, wanted.size());
            EXPECT_TRUE(chunk.ok()) << chunk.error().text();
            if (!chunk.ok()) {
                continue;
            }
            for (std::uint32_t i = 0; i < chunk.value().rows; ++i) {
                std::vector<std::string> cells(wanted.size());
                for (std::size_t c = 0; c < wanted.size(); ++c) {
                    columns::append_text(cells[c], *chunk.value().columns[c], i);
                }
                EXPECT_TRUE(rows.emplace(cells[0], cells).second)
                    << "twice: " << wanted[0] << " " << cells[0];
            }
        }
        return rows;
    }

    std::string dir_;
    RealFiles real_files_;
    /// Moves both of its times, or the wall clock alone.
    class JumpyClock final : public Clock {
      public:
        std::int64_t now_ns() override { return steady_.now_ns(); }
        Timestamp utc() override { return steady_.utc() + jump; }
        void advance(Ticks d) { steady_.advance(d); }
        Ticks jump;

      private:
        ManualClock steady_{Timestamp{637134336000000000}};  // 2020-01-01
    };
    JumpyClock clock_;
    std::unique_ptr<Log> log_ = make_null_log();
    std::unique_ptr<Metrics> metrics_;
    InlineExecutor executor_;
    std::unique_ptr<store::Store> store_;
    WorkspaceOptions options_;
    std::unique_ptr<Workspace> workspace_;
};

}  // namespace qd::workspace
