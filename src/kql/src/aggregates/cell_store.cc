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
            places_.resize(cells);
            break;
    }
}

std::string_view CellStore::text(std::uint32_t cell) const {
    const Place place = places_[cell];
    if (place.index == kNowhere) {
        return {};
    }
    return place.owner == kOwn ? std::string_view(own_[place.index])
                               : owners_[place.owner]->bytes_at(place.index);
}

void CellStore::set_text(std::uint32_t cell, std::string_view bytes) {
    Place& place = places_[cell];
    if (place.owner != kOwn || place.index == kNowhere) {
        place = {.owner = kOwn, .index = static_cast<std::uint32_t>(own_.size())};
        own_.emplace_back();
    }
    own_[place.index].assign(bytes);
}

void CellStore::set_place(std::uint32_t cell, const ColumnPtr& dictionary, std::uint32_t index) {
    // The newest dictionary is nearly always the one: a worker reads extent by extent.
    std::uint32_t owner = static_cast<std::uint32_t>(owners_.size());
    while (owner > 0 && owners_[owner - 1] != dictionary) {
        --owner;
    }
    if (owner == 0) {
        owners_.push_back(dictionary);
        owner = static_cast<std::uint32_t>(owners_.size());
    }
    places_[cell] = {.owner = owner - 1, .index = index};
}

void CellStore::set(std::uint32_t cell, const ColumnPtr& from, std::uint32_t row) {
    const Column& column = *from;
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
            if (column.layout() == columns::Layout::Dictionary) {
                set_place(cell, column.dictionary(), column.codes()[row]);
            } else {
                set_text(cell, column.bytes_at(row));
            }
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
        const Place place = other.places_[other_cell];
        if (place.owner != kOwn) {
            set_place(cell, other.owners_[place.owner], place.index);
        } else if (place.index != kNowhere) {
            set_text(cell, other.own_[place.index]);
        } else {
            places_[cell] = place;
        }
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
            out.append_bytes(text(cell));
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
        return column.bytes_at(row).compare(text(cell));
    }
    return columns::compare_rows(column, row, *one_row(cell), 0);
}

int CellStore::compare_cells(const CellStore& other, std::uint32_t other_cell,
                             std::uint32_t cell) const {
    if (!integers_.empty()) {
        return three_way(other.integers_[other_cell], integers_[cell]);
    }
    if (type_ == DataType::String) {
        return other.text(other_cell).compare(text(cell));
    }
    return columns::compare_rows(*other.one_row(other_cell), 0, *one_row(cell), 0);
}

/// All texts are places in dictionaries: one dictionary of those that are used.
ColumnPtr CellStore::finish_places() const {
    std::vector<std::vector<std::uint32_t>> codes_of(owners_.size());
    for (std::size_t o = 0; o < owners_.size(); ++o) {
        codes_of[o].assign(owners_[o]->size(), kNowhere);
    }
    columns::ColumnBuilder entries(type_);
    entries.append_null();  // of cells that hold nothing
    std::vector<std::uint32_t> codes(size_, 0);
    for (std::uint32_t cell = 0; cell < size_; ++cell) {
        const Place place = places_[cell];
        if (nulls_[cell] != 0 || place.index == kNowhere) {
            continue;
        }
        std::uint32_t& code = codes_of[place.owner][place.index];
        if (code == kNowhere) {
            code = entries.size();
            entries.append_from(*owners_[place.owner], place.index);
        }
        codes[cell] = code;
    }
    return Column::make_dictionary(entries.finish(), std::move(codes));
}

ColumnPtr CellStore::finish() const {
    if (!owners_.empty() && own_.empty()) {
        return finish_places();
    }
    columns::ColumnBuilder out(type_, size_);
    for (std::uint32_t cell = 0; cell < size_; ++cell) {
        append_to(out, cell);
    }
    return out.finish();
}

}  // namespace qd::kql
