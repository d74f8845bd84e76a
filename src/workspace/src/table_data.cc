// A table's content is an immutable list of extents and fresh batches behind one pointer: a
// snapshot copies the pointer, a change builds a new list. Fresh batches are joined with their
// neighbour while both are small, each time at least doubling the smaller one, so that a stream of
// single rows costs O(log n) copies a row and a scan sees few pieces.
#include "table_data.h"

#include "qd/base/check.h"

#include <algorithm>
#include <cstring>

namespace qd::workspace::internal {

namespace {

using columns::Column;
using columns::ColumnBuilder;
using columns::ColumnPtr;
using columns::DataType;
using columns::Layout;
using columns::Scalar;

constexpr std::size_t kJoinBytes = 8 << 20;  // likewise
constexpr std::uint32_t kJoinRows = 4'096;   // larger batches are left alone

Bounds bounds_of(const Column& column) {
    Bounds bounds;
    if (column.layout() == Layout::Flat && column.nulls().empty()) {
        for (const std::int64_t v : column.values<std::int64_t>()) {
            bounds.add(v);
        }
        return bounds;
    }
    for (std::uint32_t i = 0; i < column.size(); ++i) {
        if (!column.is_null(i)) {
            bounds.add(column.int_at(i));
        }
        if (column.layout() == Layout::Constant) {
            break;
        }
    }
    return bounds;
}

std::size_t written_out(const Column& column) {
    if (!columns::is_bytes(column.type()) || column.layout() == Layout::Flat) {
        return column.memory_bytes();
    }
    std::size_t bytes = 0;
    for (std::uint32_t i = 0; i < column.size(); ++i) {
        bytes += column.bytes_at(i).size();
    }
    return bytes;
}

void finish_batch(HeadBatch& batch) {
    for (std::size_t i = 0; i < batch.fields.size(); ++i) {
        const ColumnPtr& column = batch.chunk.columns[i];
        batch.bytes += column->memory_bytes();
        batch.written_out_bytes += written_out(*column);
        if (batch.fields[i].name == kTimeGenerated && column->type() == DataType::DateTime) {
            batch.time = bounds_of(*column);
        } else if (batch.fields[i].name == kTimeReceived) {
            batch.received = bounds_of(*column);
        }
    }
}

Bounds bounds_of_parts(const Extent& extent, std::string_view name) {
    Bounds bounds;
    if (const ExtentColumn* column = extent.find_column(name)) {
        for (const ColumnPart& part : column->parts) {
            if (part.least.size() == 8 && part.greatest.size() == 8) {
                std::int64_t v = 0;
                std::memcpy(&v, part.least.data(), 8);
                bounds.add(v);
                std::memcpy(&v, part.greatest.data(), 8);
                bounds.add(v);
            }
        }
    }
    return bounds;
}

std::uint64_t raw_bytes_of(const Extent& extent) {
    std::uint64_t bytes = 0;
    for (const ExtentColumn& column : extent.footer().columns) {
        for (const BlockRef& block : column.dictionary_blocks) {
            bytes += block.raw_bytes;
        }
        for (const ColumnPart& part : column.parts) {
            for (const BlockRef& block : part.blocks) {
                bytes += block.raw_bytes;
            }
        }
    }
    return bytes;
}

}  // namespace

const ColumnPtr* HeadBatch::find_column(std::string_view name) const {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].name == name) {
            return &chunk.columns[i];
        }
    }
    return nullptr;
}

HeadBatchPtr make_head_batch(RowBatch batch, std::uint64_t sequence) {
    auto out = std::make_shared<HeadBatch>();
    out->first_sequence = sequence;
    out->last_sequence = sequence;
    out->fields = std::move(batch.fields);
    out->chunk = std::move(batch.chunk);
    const std::uint32_t rows = out->chunk.rows;

    out->fields.fields.push_back({std::string(kTimeReceived), DataType::DateTime});
    out->chunk.columns.push_back(
        Column::make_constant(Scalar::of_datetime(batch.received_ticks), rows));
    ColumnBuilder ids(DataType::Long, rows);
    const auto first = static_cast<std::int64_t>(sequence << kRowIdShift);
    for (std::uint32_t i = 0; i < rows; ++i) {
        ids.append_int(first + i);
    }
    out->fields.fields.push_back({std::string(kRowId), DataType::Long});
    out->chunk.columns.push_back(ids.finish());
    finish_batch(*out);
    return out;
}

