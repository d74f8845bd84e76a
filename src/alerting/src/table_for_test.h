#pragma once

#include "qd/columns/column.h"

#include <initializer_list>
#include <vector>

namespace qd::alerting {

/// A result table from rows of scalars.
inline columns::Table table_of(std::vector<columns::Field> fields,
                               const std::vector<std::vector<columns::Scalar>>& rows) {
    columns::Table table;
    table.schema.fields = std::move(fields);
    columns::Chunk chunk;
    chunk.rows = static_cast<std::uint32_t>(rows.size());
    for (std::size_t c = 0; c < table.schema.size(); ++c) {
        columns::ColumnBuilder builder(table.schema[c].type);
        for (const auto& row : rows) {
            builder.append(row[c]);
        }
        chunk.columns.push_back(builder.finish());
    }
    table.chunks.push_back(std::move(chunk));
    return table;
}

}  // namespace qd::alerting
