// Changes of what is there already: names, columns, descriptions, attributes. Like all schema
// changes each is in the store before it is in memory. Files are not touched: a column keeps the
// name it has in them, and one that was dropped is simply not read any more.
#include "workspace_impl.h"

#include <algorithm>

namespace qd::workspace::internal {

namespace {

ColumnInfo* find(std::vector<ColumnInfo>& columns, std::string_view name) {
    const auto at = std::find_if(columns.begin(), columns.end(),
                                 [&](const ColumnInfo& column) { return column.name == name; });
    return at == columns.end() ? nullptr : &*at;
}

Status apply(const ColumnChange& change, const std::string& table, std::uint32_t generation,
             std::vector<ColumnInfo>& columns) {
    ColumnInfo* column = find(columns, change.name);
    if (column == nullptr) {
        return Error(Code::NotFound, "WSP0002",
                     "table has no such column: table " + table + ", column " + change.name);
    }
    if (change.name == kTimeGenerated) {
        return Error(Code::FailedPrecondition, "WSP0007",
                     "every table keeps its TimeGenerated: table " + table);
    }
    switch (change.kind) {
        case ColumnChange::Kind::Drop:
            columns.erase(columns.begin() + (column - columns.data()));
            break;
        case ColumnChange::Kind::Rename:
            column->stored = column->stored_name();
            column->name = change.new_name;
            break;
        case ColumnChange::Kind::Retype:
            if (column->type != change.type) {
                column->type = change.type;
                column->stored = stored_name_of(column->name, generation);
            }
            break;
    }
    return {};
}

std::string entity_of(std::string_view table) {
    return "table/" + std::string(table);
}

}  // namespace

Result<WorkspaceImpl::TableRef> WorkspaceImpl::custom_table(std::string_view name) const {
    QD_TRY(TableRef data, stored_table(name));
    const std::lock_guard lock(data->mutex);
    if (data->schema->kind != TableKind::Custom) {
        return Error(Code::FailedPrecondition, "WSP0007",
                     "a built-in table stays as it is: " + std::string(name));
    }
    return data;
}

Status WorkspaceImpl::change_columns(std::string_view table,
                                     const std::vector<ColumnChange>& changes) {
    QD_TRY(const TableRef data, custom_table(table));
    const std::lock_guard ddl(ddl_mutex_);
    std::shared_ptr<TableSchema> schema;
    std::uint32_t generation = 0;
    {
        const std::lock_guard lock(data->mutex);
        schema = std::make_shared<TableSchema>(*data->schema);
        generation = data->column_generation + 1;
    }
    for (const ColumnChange& change : changes) {
        QD_CHECK_OK(apply(change, schema->name, generation, schema->columns));
    }
    QD_CHECK_OK(check_columns(schema->name, schema->columns));
    QD_CHECK_OK(catalog_.set_columns(data->id, generation, schema->columns));
    const std::lock_guard lock(data->mutex);
    data->stored_columns = schema->columns.size();
    data->column_generation = generation;
    data->schema = std::move(schema);
    return {};
}

Status WorkspaceImpl::rename_table(std::string_view table, std::string_view name) {
    QD_TRY(const TableRef data, custom_table(table));
    const std::lock_guard ddl(ddl_mutex_);
    if (!is_valid_name(name)) {
        return Error(Code::InvalidArgument, "WSP0003",
                     "invalid table name: '" + std::string(name) + "'");
    }
    if (find_data(name)) {
        return Error(Code::AlreadyExists, "WSP0007", "the table exists: " + std::string(name));
    }
    const std::string before = entity_of(table);
    const std::string after = entity_of(name);
    QD_CHECK_OK(catalog_.rename_table(data->id, name, before, after));
    const std::unique_lock lock(tables_mutex_);
    for (auto at = attributes_.begin(); at != attributes_.end();) {
        const auto next = std::next(at);
        if (at->first.first == before) {
            auto node = attributes_.extract(at);
            node.key().first = after;
            attributes_.insert(std::move(node));
        }
        at = next;
    }
    auto node = tables_.extract(tables_.find(table));
    node.key() = name;
    tables_.insert(std::move(node));
    const std::lock_guard table_lock(data->mutex);
    auto schema = std::make_shared<TableSchema>(*data->schema);
    schema->name = name;
    data->schema = std::move(schema);
    return {};
}

Status WorkspaceImpl::describe_table(std::string_view table, std::string_view description) {
    QD_TRY(const TableRef data, custom_table(table));
    const std::lock_guard ddl(ddl_mutex_);
    QD_CHECK_OK(catalog_.describe_table(data->id, description));
    const std::lock_guard lock(data->mutex);
    auto schema = std::make_shared<TableSchema>(*data->schema);
    schema->description = description;
    data->schema = std::move(schema);
    return {};
}

std::vector<Attribute> WorkspaceImpl::attributes(std::string_view entity) const {
    const bool prefix = !entity.empty() && entity.back() == '/';
    std::vector<Attribute> out;
    const std::shared_lock lock(tables_mutex_);
    for (auto at = attributes_.lower_bound({std::string(entity), ""}); at != attributes_.end();
         ++at) {
        const std::string& name = at->first.first;
        if (prefix ? !name.starts_with(entity) : name != entity) {
            break;
        }
        out.push_back({.entity = name, .key = at->first.second, .value = at->second});
    }
    return out;
}

Status WorkspaceImpl::put_attributes(const std::vector<Attribute>& attributes) {
    const std::lock_guard ddl(ddl_mutex_);
    QD_CHECK_OK(catalog_.put_attributes(attributes));
    const std::unique_lock lock(tables_mutex_);
    for (const Attribute& one : attributes) {
        if (one.value.empty()) {
            attributes_.erase({one.entity, one.key});
        } else {
            attributes_[{one.entity, one.key}] = one.value;
        }
    }
    return {};
}

}  // namespace qd::workspace::internal
