// Literals. `datetime(2020-01-01 10:00)` and its kin are no calls: what stands between the
// parentheses is text of the type's own, so it is taken from the source and read by type. When
// that text is no constant (`real(datetime_diff(…))`) the engine refuses the query; the tree then
// keeps a Call so that the linter can say which conversion function was meant.
// Source: Kusto query language reference, scalar data types; kql.md b.2.
#include "parse/parser_impl.h"
#include "qd/codec/guid.h"
#include "value_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_set>

namespace qd::kql {
namespace {

using columns::DataType;
using columns::Scalar;

struct TypedWord {
    std::string_view word;
    DataType type;
};
constexpr std::array kTypedWords = {
    TypedWord{"bool", DataType::Bool},       TypedWord{"boolean", DataType::Bool},
    TypedWord{"int", DataType::Int},         TypedWord{"int32", DataType::Int},
    TypedWord{"long", DataType::Long},       TypedWord{"int64", DataType::Long},
    TypedWord{"real", DataType::Real},       TypedWord{"double", DataType::Real},
    TypedWord{"decimal", DataType::Decimal}, TypedWord{"datetime", DataType::DateTime},
    TypedWord{"date", DataType::DateTime},   TypedWord{"timespan", DataType::TimeSpan},
    TypedWord{"time", DataType::TimeSpan},   TypedWord{"guid", DataType::Guid},
    TypedWord{"uuid", DataType::Guid},       TypedWord{"uniqueid", DataType::Guid},
};

const TypedWord* find_typed(std::string_view word) {
    for (const TypedWord& t : kTypedWords) {
        if (t.word == word) {
            return &t;
        }
    }
    return nullptr;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::optional<Ticks> ticks_of_number(std::string_view number, std::int64_t unit) {
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc{} || end != number.data() + number.size()) {
        return std::nullopt;
    }
    if (unit < 0) {  // nanoseconds: a hundredth of a tick
        return Ticks{static_cast<std::int64_t>(value / 100.0)};
    }
    std::int64_t whole = 0;
    const auto [whole_end, whole_error] =
        std::from_chars(number.data(), number.data() + number.size(), whole);
    if (whole_error == std::errc{} && whole_end == number.data() + number.size()) {
        std::int64_t product = 0;
        if (__builtin_mul_overflow(whole, unit, &product)) {
            return std::nullopt;
        }
        return Ticks{product};
    }
    const double ticks = value * static_cast<double>(unit);
    if (!(std::fabs(ticks) < 9.2e18)) {
        return std::nullopt;
    }
    return Ticks{static_cast<std::int64_t>(std::llround(ticks))};
}

std::size_t number_prefix(std::string_view text) {
    std::size_t n = 0;
    while (n < text.size() && ((text[n] >= '0' && text[n] <= '9') || text[n] == '.')) {
        ++n;
    }
    return n;
}

std::optional<Ticks> timespan_of(std::string_view text) {
    const bool negative = !text.empty() && text[0] == '-';
    const std::string_view body = trim_blanks(negative ? text.substr(1) : text);
    const std::size_t digits = number_prefix(body);
    const std::string_view unit = trim_blanks(body.substr(digits));
    if (digits > 0 && !unit.empty()) {
        if (const std::int64_t ticks = timespan_unit_ticks(unit); ticks != 0) {
            std::optional<Ticks> value = ticks_of_number(body.substr(0, digits), ticks);
            if (value && negative) {
                value->count = -value->count;
            }
            return value;
        }
    }
    return parse_timespan_text(text);
}

std::optional<double> real_of(std::string_view text) {
    const std::string word = lower(text);
    if (word == "nan") {
        return std::numeric_limits<double>::quiet_NaN();
    }
    if (word == "inf" || word == "+inf" || word == "infinity" || word == "+infinity") {
        return std::numeric_limits<double>::infinity();
    }
    if (word == "-inf" || word == "-infinity") {
        return -std::numeric_limits<double>::infinity();
    }
    if (const auto value = parse_real_text(text)) {
        return value;
    }
    if (const auto value = parse_long_text(text)) {  // 0x10
        return static_cast<double>(*value);
    }
    return std::nullopt;
}

// datetime(2025, 6, 14): the engine takes commas for dashes.
std::optional<Timestamp> datetime_of_parts(std::string_view text) {
    int parts[3] = {0, 0, 0};
    std::size_t count = 0;
    while (count < 3) {
        const std::size_t comma = text.find(',');
        const std::string_view part = trim_blanks(text.substr(0, comma));
        const auto [end, error] =
            std::from_chars(part.data(), part.data() + part.size(), parts[count]);
        if (error != std::errc{} || end != part.data() + part.size()) {
            return std::nullopt;
        }
        ++count;
        if (comma == std::string_view::npos) {
            break;
        }
        text.remove_prefix(comma + 1);
    }
    const CivilDate date{parts[0], parts[1], parts[2]};
    if (count != 3 || date.year < 1 || date.year > 9999 || date.month < 1 || date.month > 12 ||
        date.day < 1 || date.day > 31) {
        return std::nullopt;
    }
    const std::int64_t days = days_from_civil(date);
    const CivilDate back = civil_from_days(days);
    if (back.month != date.month) {  // 31 June
        return std::nullopt;
    }
    return Timestamp{days * Ticks::kDay};
}

// The constant that `text` is for a type. Blanks after a sign are allowed: long(- 5).
std::string without_spaces_at_dashes(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ' ') {
            const std::size_t next = text.find_first_not_of(' ', i);
            if ((next != std::string_view::npos && text[next] == '-') || out.ends_with('-')) {
                continue;
            }
        }
        out += text[i];
    }
    return out;
}

