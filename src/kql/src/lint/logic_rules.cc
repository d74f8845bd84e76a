// Rules about names, joins, conditions and arithmetic.
#include "lint/linter.h"
#include "qd/codec/value.h"
#include "qd/kql/printer.h"

#include <algorithm>
#include <array>

namespace qd::kql {
namespace {

struct Conversion {
    std::string_view literal;
    std::string_view function;
};
constexpr std::array kConversions = {
    Conversion{"real", "toreal"},       Conversion{"double", "todouble"},
    Conversion{"int", "toint"},         Conversion{"long", "tolong"},
    Conversion{"decimal", "todecimal"}, Conversion{"bool", "tobool"},
    Conversion{"boolean", "tobool"},    Conversion{"datetime", "todatetime"},
    Conversion{"date", "todatetime"},   Conversion{"timespan", "totimespan"},
    Conversion{"time", "totimespan"},   Conversion{"guid", "toguid"},
};

bool ends_with(std::string_view text, std::string_view tail) {
    return text.size() > tail.size() && text.substr(text.size() - tail.size()) == tail;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

const Call* datetime_diff(const Expr& e) {
    const auto* call = e.if_as<Call>();
    if (call == nullptr || call->object != nullptr) {
        return nullptr;
    }
    if (call->name.text == "datetime_diff") {
        return call->arguments.size() == 3 ? call : nullptr;
    }
    // Conversions around it, also the misused literals.
    for (const Conversion& c : kConversions) {
        if ((call->name.text == c.literal || call->name.text == c.function) &&
            call->arguments.size() == 1) {
            return datetime_diff(*call->arguments[0].expr);
        }
    }
    return nullptr;
}

// The text with which a name can be said to limit something from above or below.
bool is_minimum(std::string_view name) {
    return lower(name).substr(0, 3) == "min";
}
bool is_maximum(std::string_view name) {
    return lower(name).substr(0, 3) == "max";
}

}  // namespace

void Linter::logic_rules(const Query& q, std::size_t index, const Rows& rows) {
    const Operator& op = *q.operators[index];
    const Visit visit = [&](const Expr& e) {
        check_expression(e, &rows);
        return true;
    };
    each(op, visit);
    if (const auto* where = op.if_as<Where>(); where != nullptr && where->name) {
        const std::uint32_t name_end = where->name->span.offset + where->name->span.length;
        add("QDL0025", Severity::Warning, op.span,
            "A single = in where does not compare: the right side alone is the condition, and the "
            "name means nothing",
            "write ==", {TextEdit{{name_end, where->predicate->span.offset - name_end}, " == "}});
    }
    check_names(op, rows);
    check_prev(q, index, rows);
    check_burn(op, rows);
    check_join(op);
    check_paths(op);
    // Bodies and operands that are pipelines of their own.
    if (const auto* apply = op.if_as<MvApply>(); apply != nullptr && apply->body != nullptr) {
        query(*apply->body, nullptr);
    } else if (const auto* partition = op.if_as<Partition>();
               partition != nullptr && partition->body != nullptr) {
        query(*partition->body, &rows);
    } else if (const auto* fork = op.if_as<Fork>()) {
        for (const Fork::Branch& branch : fork->branches) {
            query(*branch.query, &rows);
        }
    }
}

// Rules that need no more than the expression itself. Called for every node of a pipeline, and
// with the whole tree for values outside of pipelines.
void Linter::check_expression(const Expr& e, const Rows* rows) {
    if (rows == nullptr) {
        const Rows none;
        const Visit visit = [&](const Expr& inner) {
            check_expression(inner, &none);
            return true;
        };
        each(e, visit);
        return;
    }
    if (const auto* c = e.if_as<Conditional>()) {
        add("QDL0006", Severity::Error, e.span,
            "KQL has no conditional operator ?: (the engine refuses the query)",
            "use iff(condition, then, else)",
            {TextEdit{e.span, "iff(" + source(*c->condition) + ", " + source(*c->if_true) + ", " +
                                  source(*c->if_false) + ")"}});
    } else if (const auto* call = e.if_as<Call>()) {
        for (const Conversion& conversion : kConversions) {
            if (call->object == nullptr && call->name.text == conversion.literal) {
                add("QDL0016", Severity::Error, e.span,
                    call->name.text +
                        "() is a literal, not a conversion: the engine refuses anything but a "
                        "constant inside",
                    "use " + std::string(conversion.function) + "()",
                    {TextEdit{call->name.span, std::string(conversion.function)}});
            }
        }
        if (call->object != nullptr && call->object->kind() == ExprKind::NameRef &&
            !in_scope(call->object->as<NameRef>().name)) {
            const std::string& folder = call->object->as<NameRef>().name;
            add("QDL0022", Severity::Error,
                TextSpan{e.span.offset, call->name.span.offset - e.span.offset},
                "A function's folder is only a label: '" + folder +
                    "' is no namespace and the name is not found",
                "call it by its bare name",
                {TextEdit{{e.span.offset, call->name.span.offset - e.span.offset}, ""}});
        }
        if (call->name.text == "ago" && call->arguments.size() == 1) {
            const Expr& argument = *call->arguments[0].expr;
            const auto* name = argument.if_as<NameRef>();
            if (name != nullptr && !in_scope(name->name)) {
                std::vector<TextEdit> edits;
                if (script_->command == nullptr && !script_->statements.empty()) {
                    edits.push_back({{script_->statements[0].span.offset, 0},
                                     "let " + format_name(name->name) + " = 14d;\n"});
                }
                add("QDL0017", Severity::Error, argument.span,
                    "'" + name->name + "' is not defined in this query",
                    "define it with let before its use", std::move(edits));
            }
            if (const auto span = ticks(argument);
                span && options_.effective_range && *span > options_.effective_range->count) {
                add("QDL0023", Severity::Warning, e.span,
                    "The rule that runs this query sees only " +
                        format_literal(
                            columns::Scalar::of_timespan(options_.effective_range->count)) +
                        ": what lies further back is cut off without a word",
                    "widen the rule's query range or shorten the lookback");
            }
        }
    }
    check_duration(e);
    if (const auto* binary = e.if_as<Binary>()) {
        check_speed(*binary, e.span);
    }
    check_terms(e);
    if (const auto* sub = e.if_as<Subquery>()) {
        query(*sub->query, nullptr);
    }
}

// datetime_diff(…) / 60: crossed borders taken for elapsed time.
void Linter::check_duration(const Expr& e) {
    const auto* division = e.if_as<Binary>();
    if (division == nullptr ||
        (division->op != BinaryOp::Divide && division->op != BinaryOp::Multiply)) {
        return;
    }
    const Call* diff = datetime_diff(*division->left);
    if (diff == nullptr) {
        return;
    }
    struct Unit {
        std::string_view part;
        std::string_view timespan;
        double next;
        std::string_view next_timespan;
    };
    constexpr std::array kUnits = {Unit{"second", "1s", 60, "1m"}, Unit{"minute", "1m", 60, "1h"},
                                   Unit{"hour", "1h", 24, "1d"}, Unit{"day", "1d", 7, "7d"}};
    const auto* part = diff->arguments[0].expr->if_as<Literal>();
    if (part == nullptr || part->value.type() != columns::DataType::String) {
        return;
    }
    const std::string difference =
        "(" + source(*diff->arguments[1].expr) + " - " + source(*diff->arguments[2].expr) + ")";
    std::vector<TextEdit> edits;
    for (const Unit& unit : kUnits) {
        if (part->value.bytes() != unit.part) {
            continue;
        }
        const auto by = number(*division->right);
        if (division->op == BinaryOp::Divide && by && *by == unit.next) {
            edits.push_back({e.span, difference + " / " + std::string(unit.next_timespan)});
        } else {
            edits.push_back({division->left->span,
                             "(" + difference + " / " + std::string(unit.timespan) + ")"});
        }
    }
    add("QDL0019", Severity::Warning, e.span,
        "datetime_diff() counts the " + part->value.bytes() +
            " borders crossed, it does not measure time: two events within one " +
            part->value.bytes() + " are 0 apart and 59 s can count as 1",
        "subtract the datetimes and divide by a timespan", std::move(edits));
}

// km / hours > minimum km / maximum hours: 1 km in a second passes.
void Linter::check_speed(const Binary& comparison, TextSpan span) {
    if (comparison.op != BinaryOp::Greater && comparison.op != BinaryOp::GreaterOrEqual) {
        return;
    }
    const auto* left = comparison.left->if_as<Binary>();
    const auto* right = comparison.right->if_as<Binary>();
    if (left == nullptr || right == nullptr || left->op != BinaryOp::Divide ||
        right->op != BinaryOp::Divide) {
        return;
    }
    const auto* minimum = right->left->if_as<NameRef>();
    const auto* maximum = right->right->if_as<NameRef>();
    if (minimum == nullptr || maximum == nullptr || !is_minimum(minimum->name) ||
        !is_maximum(maximum->name)) {
        return;
    }
    add("QDL0020", Severity::Warning, span,
        "The quotient of the two limits is one limit, a speed: '" + minimum->name +
            "' by itself is never tested, so a small distance in a short time passes too",
        "test both limits",
        {TextEdit{span, source(*left->left) + " > " + minimum->name + " and " +
                            source(*left->right) + " < " + maximum->name}});
}

void Linter::check_burn(const Operator& op, const Rows& rows) {
    const auto* extend = op.if_as<Extend>();
    if (extend == nullptr) {
        return;
    }
    // The divisor of a column's definition, inside iff() and ?: too.
    const auto divisor = [&](const ExprPtr& e) -> std::string {
        const auto* name = e->if_as<NameRef>();
        if (name == nullptr) {
            return "";
        }
        const auto found = rows.columns.find(name->name);
        const Expr* definition = found == rows.columns.end() ? nullptr : found->second.definition;
        while (definition != nullptr) {
            if (const auto* conditional = definition->if_as<Conditional>()) {
                definition = conditional->if_false.get();
            } else if (const auto* call = definition->if_as<Call>();
                       call != nullptr && (call->name.text == "iff" || call->name.text == "iif") &&
                       call->arguments.size() == 3) {
                definition = call->arguments[2].expr.get();
            } else {
                break;
            }
        }
        const auto* division = definition == nullptr ? nullptr : definition->if_as<Binary>();
        return division != nullptr && division->op == BinaryOp::Divide
                   ? format_expr(*division->right)
                   : "";
    };
    for (const NamedExpr& n : extend->columns) {
        const auto* ratio = n.expr->if_as<Binary>();
        if (ratio == nullptr || ratio->op != BinaryOp::Divide) {
            continue;
        }
        const std::string above = divisor(ratio->left);
        if (above.empty() || above != divisor(ratio->right)) {
            continue;
        }
        add("QDL0021", Severity::Warning, n.expr->span,
            "The ratio of two burn rates is no burn rate: the common divisor " + above +
                " cancels, a steady outage gives 1.0 however bad it is, and no errors in the slow "
                "window give NaN",
            "page when both windows burn: the smaller of the two rates must exceed the limit",
            {TextEdit{n.expr->span,
                      "min_of(" + source(*ratio->left) + ", " + source(*ratio->right) + ")"}});
    }
}

// has_any ("svc_"): the underscore ends the term.
void Linter::check_terms(const Expr& e) {
    const auto* list = e.if_as<InList>();
    if (list == nullptr || list->op != ListOp::HasAny || list->items.empty()) {
        return;
    }
    std::vector<std::string> terms;
    for (const ExprPtr& item : list->items) {
        const auto* literal = resolve(*item)->if_as<Literal>();
        if (literal == nullptr) {
            return;
        }
        const Value value = literal->value.to_value();
        if (const std::string* text = value.if_string()) {
            terms.push_back(*text);
        } else if (const Array* array = value.if_array()) {
            for (const Value& element : *array) {
                if (const std::string* word = element.if_string()) {
                    terms.push_back(*word);
                }
            }
        }
    }
    const auto is_prefix = [](const std::string& term) {
        return term.size() > 1 && (term.back() == '_' || term.back() == '-' || term.back() == '@');
    };
    if (terms.empty() || !std::all_of(terms.begin(), terms.end(), is_prefix)) {
        return;
    }
    // A parameter may hold other words than its default.
    const auto* name = list->items[0]->if_as<NameRef>();
    const bool fixed = name == nullptr || scope_.parameters.count(name->name) == 0;
    std::vector<TextEdit> edits;
    if (fixed) {
        std::string text = "(";
        for (std::size_t i = 0; i < terms.size(); ++i) {
            text += (i == 0 ? "" : " or ") + source(*list->subject) + " startswith " +
                    format_literal(columns::Scalar::of_string(terms[i]));
        }
        edits.push_back({e.span, text + ")"});
    }
    add("QDL0013", Severity::Info, e.span,
        "has_any looks for whole terms anywhere in the text; a term that ends in '" +
            std::string(1, terms[0].back()) +
            "' is not tied to the beginning, so these are no prefixes",
        "use startswith", std::move(edits));
}

// A dynamic property projected as it is cannot be grouped, joined or sorted by.
void Linter::check_paths(const Operator& op) {
    const auto* project = op.if_as<Project>();
    if (project == nullptr) {
        return;
    }
    for (const NamedExpr& n : project->columns) {
        const auto* path = n.expr->if_as<Path>();
        if (path == nullptr || n.names.size() != 1) {
            continue;
        }
        add("QDL0012", Severity::Info, n.expr->span,
            "A property of a dynamic value stays dynamic: '" + n.names[0].text +
                "' cannot be grouped, sorted or joined by",
            "convert it, for example with tostring()",
            {TextEdit{n.expr->span, "tostring(" + source(*n.expr) + ")"}});
    }
}

void Linter::check_join(const Operator& op) {
    const auto* join = op.if_as<Join>();
    const auto* sub = join == nullptr ? nullptr : join->right->if_as<Subquery>();
    if (sub == nullptr) {
        return;
    }
    std::vector<std::string> right_keys;
    for (const ExprPtr& condition : join->conditions) {
        if (const auto* name = condition->if_as<NameRef>()) {
            right_keys.push_back(name->name);
        } else if (const auto* equal = condition->if_as<Binary>()) {
            for (const ExprPtr* side : {&equal->left, &equal->right}) {
                const auto* path = (*side)->if_as<Path>();
                const auto* root = path == nullptr ? nullptr : path->object->if_as<NameRef>();
                if (root != nullptr && root->name == "$right") {
                    right_keys.push_back(path->member.text);
                }
            }
        }
    }
    const OperatorParameter* kind = op.parameter("kind");
    const std::string_view word = kind == nullptr ? "" : parameter_word(*kind);
    if (right_keys.empty() || word.find("semi") != std::string_view::npos ||
        word.find("anti") != std::string_view::npos) {
        return;
    }
    const Summarize* last = nullptr;
    for (const OperatorPtr& right_op : sub->query->operators) {
        if (const auto* summarize = right_op->if_as<Summarize>()) {
            last = summarize;
        }
    }
    if (last == nullptr || last->keys.empty() || last->aggregates.size() != 1) {
        return;
    }
    const auto* call = last->aggregates[0].expr->if_as<Call>();
    if (call == nullptr || (call->name.text != "arg_max" && call->name.text != "arg_min")) {
        return;
    }
    const bool unique =
        std::all_of(last->keys.begin(), last->keys.end(), [&](const NamedExpr& key) {
            const std::string name =
                key.name() != nullptr ? *key.name() : automatic_name(*key.expr, false);
            return std::find(right_keys.begin(), right_keys.end(), name) != right_keys.end();
        });
    if (unique) {
        return;
    }
    std::vector<TextEdit> edits;
    const bool star =
        std::any_of(call->arguments.begin(), call->arguments.end(),
                    [](const NamedExpr& a) { return a.expr->kind() == ExprKind::Star; });
    const TextSpan first = last->keys.front().span;
    const TextSpan final = last->keys.back().span;
    const TextSpan keys{first.offset, final.offset + final.length - first.offset};
    if (star) {
        std::string text;
        for (const std::string& key : right_keys) {
            text += (text.empty() ? "" : ", ") + format_name(key);
        }
        edits.push_back({keys, text});
    }
    add("QDL0011", Severity::Warning, keys,
        "The right side keeps one row per " + source(keys) + ", more than one per join key (" +
            right_keys[0] + "): every left row is repeated for each of them",
        "keep one row per join key", std::move(edits));
}

void Linter::check_prev(const Query& q, std::size_t index, const Rows& rows) {
    const Operator& op = *q.operators[index];
    if (rows.order == Rows::Order::Sorted) {
        return;
    }
    const auto* extend = op.if_as<Extend>();
    const auto* serialize = op.if_as<Serialize>();
    const std::vector<NamedExpr>* list = extend != nullptr      ? &extend->columns
                                         : serialize != nullptr ? &serialize->columns
                                                                : nullptr;
    if (list == nullptr) {
        return;
    }
    std::vector<std::pair<std::string, std::string>> previous;  // column, its source
    TextSpan place;
    for (const NamedExpr& n : *list) {
        const auto* call = n.expr->if_as<Call>();
        if (call == nullptr || (call->name.text != "prev" && call->name.text != "next") ||
            call->arguments.empty()) {
            continue;
        }
        if (place.length == 0) {
            place = n.expr->span;
        }
        if (const auto* name = call->arguments[0].expr->if_as<NameRef>();
            name != nullptr && n.name() != nullptr) {
            previous.emplace_back(*n.name(), name->name);
        }
    }
    if (place.length == 0) {
        return;
    }
    // The column that is later compared with its own previous value tells the groups apart.
    std::string group;
    std::string time;
    for (const auto& [column, origin] : previous) {
        if (lower(origin).find("time") != std::string::npos) {
            time = origin;
        }
        for (std::size_t i = index + 1; i < q.operators.size(); ++i) {
            const Visit visit = [&](const Expr& e) {
                const auto* equal = e.if_as<Binary>();
                if (equal != nullptr && equal->op == BinaryOp::Equal) {
                    const auto* a = equal->left->if_as<NameRef>();
                    const auto* b = equal->right->if_as<NameRef>();
                    if (a != nullptr && b != nullptr &&
                        ((a->name == origin && b->name == column) ||
                         (b->name == origin && a->name == column))) {
                        group = origin;
                    }
                }
                return true;
            };
            each(*q.operators[i], visit);
        }
    }
    std::vector<TextEdit> edits;
    if (!time.empty()) {
        const std::string sort = "sort by " + (group.empty() ? "" : format_name(group) + " asc, ") +
                                 format_name(time) + " asc";
        if (rows.serialize != nullptr) {
            edits.push_back({rows.serialize->span, sort});
        } else {
            edits.push_back({{op.span.offset, 0}, sort + "\n| "});
        }
    }
    add("QDL0018", rows.order == Rows::Order::Serialized ? Severity::Warning : Severity::Error,
        place,
        rows.order == Rows::Order::Serialized
            ? "serialize fixes the order the rows happen to be in, it does not sort: prev() pairs "
              "arbitrary rows"
            : "prev() and next() need sorted rows; the engine refuses them on others",
        "sort by the group and the time first", std::move(edits));
}

void Linter::check_names(const Operator& op, const Rows& rows) {
    switch (op.kind()) {
        case OperatorKind::Where:
        case OperatorKind::Extend:
        case OperatorKind::Project:
        case OperatorKind::Sort:
        case OperatorKind::Summarize:
        case OperatorKind::MakeSeries:
        case OperatorKind::Top:
        case OperatorKind::Distinct:
            break;
        default:
            return;
    }
    std::set<std::string> own;
    if (const auto* extend = op.if_as<Extend>()) {
        for (const NamedExpr& n : extend->columns) {
            for (const Name& name : n.names) {
                own.insert(name.text);
            }
        }
    }
    std::vector<const Expr*> lost;
    const Visit visit = [&](const Expr& e) {
        if (const auto* call = e.if_as<Call>()) {
            return call->name.text != "table" && call->name.text != "toscalar" &&
                   call->name.text != "column_ifexists";
        }
        const auto* ref = e.if_as<NameRef>();
        if (ref == nullptr || ref->name.empty() || ref->name[0] == '$' ||
            rows.columns.count(ref->name) > 0 || in_scope(ref->name) || own.count(ref->name) > 0) {
            return true;
        }
        const bool left = ends_with(ref->name, "_left");
        const bool right = ends_with(ref->name, "_right");
        if (rows.joined && (left || right)) {
            const std::string base = ref->name.substr(0, ref->name.size() - (left ? 5 : 6));
            const auto renamed = rows.renamed.find(base);
            const std::string real_name = left                            ? base
                                          : renamed != rows.renamed.end() ? renamed->second
                                                                          : base + "1";
            add("QDL0007", Severity::Error, e.span,
                "A join adds no _left and _right: the left column keeps its name, a right column "
                "of the same name gets a number",
                "write " + real_name, {TextEdit{e.span, format_name(real_name)}});
            return true;
        }
        if (!rows.known) {
            return true;
        }
        if (rows.series != nullptr && rows.lost.count(ref->name) > 0) {
            lost.push_back(&e);
            return true;
        }
        const bool is_table = std::any_of(options_.tables.begin(), options_.tables.end(),
                                          [&](const auto& t) { return t.first == ref->name; });
        if (!is_table) {
            add("QDL0027", Severity::Error, e.span,
                "No column '" + ref->name + "' exists here: the engine refuses the query",
                "use a column of the table");
        }
        return true;
    };
    each(op, visit);
    if (!lost.empty()) {
        report_lost(op, rows, lost);
    }
}

// Names that make-series dropped. When the bins were unrolled again, the summarize before
// make-series still has the details: join them back by key and bin; else drop the names.
void Linter::report_lost(const Operator& op, const Rows& rows,
                         const std::vector<const Expr*>& names) {
    const MakeSeries& series = rows.series->as<MakeSeries>();
    std::vector<TextEdit> edits;
    const Summarize* details =
        rows.before_series == nullptr ? nullptr : rows.before_series->if_as<Summarize>();
    const std::string axis = series.axis.name() != nullptr
                                 ? *series.axis.name()
                                 : automatic_name(*series.axis.expr, false);
    const auto expanded = rows.columns.find(axis);
    if (details != nullptr && expanded != rows.columns.end() && expanded->second.expanded_at > 0) {
        std::string keys;
        for (const NamedExpr& key : series.keys) {
            keys += format_name(key.name() != nullptr ? *key.name()
                                                      : automatic_name(*key.expr, false)) +
                    ", ";
        }
        keys += format_name(axis);
        const std::uint32_t end = rows.before_series->span.offset + rows.before_series->span.length;
        std::string text = "join kind=leftouter (\n" +
                           source({rows.pipeline_begin, end - rows.pipeline_begin}) +
                           "\n| project " + keys;
        std::set<std::string> done;
        for (const Expr* e : names) {
            if (done.insert(e->as<NameRef>().name).second) {
                text += ", " + format_name(e->as<NameRef>().name);
            }
        }
        text += "\n) on " + keys + "\n| ";
        edits.push_back({{op.span.offset, 0}, text});
    }
    for (const Expr* e : names) {
        add("QDL0005", Severity::Error, e->span,
            "make-series keeps only its keys, its aggregates and the axis: '" +
                e->as<NameRef>().name +
                "' does not exist any more and the engine refuses the query",
            edits.empty() ? "leave it out, or aggregate it in the make-series"
                          : "join the details back by key and bin",
            edits);
    }
}

}  // namespace qd::kql
