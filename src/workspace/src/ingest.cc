// Appending: check and encode on the caller's thread, then hand over to the log's thread. The rows
// become visible after the sync and before anybody hears of it.
#include "workspace_impl.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace qd::workspace::internal {

namespace {

using columns::Chunk;
using columns::Column;
using columns::ColumnBuilder;
using columns::ColumnPtr;
using columns::DataType;
using columns::Scalar;

// Memory of fresh rows beyond which appends are refused until sealing has caught up, as a multiple
// of what one table may hold before it is sealed.
constexpr std::size_t kFreshBytesFactor = 3;
constexpr int kDerivationDepthMax = 10;

Error misfit(const std::string& table, std::string_view what) {
    return {Code::InvalidArgument, "WSP0008",
            "rows do not fit the table: " + std::string(what) + ", table " + table};
}

Status check_shape(const std::string& table, const columns::Table& rows) {
    for (const Chunk& chunk : rows.chunks) {
        if (chunk.columns.size() != rows.schema.size()) {
            return misfit(table, "number of columns");
        }
        for (std::size_t i = 0; i < chunk.columns.size(); ++i) {
            if (!chunk.columns[i] || chunk.columns[i]->size() != chunk.rows ||
                chunk.columns[i]->type() != rows.schema[i].type) {
                return misfit(table, "column " + rows.schema[i].name);
            }
        }
    }
    return {};
}

ColumnPtr whole_column(const columns::Table& rows, std::size_t index) {
    if (rows.chunks.size() == 1) {
        return rows.chunks[0].columns[index];
    }
    std::vector<ColumnPtr> pieces;
    pieces.reserve(rows.chunks.size());
    for (const Chunk& chunk : rows.chunks) {
        pieces.push_back(chunk.columns[index]);
    }
    return columns::concatenate(pieces);
}

bool has_null(const Column& column) {
    for (std::uint32_t i = 0; i < column.size(); ++i) {
        if (column.is_null(i)) {
            return true;
        }
        if (column.layout() == columns::Layout::Flat && column.nulls().empty()) {
            return false;
        }
    }
    return false;
}

// Rows that name no time happened when they came.
ColumnPtr fill_times(const ColumnPtr& times, std::int64_t now) {
    if (!has_null(*times)) {
        return times;
    }
    ColumnBuilder out(DataType::DateTime, times->size());
    for (std::uint32_t i = 0; i < times->size(); ++i) {
        out.append_int(times->is_null(i) ? now : times->int_at(i));
    }
    return out.finish();
}

}  // namespace

Result<PendingBatch> WorkspaceImpl::prepare(std::string_view table, const columns::Table& rows) {
    QD_TRY(PendingBatch batch, shape(table, rows));
    if (batch.rows.chunk.rows > 0) {
        batch.record = encode_record(batch.table_id, batch.rows);
    }
    return batch;
}

Result<PendingBatch> WorkspaceImpl::shape(std::string_view table, const columns::Table& rows) {
    QD_TRY(const TableRef data, stored_table(table));
    const std::string name(table);
    QD_CHECK_OK(check_shape(name, rows));
    std::size_t given_bytes = 0;
    for (const Chunk& chunk : rows.chunks) {
        for (const ColumnPtr& column : chunk.columns) {
            given_bytes += column->memory_bytes();
        }
    }
    if (given_bytes > kBatchBytesMax) {
        return misfit(name, "more bytes than a batch may have, " + std::to_string(given_bytes));
    }
    if (rows.rows() > kBatchRowsMax) {
        return misfit(name, "more rows than a batch may have, " + std::to_string(rows.rows()));
    }
    QD_CHECK_OK(ensure_stored(*data));
    PendingBatch batch;
    batch.table = data;
    TablePtr schema;
    {
        const std::lock_guard lock(data->mutex);
        schema = data->schema;
        batch.table_id = data->id;
    }
    batch.rows.received_ticks = clock_.utc().ticks;
    batch.rows.chunk.rows = static_cast<std::uint32_t>(rows.rows());
    if (batch.rows.chunk.rows == 0) {
        return batch;
    }
    bool has_time = false;
    for (std::size_t i = 0; i < rows.schema.size(); ++i) {
        const columns::Field& field = rows.schema[i];
        if (field.name == kTypeColumn || field.name == kTenantId) {
            continue;  // answered by the table, never stored
        }
        const ColumnInfo* column = schema->find_column(field.name);
        if (column == nullptr) {
            return Error(Code::InvalidArgument, "WSP0002",
                         "table has no such column: table " + name + ", column " + field.name);
        }
        if (column->type != field.type || batch.rows.fields.index_of(column->stored_name())) {
            return misfit(name, "column " + field.name);
        }
        ColumnPtr whole = whole_column(rows, i);
        if (field.name == kTimeGenerated) {
            has_time = true;
            whole = fill_times(whole, batch.rows.received_ticks);
        }
        batch.rows.fields.fields.push_back({column->stored_name(), field.type});
        batch.rows.chunk.columns.push_back(std::move(whole));
    }
    if (!has_time) {
        batch.rows.fields.fields.push_back({std::string(kTimeGenerated), DataType::DateTime});
        batch.rows.chunk.columns.push_back(Column::make_constant(
            Scalar::of_datetime(batch.rows.received_ticks), batch.rows.chunk.rows));
    }
    return batch;
}

