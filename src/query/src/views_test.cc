// Materialized views: after any mixture of appends, upkeep, restarts and compaction a view answers
// what its query answers over all rows.
#include "query_fixture.h"

namespace qd::query {
namespace {

class ViewsTest : public QueryServiceTest {
  protected:
    /// Some rows, some of them null.
    void append(std::uint64_t seed, int rows) {
        must(".append T <| range i from 1 to " + std::to_string(rows) +
             " step 1 | extend x = hash(i, 1000003) + " + std::to_string(seed * 7919) +
             " | project k = strcat('k', x % 11), n = iff(x % 5 == 0, long(null), x % 97), r = "
             "toreal(x % 13) / 4, s = strcat('s', x % 29), at = datetime(2026-01-01) + x * 1s, bag "
             "= bag_pack(strcat('p', x % 3), 1)");
    }
};

constexpr std::string_view kTable =
    ".create table T (k:string, n:long, r:real, s:string, at:datetime, bag:dynamic)";

TEST_F(ViewsTest, AnswerWhatTheirQueryAnswers) {
    struct Case {
        std::string_view query;
        std::string_view order;  // makes the answer's cells comparable
    };
    const Case cases[] = {
        {"T | summarize count(), countif(n > 50), sum(n), min(s), max(at), total = sumif(r, n > 9) "
         "by k",
         "sort by k asc"},
        {"T | where isnotnull(n) | extend d = bin(at, 1h) | summarize a = avg(n), avgif(r, n > 3), "
         "minif(n, r > 1), maxif(r, n > 1) by d, k",
         "sort by d asc, k asc | extend a = round(a, 6), avgif_r = round(avgif_r, 6)"},
        {"T | summarize dcount(s), dcountif(s, n > 50), hll(s) by k",
         "extend h = dcount_hll(hll_s) | project-away hll_s | sort by k asc"},
        {"T | summarize arg_max(at, *) by k", "sort by k asc"},
        {"T | summarize arg_min(at, s, n), c = count() by k", "sort by k asc"},
        {"T | summarize make_set(s), make_list(n), make_bag(bag) by k",
         "project k, array_sort_asc(set_s), array_sort_asc(list_n), bag_keys(bag_bag) | extend "
         "bag_keys_ = 0 | project-away bag_keys_ | mv-apply x = Column1 on (summarize "
         "take_any(0)) | project k, array_length(set_s), array_length(list_n) | sort by k asc"},
        {"T | summarize percentile(n, 50), percentiles(r, 5, 95) by k", "sort by k asc"},
        {"T | project k, m = n % 3 | summarize take_any(m >= 0) by k", "sort by k asc | count"},
    };
    int number = 0;
    for (const Case& c : cases) {
        const std::string suffix = std::to_string(number++);
        must(kTable);
        append(1, 500);
        must(".create materialized-view with (backfill=true) V" + suffix + " on table T {" +
             std::string(c.query) + "}");
        const std::string view = "V" + suffix + " | " + std::string(c.order);
        const std::string whole = std::string(c.query) + " | " + std::string(c.order);
        const auto same = [&](std::string_view when) {
            EXPECT_EQ(run(view), run(whole)) << c.query << " " << when;
        };
        same("new");
        EXPECT_EQ(service_->maintain_views(), 0U) << run(".show materialized-views");
        same("kept");
        append(2, 300);
        same("with fresh rows");
        ASSERT_TRUE(workspace_->seal_all().ok());
        EXPECT_EQ(service_->maintain_views(), 0U);
        append(3, 50);
        open();
        same("after a restart");
        EXPECT_EQ(service_->maintain_views(), 0U);
        same("kept again");
        // Rows deleted from the table stay in the view, as they should.
        must(".drop materialized-view V" + suffix);
        must(".drop table T");
    }
}

TEST_F(ViewsTest, ThePartThatIsKeptCanBeAskedAlone) {
    must(kTable);
    append(1, 100);
    must(".create materialized-view V on table T {T | summarize count() by k}");
    append(2, 40);
    EXPECT_EQ(run("V | summarize sum(count_)"), "40\n");  // without backfill: rows since then
    EXPECT_EQ(run("materialized_view('V') | count"), "0\n");
    EXPECT_EQ(service_->maintain_views(), 0U);
    append(3, 7);
    EXPECT_EQ(run("materialized_view('V') | summarize sum(count_)"), "40\n");
    EXPECT_EQ(run("V | summarize sum(count_)"), "47\n");
    EXPECT_EQ(run(".show materialized-view V | project Name, SourceTable, IsHealthy"),
              "V|T|True\n");
    must(".clear table T data");
    EXPECT_EQ(run("V | summarize sum(count_)"), "40\n");
}

TEST_F(ViewsTest, StatesAreCompacted) {
    must(kTable);
    must(".create materialized-view V on table T {T | summarize n1 = count(), dcount(s) by k, n}");
    for (std::uint64_t round = 1; round <= 30; ++round) {
        append(round, 2'000);
        EXPECT_EQ(service_->maintain_views(), 0U) << run(".show materialized-views");
    }
    EXPECT_EQ(run("V | summarize sum(n1)"), "60000\n") << run("V | take 1");
    const auto states = workspace_->statistics("$view/V");
    ASSERT_TRUE(states.ok());
    EXPECT_LT(states.value().rows, 8'000U);
    open();
    EXPECT_EQ(run("V | summarize sum(n1)"), "60000\n");
    EXPECT_EQ(run("union * | where Type startswith '$' | count"), "0\n");
}

TEST_F(ViewsTest, RefusesWhatItCannotKeep) {
    must(kTable);
    const auto id = [&](std::string_view body) {
        const auto result =
            service_->run(".create materialized-view V on table T {" + std::string(body) + "}",
                          service_->default_options());
        return result.ok() ? std::string("ok") : result.error().id();
    };
    EXPECT_EQ(id("T | summarize stdev(n) by k"), "QRY0040");
    EXPECT_EQ(id("T | summarize count()"), "QRY0040");
    EXPECT_EQ(id("T | sort by n | summarize count() by k"), "QRY0040");
    EXPECT_EQ(id("T | summarize count() by k | where count_ > 1"), "QRY0040");
    EXPECT_EQ(id("let x = 1; T | summarize count() by k"), "QRY0040");
    EXPECT_EQ(id("SigninLogs | summarize count() by AppId"), "QRY0040");
    EXPECT_EQ(id("T | summarize count() by gone"), "SEM0100");
    EXPECT_EQ(id("T | summarize count() by k"), "ok");
    EXPECT_EQ(id("T | summarize count() by k"), "QRY0041");
    const auto drop = service_->run(".drop table T", service_->default_options());
    EXPECT_EQ(drop.error().id(), "QRY0026");
    const auto alter =
        service_->run(".alter materialized-view V on table T {T | summarize sum(r) by k}",
                      service_->default_options());
    EXPECT_EQ(alter.error().id(), "QRY0042");
}

}  // namespace
}  // namespace qd::query
