#include "qd/base/check.h"
#include "qd/base/log.h"
#include "qd/base/memory_budget.h"
#include "qd/base/metrics.h"
#include "qd/base/random.h"
#include "qd/base/result.h"
#include "qd/base/utf8.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <thread>
#include <vector>

namespace qd {
namespace {

Result<int> half(int n) {
    if (n % 2 != 0) {
        return Error(Code::InvalidArgument, "TST0001", "odd number: " + std::to_string(n));
    }
    return n / 2;
}

Result<int> quarter(int n) {
    QD_TRY(const int once, half(n));
    QD_TRY(const int twice, half(once).with("second step"));
    return twice;
}

Status only_quarters(int n) {
    QD_CHECK_OK(Status());
    QD_TRY(const int q, quarter(n));
    static_cast<void>(q);
    return ok_status();
}

TEST(Result, CarriesValuesAndErrors) {
    EXPECT_EQ(quarter(8).value(), 2);
    EXPECT_EQ(quarter(3).error().text(), "TST0001: odd number: 3");
    EXPECT_EQ(quarter(6).error().message(), "second step: odd number: 3");
    EXPECT_TRUE(only_quarters(4).ok());
    const Status failed = only_quarters(2);
    ASSERT_FALSE(failed.ok());
    const Error copy = failed.error();
    const Error rich = Error(copy).with_span({3, 4}).with_retry_after_ms(50);
    EXPECT_FALSE(copy.span().has_value());
    EXPECT_EQ(rich.span()->offset, 3U);
    EXPECT_EQ(rich.retry_after_ms(), 50);
    EXPECT_EQ(rich.code(), Code::InvalidArgument);
}

TEST(Result, MoveOnlyValues) {
    Result<std::unique_ptr<int>> result = std::make_unique<int>(4);
    std::unique_ptr<int> taken = std::move(result).value();
    EXPECT_EQ(*taken, 4);
}

TEST(Result, WrongUseAborts) {
    EXPECT_DEATH(static_cast<void>(half(3).value()), "TST0001: odd number: 3");
    EXPECT_DEATH(static_cast<void>(half(2).error()), "successful result");
    EXPECT_DEATH(QD_CHECK(1 == 2), "check failed: 1 == 2");
}

TEST(Result, CodesHaveNamesAndStatuses) {
    std::set<std::string_view> names;
    for (int i = 0; i <= 16; ++i) {
        names.insert(code_name(static_cast<Code>(i)));
        EXPECT_EQ(http_status(static_cast<Code>(i)) < 400, i == 0);
    }
    EXPECT_EQ(names.size(), 17U);
    EXPECT_EQ(code_name(Code::InvalidArgument), "INVALID_ARGUMENT");
    EXPECT_EQ(http_status(Code::ResourceExhausted), 429);
    EXPECT_EQ(http_status(Code::Unauthenticated), 401);
}

TEST(Random, KnownStream) {
    // The published stream of seed 42 through splitmix64.
    Random random(42);
    EXPECT_EQ(random.next(), 1'546'998'764'402'558'742U);
    EXPECT_EQ(random.next(), 6'990'951'692'964'543'102U);
    Random same(42);
    EXPECT_EQ(same.next(), 1'546'998'764'402'558'742U);
}

TEST(Random, BoundsAreKept) {
    Random random(1);
    std::array<int, 6> faces{};
    for (int i = 0; i < 60'000; ++i) {
        ++faces.at(random.below(6));
        const double u = random.unit();
        ASSERT_GE(u, 0.0);
        ASSERT_LT(u, 1.0);
    }
    for (const int n : faces) {
        EXPECT_NEAR(n, 10'000, 500);
    }
    EXPECT_EQ(random.below(1), 0U);
}

TEST(Random, GuidsAreVersionFour) {
    SeededEntropy seeded(9);
    RealEntropy real;
    for (Entropy* entropy : {static_cast<Entropy*>(&seeded), static_cast<Entropy*>(&real)}) {
        std::set<std::string> seen;
        for (int i = 0; i < 1'000; ++i) {
            const std::string guid = new_guid(*entropy);
            ASSERT_EQ(guid.size(), 36U);
            ASSERT_EQ(guid[14], '4');
            ASSERT_NE(std::string_view("89ab").find(guid[19]), std::string_view::npos);
            seen.insert(guid);
        }
        EXPECT_EQ(seen.size(), 1'000U);
    }
    SeededEntropy again(9);
    SeededEntropy once_more(9);
    EXPECT_EQ(new_guid(again), new_guid(once_more));
}

TEST(MemoryBudget, RefusesPastTheLimit) {
    MemoryBudget budget(100);
    EXPECT_TRUE(budget.reserve(60).ok());
    const Status refused = budget.reserve(41);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().id(), "MEM0001");
    EXPECT_TRUE(budget.reserve(40).ok());
    budget.release(100);
    EXPECT_EQ(budget.used_bytes(), 0);
    EXPECT_EQ(budget.peak_bytes(), 100);
    EXPECT_FALSE(budget.reserve(std::numeric_limits<std::int64_t>::max()).ok());
}

TEST(MemoryBudget, ManyThreads) {
    MemoryBudget budget(1'000);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20'000; ++i) {
                if (budget.reserve(300).ok()) {
                    budget.release(300);
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(budget.used_bytes(), 0);
    EXPECT_LE(budget.peak_bytes(), 900);
    EXPECT_GE(budget.peak_bytes(), 300);
}

TEST(Utf8, ValidityAndRepair) {
    struct Case {
        std::string bytes;
        std::string repaired;
    };
    const std::string r = "\xef\xbf\xbd";
    const Case cases[] = {
        {"", ""},
        {"plain ascii, longer than eight bytes", "plain ascii, longer than eight bytes"},
        {"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"},
        {"\xff", r},
        {"12345678\x80", "12345678" + r},
        {"\xc0\xaf", r + r},                  // overlong
        {"\xe0\x80\x80", r + r + r},          // overlong
        {"\xed\xa0\x80", r + r + r},          // surrogate
        {"\xf4\x90\x80\x80", r + r + r + r},  // beyond U+10FFFF
        {"\xf5", r},
        {"\xe2\x82", r},  // cut short: one replacement for the whole
        {"\xf0\x9f\x98x", r + "x"},
        {"\xe2\x82\xc3\xa9", r + "\xc3\xa9"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(is_valid_utf8(c.bytes), c.bytes == c.repaired);
        EXPECT_EQ(sanitize_utf8(c.bytes), c.repaired);
        EXPECT_TRUE(is_valid_utf8(c.repaired));
    }
}

TEST(Utf8, EveryCodePointRoundTrips) {
    std::string text;
    std::size_t count = 0;
    for (char32_t c = 0; c <= 0x10ffff; ++c) {
        if (c >= 0xd800 && c <= 0xdfff) {
            continue;
        }
        append_utf8(text, c);
        ++count;
    }
    EXPECT_TRUE(is_valid_utf8(text));
    EXPECT_EQ(count_code_points(text), count);
    std::size_t pos = 0;
    for (char32_t c = 0; c <= 0x10ffff; ++c) {
        if (c >= 0xd800 && c <= 0xdfff) {
            continue;
        }
        ASSERT_EQ(next_code_point(text, pos), c);
    }
    EXPECT_EQ(pos, text.size());
    std::string bad;
    append_utf8(bad, 0xd800);
    append_utf8(bad, 0x110000);
    EXPECT_EQ(bad, "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Log, WritesJsonLines) {
    testing::internal::CaptureStderr();
    {
        const auto log = make_json_log(LogLevel::Info);
        log->info("table sealed", {{"table", std::string("a\"b\n\x01")},
                                   {"rows", std::int64_t{5}},
                                   {"ratio", 0.5},
                                   {"bad", std::nan("")},
                                   {"last", true}});
        log->debug("not shown");
        log->error("{} is no placeholder");
    }
    const std::string out = testing::internal::GetCapturedStderr();
    EXPECT_NE(out.find(R"("level":"info","msg":"table sealed","table":"a\"b\n\u0001","rows":5,)"
                       R"("ratio":0.5,"bad":null,"last":true})"
                       "\n"),
              std::string::npos)
        << out;
    EXPECT_EQ(out.rfind(R"({"ts":"20)", 0), 0U) << out;
    EXPECT_EQ(out.find("not shown"), std::string::npos);
    EXPECT_NE(out.find(R"("level":"error","msg":"{} is no placeholder"})"), std::string::npos);
    make_null_log()->error("nothing");
}

TEST(Metrics, ExposesWhatWasCounted) {
    const auto metrics = make_metrics();
    Counter& rows = metrics->counter("qd_rows_total", "Rows stored.", {{"table", "Heartbeat"}});
    rows.add();
    metrics->counter("qd_rows_total", "Rows stored.", {{"table", "Heartbeat"}}).add(2);
    metrics->counter("qd_rows_total", "Rows stored.", {{"table", "Usage"}}).add(7);
    metrics->gauge("qd_queue", "Queued requests.").set(4);
    Histogram& seconds = metrics->histogram("qd_query_seconds", "Query time.", {0.1, 1});
    seconds.observe(0.05);
    seconds.observe(5);
    const std::string text = metrics->exposition();
    for (const char* line :
         {"# TYPE qd_rows_total counter\n", "qd_rows_total{table=\"Heartbeat\"} 3\n",
          "qd_rows_total{table=\"Usage\"} 7\n", "qd_queue 4\n",
          "qd_query_seconds_bucket{le=\"0.1\"} 1\n", "qd_query_seconds_bucket{le=\"+Inf\"} 2\n",
          "qd_query_seconds_count 2\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    }
    EXPECT_DEATH(metrics->counter("not a name", ""), "check failed");
}

}  // namespace
}  // namespace qd
