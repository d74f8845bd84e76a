#include "workspace_sink.h"

namespace qd::server {

std::optional<columns::Schema> WorkspaceSink::table_schema(std::string_view table) {
    const workspace::TablePtr found = workspace_.find_table(table);
    if (found == nullptr || found->kind == workspace::TableKind::View) {
        return std::nullopt;
    }
    return found->schema();
}

Status WorkspaceSink::ensure_table(std::string_view table, const columns::Schema& wanted) {
    return workspace_.ensure_table(table, wanted);
}

void WorkspaceSink::append(std::string table, columns::Table rows,
                           std::function<void(Status)> done) {
    // Columns the engine fills itself are not stored.
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < rows.schema.size(); ++i) {
        if (rows.schema[i].name != workspace::kTypeColumn &&
            rows.schema[i].name != workspace::kTenantId) {
            kept.push_back(i);
        }
    }
    if (kept.size() < rows.schema.size()) {
        columns::Table trimmed;
        for (const std::size_t i : kept) {
            trimmed.schema.fields.push_back(rows.schema[i]);
        }
        for (const columns::Chunk& chunk : rows.chunks) {
            columns::Chunk one;
            one.rows = chunk.rows;
            for (const std::size_t i : kept) {
                one.columns.push_back(chunk.columns[i]);
            }
            trimmed.chunks.push_back(std::move(one));
        }
        rows = std::move(trimmed);
    }
    workspace_.append(table, std::move(rows), [done = std::move(done)](const Status& status) {
        done(status.ok() ? ok_status() : Status(status.error()));
    });
}

}  // namespace qd::server
