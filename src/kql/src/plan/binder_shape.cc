// Operators that reshape rows one by one, and the ones that only cut or order them.
#include "plan/binder.h"
#include "plan/binder_parts.h"

#include <algorithm>
#include <set>

namespace qd::kql {

using columns::Field;
using columns::Schema;

PlanPtr Binder::project_plan(PlanPtr input, Schema schema, std::vector<BoundPtr> exprs,
                             bool serialized) {
    const PlanPtr below = with_windows(std::move(input), exprs);
    auto op = make_op<ProjectOp>({below}, std::move(schema), serialized);
    op->exprs = std::move(exprs);
    return op;
}

PlanPtr Binder::with_windows(PlanPtr input, std::vector<BoundPtr>& exprs) {
    while (
        std::any_of(exprs.begin(), exprs.end(), [](const BoundPtr& e) { return e->has_window; })) {
        std::vector<BoundPtr> windows;
        for (BoundPtr& expr : exprs) {
            if (expr->has_window) {
                expr = replace_windows(expr, input->schema.size(), windows);
            }
        }
        Schema schema = input->schema;
        for (const BoundPtr& window : windows) {
            schema.fields.push_back({"$window" + std::to_string(schema.size()), window->type});
        }
        auto op = make_op<WindowOp>({input}, std::move(schema), true);
        op->windows = std::move(windows);
        input = std::move(op);
    }
    return input;
}

PlanPtr Binder::filter_plan(PlanPtr input, const BoundPtr& predicate) {
    std::vector<BoundPtr> exprs = {predicate};
    const Schema before = input->schema;
    const PlanPtr below = with_windows(input, exprs);
    auto op = make_op<FilterOp>({below}, below->schema, input->serialized);
    const auto split = [&](const auto& self, const BoundPtr& e) -> void {
        if (e->kind == BoundKind::And) {
            for (const BoundPtr& arg : e->args) {
                self(self, arg);
            }
        } else {
            op->conjuncts.push_back(e);
        }
    };
    split(split, exprs[0]);
    if (below->schema.size() == before.size()) {
        return op;
    }
    std::vector<BoundPtr> kept;
    for (std::size_t i = 0; i < before.size(); ++i) {
        kept.push_back(column_of(op, i));
    }
    return project_plan(op, before, std::move(kept), input->serialized);
}

PlanPtr Binder::select_columns(PlanPtr input, const std::vector<std::size_t>& columns,
                               std::vector<std::string> names) {
    Schema schema;
    std::vector<BoundPtr> exprs;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        Field field = input->schema[columns[i]];
        if (!names.empty()) {
            field.name = names[i];
        }
        schema.fields.push_back(std::move(field));
        exprs.push_back(column_of(input, columns[i]));
    }
    const bool serialized = input->serialized;
    return project_plan(std::move(input), std::move(schema), std::move(exprs), serialized);
}

PlanPtr Binder::bind_where(const Where& where, PlanPtr input) {
    const BoundPtr predicate =
        over(input, [&] { return bind_condition(*where.predicate, "KS141"); });
    return filter_plan(std::move(input), predicate);
}

