#include "qd/base/time.h"

#include "qd/base/clock.h"
#include "qd/base/random.h"

#include <gtest/gtest.h>

#include <limits>

namespace qd {
namespace {

TEST(Time, CivilDaysRoundTripOverTheWholeRange) {
    CivilDate expected{1, 1, 1};
    const std::int64_t last = Timestamp::kMaxTicks / Ticks::kDay;
    for (std::int64_t day = 0; day <= last; ++day) {
        const CivilDate date = civil_from_days(day);
        ASSERT_EQ(date.year, expected.year) << day;
        ASSERT_EQ(date.month, expected.month) << day;
        ASSERT_EQ(date.day, expected.day) << day;
        ASSERT_EQ(days_from_civil(date), day);
        const int y = expected.year;
        const bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
        const int days[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        if (++expected.day > days[expected.month - 1]) {
            expected.day = 1;
            if (++expected.month > 12) {
                expected.month = 1;
                ++expected.year;
            }
        }
    }
    EXPECT_EQ(expected.year, 10'000);
    EXPECT_EQ(days_from_civil({1970, 1, 1}) * Ticks::kDay, Timestamp::kUnixEpochTicks);
    EXPECT_EQ(days_from_civil({0, 12, 31}), -1);
    EXPECT_EQ(civil_from_days(-1).year, 0);
}

TEST(Time, FormatsInstants) {
    const Timestamp t = Timestamp::from_unix_seconds(1'795'460'400) + Ticks{5};
    EXPECT_EQ(format_timestamp(t), "2026-11-23T19:00:00.0000005Z");
    EXPECT_EQ(format_timestamp_trimmed(t), "2026-11-23T19:00:00.0000005Z");
    EXPECT_EQ(format_timestamp_trimmed(t + Ticks{999'995}), "2026-11-23T19:00:00.1Z");
    EXPECT_EQ(format_timestamp_trimmed(t - Ticks{5}), "2026-11-23T19:00:00Z");
    EXPECT_EQ(format_timestamp({0}), "0001-01-01T00:00:00.0000000Z");
    EXPECT_EQ(format_timestamp({Timestamp::kMaxTicks}), "9999-12-31T23:59:59.9999999Z");
    EXPECT_EQ(format_timestamp({-1}), "0001-01-01T00:00:00.0000000Z");
    EXPECT_EQ(format_timestamp({std::numeric_limits<std::int64_t>::max()}),
              "9999-12-31T23:59:59.9999999Z");
}

TEST(Time, InstantsRoundTrip) {
    Random random(7);
    for (int i = 0; i < 200'000; ++i) {
        const Timestamp t{
            static_cast<std::int64_t>(random.below(Timestamp::kMaxTicks + std::uint64_t{1}))};
        ASSERT_EQ(parse_iso_timestamp(format_timestamp(t)), t);
        ASSERT_EQ(parse_iso_timestamp(format_timestamp_trimmed(t)), t);
    }
    EXPECT_EQ(parse_iso_timestamp(format_timestamp({Timestamp::kMaxTicks})),
              Timestamp{Timestamp::kMaxTicks});
}

TEST(Time, ParsesIsoInstants) {
    struct Case {
        const char* text;
        const char* expected;  // null: refused
    };
    const Case cases[] = {
        {"2026-11-23T19:00:00Z", "2026-11-23T19:00:00.0000000Z"},
        {"2026-11-23 19:00:00", "2026-11-23T19:00:00.0000000Z"},
        {"2026-11-23t19:00:00z", "2026-11-23T19:00:00.0000000Z"},
        {"2026-11-23T19:00", "2026-11-23T19:00:00.0000000Z"},
        {"2026-11-23", "2026-11-23T00:00:00.0000000Z"},
        {"2026-11-23T19:00:00.123456789Z", "2026-11-23T19:00:00.1234567Z"},
        {"2026-11-23T19:00:00.5+02:00", "2026-11-23T17:00:00.5000000Z"},
        {"2026-11-23T19:00:00-05:30", "2026-11-24T00:30:00.0000000Z"},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.0000000Z"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z"},
        {"9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"},
        {"", nullptr},
        {"2026", nullptr},
        {"2026-11", nullptr},
        {"2026-11-23T", nullptr},
        {"2026-11-23T19", nullptr},
        {"2026-11-23T24:00:00Z", nullptr},
        {"2026-11-23T19:60:00Z", nullptr},
        {"2026-11-23T19:00:60Z", nullptr},
        {"2026-11-23T19:00:00.Z", nullptr},
        {"2026-11-23T19:00:00.1234567890Z", nullptr},
        {"2026-11-23T19:00:00Z ", nullptr},
        {" 2026-11-23T19:00:00Z", nullptr},
        {"2026-11-23T19:00:00+0200", "2026-11-23T17:00:00.0000000Z"},
        {"2026-11-23T19:00:00+02", "2026-11-23T17:00:00.0000000Z"},
        {"2026-11-23T19:00:00+2", nullptr},
        {"2026-11-23T19:00:00+020", nullptr},
        {"2026-11-23T19:00:00+02:0", nullptr},
        {"2026-11-23T19:00:00+02:60", nullptr},
        {"2026-11-23T19:00:00+24:00", nullptr},
        {"2026-11-23T19:00:00ZZ", nullptr},
        {"2023-02-29T00:00:00Z", nullptr},
        {"1900-02-29", nullptr},
        {"2026-13-01", nullptr},
        {"2026-00-01", nullptr},
        {"2026-01-00", nullptr},
        {"0000-01-01", nullptr},
        {"0001-01-01T00:00:00+00:01", nullptr},
        {"9999-12-31T23:59:59-00:01", nullptr},
        {"12026-11-23", nullptr},
        {"2026-1-23", nullptr},
    };
    for (const Case& c : cases) {
        const auto t = parse_iso_timestamp(c.text);
        if (c.expected == nullptr) {
            EXPECT_FALSE(t.has_value()) << c.text;
        } else {
            ASSERT_TRUE(t.has_value()) << c.text;
            EXPECT_EQ(format_timestamp(*t), c.expected) << c.text;
        }
    }
}

TEST(Time, SpansInDotNetForm) {
    constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();
    struct Case {
        std::int64_t count;
        const char* text;
    };
    const Case cases[] = {
        {0, "00:00:00"},
        {1, "00:00:00.0000001"},
        {-Ticks::kSecond, "-00:00:01"},
        {Ticks::kDay, "1.00:00:00"},
        {3 * Ticks::kDay + 2 * Ticks::kHour + 5 * Ticks::kMillisecond, "3.02:00:00.0050000"},
        {kGreatest, "10675199.02:48:05.4775807"},
        {kLeast, "-10675199.02:48:05.4775808"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(format_ticks({c.count}), c.text);
        EXPECT_EQ(parse_ticks(c.text), Ticks{c.count}) << c.text;
    }
    EXPECT_EQ(parse_ticks("1:30"), Ticks{90 * Ticks::kMinute});
    EXPECT_EQ(parse_ticks("00:00:00.5"), Ticks{5 * Ticks::kSecond / 10});
    for (const char* bad : {"", "-", "1", "24:00:00", "00:60:00", "00:00:60", "1.24:00",
                            "00:00:", "00:00:00.", "00:00:00.12345678", "10675199.02:48:05.4775808",
                            "-10675199.02:48:05.4775809", " 00:00", "00:00 ", "+00:00"}) {
        EXPECT_FALSE(parse_ticks(bad).has_value()) << bad;
    }
}

TEST(Time, IsoDurations) {
    struct Case {
        const char* text;
        std::int64_t count;
        const char* formatted;
    };
    const Case cases[] = {
        {"PT15M", 15 * Ticks::kMinute, "PT15M"},
        {"P1D", Ticks::kDay, "P1D"},
        {"P1DT2H", 26 * Ticks::kHour, "P1DT2H"},
        {"PT0.5S", Ticks::kSecond / 2, "PT0.5S"},
        {"PT0S", 0, "PT0S"},
        {"P2W", 14 * Ticks::kDay, "P14D"},
        {"PT90M", 90 * Ticks::kMinute, "PT1H30M"},
        {"-PT1S", -Ticks::kSecond, "-PT1S"},
        {"PT1H0M1.0000001S", Ticks::kHour + Ticks::kSecond + 1, "PT1H1.0000001S"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(parse_iso_duration(c.text), Ticks{c.count}) << c.text;
        EXPECT_EQ(format_iso_duration({c.count}), c.formatted);
    }
    for (const char* bad : {"", "P", "PT", "P1DT", "P1Y", "P1M", "PT1D", "P1H", "PT1S1M", "PT1M1M",
                            "PT.5S", "PT1.5H", "P1D ", "p1d", "15M", "PT999999999999999999H"}) {
        EXPECT_FALSE(parse_iso_duration(bad).has_value()) << bad;
    }
    Random random(3);
    for (int i = 0; i < 100'000; ++i) {
        const Ticks t{static_cast<std::int64_t>(random.next() >> random.below(64))};
        ASSERT_EQ(parse_iso_duration(format_iso_duration(t)), t);
        ASSERT_EQ(parse_ticks(format_ticks(t)), t);
    }
}

TEST(Time, Clocks) {
    ManualClock manual({Timestamp::kUnixEpochTicks});
    manual.advance({Ticks::kSecond});
    EXPECT_EQ(manual.now_ns(), 1'000'000'000);
    EXPECT_EQ(format_timestamp_trimmed(manual.utc()), "1970-01-01T00:00:01Z");
    RealClock real;
    const std::int64_t first = real.now_ns();
    EXPECT_GE(real.now_ns(), first);
    EXPECT_GT(real.utc(), *parse_iso_timestamp("2024-01-01"));
}

}  // namespace
}  // namespace qd
