// Calendar arithmetic and the text forms of instants and spans, all in whole ticks of 100 ns, so
// that every value of the range survives a round trip through its text.
//
// The calendar is the proleptic Gregorian one of .NET's DateTime. Days and dates convert by
// counting years from March, which puts the leap day last, so that a month's start is a linear
// formula; constant time, no tables. Source: H. Hinnant, "chrono-Compatible Low-Level Date
// Algorithms".
#include "qd/base/time.h"

#include <array>
#include <limits>

namespace qd {
namespace {

constexpr std::int64_t kDaysFromMarchYearZero = 306;  // 0000-03-01 .. 0001-01-01
constexpr std::int64_t kDaysPerEra = 146'097;         // 400 years

__extension__ using Int128 = __int128;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads a text from left to right; a failed read leaves `ok` false for good.
struct Scanner {
    std::string_view text;
    std::size_t at = 0;
    bool ok = true;
    std::size_t last_digits = 0;  // how many the last number() read

    bool done() const { return at == text.size(); }
    char peek() const { return at < text.size() ? text[at] : '\0'; }
    bool accept(char c) {
        if (peek() == c && !done()) {
            ++at;
            return true;
        }
        return false;
    }
    void expect(char c) { ok = accept(c) && ok; }
    /// Between min and max digits.
    std::int64_t number(std::size_t digits_min, std::size_t digits_max) {
        std::int64_t value = 0;
        std::size_t digits = 0;
        while (digits < digits_max && is_digit(peek())) {
            value = value * 10 + (text[at] - '0');
            ++at;
            ++digits;
        }
        ok = ok && digits >= digits_min && !is_digit(peek());
        last_digits = digits;
        return value;
    }
    /// Fraction digits behind the point, as ticks; digits behind the seventh are cut.
    std::int64_t fraction(std::size_t digits_max) {
        std::int64_t value = 0;
        std::size_t digits = 0;
        for (; is_digit(peek()); ++at, ++digits) {
            if (digits < 7) {
                value = value * 10 + (text[at] - '0');
            }
        }
        ok = ok && digits >= 1 && digits <= digits_max;
        for (std::size_t i = digits; i < 7; ++i) {
            value *= 10;
        }
        return value;
    }
};

/// "+hh:mm", "+hhmm" or "+hh", ahead of UTC; in ticks.
std::int64_t read_zone(Scanner& in) {
    const bool west = in.accept('-');
    if (!west) {
        in.expect('+');
    }
    const std::int64_t digits = in.number(2, 4);
    std::int64_t hour = digits;
    std::int64_t minute = 0;
    if (in.last_digits == 4) {
        hour = digits / 100;
        minute = digits % 100;
    } else if (in.accept(':')) {
        minute = in.number(2, 2);
    }
    in.ok = in.ok && in.last_digits != 3 && hour <= 23 && minute <= 59;
    const std::int64_t zone = hour * Ticks::kHour + minute * Ticks::kMinute;
    return west ? -zone : zone;
}

int days_in_month(int year, int month) {
    constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

void put_digits(std::string& out, std::int64_t value, int width) {
    const std::size_t start = out.size();
    out.append(static_cast<std::size_t>(width), '0');
    for (std::size_t i = out.size(); i > start; --i) {
        out[i - 1] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

/// Everything but the fraction; returns the fraction.
std::int64_t put_timestamp(std::string& out, Timestamp t) {
    std::int64_t ticks = t.ticks < 0 ? 0 : t.ticks;
    ticks = ticks > Timestamp::kMaxTicks ? Timestamp::kMaxTicks : ticks;
    const CivilDate date = civil_from_days(ticks / Ticks::kDay);
    const std::int64_t of_day = ticks % Ticks::kDay;
    put_digits(out, date.year, 4);
    out += '-';
    put_digits(out, date.month, 2);
    out += '-';
    put_digits(out, date.day, 2);
    out += 'T';
    put_digits(out, of_day / Ticks::kHour, 2);
    out += ':';
    put_digits(out, of_day / Ticks::kMinute % 60, 2);
    out += ':';
    put_digits(out, of_day / Ticks::kSecond % 60, 2);
    return of_day % Ticks::kSecond;
}

void put_trimmed_fraction(std::string& out, std::int64_t fraction) {
    if (fraction == 0) {
        return;
    }
    out += '.';
    put_digits(out, fraction, 7);
    while (out.back() == '0') {
        out.pop_back();
    }
}

/// The distance from zero; right for the least int64 too.
std::uint64_t magnitude(std::int64_t count) {
    return count < 0 ? ~static_cast<std::uint64_t>(count) + 1 : static_cast<std::uint64_t>(count);
}

std::optional<Ticks> checked_ticks(Int128 total) {
    if (total < std::numeric_limits<std::int64_t>::min() ||
        total > std::numeric_limits<std::int64_t>::max()) {
        return std::nullopt;
    }
    return Ticks{static_cast<std::int64_t>(total)};
}

}  // namespace

std::int64_t days_from_civil(CivilDate date) {
    const std::int64_t year = date.month <= 2 ? std::int64_t{date.year} - 1 : date.year;
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t month_from_march = (date.month + 9) % 12;
    const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    const std::int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * kDaysPerEra + day_of_era - kDaysFromMarchYearZero;
}

CivilDate civil_from_days(std::int64_t days) {
    days += kDaysFromMarchYearZero;
    const std::int64_t era = (days >= 0 ? days : days - (kDaysPerEra - 1)) / kDaysPerEra;
    const std::int64_t day_of_era = days - era * kDaysPerEra;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
    CivilDate date;
    date.day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    date.month =
        static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    date.year = static_cast<int>(year_of_era + era * 400 + (date.month <= 2 ? 1 : 0));
    return date;
}

std::string format_timestamp(Timestamp t) {
    std::string out;
    out.reserve(28);
    const std::int64_t fraction = put_timestamp(out, t);
    out += '.';
    put_digits(out, fraction, 7);
    out += 'Z';
    return out;
}

std::string format_timestamp_trimmed(Timestamp t) {
    std::string out;
    out.reserve(28);
    put_trimmed_fraction(out, put_timestamp(out, t));
    out += 'Z';
    return out;
}

std::string format_ticks(Ticks t) {
    const std::uint64_t count = magnitude(t.count);
    const std::uint64_t days = count / Ticks::kDay;
    const auto of_day = static_cast<std::int64_t>(count % Ticks::kDay);
    std::string out;
    if (t.count < 0) {
        out += '-';
    }
    if (days != 0) {
        out += std::to_string(days);
        out += '.';
    }
    put_digits(out, of_day / Ticks::kHour, 2);
    out += ':';
    put_digits(out, of_day / Ticks::kMinute % 60, 2);
    out += ':';
    put_digits(out, of_day / Ticks::kSecond % 60, 2);
    if (const std::int64_t fraction = of_day % Ticks::kSecond; fraction != 0) {
        out += '.';
        put_digits(out, fraction, 7);
    }
    return out;
}

std::optional<Timestamp> parse_iso_timestamp(std::string_view text) {
    Scanner in{text};
    CivilDate date;
    date.year = static_cast<int>(in.number(4, 4));
    in.expect('-');
    date.month = static_cast<int>(in.number(2, 2));
    in.expect('-');
    date.day = static_cast<int>(in.number(2, 2));
    if (!in.ok || date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > days_in_month(date.year, date.month)) {
        return std::nullopt;
    }
    std::int64_t ticks = days_from_civil(date) * Ticks::kDay;
    if (in.done()) {
        return Timestamp{ticks};
    }
    if (!in.accept('T') && !in.accept('t') && !in.accept(' ')) {
        return std::nullopt;
    }
    const std::int64_t hour = in.number(2, 2);
    in.expect(':');
    const std::int64_t minute = in.number(2, 2);
    std::int64_t second = 0;
    std::int64_t fraction = 0;
    if (in.accept(':')) {
        second = in.number(2, 2);
        if (in.accept('.')) {
            fraction = in.fraction(9);
        }
    }
    if (!in.ok || hour > 23 || minute > 59 || second > 59) {
        return std::nullopt;
    }
    ticks += hour * Ticks::kHour + minute * Ticks::kMinute + second * Ticks::kSecond + fraction;
    if (!in.accept('Z') && !in.accept('z') && !in.done()) {
        ticks -= read_zone(in);
    }
    if (!in.ok || !in.done() || ticks < 0 || ticks > Timestamp::kMaxTicks) {
        return std::nullopt;
    }
    return Timestamp{ticks};
}

std::optional<Ticks> parse_ticks(std::string_view text) {
    Scanner in{text};
    const bool negative = in.accept('-');
    std::int64_t hour = in.number(1, 8);
    std::int64_t day = 0;
    if (in.accept('.')) {
        day = hour;
        hour = in.number(1, 2);
    }
    in.expect(':');
    const std::int64_t minute = in.number(1, 2);
    std::int64_t second = 0;
    std::int64_t fraction = 0;
    if (in.accept(':')) {
        second = in.number(1, 2);
        if (in.accept('.')) {
            fraction = in.fraction(7);
        }
    }
    if (!in.ok || !in.done() || hour > 23 || minute > 59 || second > 59) {
        return std::nullopt;
    }
    const Int128 total = Int128{day} * Ticks::kDay + hour * Ticks::kHour + minute * Ticks::kMinute +
                         second * Ticks::kSecond + fraction;
    return checked_ticks(negative ? -total : total);
}

std::optional<Ticks> parse_iso_duration(std::string_view text) {
    Scanner in{text};
    const bool negative = in.accept('-');
    in.expect('P');
    Int128 total = 0;
    // Units must come in this order, each at most once; rank is the next one allowed.
    int rank = 0;
    bool any = false;
    bool in_time = false;
    bool time_any = false;
    while (in.ok && !in.done()) {
        if (!in_time && in.accept('T')) {
            in_time = true;
            continue;
        }
        const std::int64_t count = in.number(1, 18);
        const bool has_fraction = in.accept('.');
        const std::int64_t fraction = has_fraction ? in.fraction(9) : 0;
        std::int64_t unit = 0;
        int unit_rank = 0;
        if (!in_time && in.accept('W')) {
            unit = 7 * Ticks::kDay;
            unit_rank = 1;
        } else if (!in_time && in.accept('D')) {
            unit = Ticks::kDay;
            unit_rank = 2;
        } else if (in_time && in.accept('H')) {
            unit = Ticks::kHour;
            unit_rank = 3;
        } else if (in_time && in.accept('M')) {
            unit = Ticks::kMinute;
            unit_rank = 4;
        } else if (in_time && in.accept('S')) {
            unit = Ticks::kSecond;
            unit_rank = 5;
        }
        if (!in.ok || unit_rank <= rank || (has_fraction && unit_rank != 5)) {
            return std::nullopt;
        }
        rank = unit_rank;
        any = true;
        time_any = in_time;
        total += Int128{count} * unit + fraction;
    }
    if (!in.ok || !any || in_time != time_any) {
        return std::nullopt;
    }
    return checked_ticks(negative ? -total : total);
}

std::string format_iso_duration(Ticks t) {
    if (t.count == 0) {
        return "PT0S";
    }
    const std::uint64_t count = magnitude(t.count);
    const std::uint64_t days = count / Ticks::kDay;
    const auto of_day = static_cast<std::int64_t>(count % Ticks::kDay);
    std::string out = t.count < 0 ? "-P" : "P";
    if (days != 0) {
        out += std::to_string(days) + "D";
    }
    if (of_day == 0) {
        return out;
    }
    out += 'T';
    const std::int64_t hours = of_day / Ticks::kHour;
    const std::int64_t minutes = of_day / Ticks::kMinute % 60;
    const std::int64_t seconds = of_day / Ticks::kSecond % 60;
    const std::int64_t fraction = of_day % Ticks::kSecond;
    if (hours != 0) {
        out += std::to_string(hours) + "H";
    }
    if (minutes != 0) {
        out += std::to_string(minutes) + "M";
    }
    if (seconds != 0 || fraction != 0) {
        out += std::to_string(seconds);
        put_trimmed_fraction(out, fraction);
        out += 'S';
    }
    return out;
}

}  // namespace qd
