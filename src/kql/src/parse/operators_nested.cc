// Operators whose operands are pipelines, patterns or sections of their own.
#include "parse/operator_rules.h"

#include <charconv>

namespace qd::kql {

std::vector<ExpandColumn> parse_expand_columns(Parser& p) {
    std::vector<ExpandColumn> columns;
    do {
        ExpandColumn column;
        column.expr = p.parse_named_expr();
        if (p.accept_word("to")) {
            const ExprPtr type = p.at_word("typeof") ? p.parse_type_of() : nullptr;
            if (type == nullptr) {
                p.fail_expected("typeof");
            } else if (const auto* of = type->if_as<TypeOf>()) {
                column.to_type = of->type;
            }
        }
        columns.push_back(std::move(column));
    } while (!p.panic() && p.accept(Punct::Comma));
    return columns;
}

OperatorNode parse_mv_apply(Parser& p, Parameters& params) {
    p.parse_parameters(params, {"with_itemindex", "kind", "bagexpansion"});
    MvApply node;
    node.columns = parse_expand_columns(p);
    if (p.accept_word("limit")) {
        node.limit = p.parse_expr();
    }
    if (p.accept_word("id")) {
        const Token token = p.take();
        node.context = Name{std::string(token.text), token.span};
        if (p.at(Punct::OpenParen)) {  // guid(…)
            while (!p.at_end() && !p.accept(Punct::CloseParen)) {
                p.take();
            }
        }
    }
    p.expect_word("on");
    p.expect(Punct::OpenParen);
    node.body = p.parse_contextual_query();
    p.expect(Punct::CloseParen);
    return node;
}

OperatorNode parse_fork(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    Fork node;
    do {
        Fork::Branch branch;
        if (p.at_name() && p.at(Punct::Assign, p.name_length())) {
            branch.name = p.parse_name();
            p.take();
        }
        p.expect(Punct::OpenParen);
        branch.query = p.parse_contextual_query();
        p.expect(Punct::CloseParen);
        node.branches.push_back(std::move(branch));
        p.accept(Punct::Comma);
    } while (!p.panic() &&
             (p.at(Punct::OpenParen) || (p.at_name() && p.at(Punct::Assign, p.name_length()))));
    return node;
}

OperatorNode parse_facet(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    Facet node;
    p.expect_word("by");
    node.columns = p.parse_name_list();
    if (p.accept_word("with")) {
        if (p.accept(Punct::OpenParen)) {
            node.with = p.parse_contextual_query();
            p.expect(Punct::CloseParen);
        } else {
            auto query = std::make_unique<Query>();
            const std::uint32_t begin = p.here();
            query->operators.push_back(p.parse_operator());
            query->span = p.span_from(begin);
            node.with = std::move(query);
        }
    }
    return node;
}

OperatorNode parse_partition(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    Partition node;
    p.expect_word("by");
    node.key = p.parse_simple_path();
    if (p.accept_word("in")) {
        node.scope = p.parse_postfix();
    }
    if (p.accept(Punct::OpenBrace)) {
        node.braces = true;
        node.body = p.parse_query();
        p.expect(Punct::CloseBrace);
    } else {
        p.expect(Punct::OpenParen);
        node.body = p.parse_contextual_query();
        p.expect(Punct::CloseParen);
    }
    return node;
}

namespace {

Scan::Step parse_scan_step(Parser& p) {
    Scan::Step step;
    step.name = p.parse_name();
    step.optional = p.accept_word("optional");
    if (p.accept_word("output")) {
        p.expect(Punct::Assign);
        step.output = std::string(p.take().text);
    }
    p.expect(Punct::Colon);
    step.condition = p.parse_expr();
    if (p.accept(Punct::Arrow)) {
        do {
            Name name = p.parse_name();
            p.expect(Punct::Assign);
            ExprPtr value = p.parse_expr();
            step.assignments.emplace_back(std::move(name), std::move(value));
        } while (!p.panic() && p.accept(Punct::Comma));
    }
    p.expect(Punct::Semicolon);
    return step;
}

}  // namespace

OperatorNode parse_scan(Parser& p, Parameters& params) {
    p.parse_parameters(params, {"kind", "with_match_id"});
    Scan node;
    if (p.accept_word("order")) {
        p.expect_word("by");
        node.order_by = p.parse_ordered_list();
    }
    if (p.accept_word("partition")) {
        p.expect_word("by");
        do {
            node.partition_by.push_back(p.parse_expr());
        } while (!p.panic() && p.accept(Punct::Comma));
    }
    if (p.accept_word("declare")) {
        p.expect(Punct::OpenParen);
        while (!p.panic() && !p.at(Punct::CloseParen)) {
            Scan::Variable variable;
            variable.declaration = p.parse_column_declaration();
            if (p.accept(Punct::Assign)) {
                variable.default_value = p.parse_expr();
            }
            node.variables.push_back(std::move(variable));
            if (!p.accept(Punct::Comma)) {
                break;
            }
        }
        p.expect(Punct::CloseParen);
    }
    p.expect_word("with");
    p.expect(Punct::OpenParen);
    while (!p.panic() && p.accept_word("step")) {
        node.steps.push_back(parse_scan_step(p));
    }
    p.expect(Punct::CloseParen);
    return node;
}

OperatorNode parse_macro_expand(Parser& p, Parameters& params) {
    p.parse_parameters(params, {"kind", "withsource", "isfuzzy", "best_effort", "force_remote"});
    MacroExpand node;
    if (p.at_name() && p.name_length() == 1 && !p.at(Punct::OpenBracket, 1) &&
        !p.at(Punct::OpenParen, 1)) {
        Name name = p.parse_name();
        const TextSpan span = name.span;
        node.group = p.make(NameRef{std::move(name.text)}, span);
    } else if (p.at_name() && p.at(Punct::OpenParen, 1) && !p.at_any_word({"entity_group"}) &&
               !p.at_any_word({"cluster", "database"})) {
        // `macro-expand EG ( … )`: the parenthesis belongs to the operator.
        Name name = p.parse_name();
        const TextSpan span = name.span;
        node.group = p.make(NameRef{std::move(name.text)}, span);
    } else {
        node.group = p.parse_postfix();
    }
    if (p.accept_word("as")) {
        node.scope = p.parse_name();
    }
    p.expect(Punct::OpenParen);
    p.parse_statements(node.statements);
    p.expect(Punct::CloseParen);
    return node;
}

namespace {

std::vector<ExprPtr> parse_in_tables(Parser& p) {
    std::vector<ExprPtr> tables;
    p.expect(Punct::OpenParen);
    while (!p.panic() && !p.at(Punct::CloseParen)) {
        tables.push_back(p.parse_entity());
        // `(T | as name)` inside find's list may stand without parentheses.
        if (p.at(Punct::Bar) && p.at_word("as", 1)) {
            const Parser::Heights heights(p);
            auto query = std::make_unique<Query>();
            const std::uint32_t begin = tables.back()->span.offset;
            query->source = std::move(tables.back());
            p.parse_pipeline(*query);
            query->span = p.span_from(begin);
            tables.back() = p.make(Subquery{std::move(query)}, p.span_from(begin), 2);
        }
        if (!p.accept(Punct::Comma)) {
            break;
        }
    }
    p.expect(Punct::CloseParen);
    return tables;
}

bool at_list_end(const Parser& p) {
    return p.at_end() || p.at(Punct::Bar) || p.at(Punct::Semicolon) || p.at(Punct::CloseParen);
}

}  // namespace

OperatorNode parse_search(Parser& p, Parameters& params) {
    p.parse_parameters(params, {"kind", "datascope"});
    Search node;
    if (p.at_word("in") && p.at(Punct::OpenParen, 1)) {
        p.take();
        node.tables = parse_in_tables(p);
    }
    p.parse_parameters(params, {"kind", "datascope"});
    node.predicate = p.parse_expr();
    return node;
}

OperatorNode parse_find(Parser& p, Parameters& params) {
    p.parse_parameters(params, {"withsource", "with_source", "datascope"});
    Find node;
    if (p.at_word("in") && p.at(Punct::OpenParen, 1)) {
        p.take();
        node.tables = parse_in_tables(p);
    }
    p.parse_parameters(params, {"withsource", "with_source", "datascope"});
    p.accept_word("where");
    node.predicate = p.parse_expr();
    std::size_t tokens = 0;
    std::string_view word = p.dashed_word(tokens);
    if (word == "project-smart") {
        p.jump_to(p.position() + tokens);
        node.project_smart = true;
    } else if (word == "project") {
        p.take();
        while (!p.panic() && !at_list_end(p)) {
            if (p.at_word("pack") && p.at(Punct::OpenParen, 1)) {
                p.take();
                p.take();
                p.expect(Punct::Star);
                p.expect(Punct::CloseParen);
                node.pack = true;
            } else if (p.at_word("pack_all") && p.at(Punct::OpenParen, 1)) {
                p.take();
                p.take();
                p.expect(Punct::CloseParen);
                node.pack = true;
            } else if (p.at(Punct::Star)) {
                p.take();
                node.project.push_back(Find::Output{Name{"*", {}}, std::nullopt});
            } else {
                Find::Output output;
                output.column = p.parse_name();
                if (p.accept(Punct::Colon)) {
                    output.type = p.parse_type();
                }
                node.project.push_back(std::move(output));
            }
            if (!p.accept(Punct::Comma)) {
                break;
            }
        }
    }
    word = p.dashed_word(tokens);
    if (word == "project-away") {
        p.jump_to(p.position() + tokens);
        do {
            node.project_away.push_back(p.parse_name_or_wildcard());
        } while (!p.panic() && p.accept(Punct::Comma));
    }
    return node;
}

OperatorNode parse_top_nested(Parser& p, Parameters&) {
    TopNested node;
    for (;;) {
        TopNested::Level level;
        if (!p.at_word("of")) {
            level.count = p.parse_expr();
        }
        p.expect_word("of");
        level.of = p.parse_named_expr();
        if (p.accept_word("with")) {
            p.expect_word("others");
            p.expect(Punct::Assign);
            level.others = p.parse_expr();
        }
        p.expect_word("by");
        level.by = p.parse_ordered();
        node.levels.push_back(std::move(level));
        if (p.panic() || !p.accept(Punct::Comma)) {
            return node;
        }
        std::size_t tokens = 0;
        if (p.dashed_word(tokens) != "top-nested") {
            p.fail_expected("top-nested");
            return node;
        }
        p.jump_to(p.position() + tokens);
    }
}

OperatorNode parse_make_series(Parser& p, Parameters& params) {
    p.parse_parameters(params, {"kind"});
    MakeSeries node;
    do {
        MakeSeries::Aggregate aggregate;
        aggregate.expr = p.parse_named_expr();
        if (p.at_word("default")) {
            p.take();
            p.expect(Punct::Assign);
            aggregate.default_value = p.parse_expr();
        }
        node.aggregates.push_back(std::move(aggregate));
    } while (!p.panic() && p.accept(Punct::Comma));
    p.expect_word("on");
    node.axis = p.parse_named_expr();
    if (p.accept_word("in")) {
        p.expect_word("range");
        p.expect(Punct::OpenParen);
        node.in_range = true;
        node.from = p.parse_expr();
        p.expect(Punct::Comma);
        node.to = p.parse_expr();
        p.expect(Punct::Comma);
        node.step = p.parse_expr();
        p.expect(Punct::CloseParen);
    } else {
        if (p.accept_word("from")) {
            node.from = p.parse_expr();
        }
        if (p.accept_word("to")) {
            node.to = p.parse_expr();
        }
        p.expect_word("step");
        node.step = p.parse_expr();
    }
    if (p.accept_word("by")) {
        node.keys = p.parse_named_list();
    }
    return node;
}

namespace {

OperatorNode parse_pattern(Parser& p, Parameters& params, bool filter) {
    p.parse_parameters(params, {"kind", "flags"});
    Parse node;
    node.filter = filter;
    node.source = p.parse_expr();
    p.expect_word("with");
    while (!p.panic() && !at_list_end(p)) {
        Parse::Piece piece;
        const std::uint32_t begin = p.here();
        if (p.accept(Punct::Star)) {
            piece.kind = Parse::Piece::Kind::Star;
        } else if (p.peek().kind == TokenKind::String) {
            piece.kind = Parse::Piece::Kind::Text;
            const ExprPtr text = p.parse_string_literal();
            if (const auto* literal = text->if_as<Literal>()) {
                piece.text = literal->value.bytes();
            }
        } else if (p.at_name()) {
            piece.kind = Parse::Piece::Kind::Column;
            piece.column = p.parse_new_name();
            if (p.accept(Punct::Colon)) {
                piece.type = p.parse_type();
            }
        } else {
            p.fail_unexpected();
        }
        piece.span = p.span_from(begin);
        node.pattern.push_back(std::move(piece));
    }
    return node;
}

}  // namespace

OperatorNode parse_parse(Parser& p, Parameters& params) {
    return parse_pattern(p, params, false);
}
OperatorNode parse_parse_where(Parser& p, Parameters& params) {
    return parse_pattern(p, params, true);
}

}  // namespace qd::kql
