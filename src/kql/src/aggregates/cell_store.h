#pragma once

#include "qd/columns/column.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qd::kql {

/// One mutable cell a group: what min, arg_max and take_any remember. Struct of arrays by
/// physical width; a new cell is null ("" for strings). A text out of a dictionary is remembered by
/// its place there, not copied: a group that changes its mind a hundred times costs eight bytes a
/// time, and the answer is a dictionary again.
class CellStore {
  public:
    explicit CellStore(columns::DataType type) : type_(type) {}

    columns::DataType type() const { return type_; }
    std::uint32_t size() const { return size_; }
    void resize(std::uint32_t cells);
    void set(std::uint32_t cell, const columns::ColumnPtr& column, std::uint32_t row);
    void set_from(std::uint32_t cell, const CellStore& other, std::uint32_t other_cell);
    bool is_null(std::uint32_t cell) const { return nulls_[cell] != 0; }
    /// String cells only.
    bool empty_text(std::uint32_t cell) const { return text(cell).empty(); }
    /// Order of the row against the cell, as compare_rows(); neither is null.
    int compare(const columns::Column& column, std::uint32_t row, std::uint32_t cell) const;
    int compare_cells(const CellStore& other, std::uint32_t other_cell, std::uint32_t cell) const;
    columns::ColumnPtr finish() const;

  private:
    /// A text: entry `index` of dictionary `owner`, or (kOwn) of own_.
    struct Place {
        std::uint32_t owner = kOwn;
        std::uint32_t index = kNowhere;
    };
    static constexpr std::uint32_t kOwn = ~std::uint32_t{0};
    static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};

    std::string_view text(std::uint32_t cell) const;
    void set_text(std::uint32_t cell, std::string_view bytes);
    void set_place(std::uint32_t cell, const columns::ColumnPtr& dictionary, std::uint32_t index);
    columns::ColumnPtr finish_places() const;
    columns::ColumnPtr one_row(std::uint32_t cell) const;
    void append_to(columns::ColumnBuilder& out, std::uint32_t cell) const;

    columns::DataType type_;
    std::uint32_t size_ = 0;
    std::vector<std::uint8_t> nulls_;
    std::vector<std::int64_t> integers_;
    std::vector<double> reals_;
    std::vector<Wide> wides_;
    std::vector<Place> places_;
    std::vector<columns::ColumnPtr> owners_;
    std::vector<std::string> own_;
};

}  // namespace qd::kql
