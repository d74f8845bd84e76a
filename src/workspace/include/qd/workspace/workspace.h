#pragma once

#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/base/files.h"
#include "qd/base/log.h"
#include "qd/base/metrics.h"
#include "qd/base/result.h"
#include "qd/columns/column.h"
#include "qd/store/store.h"
#include "qd/workspace/limits.h"
#include "qd/workspace/scan.h"
#include "qd/workspace/table.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qd::workspace {

struct WorkspaceOptions {
    /// Shown as TenantId; made once and kept in the store when empty.
    std::string workspace_id;
    std::uint32_t retention_days = 90;  // of tables that name none; 0 = for ever

    /// How long the log writer waits for more batches before it syncs. Units: microseconds.
    std::int64_t group_commit_us = 2'000;
    /// Batches waiting for the log, in memory; beyond it append() refuses.
    std::size_t queue_bytes_max = 256 << 20;
    std::size_t log_segment_bytes = 64 << 20;
    /// Log that replay may have to read; beyond it the oldest fresh rows are sealed.
    std::size_t log_bytes_max = 1ULL << 30;

    /// Fresh rows become an extent at the first of these.
    std::size_t seal_rows = 262'144;
    std::size_t seal_bytes = 128 << 20;
    std::int64_t seal_age_seconds = 600;
    /// Small extents that are worth merging.
    std::size_t merge_fan_in = 4;
    /// False: nothing runs by itself; a test calls maintain().
    bool background = true;
};

/// A stored function or view, as its author wrote it.
struct FunctionText {
    std::string name;
    std::string parameters;  // "(threshold:real=3.0)", "()" or "" for a view used by bare name
    std::string body;        // what stands between the braces
    std::string folder;
    std::string doc;
    bool is_view = false;
};

/// A text kept beside what it is about: a policy, a mapping, a view's definition.
struct Attribute {
    std::string entity;  // "table/T"
    std::string key;     // "policy/update"
    std::string value;
};

/// What one command does to a column of a custom table. Rows stored before are not rewritten: a
/// column that changes its type reads as null in them.
struct ColumnChange {
    enum class Kind : std::uint8_t { Drop, Rename, Retype };
    Kind kind = Kind::Drop;
    std::string name;
    std::string new_name = {};                           // Rename
    columns::DataType type = columns::DataType::String;  // Retype
};

struct TableRows {
    std::string table;
    columns::Table rows;
};

/// Makes further rows of rows that are being appended (update policies). Threads: any, at once.
class Derivation {
  public:
    virtual ~Derivation() = default;
    /// Cheap; asked for each append.
    virtual bool applies_to(std::string_view table) const = 0;
    /// The rows to store with these, in one atomic step. An error refuses the whole append.
    virtual Result<std::vector<TableRows>> derive(const TableSchema& table,
                                                  const columns::Table& rows) = 0;
};

struct TableStatistics {
    std::uint64_t rows = 0;
    std::uint64_t fresh_rows = 0;  // not yet in an extent
    std::uint64_t extents = 0;
    std::uint64_t extent_bytes = 0;
};

/// Tables of rows: durable, columnar, queryable the moment a write is acknowledged.
/// Layout of `dir`: log/ (write-ahead log segments), extents/ (immutable column files); names and
/// schemas live in the store. Formats: docs/internals/extents.md.
/// Threads: any. Lifetime: everything passed in outlives it; the destructor finishes queued
/// batches and running maintenance.
/// Errors: WSP0001 unknown table, WSP0002 unknown column, WSP0003 name or count beyond the limits,
/// WSP0004 column type conflict, WSP0005 queue full (ResourceExhausted, retry_after_ms), WSP0006
/// disk full (ResourceExhausted, retry_after_ms), WSP0007 not allowed for this kind of table,
/// WSP0008 rows do not fit the table, WSP0010 damaged extent, WSP0011 damaged log.
class Workspace {
  public:
    /// Replays the log: rows acknowledged before a crash are there exactly once. A torn end of the
    /// log is cut off; a damaged record inside is reported (log, metric) and left out.
    static Result<std::unique_ptr<Workspace>> open(const std::string& dir, Files& files,
                                                   Clock& clock, Log& log, Metrics& metrics,
                                                   Executor& executor, store::Store& store,
                                                   WorkspaceOptions options = {});
    virtual ~Workspace() = default;