HeadBatchPtr join_batches(std::span<const HeadBatchPtr> batches) {
    QD_CHECK(!batches.empty());
    if (batches.size() == 1) {
        return batches[0];
    }
    auto out = std::make_shared<HeadBatch>();
    out->first_sequence = batches.front()->first_sequence;
    out->last_sequence = batches.back()->last_sequence;
    for (const HeadBatchPtr& batch : batches) {
        out->chunk.rows += batch->chunk.rows;
        for (const columns::Field& field : batch->fields.fields) {
            if (!out->fields.index_of(field.name)) {
                out->fields.fields.push_back(field);
            }
        }
    }
    for (const columns::Field& field : out->fields.fields) {
        std::vector<ColumnPtr> pieces;
        for (const HeadBatchPtr& batch : batches) {
            const ColumnPtr* column = batch->find_column(field.name);
            pieces.push_back(column != nullptr ? *column
                                               : Column::make_constant(Scalar::null_of(field.type),
                                                                       batch->chunk.rows));
        }
        out->chunk.columns.push_back(columns::concatenate(pieces));
    }
    finish_batch(*out);
    return out;
}

ExtentPtr open_extent(Files& files, const std::string& dir, const StoredExtent& stored) {
    auto entry = std::make_shared<ExtentEntry>();
    entry->stored = stored;
    auto mapped = files.map(dir + "/" + stored.file);
    if (!mapped.ok()) {
        entry->damage =
            Error(Code::DataLoss, "WSP0010",
                  "extent file cannot be read: " + stored.file + ", " + mapped.error().message());
        return entry;
    }
    const std::string_view bytes = mapped.value()->bytes();
    auto extent = Extent::open(bytes, std::move(mapped).value(), stored.file);
    if (!extent.ok()) {
        entry->damage = extent.error();
        return entry;
    }
    entry->extent = std::move(extent).value();
    entry->time = bounds_of_parts(*entry->extent, kTimeGenerated);
    entry->received = bounds_of_parts(*entry->extent, kTimeReceived);
    entry->raw_bytes = raw_bytes_of(*entry->extent);
    return entry;
}

void TableData::publish(std::span<const HeadBatchPtr> batches, std::int64_t now_ns) {
    auto next = std::make_shared<TableContent>(*content);
    if (next->head.empty()) {
        head_since_ns = now_ns;
    }
    for (const HeadBatchPtr& batch : batches) {
        next->head.push_back(batch);
    }
    // The longest run of small batches at the end in which no batch is over twice what follows.
    std::size_t begin = next->head.size() - 1;
    std::uint64_t rows = next->head.back()->chunk.rows;
    std::size_t bytes = next->head.back()->written_out_bytes;
    while (begin > 0) {
        const HeadBatch& before = *next->head[begin - 1];
        if (before.last_sequence <= sealing_sequence || before.chunk.rows > 2 * rows ||
            rows + before.chunk.rows > kJoinRows || bytes + before.written_out_bytes > kJoinBytes) {
            break;
        }
        bytes += before.written_out_bytes;
        rows += before.chunk.rows;
        --begin;
    }
    if (begin + 1 < next->head.size()) {
        HeadBatchPtr joined = join_batches(std::span(next->head).subspan(begin));
        next->head.resize(begin);
        next->head.push_back(std::move(joined));
    }
    next->head_rows = 0;
    next->head_bytes = 0;
    for (const HeadBatchPtr& batch : next->head) {
        next->head_rows += batch->chunk.rows;
        next->head_bytes += batch->bytes;
    }
    content = std::move(next);
}

void TableData::replace(std::uint64_t up_to_sequence, const std::vector<std::uint64_t>& removed,
                        const std::vector<ExtentPtr>& added) {
    auto next = std::make_shared<TableContent>();
    for (const HeadBatchPtr& batch : content->head) {
        if (batch->last_sequence > up_to_sequence) {
            next->head.push_back(batch);
            next->head_rows += batch->chunk.rows;
            next->head_bytes += batch->bytes;
        }
    }
    for (const ExtentPtr& extent : content->extents) {
        if (std::find(removed.begin(), removed.end(), extent->stored.id) == removed.end()) {
            next->extents.push_back(extent);
        }
    }
    next->extents.insert(next->extents.end(), added.begin(), added.end());
    std::sort(next->extents.begin(), next->extents.end(),
              [](const ExtentPtr& a, const ExtentPtr& b) {
                  return a->time.least != b->time.least ? a->time.least < b->time.least
                                                        : a->stored.id < b->stored.id;
              });
    sealed_sequence = std::max(sealed_sequence, up_to_sequence);
    content = std::move(next);
}

}  // namespace qd::workspace::internal
