#include "dynamic_bytes.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace qd::kql {

namespace {

using columns::Column;
using columns::DataType;
using columns::VariantView;

// Tags of qd/columns/variant.h.
constexpr char kNull = 0;
constexpr char kFalse = 1;
constexpr char kTrue = 2;
constexpr char kLong = 3;
constexpr char kReal = 4;
constexpr char kString = 5;
constexpr char kArray = 6;
constexpr char kObject = 7;
constexpr char kDateTime = 8;
constexpr char kTimeSpan = 9;
constexpr char kGuid = 10;
constexpr char kDecimal = 11;
constexpr char kCells = 13;
constexpr std::size_t kCellBytes = 9;

bool is_cell(char tag) {
    return (tag >= kNull && tag <= kReal) || tag == kDateTime || tag == kTimeSpan;
}

void append_u32(std::string& out, std::size_t value) {
    const auto v = static_cast<std::uint32_t>(value);
    char raw[4];
    std::memcpy(raw, &v, 4);
    out.append(raw, 4);
}

void append_eight(std::string& out, char tag, std::uint64_t v) {
    char raw[9];
    raw[0] = tag;
    std::memcpy(raw + 1, &v, 8);
    out.append(raw, 9);
}

void append_sixteen(std::string& out, char tag, Wide v) {
    char raw[17];
    raw[0] = tag;
    std::memcpy(raw + 1, &v.high, 8);
    std::memcpy(raw + 9, &v.low, 8);
    out.append(raw, 17);
}

}  // namespace

void append_variant_null(std::string& out) {
    out.push_back(kNull);
}

void append_variant_bool(std::string& out, bool v) {
    out.push_back(v ? kTrue : kFalse);
}

void append_variant_long(std::string& out, std::int64_t v) {
    append_eight(out, kLong, static_cast<std::uint64_t>(v));
}

void append_variant_real(std::string& out, double v) {
    append_eight(out, kReal, std::bit_cast<std::uint64_t>(v));
}

void append_variant_ticks(std::string& out, DataType type, std::int64_t v) {
    const char tag = type == DataType::DateTime   ? kDateTime
                     : type == DataType::TimeSpan ? kTimeSpan
                                                  : kLong;
    append_eight(out, tag, static_cast<std::uint64_t>(v));
}

void append_variant_string(std::string& out, std::string_view v) {
    out.push_back(kString);
    append_u32(out, v.size());
    out.append(v);
}

void append_cell_as_variant(std::string& out, const Column& column, std::uint32_t row) {
    if (column.is_null(row)) {
        append_variant_null(out);
        return;
    }
    switch (column.type()) {
        case DataType::Bool:
            append_variant_bool(out, column.int_at(row) != 0);
            return;
        case DataType::Int:
        case DataType::Long:
            append_variant_long(out, column.int_at(row));
            return;
        case DataType::Real:
            append_variant_real(out, column.real_at(row));
            return;
        case DataType::Decimal:
            append_sixteen(out, kDecimal, column.wide_at(row));
            return;
        case DataType::String:
            append_variant_string(out, column.bytes_at(row));
            return;
        case DataType::DateTime:
            append_eight(out, kDateTime, static_cast<std::uint64_t>(column.int_at(row)));
            return;
        case DataType::TimeSpan:
            append_eight(out, kTimeSpan, static_cast<std::uint64_t>(column.int_at(row)));
            return;
        case DataType::Guid:
            append_sixteen(out, kGuid, column.wide_at(row));
            return;
        case DataType::Dynamic: {
            const std::string_view bytes = column.bytes_at(row);
            if (bytes.empty()) {
                append_variant_null(out);
            } else {
                out.append(bytes);
            }
            return;
        }
    }
}

std::string_view ArrayBytes::element(std::uint32_t index) const {
    const std::uint32_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(bytes_).substr(begin, ends_[index] - begin);
}

void ArrayBytes::clear() {
    bytes_.clear();
    ends_.clear();
}

void ArrayBytes::append_to(std::string& out) const {
    std::size_t begin = 0;
    bool cells = !ends_.empty();
    for (std::size_t i = 0; cells && i < ends_.size(); ++i) {
        cells = is_cell(bytes_[begin]);
        begin = ends_[i];
    }
    if (cells) {
        append_cells_header(out, ends_.size());
        begin = 0;
        for (const std::uint32_t end : ends_) {
            out.append(bytes_, begin, end - begin);
            out.append(kCellBytes - (end - begin), '\0');
            begin = end;
        }
        return;
    }
    const std::size_t table = 4 * ends_.size();
    const std::size_t header = 9;
    out.reserve(out.size() + header + table + bytes_.size());
    out.push_back(kArray);
    append_u32(out, 4 + table + bytes_.size());
    append_u32(out, ends_.size());
    begin = 0;
    for (const std::uint32_t end : ends_) {
        append_u32(out, header + table + begin);
        begin = end;
    }
    out.append(bytes_);
}

void BagBytes::append(std::string_view key, std::string_view value) {
    marks_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    append_u32(bytes_, key.size());
    bytes_.append(key);
    marks_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    bytes_.append(value);
}

void BagBytes::append_to(std::string& out) const {
    const std::size_t table = 4 * marks_.size();
    const std::size_t header = 9;
    out.push_back(kObject);
    append_u32(out, 4 + table + bytes_.size());
    append_u32(out, marks_.size() / 2);
    for (const std::uint32_t mark : marks_) {
        append_u32(out, header + table + mark);
    }
    out.append(bytes_);
}

void BagBytes::clear() {
    bytes_.clear();
    marks_.clear();
}

void append_cells_header(std::string& out, std::size_t count) {
    out.reserve(out.size() + 9 + count * kCellBytes);
    out.push_back(count == 0 ? kArray : kCells);
    append_u32(out, 4 + count * kCellBytes);
    append_u32(out, count);
}

void append_reals(std::string& out, std::span<const double> values) {
    append_cells_header(out, values.size());
    const std::size_t at = out.size();
    out.resize(at + values.size() * kCellBytes);
    char* cell = out.data() + at;
    for (const double v : values) {
        *cell = kReal;
        std::memcpy(cell + 1, &v, 8);
        cell += kCellBytes;
    }
}

void append_longs(std::string& out, std::span<const double> values) {
    append_cells_header(out, values.size());
    const std::size_t at = out.size();
    out.resize(at + values.size() * kCellBytes);
    char* cell = out.data() + at;
    for (const double v : values) {
        const bool known = !std::isnan(v);
        const std::int64_t n = known ? static_cast<std::int64_t>(v) : 0;
        *cell = known ? kLong : kNull;
        std::memcpy(cell + 1, &n, 8);
        cell += kCellBytes;
    }
}

}  // namespace qd::kql
