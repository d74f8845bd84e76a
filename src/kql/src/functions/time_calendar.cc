#include "functions/calendar.h"
#include "functions/families.h"
#include "functions/row_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

// Functions of the calendar: where a day, week, month or year begins and ends, the parts of an
// instant, steps and distances in parts. Weeks begin on Sunday except in week_of_year(), which is
// ISO 8601. A distance counts crossed boundaries: trunc(a) - trunc(b) in units of the part.
// Source: kql.md b.14.

namespace qd::kql {

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
    const std::int64_t q = a / b;
    return (a % b != 0 && ((a < 0) != (b < 0))) ? q - 1 : q;
}

std::optional<CalendarPart> parse_calendar_part(std::string_view name) {
    struct Entry {
        std::string_view name;
        CalendarPart part;
    };
    static constexpr std::array<Entry, 13> kParts = {{
        {"year", CalendarPart::Year},
        {"quarter", CalendarPart::Quarter},
        {"month", CalendarPart::Month},
        {"week", CalendarPart::Week},
        {"week_of_year", CalendarPart::Week},
        {"weekofyear", CalendarPart::Week},
        {"day", CalendarPart::Day},
        {"hour", CalendarPart::Hour},
        {"minute", CalendarPart::Minute},
        {"second", CalendarPart::Second},
        {"millisecond", CalendarPart::Millisecond},
        {"microsecond", CalendarPart::Microsecond},
        {"nanosecond", CalendarPart::Nanosecond},
    }};
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (lower == "dayofyear" || lower == "day_of_year") {
        return CalendarPart::DayOfYear;
    }
    for (const Entry& entry : kParts) {
        if (entry.name == lower) {
            return entry.part;
        }
    }
    return std::nullopt;
}

CivilDate civil_of(std::int64_t ticks) {
    return civil_from_days(floor_divide(ticks, Ticks::kDay));
}

int day_of_year(std::int64_t ticks) {
    const std::int64_t days = floor_divide(ticks, Ticks::kDay);
    return static_cast<int>(days - days_from_civil({civil_from_days(days).year, 1, 1})) + 1;
}

int iso_week_of_year(std::int64_t ticks) {
    // The week belongs to the year of its Thursday. Day 0 of the count is a Monday.
    const std::int64_t days = floor_divide(ticks, Ticks::kDay);
    const std::int64_t thursday = days - (days % 7) + 3;
    const CivilDate date = civil_from_days(thursday);
    return static_cast<int>((thursday - days_from_civil({date.year, 1, 1})) / 7) + 1;
}

std::int64_t start_of_week_days(std::int64_t days) {
    return days - (days + 1) % 7;  // day 0 is a Monday
}

namespace {

std::int64_t month_index(const CivilDate& date) {
    return std::int64_t{date.year} * 12 + date.month - 1;
}

std::optional<std::int64_t> first_of_month(std::int64_t index) {
    const std::int64_t year = floor_divide(index, 12);
    if (year < 1 || year > 9999) {
        return std::nullopt;
    }
    return days_from_civil({static_cast<int>(year), static_cast<int>(index - year * 12) + 1, 1}) *
           Ticks::kDay;
}

std::optional<std::int64_t> checked(std::int64_t ticks) {
    if (ticks < 0 || ticks > Timestamp::kMaxTicks) {
        return std::nullopt;
    }
    return ticks;
}

/// First tick of the day, week, month or year `offset` periods away. One past the last period is
/// allowed (its start is the end of the last) so the end functions can use it.
std::optional<std::int64_t> start_of(CalendarPart part, std::int64_t ticks, std::int64_t offset) {
    const std::int64_t days = floor_divide(ticks, Ticks::kDay);
    if (offset > 4'000'000 || offset < -4'000'000) {
        return std::nullopt;
    }
    switch (part) {
        case CalendarPart::Day:
            return (days + offset) * Ticks::kDay;
        case CalendarPart::Week:
            if (offset > 600'000 || offset < -600'000) {
                return std::nullopt;
            }
            return (start_of_week_days(days) + offset * 7) * Ticks::kDay;
        case CalendarPart::Month: {
            const std::int64_t index = month_index(civil_from_days(days)) + offset;
            return index == 10000 * 12 ? std::optional(Timestamp::kMaxTicks + 1)
                                       : first_of_month(index);
        }
        default: {
            const std::int64_t year = civil_from_days(days).year + offset;
            return year == 10000 ? std::optional(Timestamp::kMaxTicks + 1)
                                 : first_of_month(year * 12);
        }
    }
}

void append_instant(ColumnBuilder& out, std::optional<std::int64_t> ticks) {
    const auto valid = ticks ? checked(*ticks) : std::nullopt;
    if (valid) {
        out.append_int(*valid);
    } else {
        out.append_null();
    }
}

template <CalendarPart Part, bool End>
Result<BoundCall> bind_edge(std::span<const Argument> args) {
    return bind_row(End ? "endof" : "startof", args, {Accepts::DateTime, Accepts::Integer},
                    DataType::DateTime, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const std::int64_t offset = a.size() > 1 ? a[1]->int_at(row) : 0;
                        auto edge = start_of(Part, a[0]->int_at(row), offset + (End ? 1 : 0));
                        if (End && edge) {
                            edge = *edge - 1;
                        }
                        append_instant(out, edge);
                    });
}

