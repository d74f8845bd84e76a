#include "qd/telemetry/row_builder.h"

#include "qd/base/check.h"
#include "qd/columns/text.h"

namespace qd::telemetry {

using columns::DataType;

RowBuilder::RowBuilder(std::string table, const columns::Schema& schema)
    : table_(std::move(table)) {
    slots_.reserve(schema.size());
    for (const columns::Field& field : schema.fields) {
        index_.emplace(field.name, slots_.size());
        slots_.push_back({.field = field, .builder = nullptr});
    }
}

std::optional<std::size_t> RowBuilder::column(std::string_view name) const {
    const auto found = index_.find(std::string(name));
    if (found == index_.end()) {
        return std::nullopt;
    }
    return found->second;
}

void RowBuilder::drop_row() {
    QD_CHECK(rows_ > 0);
    --rows_;
    for (Slot& slot : slots_) {
        if (slot.builder != nullptr && slot.builder->size() > rows_) {
            slot.builder->drop_last();
        }
    }
}

columns::ColumnBuilder* RowBuilder::cell(std::size_t column) {
    QD_CHECK(rows_ > 0 && column < slots_.size());
    Slot& slot = slots_[column];
    if (slot.builder == nullptr) {
        slot.builder = std::make_unique<columns::ColumnBuilder>(slot.field.type);
    }
    if (slot.builder->size() == rows_) {
        return nullptr;
    }
    if (slot.builder->size() + 1 < rows_) {
        slot.builder->append_repeated(columns::Scalar::null_of(slot.field.type),
                                      rows_ - 1 - slot.builder->size());
    }
    return slot.builder.get();
}

void RowBuilder::set(std::size_t column, const columns::Scalar& scalar) {
    if (columns::ColumnBuilder* builder = cell(column)) {
        builder->append(scalar);
    }
}

void RowBuilder::set_bytes(std::size_t column, std::string_view bytes) {
    if (columns::ColumnBuilder* builder = cell(column)) {
        builder->append_bytes(bytes);
    }
}

void RowBuilder::set_int(std::size_t column, std::int64_t v) {
    if (columns::ColumnBuilder* builder = cell(column)) {
        builder->append_int(v);
    }
}

void RowBuilder::set_real(std::size_t column, double v) {
    if (columns::ColumnBuilder* builder = cell(column)) {
        builder->append_real(v);
    }
}

void RowBuilder::text(std::string_view name, std::string_view v) {
    const auto at = column(name);
    if (!at || v.empty()) {
        return;
    }
    if (slots_[*at].field.type == DataType::String) {
        set_bytes(*at, v);
        return;
    }
    if (const auto converted = columns::convert_ingested_text(v, slots_[*at].field.type)) {
        set(*at, *converted);
    }
}

void RowBuilder::time(std::string_view name, Timestamp v) {
    const auto at = column(name);
    if (at && slots_[*at].field.type == DataType::DateTime) {
        set_int(*at, v.ticks);
    } else {
        text(name, format_timestamp(v));
    }
}

void RowBuilder::number(std::string_view name, double v) {
    const auto at = column(name);
    if (at && slots_[*at].field.type == DataType::Real) {
        set_real(*at, v);
    } else {
        value(name, Value(v));
    }
}

void RowBuilder::integer(std::string_view name, std::int64_t v) {
    value(name, Value(v));
}

void RowBuilder::boolean(std::string_view name, bool v) {
    value(name, Value(v));
}

void RowBuilder::value(std::string_view name, const Value& v) {
    const auto at = column(name);
    if (!at || v.is_null()) {
        return;
    }
    if (const auto converted = columns::convert_ingested(v, slots_[*at].field.type)) {
        set(*at, *converted);
    }
}

bool RowBuilder::has(std::string_view name) const {
    const auto at = column(name);
    return at && is_set(*at);
}

columns::Table RowBuilder::finish() {
    columns::Table table;
    columns::Chunk chunk;
    chunk.rows = rows_;
    for (Slot& slot : slots_) {
        if (slot.builder == nullptr) {
            continue;
        }
        if (slot.builder->size() < rows_) {
            slot.builder->append_repeated(columns::Scalar::null_of(slot.field.type),
                                          rows_ - slot.builder->size());
        }
        table.schema.fields.push_back(slot.field);
        chunk.columns.push_back(slot.builder->finish());
        slot.builder = nullptr;
    }
    rows_ = 0;
    table.chunks.push_back(std::move(chunk));
    return table;
}

}  // namespace qd::telemetry
