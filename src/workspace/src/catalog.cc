#include "catalog.h"

#include <algorithm>

namespace qd::workspace::internal {

namespace {

constexpr store::Migration kMigrations[] = {
    {"tables and extents",
     "CREATE TABLE workspace_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);"
     "CREATE TABLE workspace_tables ("
     " id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
     " custom INTEGER NOT NULL, description TEXT NOT NULL,"
     " retention_days INTEGER, sealed_sequence INTEGER NOT NULL);"
     "CREATE TABLE workspace_columns ("
     " table_id INTEGER NOT NULL REFERENCES workspace_tables(id) ON DELETE CASCADE,"
     " ordinal INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,"
     " PRIMARY KEY (table_id, ordinal), UNIQUE (table_id, name));"
     "CREATE TABLE workspace_extents ("
     " id INTEGER PRIMARY KEY AUTOINCREMENT,"
     " table_id INTEGER NOT NULL REFERENCES workspace_tables(id) ON DELETE CASCADE,"
     " file TEXT NOT NULL UNIQUE, row_count INTEGER NOT NULL, bytes INTEGER NOT NULL);"
     "CREATE TABLE workspace_functions ("
     " name TEXT PRIMARY KEY, parameters TEXT NOT NULL, body TEXT NOT NULL,"
     " folder TEXT NOT NULL, doc TEXT NOT NULL, is_view INTEGER NOT NULL)"},
    {"changing columns, attributes",
     "ALTER TABLE workspace_tables ADD COLUMN column_generation INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE workspace_columns ADD COLUMN stored TEXT NOT NULL DEFAULT '';"
     "CREATE TABLE workspace_attributes ("
     " entity TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
     " PRIMARY KEY (entity, key))"}};

using store::Transaction;

template <typename OnRow>
Status for_each_row(Transaction& tx, std::string_view sql, const OnRow& on_row) {
    QD_TRY(const auto rows, tx.query(sql));
    while (true) {
        QD_TRY(const bool row, rows->step());
        if (!row) {
            return {};
        }
        on_row(*rows);
    }
}

Status load_tables(Transaction& tx, StoredCatalog& out) {
    QD_CHECK_OK(for_each_row(
        tx,
        "SELECT id, name, custom, description, retention_days, sealed_sequence,"
        " column_generation FROM workspace_tables ORDER BY id",
        [&](store::Statement& row) {
            StoredTable table;
            table.id = static_cast<std::uint32_t>(row.integer(0));
            table.name = row.text(1);
            table.custom = row.integer(2) != 0;
            table.description = row.text(3);
            table.retention_set = !row.is_null(4);
            table.retention_days = static_cast<std::uint32_t>(row.integer(4));
            table.sealed_sequence = static_cast<std::uint64_t>(row.integer(5));
            table.column_generation = static_cast<std::uint32_t>(row.integer(6));
            out.highest_sequence = std::max(out.highest_sequence, table.sealed_sequence);
            out.tables.push_back(std::move(table));
        }));
    return for_each_row(
        tx, "SELECT table_id, name, type, stored FROM workspace_columns ORDER BY table_id, ordinal",
        [&](store::Statement& row) {
            const auto id = static_cast<std::uint32_t>(row.integer(0));
            for (StoredTable& table : out.tables) {
                if (table.id == id) {
                    ColumnInfo column;
                    column.name = row.text(1);
                    column.type =
                        columns::parse_type(row.text(2)).value_or(columns::DataType::String);
                    column.stored = row.text(3);
                    table.columns.push_back(std::move(column));
                }
            }
        });
}

Status insert_columns(Transaction& tx, std::uint32_t table_id, std::size_t ordinal,
                      const std::vector<ColumnInfo>& columns) {
    for (const ColumnInfo& column : columns) {
        QD_CHECK_OK(tx.run(
            "INSERT INTO workspace_columns VALUES (?1, ?2, ?3, ?4, ?5)",
            {table_id, ordinal++, column.name, columns::type_name(column.type), column.stored}));
    }
    return {};
}

}  // namespace

Status CatalogStore::migrate() {
    return store_.migrate("workspace", kMigrations);
}

Result<StoredCatalog> CatalogStore::load() {
    StoredCatalog out;
    const auto read = [&](Transaction& tx) -> Status {
        QD_TRY(const auto id,
               tx.text("SELECT value FROM workspace_meta WHERE key = 'workspace_id'"));
        out.workspace_id = id.value_or("");
        QD_TRY(const auto dropped,
               tx.text("SELECT value FROM workspace_meta WHERE key = 'dropped_sequence'"));
        if (dropped) {
            out.highest_sequence = std::stoull("0" + *dropped);
        }
        QD_CHECK_OK(load_tables(tx, out));
        QD_CHECK_OK(for_each_row(
            tx, "SELECT id, table_id, file, row_count, bytes FROM workspace_extents ORDER BY id",
            [&](store::Statement& row) {
                StoredExtent extent;
                extent.id = static_cast<std::uint64_t>(row.integer(0));
                extent.table_id = static_cast<std::uint32_t>(row.integer(1));
                extent.file = row.text(2);
                extent.rows = static_cast<std::uint64_t>(row.integer(3));
                extent.bytes = static_cast<std::uint64_t>(row.integer(4));
                out.extents.push_back(std::move(extent));
            }));
        QD_CHECK_OK(for_each_row(
            tx, "SELECT entity, key, value FROM workspace_attributes ORDER BY entity, key",
            [&](store::Statement& row) {
                out.attributes.push_back(
                    {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2))});
            }));
        return for_each_row(tx,
                            "SELECT name, parameters, body, folder, doc, is_view"
                            " FROM workspace_functions ORDER BY name",
                            [&](store::Statement& row) {
                                FunctionText f;
                                f.name = row.text(0);
                                f.parameters = row.text(1);
                                f.body = row.text(2);
                                f.folder = row.text(3);
                                f.doc = row.text(4);
                                f.is_view = row.integer(5) != 0;
                                out.functions.push_back(std::move(f));
                            });
    };
    QD_CHECK_OK(store_.read(read));
    return out;
}

