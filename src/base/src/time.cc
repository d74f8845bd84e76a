// Civil dates by Howard Hinnant's era arithmetic ("chrono-Compatible Low-Level Date Algorithms"),
// shifted from 1970 to 0001-01-01, the zero of KQL's datetime.
#include "qd/base/time.h"

#include <array>
#include <limits>

namespace qd {

namespace {

constexpr std::int64_t kDaysToUnixEpoch = 719'162;  // 0001-01-01 to 1970-01-01

bool read_digits(std::string_view text, std::size_t& at, std::size_t digits, std::int64_t& out) {
    if (text.size() - at < digits) {
        return false;
    }
    out = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        const char c = text[at + i];
        if (c < '0' || c > '9') {
            return false;
        }
        out = out * 10 + (c - '0');
    }
    at += digits;
    return true;
}

bool skip(std::string_view text, std::size_t& at, char c) {
    if (at < text.size() && text[at] == c) {
        ++at;
        return true;
    }
    return false;
}

/// Digits behind a decimal point as ticks; more than seven are cut.
bool read_fraction(std::string_view text, std::size_t& at, std::int64_t& ticks) {
    const std::size_t begin = at;
    std::int64_t scale = Ticks::kSecond;
    ticks = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        if (scale > 1) {
            scale /= 10;
            ticks += (text[at] - '0') * scale;
        }
        ++at;
    }
    return at > begin;
}

int days_in_month(int year, int month) {
    static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

void append_padded(std::string& out, std::int64_t number, int digits) {
    std::array<char, 20> buffer{};
    for (int i = digits; i-- > 0;) {
        buffer[static_cast<std::size_t>(i)] = static_cast<char>('0' + number % 10);
        number /= 10;
    }
    out.append(buffer.data(), static_cast<std::size_t>(digits));
}

/// "Z", "+hh:mm", "+hhmm", "+hh" or nothing; the offset in ticks.
bool read_zone(std::string_view text, std::size_t& at, std::int64_t& offset) {
    offset = 0;
    if (at == text.size()) {
        return true;
    }
    if (skip(text, at, 'Z') || skip(text, at, 'z')) {
        return true;
    }
    const bool negative = text[at] == '-';
    if (!negative && text[at] != '+') {
        return false;
    }
    ++at;
    std::int64_t hours = 0;
    std::int64_t minutes = 0;
    if (!read_digits(text, at, 2, hours)) {
        return false;
    }
    if (at < text.size()) {
        skip(text, at, ':');
        if (!read_digits(text, at, 2, minutes)) {
            return false;
        }
    }
    if (hours > 14 || minutes > 59) {
        return false;
    }
    offset = (hours * 60 + minutes) * Ticks::kMinute * (negative ? -1 : 1);
    return true;
}

}  // namespace

