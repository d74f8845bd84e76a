// Order, equality and hashes of cells; the three agree: equal_rows(a, b) exactly when
// compare_rows(a, b) == 0, and then the hashes are equal.
//
// Dynamic values compare as trees: numbers of either kind by value (1 equals 1.0), other kinds
// never across kinds, objects whatever the order of their properties.
#include "qd/columns/compare.h"

#include "qd/base/check.h"
#include "qd/codec/guid.h"
#include "qd/columns/variant.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

namespace qd::columns {

namespace {

using Kind = VariantView::Kind;

template <typename T>
int three_way(const T& a, const T& b) {
    return a < b ? -1 : (b < a ? 1 : 0);
}

int compare_real(double a, double b) {
    const bool nan_a = std::isnan(a);
    const bool nan_b = std::isnan(b);
    if (nan_a || nan_b) {
        return three_way(nan_b ? 1 : 0, nan_a ? 1 : 0);  // NaN first
    }
    return three_way(a, b);
}

int compare_bytes(std::string_view a, std::string_view b) {
    return a.compare(b);
}

// Exact, also where the integer has no double.
int compare_int_real(std::int64_t a, double b) {
    if (std::isnan(b)) {
        return 1;
    }
    if (b >= 9223372036854775808.0) {
        return -1;
    }
    if (b < -9223372036854775808.0) {
        return 1;
    }
    const auto whole = static_cast<std::int64_t>(b);
    if (a != whole) {
        return three_way(a, whole);
    }
    return three_way(0.0, b - static_cast<double>(whole));
}

bool is_number(Kind k) {
    return k == Kind::Long || k == Kind::Real;
}

std::vector<std::uint32_t> sorted_keys(VariantView object) {
    std::vector<std::uint32_t> order(object.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        order[i] = i;
    }
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t x, std::uint32_t y) { return object.key(x) < object.key(y); });
    return order;
}

int compare_variants(VariantView a, VariantView b);

int compare_objects(VariantView a, VariantView b) {
    const auto order_a = sorted_keys(a);
    const auto order_b = sorted_keys(b);
    const std::size_t shared = std::min(order_a.size(), order_b.size());
    for (std::size_t i = 0; i < shared; ++i) {
        if (const int c = compare_bytes(a.key(order_a[i]), b.key(order_b[i])); c != 0) {
            return c;
        }
        if (const int c = compare_variants(a.property_at(order_a[i]), b.property_at(order_b[i]));
            c != 0) {
            return c;
        }
    }
    return three_way(order_a.size(), order_b.size());
}

int compare_arrays(VariantView a, VariantView b) {
    const std::uint32_t shared = std::min(a.size(), b.size());
    for (std::uint32_t i = 0; i < shared; ++i) {
        if (const int c = compare_variants(a.element(i), b.element(i)); c != 0) {
            return c;
        }
    }
    return three_way(a.size(), b.size());
}

int compare_numbers(VariantView a, VariantView b) {
    if (a.kind() == Kind::Long && b.kind() == Kind::Long) {
        return three_way(a.as_int(), b.as_int());
    }
    if (a.kind() == Kind::Long) {
        return compare_int_real(a.as_int(), b.as_real());
    }
    if (b.kind() == Kind::Long) {
        return -compare_int_real(b.as_int(), a.as_real());
    }
    return compare_real(a.as_real(), b.as_real());
}

int compare_variants(VariantView a, VariantView b) {
    const Kind kind_a = a.kind();
    const Kind kind_b = b.kind();
    if (is_number(kind_a) && is_number(kind_b)) {
        return compare_numbers(a, b);
    }
    if (kind_a != kind_b) {
        return three_way(static_cast<int>(kind_a), static_cast<int>(kind_b));
    }
    switch (kind_a) {
        case Kind::Null:
            return 0;
        case Kind::Bool:
            return three_way(a.as_bool() ? 1 : 0, b.as_bool() ? 1 : 0);
        case Kind::Long:
        case Kind::Real:
            return compare_numbers(a, b);
        case Kind::DateTime:
        case Kind::TimeSpan:
            return three_way(a.as_int(), b.as_int());
        case Kind::String:
        case Kind::BigNumber:
            return compare_bytes(a.as_string(), b.as_string());
        case Kind::Guid:
            return three_way(a.as_wide(), b.as_wide());
        case Kind::Decimal:
            return decimal_compare({a.as_wide()}, {b.as_wide()});
        case Kind::Array:
            return compare_arrays(a, b);
        case Kind::Object:
            return compare_objects(a, b);
    }
    return 0;
}

// Bijective mixing of 64 bits (Stafford's variant 13 of the murmur3 finaliser).
std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

constexpr std::uint64_t kNullHash = 0x9e3779b97f4a7c15ULL;

std::uint64_t hash_real(double v) {
    if (std::isnan(v)) {
        return 0x7ff8badULL;
    }
    return mix(std::bit_cast<std::uint64_t>(v == 0.0 ? 0.0 : v) ^ 0x5bd1e995ULL);
}

std::uint64_t hash_wide(Wide v) {
    return mix(v.high ^ mix(v.low));
}

std::uint64_t hash_bytes(std::string_view v) {
    return XXH3_64bits(v.data(), v.size());
}

