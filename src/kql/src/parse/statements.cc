// Statements and functions.
#include "parse/parser_impl.h"

namespace qd::kql {

void Parser::parse_statements(std::vector<Statement>& out) {
    while (!at_end() && !at(Punct::CloseParen)) {
        const std::size_t before = position();
        if (std::optional<Statement> statement = parse_statement()) {
            out.push_back(std::move(*statement));
        }
        if (panic_) {
            recover();
        }
        if (accept(Punct::Semicolon)) {
            continue;
        }
        if (at_end() || (at(Punct::CloseParen) && nesting_ > 0)) {
            break;
        }
        fail_unexpected();
        if (stopped_) {
            return;
        }
        recover();
        if (!accept(Punct::Semicolon) && position() == before) {
            take();  // a stray closing bracket: go on behind it
        }
        if (at(Punct::Bar) || at(Punct::CloseParen) || at(Punct::CloseBrace) ||
            at(Punct::CloseBracket)) {
            take();
        }
    }
}

std::optional<Statement> Parser::parse_statement() {
    const std::uint32_t begin = here();
    const auto finish = [&](StatementNode node) {
        return Statement{span_from(begin), std::move(node)};
    };
    if (at_word("let") && at_name(1)) {
        take();
        Let let;
        let.name = parse_new_name();
        expect(Punct::Assign);
        if (at_lambda()) {
            let.lambda = parse_lambda();
        } else {
            let.value = parse_pipe_expr();
        }
        if (!panic_ && !at_end() && !at(Punct::Semicolon) && !at(Punct::CloseParen) &&
            !at(Punct::CloseBrace)) {
            fail_unexpected();
        }
        return finish(std::move(let));
    }
    if (at_word("set") && at_name(1) && (at(Punct::Assign, 2) || at(Punct::Semicolon, 2))) {
        take();
        SetOption set;
        set.name = parse_name();
        if (accept(Punct::Assign)) {
            set.value = parse_expr();
        }
        return finish(std::move(set));
    }
    if (at_word("declare") && at_word("query_parameters", 1)) {
        take();
        take();
        return finish(DeclareQueryParameters{parse_parameter_declarations()});
    }
    if (at_word("declare") && at_word("pattern", 1)) {
        take();
        take();
        DeclarePattern pattern{parse_name()};
        // What follows is never executed: read over it, minding the braces.
        std::uint32_t open = 0;
        while (!at_end() && (open > 0 || !at(Punct::Semicolon))) {
            open += at(Punct::OpenBrace) ? 1U : 0U;
            open -= at(Punct::CloseBrace) && open > 0 ? 1U : 0U;
            take();
        }
        return finish(std::move(pattern));
    }
    if (at_word("restrict") && at_word("access", 1)) {
        take();
        take();
        RestrictAccess restrict_access;
        expect_word("to");
        expect(Punct::OpenParen);
        while (!panic_ && !at(Punct::CloseParen)) {
            restrict_access.entities.push_back(parse_entity());
            if (!accept(Punct::Comma)) {
                break;
            }
        }
        expect(Punct::CloseParen);
        if (accept_word("with")) {
            parse_properties();
        }
        return finish(std::move(restrict_access));
    }
    if (at_word("alias") && at_word("database", 1)) {
        take();
        take();
        AliasDatabase alias;
        alias.name = parse_name();
        expect(Punct::Assign);
        alias.value = parse_expr();
        return finish(std::move(alias));
    }
    QueryStatement query{parse_query()};
    return finish(std::move(query));
}

// `(name: …`, `()`, `(*` or the word view before one of these.
bool Parser::at_lambda() const {
    const std::size_t open = at_word("view") ? 1 : 0;
    if (!at(Punct::OpenParen, open)) {
        return false;
    }
    if (at(Punct::CloseParen, open + 1)) {
        return true;
    }
    const std::size_t name = name_length(open + 1);
    return name > 0 && at(Punct::Colon, open + 1 + name);
}

std::unique_ptr<Lambda> Parser::parse_lambda() {
    const Nesting nesting(*this);
    auto lambda = std::make_unique<Lambda>();
    const std::uint32_t begin = here();
    lambda->view = accept_word("view");
    lambda->parameters = parse_parameter_declarations();
    parse_lambda_body(*lambda);
    lambda->span = span_from(begin);
    return lambda;
}

// `{ let …; result }`
void Parser::parse_lambda_body(Lambda& lambda) {
    if (!expect(Punct::OpenBrace)) {
        lambda.result = missing();
        return;
    }
    while (!panic_ && ((at_word("let") && at_name(1)) ||
                       (at_word("declare") && at_word("query_parameters", 1)) ||
                       (at_word("set") && at_name(1) && at(Punct::Assign, 2)))) {
        if (std::optional<Statement> statement = parse_statement()) {
            lambda.body.push_back(std::move(*statement));
        }
        if (panic_) {
            recover();
        }
        if (!accept(Punct::Semicolon)) {
            if (at(Punct::CloseBrace) || at_end()) {
                break;
            }
            fail_expected(";");
        }
    }
    lambda.result = at(Punct::CloseBrace) ? missing() : parse_pipe_expr();
    if (panic_) {
        recover();
    }
    accept(Punct::Semicolon);
    expect(Punct::CloseBrace);
}

std::vector<Parameter> Parser::parse_parameter_declarations() {
    std::vector<Parameter> parameters;
    expect(Punct::OpenParen);
    while (!panic_ && !at(Punct::CloseParen)) {
        parameters.push_back(parse_parameter_declaration());
        if (!accept(Punct::Comma)) {
            break;
        }
    }
    expect(Punct::CloseParen);
    return parameters;
}

Parameter Parser::parse_parameter_declaration() {
    Parameter parameter;
    const std::uint32_t begin = here();
    parameter.name = parse_new_name();
    expect(Punct::Colon);
    if (at(Punct::OpenParen)) {
        parameter.tabular = true;
        parameter.columns = parse_row_schema(&parameter.any_columns);
    } else {
        parameter.type = parse_type().value_or(columns::DataType::Dynamic);
    }
    if (accept(Punct::Assign)) {
        parameter.default_value = parse_expr();
    }
    parameter.span = span_from(begin);
    return parameter;
}

// ---- entry points ------------------------------------------------------------------------------

void Parser::parse_script(Script& script) {
    if (at(Punct::Dot)) {
        script.command = parse_command();
        return;
    }
    parse_statements(script.statements);
    if (!panic_ && at(Punct::CloseParen)) {
        fail_unexpected();
    }
}

std::unique_ptr<Lambda> Parser::parse_function_text() {
    auto lambda = std::make_unique<Lambda>();
    if (at(Punct::OpenParen)) {
        lambda->parameters = parse_parameter_declarations();
    }
    parse_lambda_body(*lambda);
    if (!panic_ && !at_end()) {
        fail_unexpected();
    }
    lambda->span = TextSpan{0, static_cast<std::uint32_t>(text_.size())};
    return lambda;
}

ExprPtr Parser::parse_constant_text() {
    ExprPtr value = parse_parameter_value();
    if (!panic_ && !at_end()) {
        fail_unexpected();
    }
    return value;
}

std::vector<ColumnDeclaration> Parser::parse_schema_text() {
    std::vector<ColumnDeclaration> columns;
    if (at(Punct::OpenParen)) {
        columns = parse_row_schema();
    } else {
        while (!panic_ && !at_end()) {
            columns.push_back(parse_column_declaration());
            if (!accept(Punct::Comma)) {
                break;
            }
        }
    }
    if (!panic_ && !at_end()) {
        fail_unexpected();
    }
    return columns;
}

}  // namespace qd::kql
