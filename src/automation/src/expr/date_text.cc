#include "expr/date_text.h"

#include "expr/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace qd::automation::expr {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

void append_number(std::string& out, std::int64_t value, int width) {
    std::array<char, 24> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%0*lld", width, static_cast<long long>(value));
    out += buffer.data();
}

std::string_view standard_format(char letter) {
    switch (letter) {
        case 'd':
            return "MM/dd/yyyy";
        case 'D':
            return "dddd, dd MMMM yyyy";
        case 'f':
            return "dddd, dd MMMM yyyy HH:mm";
        case 'F':
        case 'U':
            return "dddd, dd MMMM yyyy HH:mm:ss";
        case 'g':
            return "MM/dd/yyyy HH:mm";
        case 'G':
            return "MM/dd/yyyy HH:mm:ss";
        case 'm':
        case 'M':
            return "MMMM dd";
        case 'o':
        case 'O':
            return "yyyy-MM-ddTHH:mm:ss.fffffffK";
        case 'r':
        case 'R':
            return "ddd, dd MMM yyyy HH:mm:ss 'GMT'";
        case 's':
            return "yyyy-MM-ddTHH:mm:ss";
        case 't':
            return "HH:mm";
        case 'T':
            return "HH:mm:ss";
        case 'u':
            return "yyyy-MM-dd HH:mm:ss'Z'";
        case 'y':
        case 'Y':
            return "yyyy MMMM";
        default:
            return "";
    }
}

void append_fraction(std::string& out, std::int64_t ticks, std::size_t digits, bool trim) {
    std::string text;
    append_number(text, ticks, 7);
    text.resize(std::min<std::size_t>(digits, 7));
    if (trim) {
        while (!text.empty() && text.back() == '0') {
            text.pop_back();
        }
        if (text.empty() && !out.empty() && out.back() == '.') {
            out.pop_back();
        }
    }
    out += text;
}

/// One run of the same format letter.
bool append_field(std::string& out, char letter, std::size_t count, const DateParts& p, bool utc) {
    const int two = count >= 2 ? 2 : 1;
    switch (letter) {
        case 'y':
            if (count <= 2) {
                append_number(out, p.date.year % 100, two);
            } else {
                append_number(out, p.date.year, static_cast<int>(std::min<std::size_t>(count, 9)));
            }
            return true;
        case 'M': {
            const std::string_view name = kMonths[static_cast<std::size_t>(p.date.month - 1)];
            if (count >= 3) {
                out += count == 3 ? name.substr(0, 3) : name;
            } else {
                append_number(out, p.date.month, two);
            }
            return true;
        }
        case 'd': {
            const std::string_view name = kDays[static_cast<std::size_t>(p.weekday)];
            if (count >= 3) {
                out += count == 3 ? name.substr(0, 3) : name;
            } else {
                append_number(out, p.date.day, two);
            }
            return true;
        }
        case 'H':
            append_number(out, p.hour, two);
            return true;
        case 'h':
            append_number(out, p.hour % 12 == 0 ? 12 : p.hour % 12, two);
            return true;
        case 'm':
            append_number(out, p.minute, two);
            return true;
        case 's':
            append_number(out, p.second, two);
            return true;
        case 'f':
        case 'F':
            if (count > 7) {
                return false;
            }
            append_fraction(out, p.fraction, count, letter == 'F');
            return true;
        case 't': {
            const std::string_view mark = p.hour < 12 ? "AM" : "PM";
            out += count == 1 ? mark.substr(0, 1) : mark;
            return true;
        }
        case 'K':
            out.append(utc ? count : 0, 'Z');
            return true;
        case 'z':
            out += count == 1 ? "+0" : count == 2 ? "+00" : "+00:00";
            return true;
        case 'g':
            out += "A.D.";
            return true;
        default:
            out.append(count, letter);
            return true;
    }
}

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}
    std::optional<int> number(std::size_t digits_most) {
        int value = 0;
        std::size_t n = 0;
        while (n < digits_most && n < text_.size() && text_[n] >= '0' && text_[n] <= '9') {
            value = value * 10 + (text_[n] - '0');
            ++n;
        }
        text_.remove_prefix(n);
        return n == 0 ? std::nullopt : std::optional(value);
    }
    bool take(std::string_view token) {
        if (!equals_ignore_case(text_.substr(0, token.size()), token)) {
            return false;
        }
        text_.remove_prefix(token.size());
        return true;
    }
    void skip_space() {
        while (text_.starts_with(' ')) {
            text_.remove_prefix(1);
        }
    }
    bool done() const { return text_.empty(); }
    std::string_view rest() const { return text_; }

  private:
    std::string_view text_;
};

std::optional<Timestamp> make_time(int year, int month, int day, int hour, int minute, int second) {
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 ||
        second > 59) {
        return std::nullopt;
    }
    const std::int64_t days = days_from_civil({year, month, day});
    const CivilDate check = civil_from_days(days);
    if (check.month != month || check.day != day) {
        return std::nullopt;
    }
    return Timestamp{days * Ticks::kDay + hour * Ticks::kHour + minute * Ticks::kMinute +
                     second * Ticks::kSecond};
}

struct Clock3 {
    int hour = 0, minute = 0, second = 0;
};

/// "h:mm[:ss] [AM|PM]".
std::optional<Clock3> read_clock(Reader& in) {
    Clock3 clock;
    const auto hour = in.number(2);
    if (!hour.has_value() || !in.take(":")) {
        return std::nullopt;
    }
    const auto minute = in.number(2);
    std::optional<int> second = 0;
    if (in.take(":")) {
        second = in.number(2);
    }
    if (!minute.has_value() || !second.has_value()) {
        return std::nullopt;
    }
    clock = {*hour, *minute, *second};
    in.skip_space();
    const bool am = in.take("AM");
    if (am || in.take("PM")) {
        if (clock.hour < 1 || clock.hour > 12) {
            return std::nullopt;
        }
        clock.hour = clock.hour % 12 + (am ? 0 : 12);
    }
    return clock;
}

