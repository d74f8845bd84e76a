// The linter: finds queries that run, or look as if they would, and do not do what they seem to.
// Every rule looks at the tree and at what is known of the rows at that place (which columns are
// series, which came from prev(), …); a rule that knows a safe rewriting gives text edits, so that
// comments and layout of the rest survive. The corrected text is reached by applying the edits of
// one round, linting again and so on until nothing is left to rewrite.
// Source: kql.md e, alerting.md 1.
#include "qd/kql/lint.h"

#include "lint/linter.h"
#include "parse/tree_walk.h"
#include "qd/kql/command.h"
#include "qd/kql/parser.h"

#include <algorithm>

namespace qd::kql {
namespace {

constexpr int kRoundsMax = 30;
/// A text with more faults than this is not a query that someone wrote.
constexpr std::size_t kFindingsMax = 500;

bool overlap(TextSpan a, TextSpan b) {
    if (a.length == 0 || b.length == 0) {
        // Insertions clash only with edits that surround them.
        return a.offset > b.offset   ? a.offset < b.offset + b.length
               : b.offset > a.offset ? b.offset < a.offset + a.length
                                     : a.length == b.length;
    }
    return a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}

// Applies the edits of as many findings as do not clash; false when there were none.
bool apply_edits(std::string& text, const std::vector<Finding>& findings) {
    std::vector<TextEdit> chosen;
    for (const Finding& finding : findings) {
        std::vector<TextEdit> fresh;
        bool clash = false;
        for (const TextEdit& edit : finding.edits) {
            bool same = false;
            for (const TextEdit& other : chosen) {
                same = same || (other.span.offset == edit.span.offset &&
                                other.span.length == edit.span.length &&
                                other.replacement == edit.replacement);
                clash = clash || (!same && overlap(other.span, edit.span));
            }
            if (!same) {
                fresh.push_back(edit);
            }
        }
        if (!clash) {
            chosen.insert(chosen.end(), fresh.begin(), fresh.end());
        }
    }
    std::stable_sort(chosen.begin(), chosen.end(), [](const TextEdit& a, const TextEdit& b) {
        return a.span.offset > b.span.offset;
    });
    for (const TextEdit& edit : chosen) {
        text.replace(edit.span.offset, edit.span.length, edit.replacement);
    }
    return !chosen.empty();
}

std::vector<Finding> find_all(std::string_view text, const LintOptions& options) {
    const ParseResult parsed = parse(text);
    Linter linter(text, options);
    linter.run(parsed.script, parsed.diagnostics);
    return linter.take();
}

}  // namespace

LintReport lint(std::string_view text, const LintOptions& options) {
    LintReport report;
    report.findings = find_all(text, options);
    std::string corrected(text);
    std::vector<Finding> findings = report.findings;
    bool changed = false;
    for (int round = 0; round < kRoundsMax && apply_edits(corrected, findings); ++round) {
        changed = true;
        findings = find_all(corrected, options);
    }
    if (changed) {
        report.corrected = std::move(corrected);
    }
    return report;
}

std::vector<LintRule> lint_rules() {
    return {
        {"QDL0000", "syntax error"},
        {"QDL0001", "anomaly threshold above 10"},
        {"QDL0002", "seasonality is not a day or a week"},
        {"QDL0003", "anomaly flag used as the score"},
        {"QDL0004", "array_length() of a series is its number of bins"},
        {"QDL0005", "column lost by make-series"},
        {"QDL0006", "conditional operator ?: does not exist"},
        {"QDL0007", "_left and _right do not exist after a join"},
        {"QDL0008", "make-series axis is not on bin borders"},
        {"QDL0009", "make-series discards part of the lookback"},
        {"QDL0010", "series_decompose() named by one name"},
        {"QDL0011", "join multiplies rows"},
        {"QDL0012", "dynamic property kept without a type"},
        {"QDL0013", "has matches terms, not prefixes"},
        {"QDL0014", "series aggregated twice"},
        {"QDL0015", "idle bins count as zero"},
        {"QDL0016", "literal used as a conversion"},
        {"QDL0017", "undefined name in ago()"},
        {"QDL0018", "prev() or next() without sort"},
        {"QDL0019", "datetime_diff() as a duration"},
        {"QDL0020", "quotient of limits hides a limit"},
        {"QDL0021", "ratio of two burn rates"},
        {"QDL0022", "function called by its folder"},
        {"QDL0023", "ago() beyond the effective range"},
        {"QDL0024", "too little data for two seasons"},
        {"QDL0025", "assignment in where"},
        {"QDL0026", "threshold parameter of type int"},
        {"QDL0027", "column does not exist"},
        {"QDL0028", "management command"},
        {"QDL0029", "request durations read from machine counters"},
    };
}

void Linter::add(std::string id, Severity severity, TextSpan span, std::string message,
                 std::string fix, std::vector<TextEdit> edits) {
    if (findings_.size() >= kFindingsMax) {
        return;
    }
    for (const Finding& other : findings_) {
        if (other.id == id && other.span.offset == span.offset &&
            other.span.length == span.length) {
            return;
        }
    }
    Finding finding;
    finding.id = std::move(id);
    finding.severity = severity;
    finding.span = span;
    finding.message = std::move(message);
    finding.fix = std::move(fix);
    finding.edits = std::move(edits);
    findings_.push_back(std::move(finding));
}

std::vector<Finding> Linter::take() {
    std::stable_sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
        return a.span.offset < b.span.offset;
    });
    return std::move(findings_);
}

