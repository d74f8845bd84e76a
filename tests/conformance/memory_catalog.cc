#include "memory_catalog.h"

#include "qd/columns/column.h"

namespace qd::conformance {

std::shared_ptr<kql::TableSource> MemoryCatalog::find_table(std::string_view,
                                                            std::string_view name) {
    const auto it = tables_.find(name);
    return it == tables_.end() ? nullptr : it->second;
}

std::vector<std::string> MemoryCatalog::table_names(std::string_view) {
    std::vector<std::string> out;
    for (const auto& [name, table] : tables_) {
        out.push_back(name);
    }
    return out;
}

std::optional<kql::StoredFunction> MemoryCatalog::find_function(std::string_view,
                                                                std::string_view name) {
    const auto it = functions_.find(name);
    return it == functions_.end() ? std::nullopt : std::optional(it->second);
}

Result<std::string> MemoryCatalog::read_external(std::string_view uri) {
    return external_ ? Result<std::string>(*external_)
                     : Error(Code::PermissionDenied, "KQL0900",
                             "no network in this test: " + std::string(uri));
}

void MemoryCatalog::add_table(const std::string& name, columns::Table table) {
    tables_[name] = kql::make_memory_source(std::move(table));
}

void MemoryCatalog::add_function(kql::StoredFunction function) {
    const std::string name = function.name;
    functions_[name] = std::move(function);
}

void MemoryCatalog::declare(const Value& tables) {
    const Object* object = tables.if_object();
    if (object == nullptr) {
        return;
    }
    for (const auto& [name, table] : *object) {
        const Value* columns = table.if_array() != nullptr ? &table : table.get("columns");
        if (columns == nullptr || columns->if_array() == nullptr) {
            continue;
        }
        columns::Table empty;
        for (const Value& column : *columns->if_array()) {
            const Value* column_name = column.get("name");
            const Value* type = column.get("type");
            if (column_name != nullptr && type != nullptr) {
                empty.schema.fields.push_back({std::string(column_name->string_or("")),
                                               columns::parse_type(type->string_or(""))
                                                   .value_or(columns::DataType::Dynamic)});
            }
        }
        add_table(name, std::move(empty));
    }
}

}  // namespace qd::conformance
