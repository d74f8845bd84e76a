// Queries that need more memory than they may use: the same answers by way of the disk, nothing
// left behind, and a clear error where the disk will not do.
#include "qd/columns/text.h"
#include "qd/kql/engine.h"
#include "qd/kql/spill_space.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace qd::kql {
namespace {

class NoTables final : public Catalog {
  public:
    std::string default_database() const override { return "db"; }
    std::shared_ptr<TableSource> find_table(std::string_view, std::string_view) override {
        return nullptr;
    }
    std::vector<std::string> table_names(std::string_view) override { return {}; }
    std::optional<StoredFunction> find_function(std::string_view, std::string_view) override {
        return std::nullopt;
    }
    Result<std::string> read_external(std::string_view) override { return std::string(); }
};

// Nulls, NaN, texts, dynamics and ties; 200,000 rows.
constexpr std::string_view kRows =
    "let T = range x from 1 to 200000 step 1 "
    "| extend k = hash(x, 70000), s = strcat('k', hash(x, 50021)), n = iff(x % 11 == 0, "
    "long(null), hash(x, 1000)), r = iff(x % 13 == 0, real(nan), iff(x % 17 == 0, real(null), "
    "todouble(hash(x, 500)))), d = pack('a', x % 7); ";

constexpr std::int64_t kPlenty = std::int64_t{2} << 30;

class SpillTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "qd_spill_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        dir_ = pattern;
        auto space = SpillSpace::open(files_, dir_ + "/spill");
        ASSERT_TRUE(space.ok()) << space.error().text();
        space_ = std::move(space).value();
    }
    void TearDown() override { files_.remove_tree(dir_).ignore("a test's directory"); }

    Result<QueryResult> run(std::string_view query, std::int64_t memory, std::size_t workers,
                            SpillSpace* space) {
        const Engine engine(pool_, clock_, space);
        QueryOptions options;
        options.now = Timestamp{638'000'000'000'000'000};
        options.memory_bytes_max = memory;
        options.bytes_max = std::uint64_t{1} << 30;
        options.workers = workers;
        return engine.run(std::string(kRows) + std::string(query), catalog_, options);
    }
    std::string text(const Result<QueryResult>& result) {
        if (!result.ok()) {
            return result.error().text();
        }
        std::string out;
        for (const columns::Chunk& chunk : result.value().tables.at(0).chunks) {
            for (std::uint32_t row = 0; row < chunk.rows; ++row) {
                for (const columns::ColumnPtr& column : chunk.columns) {
                    columns::append_text(out, *column, row);
                    out += '|';
                }
                out += '\n';
            }
        }
        return out;
    }
    std::size_t files_left() { return files_.list(dir_ + "/spill").value().size(); }

    RealFiles files_;
    RealClock clock_;
    ThreadPool pool_{3};
    NoTables catalog_;
    std::string dir_;
    std::unique_ptr<SpillSpace> space_;
};

// All rows in their order, or few rows that depend on every row before.
struct Case {
    std::int64_t memory_mib;
    std::string_view query;
};
constexpr Case kCases[] = {
    {12, "T | sort by s asc, n desc nulls first, x desc | project x, d"},
    {12, "T | sort by r asc nulls last, s desc | project x, r"},
    {12, "T | sort by tostring(d) asc, k asc | project x, k"},
    {12, "T | top 150000 by n asc nulls first | project n, x"},
    {12,
     "T | summarize c = count(), a = sum(n), b = avg(r), l = make_list(x), m = arg_max(x, s, d) "
     "by k | summarize count(), sum(c * k % 997), sum(a), sum(array_length(l)), "
     "sum(hash(tostring(l), 1000)), sum(hash(s, 1000))"},
    {40,
     "T | summarize c = dcount(s), v = count_distinct(n), p = percentile(n, 50), u = take_any(x), "
     "w = make_set(n) by s, n | summarize count(), sum(c), sum(v), sum(p), sum(u), "
     "sum(array_length(w))"},
    {12,
     "T | join kind=inner (T | project k, y = x, t = s) on k "
     "| summarize count(), sum(x * y % 10007), sum(hash(t, 1000))"},
    {6,
     "T | where x % 3 == 0 | join kind=fullouter (T | where x % 2 == 0 | project s, y = x, n) on "
     "s, n "
     "| summarize count(), sum(x), sum(y), countif(isnull(x)), countif(isnull(y))"},
    {6,
     "T | where x % 5 == 0 | join kind=leftouter (T | project s, y = x | where y % 2 == 0) on s "
     "| summarize count(), sum(x), sum(y), countif(isnull(y))"},
    {6,
     "T | where x % 5 == 0 | join kind=rightanti (T | project s, y = x, n) on s "
     "| summarize count(), sum(y), sum(n)"},
    {4,
     "T | where x % 5 == 0 | join kind=leftsemi (T | project s, y = x, n) on s "
     "| summarize count(), sum(x)"},
    {6, "T | join (T | project n, y = x, s) on n | summarize count(), sum(x), sum(y)"},
};

TEST_F(SpillTest, AnswersAreThoseOfPlentyOfMemory) {
    for (const auto& [memory_mib, query] : kCases) {
        const auto whole = run(query, kPlenty, 2, nullptr);
        ASSERT_TRUE(whole.ok()) << query << "\n" << whole.error().text();
        EXPECT_EQ(whole.value().stats.bytes_spilled, 0U) << query;
        for (const std::size_t workers : {1U, 2U, 3U}) {
            const auto little = run(query, memory_mib << 20, workers, space_.get());
            EXPECT_EQ(text(little), text(whole)) << query << "\nworkers: " << workers;
            if (little.ok()) {
                EXPECT_GT(little.value().stats.bytes_spilled, 0U) << query;
            }
            EXPECT_EQ(files_left(), 0U) << query;
        }
    }
}

TEST_F(SpillTest, WithoutADiskTheQueryFails) {
    const auto refused = run(kCases[0].query, 6 << 20, 2, nullptr);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().id(), "E_RUNAWAY_QUERY");
}

TEST_F(SpillTest, AFailingDiskFailsTheQueryAndLeavesNothing) {
    for (const auto& [memory_mib, query] : {kCases[0], kCases[4], kCases[6]}) {
        for (std::int64_t fail_at = 0; fail_at < 10'000; fail_at += 1 + fail_at / 2) {
            RealFiles under;
            FaultFiles faulty(under, fail_at + 1, false, true);  // the first call makes the place
            auto space = SpillSpace::open(faulty, dir_ + "/faulty");
            ASSERT_TRUE(space.ok() || fail_at < 2);
            if (!space.ok()) {
                continue;
            }
            const auto result = run(query, memory_mib << 20, 2, space.value().get());
            if (result.ok()) {
                EXPECT_GT(fail_at, 4) << query;
                break;
            }
            EXPECT_EQ(result.error().code(), Code::ResourceExhausted) << result.error().text();
        }
    }
}

TEST_F(SpillTest, WhatACrashLeftIsRemoved) {
    ASSERT_TRUE(files_.write_atomic(dir_ + "/spill/17.rows", "left").ok());
    ASSERT_TRUE(SpillSpace::open(files_, dir_ + "/spill").ok());
    EXPECT_EQ(files_left(), 0U);
}

}  // namespace
}  // namespace qd::kql
