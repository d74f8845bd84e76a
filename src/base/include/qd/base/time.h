#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qd {

/// A span of time in ticks of 100 ns: KQL's timespan.
struct Ticks {
    std::int64_t count = 0;
    auto operator<=>(const Ticks&) const = default;

    static constexpr std::int64_t kMicrosecond = 10;
    static constexpr std::int64_t kMillisecond = 10'000;
    static constexpr std::int64_t kSecond = 10'000'000;
    static constexpr std::int64_t kMinute = 60 * kSecond;
    static constexpr std::int64_t kHour = 60 * kMinute;
    static constexpr std::int64_t kDay = 24 * kHour;
};

/// An instant, UTC, in ticks of 100 ns since 0001-01-01T00:00:00: KQL's datetime.
/// Valid range 0 .. kMaxTicks (9999-12-31T23:59:59.9999999).
struct Timestamp {
    std::int64_t ticks = 0;
    auto operator<=>(const Timestamp&) const = default;

    static constexpr std::int64_t kUnixEpochTicks = 621'355'968'000'000'000;
    static constexpr std::int64_t kMaxTicks = 3'155'378'975'999'999'999;

    static constexpr Timestamp from_unix_ns(std::uint64_t ns) {
        return {kUnixEpochTicks + static_cast<std::int64_t>(ns / 100)};
    }
    static constexpr Timestamp from_unix_seconds(std::int64_t seconds) {
        return {kUnixEpochTicks + seconds * Ticks::kSecond};
    }
    constexpr std::int64_t unix_seconds() const {
        return (ticks - kUnixEpochTicks) / Ticks::kSecond;
    }
    constexpr std::int64_t unix_ns() const { return (ticks - kUnixEpochTicks) * 100; }
};

inline constexpr Timestamp operator+(Timestamp t, Ticks d) {
    return {t.ticks + d.count};
}
inline constexpr Timestamp operator-(Timestamp t, Ticks d) {
    return {t.ticks - d.count};
}
inline constexpr Ticks operator-(Timestamp a, Timestamp b) {
    return {a.ticks - b.ticks};
}

struct CivilDate {
    int year = 1;
    int month = 1;  // 1..12
    int day = 1;    // 1..31
};

/// Days since 0001-01-01 of a proleptic Gregorian date, and back.
std::int64_t days_from_civil(CivilDate date);
CivilDate civil_from_days(std::int64_t days);

/// "2026-11-23T19:00:00.0000000Z", always seven digits. Out of the valid range: its nearest end.
std::string format_timestamp(Timestamp t);
/// The same with trailing zeros of the fraction (and an empty fraction) left out.
std::string format_timestamp_trimmed(Timestamp t);
/// "[-][d.]hh:mm:ss[.fffffff]", .NET's constant form.
std::string format_ticks(Ticks t);

/// ISO 8601: date, 'T' or blank, time (seconds may be left out, so may the whole time), up to
/// nine fraction digits (more than seven are cut), optional zone (Z, +hh:mm, +hhmm or +hh; none
/// means UTC). Nothing else: the wider forms that KQL's todatetime() takes live in kql. Out of
/// range or malformed: nothing.
std::optional<Timestamp> parse_iso_timestamp(std::string_view text);
/// "[-][d.]hh:mm[:ss[.fffffff]]". Malformed: nothing.
std::optional<Ticks> parse_ticks(std::string_view text);
/// ISO 8601 durations: PT15M, P1D, P1DT2H, PT0.5S; years and months are refused; only
/// seconds may have a fraction.
std::optional<Ticks> parse_iso_duration(std::string_view text);
std::string format_iso_duration(Ticks t);

}  // namespace qd
