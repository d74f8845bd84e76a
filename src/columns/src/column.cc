#include "qd/columns/column.h"

#include "qd/base/check.h"
#include "qd/codec/guid.h"
#include "qd/columns/variant.h"

#include <cstring>
#include <limits>

namespace qd::columns {

namespace {

// The Flat column and the row in it that stand behind a row of any layout.
struct FlatRow {
    const Column* column;
    std::uint32_t row;
};

FlatRow resolve(const Column& column, std::uint32_t row) {
    switch (column.layout()) {
        case Layout::Flat:
            return {&column, row};
        case Layout::Constant:
            return {column.constant().get(), 0};
        case Layout::Dictionary:
            return {column.dictionary().get(), column.codes()[row]};
    }
    return {&column, row};
}

bool flat_null(const Column& flat, std::uint32_t row) {
    return !flat.nulls().empty() && flat.nulls()[row] != 0;
}

}  // namespace

bool Column::is_null(std::uint32_t row) const {
    const FlatRow at = resolve(*this, row);
    return flat_null(*at.column, at.row);
}

std::int64_t Column::int_at(std::uint32_t row) const {
    const FlatRow at = resolve(*this, row);
    switch (type_) {
        case DataType::Bool:
            return at.column->values<std::uint8_t>()[at.row];
        case DataType::Int:
            return at.column->values<std::int32_t>()[at.row];
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            return at.column->values<std::int64_t>()[at.row];
        case DataType::Real:
        case DataType::Decimal:
        case DataType::String:
        case DataType::Guid:
        case DataType::Dynamic:
            break;
    }
    QD_CHECK(false && "int_at of another type");
}

double Column::real_at(std::uint32_t row) const {
    const FlatRow at = resolve(*this, row);
    if (type_ == DataType::Real) {
        return at.column->values<double>()[at.row];
    }
    return static_cast<double>(at.column->int_at(at.row));
}

Wide Column::wide_at(std::uint32_t row) const {
    const FlatRow at = resolve(*this, row);
    return at.column->values<Wide>()[at.row];
}

std::string_view Column::bytes_at(std::uint32_t row) const {
    const FlatRow at = resolve(*this, row);
    const auto offsets = at.column->offsets();
    return {at.column->heap() + offsets[at.row],
            static_cast<std::size_t>(offsets[at.row + 1] - offsets[at.row])};
}

Scalar Column::scalar_at(std::uint32_t row) const {
    const FlatRow at = resolve(*this, row);
    if (flat_null(*at.column, at.row)) {
        return Scalar::null_of(type_);
    }
    switch (type_) {
        case DataType::Bool:
            return Scalar::of_bool(at.column->int_at(at.row) != 0);
        case DataType::Int:
            return Scalar::of_int(static_cast<std::int32_t>(at.column->int_at(at.row)));
        case DataType::Long:
            return Scalar::of_long(at.column->int_at(at.row));
        case DataType::DateTime:
            return Scalar::of_datetime(at.column->int_at(at.row));
        case DataType::TimeSpan:
            return Scalar::of_timespan(at.column->int_at(at.row));
        case DataType::Real:
            return Scalar::of_real(at.column->real_at(at.row));
        case DataType::Decimal:
            return Scalar::of_decimal(at.column->wide_at(at.row));
        case DataType::Guid:
            return Scalar::of_guid(at.column->wide_at(at.row));
        case DataType::String:
            return Scalar::of_string(std::string(at.column->bytes_at(at.row)));
        case DataType::Dynamic:
            return Scalar::of_variant(std::string(at.column->bytes_at(at.row)));
    }
    QD_CHECK(false && "unknown data type");
}

std::size_t Column::memory_bytes() const {
    std::size_t bytes = sizeof(Column) + nulls_.size();
    switch (layout_) {
        case Layout::Constant:
            return bytes + inner_->memory_bytes();
        case Layout::Dictionary:
            // The dictionary is shared by many columns and counted by none of them.
            return bytes + std::size_t{4} * size_;
        case Layout::Flat:
            break;
    }
    if (is_bytes(type_)) {
        bytes += std::size_t{4} * offsets_.size();
        if (!offsets_.empty()) {
            bytes += offsets_.back() - offsets_.front();
        }
        return bytes;
    }
    return bytes + fixed_width(type_) * size_;
}

ColumnPtr Column::make_constant(const Scalar& value, std::uint32_t rows) {
    ColumnBuilder one(value.type(), 1);
    one.append(value);
    auto column = std::make_shared<Column>();
    column->type_ = value.type();
    column->layout_ = Layout::Constant;
    column->size_ = rows;
    column->inner_ = one.finish();
    return column;
}

ColumnPtr Column::make_dictionary(ColumnPtr dictionary, std::vector<std::uint32_t> codes) {
    auto owner = std::make_shared<std::vector<std::uint32_t>>(std::move(codes));
    const std::span<const std::uint32_t> view(*owner);
    return make_dictionary_view(std::move(dictionary), view, std::move(owner));
}

ColumnPtr Column::make_dictionary_view(ColumnPtr dictionary, std::span<const std::uint32_t> codes,
                                       std::shared_ptr<const void> owner) {
    QD_CHECK(dictionary->layout() == Layout::Flat);
    auto column = std::make_shared<Column>();
    column->type_ = dictionary->type();
    column->layout_ = Layout::Dictionary;
    column->size_ = static_cast<std::uint32_t>(codes.size());
    column->data_ = codes.data();
    column->inner_ = std::move(dictionary);
    column->owner_ = std::move(owner);
    return column;
}

ColumnPtr Column::make_fixed(DataType type, std::uint32_t rows, const void* values,
                             std::span<const std::uint8_t> nulls,
                             std::shared_ptr<const void> owner) {
    QD_CHECK(!is_bytes(type) && (nulls.empty() || nulls.size() == rows));
    auto column = std::make_shared<Column>();
    column->type_ = type;
    column->size_ = rows;
    column->data_ = values;
    column->nulls_ = nulls;
    column->owner_ = std::move(owner);
    return column;
}

ColumnPtr Column::make_bytes(DataType type, std::span<const std::uint32_t> offsets,
                             const char* heap, std::span<const std::uint8_t> nulls,
                             std::shared_ptr<const void> owner) {
    QD_CHECK(is_bytes(type) && !offsets.empty());
    QD_CHECK(nulls.empty() || nulls.size() + 1 == offsets.size());
    auto column = std::make_shared<Column>();
    column->type_ = type;
    column->size_ = static_cast<std::uint32_t>(offsets.size() - 1);
    column->data_ = heap;
    column->offsets_ = offsets;
    column->nulls_ = nulls;
    column->owner_ = std::move(owner);
    return column;
}

std::uint64_t Table::rows() const {
    std::uint64_t total = 0;
    for (const Chunk& chunk : chunks) {
        total += chunk.rows;
    }
    return total;
}

}  // namespace qd::columns
