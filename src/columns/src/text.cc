// Values to text as tostring() gives it, and ingested text or JSON to values.
//
// Doubles print with the fewest digits that read back as the same double, never with an exponent
// while the plain form is short, and always with a fraction ("1.0"), as the engine does.
#include "qd/columns/text.h"

#include "qd/base/time.h"
#include "qd/codec/guid.h"
#include "qd/codec/json.h"
#include "qd/columns/column.h"
#include "qd/columns/variant.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace qd::columns {

namespace {

void append_number(std::string& out, std::int64_t v) {
    std::array<char, 24> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), v).ptr;
    out.append(buffer.data(), end);
}

void append_variant_text(std::string& out, VariantView view) {
    switch (view.kind()) {
        case VariantView::Kind::Null:
            return;
        case VariantView::Kind::String:
        case VariantView::Kind::BigNumber:
            out += view.as_string();
            return;
        case VariantView::Kind::Bool:
            // A bare boolean prints as JSON does, not as tostring(bool) does.
            out += view.as_bool() ? "true" : "false";
            return;
        case VariantView::Kind::Long:
            append_number(out, view.as_int());
            return;
        case VariantView::Kind::Real:
            append_real_text(out, view.as_real());
            return;
        case VariantView::Kind::DateTime:
            out += format_timestamp({view.as_int()});
            return;
        case VariantView::Kind::TimeSpan:
            out += format_ticks({view.as_int()});
            return;
        case VariantView::Kind::Guid:
            out += format_guid({view.as_wide()});
            return;
        case VariantView::Kind::Decimal:
            out += format_decimal({view.as_wide()});
            return;
        case VariantView::Kind::Array:
        case VariantView::Kind::Object:
            view.append_json(out);
            return;
    }
}

std::string_view trim(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
    return text.size() == lower.size() &&
           std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
           });
}

// Decimal or 0x digits with a sign and blanks around; nothing else.
std::optional<std::int64_t> parse_integer(std::string_view text) {
    text = trim(text);
    bool negative = false;
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
        negative = text[0] == '-';
        text.remove_prefix(1);
    }
    int base = 10;
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text.remove_prefix(2);
    }
    std::uint64_t magnitude = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, magnitude, base);
    if (error != std::errc() || at != end) {
        return std::nullopt;
    }
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (magnitude > kMax + (negative ? 1 : 0)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
}

std::optional<double> parse_real(std::string_view text) {
    text = trim(text);
    if (text.size() > 1 && text[0] == '+') {
        text.remove_prefix(1);
        if (text[0] == '-') {
            return std::nullopt;
        }
    }
    if (equals_ignoring_case(text, "nan")) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const bool negative = !text.empty() && text[0] == '-';
    const std::string_view bare = negative ? text.substr(1) : text;
    if (equals_ignoring_case(bare, "inf") || equals_ignoring_case(bare, "infinity")) {
        const double infinity = std::numeric_limits<double>::infinity();
        return negative ? -infinity : infinity;
    }
    double v = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, v);
    if (error != std::errc() || at != end) {
        return std::nullopt;
    }
    return v;
}

std::optional<bool> parse_bool(std::string_view text) {
    text = trim(text);
    if (equals_ignoring_case(text, "true")) {
        return true;
    }
    if (equals_ignoring_case(text, "false")) {
        return false;
    }
    if (const auto n = parse_integer(text)) {
        return *n != 0;
    }
    return std::nullopt;
}

std::optional<Scalar> integer_as(std::int64_t v, DataType type) {
    if (type == DataType::Long) {
        return Scalar::of_long(v);
    }
    if (v < std::numeric_limits<std::int32_t>::min() ||
        v > std::numeric_limits<std::int32_t>::max()) {
        return std::nullopt;
    }
    return Scalar::of_int(static_cast<std::int32_t>(v));
}