// The rows, then what is derived from them, and what is derived from that.
Status WorkspaceImpl::prepare_all(std::string_view table, const columns::Table& rows, int depth,
                                  std::vector<PendingBatch>& out) {
    QD_TRY(PendingBatch batch, prepare(table, rows));
    if (batch.rows.chunk.rows == 0) {
        return {};
    }
    out.push_back(std::move(batch));
    Derivation* derivation = derivation_.load();
    if (derivation == nullptr || !derivation->applies_to(table)) {
        return {};
    }
    if (depth >= kDerivationDepthMax) {
        return Error(
            Code::FailedPrecondition, "WSP0012",
            "update policies lead on from table to table too often, at: " + std::string(table));
    }
    const TablePtr schema = find_table(table);
    if (schema == nullptr) {
        return Error(Code::NotFound, "WSP0001", "no such table: " + std::string(table));
    }
    QD_TRY(std::vector<TableRows> derived, derivation->derive(*schema, rows));
    for (const TableRows& one : derived) {
        QD_CHECK_OK(prepare_all(one.table, one.rows, depth + 1, out));
    }
    return {};
}

void WorkspaceImpl::append(std::string_view table, columns::Table rows,
                           std::function<void(const Status&)> done) {
    Status refused;
    if (fresh_bytes_.load() > kFreshBytesFactor * options_.seal_bytes) {
        {
            const std::lock_guard lock(wake_mutex_);
            wake_up_ = true;
        }
        wake_.notify_one();
        refused =
            Error(Code::ResourceExhausted, "WSP0005",
                  "too many rows wait to be sealed: bytes " + std::to_string(fresh_bytes_.load()))
                .with_retry_after_ms(200);
    } else {
        std::vector<PendingBatch> unit;
        refused = prepare_all(table, rows, 0, unit);
        rows = {};
        if (refused.ok() && unit.empty()) {
            done({});
            return;
        }
        if (refused.ok()) {
            unit.back().done = std::move(done);
            refused = queue_->push(unit);
            if (refused.ok()) {
                return;
            }
            done = std::move(unit.back().done);
        }
    }
    batches_refused_.add();
    done(refused);
}

Status WorkspaceImpl::append_and_wait(std::string_view table, columns::Table rows) {
    std::mutex mutex;
    std::condition_variable settled;
    std::optional<Status> outcome;
    append(table, std::move(rows), [&](const Status& status) {
        const std::lock_guard lock(mutex);
        outcome = status;
        settled.notify_one();
    });
    std::unique_lock lock(mutex);
    settled.wait(lock, [&] { return outcome.has_value(); });
    return *std::move(outcome);
}

void WorkspaceImpl::publish(std::vector<PendingBatch>& batches, std::uint64_t first_sequence) {
    // One publication a table, however many of its batches are in the group.
    std::map<TableData*, std::vector<HeadBatchPtr>> by_table;
    std::uint64_t rows = 0;
    for (std::size_t i = 0; i < batches.size(); ++i) {
        rows += batches[i].rows.chunk.rows;
        batches[i].record = {};
        by_table[batches[i].table.get()].push_back(
            make_head_batch(std::move(batches[i].rows), first_sequence + i));
    }
    const std::int64_t now = clock_.now_ns();
    bool full = false;
    for (auto& [table, fresh] : by_table) {
        const std::lock_guard lock(table->mutex);
        // All rows were replaced while these were being written: they went with the others.
        std::erase_if(fresh, [&](const HeadBatchPtr& batch) {
            return batch->last_sequence <= table->sealed_sequence;
        });
        if (table->dropped || fresh.empty()) {
            continue;
        }
        const std::size_t before = table->content->head_bytes;
        table->publish(fresh, now);
        fresh_bytes_ += table->content->head_bytes - before;  // wraps, as it may shrink
        full = full || table->content->head_rows >= options_.seal_rows ||
               table->content->head_bytes >= options_.seal_bytes;
    }
    rows_taken_.add(static_cast<double>(rows));
    batches_taken_.add(static_cast<double>(batches.size()));
    fresh_bytes_gauge_.set(static_cast<double>(fresh_bytes_.load()));
    if (full) {
        {
            const std::lock_guard lock(wake_mutex_);
            wake_up_ = true;
        }
        wake_.notify_one();
    }
}

}  // namespace qd::workspace::internal