std::int64_t part_of(CalendarPart part, std::int64_t ticks) {
    switch (part) {
        case CalendarPart::Year:
            return civil_of(ticks).year;
        case CalendarPart::Quarter:
            return (civil_of(ticks).month - 1) / 3 + 1;
        case CalendarPart::Month:
            return civil_of(ticks).month;
        case CalendarPart::Week:
            return iso_week_of_year(ticks);
        case CalendarPart::Day:
            return civil_of(ticks).day;
        case CalendarPart::DayOfYear:
            return day_of_year(ticks);
        case CalendarPart::Hour:
            return ticks / Ticks::kHour % 24;
        case CalendarPart::Minute:
            return ticks / Ticks::kMinute % 60;
        case CalendarPart::Second:
            return ticks / Ticks::kSecond % 60;
        case CalendarPart::Millisecond:
            return ticks % Ticks::kSecond / Ticks::kMillisecond;
        case CalendarPart::Microsecond:
            return ticks % Ticks::kSecond / 10;
        case CalendarPart::Nanosecond:
            return ticks % Ticks::kSecond * 100;
    }
    return 0;
}

template <CalendarPart Part>
Result<BoundCall> bind_part_of(std::span<const Argument> args) {
    return bind_row("date part", args, {Accepts::DateTime}, DataType::Long,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        out.append_int(part_of(Part, a[0]->int_at(row)));
                    });
}

Result<BoundCall> bind_dayofweek(std::span<const Argument> args) {
    return bind_row("dayofweek", args, {Accepts::DateTime}, DataType::TimeSpan,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const std::int64_t days = a[0]->int_at(row) / Ticks::kDay;
                        const std::int64_t start = start_of_week_days(days);
                        // The engine has no answer in the last, cut week of the calendar.
                        if ((start + 7) * Ticks::kDay > Timestamp::kMaxTicks) {
                            out.append_null();
                        } else {
                            out.append_int((days - start) * Ticks::kDay);
                        }
                    });
}

Result<CalendarPart> part_argument(std::string_view name, const Argument& argument) {
    QD_TRY(const std::string text, constant_text(name, argument, "part"));
    const auto part = parse_calendar_part(text);
    if (!part) {
        return semantic_error(
            "SEM0222", std::string(name) + "(): this is no part of a date: " + text, argument.span);
    }
    return *part;
}

/// Ticks of a fixed-length part; 0 for months and years. Nanoseconds are dealt with apart.
std::int64_t ticks_of(CalendarPart part) {
    switch (part) {
        case CalendarPart::Week:
            return 7 * Ticks::kDay;
        case CalendarPart::Day:
        case CalendarPart::DayOfYear:
            return Ticks::kDay;
        case CalendarPart::Hour:
            return Ticks::kHour;
        case CalendarPart::Minute:
            return Ticks::kMinute;
        case CalendarPart::Second:
            return Ticks::kSecond;
        case CalendarPart::Millisecond:
            return Ticks::kMillisecond;
        case CalendarPart::Microsecond:
            return 10;
        case CalendarPart::Nanosecond:
            return 1;
        default:
            return 0;
    }
}

