#include "json_cells.h"

#include "qd/base/time.h"
#include "qd/codec/guid.h"
#include "qd/codec/json.h"
#include "qd/columns/variant.h"

#include <cmath>

namespace qd::query {

using columns::DataType;

namespace {

void append_quoted(std::string& out, std::string_view plain) {
    out += '"';
    out += plain;
    out += '"';
}

void append_real(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "\"NaN\"";
    } else if (std::isinf(value)) {
        out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    } else {
        codec::append_json_double(out, value);
    }
}

}  // namespace

void append_cell(std::string& out, const columns::Column& column, std::uint32_t row,
                 DynamicCells dynamic) {
    if (column.type() != DataType::String && column.is_null(row)) {
        // A null dynamic in text form is the empty string: clients parse it as "no value".
        out +=
            dynamic == DynamicCells::Text && column.type() == DataType::Dynamic ? "\"\"" : "null";
        return;
    }
    switch (column.type()) {
        case DataType::Bool:
            out += column.int_at(row) != 0 ? "true" : "false";
            return;
        case DataType::Int:
        case DataType::Long:
            out += std::to_string(column.int_at(row));
            return;
        case DataType::Real:
            append_real(out, column.real_at(row));
            return;
        case DataType::Decimal:
            append_quoted(out, format_decimal({column.wide_at(row)}));
            return;
        case DataType::String:
            codec::append_json_string(out, column.bytes_at(row));
            return;
        case DataType::DateTime:
            append_quoted(out, format_timestamp_trimmed({column.int_at(row)}));
            return;
        case DataType::TimeSpan:
            append_quoted(out, format_ticks({column.int_at(row)}));
            return;
        case DataType::Guid:
            append_quoted(out, format_guid({column.wide_at(row)}));
            return;
        case DataType::Dynamic: {
            const columns::VariantView view(column.bytes_at(row));
            if (dynamic == DynamicCells::Inline) {
                view.append_json(out);
                return;
            }
            std::string text;
            if (view.kind() == columns::VariantView::Kind::String) {
                text = view.as_string();
            } else {
                view.append_json(text);
            }
            codec::append_json_string(out, text);
            return;
        }
    }
}

void append_rows(std::string& out, const std::vector<columns::Chunk>& chunks, DynamicCells dynamic,
                 bool& first) {
    for (const columns::Chunk& chunk : chunks) {
        for (std::uint32_t row = 0; row < chunk.rows; ++row) {
            out += first ? "[" : ",[";
            first = false;
            for (std::size_t c = 0; c < chunk.columns.size(); ++c) {
                if (c > 0) {
                    out += ',';
                }
                append_cell(out, *chunk.columns[c], row, dynamic);
            }
            out += ']';
        }
    }
}

}  // namespace qd::query
