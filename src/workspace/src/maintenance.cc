// Background work: fresh rows become extents, small extents become larger ones, rows past their
// retention go, log segments that nobody needs are deleted.
//
// Every change of a table's extents is: write the new file and sync it, record the exchange in the
// store in one transaction, then exchange in memory, then delete the old files. A crash before the
// transaction leaves a file nobody refers to, which the next start deletes; a crash after it leaves
// old files likewise. The transaction also records the log sequence that the extents reach, and
// replay starts behind it, so a row is never in an extent and replayed too.
// Merging takes merge_fan_in extents of one size class (powers of that number), so a row is
// rewritten O(log n) times. It waits while any table has fresh rows to seal: rows that come faster
// than they are sealed are refused in the end, small extents only cost a little time.
#include "column_inputs.h"
#include "workspace_impl.h"

#include <algorithm>
#include <chrono>

namespace qd::workspace::internal {

namespace {

constexpr std::uint64_t kMergeBytesMax = 1ULL << 30;  // read by one merge, before compression
// A wall clock that moves this much more than the monotonic one has jumped …
constexpr std::int64_t kJumpTicks = Ticks::kHour;
// … and for this long afterwards nothing is deleted on its word.
constexpr std::int64_t kDistrustNs = 24LL * 3600 * 1'000'000'000;
constexpr std::int64_t kRepeatFailureNs = 60LL * 1'000'000'000;  // between two equal warnings

}  // namespace

void WorkspaceImpl::run_maintenance() {
    while (true) {
        {
            std::unique_lock lock(wake_mutex_);
            wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_ || wake_up_; });
            if (stopping_) {
                return;
            }
            wake_up_ = false;
        }
        maintain().ignore("each failure was logged where it happened and is tried again");
    }
}

// A wrong wall clock must not cost rows: after a jump they are hidden by it, but not deleted.
void WorkspaceImpl::watch_clock() {
    const std::int64_t ns = clock_.now_ns();
    const std::int64_t ticks = clock_.utc().ticks;
    if (last_ticks_ != 0) {
        const std::int64_t drift = (ticks - last_ticks_) - (ns - last_ns_) / 100;
        if (drift > kJumpTicks || drift < -kJumpTicks) {
            log_.warn("the wall clock jumped; no rows are expired for a day",
                      {{"seconds", drift / Ticks::kSecond}});
            distrust_until_ns_ = ns + kDistrustNs;
        }
    }
    last_ns_ = ns;
    last_ticks_ = ticks;
}

std::int64_t WorkspaceImpl::deletable_before(const TableSchema& schema) const {
    return clock_.now_ns() < distrust_until_ns_ ? std::numeric_limits<std::int64_t>::min()
                                                : hidden_before(schema);
}

void WorkspaceImpl::note_failure(std::string_view doing, const std::string& table,
                                 const Error& error) {
    const std::string key = std::string(doing) + " " + table + " " + error.id();
    const std::int64_t now = clock_.now_ns();
    const auto [at, fresh] = last_failures_.emplace(key, now);
    if (!fresh && now - at->second < kRepeatFailureNs) {
        return;
    }
    at->second = now;
    log_.warn("background work on a table failed and will be tried again",
              {{"doing", std::string(doing)}, {"table", table}, {"error", error.text()}});
}

bool WorkspaceImpl::wants_sealing(TableData& table, bool log_is_long) {
    const std::lock_guard lock(table.mutex);
    const TableContent& content = *table.content;
    if (content.head.empty()) {
        return false;
    }
    const std::int64_t age_ns = clock_.now_ns() - table.head_since_ns;
    return log_is_long || content.head_rows >= options_.seal_rows ||
           content.head_bytes >= options_.seal_bytes ||
           age_ns >= options_.seal_age_seconds * 1'000'000'000;
}

Status WorkspaceImpl::maintain() {
    const std::lock_guard maintenance(maintenance_mutex_);
    Status outcome;
    watch_clock();
    const auto attempt = [&](std::string_view doing, const TableRef& table, Status status) {
        if (!status.ok()) {
            std::string name;
            {
                const std::lock_guard lock(table->mutex);
                name = table->schema->name;
            }
            note_failure(doing, name, status.error());
            outcome = std::move(status);
        }
    };
    const std::vector<TableRef> tables = stored_data();
    for (const TableRef& table : tables) {
        attempt("expiring", table, expire(table));
    }
    const auto seal_full = [&] {
        const bool log_is_long = writer_->total_bytes() > options_.log_bytes_max;
        for (const TableRef& table : tables) {
            if (wants_sealing(*table, log_is_long)) {
                attempt("sealing", table, seal(table));
            }
        }
        if (Status cleaned = clean_log(); !cleaned.ok()) {
            note_failure("cleaning the log", "", cleaned.error());
            outcome = std::move(cleaned);
        }
    };
    seal_full();
    for (const TableRef& table : tables) {
        while (true) {
            Result<bool> merged = merge_some(table);
            if (!merged.ok()) {
                attempt("merging", table, merged.error());
            }
            if (!merged.ok() || !merged.value()) {
                break;
            }
            seal_full();
        }
    }
    return outcome;
}

