// Tables: names, calls that give tables, datatable, the pipeline.
#include "plan/binder.h"
#include "plan/binder_parts.h"
#include "qd/kql/ingest_format.h"
#include "qd/kql/parser.h"

#include <algorithm>
#include <array>

namespace qd::kql {

using columns::Schema;
using columns::Table;

std::vector<BoundPtr> all_columns(const PlanPtr& plan) {
    std::vector<BoundPtr> out;
    for (std::size_t i = 0; i < plan->schema.size(); ++i) {
        out.push_back(column_of(plan, i));
    }
    return out;
}

bool wildcard_matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t mark = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

PlanPtr Binder::unknown_table() {
    auto op = std::make_shared<ValuesOp>();
    op->table = std::make_shared<const Table>();
    op->open = true;
    op->serialized = true;
    return op;
}

PlanPtr Binder::values_plan(Table table) {
    auto op = std::make_shared<ValuesOp>();
    op->schema = table.schema;
    op->table = std::make_shared<const Table>(std::move(table));
    return op;
}

PlanPtr Binder::materialize(PlanPtr plan) {
    auto op = make_op<MaterializeOp>({plan}, plan->schema, false);
    op->rows = std::make_shared<MaterializedRows>();
    op->serialized = plan->serialized;
    return op;
}

PlanPtr Binder::scan_table(std::string_view database, std::string_view name) {
    const bool inside =
        std::find(open_functions_.begin(), open_functions_.end(), name) != open_functions_.end();
    std::shared_ptr<TableSource> source =
        inside ? setup_.catalog->find_behind(database, name) : nullptr;
    if (!source) {
        source = setup_.catalog->find_table(database, name);
    }
    if (!source) {
        return nullptr;
    }
    auto scan = std::make_shared<ScanOp>();
    scan->table = std::string(name);
    scan->schema = source->schema();
    scan->source = std::move(source);
    const TimeRange& range = setup_.options->timespan;
    if (!range.from && !range.to) {
        return scan;
    }
    const auto time = scan->schema.index_of("TimeGenerated");
    const auto column = time ? time : scan->schema.index_of("timestamp");
    if (!column || scan->schema[*column].type != DataType::DateTime) {
        return scan;
    }
    PlanPtr plan = scan;
    const auto limit = [&](std::string_view op, Timestamp t) {
        const BoundPtr test =
            apply(op, {column_of(plan, *column), make_constant(Scalar::of_datetime(t.ticks))}, {});
        plan = filter_plan(plan, test);
    };
    if (range.from) {
        limit(">=", *range.from);
    }
    if (range.to) {
        limit("<", *range.to);
    }
    return plan;
}

PlanPtr Binder::bind_table_name(std::string_view name, TextSpan span, bool quiet) {
    if (const EntityPtr entity = environment_->find(name)) {
        if (entity->kind == Entity::Kind::Table) {
            return entity->table;
        }
        if (entity->kind == Entity::Kind::Function && entity->lambda->parameters.empty()) {
            Call call;
            call.name = {std::string(name), span};
            const ScopeGuard guard(*this, nullptr);
            return call_function(*entity, call, span).table;
        }
        return nullptr;
    }
    if (PlanPtr table = scan_table(default_database_, name)) {
        return table;
    }
    if (const EntityPtr function = find_function(name)) {
        const bool callable =
            std::all_of(function->lambda->parameters.begin(), function->lambda->parameters.end(),
                        [](const Parameter& p) { return p.default_value != nullptr; });
        if (callable) {
            Call call;
            call.name = {std::string(name), span};
            const ScopeGuard guard(*this, nullptr);
            return call_function(*function, call, span).table;
        }
    }
    if (!quiet) {
        report("SEM0100", "KS204",
               operator_text() + "Failed to resolve table or column expression named '" +
                   std::string(name) + "'",
               span);
        return unknown_table();
    }
    return nullptr;
}

std::shared_ptr<const Binder::NameSet> Binder::guessed_columns(const PlanPtr& plan) {
    if (setup_.runner != nullptr) {
        return nullptr;  // a query that runs has reported what is unknown
    }
    if (const auto it = guessed_.find(plan.get()); it != guessed_.end()) {
        return it->second.second;
    }
    NameSet names;
    const auto add = [&](const std::vector<BoundPtr>& exprs, std::size_t first) {
        for (std::size_t i = 0; i < exprs.size(); ++i) {
            bool guess = exprs[i]->unknown;
            std::vector<bool> used;
            collect_columns(*exprs[i], used);
            const auto below = plan->inputs.empty() ? nullptr : guessed_columns(plan->inputs[0]);
            for (std::size_t c = 0; below && c < used.size(); ++c) {
                guess = guess || (used[c] && c < plan->inputs[0]->schema.size() &&
                                  below->contains(plan->inputs[0]->schema[c].name));
            }
            if (guess && first + i < plan->schema.size()) {
                names.insert(plan->schema[first + i].name);
            }
        }
    };
    if (plan->kind == OpKind::Project) {
        add(as<ProjectOp>(*plan).exprs, 0);
    } else if (plan->kind == OpKind::Summarize) {
        const SummarizeOp& summarize = as<SummarizeOp>(*plan);
        add(summarize.keys, 0);
        std::size_t at = summarize.keys.size();
        for (const AggregateCall& call : summarize.aggregates) {
            for (std::size_t i = 0; i < call.aggregate.outputs.size(); ++i, ++at) {
                const std::size_t arg = std::min(i, call.args.empty() ? 0 : call.args.size() - 1);
                const bool kept =
                    !call.args.empty() && call.args[arg]->type == call.aggregate.outputs[i].type;
                if (kept) {
                    add({call.args[arg]}, at);
                }
            }
        }
    } else {
        for (const PlanPtr& input : plan->inputs) {
            if (const auto below = guessed_columns(input)) {
                names.insert(below->begin(), below->end());
            }
        }
        if (plan->kind == OpKind::Join) {
            // The right side's names got suffixes.
            const JoinOp& join = as<JoinOp>(*plan);
            if (const auto below = guessed_columns(plan->inputs[1])) {
                for (std::size_t i = 0; i < join.right_output.size(); ++i) {
                    if (below->contains(plan->inputs[1]->schema[join.right_output[i]].name)) {
                        names.insert(plan->schema[join.left_output.size() + i].name);
                    }
                }
            }
        } else if (plan->kind == OpKind::MvExpand) {
            for (const ExpandItem& item : as<MvExpandOp>(*plan).items) {
                const std::string& name = plan->schema[item.column].name;
                if (item.typed) {
                    names.erase(name);
                } else if (item.source->unknown) {
                    names.insert(name);
                }
            }
        }
    }
    std::shared_ptr<const NameSet> out =
        names.empty() ? nullptr : std::make_shared<const NameSet>(std::move(names));
    guessed_[plan.get()] = {plan, out};
    return out;
}

std::optional<std::string> Binder::constant_string(const Expr& expr) {
    const ScopeGuard guard(*this, nullptr);
    if (const auto* literal = expr.if_as<Literal>()) {
        return literal->value.bytes();
    }
    const BoundPtr bound = bind_expr(expr);
    if (is_constant(bound) && !bound->unknown && !bound->constant.is_null()) {
        return cast_scalar(bound->constant, DataType::String).bytes();
    }
    return std::nullopt;
}

PlanPtr Binder::bind_table_call(const Expr& expr, const Call& call) {
    const std::string& name = call.name.text;
    const EntityPtr known = environment_->find(name);
    if (!known && name == "materialize" && call.arguments.size() == 1) {
        const ScopeGuard guard(*this, nullptr);
        return materialize(bind_table(*call.arguments[0].expr));
    }
    if (!known && name == "table" && !call.arguments.empty()) {
        const auto table = constant_string(*call.arguments[0].expr);
        if (!table) {
            report("SEM0034", "KS129", "table() needs a constant name", expr.span);
            return unknown_table();
        }
        return bind_table_name(*table, expr.span, false);
    }
    if (!known && name == "materialized_view" && !call.arguments.empty()) {
        const auto view = constant_string(*call.arguments[0].expr);
        const EntityPtr rows =
            view ? find_function(std::string(kMaterializedPart) + *view) : nullptr;
        if (!rows) {
            report("SEM0100", "KS204",
                   operator_text() + "Failed to resolve a materialized view named '" +
                       view.value_or("") + "'",
                   expr.span);
            return unknown_table();
        }
        Call rows_call;
        rows_call.name = {*view, expr.span};
        return call_function(*rows, rows_call, expr.span).table;
    }
    if (!known && (find_scalar_function(name) != nullptr || name == "toscalar")) {
        return nullptr;
    }
    EntityPtr function = known && known->kind == Entity::Kind::Function ? known : nullptr;
    if (!function && !known) {
        function = find_function(name);
    }
    if (!function) {
        return nullptr;
    }
    // The row scope stays: arguments may be the caller's columns.
    return call_function(*function, call, expr.span).table;
}

namespace {

/// database("d"), cluster("c").database("d"), workspace("w"), … : the database meant by it.
const Call* database_call(const Expr& expr) {
    const auto* call = expr.if_as<Call>();
    static constexpr std::array kNames = {"database", "cluster", "workspace", "adx",
                                          "arg",      "app",     "resource"};
    if (call == nullptr) {
        return nullptr;
    }
    for (const std::string_view name : kNames) {
        if (call->name.text == name) {
            return call;
        }
    }
    return nullptr;
}

}  // namespace

PlanPtr Binder::bind_path_table(const Expr& expr) {
    const Expr* object = nullptr;
    const std::string* member = nullptr;
    const Call* member_call = nullptr;
    if (const auto* path = expr.if_as<Path>()) {
        object = path->object.get();
        member = &path->member.text;
    } else if (const auto* call = expr.if_as<Call>(); call != nullptr && call->object) {
        object = call->object.get();
        member_call = call;
    }
    const Call* database = object != nullptr ? database_call(*object) : nullptr;
    if (database == nullptr) {
        return nullptr;
    }
    std::string name = default_database_;
    if (database->name.text == "database" && !database->arguments.empty()) {
        name = constant_string(*database->arguments[0].expr).value_or(name);
    }
    if (name == "*") {
        name = default_database_;
    }
    const std::string_view place =
        database->object ? "cluster" : std::string_view(database->name.text);
    if (place == "arg" || place == "adx") {
        report("SEM0260", "KS211", "Unknown function: '" + std::string(place) + "'",
               database->name.span);
        return unknown_table();
    }
    if (setup_.runner != nullptr && place != "database" && place != "workspace") {
        // Never this workspace's rows under another one's name.
        report("SEM0100", "",
               operator_text() + "Other places cannot be queried from here: " + std::string(place) +
                   "()",
               database->name.span);
        return unknown_table();
    }
    if (member_call != nullptr) {
        if (member_call->name.text == "table" && !member_call->arguments.empty()) {
            const auto table = constant_string(*member_call->arguments[0].expr);
            if (PlanPtr plan = table ? scan_table(name, *table) : nullptr) {
                return plan;
            }
            if (const EntityPtr view = table ? find_function(*table, name) : nullptr) {
                Call call;
                call.name = {*table, expr.span};
                return call_function(*view, call, expr.span).table;
            }
        } else if (const EntityPtr function = find_function(member_call->name.text, name)) {
            return call_function(*function, *member_call, expr.span).table;
        }
        report("SEM0100", "KS204",
               operator_text() + "Failed to resolve table or column expression named '" +
                   member_call->name.text + "'",
               expr.span);
        return unknown_table();
    }
    if (PlanPtr plan = scan_table(name, *member)) {
        return plan;
    }
    if (const EntityPtr function = find_function(*member, name)) {
        Call call;
        call.name = {*member, expr.span};
        return call_function(*function, call, expr.span).table;
    }
    report("SEM0100", "KS204",
           operator_text() + "Failed to resolve table or column expression named '" + *member + "'",
           expr.span);
    return unknown_table();
}

PlanPtr Binder::try_bind_table(const Expr& expr) {
    switch (expr.kind()) {
        case ExprKind::Subquery: {
            const Query& query = *expr.as<Subquery>().query;
            if (query.source && query.operators.empty()) {
                return try_bind_table(*query.source);
            }
            const ScopeGuard guard(*this, nullptr);
            return bind_query(query);
        }
        case ExprKind::DataTable: {
            const ScopeGuard guard(*this, nullptr);
            return bind_datatable(expr.as<DataTable>(), expr.span);
        }
        case ExprKind::ExternalData: {
            const ScopeGuard guard(*this, nullptr);
            return bind_external(expr.as<ExternalData>(), expr.span);
        }
        case ExprKind::NameRef: {
            const std::string& name = expr.as<NameRef>().name;
            if (row_ != nullptr && row_->schema->index_of(name)) {
                return nullptr;
            }
            return bind_table_name(name, expr.span, true);
        }
        case ExprKind::Call:
            if (expr.as<Call>().object) {
                return bind_path_table(expr);
            }
            return bind_table_call(expr, expr.as<Call>());
        case ExprKind::Path:
            return bind_path_table(expr);
        case ExprKind::Literal:
        case ExprKind::Star:
        case ExprKind::Wildcard:
        case ExprKind::Element:
        case ExprKind::Unary:
        case ExprKind::Binary:
        case ExprKind::Logical:
        case ExprKind::Between:
        case ExprKind::InList:
        case ExprKind::TypeOf:
        case ExprKind::Conditional:
        case ExprKind::Missing:
            break;
    }
    return nullptr;
}

PlanPtr Binder::bind_table(const Expr& expr) {
    if (PlanPtr plan = try_bind_table(expr)) {
        return plan;
    }
    if (const auto* name = expr.if_as<NameRef>()) {
        report("SEM0100", "KS204",
               operator_text() + "Failed to resolve table or column expression named '" +
                   name->name + "'",
               expr.span);
        return unknown_table();
    }
    if (const auto* call = expr.if_as<Call>()) {
        if (find_scalar_function(call->name.text) == nullptr) {
            report("SEM0260", "KS211", "Unknown function: '" + call->name.text + "'",
                   call->name.span);
            return unknown_table();
        }
    }
    report("SEM0100", "KS109", operator_text() + "A table was expected here", expr.span);
    return unknown_table();
}

PlanPtr Binder::bind_datatable(const DataTable& table, TextSpan span) {
    Table out;
    std::vector<columns::ColumnBuilder> builders;
    for (const ColumnDeclaration& column : table.columns) {
        if (out.schema.index_of(column.name.text)) {
            report("SEM0041", "KS171",
                   "datatable: the column name '" + column.name.text + "' is used twice",
                   column.name.span);
        }
        out.schema.fields.push_back({column.name.text, column.type});
        builders.emplace_back(column.type);
    }
    const std::size_t width = table.columns.size();
    if (width == 0 || table.values.size() % width != 0) {
        report("SEM0043", "KS173",
               "datatable: the number of values is not a multiple of the number of columns", span);
        return unknown_table();
    }
    const auto rows = static_cast<std::uint32_t>(table.values.size() / width);
    columns::Chunk chunk;
    std::uint32_t pending = 0;
    const auto flush = [&] {
        for (columns::ColumnBuilder& builder : builders) {
            chunk.columns.push_back(builder.finish());
        }
        chunk.rows = pending;
        out.chunks.push_back(std::move(chunk));
        chunk = {};
        pending = 0;
    };
    for (std::size_t i = 0; i < table.values.size(); ++i) {
        const DataType type = table.columns[i % width].type;
        const BoundPtr value = bind_expr(*table.values[i]);
        if (table.values[i]->kind() == ExprKind::Binary) {
            report("SYN0002", "", "datatable: values must be literals", table.values[i]->span);
        }
        Scalar cell = Scalar::null_of(type);
        if (is_constant(value) && !value->unknown) {
            cell = cast_scalar(value->constant, type);
        } else if (!value->unknown) {
            report("SEM0034", "KS129", "datatable: values must be constants",
                   table.values[i]->span);
        }
        builders[i % width].append(cell);
        if (i % width == width - 1 && ++pending == columns::kChunkRows) {
            flush();
        }
    }
    if (pending > 0) {
        flush();
    }
    static_cast<void>(rows);
    return values_plan(std::move(out));
}

PlanPtr Binder::bind_external(const ExternalData& external, TextSpan span) {
    IngestFormat format;
    for (const ColumnDeclaration& column : external.columns) {
        format.schema.fields.push_back({column.name.text, column.type});
    }
    for (const OperatorParameter& property : external.properties) {
        std::string value(parameter_word(property));
        if (property.name.text == "format") {
            format.format = value;
        } else if (property.name.text == "ignoreFirstRecord") {
            if (const auto flag = bind_constant(*property.value, DataType::Bool)) {
                format.skip_first = !flag->is_null() && flag->as_bool();
            }
        }
    }
    Table table;
    table.schema = format.schema;
    for (const ExprPtr& address : external.addresses) {
        const auto uri = constant_string(*address);
        if (!uri) {
            report("SEM0034", "KS129", "externaldata: addresses must be constant", address->span);
            continue;
        }
        if (setup_.runner == nullptr || run_error_) {
            continue;
        }
        Result<std::string> bytes = setup_.catalog->read_external(*uri);
        if (!bytes.ok()) {
            run_error_ = std::move(bytes).error();
            continue;
        }
        if (format.format.empty() || external.properties.empty()) {
            format.format = guess_ingest_format(*uri);
        }
        const Status read = read_rows(*bytes, format, table);
        if (!read.ok()) {
            report(read.error(), span);
        }
    }
    return values_plan(std::move(table));
}

std::vector<std::pair<std::string, PlanPtr>> Binder::tables_like(std::string_view pattern) {
    std::vector<std::pair<std::string, PlanPtr>> out;
    for (const std::string& name : setup_.catalog->table_names(default_database_)) {
        if (wildcard_matches(pattern, name)) {
            if (PlanPtr plan = bind_table_name(name, {}, true)) {
                out.emplace_back(name, std::move(plan));
            }
        }
    }
    std::map<std::string, EntityPtr, std::less<>> names;
    environment_->collect(names);
    for (const auto& [name, entity] : names) {
        if (entity->kind == Entity::Kind::Function && entity->view &&
            entity->lambda->parameters.empty() && wildcard_matches(pattern, name)) {
            if (PlanPtr plan = bind_table_name(name, {}, true)) {
                out.emplace_back(name, std::move(plan));
            }
        }
    }
    return out;
}

namespace {

/// Operators that can begin a query.
bool makes_rows(const Operator& op) {
    switch (op.kind()) {
        case OperatorKind::Print:
        case OperatorKind::Range:
        case OperatorKind::Union:
        case OperatorKind::Search:
        case OperatorKind::Find:
        case OperatorKind::Evaluate:
            return true;
        default:
            return false;
    }
}

}  // namespace

PlanPtr Binder::bind_query(const Query& query) {
    if (query.source) {
        PlanPtr input = bind_table(*query.source);
        return bind_pipeline(query, std::move(input));
    }
    PlanPtr input = contextual_input_;
    if (input == nullptr && (query.operators.empty() || !makes_rows(*query.operators[0]))) {
        report("SYN0002", "KS174", "A query must begin with a table", query.span);
        input = unknown_table();
    }
    return bind_pipeline(query, std::move(input));
}

PlanPtr Binder::bind_pipeline(const Query& query, PlanPtr input) {
    HiddenColumns hidden;
    if (input != nullptr) {
        input = expose_hidden(query, std::move(input), hidden);
    }
    // `as` names hold to the end of their pipeline and for what it contains.
    for (const OperatorPtr& op : query.operators) {
        // Every use of a let binds it anew: forty lets of two uses each are a million million.
        if (!run_error_ && ++bound_operators_ > kBoundOperatorsMax) {
            run_error_ = Error(Code::ResourceExhausted, "E_RUNAWAY_QUERY",
                               "the query expands to too many operators, allowed: " +
                                   std::to_string(kBoundOperatorsMax));
        }
        if (run_error_) {
            return unknown_table();
        }
        const std::string_view before = operator_;
        operator_ = operator_keyword(*op);
        PlanPtr saved = std::move(contextual_input_);
        contextual_input_ = nullptr;
        input = hide_again(*op, bind_operator(*op, std::move(input)), hidden);
        contextual_input_ = std::move(saved);
        operator_ = before;
        if (input == nullptr) {
            input = unknown_table();
        }
    }
    return input;
}

}  // namespace qd::kql
