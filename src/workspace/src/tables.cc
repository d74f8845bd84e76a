// Schema changes and stored functions. Each is in the store before it is in memory; ddl_mutex_
// keeps them one at a time, queries and appends go on meanwhile.
#include "workspace_impl.h"

#include <algorithm>

namespace qd::workspace::internal {

namespace {

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool is_hidden(std::string_view name) {
    return name == kTimeReceived || name == kItemId || name == kRowId;
}

}  // namespace

bool is_valid_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameBytesMax &&
           std::none_of(name.begin(), name.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == '\'' || c == '"' || c == '\\' ||
                      c == '[' || c == ']';
           });
}

std::string stored_name_of(std::string_view name, std::uint32_t generation) {
    return std::string(name) + '\x01' + std::to_string(generation);
}

Status WorkspaceImpl::check_columns(std::string_view table,
                                    const std::vector<ColumnInfo>& columns) const {
    if (columns.size() > kColumnsMax) {
        return Error(Code::InvalidArgument, "WSP0003",
                     "too many columns: table " + std::string(table) + ", columns " +
                         std::to_string(columns.size()) + ", limit " + std::to_string(kColumnsMax));
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!is_valid_name(columns[i].name) || is_hidden(columns[i].name)) {
            return Error(Code::InvalidArgument, "WSP0003",
                         "invalid column name: table " + std::string(table) + ", column '" +
                             columns[i].name + "'");
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (columns[i].name == columns[j].name) {
                return Error(Code::InvalidArgument, "WSP0003",
                             "duplicate column: table " + std::string(table) + ", column " +
                                 columns[i].name);
            }
        }
    }
    return {};
}

Status WorkspaceImpl::create_table(const TableSchema& wanted) {
    const std::lock_guard ddl(ddl_mutex_);
    if (!is_valid_name(wanted.name)) {
        return Error(Code::InvalidArgument, "WSP0003", "invalid table name: '" + wanted.name + "'");
    }
    if (find_data(wanted.name)) {
        return Error(Code::AlreadyExists, "WSP0007", "the table exists: " + wanted.name);
    }
    auto schema = std::make_shared<TableSchema>(wanted);
    schema->kind = TableKind::Custom;
    schema->view_of.clear();
    for (ColumnInfo& column : schema->columns) {
        column.expression.clear();
    }
    const ColumnInfo* time = schema->find_column(kTimeGenerated);
    if (time == nullptr) {
        ColumnInfo column;
        column.name = kTimeGenerated;
        column.type = columns::DataType::DateTime;
        schema->columns.insert(schema->columns.begin(), std::move(column));
    } else if (time->type != columns::DataType::DateTime) {
        return Error(Code::InvalidArgument, "WSP0004",
                     "TimeGenerated must be a datetime: table " + wanted.name);
    }
    QD_CHECK_OK(check_columns(schema->name, schema->columns));
    {
        const std::shared_lock lock(tables_mutex_);
        if (tables_.size() >= kTablesMax) {
            return Error(Code::ResourceExhausted, "WSP0003",
                         "too many tables: limit " + std::to_string(kTablesMax));
        }
    }
    StoredTable stored;
    stored.name = schema->name;
    stored.custom = true;
    stored.description = schema->description;
    stored.retention_set = wanted.retention_days != 0;
    stored.retention_days = wanted.retention_days;
    stored.columns = schema->columns;
    QD_CHECK_OK(catalog_.insert_table(stored));
    if (!stored.retention_set) {
        schema->retention_days = options_.retention_days;
    }
    auto data = std::make_shared<TableData>();
    data->id = stored.id;
    data->stored_columns = stored.columns.size();
    data->schema = std::move(schema);
    const std::unique_lock lock(tables_mutex_);
    tables_.emplace(stored.name, std::move(data));
    return {};
}

Status WorkspaceImpl::ensure_stored(TableData& table) {
    StoredTable stored;
    {
        const std::lock_guard lock(table.mutex);
        if (table.id != 0) {
            return {};
        }
        stored.name = table.schema->name;
    }
    const std::lock_guard ddl(ddl_mutex_);
    {
        const std::lock_guard lock(table.mutex);
        if (table.id != 0) {
            return {};
        }
    }
    QD_CHECK_OK(catalog_.insert_table(stored));
    const std::lock_guard lock(table.mutex);
    table.id = stored.id;
    return {};
}

Status WorkspaceImpl::add_columns(std::string_view table, const columns::Schema& wanted) {
    QD_TRY(const TableRef data, stored_table(table));
    // The usual case, answered without the schema lock: everything is there.
    {
        const std::lock_guard lock(data->mutex);
        const bool complete = std::all_of(
            wanted.fields.begin(), wanted.fields.end(), [&](const columns::Field& field) {
                const ColumnInfo* column = data->schema->find_column(field.name);
                return column != nullptr && column->type == field.type;
            });
        if (complete) {
            return {};
        }
    }
    QD_CHECK_OK(ensure_stored(*data));
    const std::lock_guard ddl(ddl_mutex_);
    return add_columns_locked(data, wanted);
}