std::uint64_t hash_variant(VariantView v) {
    switch (v.kind()) {
        case Kind::Null:
            return kNullHash;
        case Kind::Bool:
            return mix(v.as_bool() ? 2 : 1);
        case Kind::Long: {
            // As the equal double where there is one, so that 1 and 1.0 agree.
            const auto real = static_cast<double>(v.as_int());
            return compare_int_real(v.as_int(), real) == 0
                       ? hash_real(real)
                       : mix(static_cast<std::uint64_t>(v.as_int()));
        }
        case Kind::Real:
            return hash_real(v.as_real());
        case Kind::String:
        case Kind::BigNumber:
            return hash_bytes(v.as_string());
        case Kind::DateTime:
        case Kind::TimeSpan:
            return mix(static_cast<std::uint64_t>(v.as_int()) + 3);
        case Kind::Guid:
            return hash_wide(v.as_wide());
        case Kind::Decimal:
            return hash_real(decimal_to_double({v.as_wide()}));
        case Kind::Array: {
            std::uint64_t h = 7;
            for (std::uint32_t i = 0; i < v.size(); ++i) {
                h = mix(h ^ hash_variant(v.element(i)));
            }
            return h;
        }
        case Kind::Object: {
            std::uint64_t h = 11;  // a sum: the order of the properties does not count
            for (std::uint32_t i = 0; i < v.size(); ++i) {
                h += mix(hash_bytes(v.key(i)) ^ mix(hash_variant(v.property_at(i))));
            }
            return h;
        }
    }
    return kNullHash;
}

std::uint64_t hash_flat(const Column& column, std::uint32_t row) {
    if (!column.nulls().empty() && column.nulls()[row] != 0) {
        return kNullHash;
    }
    switch (column.type()) {
        case DataType::Bool:
        case DataType::Int:
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            return mix(static_cast<std::uint64_t>(column.int_at(row)) + kNullHash);
        case DataType::Real:
            return hash_real(column.values<double>()[row]);
        case DataType::Decimal:
            return hash_real(decimal_to_double({column.values<Wide>()[row]}));
        case DataType::Guid:
            return hash_wide(column.values<Wide>()[row]);
        case DataType::String:
            return hash_bytes(column.bytes_at(row));
        case DataType::Dynamic:
            return hash_variant(VariantView(column.bytes_at(row)));
    }
    return kNullHash;
}

std::uint64_t combine(std::uint64_t seed, std::uint64_t hash) {
    return mix(seed ^ (hash + kNullHash + (seed << 6) + (seed >> 2)));
}

}  // namespace

int compare_rows(const Column& a, std::uint32_t row_a, const Column& b, std::uint32_t row_b) {
    QD_DCHECK(a.type() == b.type());
    const bool null_a = a.is_null(row_a);
    const bool null_b = b.is_null(row_b);
    if (null_a || null_b) {
        return three_way(null_b ? 1 : 0, null_a ? 1 : 0);  // nulls first
    }
    switch (a.type()) {
        case DataType::Bool:
        case DataType::Int:
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            return three_way(a.int_at(row_a), b.int_at(row_b));
        case DataType::Real:
            return compare_real(a.real_at(row_a), b.real_at(row_b));
        case DataType::Decimal:
            return decimal_compare({a.wide_at(row_a)}, {b.wide_at(row_b)});
        case DataType::Guid:
            return three_way(a.wide_at(row_a), b.wide_at(row_b));
        case DataType::String:
            return compare_bytes(a.bytes_at(row_a), b.bytes_at(row_b));
        case DataType::Dynamic:
            return compare_variants(VariantView(a.bytes_at(row_a)), VariantView(b.bytes_at(row_b)));
    }
    return 0;
}

bool equal_rows(const Column& a, std::uint32_t row_a, const Column& b, std::uint32_t row_b) {
    if (is_bytes(a.type()) && !a.is_null(row_a) && !b.is_null(row_b)) {
        const std::string_view bytes_a = a.bytes_at(row_a);
        const std::string_view bytes_b = b.bytes_at(row_b);
        if (bytes_a == bytes_b || a.type() == DataType::String) {
            return bytes_a == bytes_b;
        }
    }
    return compare_rows(a, row_a, b, row_b) == 0;
}

std::uint64_t hash_row(const Column& column, std::uint32_t row) {
    switch (column.layout()) {
        case Layout::Flat:
            return hash_flat(column, row);
        case Layout::Constant:
            return hash_flat(*column.constant(), 0);
        case Layout::Dictionary:
            return hash_flat(*column.dictionary(), column.codes()[row]);
    }
    return kNullHash;
}

void hash_column(const Column& column, std::span<std::uint64_t> hashes) {
    QD_CHECK(hashes.size() == column.size());
    if (column.layout() == Layout::Constant) {
        const std::uint64_t h = hash_flat(*column.constant(), 0);
        for (std::uint64_t& hash : hashes) {
            hash = combine(hash, h);
        }
        return;
    }
    if (column.layout() == Layout::Dictionary) {
        const auto codes = column.codes();
        const Column& dictionary = *column.dictionary();
        if (dictionary.size() <= codes.size()) {
            std::vector<std::uint64_t> entries(dictionary.size());
            for (std::uint32_t i = 0; i < dictionary.size(); ++i) {
                entries[i] = hash_flat(dictionary, i);
            }
            for (std::size_t i = 0; i < codes.size(); ++i) {
                hashes[i] = combine(hashes[i], entries[codes[i]]);
            }
            return;
        }
    }
    for (std::uint32_t i = 0; i < column.size(); ++i) {
        hashes[i] = combine(hashes[i], hash_row(column, i));
    }
}

}  // namespace qd::columns
