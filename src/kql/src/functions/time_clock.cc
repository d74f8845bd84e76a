#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/time_zone.h"

#include <cmath>
#include <string>

// now(), ago(), epochs and time zones. now() is one instant for the whole query. Source: kql.md
// b.16.

namespace qd::kql {
namespace {

using columns::Column;

/// -1, which is no instant, when the sum overflows.
std::int64_t instant_after(std::int64_t start, std::int64_t span, int sign) {
    std::int64_t result = 0;
    const bool overflow = sign > 0 ? __builtin_add_overflow(start, span, &result)
                                   : __builtin_sub_overflow(start, span, &result);
    return overflow ? -1 : result;
}

void append_instant(ColumnBuilder& out, std::int64_t ticks) {
    if (ticks < 0 || ticks > Timestamp::kMaxTicks) {
        out.append_null();
    } else {
        out.append_int(ticks);
    }
}

/// now() + sign * span.
Result<BoundCall> bind_relative(std::string_view name, std::span<const Argument> args, int sign) {
    return bind_kernel(
        name, args, {Accepts::TimeSpan}, DataType::DateTime,
        [sign](const EvalContext& context, Args a, std::uint32_t rows) -> Result<ColumnPtr> {
            const std::int64_t now = context.now.ticks;
            if (a.empty()) {
                return Column::make_constant(Scalar::of_datetime(now), rows);
            }
            return row_kernel(
                DataType::DateTime, [now, sign](Args spans, std::uint32_t row, ColumnBuilder& out) {
                    append_instant(out, instant_after(now, spans[0]->int_at(row), sign));
                })(context, a, rows);
        });
}

/// Instants from a count of units since 1970; a fraction of a tick is cut.
template <std::int64_t UnitNs>
Result<BoundCall> bind_epoch(std::span<const Argument> args) {
    const bool integral = args[0].type == DataType::Int || args[0].type == DataType::Long;
    return bind_row("unixtime", args, {integral ? Accepts::Integer : Accepts::Number},
                    DataType::DateTime, [integral](Args a, std::uint32_t row, ColumnBuilder& out) {
                        std::int64_t ticks = 0;
                        if (integral) {
                            const std::int64_t count = a[0]->int_at(row);
                            if (UnitNs >= 100) {
                                if (__builtin_mul_overflow(count, UnitNs / 100, &ticks)) {
                                    out.append_null();
                                    return;
                                }
                            } else {
                                ticks = count / (100 / std::max<std::int64_t>(UnitNs, 1));
                            }
                        } else {
                            const double real =
                                a[0]->real_at(row) * (static_cast<double>(UnitNs) / 100.0);
                            if (!(std::abs(real) < 9.0e18)) {
                                out.append_null();
                                return;
                            }
                            ticks = static_cast<std::int64_t>(real);
                        }
                        append_instant(out, instant_after(Timestamp::kUnixEpochTicks, ticks, 1));
                    });
}

Result<BoundCall> bind_zone(std::string_view name, std::span<const Argument> args, bool to_local) {
    return bind_row(name, args, {Accepts::DateTime, Accepts::Text}, DataType::DateTime,
                    [to_local, zones = std::make_shared<TimeZoneCache>()](Args a, std::uint32_t row,
                                                                          ColumnBuilder& out) {
                        const auto zone = zones->find(text_at(a, 1, row));
                        if (zone == nullptr) {
                            out.append_null();
                            return;
                        }
                        const std::int64_t ticks = a[0]->int_at(row);
                        append_instant(out, to_local ? zone->to_local(ticks) : zone->to_utc(ticks));
                    });
}

Result<BoundCall> bind_list_timezones(std::span<const Argument> args) {
    return bind_row("datetime_list_timezones", args, {Accepts::Any}, DataType::Dynamic,
                    [](Args, std::uint32_t, ColumnBuilder& out) {
                        Array names;
                        for (std::string& name : time_zone_names()) {
                            names.emplace_back(std::move(name));
                        }
                        out.append_value(Value(std::move(names)));
                    });
}

using Arguments = std::span<const Argument>;

constexpr ScalarFunction kFunctions[] = {
    {"now", "now([offset:timespan]) : datetime",
     "The time of the query, one value for the whole of it.", 0, 1, Naming::Anonymous,
     [](Arguments args) { return bind_relative("now", args, 1); }},
    {"ago", "ago(span:timespan) : datetime", "now() less the span.", 1, 1, Naming::Anonymous,
     [](Arguments args) { return bind_relative("ago", args, -1); }},
    {"unixtime_seconds_todatetime", "unixtime_seconds_todatetime(count:number) : datetime",
     "The instant so many seconds after 1970.", 1, 1, Naming::Anonymous, bind_epoch<1'000'000'000>},
    {"unixtime_milliseconds_todatetime",
     "unixtime_milliseconds_todatetime(count:number) : datetime",
     "The instant so many milliseconds after 1970.", 1, 1, Naming::Anonymous,
     bind_epoch<1'000'000>},
    {"unixtime_microseconds_todatetime",
     "unixtime_microseconds_todatetime(count:number) : datetime",
     "The instant so many microseconds after 1970.", 1, 1, Naming::Anonymous, bind_epoch<1'000>},
    {"unixtime_nanoseconds_todatetime", "unixtime_nanoseconds_todatetime(count:number) : datetime",
     "The instant so many nanoseconds after 1970.", 1, 1, Naming::Anonymous, bind_epoch<1>},
    {"datetime_utc_to_local", "datetime_utc_to_local(date:datetime, timezone:string) : datetime",
     "The wall-clock time of an instant in a time zone.", 2, 2, Naming::Anonymous,
     [](Arguments args) { return bind_zone("datetime_utc_to_local", args, true); }},
    {"datetime_local_to_utc", "datetime_local_to_utc(date:datetime, timezone:string) : datetime",
     "The instant of a wall-clock time in a time zone.", 2, 2, Naming::Anonymous,
     [](Arguments args) { return bind_zone("datetime_local_to_utc", args, false); }},
    {"datetime_list_timezones", "datetime_list_timezones() : dynamic",
     "The names of the time zones known here.", 0, 0, Naming::Anonymous, bind_list_timezones},
};

}  // namespace

std::span<const ScalarFunction> time_clock_functions() {
    return kFunctions;
}

}  // namespace qd::kql
