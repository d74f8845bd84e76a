#pragma once

#include "qd/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qd::kql {

enum class TokenKind : std::uint8_t {
    End,
    Word,      // identifier or keyword, also $left and "!has"; the parser tells them apart
    String,    // one literal of any form
    Long,      // 12, 0x1F
    Real,      // 1.5, 1e3
    Timespan,  // 1.5h
    RawGuid,   // 74be27de-1e4e-49d9-b579-fe0b331d3642
    Punct,
    Bad,  // characters that begin nothing, unclosed strings
};

enum class Punct : std::uint8_t {
    None,
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    Comma,
    Semicolon,
    Colon,
    Dot,
    DotDot,
    Bar,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Assign,         // =
    Equal,          // ==
    Arrow,          // =>
    EqualTilde,     // =~
    NotEqual,       // != and <>
    NotEqualTilde,  // !~
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    LessBar,  // <|
    Question,
};

struct Token {
    TokenKind kind = TokenKind::End;
    Punct punct = Punct::None;
    TextSpan span;
    std::string_view text;  // as written

    std::uint32_t end() const { return span.offset + span.length; }
};

/// Cuts a text into words, dropping white space, comments and lines that begin with '#'. Always
/// ends with an End token, never fails: what cannot be read is a Bad token of at least one byte.
/// Time: linear. The tokens point into the text.
std::vector<Token> lex(std::string_view text);

/// What a String token means.
struct StringValue {
    std::string text;
    bool obfuscated = false;
    /// Offset in the token of an escape that is none; the text has it as written.
    std::int32_t bad_escape = -1;
};
/// json_escapes also takes the escape \/, which only JSON knows (dynamic literals).
StringValue read_string(std::string_view token_text, bool json_escapes = false);

/// Ticks (100 ns) of a unit ("h", "minutes", …); 0 when there is no such unit. nanoseconds are a
/// hundredth of a tick and are given as -100.
std::int64_t timespan_unit_ticks(std::string_view unit);

bool is_identifier(std::string_view text);

}  // namespace qd::kql