std::optional<Scalar> constant_of(DataType type, std::string_view written) {
    std::string text(trim_blanks(written));
    if (text.empty() || lower(text) == "null") {
        return Scalar::null_of(type);
    }
    if (text.size() > 1 && (text[0] == '-' || text[0] == '+') && text[1] == ' ') {
        text = text[0] + std::string(trim_blanks(std::string_view(text).substr(1)));
    }
    switch (type) {
        case DataType::Bool:
            if (const auto v = parse_bool_text(text)) {
                return Scalar::of_bool(*v);
            }
            break;
        case DataType::Int:
            if (const auto v = parse_int_text(text)) {
                return Scalar::of_int(*v);
            }
            break;
        case DataType::Long:
            if (const auto v = parse_long_text(text)) {
                return Scalar::of_long(*v);
            }
            break;
        case DataType::Real:
            if (const auto v = real_of(text)) {
                return Scalar::of_real(*v);
            }
            break;
        case DataType::Decimal:
            if (const auto v = parse_decimal(text)) {
                return Scalar::of_decimal(v->bits);
            }
            break;
        case DataType::DateTime:
            if (const auto v = parse_datetime_text(text)) {
                return Scalar::of_datetime(v->ticks);
            }
            if (const auto v = datetime_of_parts(text)) {
                return Scalar::of_datetime(v->ticks);
            }
            // The lexer of the language sees tokens: datetime(2017 - 08 - 01) is a date too.
            if (const auto v = parse_datetime_text(without_spaces_at_dashes(text))) {
                return Scalar::of_datetime(v->ticks);
            }
            break;
        case DataType::TimeSpan:
            if (const auto v = timespan_of(text)) {
                return Scalar::of_timespan(v->count);
            }
            break;
        case DataType::Guid:
            if (const auto v = parse_guid_text(text)) {
                return Scalar::of_guid(v->bits);
            }
            break;
        case DataType::String:
        case DataType::Dynamic:
            break;
    }
    return std::nullopt;
}

// Text that could be meant as a constant of the type, though it is none ("2020-13-45"): it has
// none of the signs an expression would have.
bool looks_constant(std::string_view text) {
    return !text.empty() && text.find_first_of("()\"'[]+*=,") == std::string_view::npos &&
           ((text[0] >= '0' && text[0] <= '9') || text[0] == '-');
}

}  // namespace

bool Parser::at_typed_literal() const {
    return peek().kind == TokenKind::Word && at(Punct::OpenParen, 1) &&
           find_typed(peek().text) != nullptr;
}

