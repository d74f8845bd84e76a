// Every aggregate of a materialized view has a state that can be merged: a count is summed, a
// dcount keeps its sketch, an average its sum and its count. The rules are the table below.
// Source: Kusto, "Materialized views", supported aggregation functions.
#include "view_texts.h"

#include "qd/kql/parser.h"
#include "qd/kql/printer.h"

#include <algorithm>
#include <map>
#include <vector>

namespace qd::query {

namespace {

using kql::Call;
using kql::NamedExpr;

Error refused(std::string why) {
    return Error(Code::InvalidArgument, "QRY0040", "materialized view: " + std::move(why));
}

std::string arguments_text(const Call& call, std::size_t first = 0) {
    std::string out;
    for (std::size_t i = first; i < call.arguments.size(); ++i) {
        out += (out.empty() ? "" : ", ") + kql::format_expr(*call.arguments[i].expr);
    }
    return out;
}

/// Texts being collected, and the number of the next state.
struct Parts {
    std::vector<std::string> partial;
    std::vector<std::string> merge;
    std::vector<std::string> result;
    std::vector<std::string> states;

    std::string state() {
        states.push_back("s" + std::to_string(states.size()));
        return states.back();
    }
};

/// One aggregate call and the columns it makes in the view.
struct Item {
    const Call& call;
    std::vector<columns::Field> outputs;
};

using Split = Status (*)(const Item&, Parts&);

std::string output_name(const Item& item, std::size_t i = 0) {
    return kql::format_name(item.outputs[i].name);
}

/// The state is the value, merged by the given function.
void add_simple(const Item& item, Parts& parts, std::string_view merge) {
    const std::string s = parts.state();
    parts.partial.push_back(s + " = " + item.call.name.text + "(" + arguments_text(item.call) +
                            ")");
    parts.merge.push_back(s + " = " + std::string(merge) + "(" + s + ")");
    parts.result.push_back(output_name(item) + " = " + s);
}

Status split_sum(const Item& item, Parts& parts) {
    add_simple(item, parts, "sum");
    return {};
}
Status split_min(const Item& item, Parts& parts) {
    add_simple(item, parts, "min");
    return {};
}
Status split_max(const Item& item, Parts& parts) {
    add_simple(item, parts, "max");
    return {};
}
Status split_hll(const Item& item, Parts& parts) {
    add_simple(item, parts, "hll_merge");
    return {};
}
Status split_digest(const Item& item, Parts& parts) {
    add_simple(item, parts, "tdigest_merge");
    return {};
}

/// Lists and sets flatten when they are collected again; a limit holds for the whole.
Status split_collected(const Item& item, Parts& parts) {
    const std::string s = parts.state();
    const std::string& function = item.call.name.text;
    parts.partial.push_back(s + " = " + function + "(" + arguments_text(item.call) + ")");
    const std::string limit = arguments_text(item.call, 1);
    parts.merge.push_back(s + " = " + function + "(" + s + (limit.empty() ? "" : ", " + limit) +
                          ")");
    parts.result.push_back(output_name(item) + " = " + s);
    return {};
}

Status split_average(const Item& item, Parts& parts) {
    if (item.call.arguments.empty()) {
        return refused("avg() needs an argument");
    }
    const std::string value = kql::format_expr(*item.call.arguments[0].expr);
    const bool filtered = item.call.name.text == "avgif" && item.call.arguments.size() > 1;
    const std::string test =
        filtered ? " and (" + kql::format_expr(*item.call.arguments[1].expr) + ")" : "";
    const std::string sum = parts.state();
    const std::string count = parts.state();
    parts.partial.push_back(sum + " = sumif(" + value + ", true" + test + ")");
    parts.partial.push_back(count + " = countif(isnotnull(" + value + ")" + test + ")");
    parts.merge.push_back(sum + " = sum(" + sum + ")");
    parts.merge.push_back(count + " = sum(" + count + ")");
    const bool span = item.outputs[0].type == columns::DataType::TimeSpan;
    parts.result.push_back(output_name(item) + " = " + (span ? sum : "todouble(" + sum + ")") +
                           " / " + count);
    return {};
}

Status split_distinct(const Item& item, Parts& parts) {
    const std::string s = parts.state();
    const bool filtered = item.call.name.text == "dcountif";
    parts.partial.push_back(s + " = " + (filtered ? "hll_if(" : "hll(") +
                            arguments_text(item.call) + ")");
    parts.merge.push_back(s + " = hll_merge(" + s + ")");
    parts.result.push_back(output_name(item) + " = dcount_hll(" + s + ")");
    return {};
}

Status split_percentiles(const Item& item, Parts& parts) {
    if (item.call.arguments.size() != item.outputs.size() + 1) {
        return refused("percentiles need their percents written out");
    }
    const std::string s = parts.state();
    parts.partial.push_back(s + " = tdigest(" + kql::format_expr(*item.call.arguments[0].expr) +
                            ")");
    parts.merge.push_back(s + " = tdigest_merge(" + s + ")");
    for (std::size_t i = 0; i < item.outputs.size(); ++i) {
        parts.result.push_back(output_name(item, i) + " = percentile_tdigest(" + s + ", " +
                               kql::format_expr(*item.call.arguments[i + 1].expr) + ", typeof(" +
                               std::string(columns::type_name(item.outputs[i].type)) + "))");
    }
    return {};
}

/// arg_max, arg_min, take_any: the chosen row's values, chosen again among states.
Status split_choice(const Item& item, Parts& parts) {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < item.outputs.size(); ++i) {
        const bool written = i < item.call.arguments.size() &&
                             item.call.arguments[i].expr->kind() != kql::ExprKind::Star;
        values.push_back(written ? kql::format_expr(*item.call.arguments[i].expr)
                                 : output_name(item, i));
    }
    std::string from;
    std::string states;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::string s = parts.state();
        from += (i > 0 ? ", " : "") + values[i];
        states += (i > 0 ? ", " : "") + s;
        parts.result.push_back(output_name(item, i) + " = " + s);
    }
    const std::string& function = item.call.name.text;
    const std::string head = values.size() > 1 ? "(" + states + ") = " : states + " = ";
    parts.partial.push_back(head + function + "(" + from + ")");
    parts.merge.push_back(head + function + "(" + states + ")");
    return {};
}

