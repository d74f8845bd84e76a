// Changes of what is stored: columns that come, go and change their names, rows taken away or
// replaced, rows derived from rows; each seen again after a restart, and whole or not at all when
// the disk fails or the log's end is torn.
#include "log/log_writer.h"
#include "workspace_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

namespace qd::workspace {
namespace {

using columns::DataType;
using Kind = ColumnChange::Kind;
using Rows = std::map<std::string, std::vector<std::string>>;

class AlterTest : public WorkspaceTest {
  protected:
    void fill(Workspace& workspace, std::int64_t first, std::int64_t count) {
        ASSERT_TRUE(workspace.ensure_table("T_CL", row_schema()).ok());
        ASSERT_TRUE(workspace.append_and_wait("T_CL", make_rows(first, count)).ok());
    }
    static std::vector<std::int64_t> row_ids(const Workspace& workspace, std::int64_t below) {
        std::vector<std::int64_t> out;
        auto snapshot = workspace.snapshot("T_CL");
        ScanOptions options;
        options.columns = {"Id", std::string(kRowId)};
        const auto morsels = snapshot.value()->scan(options);
        for (const auto& morsel : morsels.value()) {
            const auto chunk = read_whole(*morsel, 2);
            for (std::uint32_t i = 0; i < chunk.value().rows; ++i) {
                if (chunk.value().columns[0]->int_at(i) < below) {
                    out.push_back(chunk.value().columns[1]->int_at(i));
                }
            }
        }
        std::sort(out.begin(), out.end());
        return out;
    }
};

TEST_F(AlterTest, ColumnsThatAreDroppedAndMadeAgainAreNewColumns) {
    fill(open(), 0, 3);
    ASSERT_TRUE(workspace_->seal_all().ok());
    ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(3, 1)).ok());
    ASSERT_TRUE(workspace_->change_columns("T_CL", {{.kind = Kind::Drop, .name = "Name"}}).ok());
    EXPECT_EQ(workspace_->find_table("T_CL")->find_column("Name"), nullptr);
    ASSERT_TRUE(workspace_->add_columns("T_CL", {{{"Name", DataType::Long}}}).ok());
    for (const bool again : {false, true}) {
        const Workspace& w = again ? open() : *workspace_;
        const Rows rows = read_table(w, "T_CL", {"Id", "Name"});
        ASSERT_EQ(rows.size(), 4U);
        EXPECT_EQ(rows.at("0")[1], "");
        EXPECT_EQ(rows.at("3")[1], "");
    }
    columns::Table more = make_rows(9, 1);
    more.schema.fields[2].type = DataType::Long;
    columns::ColumnBuilder name(DataType::Long);
    name.append_int(77);
    more.chunks[0].columns[2] = name.finish();
    ASSERT_TRUE(workspace_->append_and_wait("T_CL", std::move(more)).ok());
    ASSERT_TRUE(workspace_->seal_all().ok());
    EXPECT_EQ(read_table(open(), "T_CL", {"Id", "Name"}).at("9")[1], "77");
}

TEST_F(AlterTest, RenamedColumnsKeepTheirRowsAndRetypedOnesLoseThem) {
    fill(open(), 0, 2);
    ASSERT_TRUE(
        workspace_
            ->change_columns("T_CL", {{.kind = Kind::Rename, .name = "Name", .new_name = "Label"}})
            .ok());
    ASSERT_TRUE(
        workspace_
            ->change_columns(
                "T_CL",
                {{.kind = Kind::Retype, .name = "Id", .new_name = "", .type = DataType::String}})
            .ok());
    const Rows rows = read_table(open(), "T_CL", {"Label", "Id"});
    EXPECT_EQ(rows.at("name 1"), (std::vector<std::string>{"name 1", ""}));
    // Pruning looks for the column under the name files know.
    ScanOptions options;
    options.predicates.push_back({.column = "Label",
                                  .op = ScanPredicate::Op::Equal,
                                  .value = columns::Scalar::of_string("nowhere")});
    ASSERT_TRUE(workspace_->seal_all().ok());
    EXPECT_TRUE(read_table(*workspace_, "T_CL", {"Label"}, options).empty());
    EXPECT_EQ(workspace_->change_columns("T_CL", {{.kind = Kind::Drop, .name = "TimeGenerated"}})
                  .error()
                  .id(),
              "WSP0007");
    EXPECT_EQ(
        workspace_->change_columns("T_CL", {{.kind = Kind::Drop, .name = "Gone"}}).error().id(),
        "WSP0002");
    EXPECT_EQ(workspace_->change_columns("SigninLogs", {{.kind = Kind::Drop, .name = "AppId"}})
                  .error()
                  .id(),
              "WSP0007");
}

