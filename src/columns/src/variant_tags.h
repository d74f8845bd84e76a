#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qd::columns::internal {

/// First byte of a variant (variant.h gives the layout).
enum class Tag : std::uint8_t {
    Null = 0,
    False = 1,
    True = 2,
    Long = 3,
    Real = 4,
    String = 5,
    Array = 6,
    Object = 7,
    DateTime = 8,
    TimeSpan = 9,
    Guid = 10,
    Decimal = 11,
    BigNumber = 12,
    Cells = 13,
};

void append_tag(std::string& out, Tag tag);
void append_u32(std::string& out, std::size_t value);
void put_u32(std::string& out, std::size_t at, std::size_t value);
void append_text(std::string& out, Tag tag, std::string_view text);
void append_i64(std::string& out, Tag tag, std::int64_t v);
void append_f64(std::string& out, double v);

/// Whether a value of this tag takes one byte or nine: what an array of cells is made of.
constexpr bool is_cell(Tag tag) {
    return tag <= Tag::Real || tag == Tag::DateTime || tag == Tag::TimeSpan;
}

/// Writes the frame of an array or object whose number of children is known; the caller appends
/// each child's bytes to `out` right after element() or key().
class ContainerWriter {
  public:
    ContainerWriter(std::string& out, Tag tag, std::size_t count);
    void element();
    void key(std::string_view key);
    /// An array of nothing but cells is rewritten in their form: equal arrays have equal bytes.
    void finish();

  private:
    void pack_cells();

    std::string& out_;
    std::size_t start_;
    std::size_t next_slot_ = 0;
    bool is_object_;
};

}  // namespace qd::columns::internal