Status CatalogStore::save_workspace_id(const std::string& id) {
    return store_.write([&](Transaction& tx) {
        return tx.run("INSERT OR REPLACE INTO workspace_meta VALUES ('workspace_id', ?1)", {id});
    });
}

Status CatalogStore::insert_table(StoredTable& table) {
    return store_.write([&](Transaction& tx) -> Status {
        QD_CHECK_OK(
            tx.run("INSERT INTO workspace_tables"
                   " (name, custom, description, retention_days, sealed_sequence)"
                   " VALUES (?1, ?2, ?3, ?4, 0)",
                   {table.name, table.custom ? 1 : 0, table.description,
                    table.retention_set ? std::optional<std::uint32_t>(table.retention_days)
                                        : std::nullopt}));
        QD_TRY(const auto id,
               tx.integer("SELECT id FROM workspace_tables WHERE name = ?1", {table.name}));
        table.id = static_cast<std::uint32_t>(id.value_or(0));
        return insert_columns(tx, table.id, 0, table.columns);
    });
}

Status CatalogStore::add_columns(std::uint32_t table_id, std::size_t first_ordinal,
                                 const std::vector<ColumnInfo>& columns) {
    return store_.write(
        [&](Transaction& tx) { return insert_columns(tx, table_id, first_ordinal, columns); });
}

Status CatalogStore::set_retention(std::uint32_t table_id, std::uint32_t days) {
    return store_.write([&](Transaction& tx) {
        return tx.run("UPDATE workspace_tables SET retention_days = ?2 WHERE id = ?1",
                      {table_id, days});
    });
}

Status CatalogStore::drop_table(std::uint32_t table_id, std::string_view entity) {
    return store_.write([&](Transaction& tx) -> Status {
        // Sequences must not be used twice, so the highest one outlives the table.
        QD_CHECK_OK(
            tx.run("INSERT OR REPLACE INTO workspace_meta SELECT 'dropped_sequence',"
                   " CAST(max(sealed_sequence) AS TEXT) FROM workspace_tables"));
        QD_CHECK_OK(tx.run("DELETE FROM workspace_attributes WHERE entity = ?1", {entity}));
        return tx.run("DELETE FROM workspace_tables WHERE id = ?1", {table_id});
    });
}