std::vector<WorkspaceImpl::TableRef> WorkspaceImpl::stored_data() {
    std::vector<TableRef> out = all_data();
    std::erase_if(out, [](const TableRef& table) {
        const std::lock_guard lock(table->mutex);
        return table->id == 0;
    });
    return out;
}

Status WorkspaceImpl::seal_all() {
    const std::lock_guard maintenance(maintenance_mutex_);
    watch_clock();
    for (const TableRef& table : all_data()) {
        QD_CHECK_OK(seal(table));
    }
    return clean_log();
}

std::string WorkspaceImpl::next_extent_file(std::uint32_t table_id) {
    std::string name;
    do {
        name = "t" + std::to_string(table_id) + "-" + std::to_string(next_file_++) + ".qdx";
    } while (files_.exists(extent_dir_ + "/" + name));
    return name;
}

Result<StoredExtent> WorkspaceImpl::write_new(const TableRef& table, std::uint64_t up_to_sequence,
                                              const std::vector<ColumnInput>& columns,
                                              std::span<const std::uint32_t> order,
                                              std::uint64_t rows) {
    StoredExtent stored;
    stored.table_id = table->id;
    stored.file = next_extent_file(table->id);
    stored.rows = rows;
    QD_TRY(stored.bytes, write_extent(files_, executor_, extent_dir_ + "/" + stored.file, columns,
                                      order, rows, up_to_sequence));
    return stored;
}

// Writes one new extent (none when rows is 0) in place of `removed` and of the fresh rows up to the
// sequence.
Status WorkspaceImpl::replace_extents(const TableRef& table, std::uint64_t up_to_sequence,
                                      const std::vector<ExtentPtr>& removed,
                                      const std::vector<ColumnInput>& columns,
                                      std::span<const std::uint32_t> order, std::uint64_t rows) {
    std::vector<StoredExtent> added;
    if (rows > 0) {
        QD_TRY(StoredExtent stored, write_new(table, up_to_sequence, columns, order, rows));
        added.push_back(std::move(stored));
    }
    return exchange_extents(table, up_to_sequence, removed, std::move(added));
}

Status WorkspaceImpl::exchange_extents(const TableRef& table, std::uint64_t up_to_sequence,
                                       const std::vector<ExtentPtr>& removed,
                                       std::vector<StoredExtent> added) {
    std::vector<ExtentPtr> opened;
    std::vector<std::uint64_t> removed_ids;
    for (const ExtentPtr& entry : removed) {
        removed_ids.push_back(entry->stored.id);
    }
    Status recorded = catalog_.replace_extents(table->id, up_to_sequence, removed_ids, added);
    if (!recorded.ok()) {
        for (const StoredExtent& extent : added) {
            files_.remove(extent_dir_ + "/" + extent.file)
                .ignore("the next start removes what nothing refers to");
        }
        return recorded;
    }
    for (const StoredExtent& extent : added) {
        opened.push_back(open_extent(files_, extent_dir_, extent));
        if (opened.back()->damage) {
            extent_damage_.add();
            log_.error("an extent cannot be read back",
                       {{"file", extent.file}, {"error", opened.back()->damage->text()}});
        }
    }
    {
        const std::lock_guard lock(table->mutex);
        const std::size_t before = table->content->head_bytes;
        table->replace(up_to_sequence, removed_ids, opened);
        fresh_bytes_ += table->content->head_bytes - before;
        if (!table->content->head.empty()) {
            table->head_since_ns = clock_.now_ns();
        }
    }
    fresh_bytes_gauge_.set(static_cast<double>(fresh_bytes_.load()));
    for (const ExtentPtr& entry : removed) {
        files_.remove(extent_dir_ + "/" + entry->stored.file)
            .ignore("the next start removes what nothing refers to");
    }
    return {};
}

