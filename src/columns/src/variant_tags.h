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
};

void append_tag(std::string& out, Tag tag);
void append_u32(std::string& out, std::size_t value);
void put_u32(std::string& out, std::size_t at, std::size_t value);
void append_text(std::string& out, Tag tag, std::string_view text);
void append_i64(std::string& out, Tag tag, std::int64_t v);
void append_f64(std::string& out, double v);

/// Writes the frame of an array or object whose number of children is known; the caller appends
/// each child's bytes to `out` right after element() or key().
class ContainerWriter {
  public:
    ContainerWriter(std::string& out, Tag tag, std::size_t count);
    void element();
    void key(std::string_view key);
    void finish();

  private:
    std::string& out_;
    std::size_t start_;
    std::size_t next_slot_ = 0;
    bool is_object_;
};

}  // namespace qd::columns::internal
