// One record of the log: a header of 48 bytes and a payload.
//
//   0 u32 magic "QDLR"      4 u32 stored payload bytes   8 u32 raw payload bytes
//  12 u32 table id         16 u64 sequence              24 u32 flags (1 = LZ4, 2 = continued)
//  28 u32 rows             32 u64 XXH3-64 of the payload as stored
//  40 u64 XXH3-64 of the 40 bytes before
//
// Payload: i64 received ticks, varint rows, varint columns; per column: name, u8 type, u8 layout
// (0 flat, 1 one value for all rows), u8 nulls present, then the value bytes as they lie in memory
// (bytes types: u32 offsets from 0, then the heap) and a byte a row for the nulls.
// The batch is encoded and checksummed on the thread that appends; the log's own thread only
// stamps the sequence, so it spends its time waiting for the disk and nothing else.
#include "log/record.h"

#include "extent/byte_io.h"
#include "qd/base/check.h"
#include "qd/codec/compress.h"
#include "qd/workspace/limits.h"

#include <xxhash.h>

#include <cstring>

namespace qd::workspace::internal {

namespace {

using columns::Column;
using columns::ColumnPtr;
using columns::DataType;
using columns::Layout;

constexpr char kMagic[5] = "QDLR";
constexpr std::uint32_t kFlagLz4 = 1;
constexpr std::uint32_t kFlagContinued = 2;
constexpr std::size_t kCompressMin = 1024;  // shorter payloads are not worth a call

std::uint64_t hash_of(std::string_view bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

template <typename T>
void put(std::string& record, std::size_t at, T v) {
    std::memcpy(record.data() + at, &v, sizeof(T));
}

template <typename T>
T get(std::string_view bytes, std::size_t at) {
    T v{};
    std::memcpy(&v, bytes.data() + at, sizeof(T));
    return v;
}

void write_column(std::string& out, ByteWriter& w, const Column& flat) {
    w.fixed(static_cast<std::uint8_t>(flat.nulls().empty() ? 0 : 1));
    if (columns::is_bytes(flat.type())) {
        const auto offsets = flat.offsets();
        const std::uint32_t base = offsets.front();
        const std::size_t start = out.size();
        out.resize(start + offsets.size_bytes());
        char* to = out.data() + start;
        for (const std::uint32_t offset : offsets) {
            const std::uint32_t shifted = offset - base;
            std::memcpy(to, &shifted, 4);
            to += 4;
        }
        out.append(flat.heap() + base, offsets.back() - base);
    } else {
        out.append(flat.heap(), columns::fixed_width(flat.type()) * flat.size());
    }
    out.append(static_cast<const char*>(static_cast<const void*>(flat.nulls().data())),
               flat.nulls().size());
}

// What a decoded column owns.
struct Owned {
    std::vector<std::uint64_t> values;
    std::vector<std::uint32_t> offsets;
    std::vector<std::uint8_t> nulls;
    std::string heap;
};

bool read_bytes_values(std::string_view& bytes, std::uint32_t rows, Owned& owned) {
    const std::size_t table = (std::size_t{rows} + 1) * 4;
    if (bytes.size() < table) {
        return false;
    }
    owned.offsets.resize(std::size_t{rows} + 1);
    std::memcpy(owned.offsets.data(), bytes.data(), table);
    bytes.remove_prefix(table);
    if (owned.offsets[0] != 0 || owned.offsets.back() > bytes.size()) {
        return false;
    }
    for (std::uint32_t i = 0; i < rows; ++i) {
        if (owned.offsets[i] > owned.offsets[i + 1]) {
            return false;
        }
    }
    owned.heap = bytes.substr(0, owned.offsets.back());
    bytes.remove_prefix(owned.offsets.back());
    return true;
}

ColumnPtr read_column(std::string_view& bytes, DataType type, std::uint32_t rows) {
    if (bytes.empty()) {
        return nullptr;
    }
    const bool has_nulls = bytes[0] != 0;
    bytes.remove_prefix(1);
    auto owned = std::make_shared<Owned>();
    if (columns::is_bytes(type)) {
        if (!read_bytes_values(bytes, rows, *owned)) {
            return nullptr;
        }
    } else {
        const std::size_t size = columns::fixed_width(type) * rows;
        if (bytes.size() < size) {
            return nullptr;
        }
        owned->values.resize((size + 7) / 8);
        std::memcpy(owned->values.data(), bytes.data(), size);
        bytes.remove_prefix(size);
    }
    if (has_nulls) {
        if (bytes.size() < rows) {
            return nullptr;
        }
        owned->nulls.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(rows));
        bytes.remove_prefix(rows);
    }
    const std::span<const std::uint8_t> nulls(owned->nulls);
    if (columns::is_bytes(type)) {
        const std::span<const std::uint32_t> offsets(owned->offsets);
        const char* heap = owned->heap.data();
        return Column::make_bytes(type, offsets, heap, nulls, std::move(owned));
    }
    const void* values = owned->values.data();
    return Column::make_fixed(type, rows, values, nulls, std::move(owned));
}

std::string encode_payload(const RowBatch& batch) {
    std::size_t estimate = 64 * (batch.fields.size() + 1);
    for (const ColumnPtr& column : batch.chunk.columns) {
        estimate += column->memory_bytes();
    }
    std::string out;
    out.reserve(estimate);
    ByteWriter w(out);
    w.fixed(batch.received_ticks);
    w.varint(batch.chunk.rows);
    w.varint(batch.fields.size());
    for (std::size_t i = 0; i < batch.fields.size(); ++i) {
        const ColumnPtr& column = batch.chunk.columns[i];
        w.bytes(batch.fields[i].name);
        w.fixed(static_cast<std::uint8_t>(batch.fields[i].type));
        const bool constant = column->layout() == Layout::Constant;
        w.fixed(static_cast<std::uint8_t>(constant ? 1 : 0));
        write_column(out, w, constant ? *column->constant() : *columns::flatten(column));
    }
    return out;
}

}  // namespace

std::string encode_record(std::uint32_t table_id, const RowBatch& batch) {
    std::string payload = encode_payload(batch);
    QD_CHECK(payload.size() <= 0xffffffffU);
    const std::size_t raw_bytes = payload.size();
    std::uint32_t flags = 0;
    if (payload.size() >= kCompressMin) {
        std::string packed = codec::lz4_compress(payload);
        if (packed.size() < payload.size()) {
            payload = std::move(packed);
            flags = kFlagLz4;
        }
    }
    std::string record(kRecordHeaderBytes, '\0');
    std::memcpy(record.data(), kMagic, 4);
    put(record, 4, static_cast<std::uint32_t>(payload.size()));
    put(record, 8, static_cast<std::uint32_t>(raw_bytes));
    put(record, 12, table_id);
    put(record, 24, flags);
    put(record, 28, batch.chunk.rows);
    put(record, 32, hash_of(payload));
    record += payload;
    return record;
}

void mark_continued(std::string& record) {
    put(record, 24, get<std::uint32_t>(record, 24) | kFlagContinued);
}

bool RecordView::continued() const {
    return (flags & kFlagContinued) != 0;
}

void stamp_record(std::string& record, std::uint64_t sequence) {
    put(record, 16, sequence);
    put(record, 40, hash_of(std::string_view(record).substr(0, 40)));
}

std::optional<RecordView> find_record(std::string_view bytes) {
    if (bytes.size() < kRecordHeaderBytes || std::memcmp(bytes.data(), kMagic, 4) != 0 ||
        get<std::uint64_t>(bytes, 40) != hash_of(bytes.substr(0, 40))) {
        return std::nullopt;
    }
    RecordView record;
    const auto stored = get<std::uint32_t>(bytes, 4);
    if (stored > bytes.size() - kRecordHeaderBytes) {
        return std::nullopt;
    }
    record.payload = bytes.substr(kRecordHeaderBytes, stored);
    if (hash_of(record.payload) != get<std::uint64_t>(bytes, 32)) {
        return std::nullopt;
    }
    record.raw_bytes = get<std::uint32_t>(bytes, 8);
    record.table_id = get<std::uint32_t>(bytes, 12);
    record.sequence = get<std::uint64_t>(bytes, 16);
    record.flags = get<std::uint32_t>(bytes, 24);
    record.rows = get<std::uint32_t>(bytes, 28);
    record.total_bytes = kRecordHeaderBytes + stored;
    return record;
}

std::size_t search_record(std::string_view bytes, std::size_t from) {
    while ((from = bytes.find(std::string_view(kMagic, 4), from)) != std::string_view::npos) {
        if (find_record(bytes.substr(from))) {
            return from;
        }
        ++from;
    }
    return from;
}

std::optional<RowBatch> decode_record(const RecordView& record) {
    std::string unpacked;
    std::string_view payload = record.payload;
    if ((record.flags & kFlagLz4) != 0) {
        if (record.raw_bytes / 255 > record.payload.size()) {
            return std::nullopt;
        }
        auto raw = codec::lz4_decompress(record.payload, record.raw_bytes);
        if (!raw.ok()) {
            return std::nullopt;
        }
        unpacked = std::move(raw).value();
        payload = unpacked;
    }
    ByteReader r(payload);
    RowBatch batch;
    batch.received_ticks = r.fixed<std::int64_t>();
    const std::uint64_t rows = r.varint();
    const std::uint64_t fields = r.varint();
    if (!r.ok() || rows == 0 || rows > kBatchRowsMax || rows != record.rows ||
        fields > kColumnsMax) {
        return std::nullopt;
    }
    batch.chunk.rows = static_cast<std::uint32_t>(rows);
    for (std::uint64_t i = 0; i < fields; ++i) {
        columns::Field field;
        field.name = r.bytes();
        const auto type = r.fixed<std::uint8_t>();
        const auto constant = r.fixed<std::uint8_t>();
        if (!r.ok() || type > static_cast<std::uint8_t>(DataType::Dynamic)) {
            return std::nullopt;
        }
        field.type = static_cast<DataType>(type);
        std::string_view rest = payload.substr(payload.size() - r.remaining());
        ColumnPtr column = read_column(rest, field.type, constant != 0 ? 1 : batch.chunk.rows);
        if (!column) {
            return std::nullopt;
        }
        if (constant != 0) {
            column = Column::make_constant(column->scalar_at(0), batch.chunk.rows);
        }
        r = ByteReader(rest);
        batch.fields.fields.push_back(std::move(field));
        batch.chunk.columns.push_back(std::move(column));
    }
    if (r.remaining() != 0) {
        return std::nullopt;
    }
    return batch;
}

}  // namespace qd::workspace::internal
