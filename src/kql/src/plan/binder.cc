// Statements and diagnostics of the binder.
#include "plan/binder.h"

#include "exec/evaluator.h"
#include "plan/binder_parts.h"
#include "qd/columns/text.h"
#include "qd/kql/parser.h"

#include <algorithm>

namespace qd::kql {

Binder::Binder(Setup setup)
    : setup_(std::move(setup)), environment_(std::make_shared<Environment>()) {
    default_database_ = setup_.options->database.empty() ? setup_.catalog->default_database()
                                                         : setup_.options->database;
}

Binder::~Binder() = default;

bool Binder::failed() const {
    return run_error_.has_value() ||
           std::any_of(diagnostics_.begin(), diagnostics_.end(),
                       [](const Diagnostic& d) { return d.severity == Severity::Error; });
}

void Binder::report(std::string code, std::string ks_code, std::string message, TextSpan span) {
    if (diagnostics_.size() >= 200) {
        return;
    }
    for (const Diagnostic& d : diagnostics_) {
        if (d.span.offset == span.offset && d.message == message) {
            return;  // a lambda called twice
        }
    }
    diagnostics_.push_back({.severity = Severity::Error,
                            .code = std::move(code),
                            .ks_code = std::move(ks_code),
                            .message = std::move(message),
                            .span = span});
}

void Binder::report(const Error& error, TextSpan span) {
    // Operators are not defined for their operands' types; functions' arguments have the wrong
    // type.
    const std::string_view id = error.id();
    const char* ks_code = id == "SEM0064" || id == "SEM0026"   ? "KS106"
                          : id == "SEM0259" || id == "SEM0230" ? "KS107"
                                                               : "";
    report(error.id(), ks_code, error.message(), error.span().value_or(span));
}

BoundPtr Binder::failed_expr(std::string code, std::string ks_code, std::string message,
                             TextSpan span) {
    report(std::move(code), std::move(ks_code), std::move(message), span);
    return make_unknown(span);
}

std::string Binder::operator_text() const {
    return operator_.empty() ? std::string() : "'" + std::string(operator_) + "' operator: ";
}

std::vector<BoundResult> Binder::bind(const Script& script) {
    std::vector<BoundResult> results;
    for (const Statement& statement : script.statements) {
        bind_statement(statement, results);
        if (run_error_) {
            break;
        }
    }
    return results;
}

void Binder::bind_statement(const Statement& statement, std::vector<BoundResult>& results) {
    switch (statement.kind()) {
        case StatementKind::Let:
            bind_let(statement.as<Let>());
            break;
        case StatementKind::SetOption:
            bind_option(statement.as<SetOption>());
            break;
        case StatementKind::DeclareQueryParameters:
            declare_parameters(statement.as<DeclareQueryParameters>());
            break;
        case StatementKind::DeclarePattern:
            report("SEM0008", "", "declare pattern is not supported", statement.span);
            break;
        case StatementKind::RestrictAccess:
            report("SEM0008", "", "restrict access is not supported", statement.span);
            break;
        case StatementKind::AliasDatabase:
            report("SEM0008", "", "alias database is not supported", statement.span);
            break;
        case StatementKind::Query:
            bind_query_statement(*statement.as<QueryStatement>().query, results);
            break;
    }
}

void Binder::bind_let(const Let& let) {
    auto entity = std::make_shared<Entity>();
    if (let.lambda) {
        entity->kind = Entity::Kind::Function;
        entity->lambda = let.lambda.get();
        entity->environment = environment_;
        entity->view = let.lambda->view;
        // Names set from here on are not the lambda's: it sees what came before it.
        environment_ = std::make_shared<Environment>(environment_);
    } else if (PlanPtr table = try_bind_table(*let.value)) {
        entity->kind = Entity::Kind::Table;
        entity->table = std::move(table);
    } else {
        const std::string_view before = operator_;
        operator_ = "let";
        entity->scalar = bind_expr(*let.value);
        operator_ = before;
    }
    environment_->set(let.name.text, std::move(entity));
}

void Binder::declare_parameters(const DeclareQueryParameters& declare) {
    for (const Parameter& parameter : declare.parameters) {
        std::optional<Scalar> value;
        for (const auto& [name, text] : setup_.options->parameters) {
            if (name != parameter.name.text) {
                continue;
            }
            Result<Scalar> parsed = parse_literal(text);
            if (parsed.ok()) {
                value = cast_scalar(*parsed, parameter.type);
            } else if (parameter.type == DataType::String) {
                value = Scalar::of_string(text);
            } else {
                report("SEM0001", "",
                       "Query parameter '" + name + "' is not a value of type " +
                           std::string(columns::type_name(parameter.type)),
                       parameter.span);
            }
        }
        if (!value && parameter.default_value) {
            value = bind_constant(*parameter.default_value, parameter.type);
        }
        auto entity = std::make_shared<Entity>();
        if (value) {
            entity->scalar = make_constant(*value, parameter.span);
        } else if (setup_.runner == nullptr) {
            entity->scalar = make_cast(make_unknown(parameter.span), parameter.type);
        } else {
            report("SEM0001", "", "Query parameter has no value: '" + parameter.name.text + "'",
                   parameter.span);
            entity->scalar = make_unknown(parameter.span);
        }
        environment_->set(parameter.name.text, std::move(entity));
    }
}

void Binder::bind_option(const SetOption& option) {
    std::optional<Scalar> value;
    if (option.value) {
        if (const auto* literal = option.value->if_as<Literal>()) {
            value = literal->value;
        } else if (const auto* name = option.value->if_as<NameRef>()) {
            value = Scalar::of_string(name->name);
        } else {
            value = bind_constant(*option.value, std::nullopt);
        }
    }
    const auto count = [&]() -> std::optional<std::uint64_t> {
        if (!value) {
            return std::nullopt;
        }
        const Scalar n = cast_scalar(*value, DataType::Long);
        return n.is_null() || n.as_int() < 0
                   ? std::nullopt
                   : std::optional(static_cast<std::uint64_t>(n.as_int()));
    };
    const std::string& name = option.name.text;
    if (name == "notruncation") {
        settings_.no_truncation = !value || cast_scalar(*value, DataType::Bool).as_bool();
    } else if (name == "truncationmaxrecords") {
        settings_.truncation_rows = count();
    } else if (name == "truncationmaxsize") {
        settings_.truncation_bytes = count();
    } else if (name == "query_take_max_records") {
        settings_.take_rows = count();
    } else if (name == "query_bin_auto_size") {
        settings_.bin_auto_size = value;
    } else if (name == "query_bin_auto_at") {
        settings_.bin_auto_at = value;
    } else if (name == "query_now" && value) {
        const Scalar now = cast_scalar(*value, DataType::DateTime);
        if (!now.is_null()) {
            settings_.now = Timestamp{now.as_int()};
            setup_.evaluation.now = *settings_.now;
        }
    }
}

void Binder::bind_query_statement(const Query& query, std::vector<BoundResult>& results) {
    visualization_ = {};
    std::vector<BoundResult> extra;
    extra_results_ = &extra;
    // An expression alone is a table of one cell: `1 + 1` or `f(2)`.
    PlanPtr plan;
    if (query.source && query.operators.empty() &&
        (plan = try_bind_table(*query.source)) == nullptr) {
        report("SEM0100", "KS109", "The statement must be a table", query.source->span);
        plan = unknown_table();
    } else if (plan == nullptr) {
        plan = bind_query(query);
    }
    extra_results_ = nullptr;
    if (!extra.empty()) {
        for (BoundResult& result : extra) {
            results.push_back(std::move(result));
        }
        return;
    }
    BoundResult result;
    result.plan = std::move(plan);
    result.visualization = visualization_;
    result.name =
        results.empty() ? "PrimaryResult" : "PrimaryResult_" + std::to_string(results.size());
    results.push_back(std::move(result));
}

std::optional<Scalar> Binder::bind_constant(const Expr& expr, std::optional<DataType> type) {
    BoundPtr bound = bind_expr(expr);
    if (bound->unknown) {
        return Scalar::null_of(type.value_or(DataType::Dynamic));
    }
    if (!is_constant(bound)) {
        if (bound->single_column == BoundExpr::kNoColumn && !bound->has_window) {
            Result<Scalar> value = evaluate_constant(bound, setup_.evaluation);
            if (value.ok()) {
                return type ? cast_scalar(*value, *type) : *value;
            }
        }
        report("SEM0034", "KS129", operator_text() + "The expression must be constant", expr.span);
        return std::nullopt;
    }
    return type ? cast_scalar(bound->constant, *type) : bound->constant;
}

std::optional<std::uint64_t> Binder::bind_count(const Expr& expr) {
    const ScopeGuard guard(*this, nullptr);
    BoundPtr bound = bind_expr(expr);
    if (bound->unknown) {
        return 0;
    }
    if (!is_constant(bound) ||
        (!columns::is_numeric(bound->type) && bound->type != DataType::Dynamic)) {
        report("SEM0034", "KS134", operator_text() + "The number of rows must be a constant",
               expr.span);
        return std::nullopt;
    }
    const Scalar n = cast_scalar(bound->constant, DataType::Long);
    if (n.is_null() || n.as_int() < 0) {
        report("SEM0035", "", operator_text() + "The number of rows must not be negative",
               expr.span);
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(n.as_int());
}

}  // namespace qd::kql
