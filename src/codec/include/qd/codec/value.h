#pragma once

#include "qd/base/time.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace qd {

class Value;

/// Sixteen bytes that are not a number to us: a GUID (big-endian text order) or a decimal
/// (IEEE 754 decimal128, BID encoding).
struct Wide {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    auto operator<=>(const Wide&) const = default;
};
struct GuidValue {
    Wide bits;
    bool operator==(const GuidValue&) const = default;
};
struct DecimalValue {
    Wide bits;
    bool operator==(const DecimalValue&) const = default;
};

using Array = std::vector<Value>;

/// Properties in the order they were written; a second set() of a key replaces in place.
class Object {
  public:
    using Entry = std::pair<std::string, Value>;

    const Value* find(std::string_view key) const;
    Value* find(std::string_view key);
    /// Replaces in place or appends.
    Value& set(std::string key, Value value);
    /// Appends without looking for the key (parsers that resolve duplicates themselves).
    Value& append(std::string key, Value value);
    bool erase(std::string_view key);
    // Defined below Value: an entry is no complete type before.
    std::size_t size() const;
    bool empty() const;
    std::vector<Entry>::const_iterator begin() const;
    std::vector<Entry>::const_iterator end() const;
    std::vector<Entry>::iterator begin();
    std::vector<Entry>::iterator end();
    /// Equal whatever the order of the properties.
    bool operator==(const Object& other) const;

  private:
    std::vector<Entry> entries_;
};

/// The one tree value of the product: JSON, YAML after resolution, KQL's dynamic, workflow data.
/// Integers that fit 64 bits stay integers; numbers beyond (or with more digits than a double
/// holds) keep their text in BigNumber so that nothing is lost. Timestamp, Ticks, Guid and
/// Decimal occur only as KQL dynamic scalars; JSON writes them as text.
class Value {
  public:
    /// A JSON number that neither int64 nor double represents; printed as it was written.
    struct BigNumber {
        std::string text;
        bool operator==(const BigNumber&) const = default;
    };

    Value() = default;
    Value(std::nullptr_t) {}                              // NOLINT
    Value(bool b) : data_(b) {}                           // NOLINT
    Value(std::int64_t n) : data_(n) {}                   // NOLINT
    Value(int n) : data_(std::int64_t{n}) {}              // NOLINT
    Value(double d) : data_(d) {}                         // NOLINT
    Value(std::string s) : data_(std::move(s)) {}         // NOLINT
    Value(std::string_view s) : data_(std::string(s)) {}  // NOLINT
    Value(const char* s) : data_(std::string(s)) {}       // NOLINT
    Value(Array a) : data_(std::move(a)) {}               // NOLINT
    Value(Object o) : data_(std::move(o)) {}              // NOLINT
    Value(BigNumber n) : data_(std::move(n)) {}           // NOLINT
    Value(Timestamp t) : data_(t) {}                      // NOLINT
    Value(Ticks t) : data_(t) {}                          // NOLINT
    Value(GuidValue g) : data_(g) {}                      // NOLINT
    Value(DecimalValue d) : data_(d) {}                   // NOLINT

    bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
    const bool* if_bool() const { return std::get_if<bool>(&data_); }
    const std::int64_t* if_int() const { return std::get_if<std::int64_t>(&data_); }
    const double* if_double() const { return std::get_if<double>(&data_); }
    const std::string* if_string() const { return std::get_if<std::string>(&data_); }
    const Array* if_array() const { return std::get_if<Array>(&data_); }
    Array* if_array() { return std::get_if<Array>(&data_); }
    const Object* if_object() const { return std::get_if<Object>(&data_); }
    Object* if_object() { return std::get_if<Object>(&data_); }
    const BigNumber* if_big_number() const { return std::get_if<BigNumber>(&data_); }
    const Timestamp* if_timestamp() const { return std::get_if<Timestamp>(&data_); }
    const Ticks* if_ticks() const { return std::get_if<Ticks>(&data_); }
    const GuidValue* if_guid() const { return std::get_if<GuidValue>(&data_); }
    const DecimalValue* if_decimal() const { return std::get_if<DecimalValue>(&data_); }
    bool is_number() const { return if_int() || if_double() || if_big_number(); }
    /// int or double as double; nothing else.
    const std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object,
                       BigNumber, Timestamp, Ticks, GuidValue, DecimalValue>&
    data() const {
        return data_;
    }

    /// A property of an object; null pointer when this is no object or has no such key.
    const Value* get(std::string_view key) const;
    /// Follows property names: at({"a", "b"}).
    const Value* at(std::initializer_list<std::string_view> path) const;
    /// The string, or `otherwise` when this is not a string.
    std::string_view string_or(std::string_view otherwise) const;
    std::int64_t int_or(std::int64_t otherwise) const;
    double number_or(double otherwise) const;
    bool bool_or(bool otherwise) const;

    /// Structural; 1 and 1.0 are equal, object order does not count.
    bool operator==(const Value& other) const;

  private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object, BigNumber,
                 Timestamp, Ticks, GuidValue, DecimalValue>
        data_;
};

inline std::size_t Object::size() const {
    return entries_.size();
}
inline bool Object::empty() const {
    return entries_.empty();
}
inline std::vector<Object::Entry>::const_iterator Object::begin() const {
    return entries_.begin();
}
inline std::vector<Object::Entry>::const_iterator Object::end() const {
    return entries_.end();
}
inline std::vector<Object::Entry>::iterator Object::begin() {
    return entries_.begin();
}
inline std::vector<Object::Entry>::iterator Object::end() {
    return entries_.end();
}

}  // namespace qd