struct Rule {
    std::string_view function;
    Split split;
};
constexpr Rule kRules[] = {
    {"count", split_sum},
    {"countif", split_sum},
    {"sum", split_sum},
    {"sumif", split_sum},
    {"min", split_min},
    {"minif", split_min},
    {"max", split_max},
    {"maxif", split_max},
    {"avg", split_average},
    {"avgif", split_average},
    {"dcount", split_distinct},
    {"dcountif", split_distinct},
    {"hll", split_hll},
    {"tdigest", split_digest},
    {"make_set", split_collected},
    {"makeset", split_collected},
    {"make_list", split_collected},
    {"makelist", split_collected},
    {"make_bag", split_collected},
    {"percentile", split_percentiles},
    {"percentiles", split_percentiles},
    {"arg_max", split_choice},
    {"arg_min", split_choice},
    {"take_any", split_choice},
    {"any", split_choice},
};

const Rule* find_rule(std::string_view function) {
    const auto* at = std::find_if(std::begin(kRules), std::end(kRules),
                                  [&](const Rule& rule) { return rule.function == function; });
    return at == std::end(kRules) ? nullptr : at;
}

std::string join(const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& part : parts) {
        out += (out.empty() ? "" : ", ") + part;
    }
    return out;
}

/// The columns an aggregate makes; 0 for `*`, which makes all that are left.
std::size_t outputs_of(const Call& call) {
    const std::string& name = call.name.text;
    for (const NamedExpr& argument : call.arguments) {
        if (argument.expr->kind() == kql::ExprKind::Star) {
            return 0;
        }
    }
    if (name == "arg_max" || name == "arg_min" || name == "take_any" || name == "any") {
        return call.arguments.size();
    }
    return name == "percentiles" ? call.arguments.size() - 1 : 1;
}