Status WorkspaceImpl::add_columns_locked(const TableRef& table, const columns::Schema& wanted) {
    TablePtr before;
    {
        const std::lock_guard lock(table->mutex);
        before = table->schema;
    }
    auto schema = std::make_shared<TableSchema>(*before);
    std::vector<ColumnInfo> added;
    for (const columns::Field& field : wanted.fields) {
        if (field.name == kTypeColumn || field.name == kTenantId) {
            continue;  // every table answers to these
        }
        if (const ColumnInfo* column = schema->find_column(field.name)) {
            if (column->type != field.type) {
                return Error(Code::InvalidArgument, "WSP0004",
                             "the column has another type: table " + schema->name + ", column " +
                                 field.name + ", type " +
                                 std::string(columns::type_name(column->type)) + ", wanted " +
                                 std::string(columns::type_name(field.type)));
            }
            continue;
        }
        ColumnInfo column;
        column.name = field.name;
        column.type = field.type;
        if (table->column_generation > 0) {
            column.stored = stored_name_of(field.name, table->column_generation);
        }
        schema->columns.push_back(column);
        added.push_back(std::move(column));
    }
    if (added.empty()) {
        return {};
    }
    QD_CHECK_OK(check_columns(schema->name, schema->columns));
    QD_CHECK_OK(catalog_.add_columns(table->id, table->stored_columns, added));
    const std::lock_guard lock(table->mutex);
    table->stored_columns += added.size();
    table->schema = std::move(schema);
    return {};
}

Status WorkspaceImpl::ensure_table(std::string_view table, const columns::Schema& wanted) {
    if (find_data(table)) {
        return add_columns(table, wanted);
    }
    if (!ends_with(table, "_CL")) {
        return Error(Code::NotFound, "WSP0001",
                     "no such table, and only names ending in _CL are made on first write: " +
                         std::string(table));
    }
    TableSchema schema;
    schema.name = table;
    for (const columns::Field& field : wanted.fields) {
        if (field.name != kTypeColumn && field.name != kTenantId) {
            ColumnInfo column;
            column.name = field.name;
            column.type = field.type;
            schema.columns.push_back(std::move(column));
        }
    }
    Status created = create_table(schema);
    if (!created.ok() && created.error().code() == Code::AlreadyExists) {
        return add_columns(table, wanted);  // somebody else was first
    }
    return created;
}

Status WorkspaceImpl::set_retention(std::string_view table, std::uint32_t days) {
    QD_TRY(const TableRef data, stored_table(table));
    QD_CHECK_OK(ensure_stored(*data));
    const std::lock_guard ddl(ddl_mutex_);
    QD_CHECK_OK(catalog_.set_retention(data->id, days));
    const std::lock_guard lock(data->mutex);
    auto schema = std::make_shared<TableSchema>(*data->schema);
    schema->retention_days = days;
    data->schema = std::move(schema);
    return {};
}

Status WorkspaceImpl::drop_table(std::string_view table) {
    QD_TRY(const TableRef data, stored_table(table));
    const std::lock_guard maintenance(maintenance_mutex_);
    const std::lock_guard ddl(ddl_mutex_);
    std::shared_ptr<const TableContent> content;
    {
        const std::lock_guard lock(data->mutex);
        if (data->schema->kind != TableKind::Custom) {
            return Error(Code::FailedPrecondition, "WSP0007",
                         "a built-in table cannot be dropped: " + std::string(table));
        }
        content = data->content;
    }
    const std::string entity = "table/" + std::string(table);
    QD_CHECK_OK(catalog_.drop_table(data->id, entity));
    {
        const std::unique_lock lock(tables_mutex_);
        tables_.erase(tables_.find(table));
        std::erase_if(attributes_, [&](const auto& one) { return one.first.first == entity; });
    }
    {
        const std::lock_guard lock(data->mutex);
        data->dropped = true;
        fresh_bytes_ -= data->content->head_bytes;
        data->content = std::make_shared<TableContent>();
    }
    for (const ExtentPtr& extent : content->extents) {
        files_.remove(extent_dir_ + "/" + extent->stored.file)
            .ignore("the next start removes what nothing refers to");
    }
    return {};
}

std::vector<FunctionText> WorkspaceImpl::functions() const {
    const std::shared_lock lock(tables_mutex_);
    std::vector<FunctionText> out;
    for (const auto& [name, function] : functions_) {
        out.push_back(function);
    }
    return out;
}

Status WorkspaceImpl::put_function(const FunctionText& function) {
    if (!is_valid_name(function.name)) {
        return Error(Code::InvalidArgument, "WSP0003",
                     "invalid function name: '" + function.name + "'");
    }
    const std::lock_guard ddl(ddl_mutex_);
    QD_CHECK_OK(catalog_.put_function(function));
    const std::unique_lock lock(tables_mutex_);
    functions_[function.name] = function;
    return {};
}

Status WorkspaceImpl::drop_function(std::string_view name) {
    const std::lock_guard ddl(ddl_mutex_);
    QD_TRY(const bool found, catalog_.drop_function(name));
    if (!found) {
        return Error(Code::NotFound, "WSP0001", "no such function: " + std::string(name));
    }
    const std::unique_lock lock(tables_mutex_);
    functions_.erase(functions_.find(name));
    return {};
}

}  // namespace qd::workspace::internal