TEST_F(AlterTest, TablesTakeTheirAttributesAlong) {
    fill(open(), 0, 2);
    ASSERT_TRUE(workspace_->put_attributes({{"table/T_CL", "policy/x", "{}"}}).ok());
    ASSERT_TRUE(workspace_->rename_table("T_CL", "U_CL").ok());
    ASSERT_TRUE(workspace_->describe_table("U_CL", "renamed").ok());
    const Workspace& again = open();
    EXPECT_EQ(again.find_table("T_CL"), nullptr);
    EXPECT_EQ(again.find_table("U_CL")->description, "renamed");
    EXPECT_EQ(read_table(again, "U_CL", {"Id"}).size(), 2U);
    ASSERT_EQ(again.attributes("table/U_CL").size(), 1U);
    EXPECT_EQ(again.attributes("table/").at(0).value, "{}");
    EXPECT_EQ(workspace_->rename_table("U_CL", "SigninLogs").error().id(), "WSP0007");
    ASSERT_TRUE(workspace_->drop_table("U_CL").ok());
    EXPECT_TRUE(open().attributes("table/").empty());
}

TEST_F(AlterTest, RowsAreRemovedFromExtentsAndFreshRows) {
    fill(open(), 0, 6);
    ASSERT_TRUE(workspace_->seal_all().ok());
    ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(6, 4)).ok());
    auto ids = row_ids(*workspace_, 3);
    const auto late = row_ids(*workspace_, 100);
    ids.push_back(late.back());
    const auto removed = workspace_->remove_rows("T_CL", ids);
    ASSERT_TRUE(removed.ok()) << removed.error().text();
    EXPECT_EQ(removed.value(), 4U);
    EXPECT_EQ(workspace_->remove_rows("T_CL", ids).value(), 0U);
    ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(20, 1)).ok());
    const Rows rows = read_table(open(), "T_CL", {"Id"});
    EXPECT_EQ(rows.size(), 7U);
    EXPECT_EQ(rows.count("2") + rows.count("9"), 0U);
}

TEST_F(AlterTest, ReplacingIsAllOrNothingWhateverFails) {
    fill(open(), 0, 5);
    ASSERT_TRUE(workspace_->seal_all().ok());
    ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(5, 5)).ok());
    close();
    bool done = false;
    for (std::int64_t fail_at = 0; !done; ++fail_at) {
        ASSERT_LT(fail_at, 60);
        FaultFiles failing(real_files_, fail_at, false, false);
        if (!try_open(&failing).ok()) {
            close();
            continue;
        }
        const Status replaced = workspace_->replace_rows("T_CL", make_rows(100 * (fail_at + 1), 3));
        close();
        const Rows rows = read_table(open(), "T_CL", {"Id"});
        if (replaced.ok()) {
            EXPECT_EQ(rows.size(), 3U);
            EXPECT_EQ(rows.count(std::to_string(100 * (fail_at + 1))), 1U);
            done = failing.tickets() <= fail_at;
        } else {
            // What was there before: the first ten rows, or those of an earlier round.
            EXPECT_TRUE(rows.size() == 10 || rows.size() == 3) << rows.size();
            EXPECT_EQ(rows.count(std::to_string(100 * (fail_at + 1))), 0U);
        }
        close();
    }
    open();
    ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(7000, 2)).ok());
    EXPECT_EQ(read_table(open(), "T_CL", {"Id"}).size(), 5U);
    ASSERT_TRUE(workspace_->replace_rows("T_CL", {.schema = row_schema(), .chunks = {}}).ok());
    EXPECT_TRUE(read_table(open(), "T_CL", {"Id"}).empty());
}

