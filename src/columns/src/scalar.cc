#include "qd/columns/scalar.h"

#include "qd/base/check.h"
#include "qd/columns/variant.h"

namespace qd::columns {

Scalar Scalar::null_of(DataType type) {
    Scalar s;
    s.type_ = type;
    s.null_ = type != DataType::String;
    return s;
}

Scalar Scalar::of_bool(bool v) {
    Scalar s;
    s.type_ = DataType::Bool;
    s.null_ = false;
    s.integer_ = v ? 1 : 0;
    return s;
}

Scalar Scalar::of_int(std::int32_t v) {
    Scalar s;
    s.type_ = DataType::Int;
    s.null_ = false;
    s.integer_ = v;
    return s;
}

Scalar Scalar::of_long(std::int64_t v) {
    Scalar s;
    s.type_ = DataType::Long;
    s.null_ = false;
    s.integer_ = v;
    return s;
}

Scalar Scalar::of_real(double v) {
    Scalar s;
    s.type_ = DataType::Real;
    s.null_ = false;
    s.real_ = v;
    return s;
}

Scalar Scalar::of_decimal(Wide v) {
    Scalar s;
    s.type_ = DataType::Decimal;
    s.null_ = false;
    s.wide_ = v;
    return s;
}

Scalar Scalar::of_guid(Wide v) {
    Scalar s;
    s.type_ = DataType::Guid;
    s.null_ = false;
    s.wide_ = v;
    return s;
}

Scalar Scalar::of_string(std::string v) {
    Scalar s;
    s.type_ = DataType::String;
    s.null_ = false;
    s.bytes_ = std::move(v);
    return s;
}

Scalar Scalar::of_datetime(std::int64_t ticks) {
    Scalar s;
    s.type_ = DataType::DateTime;
    s.null_ = false;
    s.integer_ = ticks;
    return s;
}

Scalar Scalar::of_timespan(std::int64_t ticks) {
    Scalar s;
    s.type_ = DataType::TimeSpan;
    s.null_ = false;
    s.integer_ = ticks;
    return s;
}

Scalar Scalar::of_dynamic(const Value& v) {
    return of_variant(encode_variant(v));
}

Scalar Scalar::of_variant(std::string variant_bytes) {
    Scalar s;
    s.type_ = DataType::Dynamic;
    if (VariantView(variant_bytes).is_null()) {
        return s;
    }
    s.null_ = false;
    s.bytes_ = std::move(variant_bytes);
    return s;
}

Value Scalar::to_value() const {
    if (null_) {
        return {};
    }
    switch (type_) {
        case DataType::Bool:
            return as_bool();
        case DataType::Int:
        case DataType::Long:
            return integer_;
        case DataType::Real:
            return real_;
        case DataType::Decimal:
            return DecimalValue{wide_};
        case DataType::String:
            return bytes_;
        case DataType::DateTime:
            return Timestamp{integer_};
        case DataType::TimeSpan:
            return Ticks{integer_};
        case DataType::Guid:
            return GuidValue{wide_};
        case DataType::Dynamic:
            return VariantView(bytes_).to_value();
    }
    QD_CHECK(false && "unknown data type");
}

}  // namespace qd::columns