std::int64_t days_from_civil(CivilDate date) {
    const std::int64_t y = date.year - (date.month <= 2 ? 1 : 0);
    const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
    const std::int64_t yoe = y - era * 400;
    const std::int64_t doy =
        (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    const std::int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146'097 + doe - 719'468 + kDaysToUnixEpoch;
}

CivilDate civil_from_days(std::int64_t days) {
    const std::int64_t z = days - kDaysToUnixEpoch + 719'468;
    const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
    const std::int64_t doe = z - era * 146'097;
    const std::int64_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
    const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const std::int64_t mp = (5 * doy + 2) / 153;
    CivilDate date;
    date.day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
    date.month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
    date.year = static_cast<int>(yoe + era * 400 + (date.month <= 2 ? 1 : 0));
    return date;
}

std::string format_timestamp(Timestamp t) {
    const std::int64_t days = t.ticks / Ticks::kDay;
    const std::int64_t in_day = t.ticks % Ticks::kDay;
    const CivilDate date = civil_from_days(days);
    std::string out;
    out.reserve(28);
    append_padded(out, date.year, 4);
    out += '-';
    append_padded(out, date.month, 2);
    out += '-';
    append_padded(out, date.day, 2);
    out += 'T';
    append_padded(out, in_day / Ticks::kHour, 2);
    out += ':';
    append_padded(out, in_day / Ticks::kMinute % 60, 2);
    out += ':';
    append_padded(out, in_day / Ticks::kSecond % 60, 2);
    out += '.';
    append_padded(out, in_day % Ticks::kSecond, 7);
    out += 'Z';
    return out;
}

std::string format_timestamp_trimmed(Timestamp t) {
    std::string out = format_timestamp(t);
    out.pop_back();
    while (out.back() == '0') {
        out.pop_back();
    }
    if (out.back() == '.') {
        out.pop_back();
    }
    out += 'Z';
    return out;
}

std::string format_ticks(Ticks t) {
    std::string out;
    // The magnitude as unsigned, so that the smallest value prints too.
    std::uint64_t rest = static_cast<std::uint64_t>(t.count);
    if (t.count < 0) {
        out += '-';
        rest = 0 - rest;
    }
    const std::uint64_t days = rest / static_cast<std::uint64_t>(Ticks::kDay);
    const auto in_day = static_cast<std::int64_t>(rest % static_cast<std::uint64_t>(Ticks::kDay));
    if (days > 0) {
        out += std::to_string(days);
        out += '.';
    }
    append_padded(out, in_day / Ticks::kHour, 2);
    out += ':';
    append_padded(out, in_day / Ticks::kMinute % 60, 2);
    out += ':';
    append_padded(out, in_day / Ticks::kSecond % 60, 2);
    if (in_day % Ticks::kSecond != 0) {
        out += '.';
        append_padded(out, in_day % Ticks::kSecond, 7);
    }
    return out;
}

std::optional<Timestamp> parse_iso_timestamp(std::string_view text) {
    std::size_t at = 0;
    std::int64_t year = 0;
    std::int64_t month = 0;
    std::int64_t day = 0;
    if (!read_digits(text, at, 4, year) || !skip(text, at, '-') ||
        !read_digits(text, at, 2, month) || !skip(text, at, '-') ||
        !read_digits(text, at, 2, day)) {
        return std::nullopt;
    }
    if (year < 1 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(static_cast<int>(year), static_cast<int>(month))) {
        return std::nullopt;
    }
    std::int64_t hour = 0;
    std::int64_t minute = 0;
    std::int64_t second = 0;
    std::int64_t fraction = 0;
    std::int64_t offset = 0;
    if (at < text.size()) {
        if (!skip(text, at, 'T') && !skip(text, at, 't') && !skip(text, at, ' ')) {
            return std::nullopt;
        }
        if (!read_digits(text, at, 2, hour) || !skip(text, at, ':') ||
            !read_digits(text, at, 2, minute)) {
            return std::nullopt;
        }
        if (skip(text, at, ':') && !read_digits(text, at, 2, second)) {
            return std::nullopt;
        }
        if (skip(text, at, '.') && !read_fraction(text, at, fraction)) {
            return std::nullopt;
        }
        if (!read_zone(text, at, offset) || at != text.size()) {
            return std::nullopt;
        }
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return std::nullopt;
    }
    const std::int64_t days = days_from_civil({.year = static_cast<int>(year),
                                               .month = static_cast<int>(month),
                                               .day = static_cast<int>(day)});
    const std::int64_t ticks = days * Ticks::kDay + hour * Ticks::kHour + minute * Ticks::kMinute +
                               second * Ticks::kSecond + fraction - offset;
    if (ticks < 0 || ticks > Timestamp::kMaxTicks) {
        return std::nullopt;
    }
    return Timestamp{ticks};
}

std::optional<Ticks> parse_ticks(std::string_view text) {
    std::size_t at = 0;
    const bool negative = skip(text, at, '-');
    std::int64_t first = 0;
    std::size_t digits = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        if (++digits > 8) {
            return std::nullopt;
        }
        first = first * 10 + (text[at++] - '0');
    }
    if (digits == 0) {
        return std::nullopt;
    }
    std::int64_t days = 0;
    std::int64_t hours = first;
    if (skip(text, at, '.')) {
        days = first;
        if (!read_digits(text, at, 2, hours)) {
            return std::nullopt;
        }
    }
    std::int64_t minutes = 0;
    std::int64_t seconds = 0;
    std::int64_t fraction = 0;
    if (!skip(text, at, ':') || !read_digits(text, at, 2, minutes)) {
        return std::nullopt;
    }
    if (skip(text, at, ':') && !read_digits(text, at, 2, seconds)) {
        return std::nullopt;
    }
    if (skip(text, at, '.') && !read_fraction(text, at, fraction)) {
        return std::nullopt;
    }
    if (at != text.size() || hours > 23 || minutes > 59 || seconds > 59 || days > 10'675'199) {
        return std::nullopt;
    }
    // Beyond the range of 64-bit ticks only within the last day: refuse that day.
    if (days == 10'675'199) {
        return std::nullopt;
    }
    const std::int64_t ticks = days * Ticks::kDay + hours * Ticks::kHour +
                               minutes * Ticks::kMinute + seconds * Ticks::kSecond + fraction;
    return Ticks{negative ? -ticks : ticks};
}

