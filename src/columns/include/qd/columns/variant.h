#pragma once

#include "qd/codec/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qd::columns {

/// KQL's dynamic as self-contained bytes, so that a column of them is an ordinary byte column and
/// a property is found without parsing text.
///
/// Layout (little-endian; docs/internals/variant.md):
///   tag u8, then
///   0 null · 1 false · 2 true · 3 i64 · 4 f64 · 5 string: u32 length, bytes ·
///   6 array: u32 byte size of the rest, u32 count, count × u32 offset, elements ·
///   7 object: u32 byte size of the rest, u32 count, count × (u32 key offset, u32 value offset),
///     keys (u32 length, bytes) and values; in source order ·
///   8 datetime i64 · 9 timespan i64 · 10 guid 16 bytes · 11 decimal 16 bytes ·
///   12 number text: u32 length, bytes ·
///   13 array of cells: u32 byte size of the rest, u32 count, count × nine bytes, each a value of
///     tag 0-4, 8 or 9, those of one byte padded with zeros.
/// An array of nothing but such values has form 13, any other (and the empty one) form 6.
/// Offsets are relative to the first byte of the array's or object's tag.
std::string encode_variant(const Value& value);
void append_variant(std::string& out, const Value& value);
/// The same of a string.
void append_variant_string(std::string& out, std::string_view text);

/// A validated or trusted view of variant bytes. Reading never leaves the given bytes: a malformed
/// part reads as null. Bytes from outside (extent files) are checksummed before they come here.
class VariantView {
  public:
    enum class Kind : std::uint8_t {
        Null,
        Bool,
        Long,
        Real,
        String,
        Array,
        Object,
        DateTime,
        TimeSpan,
        Guid,
        Decimal,
        BigNumber
    };

    VariantView() = default;  // null
    explicit VariantView(std::string_view bytes) : bytes_(bytes) {}

    Kind kind() const;
    bool is_null() const { return kind() == Kind::Null; }
    bool as_bool() const;
    std::int64_t as_int() const;  // Long, DateTime, TimeSpan
    double as_real() const;
    std::string_view as_string() const;  // String, BigNumber
    Wide as_wide() const;                // Guid, Decimal
    /// Elements of an array or properties of an object; 0 otherwise.
    std::uint32_t size() const;
    VariantView element(std::uint32_t index) const;
    std::string_view key(std::uint32_t index) const;
    VariantView property_at(std::uint32_t index) const;
    /// Null when there is no such property or this is no object. The last of equal keys wins.
    VariantView property(std::string_view key) const;
    /// Negative counts from the end; out of range is null.
    VariantView element_from(std::int64_t index) const;

    /// The elements of an array of cells, nine bytes each (tag and value); empty for other values.
    std::string_view cells() const;

    /// The bytes of exactly this value (for storing it as a dynamic of its own).
    std::string_view bytes() const;
    Value to_value() const;
    /// Appends minified JSON.
    void append_json(std::string& out) const;

  private:
    std::string_view bytes_;
};

/// Parses JSON text straight into variant bytes (simdjson), falling back to the tree parser for
/// what simdjson refuses. Nothing when the text is not JSON. Duplicate keys: the last wins.
std::optional<std::string> variant_from_json(std::string_view json);

}  // namespace qd::columns
