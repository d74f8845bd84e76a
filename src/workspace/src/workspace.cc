// Opening a workspace and finding things in it. Recovery is: load the catalog, open its extents,
// delete files it does not know (a crash between writing one and recording it), then replay the
// log, leaving out every record whose sequence its table's extents already reach.
#include "qd/base/random.h"
#include "snapshot.h"
#include "workspace_impl.h"

#include <algorithm>
#include <set>

namespace qd::workspace {

Result<std::unique_ptr<Workspace>> Workspace::open(const std::string& dir, Files& files,
                                                   Clock& clock, Log& log, Metrics& metrics,
                                                   Executor& executor, store::Store& store,
                                                   WorkspaceOptions options) {
    auto workspace = std::make_unique<internal::WorkspaceImpl>(dir, files, clock, log, metrics,
                                                               executor, store, std::move(options));
    QD_CHECK_OK(workspace->start());
    return std::unique_ptr<Workspace>(std::move(workspace));
}

namespace internal {

WorkspaceImpl::WorkspaceImpl(std::string dir, Files& files, Clock& clock, Log& log,
                             Metrics& metrics, Executor& executor, store::Store& store,
                             WorkspaceOptions options)
    : dir_(std::move(dir)),
      log_dir_(dir_ + "/log"),
      extent_dir_(dir_ + "/extents"),
      files_(files),
      clock_(clock),
      log_(log),
      executor_(executor),
      catalog_(store),
      options_(std::move(options)),
      rows_taken_(metrics.counter("qd_workspace_rows_total", "Rows taken in")),
      batches_taken_(metrics.counter("qd_workspace_batches_total", "Batches taken in")),
      batches_refused_(
          metrics.counter("qd_workspace_batches_refused_total", "Batches refused or failed")),
      log_damage_(metrics.counter("qd_workspace_log_damaged_places_total",
                                  "Places in the log found damaged at a start")),
      extent_damage_(metrics.counter("qd_workspace_extents_damaged_total",
                                     "Extent files found damaged when opened")),
      seals_(metrics.counter("qd_workspace_seals_total", "Extents made of fresh rows")),
      merges_(metrics.counter("qd_workspace_merges_total", "Merges of extents")),
      fresh_bytes_gauge_(
          metrics.gauge("qd_workspace_fresh_bytes", "Memory held by rows not yet in an extent")) {}

WorkspaceImpl::~WorkspaceImpl() {
    {
        const std::lock_guard lock(wake_mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (maintenance_.joinable()) {
        maintenance_.join();
    }
    queue_.reset();
}

Status WorkspaceImpl::start() {
    QD_CHECK_OK(files_.make_dirs(log_dir_));
    QD_CHECK_OK(files_.make_dirs(extent_dir_));
    QD_CHECK_OK(catalog_.migrate());
    QD_TRY(StoredCatalog catalog, catalog_.load());
    if (options_.workspace_id.empty()) {
        options_.workspace_id = catalog.workspace_id;
    }
    if (options_.workspace_id.empty()) {
        RealEntropy entropy;
        options_.workspace_id = new_guid(entropy);
    }
    if (options_.workspace_id != catalog.workspace_id) {
        QD_CHECK_OK(catalog_.save_workspace_id(options_.workspace_id));
    }
    QD_CHECK_OK(load_catalog(catalog));
    QD_CHECK_OK(remove_orphans(catalog));
    QD_CHECK_OK(replay(catalog.highest_sequence));
    IngestQueue::Options queue;
    queue.group_commit_us = options_.group_commit_us;
    queue.queue_bytes_max = options_.queue_bytes_max;
    queue_ = std::make_unique<IngestQueue>(
        *writer_, queue, [this](std::vector<PendingBatch>& batches, std::uint64_t first) {
            publish(batches, first);
        });
    if (options_.background) {
        maintenance_ = std::thread([this] { run_maintenance(); });
    }
    return {};
}

Status WorkspaceImpl::load_catalog(StoredCatalog& catalog) {
    for (const TablePtr& built_in : built_in_tables()) {
        auto data = std::make_shared<TableData>();
        auto schema = std::make_shared<TableSchema>(*built_in);
        schema->retention_days = options_.retention_days;
        data->schema = std::move(schema);
        tables_.emplace(built_in->name, std::move(data));
    }
    std::map<std::uint32_t, TableRef> by_id;
    for (StoredTable& stored : catalog.tables) {
        TableRef& data = tables_[stored.name];
        auto schema = std::make_shared<TableSchema>();
        if (data) {
            *schema = *data->schema;
        } else {
            data = std::make_shared<TableData>();
            schema->name = stored.name;
            schema->description = stored.description;
            schema->retention_days = options_.retention_days;
        }
        if (stored.retention_set) {
            schema->retention_days = stored.retention_days;
        }
        data->stored_columns = stored.columns.size();
        for (ColumnInfo& column : stored.columns) {
            if (schema->find_column(column.name) == nullptr) {
                schema->columns.push_back(std::move(column));
            }
        }
        data->column_generation = stored.column_generation;
        data->id = stored.id;
        data->sealed_sequence = stored.sealed_sequence;
        data->schema = std::move(schema);
        by_id.emplace(stored.id, data);
    }
    std::map<std::uint32_t, std::vector<ExtentPtr>> extents;
    for (const StoredExtent& stored : catalog.extents) {
        ExtentPtr entry = open_extent(files_, extent_dir_, stored);
        if (entry->damage) {
            extent_damage_.add();
            log_.error("an extent file is damaged; queries that need it will fail",
                       {{"file", stored.file},
                        {"rows", static_cast<std::int64_t>(stored.rows)},
                        {"error", entry->damage->text()}});
        }
        extents[stored.table_id].push_back(std::move(entry));
    }
    for (const auto& [id, entries] : extents) {
        if (const auto at = by_id.find(id); at != by_id.end()) {
            at->second->replace(0, {}, entries);
        }
    }
    for (Attribute& one : catalog.attributes) {
        attributes_[{std::move(one.entity), std::move(one.key)}] = std::move(one.value);
    }
    for (FunctionText& function : catalog.functions) {
        functions_.emplace(function.name, std::move(function));
    }
    return {};
}

Status WorkspaceImpl::remove_orphans(const StoredCatalog& catalog) {
    std::set<std::string> known;
    for (const StoredExtent& extent : catalog.extents) {
        known.insert(extent.file);
        next_file_ = std::max(next_file_, extent.id + 1);
    }
    QD_TRY(const auto names, files_.list(extent_dir_));
    for (const std::string& name : names) {
        if (known.count(name) == 0) {
            QD_CHECK_OK(files_.remove(extent_dir_ + "/" + name));
        }
    }
    return {};
}

Status WorkspaceImpl::replay(std::uint64_t highest_sequence) {
    std::map<std::uint32_t, TableRef> by_id;
    for (const auto& [name, data] : tables_) {
        if (data->id != 0) {
            by_id.emplace(data->id, data);
        }
    }
    std::uint64_t unreadable = 0;
    const std::int64_t now = clock_.now_ns();
    QD_TRY(ReplayReport report, replay_log(files_, log_, log_dir_, [&](const RecordView& record) {
               const auto at = by_id.find(record.table_id);
               if (at == by_id.end() || record.sequence <= at->second->sealed_sequence) {
                   return;  // dropped, or in an extent already
               }
               auto batch = decode_record(record);
               if (!batch) {
                   ++unreadable;
                   return;
               }
               const HeadBatchPtr head = make_head_batch(std::move(*batch), record.sequence);
               fresh_bytes_ += head->bytes;
               at->second->publish({&head, 1}, now);
           }));
    if (report.damaged_places + unreadable > 0) {
        log_damage_.add(static_cast<double>(report.damaged_places + unreadable));
        log_.error("rows in the log were lost to damage",
                   {{"places", static_cast<std::int64_t>(report.damaged_places)},
                    {"bytes", static_cast<std::int64_t>(report.damaged_bytes)},
                    {"unreadable_records", static_cast<std::int64_t>(unreadable)}});
    }
    std::uint64_t next = std::max(report.last_sequence, highest_sequence) + 1;
    if (!report.segments.empty()) {
        // Sequences of refused groups are not used again, so a segment may be named beyond the last
        // record there is; the next one must not come before it.
        next = std::max(next, report.segments.back().first_sequence);
    }
    writer_ = std::make_unique<LogWriter>(files_, log_dir_, options_.log_segment_bytes,
                                          std::move(report.segments), next);
    return {};
}

WorkspaceImpl::TableRef WorkspaceImpl::find_data(std::string_view name) const {
    const std::shared_lock lock(tables_mutex_);
    const auto at = tables_.find(name);
    return at == tables_.end() ? nullptr : at->second;
}

std::vector<WorkspaceImpl::TableRef> WorkspaceImpl::all_data() const {
    const std::shared_lock lock(tables_mutex_);
    std::vector<TableRef> out;
    out.reserve(tables_.size());
    for (const auto& [name, data] : tables_) {
        out.push_back(data);
    }
    return out;
}

Result<WorkspaceImpl::TableRef> WorkspaceImpl::stored_table(std::string_view name) const {
    TableRef data = find_data(name);
    if (!data) {
        return Error(Code::NotFound, "WSP0001", "no such table: " + std::string(name));
    }
    const std::lock_guard lock(data->mutex);
    if (data->schema->kind == TableKind::View) {
        return Error(Code::FailedPrecondition, "WSP0007",
                     "a view has no rows of its own: " + std::string(name));
    }
    return data;
}

std::int64_t WorkspaceImpl::hidden_before(const TableSchema& schema) const {
    if (schema.retention_days == 0) {
        return std::numeric_limits<std::int64_t>::min();
    }
    return clock_.utc().ticks - std::int64_t{schema.retention_days} * Ticks::kDay;
}

std::vector<TablePtr> WorkspaceImpl::tables() const {
    std::vector<TablePtr> out;
    for (const TableRef& data : all_data()) {
        const std::lock_guard lock(data->mutex);
        out.push_back(data->schema);
    }
    return out;
}

TablePtr WorkspaceImpl::find_table(std::string_view name) const {
    const TableRef data = find_data(name);
    if (!data) {
        return nullptr;
    }
    const std::lock_guard lock(data->mutex);
    return data->schema;
}

Result<std::shared_ptr<const Snapshot>> WorkspaceImpl::snapshot(std::string_view table) const {
    QD_TRY(const TableRef data, stored_table(table));
    TablePtr schema;
    std::shared_ptr<const TableContent> content;
    std::uint32_t id = 0;
    std::uint64_t last = 0;
    {
        const std::lock_guard lock(data->mutex);
        schema = data->schema;
        content = data->content;
        id = data->id;
        last = std::max(data->sealed_sequence,
                        content->head.empty() ? 0 : content->head.back()->last_sequence);
    }
    const std::int64_t hidden = hidden_before(*schema);
    return make_snapshot(std::move(schema), std::move(content), last, id, options_.workspace_id,
                         hidden);
}

Result<TableStatistics> WorkspaceImpl::statistics(std::string_view table) const {
    QD_TRY(const TableRef data, stored_table(table));
    const std::lock_guard lock(data->mutex);
    TableStatistics out;
    out.fresh_rows = data->content->head_rows;
    out.rows = out.fresh_rows;
    out.extents = data->content->extents.size();
    for (const ExtentPtr& extent : data->content->extents) {
        out.rows += extent->stored.rows;
        out.extent_bytes += extent->stored.bytes;
    }
    return out;
}

}  // namespace internal
}  // namespace qd::workspace