/// "M/d/yyyy[ time]".
std::optional<Timestamp> parse_slashes(std::string_view text) {
    Reader in(text);
    const auto month = in.number(2);
    if (!month.has_value() || !in.take("/")) {
        return std::nullopt;
    }
    const auto day = in.number(2);
    if (!day.has_value() || !in.take("/")) {
        return std::nullopt;
    }
    const auto year = in.number(4);
    if (!year.has_value()) {
        return std::nullopt;
    }
    in.skip_space();
    Clock3 clock;
    if (!in.done()) {
        const auto read = read_clock(in);
        if (!read.has_value()) {
            return std::nullopt;
        }
        clock = *read;
        in.take("Z");
    }
    return in.done() ? make_time(*year, *month, *day, clock.hour, clock.minute, clock.second)
                     : std::nullopt;
}

/// "Mon, 23 Nov 2026 19:00:00 GMT"; the day's name may be left out.
std::optional<Timestamp> parse_rfc1123(std::string_view text) {
    const std::size_t comma = text.find(',');
    Reader in(comma == std::string_view::npos ? text : text.substr(comma + 1));
    in.skip_space();
    const auto day = in.number(2);
    in.skip_space();
    int month = 0;
    for (std::size_t i = 0; i < kMonths.size() && month == 0; ++i) {
        if (in.take(kMonths[i]) || in.take(kMonths[i].substr(0, 3))) {
            month = static_cast<int>(i) + 1;
        }
    }
    in.skip_space();
    const auto year = in.number(4);
    if (!day.has_value() || month == 0 || !year.has_value()) {
        return std::nullopt;
    }
    in.skip_space();
    Clock3 clock;
    if (!in.done()) {
        const auto read = read_clock(in);
        if (!read.has_value()) {
            return std::nullopt;
        }
        clock = *read;
        in.skip_space();
        if (!in.take("GMT") && !in.take("UTC")) {
            in.take("Z");
        }
    }
    return in.done() ? make_time(*year, month, *day, clock.hour, clock.minute, clock.second)
                     : std::nullopt;
}

}  // namespace

DateParts date_parts(Timestamp time) {
    const std::int64_t days = time.ticks / Ticks::kDay;
    const std::int64_t rest = time.ticks % Ticks::kDay;
    DateParts p;
    p.date = civil_from_days(days);
    p.hour = static_cast<int>(rest / Ticks::kHour);
    p.minute = static_cast<int>(rest / Ticks::kMinute % 60);
    p.second = static_cast<int>(rest / Ticks::kSecond % 60);
    p.fraction = rest % Ticks::kSecond;
    p.weekday = static_cast<int>((days + 1) % 7);  // 0001-01-01 was a Monday
    p.day_of_year = static_cast<int>(days - days_from_civil({p.date.year, 1, 1})) + 1;
    return p;
}

std::optional<Timestamp> add_ticks(Timestamp time, std::int64_t ticks) {
    std::int64_t out = 0;
    if (__builtin_add_overflow(time.ticks, ticks, &out) || out < 0 || out > Timestamp::kMaxTicks) {
        return std::nullopt;
    }
    return Timestamp{out};
}

std::optional<Timestamp> add_months(Timestamp time, std::int64_t months) {
    const DateParts p = date_parts(time);
    if (months > 120'000 || months < -120'000) {
        return std::nullopt;
    }
    const std::int64_t index = (p.date.year * 12) + (p.date.month - 1) + months;
    if (index < 12 || index >= 120'000) {
        return std::nullopt;
    }
    const int year = static_cast<int>(index / 12);
    const int month = static_cast<int>(index % 12) + 1;
    const std::int64_t first = days_from_civil({year, month, 1});
    const std::int64_t next =
        month == 12 ? days_from_civil({year + 1, 1, 1}) : days_from_civil({year, month + 1, 1});
    const std::int64_t day = std::min<std::int64_t>(p.date.day - 1, next - first - 1);
    return Timestamp{(first + day) * Ticks::kDay + time.ticks % Ticks::kDay};
}

std::optional<std::string> format_date(DateView date, std::string_view format) {
    if (format.size() == 1) {
        const std::string_view standard = standard_format(format[0]);
        return standard.empty() ? std::nullopt : format_date(date, standard);
    }
    const DateParts parts = date_parts(date.time);
    std::string out;
    for (std::size_t i = 0; i < format.size();) {
        const char c = format[i];
        if (c == '\'' || c == '"') {
            const std::size_t end = format.find(c, i + 1);
            if (end == std::string_view::npos) {
                return std::nullopt;
            }
            out += format.substr(i + 1, end - i - 1);
            i = end + 1;
        } else if (c == '\\') {
            if (i + 1 == format.size()) {
                return std::nullopt;
            }
            out += format[i + 1];
            i += 2;
        } else if (c == '%' && i + 1 < format.size()) {
            ++i;
        } else {
            std::size_t count = 1;
            while (i + count < format.size() && format[i + count] == c) {
                ++count;
            }
            if (!append_field(out, c, count, parts, date.utc)) {
                return std::nullopt;
            }
            i += count;
        }
    }
    return out;
}

std::optional<Timestamp> parse_date(std::string_view text) {
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    while (text.ends_with(' ')) {
        text.remove_suffix(1);
    }
    if (const auto iso = parse_iso_timestamp(text)) {
        return iso;
    }
    if (const auto slashes = parse_slashes(text)) {
        return slashes;
    }
    return parse_rfc1123(text);
}

}  // namespace qd::automation::expr