// A group was refused and could not be cut off, the next segment was begun, and the machine
// stopped: what is written after the restart must not be taken for the refused part of the older
// segment.
TEST_F(AlterTest, RowsAfterASegmentWithoutRecordsAreKept) {
    open();
    ASSERT_TRUE(workspace_->ensure_table("T_CL", row_schema()).ok());
    close();
    const std::string log_dir = dir_ + "/log/";
    for (const auto& entry : std::filesystem::directory_iterator(log_dir)) {
        std::filesystem::remove(entry.path());
    }
    const auto write = [&](std::uint64_t first, std::uint64_t previous_bytes) {
        std::ofstream(log_dir + internal::segment_name(first), std::ios::binary)
            << internal::encode_segment_header(first, previous_bytes);
    };
    write(1, 0);
    write(6, internal::kSegmentHeaderBytes);
    open();
    ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(0, 3)).ok());
    EXPECT_EQ(read_table(open(), "T_CL", {"Id"}).size(), 3U);
    ASSERT_TRUE(workspace_->append_and_wait("T_CL", make_rows(3, 3)).ok());
    EXPECT_EQ(read_table(open(), "T_CL", {"Id"}).size(), 6U);
}

/// Every row of T_CL is also a row of Copy_CL.
class Copy final : public Derivation {
  public:
    bool applies_to(std::string_view table) const override { return table == "T_CL"; }
    Result<std::vector<TableRows>> derive(const TableSchema&, const columns::Table& rows) override {
        if (fails) {
            return Error(Code::InvalidArgument, "TST0001", "no");
        }
        return std::vector<TableRows>{{.table = "Copy_CL", .rows = rows}};
    }
    bool fails = false;
};

TEST_F(AlterTest, DerivedRowsAreStoredWithTheirsOrNotAtAll) {
    open();
    Copy copy;
    workspace_->set_derivation(&copy);
    ASSERT_TRUE(workspace_->ensure_table("Copy_CL", row_schema()).ok());
    fill(*workspace_, 0, 2);
    fill(*workspace_, 2, 2);
    copy.fails = true;
    EXPECT_EQ(workspace_->append_and_wait("T_CL", make_rows(50, 1)).error().id(), "TST0001");
    close();
    // Cut the log at every length: both tables always have the same rows.
    std::string log_path;
    for (const auto& entry : std::filesystem::directory_iterator(dir_ + "/log")) {
        log_path = entry.path().string();
    }
    std::ostringstream whole;
    whole << std::ifstream(log_path, std::ios::binary).rdbuf();
    std::set<std::size_t> sizes;
    for (std::size_t length = whole.str().size(); length >= 40; length -= 7) {
        std::ofstream(log_path, std::ios::binary | std::ios::trunc)
            << whole.str().substr(0, length);
        const Workspace& w = open();
        const Rows rows = read_table(w, "T_CL", {"Id"});
        ASSERT_EQ(rows, read_table(w, "Copy_CL", {"Id"})) << length;
        sizes.insert(rows.size());
        close();
        for (const auto& entry : std::filesystem::directory_iterator(dir_ + "/log")) {
            std::filesystem::remove(entry.path());
        }
    }
    EXPECT_EQ(sizes, (std::set<std::size_t>{0, 2, 4}));
}

}  // namespace
}  // namespace qd::workspace
