#pragma once

#include "qd/base/time.h"
#include "qd/codec/value.h"
#include "qd/columns/type.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace qd::columns {

/// One typed value, possibly null. A String is never null (a missing string is "").
/// A Dynamic holds variant bytes in the string slot (variant.h).
class Scalar {
  public:
    static Scalar null_of(DataType type);
    static Scalar of_bool(bool v);
    static Scalar of_int(std::int32_t v);
    static Scalar of_long(std::int64_t v);
    static Scalar of_real(double v);
    static Scalar of_decimal(Wide v);
    static Scalar of_guid(Wide v);
    static Scalar of_string(std::string v);
    static Scalar of_datetime(std::int64_t ticks);
    static Scalar of_timespan(std::int64_t ticks);
    static Scalar of_dynamic(const Value& v);
    static Scalar of_variant(std::string variant_bytes);

    DataType type() const { return type_; }
    bool is_null() const { return null_; }
    bool as_bool() const { return integer_ != 0; }
    /// Int, Long, DateTime and TimeSpan.
    std::int64_t as_int() const { return integer_; }
    double as_real() const { return real_; }
    Wide as_wide() const { return wide_; }
    /// String text or variant bytes.
    const std::string& bytes() const { return bytes_; }
    /// As a tree value, whatever the type (datetime as Timestamp and so on).
    Value to_value() const;
    bool operator==(const Scalar&) const = default;

  private:
    DataType type_ = DataType::Dynamic;
    bool null_ = true;
    std::int64_t integer_ = 0;
    double real_ = 0;
    Wide wide_;
    std::string bytes_;
};

}  // namespace qd::columns
