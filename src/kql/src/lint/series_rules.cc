// Rules about time series: make-series, decomposition, anomalies.
#include "lint/linter.h"
#include "qd/kql/printer.h"

#include <algorithm>
#include <cmath>

namespace qd::kql {
namespace {

using Role = ColumnFact::Role;

constexpr double kThresholdMax = 10;

bool is_any(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// A timespan as a person would write it.
std::string span_text(std::int64_t ticks) {
    return format_literal(columns::Scalar::of_timespan(ticks));
}

std::string column_name(const NamedExpr& n, bool aggregate) {
    return n.name() != nullptr ? *n.name() : automatic_name(*n.expr, aggregate);
}

// The call inside bin(…) or the expression itself.
const Call* inner_ago(const Expr& e) {
    const auto* call = e.if_as<Call>();
    if (call != nullptr && call->name.text != "ago" && !call->arguments.empty()) {
        return inner_ago(*call->arguments[0].expr);
    }
    return call != nullptr && call->name.text == "ago" && call->arguments.size() == 1 ? call
                                                                                      : nullptr;
}

std::uint32_t end_of(TextSpan span) {
    return span.offset + span.length;
}

}  // namespace

void Linter::series_rules(const Operator& op, const Rows& rows) {
    if (op.kind() == OperatorKind::MakeSeries) {
        check_make_series(op, rows);
        check_idle_bins(op, rows);
    }
    const Visit visit = [&](const Expr& e) {
        if (const auto* call = e.if_as<Call>()) {
            check_decomposition(*call, rows);
        }
        return true;
    };
    each(op, visit);
    if (const auto* extend = op.if_as<Extend>()) {
        for (const NamedExpr& n : extend->columns) {
            const auto* call = n.expr->if_as<Call>();
            if (call != nullptr && call->name.text == "series_decompose" && n.names.size() == 1 &&
                !n.compound) {
                const std::string& name = n.names[0].text;
                add("QDL0010", Severity::Warning, n.span,
                    "One name for the four results of series_decompose(): '" + name +
                        "' is only the baseline, and the seasonal, trend and residual arrays are "
                        "appended under names of their own",
                    "name the parts: (" + name + ", …) = series_decompose(…)",
                    {TextEdit{n.names[0].span, "(" + name + ", " + name + "_seasonal, " + name +
                                                   "_trend, " + name + "_residual)"}});
            }
        }
    }
    check_score(op, rows);
    check_array_length(op, rows);
}

void Linter::check_make_series(const Operator& op, const Rows& rows) {
    const MakeSeries& node = op.as<MakeSeries>();
    if (node.step == nullptr) {
        return;
    }
    const auto unaligned = [&](const ExprPtr& bound) {
        if (bound == nullptr) {
            return false;
        }
        const auto* call = resolve(*bound)->if_as<Call>();
        return call != nullptr && is_any(call->name.text, {"ago", "now"});
    };
    if (unaligned(node.from) || unaligned(node.to)) {
        const std::string step = source(*node.step);
        std::vector<TextEdit> edits;
        for (const ExprPtr* bound : {&node.from, &node.to}) {
            if (unaligned(*bound)) {
                edits.push_back({(*bound)->span, "bin(" + source(**bound) + ", " + step + ")"});
            }
        }
        add("QDL0008", Severity::Warning, node.from != nullptr ? node.from->span : node.to->span,
            "The axis begins at an arbitrary instant, not on a border of the step: the bins do not "
            "line up with bin() and the first and last one are cut",
            "bin both ends to the step", std::move(edits));
    }
    const auto span = node.from == nullptr ? std::nullopt : ago_ticks(*node.from);
    const Call* ago = node.from == nullptr ? nullptr : inner_ago(*node.from);
    if (span && ago != nullptr && rows.lookback > *span) {
        add("QDL0009", Severity::Warning, node.from->span,
            "The query reads " + span_text(rows.lookback) + " but the series begins only " +
                span_text(*span) + " ago: the rest is read and thrown away",
            "begin the series where the filter begins",
            {TextEdit{ago->arguments[0].expr->span, rows.lookback_text}});
    }
    // summarize … by bin(axis, step) right before: the series aggregates aggregates.
    if (rows.before_series == nullptr) {
        return;
    }
    const auto* summarize = rows.before_series->if_as<Summarize>();
    if (summarize == nullptr) {
        return;
    }
    const std::string axis = column_name(node.axis, false);
    const bool binned =
        std::any_of(summarize->keys.begin(), summarize->keys.end(), [&](const NamedExpr& key) {
            const auto* call = key.expr->if_as<Call>();
            return call != nullptr && call->name.text == "bin" && column_name(key, false) == axis;
        });
    if (binned) {
        add("QDL0014", Severity::Info, op.keyword,
            "The rows are aggregated per bin and then once more by make-series: each bin holds one "
            "row, so the second aggregate changes nothing",
            "let make-series aggregate the events themselves, for example make-series n=count() "
            "default=0");
    }
}

void Linter::check_idle_bins(const Operator& op, const Rows& rows) {
    const MakeSeries& node = op.as<MakeSeries>();
    for (const MakeSeries::Aggregate& a : node.aggregates) {
        const auto* call = a.expr.expr->if_as<Call>();
        if (call == nullptr || a.default_value != nullptr || call->arguments.empty()) {
            continue;
        }
        std::string function = call->name.text;
        if (is_any(function, {"avg", "min", "max", "percentile"})) {
            if (const auto* name = call->arguments[0].expr->if_as<NameRef>()) {
                const auto found = rows.columns.find(name->name);
                if (found != rows.columns.end() && found->second.definition != nullptr) {
                    // What the column is decides: a count of nothing is zero, a latency is not.
                    function = found->second.aggregate;
                }
            }
        }
        if (!is_any(function, {"avg", "min", "max", "percentile", "stdev"}) ||
            a.expr.name() == nullptr) {
            continue;
        }
        const std::string& name = *a.expr.name();
        add("QDL0015", Severity::Warning, a.expr.span,
            "Bins without rows get the default 0, not null: the idle times look like values of 0 "
            "and become anomalies",
            "write default=real(null) and fill the gaps with series_fill_linear()",
            {TextEdit{{end_of(a.expr.span), 0}, " default=real(null)"},
             TextEdit{{end_of(op.span), 0},
                      "\n| extend " + name + " = series_fill_linear(" + name + ")"}});
    }
}

void Linter::check_decomposition(const Call& call, const Rows& rows) {
    if (call.name.text == "series_decompose_anomalies") {
        if (call.arguments.size() > 1) {
            check_threshold(*call.arguments[1].expr);
        }
        check_period(call, 2, rows);
    } else if (call.name.text == "series_decompose" || call.name.text == "series_seasonal") {
        check_period(call, 1, rows);
    } else if (call.name.text == "series_decompose_forecast") {
        check_period(call, 2, rows);
    }
}

void Linter::check_threshold(const Expr& argument) {
    const Parameter* parameter = nullptr;
    if (const auto* name = argument.if_as<NameRef>()) {
        const auto found = scope_.parameters.find(name->name);
        parameter = found == scope_.parameters.end() ? nullptr : found->second;
    }
    const auto value = number(argument);
    const bool high = value && *value > kThresholdMax;
    const bool is_int = parameter != nullptr && (parameter->type == columns::DataType::Int ||
                                                 parameter->type == columns::DataType::Long);
    std::vector<TextEdit> edits;
    if (parameter != nullptr && (high || is_int)) {
        edits.push_back(
            {parameter->span,
             format_name(parameter->name.text) + ":real=" +
                 (high || parameter->default_value == nullptr
                      ? "3.0"
                      : format_literal(columns::Scalar::of_real(value.value_or(3.0))))});
        if (parameter->default_value == nullptr) {
            edits[0].replacement = format_name(parameter->name.text) + ":real";
        }
    } else if (const auto edit = edit_constant(argument, "3.0")) {
        edits.push_back(*edit);
    }
    if (high) {
        add("QDL0001", Severity::Warning, argument.span,
            "The threshold is a multiplier of Tukey's fence, not a percentile: at " +
                format_literal(columns::Scalar::of_real(*value)) +
                " a residual must lie tens of standard deviations out, so nothing is ever an "
                "anomaly",
            "use 1.5 (mild) or 3.0 (strong)", edits);
    }
    if (is_int) {
        add("QDL0026", Severity::Warning, parameter->span,
            "The threshold is declared as a whole number: 1.5 is cut to 1 before it is used",
            "declare it as real", std::move(edits));
    }
}

void Linter::check_period(const Call& call, std::size_t index, const Rows& rows) {
    if (call.arguments.size() <= index || rows.series == nullptr) {
        return;
    }
    const MakeSeries& series = rows.series->as<MakeSeries>();
    const auto period = number(*call.arguments[index].expr);
    const std::int64_t step = series.step == nullptr ? 0 : ticks(*series.step).value_or(0);
    if (!period || *period < 2 || step <= 0) {
        return;
    }
    const double length = *period * static_cast<double>(step);
    const std::int64_t wanted = step < Ticks::kDay ? Ticks::kDay : 7 * Ticks::kDay;
    const bool natural = length == static_cast<double>(Ticks::kDay) ||
                         length == static_cast<double>(7 * Ticks::kDay);
    if (!natural) {
        std::vector<TextEdit> edits;
        const std::int64_t points = wanted / step;
        if (wanted % step == 0) {
            if (const auto edit =
                    edit_constant(*call.arguments[index].expr, std::to_string(points))) {
                edits.push_back(*edit);
            }
        }
        add("QDL0002", Severity::Warning, call.arguments[index].expr->span,
            "The seasonality counts points, not hours or days: at a step of " + span_text(step) +
                " it is a period of " + span_text(static_cast<std::int64_t>(length)) +
                ", while people and machines repeat by day and week",
            "a period of " + span_text(wanted) + " is " + std::to_string(points) + " points",
            std::move(edits));
    }
    // Two whole periods are needed to learn one.
    const std::int64_t span = series.from == nullptr ? 0 : ago_ticks(*series.from).value_or(0);
    const std::int64_t used = natural ? static_cast<std::int64_t>(length) : wanted;
    if (span > 0 && span < 2 * used) {
        const Call* ago = inner_ago(*series.from);
        std::vector<TextEdit> edits;
        if (ago != nullptr) {
            const std::int64_t enough = used == Ticks::kDay ? 7 * used : 4 * used;
            if (const auto edit = edit_constant(*ago->arguments[0].expr, span_text(enough))) {
                edits.push_back(*edit);
            }
        }
        add("QDL0024", Severity::Warning, series.from->span,
            "The series covers " + span_text(span) + ", less than two periods of " +
                span_text(used) + ": no season can be learned from it",
            "look at a week or more", std::move(edits));
    }
}

void Linter::check_score(const Operator& op, const Rows& rows) {
    const std::vector<NamedExpr>* list = nullptr;
    if (const auto* project = op.if_as<Project>()) {
        list = &project->columns;
    } else if (const auto* extend = op.if_as<Extend>()) {
        list = &extend->columns;
    }
    if (list == nullptr) {
        return;
    }
    for (const NamedExpr& n : *list) {
        const auto* ref = n.expr->if_as<NameRef>();
        if (ref == nullptr || n.name() == nullptr) {
            continue;
        }
        std::string lower = *n.name();
        std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        const auto found = rows.columns.find(ref->name);
        if (lower.find("score") == std::string::npos || found == rows.columns.end() ||
            found->second.role != Role::Flag) {
            continue;
        }
        const ColumnFact& fact = found->second;
        std::vector<TextEdit> edits;
        if (fact.name_span.length > 0 && source(fact.name_span) == ref->name) {
            edits.push_back({fact.name_span, "(" + ref->name + ", " + ref->name + "_score, " +
                                                 ref->name + "_baseline)"});
            if (fact.expanded_at > 0) {
                edits.push_back(
                    {{fact.expanded_at, 0}, ", " + ref->name + "_score to typeof(real)"});
            }
            edits.push_back({n.expr->span, ref->name + "_score"});
        }
        add("QDL0003", Severity::Warning, n.span,
            "'" + ref->name +
                "' is the flag of series_decompose_anomalies(), only ever -1, 0 or 1; the score is "
                "its second result",
            "take the parts apart: (flag, score, baseline) = series_decompose_anomalies(…)",
            std::move(edits));
    }
}

void Linter::check_array_length(const Operator& op, const Rows& rows) {
    const auto* where = op.if_as<Where>();
    if (where == nullptr || rows.series == nullptr) {
        return;
    }
    const Visit visit = [&](const Expr& e) {
        const auto* binary = e.if_as<Binary>();
        const Call* call = binary == nullptr ? nullptr : binary->left->if_as<Call>();
        if (call == nullptr || call->name.text != "array_length" || call->arguments.size() != 1) {
            return true;
        }
        const auto* ref = call->arguments[0].expr->if_as<NameRef>();
        const auto bound = number(*binary->right);
        if (ref == nullptr || !bound || *bound > 1) {
            return true;
        }
        const auto found = rows.columns.find(ref->name);
        if (found == rows.columns.end() || found->second.role == Role::Plain) {
            return true;
        }
        std::vector<TextEdit> edits;
        if (where->predicate.get() == &e && found->second.role == Role::Flag) {
            const MakeSeries& series = rows.series->as<MakeSeries>();
            std::string text = "mv-expand " + format_name(column_name(series.axis, false)) +
                               " to typeof(datetime)";
            for (const MakeSeries::Aggregate& a : series.aggregates) {
                text += ", " + format_name(column_name(a.expr, true)) + " to typeof(real)";
            }
            text += ", " + format_name(ref->name) + " to typeof(long)\n| where " +
                    format_name(ref->name) + " == 1";
            edits.push_back({op.span, text});
        }
        add("QDL0004", Severity::Warning, e.span,
            "'" + ref->name +
                "' is an array with one element for every bin: its length is the number of bins, "
                "so "
                "this is always true",
            "unroll the arrays with mv-expand and filter on the flag", std::move(edits));
        return true;
    };
    each(*where->predicate, visit);
}

}  // namespace qd::kql
