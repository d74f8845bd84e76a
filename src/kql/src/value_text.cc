#include "value_text.h"

#include "qd/codec/guid.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

// Text to values. Hand-written scanners rather than one regular expression per form: a cell is
// read once, left to right, and every form shares the scanning of numbers. Sources: the engine's
// recorded answers (kql.md b.7, b.13) and the documentation of the datetime and timespan types.

namespace qd::kql {
namespace {

bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
char lower(char c) {
    return (c >= 'A' && c <= 'Z') ? static_cast<char>(c + 32) : c;
}
bool equals_ignoring_case(std::string_view a, std::string_view lower_b) {
    if (a.size() != lower_b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower_b[i]) {
            return false;
        }
    }
    return true;
}

std::optional<std::uint64_t> parse_hex(std::string_view digits, std::size_t digits_max) {
    while (digits.size() > 1 && digits.front() == '0') {
        digits.remove_prefix(1);
    }
    if (digits.empty() || digits.size() > digits_max) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return value;
}

template <typename T>
std::optional<T> parse_decimal_integer(std::string_view text) {
    if (text.size() > 1 && text.front() == '+' && text[1] != '-') {
        text.remove_prefix(1);
    }
    T value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

bool has_hex_prefix(std::string_view text) {
    return text.size() > 2 && text[0] == '0' && lower(text[1]) == 'x';
}

/// Reads a text from the left.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}
    bool done() const { return at_ == text_.size(); }
    char peek() const { return done() ? '\0' : text_[at_]; }
    char peek_at(std::size_t ahead) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    bool take(char c) {
        if (done() || text_[at_] != c) {
            return false;
        }
        ++at_;
        return true;
    }
    void skip_blanks() {
        while (!done() && is_blank(text_[at_])) {
            ++at_;
        }
    }
    std::size_t digits_ahead() const {
        std::size_t n = 0;
        while (at_ + n < text_.size() && is_digit(text_[at_ + n])) {
            ++n;
        }
        return n;
    }
    /// min..max digits; nothing when there are fewer or more.
    std::optional<int> number(std::size_t digits_min, std::size_t digits_max) {
        const std::size_t n = digits_ahead();
        if (n < digits_min || n > digits_max) {
            return std::nullopt;
        }
        int value = 0;
        for (std::size_t i = 0; i < n; ++i) {
            value = value * 10 + (text_[at_++] - '0');
        }
        return value;
    }
    /// The digits of a fraction as ticks; more than seven are cut.
    std::optional<std::int64_t> fraction() {
        if (!is_digit(peek())) {
            return std::nullopt;
        }
        std::int64_t value = 0;
        int digits = 0;
        while (is_digit(peek())) {
            if (digits < 7) {
                value = value * 10 + (peek() - '0');
                ++digits;
            }
            ++at_;
        }
        for (; digits < 7; ++digits) {
            value *= 10;
        }
        return value;
    }
    std::string_view letters() {
        const std::size_t begin = at_;
        while (!done() && lower(text_[at_]) >= 'a' && lower(text_[at_]) <= 'z') {
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

std::optional<int> month_of(std::string_view name) {
    static constexpr std::array<std::string_view, 12> kMonths = {
        "january", "february", "march",     "april",   "may",      "june",
        "july",    "august",   "september", "october", "november", "december"};
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
        if (equals_ignoring_case(name, kMonths[i]) ||
            equals_ignoring_case(name, kMonths[i].substr(0, 3))) {
            return static_cast<int>(i) + 1;
        }
    }
    return std::nullopt;
}

int days_in_month(int year, int month) {
    static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

/// Year first, month first, or day and month name.
std::optional<CivilDate> scan_date(Scanner& in) {
    CivilDate date;
    const std::size_t digits = in.digits_ahead();
    if (digits == 4) {
        date.year = *in.number(4, 4);
        const char separator = in.peek();
        if ((separator == '-' || separator == '/') && is_digit(in.peek_at(1))) {
            in.take(separator);
            const auto month = in.number(1, 2);
            if (!month) {
                return std::nullopt;
            }
            date.month = *month;
            if (in.take(separator)) {
                const auto day = in.number(1, 2);
                if (!day) {
                    return std::nullopt;
                }
                date.day = *day;
            }
        }
        return date;
    }
    if (digits == 8) {
        const int packed = *in.number(8, 8);
        return CivilDate{packed / 10000, packed / 100 % 100, packed % 100};
    }
    if (digits != 1 && digits != 2) {
        return std::nullopt;
    }
    const int first = *in.number(1, 2);
    const char separator = in.peek();
    if ((separator == '/' || separator == '-') && is_digit(in.peek_at(1))) {
        in.take(separator);
        const auto day = in.number(1, 2);
        if (!day || !in.take(separator)) {
            return std::nullopt;
        }
        const auto year = in.number(4, 4);
        if (!year) {
            return std::nullopt;
        }
        return CivilDate{*year, first, *day};
    }
    if (!in.take('-')) {
        in.skip_blanks();
    }
    const auto month = month_of(in.letters());
    if (!month) {
        return std::nullopt;
    }
    if (!in.take('-')) {
        in.skip_blanks();
    }
    const std::size_t year_digits = in.digits_ahead();
    if (year_digits != 2 && year_digits != 4) {
        return std::nullopt;
    }
    int year = *in.number(2, 4);
    if (year_digits == 2) {
        year += year < 50 ? 2000 : 1900;
    }
    return CivilDate{year, *month, first};
}

/// hh:mm[:ss[.f…]] [AM|PM]
std::optional<std::int64_t> scan_time(Scanner& in) {
    const auto hour = in.number(1, 2);
    if (!hour || !in.take(':')) {
        return std::nullopt;
    }
    const auto minute = in.number(1, 2);
    if (!minute) {
        return std::nullopt;
    }
    std::int64_t ticks = 0;
    if (in.take(':')) {
        const auto second = in.number(1, 2);
        if (!second || *second > 59) {
            return std::nullopt;
        }
        ticks = *second * Ticks::kSecond;
        if (in.take('.') || in.take(',')) {
            const auto fraction = in.fraction();
            if (!fraction) {
                return std::nullopt;
            }
            ticks += *fraction;
        }
    }
    int hour24 = *hour;
    in.skip_blanks();
    const char half = lower(in.peek());
    if ((half == 'a' || half == 'p') && lower(in.peek_at(1)) == 'm') {
        if (hour24 < 1 || hour24 > 12) {
            return std::nullopt;
        }
        hour24 = hour24 % 12 + (half == 'p' ? 12 : 0);
        in.letters();
    }
    if (hour24 > 23 || *minute > 59) {
        return std::nullopt;
    }
    return ticks + hour24 * Ticks::kHour + *minute * Ticks::kMinute;
}

/// Z, GMT, UTC, ±hh[[:]mm]; nothing written is UTC.
std::optional<std::int64_t> scan_zone(Scanner& in) {
    in.skip_blanks();
    if (in.done()) {
        return 0;
    }
    const bool minus = in.peek() == '-';
    if (in.take('+') || in.take('-')) {
        const std::size_t digits = in.digits_ahead();
        int minutes = 0;
        if (digits == 4) {
            const int packed = *in.number(4, 4);
            minutes = packed / 100 * 60 + packed % 100;
        } else {
            const auto hours = in.number(1, 2);
            if (!hours) {
                return std::nullopt;
            }
            minutes = *hours * 60;
            if (in.take(':')) {
                const auto rest = in.number(2, 2);
                if (!rest) {
                    return std::nullopt;
                }
                minutes += *rest;
            }
        }
        return (minus ? -minutes : minutes) * Ticks::kMinute;
    }
    const std::string_view name = in.letters();
    if (equals_ignoring_case(name, "z") || equals_ignoring_case(name, "gmt") ||
        equals_ignoring_case(name, "utc") || equals_ignoring_case(name, "ut")) {
        return 0;
    }
    return std::nullopt;
}

/// Ticks of one unit; 0 for a word that is none.
double ticks_of_unit(std::string_view unit) {
    struct Unit {
        std::string_view name;
        std::int64_t ticks;
    };
    static constexpr std::array<Unit, 27> kUnits = {{
        {"d", Ticks::kDay},
        {"day", Ticks::kDay},
        {"days", Ticks::kDay},
        {"h", Ticks::kHour},
        {"hr", Ticks::kHour},
        {"hrs", Ticks::kHour},
        {"hour", Ticks::kHour},
        {"hours", Ticks::kHour},
        {"m", Ticks::kMinute},
        {"min", Ticks::kMinute},
        {"minute", Ticks::kMinute},
        {"minutes", Ticks::kMinute},
        {"s", Ticks::kSecond},
        {"sec", Ticks::kSecond},
        {"second", Ticks::kSecond},
        {"seconds", Ticks::kSecond},
        {"ms", Ticks::kMillisecond},
        {"milli", Ticks::kMillisecond},
        {"millis", Ticks::kMillisecond},
        {"millisec", Ticks::kMillisecond},
        {"millisecond", Ticks::kMillisecond},
        {"milliseconds", Ticks::kMillisecond},
        {"micro", 10},
        {"microsecond", 10},
        {"microseconds", 10},
        {"tick", 1},
        {"ticks", 1},
    }};
    for (const Unit& u : kUnits) {
        if (u.name == unit) {
            return static_cast<double>(u.ticks);
        }
    }
    return 0;
}

std::optional<Ticks> parse_with_unit(std::string_view text) {
    std::size_t letters = 0;
    while (letters < text.size() && text[text.size() - 1 - letters] >= 'a' &&
           text[text.size() - 1 - letters] <= 'z') {
        ++letters;
    }
    const double unit = ticks_of_unit(text.substr(text.size() - letters));
    const auto number = parse_real_text(text.substr(0, text.size() - letters));
    if (unit == 0 || !number || !std::isfinite(*number) || std::abs(*number * unit) >= 9.2e18) {
        return std::nullopt;
    }
    return Ticks{static_cast<std::int64_t>(std::llround(*number * unit))};
}

}  // namespace

std::string_view trim_blanks(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::optional<std::int64_t> parse_long_text(std::string_view text) {
    text = trim_blanks(text);
    if (has_hex_prefix(text)) {
        const auto bits = parse_hex(text.substr(2), 16);
        return bits ? std::optional(static_cast<std::int64_t>(*bits)) : std::nullopt;
    }
    return parse_decimal_integer<std::int64_t>(text);
}

std::optional<std::int32_t> parse_int_text(std::string_view text) {
    text = trim_blanks(text);
    if (has_hex_prefix(text)) {
        const auto bits = parse_hex(text.substr(2), 8);
        return bits ? std::optional(static_cast<std::int32_t>(static_cast<std::uint32_t>(*bits)))
                    : std::nullopt;
    }
    return parse_decimal_integer<std::int32_t>(text);
}

std::optional<double> parse_real_text(std::string_view text) {
    text = trim_blanks(text);
    const bool minus = !text.empty() && text.front() == '-';
    if (minus || (!text.empty() && text.front() == '+')) {
        text.remove_prefix(1);
    }
    if (text.empty()) {
        return std::nullopt;
    }
    if (!is_digit(text.front()) && text.front() != '.') {
        if (text == "NaN" || text == "nan") {
            return std::numeric_limits<double>::quiet_NaN();
        }
        if (text == "Inf" || text == "inf" || text == "Infinity" || text == "infinity") {
            return minus ? -std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::infinity();
        }
        return std::nullopt;
    }
    double value = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ptr != end || parsed.ec == std::errc::invalid_argument) {
        return std::nullopt;
    }
    if (parsed.ec == std::errc::result_out_of_range) {
        // from_chars does not say which side it fell off; strtod does.
        value = std::strtod(std::string(text).c_str(), nullptr);
    }
    return minus ? -value : value;
}

std::optional<bool> parse_bool_text(std::string_view text) {
    if (equals_ignoring_case(text, "true")) {
        return true;
    }
    if (equals_ignoring_case(text, "false")) {
        return false;
    }
    if (text != trim_blanks(text)) {
        return std::nullopt;
    }
    const auto number = parse_decimal_integer<std::int64_t>(text);
    return number ? std::optional(*number != 0) : std::nullopt;
}

std::optional<Timestamp> parse_datetime_text(std::string_view text) {
    Scanner in(trim_blanks(text));
    if (in.done()) {
        return std::nullopt;
    }
    if (!is_digit(in.peek())) {  // "Sat, " or "Saturday, "
        if (in.letters().size() < 3) {
            return std::nullopt;
        }
        in.take(',');
        in.skip_blanks();
    }
    const auto date = scan_date(in);
    if (!date || date->year < 1 || date->month < 1 || date->month > 12 || date->day < 1 ||
        date->day > days_in_month(date->year, date->month)) {
        return std::nullopt;
    }
    std::int64_t ticks = days_from_civil(*date) * Ticks::kDay;
    if (in.peek() == 'T' || in.peek() == 't' || is_blank(in.peek())) {
        if (!in.take('T') && !in.take('t')) {
            in.skip_blanks();
        }
        if (is_digit(in.peek())) {
            const auto time = scan_time(in);
            if (!time) {
                return std::nullopt;
            }
            ticks += *time;
        }
    }
    const auto zone = scan_zone(in);
    if (!zone || !in.done()) {
        return std::nullopt;
    }
    ticks -= *zone;
    if (ticks < 0 || ticks > Timestamp::kMaxTicks) {
        return std::nullopt;
    }
    return Timestamp{ticks};
}

std::optional<Ticks> parse_timespan_text(std::string_view text) {
    text = trim_blanks(text);
    if (text.empty()) {
        return std::nullopt;
    }
    if (text.find(':') == std::string_view::npos) {
        if (const auto days = parse_decimal_integer<std::int64_t>(text)) {
            if (*days > 10'675'199 || *days < -10'675'199) {
                return std::nullopt;
            }
            return Ticks{*days * Ticks::kDay};
        }
        return parse_with_unit(text);
    }
    Scanner in(text);
    const bool minus = in.take('-');
    auto first = in.number(1, 8);
    if (!first) {
        return std::nullopt;
    }
    std::int64_t ticks = 0;
    if (in.take('.')) {
        ticks = *first * Ticks::kDay;
        first = in.number(1, 2);
    }
    if (!first || *first > 23 || !in.take(':')) {
        return std::nullopt;
    }
    ticks += *first * Ticks::kHour;
    const auto minute = in.number(1, 2);
    if (!minute || *minute > 59) {
        return std::nullopt;
    }
    ticks += *minute * Ticks::kMinute;
    if (in.take(':')) {
        const auto second = in.number(1, 2);
        if (!second || *second > 59) {
            return std::nullopt;
        }
        ticks += *second * Ticks::kSecond;
        if (in.take('.')) {
            const auto fraction = in.fraction();
            if (!fraction) {
                return std::nullopt;
            }
            ticks += *fraction;
        }
    }
    if (!in.done()) {
        return std::nullopt;
    }
    return Ticks{minus ? -ticks : ticks};
}

std::optional<GuidValue> parse_guid_text(std::string_view text) {
    text = trim_blanks(text);
    if (text.size() >= 2 && ((text.front() == '{' && text.back() == '}') ||
                             (text.front() == '(' && text.back() == ')'))) {
        text = text.substr(1, text.size() - 2);
    }
    std::string digits;
    for (const char c : text) {
        if (c != '-') {
            digits.push_back(c);
        }
    }
    if (digits.size() != 32) {
        return std::nullopt;
    }
    return parse_guid(digits);
}

std::int64_t truncate_to_long(double value) {
    if (std::isnan(value) || value <= -9223372036854775808.0) {
        return std::numeric_limits<std::int64_t>::min();
    }
    if (value >= 9223372036854775808.0) {
        return std::numeric_limits<std::int64_t>::max();
    }
    return static_cast<std::int64_t>(value);
}

std::int32_t truncate_to_int(double value) {
    if (std::isnan(value) || value <= -2147483648.0) {
        return std::numeric_limits<std::int32_t>::min();
    }
    if (value >= 2147483647.0) {
        return std::numeric_limits<std::int32_t>::max();
    }
    return static_cast<std::int32_t>(value);
}

}  // namespace qd::kql