void Binder::add_items(const NamedExpr& item, OutputColumns& out, bool replace,
                       std::size_t position, std::string_view anonymous) {
    const Expr& expr = *item.expr;
    const auto place = [&](std::string name, BoundPtr value, bool written) {
        if (replace) {
            out.put(name, std::move(value));
            return;
        }
        if (written && out.has(name)) {
            report("SEM0041", "KS171",
                   operator_text() + "The column name '" + name + "' is used twice", item.span);
        }
        out.add(out.unique(std::move(name)), std::move(value));
    };
    if (expr.kind() == ExprKind::Star && row_ != nullptr) {
        for (std::size_t i = 0; i < row_->schema->size(); ++i) {
            place(row_->schema->fields[i].name, make_column(i, row_->schema->fields[i].type),
                  false);
        }
        return;
    }
    const auto* call = expr.if_as<Call>();
    const MultiFunction* multi_function =
        call != nullptr && !call->object && !environment_->find(call->name.text)
            ? find_multi_function(call->name.text)
            : nullptr;
    if (multi_function != nullptr && call->arguments.size() < multi_function->args_min &&
        find_scalar_function(call->name.text) != nullptr) {
        multi_function = nullptr;  // array_sort_asc() of one array has one result
    }
    if (multi_function != nullptr) {
        const auto multi = bind_multi(*multi_function, *call, expr.span);
        const std::string argument =
            call->arguments.empty() ? "" : natural_name(*call->arguments[0].expr);
        const std::size_t parts = multi ? multi->call.parts.size() : item.names.size();
        for (std::size_t i = 0; i < parts; ++i) {
            if (item.compound && i >= item.names.size()) {
                break;
            }
            const bool written = i < item.names.size();
            std::string name =
                written ? item.names[i].text
                        : call->name.text + "_" + argument + "_" + multi->call.parts[i].name;
            if (!written && multi_function->named_by_arguments && i < call->arguments.size()) {
                name = natural_name(*call->arguments[i].expr) + "_" + multi->call.parts[i].name;
            }
            place(name, multi ? make_multi_part(multi, i, expr.span) : make_unknown(expr.span),
                  written);
        }
        return;
    }
    BoundPtr value = bind_expr(expr);
    if (const std::string* name = item.name()) {
        place(*name, std::move(value), true);
        return;
    }
    if (item.names.size() > 1) {
        // (a, b) = dynamic: its elements.
        for (std::size_t i = 0; i < item.names.size(); ++i) {
            PathStep step;
            step.index = static_cast<std::int64_t>(i);
            step.is_index = true;
            place(item.names[i].text, fold(make_path(value, step, expr.span)), true);
        }
        return;
    }
    std::string name = natural_name(expr);
    if (anonymous == "print_") {
        name = "print_" + std::to_string(position);
    } else if (name.empty()) {
        name = out.next_anonymous(anonymous);
    }
    place(std::move(name), std::move(value), false);
}

PlanPtr Binder::bind_extend(const std::vector<NamedExpr>& columns, PlanPtr input) {
    OutputColumns out;
    out.schema = input->schema;
    out.exprs = all_columns(input);
    over(input, [&] {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            add_items(columns[i], out, true, i, "Column");
        }
    });
    const bool serialized = input->serialized;
    return project_plan(std::move(input), std::move(out.schema), std::move(out.exprs), serialized);
}

PlanPtr Binder::bind_project(const std::vector<NamedExpr>& columns, PlanPtr input) {
    OutputColumns out;
    over(input, [&] {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            add_items(columns[i], out, false, i, "Column");
        }
    });
    const bool serialized = input->serialized;
    auto plan =
        project_plan(std::move(input), std::move(out.schema), std::move(out.exprs), serialized);
    // A projection says which columns there are: nothing is open behind it.
    auto closed = clone<ProjectOp>(*plan);
    closed->open = false;
    return closed;
}

PlanPtr Binder::bind_print(const Print& print) {
    columns::Table one;
    columns::Chunk row;
    row.rows = 1;
    one.chunks.push_back(row);
    PlanPtr input = values_plan(std::move(one));
    auto serialized = clone<ValuesOp>(*input);
    serialized->serialized = true;
    input = serialized;
    OutputColumns out;
    over(input, [&] {
        for (std::size_t i = 0; i < print.columns.size(); ++i) {
            add_items(print.columns[i], out, false, i, "print_");
        }
    });
    return project_plan(std::move(input), std::move(out.schema), std::move(out.exprs), true);
}