std::optional<std::int64_t> add_months(std::int64_t ticks, std::int64_t months) {
    const std::int64_t days = ticks / Ticks::kDay;
    const CivilDate date = civil_from_days(days);
    if (months > 200'000 || months < -200'000) {
        return std::nullopt;
    }
    const std::int64_t index = month_index(date) + months;
    const auto first = first_of_month(index);
    if (!first) {
        return std::nullopt;
    }
    const auto next = first_of_month(index + 1);
    const std::int64_t length = ((next ? *next : Timestamp::kMaxTicks + 1) - *first) / Ticks::kDay;
    const std::int64_t day = std::min<std::int64_t>(date.day, length);
    return *first + (day - 1) * Ticks::kDay + ticks % Ticks::kDay;
}

std::optional<std::int64_t> add_part(CalendarPart part, std::int64_t count, std::int64_t ticks) {
    switch (part) {
        case CalendarPart::Year:
            return count > 10'000 || count < -10'000 ? std::nullopt : add_months(ticks, count * 12);
        case CalendarPart::Quarter:
            return count > 40'000 || count < -40'000 ? std::nullopt : add_months(ticks, count * 3);
        case CalendarPart::Month:
            return add_months(ticks, count);
        case CalendarPart::Nanosecond:
            return ticks + count / 100;
        default: {
            std::int64_t step = 0;
            std::int64_t sum = 0;
            if (__builtin_mul_overflow(count, ticks_of(part), &step) ||
                __builtin_add_overflow(ticks, step, &sum)) {
                return std::nullopt;
            }
            return sum;
        }
    }
}

Result<BoundCall> bind_datetime_add(std::span<const Argument> args) {
    QD_TRY(const CalendarPart part, part_argument("datetime_add", args[0]));
    return bind_row("datetime_add", args, {Accepts::Text, Accepts::Integer, Accepts::DateTime},
                    DataType::DateTime, [part](Args a, std::uint32_t row, ColumnBuilder& out) {
                        append_instant(out, add_part(part, a[1]->int_at(row), a[2]->int_at(row)));
                    });
}

/// The number of the part's period an instant lies in, counted from year 1.
std::int64_t period_of(CalendarPart part, std::int64_t ticks) {
    switch (part) {
        case CalendarPart::Year:
            return civil_of(ticks).year;
        case CalendarPart::Quarter:
            return floor_divide(month_index(civil_of(ticks)), 3);
        case CalendarPart::Month:
            return month_index(civil_of(ticks));
        case CalendarPart::Week:
            return floor_divide(start_of_week_days(ticks / Ticks::kDay), 7);
        default:
            return ticks / ticks_of(part);
    }
}

Result<BoundCall> bind_datetime_diff(std::span<const Argument> args) {
    QD_TRY(const CalendarPart part, part_argument("datetime_diff", args[0]));
    const bool week = part == CalendarPart::Week;
    return bind_row("datetime_diff", args, {Accepts::Text, Accepts::DateTime, Accepts::DateTime},
                    week ? DataType::Real : DataType::Long,
                    [part, week](Args a, std::uint32_t row, ColumnBuilder& out) {
                        std::int64_t distance =
                            period_of(part, a[1]->int_at(row)) - period_of(part, a[2]->int_at(row));
                        if (part == CalendarPart::Nanosecond) {
                            distance *= 100;
                        }
                        if (week) {
                            out.append_real(static_cast<double>(distance));
                        } else {
                            out.append_int(distance);
                        }
                    });
}

Result<BoundCall> bind_datetime_part(std::span<const Argument> args) {
    QD_TRY(const CalendarPart part, part_argument("datetime_part", args[0]));
    return bind_row("datetime_part", args, {Accepts::Text, Accepts::DateTime}, DataType::Long,
                    [part](Args a, std::uint32_t row, ColumnBuilder& out) {
                        out.append_int(part_of(part, a[1]->int_at(row)));
                    });
}