ExprPtr Parser::parse_literal() {
    const Token token = peek();
    const auto number = [&](Scalar value) {
        take();
        return make(Literal{std::move(value), false}, token.span);
    };
    switch (token.kind) {
        case TokenKind::String:
            return parse_string_literal();
        case TokenKind::Long:
        case TokenKind::Real:
        case TokenKind::Timespan:
            return parse_number(token);
        case TokenKind::RawGuid:
            if (const auto guid = parse_guid_text(token.text)) {
                return number(Scalar::of_guid(guid->bits));
            }
            return nullptr;
        case TokenKind::Word:
            break;
        case TokenKind::Punct:
        case TokenKind::End:
        case TokenKind::Bad:
            return nullptr;
    }
    if ((token.text == "true" || token.text == "false" || token.text == "True" ||
         token.text == "False" || token.text == "TRUE" || token.text == "FALSE") &&
        !at(Punct::OpenParen, 1) && !at(Punct::Assign, 1)) {
        return number(Scalar::of_bool(token.text[0] == 't' || token.text[0] == 'T'));
    }
    if (at_typed_literal()) {
        return parse_typed_literal();
    }
    if (token.text == "dynamic" && at(Punct::OpenParen, 1)) {
        return parse_dynamic();
    }
    if (token.text == "typeof" && at(Punct::OpenParen, 1)) {
        return parse_type_of();
    }
    return nullptr;
}

ExprPtr Parser::parse_number(const Token& token) {
    if (token.kind == TokenKind::Long) {
        const std::optional<std::int64_t> value = parse_long_text(token.text);
        if (!value) {
            fail("", "Number out of range of long: " + std::string(token.text.substr(0, 40)),
                 token.span);
            return missing();
        }
        take();
        return make(Literal{Scalar::of_long(*value), false}, token.span);
    }
    if (token.kind == TokenKind::Real) {
        std::string text(token.text);
        if (text.back() == '.') {
            text.push_back('0');
        }
        const std::optional<double> value = parse_real_text(text);
        if (!value) {
            fail("", "Malformed number: " + std::string(token.text.substr(0, 40)), token.span);
            return missing();
        }
        take();
        return make(Literal{Scalar::of_real(*value), false}, token.span);
    }
    const std::optional<Ticks> ticks = timespan_of(token.text);
    if (!ticks) {
        fail("", "Timespan out of range: " + std::string(token.text.substr(0, 40)), token.span);
        return missing();
    }
    take();
    return make(Literal{Scalar::of_timespan(ticks->count), false}, token.span);
}

ExprPtr Parser::parse_string_literal() {
    const std::uint32_t begin = here();
    Literal literal;
    std::string text;
    while (peek().kind == TokenKind::String) {
        const Token token = take();
        StringValue part = read_string(token.text);
        if (part.bad_escape >= 0) {
            const auto at_byte = static_cast<std::uint32_t>(part.bad_escape);
            report("SYN0001", "KS002", "Unknown escape sequence in a string literal",
                   TextSpan{token.span.offset + at_byte, 2});
        }
        text += part.text;
        literal.obfuscated = literal.obfuscated || part.obfuscated;
    }
    literal.value = Scalar::of_string(std::move(text));
    return make(std::move(literal), span_from(begin));
}

// `type ( text )`
ExprPtr Parser::parse_typed_literal() {
    const std::uint32_t begin = here();
    const Token word = peek();
    const DataType type = find_typed(word.text)->type;
    const std::uint32_t open_end = peek(1).end();
    if (peek(2).kind == TokenKind::String && at(Punct::CloseParen, 3)) {
        // datetime("2020-01-01"); text that is none of the type is null
        const std::string text = read_string(peek(2).text).text;
        Scalar value = constant_of(type, text).value_or(Scalar::null_of(type));
        jump_to(position() + 4);
        return make(Literal{std::move(value), false}, span_from(begin));
    }
    const std::size_t close = text_.find(')', open_end);
    if (close == std::string_view::npos) {
        take();
        take();
        fail("KS005", "Expected: ), found the end of the query", peek().span);
        return missing();
    }
    const auto close_offset = static_cast<std::uint32_t>(close);
    const std::string_view inside = text_.substr(open_end, close - open_end);
    const bool empty = trim_blanks(inside).empty();
    std::optional<Scalar> value = constant_of(type, inside);
    if (!value && looks_constant(trim_blanks(inside))) {
        // The engine takes what is between the parentheses unread; a value it cannot convert is
        // null.
        Diagnostic warning;
        warning.severity = Severity::Warning;
        warning.code = "SYN0002";
        warning.message =
            "Malformed " + std::string(columns::type_name(type)) + " literal, read as null";
        warning.span = TextSpan{begin, close_offset + 1 - begin};
        diagnostics_.push_back(std::move(warning));
        value = Scalar::null_of(type);
    }
    if (value) {
        skip_to_offset(close_offset + 1);
        const TextSpan span{begin, close_offset + 1 - begin};
        if (empty && type == DataType::DateTime) {
            Call now;
            now.name = Name{"now", word.span};
            return make(std::move(now), span);
        }
        return make(Literal{std::move(*value), false}, span);
    }
    // Not a constant: the engine's error, and a Call in the tree.
    report("SYN0002", "KS198",
           std::string(word.text) +
               "() is a literal, not a conversion: only a constant may stand inside",
           TextSpan{begin, word.span.length});
    Name name = parse_name();
    return parse_call(std::move(name), nullptr, begin);
}