// A real that is a whole number within range; a fraction would be lost silently.
std::optional<std::int64_t> whole(double v) {
    if (!(v >= -9223372036854775808.0 && v < 9223372036854775808.0) || v != std::trunc(v)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(v);
}

std::optional<Scalar> from_integer(std::int64_t v, DataType type) {
    switch (type) {
        case DataType::Bool:
            return Scalar::of_bool(v != 0);
        case DataType::Int:
        case DataType::Long:
            return integer_as(v, type);
        case DataType::Real:
            return Scalar::of_real(static_cast<double>(v));
        case DataType::Decimal:
            return Scalar::of_decimal(decimal_from_int(v).bits);
        case DataType::String:
        case DataType::Dynamic:
        case DataType::DateTime:
        case DataType::TimeSpan:
        case DataType::Guid:
            break;
    }
    return std::nullopt;
}

std::optional<Scalar> from_real(double v, DataType type) {
    switch (type) {
        case DataType::Real:
            return Scalar::of_real(v);
        case DataType::Decimal:
            return Scalar::of_decimal(decimal_from_double(v).bits);
        case DataType::Int:
        case DataType::Long:
            if (const auto n = whole(v)) {
                return integer_as(*n, type);
            }
            break;
        case DataType::Bool:
        case DataType::String:
        case DataType::Dynamic:
        case DataType::DateTime:
        case DataType::TimeSpan:
        case DataType::Guid:
            break;
    }
    return std::nullopt;
}

std::optional<Scalar> from_integer_text(std::string_view text, DataType type) {
    if (const auto n = parse_integer(text)) {
        return integer_as(*n, type);
    }
    if (const auto real = parse_real(text)) {  // "5.0", "1e3"
        return from_real(*real, type);
    }
    return std::nullopt;
}

std::optional<Scalar> timespan_of(std::string_view text) {
    if (const auto ticks = parse_ticks(text)) {
        return Scalar::of_timespan(ticks->count);
    }
    if (const auto ticks = parse_iso_duration(text)) {
        return Scalar::of_timespan(ticks->count);
    }
    return std::nullopt;
}

// Text that came as a JSON string or a CSV field; empty means null for all but strings.
std::optional<Scalar> from_text(std::string_view text, DataType type) {
    const std::string_view trimmed = trim(text);
    if (trimmed.empty()) {
        return Scalar::null_of(type);
    }
    switch (type) {
        case DataType::Bool:
            if (const auto b = parse_bool(text)) {
                return Scalar::of_bool(*b);
            }
            return std::nullopt;
        case DataType::Int:
        case DataType::Long:
            return from_integer_text(text, type);
        case DataType::Real:
            if (const auto v = parse_real(text)) {
                return Scalar::of_real(*v);
            }
            return std::nullopt;
        case DataType::Decimal:
            if (const auto v = parse_decimal(trimmed)) {
                return Scalar::of_decimal(v->bits);
            }
            return std::nullopt;
        case DataType::DateTime:
            if (const auto t = parse_iso_timestamp(trimmed)) {
                return Scalar::of_datetime(t->ticks);
            }
            return std::nullopt;
        case DataType::TimeSpan:
            return timespan_of(trimmed);
        case DataType::Guid:
            if (const auto g = parse_guid(trimmed)) {
                return Scalar::of_guid(g->bits);
            }
            return std::nullopt;
        case DataType::String:
        case DataType::Dynamic:
            break;
    }
    return std::nullopt;
}

// The few values that only programs make: they go into their own type.
std::optional<Scalar> from_typed(const Value& value, DataType type) {
    if (const Timestamp* t = value.if_timestamp(); t != nullptr && type == DataType::DateTime) {
        return Scalar::of_datetime(t->ticks);
    }
    if (const Ticks* t = value.if_ticks(); t != nullptr && type == DataType::TimeSpan) {
        return Scalar::of_timespan(t->count);
    }
    if (const GuidValue* g = value.if_guid(); g != nullptr && type == DataType::Guid) {
        return Scalar::of_guid(g->bits);
    }
    if (const DecimalValue* d = value.if_decimal()) {
        if (type == DataType::Decimal) {
            return Scalar::of_decimal(d->bits);
        }
        return from_real(decimal_to_double(*d), type);
    }
    return std::nullopt;
}

}  // namespace

void append_real_text(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
        return;
    }
    if (std::isinf(value)) {
        out += value < 0 ? "-Infinity" : "Infinity";
        return;
    }
    std::array<char, 400> buffer{};
    const double magnitude = std::fabs(value);
    const bool plain = magnitude == 0.0 || (magnitude >= 1e-5 && magnitude < 1e17);
    const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format).ptr;
    const std::string_view digits(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    out += digits;
    if (plain && digits.find('.') == std::string_view::npos) {
        out += ".0";
    }
}

void append_text(std::string& out, const Column& column, std::uint32_t row) {
    if (column.is_null(row)) {
        return;
    }
    switch (column.type()) {
        case DataType::Bool:
            out += column.int_at(row) != 0 ? "True" : "False";
            return;
        case DataType::Int:
        case DataType::Long:
            append_number(out, column.int_at(row));
            return;
        case DataType::Real:
            append_real_text(out, column.real_at(row));
            return;
        case DataType::Decimal:
            out += format_decimal({column.wide_at(row)});
            return;
        case DataType::String:
            out += column.bytes_at(row);
            return;
        case DataType::DateTime:
            out += format_timestamp({column.int_at(row)});
            return;
        case DataType::TimeSpan:
            out += format_ticks({column.int_at(row)});
            return;
        case DataType::Guid:
            out += format_guid({column.wide_at(row)});
            return;
        case DataType::Dynamic:
            append_variant_text(out, VariantView(column.bytes_at(row)));
            return;
    }
}

std::string to_text(const Scalar& value) {
    std::string out;
    append_text(out, *Column::make_constant(value, 1), 0);
    return out;
}

std::optional<Scalar> convert_ingested(const Value& value, DataType type) {
    if (value.is_null()) {
        return Scalar::null_of(type);
    }
    if (type == DataType::Dynamic) {
        return Scalar::of_dynamic(value);
    }
    if (type == DataType::String) {
        if (const std::string* s = value.if_string()) {
            return Scalar::of_string(*s);
        }
        std::string text;
        append_variant_text(text, VariantView(encode_variant(value)));
        return Scalar::of_string(std::move(text));
    }
    if (const std::string* s = value.if_string()) {
        return from_text(*s, type);
    }
    if (const std::int64_t* n = value.if_int()) {
        return from_integer(*n, type);
    }
    if (const double* d = value.if_double()) {
        return from_real(*d, type);
    }
    if (const bool* b = value.if_bool()) {
        return from_integer(*b ? 1 : 0, type);
    }
    if (const Value::BigNumber* big = value.if_big_number()) {
        return from_text(big->text, type);
    }
    return from_typed(value, type);
}

std::optional<Scalar> convert_ingested_text(std::string_view text, DataType type) {
    if (type == DataType::String) {
        return Scalar::of_string(std::string(text));
    }
    if (type == DataType::Dynamic) {
        if (trim(text).empty()) {
            return Scalar::null_of(type);
        }
        if (auto parsed = variant_from_json(text)) {
            return Scalar::of_variant(std::move(*parsed));
        }
        return Scalar::of_dynamic(Value(text));  // text that is no JSON is a string
    }
    return from_text(text, type);
}

}  // namespace qd::columns
