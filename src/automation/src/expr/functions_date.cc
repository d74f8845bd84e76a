#include "expr/compare.h"
#include "expr/date_text.h"
#include "expr/function.h"
#include "expr/text.h"

#include <array>
#include <cmath>

namespace qd::automation::expr {
namespace {

Result<Timestamp> date(const Arguments& a, std::size_t i) {
    QD_TRY(const std::string_view text, a.string(i));
    if (const auto time = parse_date(text)) {
        return *time;
    }
    return a.wrong(i, "a date and time: " + std::string(text.substr(0, 64)));
}

/// Formats with the argument at `i`, "o" when it is absent.
Result<Value> formatted(const Arguments& a, DateView view, std::size_t i,
                        std::string_view otherwise = "o") {
    QD_TRY(const auto format, a.optional_string(i));
    auto text = format_date(view, format.has_value() && !format->empty() ? *format : otherwise);
    if (!text.has_value()) {
        return a.wrong(i, "a date format: " + std::string(*format));
    }
    return Value(std::move(*text));
}

Result<Value> formatted(const Arguments& a, std::optional<Timestamp> time, std::size_t i) {
    if (!time.has_value()) {
        return a.invalid("the date is out of range");
    }
    return formatted(a, DateView{*time, true}, i);
}

Result<Value> utc_now(const Arguments& a) {
    return formatted(a, DateView{a.context.now(), true}, 0);
}

Result<Value> add_span(const Arguments& a, std::int64_t unit) {
    QD_TRY(const Timestamp time, date(a, 0));
    if (const auto* count = a[1].if_int()) {
        std::int64_t ticks = 0;
        if (__builtin_mul_overflow(*count, unit, &ticks)) {
            return a.invalid("the date is out of range");
        }
        return formatted(a, add_ticks(time, ticks), 2);
    }
    if (!is_numeric(a[1])) {
        return a.wrong(1, "a number");
    }
    const double ticks = numeric(a[1]) * static_cast<double>(unit);
    if (!(std::fabs(ticks) < 4e18)) {
        return a.invalid("the date is out of range");
    }
    return formatted(a, add_ticks(time, static_cast<std::int64_t>(ticks)), 2);
}

Result<Value> add_days(const Arguments& a) {
    return add_span(a, Ticks::kDay);
}
Result<Value> add_hours(const Arguments& a) {
    return add_span(a, Ticks::kHour);
}
Result<Value> add_minutes(const Arguments& a) {
    return add_span(a, Ticks::kMinute);
}
Result<Value> add_seconds(const Arguments& a) {
    return add_span(a, Ticks::kSecond);
}

/// `count` units (argument i) of a named unit (argument i + 1) from a time.
Result<std::optional<Timestamp>> moved(const Arguments& a, Timestamp time, std::size_t i,
                                       int sign) {
    QD_TRY(const std::int64_t given, a.integer(i));
    QD_TRY(const std::string_view unit, a.string(i + 1));
    std::int64_t count = 0;
    if (__builtin_mul_overflow(given, std::int64_t{sign}, &count)) {
        return std::optional<Timestamp>();
    }
    struct Unit {
        std::string_view name;
        std::int64_t ticks;
        std::int64_t months;
    };
    constexpr std::array<Unit, 7> kUnits = {{{"second", Ticks::kSecond, 0},
                                             {"minute", Ticks::kMinute, 0},
                                             {"hour", Ticks::kHour, 0},
                                             {"day", Ticks::kDay, 0},
                                             {"week", 7 * Ticks::kDay, 0},
                                             {"month", 0, 1},
                                             {"year", 0, 12}}};
    for (const Unit& known : kUnits) {
        const bool plural = unit.size() == known.name.size() + 1 &&
                            equals_ignore_case(unit, std::string(known.name) + "s");
        if (!plural && !equals_ignore_case(unit, known.name)) {
            continue;
        }
        std::int64_t amount = 0;
        if (__builtin_mul_overflow(count, known.months != 0 ? known.months : known.ticks,
                                   &amount)) {
            return std::optional<Timestamp>();
        }
        return known.months != 0 ? add_months(time, amount) : add_ticks(time, amount);
    }
    return a.wrong(i + 1, "a unit of time: Second, Minute, Hour, Day, Week, Month, Year");
}

Result<Value> add_to_time(const Arguments& a) {
    QD_TRY(const Timestamp time, date(a, 0));
    QD_TRY(const auto result, moved(a, time, 1, 1));
    return formatted(a, result, 3);
}
Result<Value> subtract_from_time(const Arguments& a) {
    QD_TRY(const Timestamp time, date(a, 0));
    QD_TRY(const auto result, moved(a, time, 1, -1));
    return formatted(a, result, 3);
}
Result<Value> get_future_time(const Arguments& a) {
    QD_TRY(const auto result, moved(a, a.context.now(), 0, 1));
    return formatted(a, result, 2);
}
Result<Value> get_past_time(const Arguments& a) {
    QD_TRY(const auto result, moved(a, a.context.now(), 0, -1));
    return formatted(a, result, 2);
}

Result<Value> format_date_time(const Arguments& a) {
    QD_TRY(const Timestamp time, date(a, 0));
    return formatted(a, DateView{time, true}, 1);
}

Result<Value> parse_date_time(const Arguments& a) {
    QD_TRY(const Timestamp time, date(a, 0));
    return formatted(a, DateView{time, false}, a.size());
}

Result<Value> start_of(const Arguments& a, std::int64_t unit) {
    QD_TRY(const Timestamp time, date(a, 0));
    return formatted(a, DateView{{time.ticks - time.ticks % unit}, true}, 1);
}
Result<Value> start_of_day(const Arguments& a) {
    return start_of(a, Ticks::kDay);
}
Result<Value> start_of_hour(const Arguments& a) {
    return start_of(a, Ticks::kHour);
}
Result<Value> start_of_month(const Arguments& a) {
    QD_TRY(const Timestamp time, date(a, 0));
    const CivilDate d = date_parts(time).date;
    return formatted(a, DateView{{days_from_civil({d.year, d.month, 1}) * Ticks::kDay}, true}, 1);
}

Result<Value> day_of_week(const Arguments& a) {
    QD_TRY(const Timestamp time, date(a, 0));
    return Value(date_parts(time).weekday);
}
Result<Value> day_of_month(const Arguments& a) {
    QD_TRY(const Timestamp time, date(a, 0));
    return Value(date_parts(time).date.day);
}
Result<Value> day_of_year(const Arguments& a) {
    QD_TRY(const Timestamp time, date(a, 0));
    return Value(date_parts(time).day_of_year);
}
Result<Value> ticks(const Arguments& a) {
    QD_TRY(const Timestamp time, date(a, 0));
    return Value(time.ticks);
}

Result<Value> date_difference(const Arguments& a) {
    QD_TRY(const Timestamp from, date(a, 0));
    QD_TRY(const Timestamp to, date(a, 1));
    return Value(format_ticks(to - from));
}

bool is_utc(std::string_view zone) {
    return equals_ignore_case(zone, "UTC");
}

Result<Value> convert_time_zone(const Arguments& a) {
    QD_TRY(const Timestamp time, date(a, 0));
    QD_TRY(const std::string_view from, a.string(1));
    QD_TRY(const std::string_view to, a.string(2));
    QD_TRY(const Timestamp utc, local_to_utc(time, from));
    QD_TRY(const Timestamp local, utc_to_local(utc, to));
    return formatted(a, DateView{local, is_utc(to)}, 3);
}

Result<Value> convert_from_utc(const Arguments& a) {
    QD_TRY(const Timestamp time, date(a, 0));
    QD_TRY(const std::string_view to, a.string(1));
    QD_TRY(const Timestamp local, utc_to_local(time, to));
    return formatted(a, DateView{local, is_utc(to)}, 2);
}

Result<Value> convert_to_utc(const Arguments& a) {
    QD_TRY(const Timestamp time, date(a, 0));
    QD_TRY(const std::string_view from, a.string(1));
    QD_TRY(const Timestamp utc, local_to_utc(time, from));
    return formatted(a, DateView{utc, true}, 2);
}

constexpr std::array kFunctions = {
    Function{"utcNow", 0, 1, utc_now},
    Function{"addDays", 2, 3, add_days},
    Function{"addHours", 2, 3, add_hours},
    Function{"addMinutes", 2, 3, add_minutes},
    Function{"addSeconds", 2, 3, add_seconds},
    Function{"addToTime", 3, 4, add_to_time},
    Function{"subtractFromTime", 3, 4, subtract_from_time},
    Function{"getFutureTime", 2, 3, get_future_time},
    Function{"getPastTime", 2, 3, get_past_time},
    Function{"formatDateTime", 1, 3, format_date_time},
    Function{"parseDateTime", 1, 3, parse_date_time},
    Function{"startOfDay", 1, 2, start_of_day},
    Function{"startOfHour", 1, 2, start_of_hour},
    Function{"startOfMonth", 1, 2, start_of_month},
    Function{"dayOfWeek", 1, 1, day_of_week},
    Function{"dayOfMonth", 1, 1, day_of_month},
    Function{"dayOfYear", 1, 1, day_of_year},
    Function{"ticks", 1, 1, ticks},
    Function{"dateDifference", 2, 2, date_difference},
    Function{"convertTimeZone", 3, 4, convert_time_zone},
    Function{"convertFromUtc", 2, 3, convert_from_utc},
    Function{"convertToUtc", 2, 3, convert_to_utc},
};

}  // namespace

std::span<const Function> date_functions() {
    return kFunctions;
}

}  // namespace qd::automation::expr
