#pragma once

#include "qd/base/result.h"
#include "qd/store/store.h"
#include "qd/workspace/workspace.h"

#include <cstdint>
#include <string>
#include <vector>

/// What the workspace keeps in the store: table ids, custom schemas and added columns, retention,
/// the extents of each table and the log sequence they reach, functions.
namespace qd::workspace::internal {

struct StoredTable {
    std::uint32_t id = 0;
    std::string name;
    bool custom = false;
    std::string description;
    std::uint32_t retention_days = 0;
    bool retention_set = false;
    std::uint64_t sealed_sequence = 0;
    std::uint32_t column_generation = 0;
    std::vector<ColumnInfo> columns;  // custom: all; built-in: the added ones
};

struct StoredExtent {
    std::uint64_t id = 0;
    std::uint32_t table_id = 0;
    std::string file;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
};

struct StoredCatalog {
    std::string workspace_id;
    std::vector<StoredTable> tables;
    std::vector<StoredExtent> extents;
    std::vector<FunctionText> functions;
    std::vector<Attribute> attributes;
    std::uint64_t highest_sequence = 0;  // sealed of any table, dropped ones too
};

class CatalogStore {
  public:
    explicit CatalogStore(store::Store& store) : store_(store) {}

    Status migrate();
    Result<StoredCatalog> load();
    Status save_workspace_id(const std::string& id);

    /// Assigns the id.
    Status insert_table(StoredTable& table);
    Status add_columns(std::uint32_t table_id, std::size_t first_ordinal,
                       const std::vector<ColumnInfo>& columns);
    Status set_retention(std::uint32_t table_id, std::uint32_t days);
    /// Its attributes too.
    Status drop_table(std::uint32_t table_id, std::string_view entity);
    Status rename_table(std::uint32_t table_id, std::string_view name, std::string_view entity,
                        std::string_view new_entity);
    Status describe_table(std::uint32_t table_id, std::string_view description);
    /// The columns of a custom table, all of them, and the generation they are of.
    Status set_columns(std::uint32_t table_id, std::uint32_t generation,
                       const std::vector<ColumnInfo>& columns);
    Status put_attributes(const std::vector<Attribute>& attributes);

    /// One transaction: the extents in `removed` go, `added` come (ids assigned), and the table's
    /// rows up to `sealed_sequence` are in extents from now on (never lowered).
    Status replace_extents(std::uint32_t table_id, std::uint64_t sealed_sequence,
                           const std::vector<std::uint64_t>& removed,
                           std::vector<StoredExtent>& added);

    Status put_function(const FunctionText& function);
    Result<bool> drop_function(std::string_view name);

  private:
    store::Store& store_;
};

}  // namespace qd::workspace::internal
