#pragma once

#include "qd/base/time.h"

#include <cstdint>
#include <optional>
#include <string_view>

/// Arithmetic of the calendar on ticks since 0001-01-01 (a Monday).
namespace qd::kql {

enum class CalendarPart : std::uint8_t {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    DayOfYear,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
};

/// The names datetime_add(), datetime_diff() and datetime_part() take, in any case.
std::optional<CalendarPart> parse_calendar_part(std::string_view name);

CivilDate civil_of(std::int64_t ticks);
int day_of_year(std::int64_t ticks);
int iso_week_of_year(std::int64_t ticks);
/// The Sunday on or before a day; days since 0001-01-01.
std::int64_t start_of_week_days(std::int64_t days);
std::int64_t floor_divide(std::int64_t a, std::int64_t b);

}  // namespace qd::kql