Status WorkspaceImpl::seal(const TableRef& table) {
    std::uint64_t target = 0;  // what comes while this runs waits for the next round
    {
        const std::lock_guard lock(table->mutex);
        if (!table->content->head.empty()) {
            target = table->content->head.back()->last_sequence;
        }
    }
    std::uint64_t done = 0;
    while (done < target) {
        std::vector<HeadBatchPtr> batches;
        std::int64_t hidden = 0;
        std::uint64_t rows = 0;
        std::uint64_t up_to = 0;
        {
            const std::lock_guard lock(table->mutex);
            hidden = deletable_before(*table->schema);
            for (const HeadBatchPtr& batch : table->content->head) {
                if (batch->last_sequence > target ||
                    (rows > 0 && rows + batch->chunk.rows > kExtentRowsMax / 2)) {
                    break;
                }
                batches.push_back(batch);
                rows += batch->chunk.rows;
                up_to = batch->last_sequence;
            }
            table->sealing_sequence = std::max(table->sealing_sequence, up_to);
        }
        const std::vector<ColumnInput> inputs = inputs_of_batches(batches);
        const std::vector<std::uint32_t> order = time_order(inputs, hidden, rows);
        QD_CHECK_OK(replace_extents(table, up_to, {}, inputs, order, rows));
        seals_.add();
        done = up_to;
    }
    return {};
}

Status WorkspaceImpl::expire(const TableRef& table) {
    std::vector<ExtentPtr> gone;
    std::uint64_t up_to = 0;
    {
        const std::lock_guard lock(table->mutex);
        const std::int64_t hidden = deletable_before(*table->schema);
        for (const ExtentPtr& entry : table->content->extents) {
            if (!entry->received.empty() && entry->received.greatest < hidden) {
                gone.push_back(entry);
            }
        }
        // Fresh rows go when all up to some sequence are past their time.
        for (const HeadBatchPtr& batch : table->content->head) {
            if (batch->received.greatest >= hidden) {
                break;
            }
            up_to = batch->last_sequence;
        }
        up_to = std::max(up_to, table->sealed_sequence);
        if (gone.empty() && up_to == table->sealed_sequence) {
            return {};
        }
    }
    return replace_extents(table, up_to, gone, {}, {}, 0);
}

// One merge of this table, when there is one to do.
Result<bool> WorkspaceImpl::merge_some(const TableRef& table) {
    const std::size_t fan_in = std::max<std::size_t>(options_.merge_fan_in, 2);
    std::map<unsigned, std::vector<ExtentPtr>> classes;
    std::int64_t hidden = 0;
    std::uint64_t sealed = 0;
    {
        const std::lock_guard lock(table->mutex);
        hidden = deletable_before(*table->schema);
        sealed = table->sealed_sequence;
        for (const ExtentPtr& entry : table->content->extents) {
            if (entry->damage || entry->stored.rows * 2 > kExtentRowsMax) {
                continue;
            }
            unsigned size_class = 0;
            for (std::uint64_t rows = entry->stored.rows; rows >= fan_in; rows /= fan_in) {
                ++size_class;
            }
            classes[size_class].push_back(entry);
        }
    }
    std::vector<ExtentPtr> chosen;
    std::uint64_t rows = 0;
    for (const auto& [size_class, entries] : classes) {
        std::uint64_t bytes = 0;
        for (const ExtentPtr& entry : entries) {
            if (rows + entry->stored.rows <= kExtentRowsMax &&
                bytes + entry->raw_bytes <= kMergeBytesMax) {
                chosen.push_back(entry);
                rows += entry->stored.rows;
                bytes += entry->raw_bytes;
            }
        }
        if (chosen.size() >= fan_in) {
            break;
        }
        chosen.clear();
        rows = 0;
    }
    if (chosen.empty()) {
        return false;
    }
    QD_TRY(const auto inputs, inputs_of_extents(chosen));
    const std::vector<std::uint32_t> order = time_order(inputs, hidden, rows);
    QD_CHECK_OK(replace_extents(table, sealed, chosen, inputs, order, rows));
    merges_.add();
    return true;
}

Status WorkspaceImpl::clean_log() {
    // Taken first: a table made from here on has only records behind it.
    const std::uint64_t end = writer_->next_sequence();
    std::map<std::uint32_t, std::uint64_t> sealed;
    for (const TableRef& table : all_data()) {
        const std::lock_guard lock(table->mutex);
        if (table->id != 0) {
            sealed[table->id] = table->sealed_sequence;
        }
    }
    return writer_->remove_sealed(end, [&](std::uint32_t table) {
        const auto at = sealed.find(table);
        // A table that is gone needs none of its records.
        return at == sealed.end() ? std::numeric_limits<std::uint64_t>::max() : at->second;
    });
}

}  // namespace qd::workspace::internal
