#pragma once

#include "qd/columns/column.h"
#include "qd/columns/variant.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Variant bytes (qd/columns/variant.h) written piece by piece, so that aggregates and series
/// functions build dynamic arrays and bags without a tree of Values in between.
namespace qd::kql {

void append_variant_null(std::string& out);
void append_variant_bool(std::string& out, bool v);
void append_variant_long(std::string& out, std::int64_t v);
void append_variant_real(std::string& out, double v);
/// Of type DateTime, TimeSpan or (any other) Long.
void append_variant_ticks(std::string& out, columns::DataType type, std::int64_t v);
void append_variant_string(std::string& out, std::string_view v);

/// One cell of any type as a dynamic value; a null cell is dynamic null, a dynamic cell itself.
void append_cell_as_variant(std::string& out, const columns::Column& column, std::uint32_t row);

/// A dynamic array that grows: elements are appended to bytes(), each closed by end_element().
class ArrayBytes {
  public:
    std::string& bytes() { return bytes_; }
    void end_element() { ends_.push_back(static_cast<std::uint32_t>(bytes_.size())); }
    void append(std::string_view element) {
        bytes_.append(element);
        end_element();
    }
    std::uint32_t size() const { return static_cast<std::uint32_t>(ends_.size()); }
    std::string_view element(std::uint32_t index) const;
    std::size_t memory_bytes() const { return bytes_.size() + 4 * ends_.size(); }
    void clear();
    /// Appends the whole array as one variant.
    void append_to(std::string& out) const;

  private:
    std::string bytes_;
    std::vector<std::uint32_t> ends_;
};

/// The same for a bag; keys are taken as they come, the caller keeps them distinct.
class BagBytes {
  public:
    void append(std::string_view key, std::string_view value);
    void append_to(std::string& out) const;
    void clear();

  private:
    std::string bytes_;                 // key length, key, value, …
    std::vector<std::uint32_t> marks_;  // begin of key, begin of value, …
};

/// What stands before `count` cells of nine bytes (form 13 of variant.h).
void append_cells_header(std::string& out, std::size_t count);
/// A dynamic array of doubles; NaN stays NaN.
void append_reals(std::string& out, std::span<const double> values);
/// A dynamic array of longs; NaN is written as null.
void append_longs(std::string& out, std::span<const double> values);

}  // namespace qd::kql