std::optional<std::int64_t> make_instant(Args a, std::uint32_t row) {
    std::array<double, 6> parts = {1, 1, 1, 0, 0, 0};
    for (std::size_t i = 0; i < a.size() && i < parts.size(); ++i) {
        parts[i] = a[i]->real_at(row);
        if (!(parts[i] >= 0 && parts[i] <= 9999)) {
            return std::nullopt;
        }
    }
    const auto whole = [&parts](std::size_t i) { return static_cast<int>(parts[i]); };
    const CivilDate date{whole(0), whole(1), whole(2)};
    if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1 || whole(3) > 23 ||
        whole(4) > 59 || !(parts[5] < 60)) {
        return std::nullopt;
    }
    const std::int64_t days = days_from_civil(date);
    const CivilDate back = civil_from_days(days);
    if (back.month != date.month || back.day != date.day) {
        return std::nullopt;
    }
    return days * Ticks::kDay + whole(3) * Ticks::kHour + whole(4) * Ticks::kMinute +
           std::llround(parts[5] * static_cast<double>(Ticks::kSecond));
}

Result<BoundCall> bind_make_datetime(std::span<const Argument> args) {
    if (args.size() == 1) {
        return bind_kernel("make_datetime", args, {Accepts::Any}, DataType::DateTime,
                           [](const EvalContext&, Args a, std::uint32_t) -> Result<ColumnPtr> {
                               return cast_column(a[0], DataType::DateTime);
                           });
    }
    if (args.size() == 2) {
        return semantic_error("SEM0219", "make_datetime(): a day is missing", args[1].span);
    }
    return bind_row("make_datetime", args, {Accepts::Number}, DataType::DateTime,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        append_instant(out, make_instant(a, row));
                    });
}

Result<BoundCall> bind_make_timespan(std::span<const Argument> args) {
    if (args.size() == 1) {
        return bind_kernel("make_timespan", args, {Accepts::Any}, DataType::TimeSpan,
                           [](const EvalContext&, Args a, std::uint32_t) -> Result<ColumnPtr> {
                               return cast_column(a[0], DataType::TimeSpan);
                           });
    }
    return bind_row("make_timespan", args, {Accepts::Number}, DataType::TimeSpan,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const std::size_t hours_at = a.size() == 4 ? 1 : 0;
                        const double days = a.size() == 4 ? std::trunc(a[0]->real_at(row)) : 0;
                        const double hours = std::trunc(a[hours_at]->real_at(row));
                        const double minutes = std::trunc(a[hours_at + 1]->real_at(row));
                        const double seconds = a.size() > 2 ? a[hours_at + 2]->real_at(row) : 0;
                        const bool fits = days >= 0 && days <= 10'675'198 && hours >= 0 &&
                                          hours < 24 && minutes >= 0 && minutes < 60 &&
                                          seconds >= 0 && seconds < 60;
                        if (!fits) {
                            out.append_null();
                            return;
                        }
                        out.append_int(static_cast<std::int64_t>(days) * Ticks::kDay +
                                       static_cast<std::int64_t>(hours) * Ticks::kHour +
                                       static_cast<std::int64_t>(minutes) * Ticks::kMinute +
                                       std::llround(seconds * static_cast<double>(Ticks::kSecond)));
                    });
}

