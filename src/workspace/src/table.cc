// The built-in tables, from schema/tables.json. A table there is
//   "Name": {"doc": …, "columns": "Column:type Column:type …", "category": …}
// and a view
//   "name": {"doc": …, "view_of": "Table", "columns": [["column", "type", "expression"], …]}.
#include "qd/workspace/table.h"

#include "qd/base/check.h"
#include "qd/codec/json.h"
#include "tables_json.h"

#include <algorithm>

namespace qd::workspace {

namespace {

ColumnInfo parse_column(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    QD_CHECK(colon != std::string_view::npos);
    const auto type = columns::parse_type(text.substr(colon + 1));
    QD_CHECK(type.has_value());
    ColumnInfo column;
    column.name = text.substr(0, colon);
    column.type = *type;
    return column;
}

std::vector<ColumnInfo> parse_columns(const Value& value) {
    std::vector<ColumnInfo> columns;
    if (const std::string* text = value.if_string()) {
        std::size_t at = 0;
        while (at < text->size()) {
            const std::size_t end = std::min(text->find(' ', at), text->size());
            columns.push_back(parse_column(std::string_view(*text).substr(at, end - at)));
            at = end + 1;
        }
        return columns;
    }
    const Array* list = value.if_array();
    QD_CHECK(list != nullptr);
    for (const Value& entry : *list) {
        const Array* parts = entry.if_array();
        QD_CHECK(parts != nullptr && parts->size() == 3);
        ColumnInfo column;
        column.name = (*parts)[0].string_or("");
        const auto type = columns::parse_type((*parts)[1].string_or(""));
        QD_CHECK(type.has_value());
        column.type = *type;
        column.expression = (*parts)[2].string_or("");
        columns.push_back(std::move(column));
    }
    return columns;
}

std::vector<TablePtr> parse_tables() {
    std::string text;
    for (const char* const* piece = internal::kTablesJson; *piece != nullptr; ++piece) {
        text += *piece;
    }
    auto parsed = codec::parse_json(text);
    QD_CHECK(parsed.ok());
    const Object* tables = parsed.value().if_object();
    QD_CHECK(tables != nullptr);
    std::vector<TablePtr> out;
    for (const auto& [name, facts] : *tables) {
        auto table = std::make_shared<TableSchema>();
        table->name = name;
        if (const Value* doc = facts.get("doc")) {
            table->description = doc->string_or("");
        }
        if (const Value* category = facts.get("category")) {
            table->diagnostic_category = category->string_or("");
        }
        table->kind = TableKind::BuiltIn;
        if (const Value* base = facts.get("view_of")) {
            table->kind = TableKind::View;
            table->view_of = base->string_or("");
        }
        const Value* columns = facts.get("columns");
        QD_CHECK(columns != nullptr);
        table->columns = parse_columns(*columns);
        out.push_back(std::move(table));
    }
    std::sort(out.begin(), out.end(),
              [](const TablePtr& a, const TablePtr& b) { return a->name < b->name; });
    return out;
}

}  // namespace

columns::Schema TableSchema::schema() const {
    columns::Schema out;
    out.fields.reserve(columns.size());
    for (const ColumnInfo& column : columns) {
        out.fields.push_back({column.name, column.type});
    }
    return out;
}

const ColumnInfo* TableSchema::find_column(std::string_view column) const {
    for (const ColumnInfo& info : columns) {
        if (info.name == column) {
            return &info;
        }
    }
    return nullptr;
}

std::string view_query(const TableSchema& view) {
    std::string out = view.view_of + " | project ";
    for (std::size_t i = 0; i < view.columns.size(); ++i) {
        if (i > 0) {
            out += ", ";
        }
        // Queries cannot read the hidden columns yet; the classic item id has no other source.
        const bool hidden = view.columns[i].expression == kItemId;
        out += "['" + view.columns[i].name + "'] = " + (hidden ? "''" : view.columns[i].expression);
    }
    return out;
}

const std::vector<TablePtr>& built_in_tables() {
    static const std::vector<TablePtr> kTables = parse_tables();
    return kTables;
}

}  // namespace qd::workspace