ExprPtr Parser::parse_type_of() {
    const std::uint32_t begin = here();
    take();
    TypeOf node;
    expect(Punct::OpenParen);
    const auto more_columns = [&] {
        node.tabular = true;
        while (!panic_ && !at(Punct::CloseParen)) {
            node.columns.push_back(parse_column_declaration());
            if (!accept(Punct::Comma)) {
                break;
            }
        }
    };
    if (accept(Punct::Star)) {
        node.star = true;
        node.tabular = true;
        if (accept(Punct::Comma)) {
            more_columns();
        }
    } else if (at_name() && at(Punct::Colon, name_length())) {
        more_columns();
    } else {
        node.type = parse_type().value_or(DataType::Dynamic);
    }
    expect(Punct::CloseParen);
    return make(std::move(node), span_from(begin));
}

ExprPtr Parser::parse_dynamic() {
    const std::uint32_t begin = here();
    take();
    take();
    Value value;
    if (!at(Punct::CloseParen) && !parse_json(value)) {
        fail_expected("a constant");
    }
    expect(Punct::CloseParen);
    if (panic_) {
        return missing();
    }
    return make(Literal{Scalar::of_dynamic(value), false}, span_from(begin));
}

// A JSON value in which KQL's own literals may stand too. False: no value begins here (or a
// failure has been reported).
bool Parser::parse_json(Value& out) {
    const Nesting nesting(*this);
    if (panic_) {
        return false;
    }
    if (accept(Punct::OpenBracket)) {
        Array array;
        while (!panic_ && !at(Punct::CloseBracket)) {
            Value element;
            if (!parse_json(element)) {
                fail_expected("a JSON value");
                return false;
            }
            array.push_back(std::move(element));
            if (!accept(Punct::Comma)) {
                break;
            }
        }
        out = Value(std::move(array));
        return expect(Punct::CloseBracket);
    }
    if (accept(Punct::OpenBrace)) {
        Object object;
        std::unordered_set<std::string> seen;  // set() alone would be quadratic
        while (!panic_ && !at(Punct::CloseBrace)) {
            if (peek().kind != TokenKind::String) {
                fail_expected("a property name in quotes");
                return false;
            }
            std::string key = read_string(take().text, true).text;
            expect(Punct::Colon);
            Value member;
            if (!parse_json(member)) {
                fail_expected("a JSON value");
                return false;
            }
            if (seen.insert(key).second) {
                object.append(std::move(key), std::move(member));
            } else {
                object.set(std::move(key), std::move(member));
            }
            if (!accept(Punct::Comma)) {
                break;
            }
        }
        out = Value(std::move(object));
        return expect(Punct::CloseBrace);
    }
    if (peek().kind == TokenKind::String) {
        std::string text;
        while (peek().kind == TokenKind::String) {
            text += read_string(take().text, true).text;
        }
        out = Value(std::move(text));
        return true;
    }
    bool negative = false;
    if (at(Punct::Minus) || at(Punct::Plus)) {
        negative = take().punct == Punct::Minus;
    }
    if (peek().kind == TokenKind::Long && !parse_long_text(peek().text)) {
        const Token token = take();
        double number = 0;
        std::from_chars(token.text.data(), token.text.data() + token.text.size(), number);
        out = Value(negative ? -number : number);
        return true;
    }
    if (accept_word("null")) {
        out = Value();
        return true;
    }
    const ExprPtr literal = parse_literal();
    if (literal == nullptr || literal->if_as<Literal>() == nullptr) {
        return false;
    }
    const Scalar& scalar = literal->as<Literal>().value;
    out = scalar.to_value();
    if (negative) {
        if (const std::int64_t* n = out.if_int()) {
            out = Value(-*n);
        } else if (const double* d = out.if_double()) {
            out = Value(-*d);
        } else if (scalar.type() == DataType::TimeSpan) {
            out = Value(Ticks{-scalar.as_int()});
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace qd::kql
