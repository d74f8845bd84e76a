#pragma once

#include "qd/columns/column.h"

#include <cstdint>
#include <string>
#include <vector>

namespace qd::kql {

/// One mutable cell a group: what min, arg_max and take_any remember. Struct of arrays by
/// physical width; a new cell is null ("" for strings).
class CellStore {
  public:
    explicit CellStore(columns::DataType type) : type_(type) {}

    columns::DataType type() const { return type_; }
    std::uint32_t size() const { return size_; }
    void resize(std::uint32_t cells);
    void set(std::uint32_t cell, const columns::Column& column, std::uint32_t row);
    void set_from(std::uint32_t cell, const CellStore& other, std::uint32_t other_cell);
    bool is_null(std::uint32_t cell) const { return nulls_[cell] != 0; }
    /// String cells only.
    bool empty_text(std::uint32_t cell) const { return bytes_[cell].empty(); }
    /// Order of the row against the cell, as compare_rows(); neither is null.
    int compare(const columns::Column& column, std::uint32_t row, std::uint32_t cell) const;
    int compare_cells(const CellStore& other, std::uint32_t other_cell, std::uint32_t cell) const;
    columns::ColumnPtr finish() const;

  private:
    columns::ColumnPtr one_row(std::uint32_t cell) const;
    void append_to(columns::ColumnBuilder& out, std::uint32_t cell) const;

    columns::DataType type_;
    std::uint32_t size_ = 0;
    std::vector<std::uint8_t> nulls_;
    std::vector<std::int64_t> integers_;
    std::vector<double> reals_;
    std::vector<Wide> wides_;
    std::vector<std::string> bytes_;
};

}  // namespace qd::kql
