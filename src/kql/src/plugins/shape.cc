// bag_unpack, pivot, narrow: plugins that turn rows and columns into one another.
//
// bag_unpack removes the bag and adds one column per property, sorted by name; a property named
// like a column that stays (or like the bag itself) takes that column's place (recorded: d, a, b,
// c out of {"a","b","c","d"} in a column d). A property's type is the one its values have, real
// for whole and broken numbers together, else dynamic.
//
// pivot gives every (key, value) pair a group of the aggregate, so that a pair without rows shows
// what the aggregate says of nothing: 0 for count and sum, null for max.
#include "plugins/families.h"
#include "plugins/whole_table.h"
#include "qd/columns/text.h"
#include "qd/columns/variant.h"

#include <algorithm>
#include <map>
#include <set>

namespace qd::kql {

namespace {

using columns::Field;
using columns::Schema;
using columns::Table;
using columns::VariantView;
using Kind = VariantView::Kind;

// bag_unpack.

struct UnpackRule {
    std::size_t bag = 0;
    std::string prefix;
    std::string conflict = "error";
    std::set<std::string, std::less<>> ignored;
};

Result<UnpackRule> read_unpack(const PluginCall& call) {
    const PluginArguments args("bag_unpack", call);
    UnpackRule rule;
    QD_TRY(rule.bag, args.column(0));
    if (call.input[rule.bag].type != DataType::Dynamic) {
        return args.fault(0, "a dynamic column");
    }
    const auto text = [&](std::size_t index, std::string_view name) -> std::optional<Scalar> {
        const PluginArgument* a = args.named(name);
        if (a == nullptr) {
            a = args.at(index);
        }
        return a != nullptr && a->kind == PluginArgument::Kind::Constant
                   ? std::optional<Scalar>(a->constant)
                   : std::nullopt;
    };
    const auto prefix = text(1, "OutputColumnPrefix");
    if (prefix && prefix->type() == DataType::String) {
        rule.prefix = prefix->bytes();
    }
    const auto conflict = text(2, "columnsConflict");
    if (conflict && conflict->type() == DataType::String) {
        rule.conflict = conflict->bytes();
    }
    if (rule.conflict != "error" && rule.conflict != "replace_source" &&
        rule.conflict != "keep_source") {
        return args.fault(2, "'error', 'replace_source' or 'keep_source'");
    }
    const auto ignored = text(3, "ignoredProperties");
    if (ignored && ignored->type() == DataType::Dynamic && !ignored->is_null()) {
        const VariantView list(ignored->bytes());
        for (std::uint32_t i = 0; list.kind() == Kind::Array && i < list.size(); ++i) {
            rule.ignored.emplace(list.element(i).as_string());
        }
    }
    return rule;
}

DataType type_of_kind(Kind kind) {
    switch (kind) {
        case Kind::Bool:
            return DataType::Bool;
        case Kind::Long:
            return DataType::Long;
        case Kind::Real:
            return DataType::Real;
        case Kind::String:
            return DataType::String;
        case Kind::DateTime:
            return DataType::DateTime;
        case Kind::TimeSpan:
            return DataType::TimeSpan;
        case Kind::Guid:
            return DataType::Guid;
        case Kind::Decimal:
            return DataType::Decimal;
        case Kind::Null:
        case Kind::Array:
        case Kind::Object:
        case Kind::BigNumber:
            break;
    }
    return DataType::Dynamic;
}

DataType joined_type(DataType a, DataType b) {
    if (a == b) {
        return a;
    }
    const bool numbers = (a == DataType::Long || a == DataType::Real) &&
                         (b == DataType::Long || b == DataType::Real);
    return numbers ? DataType::Real : DataType::Dynamic;
}

// Name with prefix -> type, sorted by name.
std::map<std::string, DataType> property_types(const columns::Column& bag, const UnpackRule& rule) {
    std::map<std::string, DataType> types;
    std::set<std::string> all_null;
    for (std::uint32_t row = 0; row < bag.size(); ++row) {
        const VariantView view(bag.is_null(row) ? std::string_view() : bag.bytes_at(row));
        if (view.kind() != Kind::Object) {
            continue;
        }
        for (std::uint32_t k = 0; k < view.size(); ++k) {
            if (rule.ignored.contains(view.key(k))) {
                continue;
            }
            std::string name = rule.prefix + std::string(view.key(k));
            const VariantView value = view.property_at(k);
            if (value.is_null()) {
                if (!types.contains(name)) {
                    all_null.insert(std::move(name));
                }
                continue;
            }
            const DataType type = type_of_kind(value.kind());
            const auto [it, fresh] = types.try_emplace(std::move(name), type);
            if (!fresh) {
                it->second = joined_type(it->second, type);
            }
        }
    }
    for (const std::string& name : all_null) {
        types.try_emplace(name, DataType::Dynamic);
    }
    return types;
}

void append_property(columns::ColumnBuilder& out, VariantView value, DataType type) {
    if (value.is_null()) {
        out.append_null();
        return;
    }
    if (type == DataType::Dynamic) {
        out.append_bytes(value.bytes());
        return;
    }
    if (type == DataType::String && value.kind() == Kind::String) {
        out.append_bytes(value.as_string());
        return;
    }
    out.append(cast_scalar(Scalar::of_variant(std::string(value.bytes())), type));
}

ColumnPtr unpack_property(const columns::Column& bag, std::string_view key, DataType type) {
    columns::ColumnBuilder out(type, bag.size());
    for (std::uint32_t row = 0; row < bag.size(); ++row) {
        const VariantView view(bag.is_null(row) ? std::string_view() : bag.bytes_at(row));
        append_property(out, view.property(key), type);
    }
    return out.finish();
}

Result<Schema> unpack_schema(const PluginCall& call) {
    QD_TRY(const UnpackRule rule, read_unpack(call));
    Schema schema;
    if (call.declared_star) {
        for (std::size_t i = 0; i < call.input.size(); ++i) {
            if (i != rule.bag) {
                schema.fields.push_back(call.input[i]);
            }
        }
    }
    for (const Field& f : call.declared.fields) {
        if (!schema.index_of(f.name)) {
            schema.fields.push_back(f);
        }
    }
    return schema;
}

// With a written schema: every column from the bag or the input, by name.
Result<Table> unpack_declared(const PluginCall& call, const UnpackRule& rule,
                              const WholeTable& whole) {
    QD_TRY(Schema schema, unpack_schema(call));
    std::vector<ColumnPtr> out;
    for (const Field& f : schema.fields) {
        const std::size_t source = call.input.index_of(f.name).value_or(rule.bag);
        const bool prefixed = f.name.starts_with(rule.prefix);
        const std::string key = prefixed ? f.name.substr(rule.prefix.size()) : f.name;
        const bool declared = call.declared.index_of(f.name).has_value();
        const bool from_source =
            source != rule.bag && (!declared || !prefixed || rule.conflict != "replace_source");
        out.push_back(from_source ? cast_column(whole.columns[source], f.type)
                                  : unpack_property(*whole.columns[rule.bag], key, f.type));
    }
    return chunked(std::move(schema), out);
}

Result<Table> run_unpack(const PluginCall& call, const EvalContext&, Table input) {
    QD_TRY(const UnpackRule rule, read_unpack(call));
    QD_TRY(const WholeTable whole, whole_table(call.input, input));
    if (!call.declared.fields.empty()) {
        return unpack_declared(call, rule, whole);
    }
    auto types = property_types(*whole.columns[rule.bag], rule);
    Schema schema;
    std::vector<ColumnPtr> out;
    const auto add = [&](const std::string& name, DataType type) {
        schema.fields.push_back({name, type});
        out.push_back(
            unpack_property(*whole.columns[rule.bag], name.substr(rule.prefix.size()), type));
    };
    for (std::size_t i = 0; i < call.input.size(); ++i) {
        const Field& field = call.input[i];
        const auto clash = types.find(field.name);
        if (clash == types.end()) {
            if (i != rule.bag) {
                schema.fields.push_back(field);
                out.push_back(whole.columns[i]);
            }
            continue;
        }
        if (i != rule.bag && rule.conflict == "error") {
            return Error(Code::InvalidArgument, "KQL0602",
                         "bag_unpack: a property has the name of a column, '" + field.name +
                             "'; say columnsConflict='replace_source' or 'keep_source'");
        }
        if (i == rule.bag || rule.conflict == "replace_source") {
            add(clash->first, clash->second);
        } else {
            schema.fields.push_back(field);
            out.push_back(whole.columns[i]);
        }
        types.erase(clash);
    }
    for (const auto& [name, type] : types) {
        add(name, type);
    }
    if (out.empty()) {
        // Nothing to show of any row: an empty table keeps the row count out of it.
        return Table{std::move(schema), {}};
    }
    return chunked(std::move(schema), out);
}

// pivot.

struct PivotRule {
    std::size_t column = 0;
    const AggregateFunction* aggregate = nullptr;
    std::vector<std::size_t> aggregate_columns;
    std::vector<std::size_t> keys;
};

Result<PivotRule> read_pivot(const PluginCall& call) {
    const PluginArguments args("pivot", call);
    PivotRule rule;
    QD_TRY(rule.column, args.column(0));
    rule.aggregate = find_aggregate("count");
    std::size_t next = 1;
    if (const PluginArgument* a = args.at(1);
        a != nullptr && a->kind == PluginArgument::Kind::Aggregate) {
        rule.aggregate = a->aggregate;
        rule.aggregate_columns = a->aggregate_columns;
        next = 2;
    }
    QD_TRY(rule.keys, args.columns_from(next));
    if (rule.keys.empty() && args.positional() <= next) {
        for (std::size_t i = 0; i < call.input.size(); ++i) {
            const bool used =
                std::find(rule.aggregate_columns.begin(), rule.aggregate_columns.end(), i) !=
                rule.aggregate_columns.end();
            if (i != rule.column && !used) {
                rule.keys.push_back(i);
            }
        }
    }
    return rule;
}

Result<BoundAggregate> bind_pivot_aggregate(const PluginCall& call, const PivotRule& rule) {
    std::vector<AggregateArgument> args;
    for (const std::size_t c : rule.aggregate_columns) {
        AggregateArgument a;
        a.value.type = call.input[c].type;
        a.name = call.input[c].name;
        args.push_back(a);
    }
    if (args.size() < rule.aggregate->args_min || args.size() > rule.aggregate->args_max) {
        return Error(Code::InvalidArgument, "SEM0219",
                     "pivot: wrong number of arguments of the aggregate");
    }
    QD_TRY(BoundAggregate bound, rule.aggregate->bind(args));
    if (bound.outputs.size() != 1) {
        return Error(Code::InvalidArgument, "SEM0230", "pivot: the aggregate must give one column");
    }
    return bound;
}

Result<Schema> pivot_schema(const PluginCall& call) {
    QD_TRY(const PivotRule rule, read_pivot(call));
    Schema schema;
    if (call.declared_star) {
        for (const std::size_t k : rule.keys) {
            schema.fields.push_back(call.input[k]);
        }
    }
    for (const Field& f : call.declared.fields) {
        if (!schema.index_of(f.name)) {
            schema.fields.push_back(f);
        }
    }
    return schema;
}

// The columns a written schema wants, out of the columns that came about.
Result<Table> arrange(const PluginCall& call, const Schema& have,
                      const std::vector<ColumnPtr>& columns, std::uint32_t rows) {
    QD_TRY(Schema wanted, pivot_schema(call));
    std::vector<ColumnPtr> out;
    for (const Field& f : wanted.fields) {
        const auto at = have.index_of(f.name);
        out.push_back(at ? cast_column(columns[*at], f.type)
                         : columns::Column::make_constant(Scalar::null_of(f.type), rows));
    }
    return chunked(std::move(wanted), out);
}

Result<Table> run_pivot(const PluginCall& call, const EvalContext& context, Table input) {
    QD_TRY(const PivotRule rule, read_pivot(call));
    QD_TRY(const BoundAggregate bound, bind_pivot_aggregate(call, rule));
    QD_TRY(const WholeTable whole, whole_table(call.input, input));
    const RowGroups keys = group_rows(whole, rule.keys);
    const RowGroups values = group_rows(whole, {rule.column});
    constexpr std::uint64_t kCellsMax = 50'000'000;
    if (std::uint64_t{keys.size()} * values.size() > kCellsMax) {
        return Error(Code::ResourceExhausted, "KQL0603", "pivot: too many cells");
    }
    // Columns in the order of their names.
    std::vector<std::pair<std::string, std::uint32_t>> names;
    for (std::uint32_t v = 0; v < values.size(); ++v) {
        std::string name;
        columns::append_text(name, *whole.columns[rule.column], values.first_row[v]);
        names.emplace_back(std::move(name), v);
    }
    std::sort(names.begin(), names.end());
    std::vector<std::uint32_t> position(values.size());
    for (std::uint32_t i = 0; i < names.size(); ++i) {
        position[names[i].second] = i;
    }
    // Cell of (key, value): value-major, so that a column is a slice of the aggregate's output.
    std::vector<std::uint32_t> cell(whole.rows);
    for (std::uint32_t row = 0; row < whole.rows; ++row) {
        cell[row] = position[values.group_of_row[row]] * keys.size() + keys.group_of_row[row];
    }
    auto aggregator = bound.make(context);
    aggregator->resize(keys.size() * values.size());
    std::vector<ColumnPtr> args;
    for (std::size_t i = 0; i < rule.aggregate_columns.size(); ++i) {
        const ColumnPtr& column = whole.columns[rule.aggregate_columns[i]];
        args.push_back(bound.arg_types.empty() ? column : cast_column(column, bound.arg_types[i]));
    }
    QD_CHECK_OK(aggregator->update(cell, args));
    QD_TRY(const std::vector<ColumnPtr> cells, aggregator->finish());
    Schema schema;
    std::vector<ColumnPtr> out;
    for (const std::size_t k : rule.keys) {
        schema.fields.push_back(call.input[k]);
        out.push_back(columns::gather(whole.columns[k], keys.first_row));
    }
    for (std::uint32_t i = 0; i < names.size(); ++i) {
        schema.fields.push_back({unique_name(schema, names[i].first), bound.outputs[0].type});
        out.push_back(columns::slice(cells[0], i * keys.size(), keys.size()));
    }
    if (!call.declared.fields.empty()) {
        return arrange(call, schema, out, keys.size());
    }
    return chunked(std::move(schema), out);
}

// narrow.

Result<Schema> narrow_schema(const PluginCall&) {
    return Schema{
        {{"Row", DataType::Long}, {"Column", DataType::String}, {"Value", DataType::String}}};
}

Result<Table> run_narrow(const PluginCall& call, const EvalContext&, Table input) {
    QD_TRY(const WholeTable whole, whole_table(call.input, input));
    columns::ColumnBuilder row_out(DataType::Long);
    columns::ColumnBuilder column_out(DataType::String);
    columns::ColumnBuilder value_out(DataType::String);
    std::string text;
    for (std::uint32_t row = 0; row < whole.rows; ++row) {
        for (std::size_t c = 0; c < whole.columns.size(); ++c) {
            row_out.append_int(row);
            column_out.append_bytes(whole.schema[c].name);
            text.clear();
            columns::append_text(text, *whole.columns[c], row);
            value_out.append_bytes(text);
        }
    }
    QD_TRY(Schema schema, narrow_schema(call));
    return chunked(std::move(schema), {row_out.finish(), column_out.finish(), value_out.finish()});
}

// preview.

Result<Schema> same_schema(const PluginCall& call) {
    return call.input;
}

constexpr Plugin kShapes[] = {
    {"bag_unpack",
     "bag_unpack(bag [, prefix:string, columnsConflict='error'|'replace_source'|'keep_source', "
     "ignoredProperties:dynamic]) [: (schema)]",
     "Turns the properties of a bag into columns.", true, unpack_schema, run_unpack},
    {"pivot", "pivot(column [, aggregate, key, …]) [: (schema)]",
     "One column per value of a column, filled by an aggregate.", true, pivot_schema, run_pivot},
    {"narrow", "narrow()", "One row per cell: row number, column name and value as text.", false,
     narrow_schema, run_narrow},
    {"preview", "preview(rows)", "The first rows and, as a second answer, their number.", false,
     same_schema,
     [](const PluginCall& call, const EvalContext&, Table input) -> Result<Table> {
         const PluginArguments args("preview", call);
         QD_TRY(const std::int64_t count, args.ticks(0));
         QD_TRY(const WholeTable whole, whole_table(call.input, input));
         std::vector<ColumnPtr> out;
         const auto wanted =
             static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, whole.rows));
         for (const ColumnPtr& c : whole.columns) {
             out.push_back(columns::slice(c, 0, wanted));
         }
         return chunked(call.input, out);
     }},
};

}  // namespace

std::span<const Plugin> shape_plugins() {
    return kShapes;
}

}  // namespace qd::kql