std::optional<Ticks> parse_iso_duration(std::string_view text) {
    std::size_t at = 0;
    const bool negative = skip(text, at, '-');
    if (!skip(text, at, 'P')) {
        return std::nullopt;
    }
    bool in_time = false;
    bool any = false;
    std::int64_t total = 0;
    while (at < text.size()) {
        if (!in_time && skip(text, at, 'T')) {
            in_time = true;
            any = false;
            continue;
        }
        std::int64_t number = 0;
        std::int64_t fraction = 0;
        std::size_t digits = 0;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
            if (++digits > 9) {
                return std::nullopt;
            }
            number = number * 10 + (text[at++] - '0');
        }
        const bool has_fraction = skip(text, at, '.');
        if (digits == 0 || (has_fraction && !read_fraction(text, at, fraction)) ||
            at == text.size()) {
            return std::nullopt;
        }
        const char unit = text[at++];
        std::int64_t scale = 0;
        if (!in_time) {
            scale = unit == 'D' ? Ticks::kDay : unit == 'W' ? 7 * Ticks::kDay : 0;
        } else {
            scale = unit == 'H'   ? Ticks::kHour
                    : unit == 'M' ? Ticks::kMinute
                    : unit == 'S' ? Ticks::kSecond
                                  : 0;
        }
        if (scale == 0 || number > std::numeric_limits<std::int64_t>::max() / scale / 4) {
            return std::nullopt;
        }
        total += number * scale + fraction * (scale / Ticks::kSecond);
        any = true;
    }
    if (!any) {
        return std::nullopt;
    }
    return Ticks{negative ? -total : total};
}

std::string format_iso_duration(Ticks t) {
    std::string out = t.count < 0 ? "-P" : "P";
    std::int64_t rest = t.count < 0 ? -t.count : t.count;
    const std::int64_t days = rest / Ticks::kDay;
    rest %= Ticks::kDay;
    if (days > 0) {
        out += std::to_string(days) + "D";
    }
    if (rest == 0) {
        return days > 0 ? out : "PT0S";
    }
    out += 'T';
    if (rest / Ticks::kHour > 0) {
        out += std::to_string(rest / Ticks::kHour) + "H";
    }
    if (rest / Ticks::kMinute % 60 > 0) {
        out += std::to_string(rest / Ticks::kMinute % 60) + "M";
    }
    const std::int64_t seconds = rest % Ticks::kMinute;
    if (seconds > 0) {
        out += std::to_string(seconds / Ticks::kSecond);
        if (seconds % Ticks::kSecond != 0) {
            std::string fraction;
            append_padded(fraction, seconds % Ticks::kSecond, 7);
            while (fraction.back() == '0') {
                fraction.pop_back();
            }
            out += "." + fraction;
        }
        out += 'S';
    }
    return out;
}

}  // namespace qd
