// Statements, pipelines and the parts that operators share, as canonical text.
#include "parse/tree_fields.h"
#include "print/writer.h"
#include "qd/kql/command.h"
#include "qd/kql/printer.h"

namespace qd::kql {

void Writer::new_line() {
    out_.push_back('\n');
    out_.append(static_cast<std::size_t>(depth_) * 4, ' ');
}

void Writer::named(const NamedExpr& n) {
    if (n.compound) {
        text("(");
        name_list(n.names);
        text(") = ");
    } else if (!n.names.empty()) {
        name(n.names[0].text);
        text(" = ");
    }
    expr(*n.expr);
}

void Writer::named_list(const std::vector<NamedExpr>& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        text(i == 0 ? "" : ", ");
        named(list[i]);
    }
}

void Writer::expr_list(const std::vector<ExprPtr>& list, int level) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        text(i == 0 ? "" : ", ");
        expr(*list[i], level);
    }
}

void Writer::name_list(const std::vector<Name>& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        text(i == 0 ? "" : ", ");
        name(list[i].text);
    }
}

void Writer::ordered(const OrderedExpr& o) {
    named(o.expr);
    switch (o.order) {
        case SortOrder::Default:
            break;
        case SortOrder::Ascending:
            text(" asc");
            break;
        case SortOrder::Descending:
            text(" desc");
            break;
    }
    if (o.nulls != NullsOrder::Default) {
        text(o.nulls == NullsOrder::First ? " nulls first" : " nulls last");
    }
}

void Writer::ordered_list(const std::vector<OrderedExpr>& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        text(i == 0 ? "" : ", ");
        ordered(list[i]);
    }
}

void Writer::column(const ColumnDeclaration& c) {
    name(c.name.text);
    text(":");
    text(columns::type_name(c.type));
}

void Writer::columns(const std::vector<ColumnDeclaration>& list, bool star) {
    text("(");
    text(star ? (list.empty() ? "*" : "*, ") : "");
    for (std::size_t i = 0; i < list.size(); ++i) {
        text(i == 0 ? "" : ", ");
        column(list[i]);
    }
    text(")");
}

void Writer::parameter(const OperatorParameter& p) {
    // Dotted names (hint.strategy) are written as they are.
    if (p.name.text.find_first_of(".-") != std::string::npos) {
        text(p.name.text);
    } else {
        name(p.name.text);
    }
    if (p.value == nullptr) {
        return;
    }
    text("=");
    if (const auto* list = p.value->if_as<Call>();
        list != nullptr && list->name.text == "list" && list->object == nullptr) {
        named_list(list->arguments);
        return;
    }
    // A word with a dash (kind=case-sensitive) is no name anywhere else.
    if (const auto* word = p.value->if_as<NameRef>();
        word != nullptr && word->name.find('-') != std::string::npos &&
        word->name.find_first_of(" '\"[") == std::string::npos) {
        text(word->name);
        return;
    }
    expr(*p.value, 8);
}

void Writer::parameters(const std::vector<OperatorParameter>& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        text(i == 0 ? "" : " ");
        parameter(list[i]);
    }
}

void Writer::properties(const std::vector<OperatorParameter>& list) {
    text("(");
    for (std::size_t i = 0; i < list.size(); ++i) {
        text(i == 0 ? "" : ", ");
        parameter(list[i]);
    }
    text(")");
}

void Writer::query(const Query& q) {
    bool first = true;
    if (q.source != nullptr) {
        expr(*q.source);
        first = false;
    }
    for (const OperatorPtr& op : q.operators) {
        if (!first) {
            new_line();
            text("| ");
        }
        first = false;
        oper(*op);
    }
}

void Writer::nested(const Query& q, std::string_view open, std::string_view close) {
    text(open);
    ++depth_;
    new_line();
    query(q);
    --depth_;
    if (!close.empty()) {
        new_line();
        text(close);
    }
}

void Writer::parameter_declaration(const Parameter& p) {
    name(p.name.text);
    text(":");
    if (p.tabular) {
        columns(p.columns, p.any_columns);
    } else {
        text(columns::type_name(p.type));
    }
    if (p.default_value != nullptr) {
        text("=");
        expr(*p.default_value);
    }
}

