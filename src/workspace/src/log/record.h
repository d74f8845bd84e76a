#pragma once

#include "qd/columns/column.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qd::workspace::internal {

inline constexpr std::size_t kRecordHeaderBytes = 48;

/// A batch of one table's rows on its way into the log: one chunk.
struct RowBatch {
    std::int64_t received_ticks = 0;
    columns::Schema fields;
    columns::Chunk chunk;
};

/// The bytes of a record whose sequence is not known yet.
std::string encode_record(std::uint32_t table_id, const RowBatch& batch);
/// Puts the sequence in; the record is complete then.
void stamp_record(std::string& record, std::uint64_t sequence);

/// Before the stamp: the record counts only together with the next one of its segment.
void mark_continued(std::string& record);

/// A record found in a log file.
struct RecordView {
    std::uint64_t sequence = 0;
    std::uint32_t table_id = 0;
    std::uint32_t rows = 0;
    std::uint32_t flags = 0;
    std::uint32_t raw_bytes = 0;
    std::string_view payload;
    std::size_t total_bytes = 0;
    bool continued() const;
};

/// The record at the start of the bytes, its checksums verified; nothing when there is none whole.
std::optional<RecordView> find_record(std::string_view bytes);
/// Offset of the next whole record at or behind `from`; npos when there is none.
std::size_t search_record(std::string_view bytes, std::size_t from);
/// Its rows; nothing when the payload contradicts itself.
std::optional<RowBatch> decode_record(const RecordView& record);

}  // namespace qd::workspace::internal