Result<std::vector<Item>> items_of(const kql::Summarize& summarize, const columns::Schema& schema) {
    std::size_t known = summarize.keys.size();
    std::size_t stars = 0;
    for (const NamedExpr& aggregate : summarize.aggregates) {
        const auto* call = aggregate.expr->if_as<Call>();
        if (call == nullptr || find_rule(call->name.text) == nullptr) {
            return refused("this aggregate cannot be kept up to date: " +
                           kql::format_expr(*aggregate.expr));
        }
        const std::size_t outputs = outputs_of(*call);
        known += outputs;
        stars += outputs == 0 ? 1 : 0;
    }
    if (stars > 1 || known > schema.size() || (stars == 0 && known != schema.size())) {
        return refused("only one aggregate may take all columns (*)");
    }
    std::vector<Item> out;
    std::size_t at = summarize.keys.size();
    for (const NamedExpr& aggregate : summarize.aggregates) {
        Item item{.call = aggregate.expr->as<Call>(), .outputs = {}};
        std::size_t outputs = outputs_of(item.call);
        outputs = outputs == 0 ? schema.size() - known : outputs;
        for (std::size_t i = 0; i < outputs; ++i) {
            item.outputs.push_back(schema[at++]);
        }
        out.push_back(std::move(item));
    }
    return out;
}

/// The view's pipeline, its parts checked for their shape.
Result<const kql::Query*> pipeline_of(const kql::Lambda& body, std::string_view source) {
    const auto* pipeline = body.result == nullptr ? nullptr : body.result->if_as<kql::Subquery>();
    if (!body.body.empty() || pipeline == nullptr || pipeline->query->source == nullptr) {
        return refused("the query must be one pipeline without let statements");
    }
    const kql::Query& query = *pipeline->query;
    const auto* table = query.source->if_as<kql::NameRef>();
    if (table == nullptr || table->name != source) {
        return refused("the query must begin with its source table, " + std::string(source));
    }
    const auto* last =
        query.operators.empty() ? nullptr : query.operators.back()->if_as<kql::Summarize>();
    if (last == nullptr || last->keys.empty()) {
        return refused("the query must end in a summarize with keys");
    }
    for (const kql::OperatorPtr& op : query.operators) {
        using Kind = kql::OperatorKind;
        constexpr Kind kAllowed[] = {Kind::Where,          Kind::Extend,      Kind::Project,
                                     Kind::ProjectAway,    Kind::ProjectKeep, Kind::ProjectRename,
                                     Kind::ProjectReorder, Kind::MvExpand,    Kind::Parse,
                                     Kind::ParseKv,        Kind::Summarize};
        const bool allowed =
            std::find(std::begin(kAllowed), std::end(kAllowed), op->kind()) != std::end(kAllowed);
        if (!allowed || (op->kind() == Kind::Summarize && op != query.operators.back())) {
            return refused(
                "before the summarize rows may only be filtered and reshaped one by "
                "one, not: " +
                kql::format_operator(*op));
        }
    }
    return &query;
}

}  // namespace

Result<ViewTexts> take_view_apart(std::string_view query, std::string_view source,
                                  const columns::Schema& schema) {
    QD_TRY(const auto body, kql::parse_function("()", query));
    QD_TRY(const kql::Query* pipeline, pipeline_of(*body, source));
    const auto& summarize = pipeline->operators.back()->as<kql::Summarize>();
    QD_TRY(const std::vector<Item> items, items_of(summarize, schema));
    Parts parts;
    std::vector<std::string> keys;
    std::vector<std::string> made;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < summarize.keys.size(); ++i) {
        keys.push_back("k" + std::to_string(i));
        made.push_back(keys.back() + " = " + kql::format_expr(*summarize.keys[i].expr));
        names.push_back(kql::format_name(schema[i].name) + " = " + keys.back());
    }
    for (const Item& item : items) {
        QD_CHECK_OK(find_rule(item.call.name.text)->split(item, parts));
    }
    ViewTexts out;
    for (std::size_t i = 0; i + 1 < pipeline->operators.size(); ++i) {
        out.operators += "| " + kql::format_operator(*pipeline->operators[i]) + "\n";
    }
    out.partial = "summarize " + join(parts.partial) + " by " + join(made);
    out.merge = "summarize " + join(parts.merge) + " by " + join(keys);
    names.insert(names.end(), parts.result.begin(), parts.result.end());
    out.result = "project " + join(names);
    out.columns = join(keys) + (parts.states.empty() ? "" : ", " + join(parts.states));
    return out;
}

}  // namespace qd::query
