#pragma once

#include "qd/base/result.h"
#include "qd/base/time.h"

#include <optional>
#include <string>
#include <string_view>

namespace qd::automation::expr {

/// A point of the calendar as .NET's DateTime shows it: `utc` adds the Z to the formats that
/// write a kind.
struct DateView {
    Timestamp time;
    bool utc = true;
};

/// .NET's standard (d D f F g G m o r s t T u U y) and custom formats, invariant culture.
/// Nothing: the format is not one.
std::optional<std::string> format_date(DateView date, std::string_view format);

/// ISO 8601 (an offset is applied), RFC 1123, "M/d/yyyy[ h:mm[:ss][ AM|PM]]".
std::optional<Timestamp> parse_date(std::string_view text);

struct DateParts {
    CivilDate date;
    int hour = 0, minute = 0, second = 0;
    std::int64_t fraction = 0;  // ticks
    int weekday = 0;            // Sunday is 0
    int day_of_year = 1;
};
DateParts date_parts(Timestamp time);
/// Months added the way calendars do: the day is cut to the month's last. Nothing: out of range.
std::optional<Timestamp> add_months(Timestamp time, std::int64_t months);
/// Nothing: out of range.
std::optional<Timestamp> add_ticks(Timestamp time, std::int64_t ticks);

/// Windows names ("Pacific Standard Time") and IANA names; any case for Windows names.
/// Errors: AUT0204 for an unknown zone.
Result<Timestamp> utc_to_local(Timestamp utc, std::string_view zone);
/// A local time that occurs twice is the earlier instant; one that never occurs moves forward.
Result<Timestamp> local_to_utc(Timestamp local, std::string_view zone);

}  // namespace qd::automation::expr
