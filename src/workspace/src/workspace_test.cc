#include "qd/workspace/workspace.h"

#include "workspace_fixture.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

namespace qd::workspace {
namespace {

using columns::Chunk;
using columns::Column;
using columns::DataType;
using columns::Scalar;

TEST_F(WorkspaceTest, RowsAreThereAtOnceAndAfterEveryKindOfRestart) {
    Workspace* w = &open();
    ASSERT_TRUE(w->ensure_table("T_CL", row_schema()).ok());
    ASSERT_TRUE(w->append_and_wait("T_CL", make_rows(0, 5000)).ok());
    EXPECT_EQ(read_table(*w, "T_CL", {"Id"}).size(), 5000U);
    w = &open();  // from the log
    EXPECT_EQ(read_table(*w, "T_CL", {"Id"}).size(), 5000U);
    ASSERT_TRUE(w->seal_all().ok());
    EXPECT_EQ(w->statistics("T_CL").value().fresh_rows, 0U);
    EXPECT_EQ(w->statistics("T_CL").value().extents, 1U);
    EXPECT_EQ(read_table(*w, "T_CL", {"Id"}).size(), 5000U);
    ASSERT_TRUE(w->append_and_wait("T_CL", make_rows(5000, 10)).ok());
    w = &open();  // from both
    const auto rows = read_table(*w, "T_CL", {"Id", "Name", "TimeGenerated"});
    ASSERT_EQ(rows.size(), 5010U);
    EXPECT_EQ(rows.at("7"),
              (std::vector<std::string>{"7", "name 7", "2020-01-01T00:00:07.0000000Z"}));
    EXPECT_EQ(rows.at("5003")[1], "name 3");
}

TEST_F(WorkspaceTest, HiddenAndFixedColumns) {
    Workspace& w = open();
    ASSERT_TRUE(w.ensure_table("T_CL", row_schema()).ok());
    ASSERT_TRUE(w.append_and_wait("T_CL", make_rows(0, 100)).ok());
    clock_.advance({Ticks::kHour});
    ASSERT_TRUE(w.append_and_wait("T_CL", make_rows(100, 1)).ok());
    const auto fresh =
        read_table(w, "T_CL", {"_ItemId", "Id", "_TimeReceived", "Type", "TenantId"});
    ASSERT_EQ(fresh.size(), 101U);
    ASSERT_TRUE(w.seal_all().ok());
    EXPECT_EQ(read_table(w, "T_CL", {"_ItemId", "Id", "_TimeReceived", "Type", "TenantId"}), fresh);
    for (const auto& [item, cells] : fresh) {
        EXPECT_EQ(item.size(), 36U);
        EXPECT_EQ(cells[2], cells[1] == "100" ? "2020-01-01T01:00:00.0000000Z"
                                              : "2020-01-01T00:00:00.0000000Z");
        EXPECT_EQ(cells[3], "T_CL");
        EXPECT_EQ(cells[4], options_.workspace_id);
    }
}

TEST_F(WorkspaceTest, MissingColumnsReadAsNull) {
    Workspace* w = &open();
    ASSERT_TRUE(w->ensure_table("T_CL", row_schema()).ok());
    ASSERT_TRUE(w->append_and_wait("T_CL", make_rows(0, 3)).ok());
    ASSERT_TRUE(w->seal_all().ok());
    const columns::Schema more{
        {{"Id", DataType::Long}, {"Text", DataType::String}, {"Number", DataType::Real}}};
    ASSERT_TRUE(w->ensure_table("T_CL", more).ok());
    EXPECT_EQ(read_table(*w, "T_CL", {"Id", "Text", "Number"}).at("1"),
              (std::vector<std::string>{"1", "", ""}));
    columns::Table rows;
    rows.schema = more;
    Chunk chunk;
    chunk.rows = 1;
    chunk.columns = {Column::make_constant(Scalar::of_long(50), 1),
                     Column::make_constant(Scalar::of_string("x"), 1),
                     Column::make_constant(Scalar::of_real(2.5), 1)};
    for (int i = 0; i < 3; ++i) {
        chunk.columns[0] = Column::make_constant(Scalar::of_long(50 + i), 1);
        rows.chunks = {chunk};
        ASSERT_TRUE(w->append_and_wait("T_CL", rows).ok());
    }
    ASSERT_TRUE(w->seal_all().ok());
    options_.merge_fan_in = 2;
    w = &open();
    ASSERT_TRUE(w->maintain().ok());
    EXPECT_EQ(w->statistics("T_CL").value().extents, 1U);
    const auto all = read_table(*w, "T_CL", {"Id", "Text", "Number", "Name", "TimeGenerated"});
    EXPECT_EQ(all.at("50"),
              (std::vector<std::string>{"50", "x", "2.5", "", "2020-01-01T00:00:00.0000000Z"}));
    EXPECT_EQ(all.at("2")[1], "");
    EXPECT_EQ(all.at("2")[3], "name 2");
}

TEST_F(WorkspaceTest, RefusalsNameTheReason) {
    Workspace& w = open();
    ASSERT_TRUE(w.ensure_table("T_CL", row_schema()).ok());
    const auto id_of = [](const Status& status) { return status.ok() ? "" : status.error().id(); };
    EXPECT_EQ(id_of(w.append_and_wait("Nope_CL", make_rows(0, 1))), "WSP0001");
    EXPECT_EQ(id_of(w.append_and_wait("requests", make_rows(0, 1))), "WSP0007");
    EXPECT_EQ(id_of(w.append_and_wait("Heartbeat", make_rows(0, 1))), "WSP0002");
    EXPECT_EQ(id_of(w.ensure_table("Nope", row_schema())), "WSP0001");
    EXPECT_EQ(id_of(w.ensure_table("T_CL", {{{"Id", DataType::String}}})), "WSP0004");
    EXPECT_EQ(id_of(w.ensure_table("U_CL", {{{"a", DataType::Long}, {"a", DataType::Long}}})),
              "WSP0003");
    EXPECT_EQ(id_of(w.ensure_table("U_CL", {{{"_ItemId", DataType::String}}})), "WSP0003");
    EXPECT_EQ(id_of(w.drop_table("Heartbeat")), "WSP0007");
    columns::Table wrong = make_rows(0, 1);
    wrong.schema.fields[1].type = DataType::Int;
    EXPECT_EQ(id_of(w.append_and_wait("T_CL", wrong)), "WSP0008");
    auto snapshot = w.snapshot("T_CL");
    ScanOptions options;
    options.columns = {"Absent"};
    EXPECT_EQ(snapshot.value()->scan(options).error().id(), "WSP0002");
    EXPECT_TRUE(read_table(w, "T_CL", {"Id"}).empty());
}

TEST_F(WorkspaceTest, SchemasAndFunctionsSurvive) {
    Workspace* w = &open();
    TableSchema table;
    table.name = "Made_CL";
    table.description = "made by hand";
    table.retention_days = 7;
    table.columns = {{"A", DataType::Dynamic, ""}};
    ASSERT_TRUE(w->create_table(table).ok());
    EXPECT_EQ(w->create_table(table).error().code(), Code::AlreadyExists);
    ASSERT_TRUE(w->add_columns("Heartbeat", {{{"Extra_CF", DataType::Long}}}).ok());
    FunctionText f;
    f.name = "F";
    f.parameters = "(x:long)";
    f.body = "T_CL | where Id == x";
    ASSERT_TRUE(w->put_function(f).ok());
    w = &open();
    const TablePtr made = w->find_table("Made_CL");
    ASSERT_NE(made, nullptr);
    EXPECT_EQ(made->description, "made by hand");
    EXPECT_EQ(made->retention_days, 7U);
    EXPECT_EQ(made->columns.size(), 2U);
    EXPECT_EQ(made->columns[0].name, "TimeGenerated");
    EXPECT_NE(w->find_table("Heartbeat")->find_column("Extra_CF"), nullptr);
    ASSERT_EQ(w->functions().size(), 1U);
    EXPECT_EQ(w->functions()[0].body, f.body);
    ASSERT_TRUE(w->drop_function("F").ok());
    EXPECT_EQ(w->drop_function("F").error().code(), Code::NotFound);
    ASSERT_TRUE(w->append_and_wait("Heartbeat",
                                   [&] {
                                       columns::Table rows;
                                       rows.schema.fields = {{"Computer", DataType::String}};
                                       Chunk chunk;
                                       chunk.rows = 1;
                                       chunk.columns = {
                                           Column::make_constant(Scalar::of_string("c"), 1)};
                                       rows.chunks.push_back(chunk);
                                       return rows;
                                   }())
                    .ok());
    ASSERT_TRUE(
        w->append_and_wait("Made_CL", columns::Table{{{{"A", DataType::Dynamic}}}, {}}).ok());
    ASSERT_TRUE(w->drop_table("Made_CL").ok());
    w = &open();
    EXPECT_EQ(w->find_table("Made_CL"), nullptr);
    EXPECT_EQ(read_table(*w, "Heartbeat", {"Computer", "TimeGenerated"}).at("c")[1],
              "2020-01-01T00:00:00.0000000Z");
}

TEST_F(WorkspaceTest, ASnapshotDoesNotMove) {
    options_.merge_fan_in = 2;
    Workspace& w = open();
    ASSERT_TRUE(w.ensure_table("T_CL", row_schema()).ok());
    ASSERT_TRUE(w.append_and_wait("T_CL", make_rows(0, 10)).ok());
    ASSERT_TRUE(w.seal_all().ok());
    ASSERT_TRUE(w.append_and_wait("T_CL", make_rows(10, 10)).ok());
    const auto snapshot = w.snapshot("T_CL").value();
    ASSERT_TRUE(w.append_and_wait("T_CL", make_rows(20, 10)).ok());
    ASSERT_TRUE(w.seal_all().ok());
    ASSERT_TRUE(w.maintain().ok());  // merges and deletes the files
    EXPECT_EQ(snapshot->rows(), 20U);
    EXPECT_EQ(snapshot->oldest()->ticks, clock_.utc().ticks);
    ScanOptions options;
    options.columns = {"Id"};
    std::uint64_t rows = 0;
    const auto morsels = snapshot->scan(options);
    for (const auto& morsel : morsels.value()) {
        const auto chunk = read_whole(*morsel, options.columns.size());
        rows += chunk.value().rows;
    }
    EXPECT_EQ(rows, 20U);
}

TEST_F(WorkspaceTest, MergedExtentsAreSortedByTime) {
    options_.merge_fan_in = 4;
    Workspace& w = open();
    ASSERT_TRUE(w.ensure_table("T_CL", row_schema()).ok());
    for (const std::int64_t first : {300, 0, 200, 100}) {
        ASSERT_TRUE(w.append_and_wait("T_CL", make_rows(first, 100)).ok());
        ASSERT_TRUE(w.seal_all().ok());
    }
    EXPECT_EQ(w.statistics("T_CL").value().extents, 4U);
    ASSERT_TRUE(w.maintain().ok());
    EXPECT_EQ(w.statistics("T_CL").value().extents, 1U);
    ScanOptions options;
    options.columns = {"Id", "Name"};
    const auto snapshot = w.snapshot("T_CL").value();
    const auto morsels = snapshot->scan(options);
    ASSERT_EQ(morsels.value().size(), 1U);
    const auto chunk = read_whole(*morsels.value()[0], options.columns.size());
    std::int64_t expected = 0;
    EXPECT_EQ(chunk.value().columns[1]->layout(), columns::Layout::Dictionary);
    EXPECT_EQ(chunk.value().columns[1]->dictionary()->size(), 10U);
    for (std::uint32_t i = 0; i < chunk.value().rows; ++i) {
        EXPECT_EQ(chunk.value().columns[0]->int_at(i), expected++);
    }
    EXPECT_EQ(expected, 400);
    // The files of the merged extents are gone.
    EXPECT_EQ(real_files_.list(dir_ + "/extents").value().size(), 1U);
}

TEST_F(WorkspaceTest, PruningLeavesOutWhatCannotMatch) {
    Workspace& w = open();
    ASSERT_TRUE(w.ensure_table("T_CL", row_schema()).ok());
    for (int day = 0; day < 5; ++day) {
        ASSERT_TRUE(w.append_and_wait("T_CL", make_rows(day * 100'000, 1000)).ok());
        ASSERT_TRUE(w.seal_all().ok());
    }
    const auto snapshot = w.snapshot("T_CL").value();
    const auto pieces = [&](ScanOptions options) {
        options.columns = {"Id"};
        return snapshot->scan(options).value().size();
    };
    const std::int64_t start = clock_.utc().ticks;
    EXPECT_EQ(pieces({}), 5U);
    EXPECT_EQ(pieces({{}, Timestamp{start + 100'000 * Ticks::kSecond}, {}, {}}), 4U);
    EXPECT_EQ(pieces({{}, {}, Timestamp{start + 100'000 * Ticks::kSecond}, {}}), 1U);
    using Op = ScanPredicate::Op;
    const struct {
        ScanPredicate predicate;
        std::size_t pieces;
    } kCases[] = {
        {{"Id", Op::Equal, Scalar::of_long(200'500)}, 1},
        {{"Id", Op::Equal, Scalar::of_long(201'000)}, 0},
        {{"Id", Op::Less, Scalar::of_long(100'000)}, 1},
        {{"Id", Op::LessOrEqual, Scalar::of_long(100'000)}, 2},
        {{"Id", Op::Greater, Scalar::of_long(400'999)}, 0},
        {{"Id", Op::GreaterOrEqual, Scalar::of_long(400'999)}, 1},
        {{"Id", Op::Equal, Scalar::of_int(5)}, 1},
        {{"Id", Op::Equal, Scalar::of_real(5.5)}, 5},
        {{"Id", Op::Equal, Scalar::null_of(DataType::Long)}, 5},
        {{"Name", Op::Equal, Scalar::of_string("name 5")}, 5},
        {{"Name", Op::Equal, Scalar::of_string("other")}, 0},
        {{"Name", Op::Less, Scalar::of_string("name 0")}, 0},
        {{"Absent", Op::Equal, Scalar::of_string("x")}, 5},
    };
    for (const auto& c : kCases) {
        EXPECT_EQ(pieces({{}, {}, {}, {c.predicate}}), c.pieces) << c.predicate.column;
    }
}

TEST_F(WorkspaceTest, RetentionHidesAtOnceAndGivesTheSpaceBack) {
    options_.merge_fan_in = 2;
    Workspace* w = &open();
    ASSERT_TRUE(w->ensure_table("T_CL", row_schema()).ok());
    ASSERT_TRUE(w->set_retention("T_CL", 30).ok());
    ASSERT_TRUE(w->append_and_wait("T_CL", make_rows(0, 10)).ok());
    ASSERT_TRUE(w->seal_all().ok());
    clock_.advance({20 * Ticks::kDay});
    ASSERT_TRUE(w->append_and_wait("T_CL", make_rows(10, 10)).ok());
    ASSERT_TRUE(w->seal_all().ok());
    EXPECT_EQ(read_table(*w, "T_CL", {"Id"}).size(), 20U);
    ASSERT_TRUE(w->maintain().ok());  // one extent over both times
    EXPECT_EQ(w->statistics("T_CL").value().extents, 1U);
    clock_.advance({11 * Ticks::kDay});
    EXPECT_EQ(read_table(*w, "T_CL", {"Id"}).size(), 10U);
    ASSERT_TRUE(w->append_and_wait("T_CL", make_rows(30, 5)).ok());
    ASSERT_TRUE(w->append_and_wait("T_CL", make_rows(35, 5)).ok());
    clock_.advance({20 * Ticks::kDay});
    EXPECT_EQ(read_table(*w, "T_CL", {"Id"}).size(), 10U);
    ASSERT_TRUE(w->maintain().ok());
    EXPECT_EQ(read_table(*w, "T_CL", {"Id"}).size(), 10U);
    EXPECT_TRUE(real_files_.list(dir_ + "/extents").value().size() <= 1U);
    clock_.advance({20 * Ticks::kDay});
    EXPECT_EQ(read_table(*w, "T_CL", {"Id"}).size(), 0U);
    ASSERT_TRUE(w->maintain().ok());
    EXPECT_EQ(w->statistics("T_CL").value().rows, 0U);
    EXPECT_TRUE(real_files_.list(dir_ + "/extents").value().empty());
    w = &open();
    EXPECT_EQ(read_table(*w, "T_CL", {"Id"}).size(), 0U);
}

TEST_F(WorkspaceTest, AJumpOfTheWallClockDeletesNothing) {
    options_.merge_fan_in = 2;
    Workspace& w = open();
    ASSERT_TRUE(w.ensure_table("T_CL", row_schema()).ok());
    ASSERT_TRUE(w.set_retention("T_CL", 30).ok());
    for (const std::int64_t first : {0, 10}) {
        ASSERT_TRUE(w.append_and_wait("T_CL", make_rows(first, 10)).ok());
        ASSERT_TRUE(w.seal_all().ok());
    }
    ASSERT_TRUE(w.append_and_wait("T_CL", make_rows(20, 10)).ok());
    ASSERT_TRUE(w.maintain().ok());
    clock_.jump = {4000 * Ticks::kDay};
    EXPECT_TRUE(read_table(w, "T_CL", {"Id"}).empty());
    ASSERT_TRUE(w.maintain().ok());
    ASSERT_TRUE(w.seal_all().ok());
    ASSERT_TRUE(w.maintain().ok());
    clock_.jump = {};
    EXPECT_EQ(read_table(w, "T_CL", {"Id"}).size(), 30U);
    ASSERT_TRUE(w.maintain().ok());
    clock_.advance({2 * Ticks::kDay});  // trusted again
    clock_.advance({30 * Ticks::kDay});
    ASSERT_TRUE(w.maintain().ok());
    EXPECT_EQ(w.statistics("T_CL").value().rows, 0U);
}

TEST_F(WorkspaceTest, VeryLongCellsAreKeptWhole) {
    options_.merge_fan_in = 2;
    options_.seal_bytes = 1 << 30;
    Workspace& w = open();
    ASSERT_TRUE(w.ensure_table("T_CL", row_schema()).ok());
    const std::string text(20 << 20, 'x');
    for (std::int64_t id = 0; id < 8; ++id) {
        columns::Table rows;
        rows.schema.fields = {{"Id", DataType::Long}, {"Name", DataType::String}};
        Chunk chunk;
        chunk.rows = 4;
        columns::ColumnBuilder ids(DataType::Long);
        for (std::int64_t i = 0; i < 4; ++i) {
            ids.append_int(id * 4 + i);
        }
        chunk.columns = {ids.finish(), Column::make_constant(Scalar::of_string(text), 4)};
        rows.chunks.push_back(chunk);
        ASSERT_TRUE(w.append_and_wait("T_CL", rows).ok());
        if (id % 4 == 3) {
            ASSERT_TRUE(w.seal_all().ok());
        }
    }
    ASSERT_TRUE(w.maintain().ok());
    EXPECT_EQ(w.statistics("T_CL").value().extents, 1U);
    EXPECT_LT(w.statistics("T_CL").value().extent_bytes, 1U << 20);
    const auto rows = read_table(w, "T_CL", {"Id", "Name"});
    ASSERT_EQ(rows.size(), 32U);
    EXPECT_EQ(rows.at("31")[1], text);
}

TEST_F(WorkspaceTest, SealedLogSegmentsGo) {
    options_.log_segment_bytes = 4096;
    Workspace& w = open();
    ASSERT_TRUE(w.ensure_table("T_CL", row_schema()).ok());
    for (int i = 0; i < 50; ++i) {
        ASSERT_TRUE(w.append_and_wait("T_CL", make_rows(i * 100, 100)).ok());
    }
    EXPECT_GT(real_files_.list(dir_ + "/log").value().size(), 3U);
    ASSERT_TRUE(w.seal_all().ok());
    EXPECT_EQ(real_files_.list(dir_ + "/log").value().size(), 1U);
    Workspace& again = open();
    EXPECT_EQ(read_table(again, "T_CL", {"Id"}).size(), 5000U);
    ASSERT_TRUE(again.append_and_wait("T_CL", make_rows(5000, 1)).ok());
    EXPECT_EQ(read_table(again, "T_CL", {"_ItemId"}).size(), 5001U);
}

TEST_F(WorkspaceTest, ManyWritersReadersAndMaintenanceAtOnce) {
    options_.background = true;
    options_.seal_rows = 2000;
    options_.merge_fan_in = 3;
    options_.log_segment_bytes = 64 << 10;
    Workspace& w = open();
    ASSERT_TRUE(w.ensure_table("T_CL", row_schema()).ok());
    constexpr int kWriters = 4;
    constexpr int kBatches = 150;
    std::atomic<int> acknowledged{0};
    std::vector<columns::Table> batches;
    for (int i = 0; i < kWriters * kBatches; ++i) {
        batches.push_back(make_rows(i * 20, 20));
    }
    std::vector<std::thread> threads;
    for (int writer = 0; writer < kWriters; ++writer) {
        threads.emplace_back([&, writer] {
            for (int i = 0; i < kBatches; ++i) {
                const Status status = w.append_and_wait(
                    "T_CL", std::move(batches[static_cast<std::size_t>(writer * kBatches + i)]));
                acknowledged += status.ok() ? 1 : 0;
                // What was acknowledged is there for whoever looks now.
                const auto seen = w.snapshot("T_CL").value()->rows();
                EXPECT_GE(seen, static_cast<std::uint64_t>(i + 1) * 20U);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(acknowledged, kWriters * kBatches);
    EXPECT_EQ(read_table(w, "T_CL", {"Id"}).size(), std::size_t{kWriters * kBatches * 20});
    ASSERT_TRUE(w.seal_all().ok());
    EXPECT_EQ(read_table(w, "T_CL", {"Id"}).size(), std::size_t{kWriters * kBatches * 20});
}

}  // namespace
}  // namespace qd::workspace
