// Automatic column names (kql.md b.20, b.21).
#include "plan/binder.h"
#include "plan/binder_parts.h"
#include "qd/columns/text.h"

#include <algorithm>

namespace qd::kql {

std::string Binder::aggregate_name(const Call& call, const AggregateFunction& function) const {
    const std::string_view name = function.name;
    std::string argument =
        call.arguments.empty() ? std::string() : natural_name(*call.arguments[0].expr);
    if (function.name_prefix.empty()) {
        return argument;
    }
    if (name.starts_with("covariance") && call.arguments.size() > 1) {
        return std::string(name) + "_" + argument + "_" + natural_name(*call.arguments[1].expr);
    }
    std::string out = std::string(function.name_prefix) + "_" + argument;
    if (name == "percentile" || name == "percentilew") {
        const std::size_t at = name == "percentile" ? 1 : 2;
        if (call.arguments.size() > at) {
            if (const auto* literal = call.arguments[at].expr->if_as<Literal>()) {
                std::string text = columns::to_text(literal->value);
                if (literal->value.type() == DataType::Real && text.ends_with(".0")) {
                    text.resize(text.size() - 2);
                }
                std::replace(text.begin(), text.end(), '.', '_');
                out += "_" + text;
            }
        }
    }
    return out;
}

std::string Binder::natural_name(const Expr& expr) const {
    switch (expr.kind()) {
        case ExprKind::NameRef:
            return expr.as<NameRef>().name;
        case ExprKind::Path: {
            const Path& path = expr.as<Path>();
            if (const auto* side = path.object->if_as<NameRef>();
                side != nullptr && !side->name.empty() && side->name[0] == '$') {
                return path.member.text;
            }
            const std::string object = natural_name(*path.object);
            return object.empty() ? path.member.text : object + "_" + path.member.text;
        }
        case ExprKind::Element: {
            const Element& element = expr.as<Element>();
            const std::string object = natural_name(*element.object);
            const auto* literal = element.index->if_as<Literal>();
            if (object.empty() || literal == nullptr) {
                return "";
            }
            return object + "_" + columns::to_text(literal->value);
        }
        case ExprKind::Call: {
            const Call& call = expr.as<Call>();
            const std::string& name = call.name.text;
            if (call.object || environment_->find(name)) {
                return "";
            }
            if (const ScalarFunction* function = find_scalar_function(name)) {
                if (call.arguments.empty() || function->naming == Naming::Anonymous) {
                    return "";
                }
                std::string argument = natural_name(*call.arguments[0].expr);
                if (function->naming == Naming::FirstArgument) {
                    return argument;
                }
                return name + "_" + argument;
            }
            if (name == "bin_auto" && call.arguments.size() == 1) {
                return natural_name(*call.arguments[0].expr);
            }
            if (const AggregateFunction* function = find_aggregate(name)) {
                return aggregate_name(call, *function);
            }
            if ((name == "column_ifexists" || name == "columnifexists") &&
                !call.arguments.empty()) {
                if (const auto* literal = call.arguments[0].expr->if_as<Literal>()) {
                    return literal->value.bytes();
                }
            }
            return "";
        }
        case ExprKind::Subquery: {
            const Query& query = *expr.as<Subquery>().query;
            return query.source && query.operators.empty() ? natural_name(*query.source) : "";
        }
        case ExprKind::Literal:
        case ExprKind::Star:
        case ExprKind::Wildcard:
        case ExprKind::Unary:
        case ExprKind::Binary:
        case ExprKind::Logical:
        case ExprKind::Between:
        case ExprKind::InList:
        case ExprKind::DataTable:
        case ExprKind::ExternalData:
        case ExprKind::TypeOf:
        case ExprKind::Conditional:
        case ExprKind::Missing:
            break;
    }
    return "";
}

}  // namespace qd::kql