constexpr ScalarFunction kFunctions[] = {
    {"startofday", "startofday(date:datetime [, offset:long]) : datetime",
     "First tick of the day, offset days away.", 1, 2, Naming::FirstArgument,
     bind_edge<CalendarPart::Day, false>},
    {"startofweek", "startofweek(date:datetime [, offset:long]) : datetime",
     "First tick of the week (Sunday), offset weeks away.", 1, 2, Naming::Anonymous,
     bind_edge<CalendarPart::Week, false>},
    {"startofmonth", "startofmonth(date:datetime [, offset:long]) : datetime",
     "First tick of the month, offset months away.", 1, 2, Naming::Anonymous,
     bind_edge<CalendarPart::Month, false>},
    {"startofyear", "startofyear(date:datetime [, offset:long]) : datetime",
     "First tick of the year, offset years away.", 1, 2, Naming::Anonymous,
     bind_edge<CalendarPart::Year, false>},
    {"endofday", "endofday(date:datetime [, offset:long]) : datetime",
     "Last tick of the day, offset days away.", 1, 2, Naming::Anonymous,
     bind_edge<CalendarPart::Day, true>},
    {"endofweek", "endofweek(date:datetime [, offset:long]) : datetime",
     "Last tick of the week (Saturday), offset weeks away.", 1, 2, Naming::Anonymous,
     bind_edge<CalendarPart::Week, true>},
    {"endofmonth", "endofmonth(date:datetime [, offset:long]) : datetime",
     "Last tick of the month, offset months away.", 1, 2, Naming::Anonymous,
     bind_edge<CalendarPart::Month, true>},
    {"endofyear", "endofyear(date:datetime [, offset:long]) : datetime",
     "Last tick of the year, offset years away.", 1, 2, Naming::Anonymous,
     bind_edge<CalendarPart::Year, true>},
    {"getyear", "getyear(date:datetime) : long", "The year.", 1, 1, Naming::Anonymous,
     bind_part_of<CalendarPart::Year>},
    {"getmonth", "getmonth(date:datetime) : long", "The month, 1 to 12.", 1, 1, Naming::Anonymous,
     bind_part_of<CalendarPart::Month>},
    {"monthofyear", "monthofyear(date:datetime) : long", "The month, 1 to 12.", 1, 1,
     Naming::Anonymous, bind_part_of<CalendarPart::Month>},
    {"dayofmonth", "dayofmonth(date:datetime) : long", "The day of the month, from 1.", 1, 1,
     Naming::Anonymous, bind_part_of<CalendarPart::Day>},
    {"dayofyear", "dayofyear(date:datetime) : long", "The day of the year, from 1.", 1, 1,
     Naming::Anonymous, bind_part_of<CalendarPart::DayOfYear>},
    {"hourofday", "hourofday(date:datetime) : long", "The hour, 0 to 23.", 1, 1, Naming::Anonymous,
     bind_part_of<CalendarPart::Hour>},
    {"week_of_year", "week_of_year(date:datetime) : long", "The week's number after ISO 8601.", 1,
     1, Naming::Anonymous, bind_part_of<CalendarPart::Week>},
    {"weekofyear", "weekofyear(date:datetime) : long", "Old spelling of week_of_year().", 1, 1,
     Naming::Anonymous, bind_part_of<CalendarPart::Week>},
    {"dayofweek", "dayofweek(date:datetime) : timespan", "Days since the preceding Sunday.", 1, 1,
     Naming::Anonymous, bind_dayofweek},
    {"datetime_add", "datetime_add(part:string, count:long, date:datetime) : datetime",
     "Adds a number of calendar parts; month ends are kept inside the month.", 3, 3,
     Naming::Anonymous, bind_datetime_add},
    {"datetime_diff", "datetime_diff(part:string, a:datetime, b:datetime) : long",
     "Boundaries of the part crossed from b to a.", 3, 3, Naming::Anonymous, bind_datetime_diff},
    {"datetime_part", "datetime_part(part:string, date:datetime) : long",
     "One part of a date as a number.", 2, 2, Naming::Anonymous, bind_datetime_part},
    {"datepart", "datepart(part:string, date:datetime) : long", "Old spelling of datetime_part().",
     2, 2, Naming::Anonymous, bind_datetime_part},
    {"make_datetime", "make_datetime(year, month, day [, hour, minute [, second]]) : datetime",
     "A datetime from its parts.", 1, 6, Naming::Anonymous, bind_make_datetime},
    {"make_timespan", "make_timespan([day,] hour, minute [, second]) : timespan",
     "A timespan from its parts.", 1, 4, Naming::Anonymous, bind_make_timespan},
};

}  // namespace

std::span<const ScalarFunction> time_calendar_functions() {
    return kFunctions;
}

}  // namespace qd::kql
