#include "parse/parser_impl.h"

#include <algorithm>
#include <span>

namespace qd::kql {
namespace {

const Token& end_token() {
    static const Token token;
    return token;
}

bool is_any(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string_view punct_text(Punct punct) {
    switch (punct) {
        case Punct::OpenParen:
            return "(";
        case Punct::CloseParen:
            return ")";
        case Punct::OpenBracket:
            return "[";
        case Punct::CloseBracket:
            return "]";
        case Punct::OpenBrace:
            return "{";
        case Punct::CloseBrace:
            return "}";
        case Punct::Comma:
            return ",";
        case Punct::Semicolon:
            return ";";
        case Punct::Colon:
            return ":";
        case Punct::Assign:
            return "=";
        case Punct::Arrow:
            return "=>";
        case Punct::DotDot:
            return "..";
        case Punct::Bar:
            return "|";
        case Punct::LessBar:
            return "<|";
        default:
            return "?";
    }
}

}  // namespace

Parser::Nesting::Nesting(Parser& p) : parser_(p) {
    if (++parser_.nesting_ > parser_.options_.nesting_max) {
        parser_.stop("The query is nested too deeply; levels allowed: " +
                         std::to_string(parser_.options_.nesting_max),
                     parser_.peek().span);
    }
}

Parser::Parser(std::string_view text, const ParseOptions& options)
    : text_(text), options_(options) {
    if (text.size() > options.bytes_max) {
        tokens_.emplace_back();
        stop("The query text is too long; bytes allowed: " + std::to_string(options.bytes_max),
             TextSpan{0, 0});
        return;
    }
    tokens_ = lex(text);
}

const Token& Parser::peek(std::size_t ahead) const {
    if (panic_ || pos_ + ahead >= tokens_.size()) {
        return panic_ ? end_token() : tokens_.back();
    }
    return tokens_[pos_ + ahead];
}

bool Parser::at_word(std::string_view word, std::size_t ahead) const {
    const Token& token = peek(ahead);
    return token.kind == TokenKind::Word && token.text == word;
}

bool Parser::at_any_word(std::initializer_list<std::string_view> words, std::size_t ahead) const {
    const Token& token = peek(ahead);
    return token.kind == TokenKind::Word && is_any(token.text, words);
}

Token Parser::take() {
    const Token token = peek();
    if (!panic_ && pos_ + 1 < tokens_.size()) {
        ++pos_;
    }
    return token;
}

bool Parser::accept(Punct punct) {
    if (!at(punct)) {
        return false;
    }
    take();
    return true;
}

bool Parser::accept_word(std::string_view word) {
    if (!at_word(word)) {
        return false;
    }
    take();
    return true;
}

bool Parser::expect(Punct punct) {
    if (accept(punct)) {
        return true;
    }
    fail_expected(punct_text(punct));
    return false;
}

bool Parser::expect_word(std::string_view word) {
    if (accept_word(word)) {
        return true;
    }
    fail_expected(word);
    return false;
}

std::string_view Parser::dashed_word(std::size_t& tokens, std::size_t ahead) const {
    tokens = 0;
    const Token& first = peek(ahead);
    if (first.kind != TokenKind::Word) {
        return {};
    }
    std::uint32_t end = first.end();
    tokens = 1;
    while (at(Punct::Minus, ahead + tokens) && peek(ahead + tokens).span.offset == end &&
           peek(ahead + tokens + 1).kind == TokenKind::Word &&
           peek(ahead + tokens + 1).span.offset == end + 1) {
        end = peek(ahead + tokens + 1).end();
        tokens += 2;
    }
    return text_.substr(first.span.offset, end - first.span.offset);
}

std::uint32_t Parser::here() const {
    return pos_ < tokens_.size() ? tokens_[pos_].span.offset
                                 : static_cast<std::uint32_t>(text_.size());
}

TextSpan Parser::span_from(std::uint32_t begin) const {
    const std::uint32_t end = pos_ > 0 ? tokens_[pos_ - 1].end() : begin;
    return {begin, end > begin ? end - begin : 0};
}

void Parser::skip_to_offset(std::uint32_t offset) {
    while (pos_ + 1 < tokens_.size() && tokens_[pos_].span.offset < offset) {
        ++pos_;
    }
}

// ---- errors ------------------------------------------------------------------------------------

void Parser::report(std::string code, std::string ks_code, std::string message, TextSpan span) {
    if (stopped_) {
        return;
    }
    Diagnostic diagnostic;
    diagnostic.code = std::move(code);
    diagnostic.ks_code = std::move(ks_code);
    diagnostic.message = std::move(message);
    diagnostic.span = span;
    diagnostics_.push_back(std::move(diagnostic));
    if (diagnostics_.size() >= options_.errors_max) {
        stopped_ = true;
        panic_ = true;
    }
}

void Parser::fail(std::string ks_code, std::string message, TextSpan span) {
    if (!panic_) {
        report("SYN0002", std::move(ks_code), std::move(message), span);
        panic_ = true;
    }
}

void Parser::stop(std::string message, TextSpan span) {
    if (!stopped_) {
        panic_ = false;
        fail("", std::move(message), span);
        stopped_ = true;
    }
}

void Parser::fail_expected(std::string_view what) {
    if (peek().kind == TokenKind::Bad) {
        fail_unexpected();
        return;
    }
    std::string message = "Expected: " + std::string(what);
    if (!at_end()) {
        message += ", found: " + std::string(peek().text.substr(0, 40));
    }
    fail("KS005", std::move(message), peek().span);
}

void Parser::fail_unexpected() {
    if (panic_) {
        return;
    }
    const Token& token = peek();
    if (token.kind == TokenKind::Bad) {
        const bool prefixed =
            token.text.size() > 1 &&
            (token.text[0] == '@' || token.text[0] == 'h' || token.text[0] == 'H');
        const char quote = token.text.empty() ? '?' : token.text[prefixed ? 1 : 0];
        if (quote == '"' || quote == '\'' || quote == '@' ||
            ((quote == '`' || quote == '~') && token.text.size() > 2)) {
            report("SYN0001", "KS001", "Unclosed string literal", token.span);
        } else {
            report("SYN0001", "KS002", "Unexpected: " + std::string(token.text.substr(0, 40)),
                   token.span);
        }
        panic_ = true;
        return;
    }
    if (token.kind == TokenKind::End) {
        fail("KS006", "Unexpected end of the query", token.span);
        return;
    }
    std::string message = "Unexpected: " + std::string(token.text.substr(0, 40));
    if (token.punct == Punct::Question) {
        message = "Unexpected: ? (KQL has no conditional operator; use iff(condition, a, b))";
    }
    fail("KS198", std::move(message), token.span);
}

void Parser::recover() {
    if (stopped_) {
        return;
    }
    panic_ = false;
    std::uint32_t open = 0;
    while (pos_ + 1 < tokens_.size()) {
        switch (tokens_[pos_].punct) {
            case Punct::OpenParen:
            case Punct::OpenBracket:
            case Punct::OpenBrace:
                ++open;
                break;
            case Punct::CloseParen:
            case Punct::CloseBracket:
            case Punct::CloseBrace:
                if (open == 0) {
                    return;
                }
                --open;
                break;
            case Punct::Bar:
                if (open == 0) {
                    return;
                }
                break;
            case Punct::Semicolon:
                // A statement's end also inside brackets: the closing one may be what is missing.
                return;
            default:
                break;
        }
        ++pos_;
    }
}

void Parser::finish_part() {
    if (!panic_ && !at_end() && !at(Punct::Bar) && !at(Punct::Semicolon) &&
        !at(Punct::CloseParen) && !at(Punct::CloseBrace) && !at(Punct::CloseBracket)) {
        fail_unexpected();
    }
    if (panic_) {
        recover();
    }
}

// ---- names and types ---------------------------------------------------------------------------

std::size_t Parser::name_length(std::size_t ahead) const {
    const Token& token = peek(ahead);
    if (token.kind == TokenKind::Word) {
        return token.text[0] == '!' || token.text.back() == '~' ? 0 : 1;
    }
    if (token.punct == Punct::OpenBracket && peek(ahead + 1).kind == TokenKind::String &&
        at(Punct::CloseBracket, ahead + 2)) {
        return 3;
    }
    return 0;
}

bool Parser::at_name(std::size_t ahead) const {
    return name_length(ahead) > 0;
}

Name Parser::parse_name() {
    const std::size_t length = name_length();
    const std::uint32_t begin = here();
    Name name;
    if (length == 1) {
        const Token token = take();
        name.text = std::string(token.text);
        name.span = token.span;
    } else if (length == 3) {
        take();
        name.text = read_string(take().text).text;
        take();
        name.span = span_from(begin);
    } else {
        fail_expected("a name");
    }
    return name;
}

namespace {

/// Words that stand for nothing but themselves: a name that is one must stand in brackets. As found
/// in the language service.
constexpr std::string_view kReserved[] = {
    "asc",     "boolean", "byte",    "card",       "char",   "date",    "datetime", "decimal",
    "desc",    "double",  "dynamic", "endswith",   "first",  "flags",   "float",    "has_all",
    "has_any", "int",     "int16",   "int32",      "int64",  "last",    "long",     "missing",
    "others",  "project", "real",    "startswith", "string", "time",    "timespan", "uint",
    "uint16",  "uint32",  "uint64",  "ulong",      "union",  "uniqueid"};
/// These may be read without brackets, but not made.
constexpr std::string_view kReservedNew[] = {"and", "between", "false",     "kind",
                                             "or",  "true",    "withsource"};

/// These may be made without brackets, but not read.
constexpr std::string_view kReservedRead[] = {
    "accumulate", "as",    "contains", "find",   "has", "in",    "invoke", "materialize",
    "of",         "print", "sample",   "search", "set", "title", "to",     "where"};

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

void Parser::check_bare_name(const Token& token, bool made) {
    if (token.kind == TokenKind::Word && !any_name_ &&
        (is_one_of(token.text, kReserved) ||
         is_one_of(token.text, made ? std::span<const std::string_view>(kReservedNew)
                                    : std::span<const std::string_view>(kReservedRead)))) {
        report("SYN0002", "KS228",
               "The name must stand in brackets: ['" + std::string(token.text) + "']", token.span);
    }
}

Name Parser::parse_new_name() {
    if (name_length() == 1) {
        check_bare_name(peek(), true);
    }
    return parse_name();
}

std::vector<Name> Parser::parse_name_list() {
    std::vector<Name> names;
    do {
        names.push_back(parse_name());
    } while (!panic_ && accept(Punct::Comma));
    return names;
}

std::optional<columns::DataType> Parser::parse_type() {
    if (peek().kind == TokenKind::Word) {
        // typeof(DateTime) occurs: the engine ignores case here.
        std::string word(peek().text);
        std::transform(word.begin(), word.end(), word.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        if (const auto type = columns::parse_type(word)) {
            take();
            return type;
        }
    }
    fail_expected("a type");
    return std::nullopt;
}

ColumnDeclaration Parser::parse_column_declaration() {
    ColumnDeclaration column;
    if (peek().kind == TokenKind::String) {
        // Old management commands quote column names.
        const Token token = take();
        column.name = Name{read_string(token.text).text, token.span};
    } else {
        column.name = parse_new_name();
    }
    expect(Punct::Colon);
    column.type_span = peek().span;
    column.type = parse_type().value_or(columns::DataType::Dynamic);
    return column;
}

std::vector<ColumnDeclaration> Parser::parse_row_schema(bool* star) {
    std::vector<ColumnDeclaration> columns;
    expect(Punct::OpenParen);
    if (star != nullptr && accept(Punct::Star)) {
        *star = true;
        if (!accept(Punct::Comma)) {
            expect(Punct::CloseParen);
            return columns;
        }
    }
    accept(Punct::Comma);  // a leading comma is allowed
    while (!panic_ && !at(Punct::CloseParen)) {
        columns.push_back(parse_column_declaration());
        if (!accept(Punct::Comma)) {
            break;
        }
    }
    expect(Punct::CloseParen);
    return columns;
}

// `( name = value, … )`, also without values (`skipvalidation`).
std::vector<OperatorParameter> Parser::parse_properties() {
    std::vector<OperatorParameter> properties;
    expect(Punct::OpenParen);
    accept(Punct::Comma);
    while (!panic_ && !at(Punct::CloseParen)) {
        OperatorParameter property;
        const std::uint32_t begin = here();
        std::size_t tokens = 0;
        if (const std::string_view dashed = dashed_word(tokens); tokens > 1) {
            property.name.text = std::string(dashed);
            jump_to(position() + tokens);
            property.name.span = span_from(begin);
        } else {
            property.name = parse_name();
        }
        if (accept(Punct::Assign)) {
            property.value = parse_parameter_value();
            // Lists (`ycolumns = a, b`): names not followed by "=" go on with the value.
            std::vector<NamedExpr> rest;
            while (at(Punct::Comma) && at_name(1) && !at(Punct::Assign, 1 + name_length(1)) &&
                   (at(Punct::Comma, 1 + name_length(1)) ||
                    at(Punct::CloseParen, 1 + name_length(1)))) {
                take();
                NamedExpr item;
                item.span = peek().span;
                item.expr = parse_parameter_value();
                rest.push_back(std::move(item));
            }
            if (!rest.empty()) {
                NamedExpr first;
                first.expr = std::move(property.value);
                rest.insert(rest.begin(), std::move(first));
                Call list;
                list.name.text = "list";
                list.arguments = std::move(rest);
                property.value = make(std::move(list), span_from(begin), 1);
            }
        }
        property.span = span_from(begin);
        properties.push_back(std::move(property));
        if (!accept(Punct::Comma)) {
            break;
        }
    }
    expect(Punct::CloseParen);
    return properties;
}

// Tokens of `word` or `hint.word` when "=" follows.
std::size_t Parser::parameter_name_length() const {
    if (peek().kind != TokenKind::Word) {
        return 0;
    }
    std::size_t length = 1;
    while (at(Punct::Dot, length) && peek(length + 1).kind == TokenKind::Word) {
        length += 2;
    }
    return at(Punct::Assign, length) ? length : 0;
}

void Parser::parse_parameters(std::vector<OperatorParameter>& out,
                              std::initializer_list<std::string_view> names) {
    while (!panic_) {
        const std::size_t length = parameter_name_length();
        if (length == 0 ||
            (length == 1 && !is_any(peek().text, names) && peek().text.substr(0, 2) != "__") ||
            (length > 1 && peek().text != "hint")) {
            return;
        }
        OperatorParameter parameter;
        const std::uint32_t begin = here();
        jump_to(position() + length);
        parameter.name.span = span_from(begin);
        parameter.name.text = std::string(source(parameter.name.span));
        take();  // =
        parameter.value = parse_parameter_value();
        parameter.span = span_from(begin);
        out.push_back(std::move(parameter));
    }
}

ExprPtr Parser::parse_parameter_value() {
    const Nesting nesting(*this);
    const std::uint32_t begin = here();
    if (at(Punct::Minus) || at(Punct::Plus)) {
        const UnaryOp op = take().punct == Punct::Minus ? UnaryOp::Minus : UnaryOp::Plus;
        if (op == UnaryOp::Minus && peek().text == "9223372036854775808") {
            take();
            return make(Literal{columns::Scalar::of_long(INT64_MIN), false}, span_from(begin));
        }
        ExprPtr operand = parse_literal();
        if (operand == nullptr) {
            fail_expected("a value");
            return missing();
        }
        Unary unary;
        unary.op = op;
        unary.operand = std::move(operand);
        return make(std::move(unary), span_from(begin), 1);
    }
    if (at(Punct::OpenParen)) {
        return parse_postfix();
    }
    if (ExprPtr literal = parse_literal()) {
        return literal;
    }
    std::size_t tokens = 0;
    if (const std::string_view dashed = dashed_word(tokens); tokens > 1) {
        NameRef ref{std::string(dashed)};
        jump_to(position() + tokens);
        return make(std::move(ref), span_from(begin));
    }
    if (at_name()) {
        // A word or column, never a call: `kind=inner (T)` goes on with the operand.
        Name name = parse_name();
        ExprPtr value = make(NameRef{std::move(name.text)}, name.span);
        while (at(Punct::Dot) && at_name(1)) {
            take();
            Path path;
            path.member = parse_name();
            const std::uint32_t height = value->height;
            path.object = std::move(value);
            value = make(std::move(path), span_from(begin), height);
        }
        return value;
    }
    fail_expected("a value");
    return missing();
}

}  // namespace qd::kql
