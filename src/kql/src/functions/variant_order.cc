#include "functions/variant_order.h"

#include "dynamic_bytes.h"

#include <cmath>

namespace qd::kql {
namespace {

using columns::VariantView;
using Kind = VariantView::Kind;

int rank(Kind kind) {
    switch (kind) {
        case Kind::Null:
            return 0;
        case Kind::Bool:
            return 1;
        case Kind::Long:
        case Kind::Real:
        case Kind::BigNumber:
        case Kind::Decimal:
            return 2;
        case Kind::String:
            return 3;
        case Kind::DateTime:
            return 4;
        case Kind::TimeSpan:
            return 5;
        default:
            return 6;
    }
}

template <typename T>
int order(const T& a, const T& b) {
    return a < b ? -1 : b < a ? 1 : 0;
}

double number(const VariantView& v) {
    return v.kind() == Kind::Long ? static_cast<double>(v.as_int()) : v.as_real();
}

}  // namespace

int compare_variants(const VariantView& a, const VariantView& b) {
    const int kinds = order(rank(a.kind()), rank(b.kind()));
    if (kinds != 0) {
        return kinds;
    }
    switch (rank(a.kind())) {
        case 0:
            return 0;
        case 1:
            return order(a.as_bool(), b.as_bool());
        case 2:
            if (a.kind() == Kind::Long && b.kind() == Kind::Long) {
                return order(a.as_int(), b.as_int());
            }
            return order(number(a), number(b));
        case 3:
            return order(a.as_string(), b.as_string());
        case 4:
        case 5:
            return order(a.as_int(), b.as_int());
        default: {
            std::string left;
            std::string right;
            a.append_json(left);
            b.append_json(right);
            return order(left, right);
        }
    }
}

std::string element_key(const VariantView& v) {
    if (v.kind() == Kind::Real) {
        const double real = v.as_real();
        if (real == std::trunc(real) && std::abs(real) < 9.0e15) {
            std::string key;
            append_variant_long(key, static_cast<std::int64_t>(real));
            return key;
        }
    }
    return std::string(v.bytes());
}

}  // namespace qd::kql