PlanPtr Binder::bind_range(const Range& range) {
    const ScopeGuard guard(*this, nullptr);
    auto op = std::make_shared<RangeOp>();
    const auto from = bind_constant(*range.from, std::nullopt);
    const auto to = bind_constant(*range.to, std::nullopt);
    const auto step = bind_constant(*range.step, std::nullopt);
    if (!from || !to || !step) {
        op->from = op->to = op->step = Scalar::null_of(DataType::Long);
        op->schema.fields.push_back({range.column.text, DataType::Long});
        op->serialized = true;
        return op;
    }
    DataType type = from->type();
    DataType step_type = type;
    if (type == DataType::Dynamic) {
        type = to->type() == DataType::Dynamic ? DataType::Long : to->type();
        step_type = type;
    }
    if (columns::is_numeric(type)) {
        const bool real = type == DataType::Real || to->type() == DataType::Real ||
                          step->type() == DataType::Real || type == DataType::Decimal;
        type = real ? DataType::Real : DataType::Long;
        step_type = type;
    } else if (type == DataType::DateTime || type == DataType::TimeSpan) {
        step_type = DataType::TimeSpan;
    } else {
        report("SEM0025", "KS107", "range: bounds must be numbers, datetimes or timespans",
               range.from->span);
    }
    op->from = cast_scalar(*from, type);
    op->to = cast_scalar(*to, type);
    op->step = cast_scalar(*step, step_type);
    op->schema.fields.push_back({range.column.text, type});
    op->serialized = true;
    return op;
}

std::vector<std::size_t> Binder::match_columns(const Expr& expr, const Schema& schema, bool open) {
    std::vector<std::size_t> out;
    std::string pattern;
    if (const auto* name = expr.if_as<NameRef>()) {
        if (const auto index = schema.index_of(name->name)) {
            return {*index};
        }
        if (!open) {
            report("SEM0100", "KS142",
                   operator_text() + "Failed to resolve column or scalar expression named '" +
                       name->name + "'",
                   expr.span);
        }
        return {};
    }
    if (const auto* wildcard = expr.if_as<Wildcard>()) {
        pattern = wildcard->pattern;
    } else if (expr.kind() == ExprKind::Star) {
        pattern = "*";
    } else {
        report("SYN0002", "KS109", operator_text() + "A column name was expected", expr.span);
        return {};
    }
    for (std::size_t i = 0; i < schema.size(); ++i) {
        if (wildcard_matches(pattern, schema[i].name)) {
            out.push_back(i);
        }
    }
    return out;
}

PlanPtr Binder::bind_project_away(const std::vector<Expr*>& columns, PlanPtr input, bool keep) {
    std::vector<bool> named(input->schema.size());
    for (const Expr* column : columns) {
        for (const std::size_t i : match_columns(*column, input->schema, input->open)) {
            named[i] = true;
        }
    }
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < named.size(); ++i) {
        if (named[i] == keep) {
            kept.push_back(i);
        }
    }
    return select_columns(std::move(input), kept);
}

PlanPtr Binder::bind_rename(const ProjectRename& rename, PlanPtr input) {
    std::vector<std::size_t> order;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < input->schema.size(); ++i) {
        order.push_back(i);
        names.push_back(input->schema[i].name);
    }
    for (const NamedExpr& item : rename.columns) {
        const auto* old = item.expr->if_as<NameRef>();
        if (old == nullptr || item.name() == nullptr) {
            report("SYN0002", "KS109", "project-rename: expected new = old", item.span);
            continue;
        }
        const auto index = input->schema.index_of(old->name);
        if (!index) {
            if (!input->open) {
                report("SEM0100", "KS142",
                       operator_text() + "Failed to resolve column or scalar expression named '" +
                           old->name + "'",
                       item.expr->span);
            }
            continue;
        }
        names[*index] = *item.name();
    }
    std::set<std::string> seen;
    for (const std::string& name : names) {
        if (!seen.insert(name).second) {
            report("SEM0041", "KS171",
                   "project-rename: the column name '" + name + "' is used twice",
                   rename.columns.empty() ? TextSpan{} : rename.columns[0].span);
            return input;
        }
    }
    return select_columns(std::move(input), order, names);
}

