#include "command_tables.h"

#include "qd/columns/text.h"

namespace qd::query {

ResultRows::ResultRows(
    std::initializer_list<std::pair<std::string_view, columns::DataType>> columns) {
    for (const auto& [name, type] : columns) {
        schema_.fields.push_back({.name = std::string(name), .type = type});
        builders_.emplace_back(type);
    }
}

void ResultRows::add(std::initializer_list<Value> cells) {
    std::size_t i = 0;
    for (const Value& cell : cells) {
        const auto converted = columns::convert_ingested(cell, schema_[i].type);
        builders_[i].append(
            converted && !cell.is_null() ? *converted : columns::Scalar::null_of(schema_[i].type));
        ++i;
    }
}

kql::ResultTable ResultRows::finish() {
    kql::ResultTable table;
    columns::Chunk chunk;
    for (columns::ColumnBuilder& builder : builders_) {
        chunk.rows = builder.size();
        chunk.columns.push_back(builder.finish());
    }
    table.schema = std::move(schema_);
    if (chunk.rows > 0) {
        table.chunks.push_back(std::move(chunk));
    }
    return table;
}

}  // namespace qd::query
