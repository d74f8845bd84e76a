#include "cell_store.h"

#include "qd/columns/compare.h"

namespace qd::kql {

using columns::Column;
using columns::ColumnPtr;
using columns::DataType;

namespace {

int three_way(std::int64_t a, std::int64_t b) {
    return a < b ? -1 : (b < a ? 1 : 0);
}

}  // namespace

void CellStore::resize(std::uint32_t cells) {
    size_ = cells;
    nulls_.resize(cells, 1);
    switch (type_) {
        case DataType::Bool:
        case DataType::Int:
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            integers_.resize(cells);
            break;
        case DataType::Real:
            reals_.resize(cells);
            break;
        case DataType::Decimal:
        case DataType::Guid:
            wides_.resize(cells);
            break;
        case DataType::String:
        case DataType::Dynamic:
            bytes_.resize(cells);
            break;
    }
}

void CellStore::set(std::uint32_t cell, const Column& column, std::uint32_t row) {
    const bool null = column.is_null(row);
    nulls_[cell] = null ? 1 : 0;
    if (null) {
        return;
    }
    switch (type_) {
        case DataType::Bool:
        case DataType::Int:
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            integers_[cell] = column.int_at(row);
            break;
        case DataType::Real:
            reals_[cell] = column.real_at(row);
            break;
        case DataType::Decimal:
        case DataType::Guid:
            wides_[cell] = column.wide_at(row);
            break;
        case DataType::String:
        case DataType::Dynamic:
            bytes_[cell].assign(column.bytes_at(row));
            break;
    }
}

void CellStore::set_from(std::uint32_t cell, const CellStore& other, std::uint32_t other_cell) {
    nulls_[cell] = other.nulls_[other_cell];
    if (!integers_.empty()) {
        integers_[cell] = other.integers_[other_cell];
    } else if (!reals_.empty()) {
        reals_[cell] = other.reals_[other_cell];
    } else if (!wides_.empty()) {
        wides_[cell] = other.wides_[other_cell];
    } else {
        bytes_[cell] = other.bytes_[other_cell];
    }
}

void CellStore::append_to(columns::ColumnBuilder& out, std::uint32_t cell) const {
    if (nulls_[cell] != 0) {
        out.append_null();
        return;
    }
    switch (type_) {
        case DataType::Bool:
            out.append_bool(integers_[cell] != 0);
            break;
        case DataType::Int:
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            out.append_int(integers_[cell]);
            break;
        case DataType::Real:
            out.append_real(reals_[cell]);
            break;
        case DataType::Decimal:
        case DataType::Guid:
            out.append_wide(wides_[cell]);
            break;
        case DataType::String:
        case DataType::Dynamic:
            out.append_bytes(bytes_[cell]);
            break;
    }
}

ColumnPtr CellStore::one_row(std::uint32_t cell) const {
    columns::ColumnBuilder out(type_, 1);
    append_to(out, cell);
    return out.finish();
}

int CellStore::compare(const Column& column, std::uint32_t row, std::uint32_t cell) const {
    if (!integers_.empty()) {
        return three_way(column.int_at(row), integers_[cell]);
    }
    if (type_ == DataType::String) {
        return column.bytes_at(row).compare(bytes_[cell]);
    }
    return columns::compare_rows(column, row, *one_row(cell), 0);
}

int CellStore::compare_cells(const CellStore& other, std::uint32_t other_cell,
                             std::uint32_t cell) const {
    return columns::compare_rows(*other.one_row(other_cell), 0, *one_row(cell), 0);
}

ColumnPtr CellStore::finish() const {
    columns::ColumnBuilder out(type_, size_);
    for (std::uint32_t cell = 0; cell < size_; ++cell) {
        append_to(out, cell);
    }
    return out.finish();
}

}  // namespace qd::kql