void Linter::run(const Script& script, const std::vector<Diagnostic>& diagnostics) {
    script_ = &script;
    for (const Statement& s : script.statements) {
        statement(s);
    }
    if (script.command != nullptr) {
        add("QDL0028", Severity::Info, script.command->span,
            "A management command: the Log Analytics query API has none, they go to the Kusto "
            "management endpoint",
            "send it to /v1/rest/mgmt");
        if (script.command->function != nullptr) {
            lambda(*script.command->function);
        }
        if (script.command->query != nullptr) {
            query(*script.command->query, nullptr);
        }
    }
    // Syntax errors that no rule explains.
    for (const Diagnostic& d : diagnostics) {
        const bool explained =
            std::any_of(findings_.begin(), findings_.end(), [&](const Finding& f) {
                return (f.id == "QDL0006" || f.id == "QDL0016") && d.span.offset >= f.span.offset &&
                       d.span.offset < f.span.offset + f.span.length;
            });
        if (!explained) {
            add("QDL0000", d.severity, d.span, d.code + ": " + d.message, "");
        }
    }
}

void Linter::statement(const Statement& s) {
    if (const auto* let = s.if_as<Let>()) {
        if (let->lambda != nullptr) {
            scope_.lambdas.insert(let->name.text);
            scope_.tables[let->name.text] = lambda(*let->lambda);
        } else if (let->value != nullptr) {
            check_expression(*let->value, nullptr);
            scope_.values[let->name.text] = let->value.get();
            scope_.tables[let->name.text] = value_rows(*let->value);
        }
    } else if (const auto* declare = s.if_as<DeclareQueryParameters>()) {
        for (const Parameter& p : declare->parameters) {
            scope_.parameters[p.name.text] = &p;
        }
    } else if (const auto* q = s.if_as<QueryStatement>()) {
        query(*q->query, nullptr);
    }
}

Rows Linter::lambda(const Lambda& l) {
    const Scope outer = scope_;
    for (const Parameter& p : l.parameters) {
        scope_.values.erase(p.name.text);
        scope_.parameters[p.name.text] = &p;
    }
    for (const Statement& s : l.body) {
        statement(s);
    }
    Rows rows;
    if (l.result != nullptr) {
        check_expression(*l.result, nullptr);
        rows = value_rows(*l.result);
    }
    scope_ = outer;
    return rows;
}

// Rows of an expression that may be tabular; scalars give unknown rows.
Rows Linter::value_rows(const Expr& expr) {
    if (const auto* sub = expr.if_as<Subquery>()) {
        return query(*sub->query, nullptr);
    }
    if (const auto* call = expr.if_as<Call>();
        call != nullptr && call->name.text == "materialize" && call->arguments.size() == 1) {
        return value_rows(*call->arguments[0].expr);
    }
    return source_rows(expr);
}

