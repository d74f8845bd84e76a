#include "function.h"
#include "functions/row_kernels.h"
#include "qd/codec/guid.h"
#include "qd/columns/text.h"
#include "value_text.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

// KQL's conversions. Every pair of types goes through one of ten targets, each a switch over where
// the value comes from; a dynamic converts as the scalar it holds. The pairs a query meets on
// whole columns (between the numeric types) loop over the spans; the rest goes row by row.
// Source: kql.md b.7, the engine's recorded answers.

namespace qd::kql {
namespace {

using columns::Column;
using columns::Layout;
using Kind = VariantView::Kind;

/// Whole numbers saturate; what is no number at all, or infinite, has none.
std::optional<std::int64_t> long_from_real(double value) {
    return std::isfinite(value) ? std::optional(truncate_to_long(value)) : std::nullopt;
}
std::optional<std::int64_t> int_from_real(double value) {
    return std::isfinite(value) ? std::optional<std::int64_t>(truncate_to_int(value))
                                : std::nullopt;
}

std::optional<std::int64_t> long_from_variant(const VariantView& v) {
    switch (v.kind()) {
        case Kind::Bool:
            return v.as_bool() ? 1 : 0;
        case Kind::Long:
        case Kind::DateTime:
        case Kind::TimeSpan:
            return v.as_int();
        case Kind::Real:
            return long_from_real(v.as_real());
        case Kind::Decimal:
            return decimal_to_int(DecimalValue{v.as_wide()});
        case Kind::String:
            return parse_long_text(v.as_string());
        case Kind::BigNumber: {
            const auto real = parse_real_text(v.as_string());
            return real ? std::optional(truncate_to_long(*real)) : std::nullopt;
        }
        default:
            return std::nullopt;
    }
}

std::optional<double> real_from_variant(const VariantView& v) {
    switch (v.kind()) {
        case Kind::Bool:
            return v.as_bool() ? 1.0 : 0.0;
        case Kind::Long:
        case Kind::DateTime:
        case Kind::TimeSpan:
            return static_cast<double>(v.as_int());
        case Kind::Real:
            return v.as_real();
        case Kind::Decimal:
            return decimal_to_double(DecimalValue{v.as_wide()});
        case Kind::String:
        case Kind::BigNumber:
            return parse_real_text(v.as_string());
        default:
            return std::nullopt;
    }
}

std::optional<std::int64_t> to_long(const Column& c, std::uint32_t row) {
    switch (c.type()) {
        case DataType::Real:
            return long_from_real(c.real_at(row));
        case DataType::Decimal:
            return decimal_to_int(DecimalValue{c.wide_at(row)});
        case DataType::String:
            return parse_long_text(c.bytes_at(row));
        case DataType::Dynamic:
            return long_from_variant(VariantView(c.bytes_at(row)));
        case DataType::Guid:
            return std::nullopt;
        default:
            return c.int_at(row);
    }
}

std::optional<std::int64_t> narrow(std::optional<std::int64_t> wide) {
    if (!wide || *wide > std::numeric_limits<std::int32_t>::max() ||
        *wide < std::numeric_limits<std::int32_t>::min()) {
        return std::nullopt;
    }
    return wide;
}

std::optional<std::int64_t> to_int(const Column& c, std::uint32_t row) {
    switch (c.type()) {
        case DataType::Real:
            return int_from_real(c.real_at(row));
        case DataType::String:
            return parse_int_text(c.bytes_at(row));
        case DataType::Dynamic: {
            const VariantView v(c.bytes_at(row));
            if (v.kind() == Kind::Real) {
                return int_from_real(v.as_real());
            }
            return v.kind() == Kind::String
                       ? std::optional<std::int64_t>(parse_int_text(v.as_string()))
                       : narrow(long_from_variant(v));
        }
        case DataType::Long:  // wraps, where text and dynamic out of range are null
            return static_cast<std::int32_t>(c.int_at(row));
        default:
            return narrow(to_long(c, row));
    }
}

std::optional<double> to_real(const Column& c, std::uint32_t row) {
    switch (c.type()) {
        case DataType::Real:
        case DataType::Int:
        case DataType::Long:
            return c.real_at(row);
        case DataType::Decimal:
            return decimal_to_double(DecimalValue{c.wide_at(row)});
        case DataType::String:
            return parse_real_text(c.bytes_at(row));
        case DataType::Dynamic:
            return real_from_variant(VariantView(c.bytes_at(row)));
        case DataType::Guid:
            return std::nullopt;
        default:
            return static_cast<double>(c.int_at(row));
    }
}

std::optional<bool> to_bool(const Column& c, std::uint32_t row) {
    switch (c.type()) {
        case DataType::String:
            return parse_bool_text(c.bytes_at(row));
        case DataType::Real:
            return c.real_at(row) != 0;
        case DataType::Decimal:
            return decimal_to_double(DecimalValue{c.wide_at(row)}) != 0;
        case DataType::Dynamic: {
            const VariantView v(c.bytes_at(row));
            switch (v.kind()) {
                case Kind::Bool:
                    return v.as_bool();
                case Kind::Long:
                    return v.as_int() != 0;
                case Kind::Real:
                    return v.as_real() != 0;
                case Kind::String:
                    return parse_bool_text(v.as_string());
                default:
                    return std::nullopt;
            }
        }
        case DataType::Guid:
            return std::nullopt;
        default:
            return c.int_at(row) != 0;
    }
}

std::optional<DecimalValue> to_decimal(const Column& c, std::uint32_t row) {
    switch (c.type()) {
        case DataType::Decimal:
            return DecimalValue{c.wide_at(row)};
        case DataType::Real:
            return decimal_from_double(c.real_at(row));
        case DataType::String:
            return parse_decimal(trim_blanks(c.bytes_at(row)));
        case DataType::Dynamic: {
            const VariantView v(c.bytes_at(row));
            switch (v.kind()) {
                case Kind::Decimal:
                    return DecimalValue{v.as_wide()};
                case Kind::String:
                case Kind::BigNumber:
                    return parse_decimal(trim_blanks(v.as_string()));
                case Kind::Real:
                    return decimal_from_double(v.as_real());
                default: {
                    const auto integer = long_from_variant(v);
                    return integer ? std::optional(decimal_from_int(*integer)) : std::nullopt;
                }
            }
        }
        case DataType::Guid:
            return std::nullopt;
        default:
            return decimal_from_int(c.int_at(row));
    }
}

std::optional<std::int64_t> checked_instant(std::optional<std::int64_t> ticks) {
    if (!ticks || *ticks < 0 || *ticks > Timestamp::kMaxTicks) {
        return std::nullopt;
    }
    return ticks;
}

std::optional<std::int64_t> instant_from_text(std::string_view text) {
    const auto parsed = parse_datetime_text(text);
    return parsed ? std::optional(parsed->ticks) : std::nullopt;
}

std::optional<std::int64_t> span_from_text(std::string_view text) {
    const auto parsed = parse_timespan_text(text);
    return parsed ? std::optional(parsed->count) : std::nullopt;
}

std::optional<std::int64_t> to_datetime(const Column& c, std::uint32_t row) {
    switch (c.type()) {
        case DataType::DateTime:
            return c.int_at(row);
        case DataType::String:
            return instant_from_text(c.bytes_at(row));
        case DataType::Dynamic: {
            const VariantView v(c.bytes_at(row));
            return v.kind() == Kind::String ? instant_from_text(v.as_string())
                                            : checked_instant(long_from_variant(v));
        }
        case DataType::Bool:
        case DataType::TimeSpan:
            return std::nullopt;
        default:
            return checked_instant(to_long(c, row));
    }
}

std::optional<std::int64_t> to_timespan(const Column& c, std::uint32_t row) {
    switch (c.type()) {
        case DataType::TimeSpan:
            return c.int_at(row);
        case DataType::String:
            return span_from_text(c.bytes_at(row));
        case DataType::Dynamic: {
            const VariantView v(c.bytes_at(row));
            return v.kind() == Kind::String ? span_from_text(v.as_string()) : long_from_variant(v);
        }
        case DataType::Bool:
        case DataType::DateTime:
            return std::nullopt;
        default:
            return to_long(c, row);
    }
}

std::optional<GuidValue> to_guid(const Column& c, std::uint32_t row) {
    switch (c.type()) {
        case DataType::Guid:
            return GuidValue{c.wide_at(row)};
        case DataType::String:
            return parse_guid_text(c.bytes_at(row));
        case DataType::Dynamic: {
            const VariantView v(c.bytes_at(row));
            if (v.kind() == Kind::Guid) {
                return GuidValue{v.as_wide()};
            }
            return v.kind() == Kind::String ? parse_guid_text(v.as_string()) : std::nullopt;
        }
        default:
            return std::nullopt;
    }
}

void cast_row(const Column& c, std::uint32_t row, DataType to, ColumnBuilder& out,
              std::string& scratch) {
    const auto put_int = [&out](std::optional<std::int64_t> v) {
        if (v) {
            out.append_int(*v);
        } else {
            out.append_null();
        }
    };
    switch (to) {
        case DataType::Bool:
            if (const auto v = to_bool(c, row)) {
                out.append_bool(*v);
                return;
            }
            break;
        case DataType::Int:
            return put_int(to_int(c, row));
        case DataType::Long:
            return put_int(to_long(c, row));
        case DataType::DateTime:
            return put_int(to_datetime(c, row));
        case DataType::TimeSpan:
            return put_int(to_timespan(c, row));
        case DataType::Real:
            if (const auto v = to_real(c, row)) {
                out.append_real(*v);
                return;
            }
            break;
        case DataType::Decimal:
            if (const auto v = to_decimal(c, row)) {
                out.append_wide(v->bits);
                return;
            }
            break;
        case DataType::Guid:
            if (const auto v = to_guid(c, row)) {
                out.append_wide(v->bits);
                return;
            }
            break;
        case DataType::String:
            scratch.clear();
            columns::append_text(scratch, c, row);
            out.append_bytes(scratch);
            return;
        case DataType::Dynamic:
            scratch.clear();
            columns::append_variant(scratch, c.scalar_at(row).to_value());
            out.append_bytes(scratch);
            return;
    }
    out.append_null();
}

template <typename From, typename To, typename Convert>
ColumnPtr convert_spans(const Column& c, DataType to, Convert convert) {
    const auto values = c.values<From>();
    const auto nulls = c.nulls();
    ColumnBuilder out(to, c.size());
    for (std::uint32_t row = 0; row < c.size(); ++row) {
        if (!nulls.empty() && nulls[row] != 0) {
            out.append_null();
        } else if constexpr (std::is_same_v<To, double>) {
            out.append_real(convert(values[row]));
        } else {
            out.append_int(convert(values[row]));
        }
    }
    return out.finish();
}

/// Null when this pair has no loop of its own.
ColumnPtr cast_numbers(const Column& c, DataType to) {
    if (to == DataType::Real && c.type() == DataType::Long) {
        return convert_spans<std::int64_t, double>(
            c, to, [](std::int64_t v) { return static_cast<double>(v); });
    }
    if (to == DataType::Real && c.type() == DataType::Int) {
        return convert_spans<std::int32_t, double>(
            c, to, [](std::int32_t v) { return static_cast<double>(v); });
    }
    if (to == DataType::Long && c.type() == DataType::Int) {
        return convert_spans<std::int32_t, std::int64_t>(
            c, to, [](std::int32_t v) { return std::int64_t{v}; });
    }
    return nullptr;
}

ColumnPtr cast_flat(const ColumnPtr& column, DataType to) {
    if (ColumnPtr fast = cast_numbers(*column, to)) {
        return fast;
    }
    ColumnBuilder out(to, column->size());
    std::string scratch;
    for (std::uint32_t row = 0; row < column->size(); ++row) {
        if (column->is_null(row)) {
            out.append_null();
        } else {
            cast_row(*column, row, to, out, scratch);
        }
    }
    return out.finish();
}

}  // namespace

ColumnPtr cast_column(const ColumnPtr& column, DataType to) {
    if (column->type() == to) {
        return column;
    }
    return map_payload(column, [to](const ColumnPtr& flat) { return cast_flat(flat, to); });
}

Scalar cast_scalar(const Scalar& value, DataType to) {
    if (value.type() == to) {
        return value;
    }
    if (value.is_null()) {
        return Scalar::null_of(to);
    }
    return cast_column(Column::make_constant(value, 1), to)->scalar_at(0);
}

}  // namespace qd::kql