PlanPtr Binder::bind_reorder(const ProjectReorder& reorder, PlanPtr input) {
    std::vector<std::size_t> order;
    std::vector<bool> taken(input->schema.size());
    for (const ProjectReorder::Item& item : reorder.items) {
        std::vector<std::size_t> matched = match_columns(*item.column, input->schema, input->open);
        const auto by_name = [&](std::size_t a, std::size_t b) {
            return input->schema[a].name < input->schema[b].name;
        };
        using Order = ProjectReorder::Item::Order;
        const auto natural = [&](std::size_t a, std::size_t b) {
            // Digits inside names compare as numbers.
            const std::string& x = input->schema[a].name;
            const std::string& y = input->schema[b].name;
            std::size_t i = 0;
            std::size_t j = 0;
            const auto digit = [](char c) { return c >= '0' && c <= '9'; };
            while (i < x.size() && j < y.size()) {
                if (digit(x[i]) && digit(y[j])) {
                    std::size_t m = i;
                    std::size_t n = j;
                    while (m < x.size() && digit(x[m])) {
                        ++m;
                    }
                    while (n < y.size() && digit(y[n])) {
                        ++n;
                    }
                    if (m - i != n - j) {
                        return m - i < n - j;
                    }
                    const int c = x.compare(i, m - i, y, j, n - j);
                    if (c != 0) {
                        return c < 0;
                    }
                    i = m;
                    j = n;
                } else if (x[i] != y[j]) {
                    return x[i] < y[j];
                } else {
                    ++i;
                    ++j;
                }
            }
            return x.size() - i < y.size() - j;
        };
        if (item.order == Order::Ascending || item.order == Order::Descending) {
            std::sort(matched.begin(), matched.end(), by_name);
        } else if (item.order == Order::GrannyAscending || item.order == Order::GrannyDescending) {
            std::sort(matched.begin(), matched.end(), natural);
        }
        if (item.order == Order::Descending || item.order == Order::GrannyDescending) {
            std::reverse(matched.begin(), matched.end());
        }
        for (const std::size_t i : matched) {
            if (!taken[i]) {
                taken[i] = true;
                order.push_back(i);
            }
        }
    }
    for (std::size_t i = 0; i < taken.size(); ++i) {
        if (!taken[i]) {
            order.push_back(i);
        }
    }
    return select_columns(std::move(input), order);
}

PlanPtr Binder::bind_serialize(const Serialize& serialize, PlanPtr input) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < input->schema.size(); ++i) {
        order.push_back(i);
    }
    auto marked = clone<ProjectOp>(*select_columns(std::move(input), order));
    marked->serialized = true;
    if (serialize.columns.empty()) {
        return marked;
    }
    return bind_extend(serialize.columns, marked);
}

PlanPtr Binder::bind_getschema(PlanPtr input) {
    columns::Table out;
    out.schema.fields = {{"ColumnName", DataType::String},
                         {"ColumnOrdinal", DataType::Long},
                         {"DataType", DataType::String},
                         {"ColumnType", DataType::String}};
    columns::ColumnBuilder name(DataType::String);
    columns::ColumnBuilder ordinal(DataType::Long);
    columns::ColumnBuilder dotnet(DataType::String);
    columns::ColumnBuilder type(DataType::String);
    for (std::size_t i = 0; i < input->schema.size(); ++i) {
        name.append_bytes(input->schema[i].name);
        ordinal.append_int(static_cast<std::int64_t>(i));
        dotnet.append_bytes(columns::dotnet_type_name(input->schema[i].type));
        type.append_bytes(columns::type_name(input->schema[i].type));
    }
    columns::Chunk chunk;
    chunk.rows = static_cast<std::uint32_t>(input->schema.size());
    chunk.columns = {name.finish(), ordinal.finish(), dotnet.finish(), type.finish()};
    out.chunks.push_back(std::move(chunk));
    auto values = clone<ValuesOp>(*values_plan(std::move(out)));
    values->serialized = true;
    return values;
}

PlanPtr Binder::bind_take(const Expr& count, PlanPtr input) {
    const auto rows = bind_count(count);
    auto op = make_op<TakeOp>({input}, input->schema, input->serialized);
    op->rows = rows.value_or(0);
    return op;
}

PlanPtr Binder::bind_sample(const Expr& count, PlanPtr input) {
    const auto rows = bind_count(count);
    auto op = make_op<SampleOp>({input}, input->schema, false);
    op->rows = rows.value_or(0);
    return op;
}

