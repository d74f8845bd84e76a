#include "plan/external_data.h"

#include "qd/codec/csv.h"
#include "qd/codec/json.h"
#include "qd/columns/text.h"

#include <vector>

namespace qd::kql {

using columns::DataType;

namespace {

class RowWriter {
  public:
    explicit RowWriter(const columns::Schema& schema) {
        for (const columns::Field& field : schema.fields) {
            builders_.emplace_back(field.type);
        }
    }
    void put(std::size_t column, std::optional<columns::Scalar> cell) {
        if (cell) {
            builders_[column].append(*cell);
        } else {
            builders_[column].append_null();
        }
    }
    void end_row(columns::Table& out) {
        if (++rows_ == columns::kChunkRows) {
            flush(out);
        }
    }
    void flush(columns::Table& out) {
        if (rows_ == 0) {
            return;
        }
        columns::Chunk chunk;
        chunk.rows = rows_;
        for (columns::ColumnBuilder& builder : builders_) {
            chunk.columns.push_back(builder.finish());
        }
        out.chunks.push_back(std::move(chunk));
        rows_ = 0;
    }

  private:
    std::vector<columns::ColumnBuilder> builders_;
    std::uint32_t rows_ = 0;
};

Error bad_format(std::string message) {
    return Error(Code::InvalidArgument, "SEM0310", "externaldata: " + std::move(message));
}

Status read_separated(std::string_view bytes, const ExternalFormat& format, char separator,
                      columns::Table& out) {
    codec::CsvReader reader(bytes, separator);
    RowWriter writer(format.schema);
    std::vector<codec::CsvReader::Field> record;
    bool first = true;
    while (true) {
        QD_TRY(const bool more, reader.next(record));
        if (!more) {
            break;
        }
        if (first && format.skip_first) {
            first = false;
            continue;
        }
        first = false;
        if (record.size() == 1 && record[0].text.empty() && !record[0].quoted) {
            continue;
        }
        for (std::size_t c = 0; c < format.schema.size(); ++c) {
            const DataType type = format.schema[c].type;
            if (c >= record.size()) {
                writer.put(c, std::nullopt);
            } else if (type == DataType::String) {
                writer.put(c, columns::Scalar::of_string(record[c].text));
            } else if (record[c].text.empty()) {
                writer.put(c, std::nullopt);
            } else {
                writer.put(c, columns::convert_ingested_text(record[c].text, type));
            }
        }
        writer.end_row(out);
    }
    writer.flush(out);
    return {};
}

Status read_lines(std::string_view bytes, const ExternalFormat& format, columns::Table& out) {
    RowWriter writer(format.schema);
    bool first = true;
    std::size_t at = 0;
    while (at < bytes.size()) {
        std::size_t end = bytes.find('\n', at);
        if (end == std::string_view::npos) {
            end = bytes.size();
        }
        std::string_view line = bytes.substr(at, end - at);
        at = end + 1;
        if (!line.empty() && line.back() == '\r') {
            line.remove_suffix(1);
        }
        if (first && format.skip_first) {
            first = false;
            continue;
        }
        first = false;
        for (std::size_t c = 0; c < format.schema.size(); ++c) {
            if (c == 0) {
                writer.put(c, columns::convert_ingested_text(line, format.schema[c].type));
            } else {
                writer.put(c, std::nullopt);
            }
        }
        writer.end_row(out);
    }
    writer.flush(out);
    return {};
}

void write_object(const Value& value, const ExternalFormat& format, RowWriter& writer,
                  columns::Table& out) {
    for (std::size_t c = 0; c < format.schema.size(); ++c) {
        const Value* cell = value.get(format.schema[c].name);
        if (cell == nullptr || cell->is_null()) {
            writer.put(c, std::nullopt);
        } else {
            writer.put(c, columns::convert_ingested(*cell, format.schema[c].type));
        }
    }
    writer.end_row(out);
}

/// Objects one after the other, on a line each or not, or arrays of them.
Status read_json(std::string_view bytes, const ExternalFormat& format, columns::Table& out) {
    RowWriter writer(format.schema);
    std::size_t at = 0;
    while (at < bytes.size()) {
        // The end of one top-level value.
        while (at < bytes.size() &&
               std::string_view(" \t\r\n,").find(bytes[at]) != std::string_view::npos) {
            ++at;
        }
        if (at >= bytes.size()) {
            break;
        }
        std::size_t end = at;
        int depth = 0;
        bool text = false;
        for (; end < bytes.size(); ++end) {
            const char c = bytes[end];
            if (text) {
                if (c == '\\') {
                    ++end;
                } else if (c == '"') {
                    text = false;
                }
            } else if (c == '"') {
                text = true;
            } else if (c == '{' || c == '[') {
                ++depth;
            } else if ((c == '}' || c == ']') && --depth == 0) {
                ++end;
                break;
            } else if (depth == 0 && c == '\n') {
                break;
            }
        }
        end = std::min(end, bytes.size());
        QD_TRY(const Value value, codec::parse_json(bytes.substr(at, end - at)));
        at = end;
        if (const Array* array = value.if_array()) {
            for (const Value& element : *array) {
                write_object(element, format, writer, out);
            }
        } else if (value.if_object() != nullptr) {
            write_object(value, format, writer, out);
        } else {
            return bad_format("JSON objects are expected");
        }
    }
    writer.flush(out);
    return {};
}

}  // namespace

std::string guess_external_format(std::string_view uri) {
    uri = uri.substr(0, uri.find_first_of("?;"));
    for (const std::string_view packed : {".gz", ".zip"}) {
        if (uri.ends_with(packed)) {
            uri.remove_suffix(packed.size());
        }
    }
    const std::size_t dot = uri.rfind('.');
    const std::string_view end = dot == std::string_view::npos ? "" : uri.substr(dot + 1);
    if (end == "json" || end == "jsonl" || end == "ndjson") {
        return "multijson";
    }
    if (end == "tsv" || end == "psv" || end == "scsv") {
        return std::string(end);
    }
    if (end == "txt" || end == "list" || end == "ipset" || end == "netset") {
        return "txt";
    }
    return "csv";
}

Status read_external_rows(std::string_view bytes, const ExternalFormat& format,
                          columns::Table& out) {
    std::string name;
    for (const char c : format.format) {
        name += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    if (name == "csv" || name.empty()) {
        return read_separated(bytes, format, ',', out);
    }
    if (name == "tsv" || name == "tsve") {
        return read_separated(bytes, format, '\t', out);
    }
    if (name == "psv") {
        return read_separated(bytes, format, '|', out);
    }
    if (name == "scsv") {
        return read_separated(bytes, format, ';', out);
    }
    if (name == "txt" || name == "raw") {
        return read_lines(bytes, format, out);
    }
    if (name == "json" || name == "multijson" || name == "singlejson") {
        return read_json(bytes, format, out);
    }
    return bad_format("format is not supported: " + format.format);
}

}  // namespace qd::kql
