// The layout of an array (qd/columns/variant.h) is read in one pass: cells one behind the other, or
// the offset table beside the tags with the bounds checked per element. Going through
// VariantView::element() instead costs several times as much and dominates the cheap functions.
#include "functions/series_cells.h"

#include "dynamic_bytes.h"
#include "qd/columns/variant.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace qd::kql {

namespace {

using Kind = columns::VariantView::Kind;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr char kLongTag = 3;
constexpr char kRealTag = 4;

std::uint32_t word_at(std::string_view bytes, std::size_t at) {
    std::uint32_t v = 0;
    std::memcpy(&v, bytes.data() + at, 4);
    return v;
}

// The rarer kinds of element; false when it is no number.
bool read_other(columns::VariantView view, double& value, bool& integral) {
    switch (view.kind()) {
        case Kind::Bool:
            value = view.as_bool() ? 1 : 0;
            return true;
        case Kind::Long:
        case Kind::DateTime:
        case Kind::TimeSpan:
            value = static_cast<double>(view.as_int());
            return true;
        case Kind::Real:
            value = view.as_real();
            integral = false;
            return true;
        case Kind::Null:
        case Kind::String:
        case Kind::Array:
        case Kind::Object:
        case Kind::Guid:
        case Kind::Decimal:
        case Kind::BigNumber:
            break;
    }
    return false;
}

void read_cells(std::string_view cells, Series& out) {
    const char* cell = cells.data();
    for (std::size_t i = 0; i < out.values.size(); ++i, cell += 9) {
        std::int64_t v = 0;
        std::memcpy(&v, cell + 1, 8);
        if (*cell == kLongTag) {
            out.values[i] = static_cast<double>(v);
        } else if (*cell == kRealTag) {
            out.values[i] = std::bit_cast<double>(v);
            out.integral = false;
        } else if (!read_other(columns::VariantView({cell, 9}), out.values[i], out.integral)) {
            out.values[i] = kMissing;
            out.missing[i] = 1;
            out.any_missing = true;
        }
    }
}

}  // namespace

void read_series(std::string_view variant, Series& out) {
    out.values.clear();
    out.missing.clear();
    out.integral = true;
    out.any_missing = false;
    const columns::VariantView view(variant);
    out.is_array = view.kind() == Kind::Array;
    if (!out.is_array) {
        return;
    }
    const std::uint32_t n = view.size();
    const std::string_view bytes = view.bytes();
    out.values.resize(n);
    out.missing.assign(n, 0);
    if (const std::string_view cells = view.cells(); !cells.empty()) {
        read_cells(cells, out);
        return;
    }
    for (std::uint32_t i = 0; i < n; ++i) {
        const std::size_t at = word_at(bytes, 9 + std::size_t{4} * i);
        if (at + 9 <= bytes.size() && bytes[at] == kRealTag) {
            std::memcpy(&out.values[i], bytes.data() + at + 1, 8);
            out.integral = false;
            continue;
        }
        if (at + 9 <= bytes.size() && bytes[at] == kLongTag) {
            std::int64_t v = 0;
            std::memcpy(&v, bytes.data() + at + 1, 8);
            out.values[i] = static_cast<double>(v);
            continue;
        }
        if (!read_other(view.element(i), out.values[i], out.integral)) {
            out.values[i] = kMissing;
            out.missing[i] = 1;
            out.any_missing = true;
        }
    }
}

void read_series(const columns::Column& column, std::uint32_t row, Series& out) {
    read_series(column.is_null(row) ? std::string_view() : column.bytes_at(row), out);
}

std::string reals(std::span<const double> values) {
    std::string out;
    append_reals(out, values);
    return out;
}

std::string reals_or_nulls(std::span<const double> values) {
    std::string out = reals(values);
    char* cell = out.data() + (out.size() - 9 * values.size());
    for (const double v : values) {
        if (std::isnan(v)) {
            std::memset(cell, 0, 9);  // null
        }
        cell += 9;
    }
    return out;
}

std::string longs(std::span<const double> values) {
    std::string out;
    append_longs(out, values);
    return out;
}

}  // namespace qd::kql