Status CatalogStore::rename_table(std::uint32_t table_id, std::string_view name,
                                  std::string_view entity, std::string_view new_entity) {
    return store_.write([&](Transaction& tx) -> Status {
        QD_CHECK_OK(tx.run("UPDATE workspace_attributes SET entity = ?2 WHERE entity = ?1",
                           {entity, new_entity}));
        return tx.run("UPDATE workspace_tables SET name = ?2 WHERE id = ?1", {table_id, name});
    });
}

Status CatalogStore::describe_table(std::uint32_t table_id, std::string_view description) {
    return store_.write([&](Transaction& tx) {
        return tx.run("UPDATE workspace_tables SET description = ?2 WHERE id = ?1",
                      {table_id, description});
    });
}

Status CatalogStore::set_columns(std::uint32_t table_id, std::uint32_t generation,
                                 const std::vector<ColumnInfo>& columns) {
    return store_.write([&](Transaction& tx) -> Status {
        QD_CHECK_OK(tx.run("DELETE FROM workspace_columns WHERE table_id = ?1", {table_id}));
        QD_CHECK_OK(insert_columns(tx, table_id, 0, columns));
        return tx.run("UPDATE workspace_tables SET column_generation = ?2 WHERE id = ?1",
                      {table_id, generation});
    });
}

Status CatalogStore::put_attributes(const std::vector<Attribute>& attributes) {
    return store_.write([&](Transaction& tx) -> Status {
        for (const Attribute& one : attributes) {
            QD_CHECK_OK(
                one.value.empty()
                    ? tx.run("DELETE FROM workspace_attributes WHERE entity = ?1 AND key = ?2",
                             {one.entity, one.key})
                    : tx.run("INSERT OR REPLACE INTO workspace_attributes VALUES (?1, ?2, ?3)",
                             {one.entity, one.key, one.value}));
        }
        return {};
    });
}

Status CatalogStore::replace_extents(std::uint32_t table_id, std::uint64_t sealed_sequence,
                                     const std::vector<std::uint64_t>& removed,
                                     std::vector<StoredExtent>& added) {
    return store_.write([&](Transaction& tx) -> Status {
        for (const std::uint64_t id : removed) {
            QD_CHECK_OK(tx.run("DELETE FROM workspace_extents WHERE id = ?1", {id}));
        }
        for (StoredExtent& extent : added) {
            QD_CHECK_OK(
                tx.run("INSERT INTO workspace_extents (table_id, file, row_count, bytes)"
                       " VALUES (?1, ?2, ?3, ?4)",
                       {table_id, extent.file, extent.rows, extent.bytes}));
            QD_TRY(const auto id,
                   tx.integer("SELECT id FROM workspace_extents WHERE file = ?1", {extent.file}));
            extent.id = static_cast<std::uint64_t>(id.value_or(0));
            extent.table_id = table_id;
        }
        return tx.run(
            "UPDATE workspace_tables SET sealed_sequence = max(sealed_sequence, ?2)"
            " WHERE id = ?1",
            {table_id, sealed_sequence});
    });
}

Status CatalogStore::put_function(const FunctionText& f) {
    return store_.write([&](Transaction& tx) {
        return tx.run("INSERT OR REPLACE INTO workspace_functions VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                      {f.name, f.parameters, f.body, f.folder, f.doc, f.is_view ? 1 : 0});
    });
}

Result<bool> CatalogStore::drop_function(std::string_view name) {
    bool found = false;
    const auto remove = [&](Transaction& tx) -> Status {
        QD_CHECK_OK(tx.run("DELETE FROM workspace_functions WHERE name = ?1", {name}));
        found = tx.changes() > 0;
        return {};
    };
    QD_CHECK_OK(store_.write(remove));
    return found;
}

}  // namespace qd::workspace::internal