    virtual const std::string& workspace_id() const = 0;

    /// Sorted by name, views included.
    virtual std::vector<TablePtr> tables() const = 0;
    /// Null when there is none. Names are case-sensitive.
    virtual TablePtr find_table(std::string_view name) const = 0;
    /// Durable when it returns. TimeGenerated is added when missing.
    /// Errors: AlreadyExists WSP0007, InvalidArgument WSP0003.
    virtual Status create_table(const TableSchema& table) = 0;
    /// Adds the columns the table lacks; stored rows read them as null ("" for strings).
    /// Errors: InvalidArgument WSP0004 when a column is there with another type.
    virtual Status add_columns(std::string_view table, const columns::Schema& wanted) = 0;
    /// create_table() for a custom name (ending in _CL) that is missing, else add_columns().
    virtual Status ensure_table(std::string_view table, const columns::Schema& wanted) = 0;
    virtual Status set_retention(std::string_view table, std::uint32_t days) = 0;
    /// Custom tables only; the rows are gone for good, and so are its attributes.
    virtual Status drop_table(std::string_view table) = 0;
    /// Custom tables only; attributes go along. Errors: AlreadyExists WSP0007.
    virtual Status rename_table(std::string_view table, std::string_view name) = 0;
    virtual Status describe_table(std::string_view table, std::string_view description) = 0;
    /// Custom tables only, all of the changes or none; TimeGenerated stays as it is.
    virtual Status change_columns(std::string_view table,
                                  const std::vector<ColumnChange>& changes) = 0;

    /// All of an entity, or of every entity that begins with it when it ends in '/'.
    virtual std::vector<Attribute> attributes(std::string_view entity) const = 0;
    /// Puts the attributes (an empty value removes one) in one step.
    virtual Status put_attributes(const std::vector<Attribute>& attributes) = 0;

    virtual std::vector<FunctionText> functions() const = 0;
    virtual Status put_function(const FunctionText& function) = 0;
    /// NotFound WSP0001 when there is none of that name.
    virtual Status drop_function(std::string_view name) = 0;

    /// Appends rows. `rows.schema` names a subset of the table's columns with the table's types;
    /// the rest becomes null ("" in string columns); a missing TimeGenerated becomes the time of
    /// receipt. `done` runs once, on any thread: ok means the rows are on stable storage and seen
    /// by every snapshot taken from now on; an error means none of them ever will be.
    /// It may run before append() returns. Never blocks for the disk.
    virtual void append(std::string_view table, columns::Table rows,
                        std::function<void(const Status&)> done) = 0;
    /// The same, waiting.
    virtual Status append_and_wait(std::string_view table, columns::Table rows) = 0;
    /// To be set before the first append; null ends it. Lifetime: outlives the workspace's use.
    virtual void set_derivation(Derivation* derivation) = 0;

    /// Takes the rows of the ids away, ascending; of custom tables. Crash: all of them or none.
    /// The rows taken away (fewer when some were gone before).
    virtual Result<std::uint64_t> remove_rows(std::string_view table,
                                              const std::vector<std::int64_t>& row_ids) = 0;
    /// Puts the rows in place of all that were there. Crash: the old rows or the new ones.
    virtual Status replace_rows(std::string_view table, columns::Table rows) = 0;

    /// Errors: NotFound WSP0001; views have no rows of their own (WSP0007).
    virtual Result<std::shared_ptr<const Snapshot>> snapshot(std::string_view table) const = 0;
    virtual Result<TableStatistics> statistics(std::string_view table) const = 0;

    /// Makes extents of all fresh rows now (before a benchmark, at shutdown).
    virtual Status seal_all() = 0;
    /// One round of sealing, merging, retention and log cleaning on the caller's thread.
    virtual Status maintain() = 0;
};

}  // namespace qd::workspace