void Writer::lambda(const Lambda& l) {
    text(l.view ? "view (" : "(");
    for (std::size_t i = 0; i < l.parameters.size(); ++i) {
        text(i == 0 ? "" : ", ");
        parameter_declaration(l.parameters[i]);
    }
    text(") {");
    ++depth_;
    for (const Statement& s : l.body) {
        new_line();
        statement(s);
        text(";");
    }
    new_line();
    if (l.result != nullptr) {
        if (const auto* sub = l.result->if_as<Subquery>()) {
            query(*sub->query);
        } else {
            expr(*l.result);
        }
    }
    --depth_;
    new_line();
    text("}");
}

void Writer::statement(const Statement& s) {
    switch (s.kind()) {
        case StatementKind::Let: {
            const Let& let = s.as<Let>();
            text("let ");
            name(let.name.text);
            text(" = ");
            if (let.lambda != nullptr) {
                lambda(*let.lambda);
            } else if (const auto* sub = let.value->if_as<Subquery>()) {
                nested(*sub->query, "", "");
            } else {
                expr(*let.value);
            }
            break;
        }
        case StatementKind::SetOption:
            text("set ");
            name(s.as<SetOption>().name.text);
            if (s.as<SetOption>().value != nullptr) {
                text(" = ");
                expr(*s.as<SetOption>().value);
            }
            break;
        case StatementKind::DeclareQueryParameters: {
            text("declare query_parameters (");
            bool first = true;
            for (const Parameter& p : s.as<DeclareQueryParameters>().parameters) {
                text(first ? "" : ", ");
                first = false;
                parameter_declaration(p);
            }
            text(")");
            break;
        }
        case StatementKind::DeclarePattern:
            text("declare pattern ");
            name(s.as<DeclarePattern>().name.text);
            break;
        case StatementKind::RestrictAccess:
            text("restrict access to (");
            expr_list(s.as<RestrictAccess>().entities);
            text(")");
            break;
        case StatementKind::AliasDatabase:
            text("alias database ");
            name(s.as<AliasDatabase>().name.text);
            text(" = ");
            expr(*s.as<AliasDatabase>().value);
            break;
        case StatementKind::Query:
            query(*s.as<QueryStatement>().query);
            break;
    }
}

void Writer::statements(const std::vector<Statement>& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (i > 0) {
            text(";");
            new_line();
        }
        statement(list[i]);
    }
}

void Writer::script(const Script& script) {
    if (script.command != nullptr) {
        text(".");
        for (std::size_t i = 0; i < script.command->words.size(); ++i) {
            text(i == 0 ? "" : " ");
            text(script.command->words[i]);
        }
        return;
    }
    statements(script.statements);
}

std::string format_script(const Script& script) {
    Writer writer;
    writer.script(script);
    return writer.take();
}
std::string format_query(const Query& query) {
    Writer writer;
    writer.query(query);
    return writer.take();
}
std::string format_operator(const Operator& op) {
    Writer writer;
    writer.oper(op);
    return writer.take();
}
std::string format_expr(const Expr& expr) {
    Writer writer;
    writer.expr(expr);
    return writer.take();
}
std::string format_literal(const columns::Scalar& value) {
    Writer writer;
    writer.literal(value);
    return writer.take();
}
std::string format_name(std::string_view name) {
    Writer writer;
    writer.name(name);
    return writer.take();
}

namespace tree {

bool same_scalar(const columns::Scalar& a, const columns::Scalar& b) {
    if (a.type() == columns::DataType::Real && b.type() == columns::DataType::Real) {
        return a.is_null() == b.is_null() &&
               (a.as_real() == b.as_real() ||
                (a.as_real() != a.as_real() && b.as_real() != b.as_real()));
    }
    return a == b;
}

}  // namespace tree

bool same_tree(const Script& a, const Script& b) {
    if ((a.command == nullptr) != (b.command == nullptr)) {
        return false;
    }
    return tree::same(a.statements, b.statements);
}
bool same_tree(const Expr& a, const Expr& b) {
    return tree::same(a, b);
}

}  // namespace qd::kql
