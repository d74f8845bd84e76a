#include "qd/base/check.h"
#include "qd/columns/column.h"
#include "qd/columns/variant.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace qd::columns {

namespace {

// What a finished column owns.
struct Payload {
    ByteBuffer bytes;
    std::vector<std::uint32_t> offsets;
    std::vector<std::uint8_t> nulls;
};

template <typename T>
void append_raw(ByteBuffer& bytes, const T& v) {
    bytes.append(&v, sizeof(T));
}

}  // namespace

ColumnBuilder::ColumnBuilder(DataType type, std::uint32_t reserve_rows) : type_(type) {
    if (is_bytes(type)) {
        offsets_.reserve(std::size_t{reserve_rows} + 1);
        offsets_.push_back(0);
    } else {
        bytes_.reserve(fixed_width(type) * reserve_rows);
    }
}

void ColumnBuilder::append_null() {
    if (type_ == DataType::String) {
        append_bytes({});
        return;
    }
    if (!any_null_) {
        any_null_ = true;
        nulls_.assign(rows_, 0);
    }
    nulls_.push_back(1);
    ++rows_;
    if (is_bytes(type_)) {
        offsets_.push_back(offsets_.back());
    } else {
        bytes_.append_zeros(fixed_width(type_));
    }
}

void ColumnBuilder::append_bool(bool v) {
    QD_DCHECK(type_ == DataType::Bool);
    bytes_.push_back(v ? 1 : 0);
    if (any_null_) {
        nulls_.push_back(0);
    }
    ++rows_;
}

void ColumnBuilder::append_int(std::int64_t v) {
    if (type_ == DataType::Int) {
        append_raw(bytes_, static_cast<std::int32_t>(v));
    } else if (type_ == DataType::Bool) {
        bytes_.push_back(v != 0 ? 1 : 0);
    } else {
        QD_DCHECK(type_ == DataType::Long || type_ == DataType::DateTime ||
                  type_ == DataType::TimeSpan);
        append_raw(bytes_, v);
    }
    if (any_null_) {
        nulls_.push_back(0);
    }
    ++rows_;
}

void ColumnBuilder::append_real(double v) {
    QD_DCHECK(type_ == DataType::Real);
    append_raw(bytes_, v);
    if (any_null_) {
        nulls_.push_back(0);
    }
    ++rows_;
}

void ColumnBuilder::append_wide(Wide v) {
    QD_DCHECK(type_ == DataType::Decimal || type_ == DataType::Guid);
    append_raw(bytes_, v);
    if (any_null_) {
        nulls_.push_back(0);
    }
    ++rows_;
}

void ColumnBuilder::append_bytes(std::string_view v) {
    QD_DCHECK(is_bytes(type_));
    if (type_ == DataType::Dynamic && (v.empty() || v[0] == 0)) {
        append_null();  // a variant null and a null are one thing
        return;
    }
    QD_CHECK(v.size() <= std::numeric_limits<std::uint32_t>::max() - bytes_.size());
    bytes_.append(v.data(), v.size());
    offsets_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    if (any_null_) {
        nulls_.push_back(0);
    }
    ++rows_;
}

void ColumnBuilder::append_value(const Value& v) {
    QD_DCHECK(type_ == DataType::Dynamic);
    if (v.is_null()) {
        append_null();
        return;
    }
    append_bytes(encode_variant(v));
}

void ColumnBuilder::append(const Scalar& v) {
    QD_DCHECK(v.type() == type_);
    if (v.is_null()) {
        append_null();
        return;
    }
    switch (type_) {
        case DataType::Bool:
        case DataType::Int:
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            append_int(type_ == DataType::Bool ? (v.as_bool() ? 1 : 0) : v.as_int());
            return;
        case DataType::Real:
            append_real(v.as_real());
            return;
        case DataType::Decimal:
        case DataType::Guid:
            append_wide(v.as_wide());
            return;
        case DataType::String:
        case DataType::Dynamic:
            append_bytes(v.bytes());
            return;
    }
}

void ColumnBuilder::append_from(const Column& column, std::uint32_t row) {
    QD_DCHECK(column.type() == type_);
    if (column.is_null(row)) {
        append_null();
        return;
    }
    switch (type_) {
        case DataType::Bool:
        case DataType::Int:
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            append_int(column.int_at(row));
            return;
        case DataType::Real:
            append_real(column.real_at(row));
            return;
        case DataType::Decimal:
        case DataType::Guid:
            append_wide(column.wide_at(row));
            return;
        case DataType::String:
        case DataType::Dynamic:
            append_bytes(column.bytes_at(row));
            return;
    }
}

void ColumnBuilder::append_repeated(const Scalar& v, std::uint32_t times) {
    for (std::uint32_t i = 0; i < times; ++i) {
        append(v);
    }
}

void ColumnBuilder::drop_last() {
    QD_CHECK(rows_ > 0);
    --rows_;
    if (is_bytes(type_)) {
        offsets_.pop_back();
        bytes_.truncate(offsets_.back());
    } else {
        bytes_.truncate(bytes_.size() - fixed_width(type_));
    }
    if (any_null_) {
        nulls_.pop_back();
    }
}

ColumnPtr ColumnBuilder::finish() {
    auto payload = std::make_shared<Payload>();
    payload->bytes = std::move(bytes_);
    payload->offsets = std::move(offsets_);
    payload->nulls = std::move(nulls_);
    auto column = std::make_shared<Column>();
    column->type_ = type_;
    column->size_ = rows_;
    column->data_ = payload->bytes.data();
    column->offsets_ = payload->offsets;
    column->nulls_ = payload->nulls;
    column->owner_ = std::move(payload);

    offsets_.clear();
    nulls_.clear();
    if (is_bytes(type_)) {
        offsets_.push_back(0);
    }
    rows_ = 0;
    any_null_ = false;
    return column;
}

}  // namespace qd::columns
