// Taking rows away and putting others in place of them. The new state is written as extents and
// exchanged in one transaction of the store, as sealing does (maintenance.cc), so a crash leaves
// the old rows or the new ones.
#include "column_inputs.h"
#include "workspace_impl.h"

#include <algorithm>

namespace qd::workspace::internal {

namespace {

constexpr std::uint32_t kPieceRows = 262'144;

/// The rows whose ids are not in the list.
std::vector<std::uint32_t> rows_left(const std::vector<ColumnInput>& inputs,
                                     const std::vector<std::int64_t>& row_ids) {
    std::vector<std::uint32_t> left;
    for (const ColumnInput& input : inputs) {
        if (input.name != kRowId) {
            continue;
        }
        std::uint32_t row = 0;
        for (const columns::ColumnPtr& piece : input.pieces) {
            for (std::uint32_t i = 0; i < piece->size(); ++i, ++row) {
                if (!std::binary_search(row_ids.begin(), row_ids.end(), piece->int_at(i))) {
                    left.push_back(row);
                }
            }
        }
    }
    return left;
}

/// Whether the extent has any of the rows: only their ids are read.
Result<bool> holds_any(const ExtentPtr& entry, const std::vector<std::int64_t>& row_ids) {
    const ExtentColumn* column = entry->extent->find_column(kRowId);
    if (column == nullptr) {
        return false;
    }
    DictionaryCache cache(entry->extent);
    for (std::size_t g = 0; g < entry->extent->footer().group_rows.size(); ++g) {
        QD_TRY(const columns::ColumnPtr ids, cache.read(*column, g));
        for (std::uint32_t i = 0; i < ids->size(); ++i) {
            if (std::binary_search(row_ids.begin(), row_ids.end(), ids->int_at(i))) {
                return true;
            }
        }
    }
    return false;
}

/// Tables of at most kPieceRows rows.
std::vector<columns::Table> pieces_of(const columns::Table& rows) {
    std::vector<columns::Table> out;
    std::uint64_t held = 0;
    for (const columns::Chunk& chunk : rows.chunks) {
        for (std::uint32_t at = 0; at < chunk.rows; at += kPieceRows) {
            const std::uint32_t count = std::min(kPieceRows, chunk.rows - at);
            if (out.empty() || held + count > kPieceRows) {
                out.push_back({.schema = rows.schema, .chunks = {}});
                held = 0;
            }
            out.back().chunks.push_back(columns::slice(chunk, at, count));
            held += count;
        }
    }
    return out;
}

}  // namespace

// What is left of one extent, if anything was taken from it.
Result<std::uint64_t> WorkspaceImpl::remove_from(const TableRef& table, const ExtentPtr& entry,
                                                 const std::vector<std::int64_t>& row_ids,
                                                 std::vector<StoredExtent>& added) {
    if (entry->damage) {
        return *entry->damage;
    }
    QD_TRY(const bool concerned, holds_any(entry, row_ids));
    if (!concerned) {
        return std::uint64_t{0};
    }
    QD_TRY(const std::vector<ColumnInput> inputs, inputs_of_extents({entry}));
    const std::vector<std::uint32_t> left = rows_left(inputs, row_ids);
    const std::uint64_t taken = entry->stored.rows - left.size();
    if (taken > 0 && !left.empty()) {
        std::uint64_t sealed = 0;
        {
            const std::lock_guard lock(table->mutex);
            sealed = table->sealed_sequence;
        }
        QD_TRY(StoredExtent stored, write_new(table, sealed, inputs, left, left.size()));
        added.push_back(std::move(stored));
    }
    return taken;
}

Result<std::uint64_t> WorkspaceImpl::remove_rows(std::string_view table,
                                                 const std::vector<std::int64_t>& row_ids) {
    QD_TRY(const TableRef data, custom_table(table));
    const std::lock_guard maintenance(maintenance_mutex_);
    QD_CHECK_OK(seal(data));
    std::shared_ptr<const TableContent> content;
    std::uint64_t sealed = 0;
    {
        const std::lock_guard lock(data->mutex);
        content = data->content;
        sealed = data->sealed_sequence;
    }
    std::uint64_t total = 0;
    std::vector<ExtentPtr> removed;
    std::vector<StoredExtent> added;
    for (const ExtentPtr& entry : content->extents) {
        const auto taken = remove_from(data, entry, row_ids, added);
        if (!taken.ok()) {
            for (const StoredExtent& extent : added) {
                files_.remove(extent_dir_ + "/" + extent.file)
                    .ignore("the next start removes what nothing refers to");
            }
            return taken.error();
        }
        if (taken.value() > 0) {
            removed.push_back(entry);
            total += taken.value();
        }
    }
    if (total > 0) {
        QD_CHECK_OK(exchange_extents(data, sealed, removed, std::move(added)));
    }
    return total;
}

Status WorkspaceImpl::replace_rows(std::string_view table, columns::Table rows) {
    QD_TRY(const TableRef data, custom_table(table));
    const std::lock_guard maintenance(maintenance_mutex_);
    std::vector<columns::Table> pieces = pieces_of(rows);
    rows = {};
    // Sequences of their own: the ids of the new rows, and the place in time of the exchange.
    // Rows that are on their way with an earlier one are replaced like the others.
    std::uint64_t first = 0;
    {
        const std::lock_guard lock(data->mutex);
        first = writer_->reserve(pieces.size() + 1);
        data->sealing_sequence = first + pieces.size();  // what comes later stays apart
    }
    std::vector<HeadBatchPtr> batches;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        QD_TRY(PendingBatch batch, shape(table, pieces[i]));
        pieces[i] = {};
        total += batch.rows.chunk.rows;
        batches.push_back(make_head_batch(std::move(batch.rows), first + i));
    }
    std::vector<ExtentPtr> removed;
    {
        const std::lock_guard lock(data->mutex);
        removed = data->content->extents;
    }
    const std::vector<ColumnInput> inputs = inputs_of_batches(batches);
    const std::vector<std::uint32_t> order =
        time_order(inputs, std::numeric_limits<std::int64_t>::min(), total);
    return replace_extents(data, first + pieces.size(), removed, inputs, order, total);
}

}  // namespace qd::workspace::internal
