#include "qd/kql/ingest_format.h"

#include "functions/json_path.h"
#include "qd/codec/csv.h"
#include "qd/codec/json.h"
#include "qd/columns/text.h"

#include <vector>

namespace qd::kql {

using columns::DataType;

namespace {

class RowWriter {
  public:
    explicit RowWriter(const IngestFormat& format) : rows_max_(format.rows_max) {
        for (const columns::Field& field : format.schema.fields) {
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
    /// Errors: too many rows.
    Status end_row(columns::Table& out) {
        if (++total_ > rows_max_) {
            return Error(Code::InvalidArgument, "SEM0310",
                         "more rows than one request may have, " + std::to_string(rows_max_));
        }
        if (++rows_ == columns::kChunkRows) {
            flush(out);
        }
        return {};
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
    std::uint64_t rows_max_;
    std::uint64_t total_ = 0;
};

Error bad_format(std::string message) {
    return Error(Code::InvalidArgument, "SEM0310",
                 "the data cannot be read: " + std::move(message));
}

/// A mapping bound to a schema: what fills each column.
struct ColumnSource {
    const ColumnMapping* mapping = nullptr;
    std::size_t ordinal = 0;
    std::vector<PathStep> path;
    bool filled = false;  // false: null in every row
};

std::vector<ColumnSource> sources_of(const IngestFormat& format) {
    std::vector<ColumnSource> out(format.schema.size());
    for (std::size_t c = 0; c < out.size(); ++c) {
        const std::string& name = format.schema[c].name;
        if (format.mapping.empty()) {
            out[c] = {.mapping = nullptr, .ordinal = c, .path = {name}, .filled = true};
            continue;
        }
        for (const ColumnMapping& mapping : format.mapping) {
            if (mapping.column == name) {
                out[c].mapping = &mapping;
                out[c].ordinal = mapping.ordinal.value_or(c);
                out[c].path = parse_json_path(mapping.path).value_or(std::vector<PathStep>{name});
                out[c].filled = true;
            }
        }
    }
    return out;
}

std::optional<columns::Scalar> from_unix(std::int64_t value, ColumnMapping::Transform transform) {
    using Transform = ColumnMapping::Transform;
    // Ticks are 100 ns; a unit below one loses its fraction.
    const std::int64_t multiplier = transform == Transform::UnixSeconds        ? Ticks::kSecond
                                    : transform == Transform::UnixMilliseconds ? Ticks::kMillisecond
                                    : transform == Transform::UnixMicroseconds ? 10
                                                                               : 1;
    const std::int64_t divisor = transform == Transform::UnixNanoseconds ? 100 : 1;
    std::int64_t ticks = 0;
    if (__builtin_mul_overflow(value, multiplier, &ticks) ||
        __builtin_add_overflow(ticks / divisor, Timestamp::kUnixEpochTicks, &ticks)) {
        return std::nullopt;
    }
    return columns::Scalar::of_datetime(ticks);
}

Value bag_of_array(const Value& value) {
    const Array* array = value.if_array();
    if (array == nullptr) {
        return value;
    }
    Object out;
    for (const Value& element : *array) {
        const Value* key = element.get("Key") != nullptr ? element.get("Key") : element.get("key");
        const Value* held =
            element.get("Value") != nullptr ? element.get("Value") : element.get("value");
        if (key != nullptr && held != nullptr) {
            out.set(std::string(key->string_or("")), *held);
        }
    }
    return Value(std::move(out));
}

/// The cell of a column whose mapping asks for more than the value itself.
std::optional<columns::Scalar> transformed(const ColumnMapping& mapping, const Value& value,
                                           std::int64_t line, DataType type) {
    using Transform = ColumnMapping::Transform;
    switch (mapping.transform) {
        case Transform::SourceLineNumber:
            return columns::convert_ingested(Value(line), type);
        case Transform::BagOfArray:
            return columns::convert_ingested(bag_of_array(value), type);
        case Transform::None:
        case Transform::BytesAsBase64:
            return columns::convert_ingested(value, type);
        default:
            break;
    }
    const auto number = columns::convert_ingested(value, DataType::Long);
    const auto time = number && !number->is_null() ? from_unix(number->as_int(), mapping.transform)
                                                   : std::nullopt;
    return time && type == DataType::DateTime ? time : std::nullopt;
}

Status read_separated(std::string_view bytes, const IngestFormat& format, char separator,
                      columns::Table& out) {
    codec::CsvReader reader(bytes, separator);
    RowWriter writer(format);
    const std::vector<ColumnSource> sources = sources_of(format);
    std::vector<codec::CsvReader::Field> record;
    std::int64_t line = 0;
    while (true) {
        QD_TRY(const bool more, reader.next(record));
        if (!more) {
            break;
        }
        if (++line == 1 && format.skip_first) {
            continue;
        }
        if (record.size() == 1 && record[0].text.empty() && !record[0].quoted) {
            continue;
        }
        for (std::size_t c = 0; c < sources.size(); ++c) {
            const DataType type = format.schema[c].type;
            const ColumnSource& source = sources[c];
            const bool special = source.mapping != nullptr &&
                                 source.mapping->transform != ColumnMapping::Transform::None;
            if (source.mapping != nullptr && source.mapping->constant) {
                writer.put(c, columns::convert_ingested_text(*source.mapping->constant, type));
            } else if (!source.filled || source.ordinal >= record.size()) {
                writer.put(c, std::nullopt);
            } else if (special) {
                writer.put(c, transformed(*source.mapping, Value(record[source.ordinal].text), line,
                                          type));
            } else if (type == DataType::String) {
                writer.put(c, columns::Scalar::of_string(record[source.ordinal].text));
            } else if (record[source.ordinal].text.empty()) {
                writer.put(c, std::nullopt);
            } else {
                writer.put(c, columns::convert_ingested_text(record[source.ordinal].text, type));
            }
        }
        QD_CHECK_OK(writer.end_row(out));
    }
    writer.flush(out);
    return {};
}

/// A line is one value, of the first column.
Status read_lines(std::string_view bytes, const IngestFormat& format, columns::Table& out) {
    RowWriter writer(format);
    bool first = true;
    std::size_t at = 0;
    while (at < bytes.size()) {
        const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
        std::string_view line = bytes.substr(at, end - at);
        at = end + 1;
        if (!line.empty() && line.back() == '\r') {
            line.remove_suffix(1);
        }
        if (std::exchange(first, false) && format.skip_first) {
            continue;
        }
        for (std::size_t c = 0; c < format.schema.size(); ++c) {
            writer.put(c, c == 0 ? columns::convert_ingested_text(line, format.schema[c].type)
                                 : std::nullopt);
        }
        QD_CHECK_OK(writer.end_row(out));
    }
    writer.flush(out);
    return {};
}

class ObjectWriter {
  public:
    ObjectWriter(const IngestFormat& format, columns::Table& out)
        : format_(format), sources_(sources_of(format)), rows_(format), out_(out) {}
    Status write(const Value& object) {
        ++line_;
        for (std::size_t c = 0; c < sources_.size(); ++c) {
            rows_.put(c, cell(sources_[c], object, format_.schema[c].type));
        }
        return rows_.end_row(out_);
    }
    void finish() { rows_.flush(out_); }

  private:
    std::optional<columns::Scalar> cell(const ColumnSource& source, const Value& object,
                                        DataType type) const {
        if (!source.filled) {
            return std::nullopt;
        }
        if (source.mapping != nullptr && source.mapping->constant) {
            return columns::convert_ingested_text(*source.mapping->constant, type);
        }
        const Value* value = follow_path(object, source.path);
        if (source.mapping != nullptr &&
            source.mapping->transform == ColumnMapping::Transform::SourceLineNumber) {
            return columns::convert_ingested(Value(line_), type);
        }
        if (value == nullptr || value->is_null()) {
            return std::nullopt;
        }
        return source.mapping != nullptr ? transformed(*source.mapping, *value, line_, type)
                                         : columns::convert_ingested(*value, type);
    }

    const IngestFormat& format_;
    std::vector<ColumnSource> sources_;
    RowWriter rows_;
    columns::Table& out_;
    std::int64_t line_ = 0;
};

/// Where the JSON value that begins at `at` ends.
std::size_t end_of_json(std::string_view bytes, std::size_t at) {
    int depth = 0;
    bool text = false;
    for (; at < bytes.size(); ++at) {
        const char c = bytes[at];
        if (text) {
            if (c == '\\') {
                ++at;
            } else if (c == '"') {
                text = false;
            }
        } else if (c == '"') {
            text = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return at + 1;
        } else if (depth == 0 && c == '\n') {
            return at;
        }
    }
    return bytes.size();
}

/// Objects one after the other, on a line each or not, or arrays of them.
Status read_json(std::string_view bytes, const IngestFormat& format, columns::Table& out) {
    ObjectWriter writer(format, out);
    std::size_t at = 0;
    while (true) {
        at = bytes.find_first_not_of(" \t\r\n,", at);
        if (at == std::string_view::npos) {
            break;
        }
        const std::size_t end = end_of_json(bytes, at);
        QD_TRY(const Value value, codec::parse_json(bytes.substr(at, end - at)));
        at = end;
        if (const Array* array = value.if_array()) {
            for (const Value& element : *array) {
                QD_CHECK_OK(writer.write(element));
            }
        } else if (value.if_object() != nullptr) {
            QD_CHECK_OK(writer.write(value));
        } else {
            return bad_format("JSON objects are expected");
        }
    }
    writer.finish();
    return {};
}

std::string lower(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return out;
}

struct Separator {
    std::string_view format;
    char separator;
};
constexpr Separator kSeparators[] = {{"csv", ','}, {"", ','},     {"tsv", '\t'},    {"tsve", '\t'},
                                     {"psv", '|'}, {"scsv", ';'}, {"sohsv", '\x01'}};

const Separator* find_separator(std::string_view format) {
    const std::string name = lower(format);
    for (const Separator& one : kSeparators) {
        if (one.format == name) {
            return &one;
        }
    }
    return nullptr;
}

}  // namespace

std::string guess_ingest_format(std::string_view uri) {
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

bool is_separated_format(std::string_view format) {
    return find_separator(format) != nullptr;
}

Status read_rows(std::string_view bytes, const IngestFormat& format, columns::Table& out) {
    if (const Separator* separated = find_separator(format.format)) {
        return read_separated(bytes, format, separated->separator, out);
    }
    const std::string name = lower(format.format);
    if (name == "txt" || name == "raw") {
        return read_lines(bytes, format, out);
    }
    if (name == "json" || name == "multijson" || name == "singlejson") {
        return read_json(bytes, format, out);
    }
    return bad_format("format is not supported: " + format.format);
}

}  // namespace qd::kql
