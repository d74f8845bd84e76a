#pragma once

#include "catalog.h"
#include "extent/extent.h"
#include "log/record.h"
#include "qd/columns/column.h"
#include "qd/workspace/table.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace qd::workspace::internal {

/// Names that a bare or bracketed KQL identifier can say.
bool is_valid_name(std::string_view name);
/// What files call a column that was added after the table's columns had changed: no valid name.
std::string stored_name_of(std::string_view name, std::uint32_t generation);

/// Smallest and largest of some 64-bit values; least > greatest: there were none.
struct Bounds {
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    std::int64_t greatest = std::numeric_limits<std::int64_t>::min();
    bool empty() const { return least > greatest; }
    void add(std::int64_t v) {
        least = v < least ? v : least;
        greatest = v > greatest ? v : greatest;
    }
    void add(const Bounds& other) {
        if (!other.empty()) {
            add(other.least);
            add(other.greatest);
        }
    }
};

/// Rows in memory, immutable: one or several records of a table side by side.
struct HeadBatch {
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;
    columns::Schema fields;  // kTimeReceived and kRowId among them
    columns::Chunk chunk;
    Bounds time;      // TimeGenerated
    Bounds received;  // kTimeReceived
    std::size_t bytes = 0;
    std::size_t written_out_bytes = 0;  // with constants and dictionaries expanded

    /// Null when the batch does not hold it.
    const columns::ColumnPtr* find_column(std::string_view name) const;
};
using HeadBatchPtr = std::shared_ptr<const HeadBatch>;

/// The batch that the rows of record `sequence` become.
HeadBatchPtr make_head_batch(RowBatch batch, std::uint64_t sequence);
/// Several batches as one, columns united by name.
HeadBatchPtr join_batches(std::span<const HeadBatchPtr> batches);

/// One extent of a table. `extent` is null when the file is damaged or missing: `damage` says why.
struct ExtentEntry {
    StoredExtent stored;
    std::shared_ptr<const Extent> extent;
    std::optional<Error> damage;
    Bounds time;
    Bounds received;
    std::uint64_t raw_bytes = 0;  // of all blocks before compression
};
using ExtentPtr = std::shared_ptr<const ExtentEntry>;

/// Maps and checks the file; never fails, damage is recorded in the entry.
ExtentPtr open_extent(Files& files, const std::string& dir, const StoredExtent& stored);

/// Everything a table holds at one instant.
struct TableContent {
    std::vector<ExtentPtr> extents;  // by oldest TimeGenerated, then id
    std::vector<HeadBatchPtr> head;  // by sequence
    std::uint64_t head_rows = 0;
    std::size_t head_bytes = 0;
};

/// A table at run time. Threads: any; `mutex` guards what stands below it, held briefly.
struct TableData {
    std::mutex mutex;
    std::uint32_t id = 0;  // 0: built in and never written to
    TablePtr schema;
    std::size_t stored_columns = 0;  // rows of workspace_columns
    /// Changes of columns so far: columns added after one are stored under names of their own.
    std::uint32_t column_generation = 0;
    std::shared_ptr<const TableContent> content = std::make_shared<TableContent>();
    std::uint64_t sealed_sequence = 0;
    std::uint64_t sealing_sequence = 0;  // batches up to here may not be joined with later ones
    std::int64_t head_since_ns = 0;      // when the oldest fresh row came
    bool dropped = false;

    /// Adds fresh batches, joining small neighbours; caller holds `mutex`.
    void publish(std::span<const HeadBatchPtr> batches, std::int64_t now_ns);
    /// Puts extents in place of others and takes fresh rows up to the sequence away; caller holds
    /// `mutex`.
    void replace(std::uint64_t up_to_sequence, const std::vector<std::uint64_t>& removed,
                 const std::vector<ExtentPtr>& added);
};

}  // namespace qd::workspace::internal