std::string Linter::source(TextSpan span) const {
    return std::string(text_.substr(std::min<std::size_t>(span.offset, text_.size()), span.length));
}
std::string Linter::source(const Expr& e) const {
    return source(e.span);
}

// A name that a let gives a value: the value. Anything else: itself.
const Expr* Linter::let_value(const Expr& e) const {
    if (const auto* name = e.if_as<NameRef>()) {
        if (const auto found = scope_.values.find(name->name); found != scope_.values.end()) {
            return found->second;
        }
        if (const auto found = scope_.parameters.find(name->name);
            found != scope_.parameters.end() && found->second->default_value != nullptr) {
            return found->second->default_value.get();
        }
    }
    return nullptr;
}

const Expr* Linter::resolve(const Expr& e) const {
    const Expr* at = &e;
    for (int i = 0; i < 8; ++i) {
        const Expr* next = let_value(*at);
        if (next == nullptr || next == at) {
            break;
        }
        at = next;
    }
    return at;
}

std::optional<double> Linter::number(const Expr& e) const {
    const Expr* at = resolve(e);
    if (const auto* unary = at->if_as<Unary>(); unary != nullptr && unary->op == UnaryOp::Minus) {
        const auto inner = number(*unary->operand);
        return inner ? std::optional(-*inner) : std::nullopt;
    }
    const auto* literal = at->if_as<Literal>();
    if (literal == nullptr || literal->value.is_null()) {
        return std::nullopt;
    }
    switch (literal->value.type()) {
        case columns::DataType::Int:
        case columns::DataType::Long:
            return static_cast<double>(literal->value.as_int());
        case columns::DataType::Real:
            return literal->value.as_real();
        default:
            return std::nullopt;
    }
}

std::optional<std::int64_t> Linter::ticks(const Expr& e) const {
    const auto* literal = resolve(e)->if_as<Literal>();
    if (literal == nullptr || literal->value.is_null() ||
        literal->value.type() != columns::DataType::TimeSpan) {
        return std::nullopt;
    }
    return literal->value.as_int();
}

// The argument of ago(), also inside bin() and through let.
std::optional<std::int64_t> Linter::ago_ticks(const Expr& e) const {
    const auto* call = resolve(e)->if_as<Call>();
    if (call == nullptr || call->arguments.empty()) {
        return std::nullopt;
    }
    if (call->name.text == "ago") {
        return ticks(*call->arguments[0].expr);
    }
    if (call->name.text == "bin" || call->name.text.substr(0, 7) == "startof") {
        return ago_ticks(*call->arguments[0].expr);
    }
    return std::nullopt;
}

// Replaces a constant where it is written: here, in its let, or as a parameter's default.
std::optional<TextEdit> Linter::edit_constant(const Expr& e, std::string replacement) const {
    if (const auto* name = e.if_as<NameRef>()) {
        if (const auto found = scope_.values.find(name->name); found != scope_.values.end()) {
            return edit_constant(*found->second, std::move(replacement));
        }
        if (const auto found = scope_.parameters.find(name->name);
            found != scope_.parameters.end()) {
            const Parameter& p = *found->second;
            if (p.default_value == nullptr) {
                return std::nullopt;
            }
            return TextEdit{p.default_value->span, std::move(replacement)};
        }
        return std::nullopt;
    }
    if (e.kind() != ExprKind::Literal) {
        return std::nullopt;
    }
    return TextEdit{e.span, std::move(replacement)};
}

bool Linter::in_scope(const std::string& name) const {
    return scope_.values.count(name) > 0 || scope_.parameters.count(name) > 0 ||
           scope_.lambdas.count(name) > 0 || scope_.tables.count(name) > 0;
}

void Linter::each(const Operator& op, const Visit& visit) {
    tree::walk(op.node, visit);
}
void Linter::each(const Expr& expr, const Visit& visit) {
    tree::walk(expr, visit);
}

}  // namespace qd::kql
