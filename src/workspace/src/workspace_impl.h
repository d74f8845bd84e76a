#pragma once

#include "catalog.h"
#include "ingest_queue.h"
#include "log/log_writer.h"
#include "log/replay.h"
#include "qd/workspace/workspace.h"
#include "table_data.h"

#include <atomic>
#include <condition_variable>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

namespace qd::workspace::internal {

/// The workspace. Locks, outermost first: maintenance_mutex_ (one round of sealing and merging at
/// a time), ddl_mutex_ (one schema change at a time), tables_mutex_ (the map), TableData::mutex.
class WorkspaceImpl final : public Workspace {
  public:
    WorkspaceImpl(std::string dir, Files& files, Clock& clock, Log& log, Metrics& metrics,
                  Executor& executor, store::Store& store, WorkspaceOptions options);
    ~WorkspaceImpl() override;
    /// Loads, replays, starts the threads. Called once.
    Status start();

    const std::string& workspace_id() const override { return options_.workspace_id; }
    std::vector<TablePtr> tables() const override;
    TablePtr find_table(std::string_view name) const override;
    Status create_table(const TableSchema& table) override;
    Status add_columns(std::string_view table, const columns::Schema& wanted) override;
    Status ensure_table(std::string_view table, const columns::Schema& wanted) override;
    Status set_retention(std::string_view table, std::uint32_t days) override;
    Status drop_table(std::string_view table) override;
    Status rename_table(std::string_view table, std::string_view name) override;
    Status describe_table(std::string_view table, std::string_view description) override;
    Status change_columns(std::string_view table,
                          const std::vector<ColumnChange>& changes) override;
    std::vector<Attribute> attributes(std::string_view entity) const override;
    Status put_attributes(const std::vector<Attribute>& attributes) override;
    std::vector<FunctionText> functions() const override;
    Status put_function(const FunctionText& function) override;
    Status drop_function(std::string_view name) override;
    void append(std::string_view table, columns::Table rows,
                std::function<void(const Status&)> done) override;
    Status append_and_wait(std::string_view table, columns::Table rows) override;
    void set_derivation(Derivation* derivation) override { derivation_ = derivation; }
    Result<std::uint64_t> remove_rows(std::string_view table,
                                      const std::vector<std::int64_t>& row_ids) override;
    Status replace_rows(std::string_view table, columns::Table rows) override;
    Result<std::shared_ptr<const Snapshot>> snapshot(std::string_view table) const override;
    Result<TableStatistics> statistics(std::string_view table) const override;
    Status seal_all() override;
    Status maintain() override;

  private:
    using TableRef = std::shared_ptr<TableData>;

    // workspace.cc
    Status load_catalog(StoredCatalog& catalog);
    Status replay(std::uint64_t highest_sequence);
    Status remove_orphans(const StoredCatalog& catalog);
    TableRef find_data(std::string_view name) const;
    Result<TableRef> stored_table(std::string_view name) const;
    std::vector<TableRef> all_data() const;
    std::int64_t hidden_before(const TableSchema& schema) const;

    // tables.cc
    Status check_columns(std::string_view table, const std::vector<ColumnInfo>& columns) const;
    /// Gives a built-in table its row in the store before its first write.
    Status ensure_stored(TableData& table);
    Status add_columns_locked(const TableRef& table, const columns::Schema& wanted);

    // alter.cc
    Result<TableRef> custom_table(std::string_view name) const;

    // ingest.cc
    /// The rows as the table has them.
    Result<PendingBatch> shape(std::string_view table, const columns::Table& rows);
    /// The same with the record for the log.
    Result<PendingBatch> prepare(std::string_view table, const columns::Table& rows);
    Status prepare_all(std::string_view table, const columns::Table& rows, int depth,
                       std::vector<PendingBatch>& out);
    void publish(std::vector<PendingBatch>& batches, std::uint64_t first_sequence);

    // maintenance.cc
    void run_maintenance();
    bool wants_sealing(TableData& table, bool log_is_long);
    Status seal(const TableRef& table);
    Result<bool> merge_some(const TableRef& table);
    std::vector<TableRef> stored_data();
    Status expire(const TableRef& table);
    Status replace_extents(const TableRef& table, std::uint64_t up_to_sequence,
                           const std::vector<ExtentPtr>& removed,
                           const std::vector<ColumnInput>& columns,
                           std::span<const std::uint32_t> order, std::uint64_t rows);
    /// Writes the file of a new extent.
    Result<StoredExtent> write_new(const TableRef& table, std::uint64_t up_to_sequence,
                                   const std::vector<ColumnInput>& columns,
                                   std::span<const std::uint32_t> order, std::uint64_t rows);
    /// The exchange itself, in the store and in memory, when the new files are written.
    Status exchange_extents(const TableRef& table, std::uint64_t up_to_sequence,
                            const std::vector<ExtentPtr>& removed, std::vector<StoredExtent> added);

    // rewrite.cc
    Result<std::uint64_t> remove_from(const TableRef& table, const ExtentPtr& entry,
                                      const std::vector<std::int64_t>& row_ids,
                                      std::vector<StoredExtent>& added);
    std::string next_extent_file(std::uint32_t table_id);
    Status clean_log();
    void watch_clock();
    /// hidden_before(), or never while the wall clock is not to be trusted.
    std::int64_t deletable_before(const TableSchema& schema) const;
    void note_failure(std::string_view doing, const std::string& table, const Error& error);

    const std::string dir_;
    const std::string log_dir_;
    const std::string extent_dir_;
    Files& files_;
    Clock& clock_;
    Log& log_;
    Executor& executor_;
    CatalogStore catalog_;
    WorkspaceOptions options_;

    Counter& rows_taken_;
    Counter& batches_taken_;
    Counter& batches_refused_;
    Counter& log_damage_;
    Counter& extent_damage_;
    Counter& seals_;
    Counter& merges_;
    Gauge& fresh_bytes_gauge_;

    mutable std::shared_mutex tables_mutex_;
    std::map<std::string, TableRef, std::less<>> tables_;
    std::map<std::string, FunctionText, std::less<>> functions_;
    std::map<std::pair<std::string, std::string>, std::string> attributes_;  // entity, key
    std::mutex ddl_mutex_;
    std::mutex maintenance_mutex_;
    std::atomic<std::uint64_t> fresh_bytes_{0};
    // Guarded by maintenance_mutex_:
    std::uint64_t next_file_ = 1;
    std::int64_t last_ns_ = 0;
    std::int64_t last_ticks_ = 0;
    std::int64_t distrust_until_ns_ = std::numeric_limits<std::int64_t>::min();
    std::map<std::string, std::int64_t> last_failures_;

    std::atomic<Derivation*> derivation_{nullptr};
    std::unique_ptr<LogWriter> writer_;
    std::unique_ptr<IngestQueue> queue_;

    std::mutex wake_mutex_;
    std::condition_variable wake_;
    bool wake_up_ = false;
    bool stopping_ = false;
    std::thread maintenance_;
};

}  // namespace qd::workspace::internal