PlanPtr Binder::bind_sample_distinct(const SampleDistinct& sample, PlanPtr input) {
    const auto rows = bind_count(*sample.count);
    const BoundPtr key = over(input, [&] { return bind_expr(*sample.of); });
    std::string name = natural_name(*sample.of);
    Schema schema;
    schema.fields.push_back({name.empty() ? "Column1" : name, key->type});
    auto op = make_op<SampleDistinctOp>({input}, std::move(schema), false);
    op->open = false;
    op->key = key;
    op->rows = rows.value_or(0);
    return op;
}

PlanPtr Binder::bind_sort(const std::vector<OrderedExpr>& keys, PlanPtr input,
                          std::optional<std::uint64_t> limit) {
    std::vector<BoundPtr> exprs;
    over(input, [&] {
        for (const OrderedExpr& key : keys) {
            BoundPtr bound = bind_expr(*key.expr.expr);
            if (bound->type == DataType::Dynamic && !bound->unknown) {
                report("SEM0029", "KS116",
                       operator_text() +
                           "Rows cannot be ordered by a dynamic value: convert it, "
                           "for instance with tostring()",
                       key.expr.span);
            }
            exprs.push_back(std::move(bound));
        }
    });
    const std::size_t width = input->schema.size();
    const PlanPtr below = with_windows(input, exprs);
    auto op = make_op<SortOp>({below}, below->schema, true);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        SortKey key;
        key.expr = exprs[i];
        key.descending = keys[i].order != SortOrder::Ascending;
        key.nulls_first = keys[i].nulls == NullsOrder::Default ? !key.descending
                                                               : keys[i].nulls == NullsOrder::First;
        op->keys.push_back(std::move(key));
    }
    op->limit = limit;
    if (below->schema.size() == width) {
        return op;
    }
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < width; ++i) {
        order.push_back(i);
    }
    return select_columns(op, order);
}

PlanPtr Binder::bind_count_rows(const Count& count, PlanPtr input) {
    const AggregateFunction* function = find_aggregate("count");
    if (function == nullptr) {
        report("SEM0260", "", "count() is missing", {});
        return unknown_table();
    }
    auto aggregate = make_aggregate(*function, {}, {}, {});
    Schema schema;
    schema.fields.push_back({count.as ? count.as->text : "Count", DataType::Long});
    std::vector<AggregateCall> calls;
    if (aggregate) {
        calls.push_back(std::move(*aggregate));
    }
    return summarize_plan(std::move(input), std::move(schema), {}, std::move(calls));
}

PlanPtr Binder::bind_distinct(const Distinct& distinct, PlanPtr input) {
    OutputColumns out;
    over(input, [&] {
        for (std::size_t i = 0; i < distinct.columns.size(); ++i) {
            add_items(distinct.columns[i], out, false, i, "Column");
        }
    });
    for (std::size_t i = 0; i < out.exprs.size(); ++i) {
        if (out.exprs[i]->type == DataType::Dynamic && !out.exprs[i]->unknown) {
            report("SEM0029", "KS116",
                   operator_text() +
                       "Rows cannot be grouped by a dynamic value: convert it, for "
                       "instance with tostring()",
                   i < distinct.columns.size() ? distinct.columns[i].span : TextSpan{});
            break;
        }
    }
    const bool star =
        distinct.columns.size() == 1 && distinct.columns[0].expr->kind() == ExprKind::Star;
    const bool open = input->open && star;
    const PlanPtr below = with_windows(std::move(input), out.exprs);
    auto plan =
        clone<SummarizeOp>(*summarize_plan(below, std::move(out.schema), std::move(out.exprs), {}));
    plan->open = open;
    return plan;
}

PlanPtr Binder::bind_assert_schema(const AssertSchema& schema, PlanPtr input, TextSpan span) {
    bool same = schema.columns.size() == input->schema.size();
    for (std::size_t i = 0; same && i < schema.columns.size(); ++i) {
        same = schema.columns[i].name.text == input->schema[i].name &&
               schema.columns[i].type == input->schema[i].type;
    }
    if (!same && !input->open) {
        report("SEM0300", "", "assert-schema: the columns differ from those declared", span);
    }
    return input;
}

}  // namespace qd::kql
