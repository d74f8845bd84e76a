// Expressions, from the loosest to the tightest: or, and, equality (one, no chains), relational
// (one), additive, multiplicative, string operators, sign, postfix. That a string operator binds
// tighter than `+` is the engine's rule: `b contains "x" + "y"` adds to a bool.
// Source: Kusto query language reference; the order was checked against Microsoft's parser.
#include "parse/parser_impl.h"

#include <algorithm>
#include <array>

namespace qd::kql {
namespace {

struct StringOpWord {
    std::string_view word;
    BinaryOp op;
};
constexpr std::array kStringOps = {
    StringOpWord{"contains", BinaryOp::Contains},
    StringOpWord{"!contains", BinaryOp::NotContains},
    StringOpWord{"notcontains", BinaryOp::NotContains},
    StringOpWord{"contains_cs", BinaryOp::ContainsCs},
    StringOpWord{"containscs", BinaryOp::ContainsCs},
    StringOpWord{"!contains_cs", BinaryOp::NotContainsCs},
    StringOpWord{"notcontainscs", BinaryOp::NotContainsCs},
    StringOpWord{"startswith", BinaryOp::StartsWith},
    StringOpWord{"!startswith", BinaryOp::NotStartsWith},
    StringOpWord{"startswith_cs", BinaryOp::StartsWithCs},
    StringOpWord{"!startswith_cs", BinaryOp::NotStartsWithCs},
    StringOpWord{"endswith", BinaryOp::EndsWith},
    StringOpWord{"!endswith", BinaryOp::NotEndsWith},
    StringOpWord{"endswith_cs", BinaryOp::EndsWithCs},
    StringOpWord{"!endswith_cs", BinaryOp::NotEndsWithCs},
    StringOpWord{"has", BinaryOp::Has},
    StringOpWord{"!has", BinaryOp::NotHas},
    StringOpWord{"has_cs", BinaryOp::HasCs},
    StringOpWord{"!has_cs", BinaryOp::NotHasCs},
    StringOpWord{"hasprefix", BinaryOp::HasPrefix},
    StringOpWord{"!hasprefix", BinaryOp::NotHasPrefix},
    StringOpWord{"hasprefix_cs", BinaryOp::HasPrefixCs},
    StringOpWord{"!hasprefix_cs", BinaryOp::NotHasPrefixCs},
    StringOpWord{"hassuffix", BinaryOp::HasSuffix},
    StringOpWord{"!hassuffix", BinaryOp::NotHasSuffix},
    StringOpWord{"hassuffix_cs", BinaryOp::HasSuffixCs},
    StringOpWord{"!hassuffix_cs", BinaryOp::NotHasSuffixCs},
    StringOpWord{"like", BinaryOp::Like},
    StringOpWord{"notlike", BinaryOp::NotLike},
    StringOpWord{"!like", BinaryOp::NotLike},
    StringOpWord{"likecs", BinaryOp::LikeCs},
    StringOpWord{"like_cs", BinaryOp::LikeCs},
    StringOpWord{"notlikecs", BinaryOp::NotLikeCs},
    StringOpWord{"!like_cs", BinaryOp::NotLikeCs},
};

struct ListOpWord {
    std::string_view word;
    ListOp op;
};
constexpr std::array kListOps = {
    ListOpWord{"in", ListOp::In},          ListOpWord{"!in", ListOp::NotIn},
    ListOpWord{"in~", ListOp::InTilde},    ListOpWord{"!in~", ListOp::NotInTilde},
    ListOpWord{"has_any", ListOp::HasAny}, ListOpWord{"has_all", ListOp::HasAll},
};

// Words that never begin an operand: they end the list before them.
constexpr std::array<std::string_view, 4> kReserved = {"and", "or", "by", "between"};

TextSpan join_spans(TextSpan a, TextSpan b) {
    const std::uint32_t end = std::max(a.offset + a.length, b.offset + b.length);
    return {a.offset, end - a.offset};
}

}  // namespace

ExprPtr Parser::make(ExprNode node, TextSpan span, std::uint32_t child_height) {
    const std::uint32_t height = child_height + 1;
    if (height > kHeightMax) {
        stop("The expression is too complex; levels allowed: " + std::to_string(kHeightMax), span);
        // The tree so far hangs below this node: drop it here, where its height is still bounded.
        return missing();
    }
    deepest_ = std::max(deepest_, height);
    return std::make_unique<Expr>(std::move(node), span, height);
}

ExprPtr Parser::missing() {
    return std::make_unique<Expr>(MissingExpr{}, TextSpan{here(), 0});
}

ExprPtr Parser::to_expr(QueryPtr query) {
    const TextSpan span = query->span;
    std::uint32_t height = deepest_;
    Subquery subquery;
    subquery.query = std::move(query);
    return make(std::move(subquery), span, height);
}

ExprPtr Parser::binary(BinaryOp op, TextSpan op_span, ExprPtr left, ExprPtr right) {
    const TextSpan span = join_spans(left->span, right->span);
    const std::uint32_t height = std::max(left->height, right->height);
    Binary node;
    node.op = op;
    node.op_span = op_span;
    node.left = std::move(left);
    node.right = std::move(right);
    return make(std::move(node), span, height);
}

ExprPtr Parser::logical(LogicalOp op, std::vector<ExprPtr> operands, std::uint32_t begin) {
    std::uint32_t height = 0;
    for (const ExprPtr& operand : operands) {
        height = std::max(height, operand->height);
    }
    Logical node;
    node.op = op;
    node.operands = std::move(operands);
    return make(std::move(node), span_from(begin), height);
}

ExprPtr Parser::parse_expr() {
    if (panic_) {
        return missing();
    }
    const std::uint32_t begin = here();
    ExprPtr expr = parse_or();
    if (!at(Punct::Question)) {
        return expr;
    }
    // `c ? a : b`: an error, but one whose meaning is clear; the tree keeps it for the linter.
    fail_unexpected();
    if (stopped_) {
        return expr;
    }
    const Nesting nesting(*this);
    panic_ = false;
    take();
    Conditional node;
    node.condition = std::move(expr);
    const bool outer = std::exchange(colon_is_search_, false);
    node.if_true = parse_expr();
    colon_is_search_ = outer;
    if (!panic_ && accept(Punct::Colon)) {
        node.if_false = parse_expr();
    } else {
        panic_ = true;
        node.if_false = missing();
    }
    const std::uint32_t height =
        std::max({node.condition->height, node.if_true->height, node.if_false->height});
    return make(std::move(node), span_from(begin), height);
}

ExprPtr Parser::parse_or() {
    const std::uint32_t begin = here();
    ExprPtr first = parse_and();
    if (!at_word("or")) {
        return first;
    }
    std::vector<ExprPtr> operands;
    operands.push_back(std::move(first));
    while (accept_word("or")) {
        operands.push_back(parse_and());
    }
    return logical(LogicalOp::Or, std::move(operands), begin);
}

ExprPtr Parser::parse_and() {
    const std::uint32_t begin = here();
    ExprPtr first = parse_equality();
    if (!at_word("and")) {
        return first;
    }
    std::vector<ExprPtr> operands;
    operands.push_back(std::move(first));
    while (accept_word("and")) {
        operands.push_back(parse_equality());
    }
    return logical(LogicalOp::And, std::move(operands), begin);
}

ExprPtr Parser::parse_equality() {
    ExprPtr left = parse_relational();
    const Token token = peek();
    if (token.punct == Punct::Equal || token.punct == Punct::NotEqual) {
        take();
        ExprPtr right = parse_relational();
        const BinaryOp op = token.punct == Punct::Equal ? BinaryOp::Equal : BinaryOp::NotEqual;
        return binary(op, token.span, std::move(left), std::move(right));
    }
    if (token.kind != TokenKind::Word) {
        return left;
    }
    if (token.text == "between" || token.text == "!between") {
        take();
        return parse_between(std::move(left), token.text[0] == '!');
    }
    // `axis in range(…)` belongs to make-series.
    if (token.text == "in" && at_word("range", 1)) {
        return left;
    }
    for (const ListOpWord& word : kListOps) {
        if (word.word == token.text) {
            return parse_in_list(std::move(left), word.op);
        }
    }
    return left;
}

ExprPtr Parser::parse_between(ExprPtr subject, bool negated) {
    const Nesting nesting(*this);
    const std::uint32_t begin = subject->span.offset;
    Between node;
    node.negated = negated;
    node.subject = std::move(subject);
    expect(Punct::OpenParen);
    node.low = parse_expr();
    expect(Punct::DotDot);
    node.high = parse_expr();
    expect(Punct::CloseParen);
    const std::uint32_t height =
        std::max({node.subject->height, node.low->height, node.high->height});
    return make(std::move(node), span_from(begin), height);
}

ExprPtr Parser::parse_in_list(ExprPtr subject, ListOp op) {
    const Nesting nesting(*this);
    const std::uint32_t begin = subject->span.offset;
    InList node;
    node.op = op;
    node.op_span = take().span;
    std::uint32_t height = subject->height;
    node.subject = std::move(subject);
    expect(Punct::OpenParen);
    while (!panic_ && !at(Punct::CloseParen)) {
        node.items.push_back(parse_pipe_expr());
        height = std::max(height, node.items.back()->height);
        if (!accept(Punct::Comma)) {
            break;
        }
    }
    expect(Punct::CloseParen);
    return make(std::move(node), span_from(begin), height);
}

ExprPtr Parser::parse_relational() {
    ExprPtr left = parse_additive();
    const Token token = peek();
    BinaryOp op = BinaryOp::Less;
    switch (token.punct) {
        case Punct::Less:
            break;
        case Punct::LessOrEqual:
            op = BinaryOp::LessOrEqual;
            break;
        case Punct::Greater:
            op = BinaryOp::Greater;
            break;
        case Punct::GreaterOrEqual:
            op = BinaryOp::GreaterOrEqual;
            break;
        default:
            return left;
    }
    take();
    ExprPtr right = parse_additive();
    return binary(op, token.span, std::move(left), std::move(right));
}

ExprPtr Parser::parse_additive() {
    ExprPtr left = parse_multiplicative();
    while (at(Punct::Plus) || at(Punct::Minus)) {
        const Token token = take();
        ExprPtr right = parse_multiplicative();
        left = binary(token.punct == Punct::Plus ? BinaryOp::Add : BinaryOp::Subtract, token.span,
                      std::move(left), std::move(right));
    }
    return left;
}

ExprPtr Parser::parse_multiplicative() {
    ExprPtr left = parse_string_operation();
    while (at(Punct::Star) || at(Punct::Slash) || at(Punct::Percent)) {
        const Token token = take();
        ExprPtr right = parse_string_operation();
        const BinaryOp op = token.punct == Punct::Star    ? BinaryOp::Multiply
                            : token.punct == Punct::Slash ? BinaryOp::Divide
                                                          : BinaryOp::Modulo;
        left = binary(op, token.span, std::move(left), std::move(right));
    }
    return left;
}

std::optional<BinaryOp> Parser::string_op(std::size_t& tokens) const {
    const Token& token = peek();
    tokens = 1;
    switch (token.punct) {
        case Punct::EqualTilde:
            return BinaryOp::EqualTilde;
        case Punct::NotEqualTilde:
            return BinaryOp::NotEqualTilde;
        case Punct::Colon:
            return BinaryOp::SearchColon;
        default:
            break;
    }
    if (token.kind != TokenKind::Word) {
        return std::nullopt;
    }
    if (token.text == "matches" && at_word("regex", 1)) {
        tokens = 2;
        return BinaryOp::MatchesRegex;
    }
    for (const StringOpWord& word : kStringOps) {
        if (word.word == token.text) {
            return word.op;
        }
    }
    return std::nullopt;
}

ExprPtr Parser::parse_string_operation() {
    ExprPtr left;
    std::size_t tokens = 0;
    if (at(Punct::Star)) {
        // `* has "x"`, `* == "x"`: in search and find every column.
        left = make(Star{}, take().span);
        if (!at(Punct::Equal) && !at(Punct::NotEqual) && !string_op(tokens)) {
            return left;
        }
    } else {
        left = parse_unary();
    }
    const std::optional<BinaryOp> op = string_op(tokens);
    if (!op) {
        return left;
    }
    if (*op == BinaryOp::SearchColon &&
        (!colon_is_search_ || (left->kind() != ExprKind::NameRef &&
                               left->kind() != ExprKind::Path && left->kind() != ExprKind::Star))) {
        return left;
    }
    // `a ? b : c` and `step s: condition` use the colon for themselves.
    if (*op == BinaryOp::SearchColon && peek(1).kind != TokenKind::String &&
        !(left->kind() == ExprKind::Star)) {
        const Token& next = peek(1);
        const bool value = next.kind == TokenKind::Long || next.kind == TokenKind::Real;
        if (!value) {
            return left;
        }
    }
    const std::uint32_t begin = here();
    for (std::size_t i = 0; i < tokens; ++i) {
        take();
    }
    const TextSpan op_span = span_from(begin);
    ExprPtr right = parse_unary();
    return binary(*op, op_span, std::move(left), std::move(right));
}

ExprPtr Parser::parse_unary() {
    if (!at(Punct::Minus) && !at(Punct::Plus)) {
        return parse_postfix();
    }
    const Token sign = take();
    Unary node;
    node.op = sign.punct == Punct::Minus ? UnaryOp::Minus : UnaryOp::Plus;
    // The least long has no positive twin.
    if (sign.punct == Punct::Minus && peek().kind == TokenKind::Long &&
        peek().text == "9223372036854775808") {
        take();
        return make(Literal{columns::Scalar::of_long(INT64_MIN), false},
                    span_from(sign.span.offset));
    }
    node.operand = parse_postfix();
    const std::uint32_t height = node.operand->height;
    return make(std::move(node), span_from(sign.span.offset), height);
}

ExprPtr Parser::parse_postfix() {
    const std::uint32_t begin = here();
    ExprPtr expr = parse_primary();
    while (!panic_) {
        if (at(Punct::Dot)) {
            take();
            expr = parse_member(std::move(expr), begin);
        } else if (at(Punct::OpenBracket)) {
            const Nesting nesting(*this);
            take();
            Element node;
            node.object = std::move(expr);
            node.index = parse_expr();
            expect(Punct::CloseBracket);
            const std::uint32_t height = std::max(node.object->height, node.index->height);
            expr = make(std::move(node), span_from(begin), height);
        } else {
            break;
        }
    }
    return expr;
}

ExprPtr Parser::parse_member(ExprPtr object, std::uint32_t begin) {
    if (at(Punct::Star)) {
        // cluster("c").database("d").*
        Path node;
        node.member = Name{"*", take().span};
        const std::uint32_t height = object->height;
        node.object = std::move(object);
        return make(std::move(node), span_from(begin), height);
    }
    Name name;
    if (at(Punct::OpenBracket) && !at_name()) {
        // `d.[0]`: an index with a dot before it.
        const Nesting nesting(*this);
        take();
        Element node;
        node.object = std::move(object);
        node.index = parse_expr();
        expect(Punct::CloseBracket);
        const std::uint32_t element_height = std::max(node.object->height, node.index->height);
        return make(std::move(node), span_from(begin), element_height);
    }
    name = parse_name();
    if (panic_) {
        return object;
    }
    if (at(Punct::OpenParen)) {
        return parse_call(std::move(name), std::move(object), begin);
    }
    // A wildcard at the end of a path: database("d").Log*
    if (at(Punct::Star) && peek().span.offset == tokens_[pos_ - 1].end() &&
        (at(Punct::Comma, 1) || at(Punct::CloseParen, 1) || at(Punct::Bar, 1) ||
         peek(1).kind == TokenKind::End)) {
        take();
        name.text += '*';
    }
    Path node;
    node.member = std::move(name);
    const std::uint32_t height = object->height;
    node.object = std::move(object);
    return make(std::move(node), span_from(begin), height);
}

ExprPtr Parser::parse_call(Name name, ExprPtr object, std::uint32_t begin) {
    const Heights heights(*this);
    Call call;
    call.name = std::move(name);
    const std::uint32_t object_height = object == nullptr ? 0 : object->height;
    call.object = std::move(object);
    call.arguments = parse_arguments();
    const std::uint32_t height = std::max(heights.get(), object_height);
    return make(std::move(call), span_from(begin), height);
}

std::vector<NamedExpr> Parser::parse_arguments() {
    const Nesting nesting(*this);
    std::vector<NamedExpr> arguments;
    expect(Punct::OpenParen);
    while (!panic_ && !at(Punct::CloseParen)) {
        if (at_leading_operator()) {
            NamedExpr argument;
            argument.expr = parse_pipe_expr();
            argument.span = argument.expr->span;
            arguments.push_back(std::move(argument));
        } else {
            NamedExpr argument = parse_named_expr();
            if (at(Punct::Bar) && argument.names.empty()) {
                auto query = std::make_unique<Query>();
                const std::uint32_t begin = argument.span.offset;
                query->source = std::move(argument.expr);
                const Heights heights(*this);
                deepest_ = query->source->height;
                parse_pipeline(*query);
                query->span = span_from(begin);
                argument.span = query->span;
                argument.expr = to_expr(std::move(query));
            }
            arguments.push_back(std::move(argument));
        }
        if (!accept(Punct::Comma)) {
            break;
        }
    }
    expect(Punct::CloseParen);
    return arguments;
}

ExprPtr Parser::parse_primary() {
    const Token& token = peek();
    switch (token.kind) {
        case TokenKind::String:
        case TokenKind::Long:
        case TokenKind::Real:
        case TokenKind::Timespan:
        case TokenKind::RawGuid:
            return parse_literal();
        case TokenKind::Punct:
            if (token.punct == Punct::OpenParen) {
                return parse_parenthesized();
            }
            if (at_name()) {
                return parse_name_expr();
            }
            break;
        case TokenKind::Word:
            if (ExprPtr literal = parse_literal()) {
                return literal;
            }
            return parse_name_expr();
        case TokenKind::End:
        case TokenKind::Bad:
            break;
    }
    if (peek().kind == TokenKind::Bad) {
        fail_unexpected();
    } else {
        fail("KS006",
             at_end() ? "Missing expression at the end of the query"
                      : "Missing expression before: " + std::string(peek().text),
             peek().span);
    }
    return missing();
}

ExprPtr Parser::parse_parenthesized() {
    const Nesting nesting(*this);
    const std::uint32_t begin = here();
    expect(Punct::OpenParen);
    ExprPtr expr = parse_pipe_expr();
    expect(Punct::CloseParen);
    if (!panic_) {
        expr->parenthesized = true;
        expr->span = span_from(begin);
    }
    return expr;
}

ExprPtr Parser::parse_name_expr() {
    const Token& token = peek();
    if (token.kind == TokenKind::Word) {
        if (token.text == "datatable" && at(Punct::OpenParen, 1)) {
            return parse_datatable();
        }
        if (token.text == "externaldata" || token.text == "external_data") {
            if (at(Punct::OpenParen, 1)) {
                return parse_externaldata();
            }
        }
        if (std::find(kReserved.begin(), kReserved.end(), token.text) != kReserved.end() ||
            token.text[0] == '!' || token.text.back() == '~') {
            fail("KS006", "Missing expression before: " + std::string(token.text), token.span);
            return missing();
        }
    }
    const std::uint32_t begin = here();
    if (!at(Punct::OpenParen, 1)) {
        check_bare_name(peek(), false);
    }
    Name name = parse_name();
    if (panic_) {
        return missing();
    }
    if (at_any_word({"kind"}) && (name.text == "toscalar" || name.text == "totable")) {
        const Heights heights(*this);
        Call call;
        call.name = std::move(name);
        parse_parameters(call.parameters, {"kind"});
        call.arguments = parse_arguments();
        const std::uint32_t height = heights.get();
        return make(std::move(call), span_from(begin), height);
    }
    if (name.text == "entity_group" && at(Punct::OpenBracket)) {
        const Heights heights(*this);
        take();
        Call call;
        call.name = std::move(name);
        while (!panic_ && !at(Punct::CloseBracket)) {
            call.arguments.push_back(parse_named_expr());
            if (!accept(Punct::Comma)) {
                break;
            }
        }
        expect(Punct::CloseBracket);
        const std::uint32_t height = heights.get();
        return make(std::move(call), span_from(begin), height);
    }
    if (at(Punct::OpenParen)) {
        return parse_call(std::move(name), nullptr, begin);
    }
    return make(NameRef{std::move(name.text)}, name.span);
}

// A pipeline or an expression: what parentheses, statements and list operands may hold.
ExprPtr Parser::parse_pipe_expr() {
    const Heights heights(*this);
    const std::uint32_t begin = here();
    auto query = std::make_unique<Query>();
    if (at_leading_operator()) {
        query->operators.push_back(parse_operator());
    } else {
        query->source = parse_expr();
        if (!at(Punct::Bar)) {
            return std::move(query->source);
        }
    }
    parse_pipeline(*query);
    query->span = span_from(begin);
    return to_expr(std::move(query));
}

NamedExpr Parser::parse_named_expr() {
    NamedExpr named;
    const std::uint32_t begin = here();
    if (const std::size_t length = name_length(); length > 0 && at(Punct::Assign, length)) {
        named.names.push_back(parse_new_name());
        take();
    } else if (at(Punct::OpenParen)) {
        std::size_t ahead = 1;
        while (const std::size_t n = name_length(ahead)) {
            ahead += n;
            if (!at(Punct::Comma, ahead)) {
                break;
            }
            ++ahead;
        }
        if (at(Punct::CloseParen, ahead) && at(Punct::Assign, ahead + 1) && ahead > 1) {
            take();
            named.compound = true;
            while (!panic_ && !at(Punct::CloseParen)) {
                named.names.push_back(parse_new_name());
                accept(Punct::Comma);
            }
            take();
            take();
        }
    }
    if (at(Punct::Star) &&
        (at(Punct::Comma, 1) || at(Punct::CloseParen, 1) || at(Punct::Bar, 1) || at_word("by", 1) ||
         peek(1).kind == TokenKind::End || at(Punct::Semicolon, 1))) {
        named.expr = make(Star{}, take().span);
    } else {
        named.expr = parse_expr();
    }
    named.span = span_from(begin);
    return named;
}

std::vector<NamedExpr> Parser::parse_named_list() {
    std::vector<NamedExpr> list;
    do {
        list.push_back(parse_named_expr());
    } while (!panic_ && accept(Punct::Comma));
    return list;
}

OrderedExpr Parser::parse_ordered() {
    OrderedExpr ordered;
    ordered.expr = parse_named_expr();
    std::size_t tokens = 0;
    const std::string_view word = dashed_word(tokens);
    if (word == "asc" || word == "desc" || word == "granny-asc" || word == "granny-desc") {
        ordered.order =
            word == "asc" || word == "granny-asc" ? SortOrder::Ascending : SortOrder::Descending;
        jump_to(position() + tokens);
    }
    if (accept_word("nulls")) {
        if (accept_word("first")) {
            ordered.nulls = NullsOrder::First;
        } else if (accept_word("last")) {
            ordered.nulls = NullsOrder::Last;
        } else {
            fail_expected("first or last");
        }
    }
    return ordered;
}

std::vector<OrderedExpr> Parser::parse_ordered_list() {
    std::vector<OrderedExpr> list;
    do {
        list.push_back(parse_ordered());
    } while (!panic_ && accept(Punct::Comma));
    return list;
}

// `a.b['c']` without calls: `partition by key (…)`.
ExprPtr Parser::parse_simple_path() {
    const std::uint32_t begin = here();
    Name name = parse_name();
    ExprPtr expr = make(NameRef{std::move(name.text)}, name.span);
    while (!panic_) {
        if (at(Punct::Dot) && at_name(1)) {
            take();
            Path node;
            node.member = parse_name();
            const std::uint32_t height = expr->height;
            node.object = std::move(expr);
            expr = make(std::move(node), span_from(begin), height);
        } else if (at(Punct::OpenBracket)) {
            const Nesting nesting(*this);
            take();
            Element node;
            node.object = std::move(expr);
            node.index = parse_expr();
            expect(Punct::CloseBracket);
            const std::uint32_t height = std::max(node.object->height, node.index->height);
            expr = make(std::move(node), span_from(begin), height);
        } else {
            break;
        }
    }
    return expr;
}

ExprPtr Parser::parse_simple_or_literal() {
    ExprPtr literal = parse_literal();
    return literal != nullptr ? std::move(literal) : parse_simple_path();
}

// A wildcard's remaining parts must stand together: `*_id`, `a*b*`.
ExprPtr Parser::parse_wildcard_tail(std::uint32_t begin) {
    while (peek().span.offset == tokens_[pos_ - 1].end() &&
           (at(Punct::Star) || peek().kind == TokenKind::Word || peek().kind == TokenKind::Long)) {
        take();
    }
    const TextSpan span = span_from(begin);
    return make(Wildcard{std::string(source(span))}, span);
}

ExprPtr Parser::parse_name_or_wildcard() {
    const std::uint32_t begin = here();
    if (at(Punct::Star)) {
        take();
        return parse_wildcard_tail(begin);
    }
    if (peek().kind == TokenKind::Word && at(Punct::Star, 1) &&
        peek(1).span.offset == peek().end()) {
        take();
        take();
        return parse_wildcard_tail(begin);
    }
    Name name = parse_name();
    return make(NameRef{std::move(name.text)}, name.span);
}

// What union, find and search in () take: a wildcard, or any path, call or parenthesised query.
ExprPtr Parser::parse_entity() {
    if (at(Punct::Star) || (peek().kind == TokenKind::Word && at(Punct::Star, 1) &&
                            peek(1).span.offset == peek().end())) {
        return parse_name_or_wildcard();
    }
    return parse_postfix();
}

ExprPtr Parser::parse_datatable() {
    const Nesting nesting(*this);
    const Heights heights(*this);
    const std::uint32_t begin = here();
    take();
    DataTable node;
    node.columns = parse_row_schema();
    expect(Punct::OpenBracket);
    accept(Punct::Comma);
    while (!panic_ && !at(Punct::CloseBracket)) {
        node.values.push_back(parse_expr());
        if (!accept(Punct::Comma)) {
            break;
        }
    }
    expect(Punct::CloseBracket);
    const std::uint32_t height = heights.get();
    return make(std::move(node), span_from(begin), height);
}

ExprPtr Parser::parse_externaldata() {
    const Nesting nesting(*this);
    const Heights heights(*this);
    const std::uint32_t begin = here();
    take();
    ExternalData node;
    node.columns = parse_row_schema();
    expect(Punct::OpenBracket);
    while (!panic_ && !at(Punct::CloseBracket)) {
        node.addresses.push_back(parse_expr());
        if (!accept(Punct::Comma)) {
            break;
        }
    }
    expect(Punct::CloseBracket);
    if (accept_word("with")) {
        node.properties = parse_properties();
    }
    const std::uint32_t height = heights.get();
    return make(std::move(node), span_from(begin), height);
}

}  // namespace qd::kql
