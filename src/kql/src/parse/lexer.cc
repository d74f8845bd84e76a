// The lexer cuts the whole text once, before parsing: the parser looks ahead freely and literals
// such as datetime(2020-01-01 10:00) are read from the text between two token offsets. Words are
// not classified here because nearly every keyword of KQL may also name a column.
// Source: Kusto query language reference, scalar data types; kql.md b.2.
#include "parse/lexer.h"

#include "qd/base/time.h"
#include "qd/base/utf8.h"

#include <algorithm>
#include <array>
#include <utility>

namespace qd::kql {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_word_start(char c) {
    return is_letter(c) || c == '_' || c == '$';
}
bool is_word_char(char c) {
    return is_letter(c) || is_digit(c) || c == '_';
}

struct Unit {
    std::string_view name;
    std::int64_t ticks;
};
constexpr std::array kUnits = {
    Unit{"d", Ticks::kDay},
    Unit{"day", Ticks::kDay},
    Unit{"days", Ticks::kDay},
    Unit{"h", Ticks::kHour},
    Unit{"hr", Ticks::kHour},
    Unit{"hrs", Ticks::kHour},
    Unit{"hour", Ticks::kHour},
    Unit{"hours", Ticks::kHour},
    Unit{"m", Ticks::kMinute},
    Unit{"min", Ticks::kMinute},
    Unit{"minute", Ticks::kMinute},
    Unit{"minutes", Ticks::kMinute},
    Unit{"s", Ticks::kSecond},
    Unit{"sec", Ticks::kSecond},
    Unit{"second", Ticks::kSecond},
    Unit{"seconds", Ticks::kSecond},
    Unit{"ms", Ticks::kMillisecond},
    Unit{"milli", Ticks::kMillisecond},
    Unit{"millis", Ticks::kMillisecond},
    Unit{"millisec", Ticks::kMillisecond},
    Unit{"millisecond", Ticks::kMillisecond},
    Unit{"milliseconds", Ticks::kMillisecond},
    Unit{"micro", Ticks::kMicrosecond},
    Unit{"micros", Ticks::kMicrosecond},
    Unit{"microsec", Ticks::kMicrosecond},
    Unit{"microsecond", Ticks::kMicrosecond},
    Unit{"microseconds", Ticks::kMicrosecond},
    Unit{"nano", -100},
    Unit{"nanos", -100},
    Unit{"nanosec", -100},
    Unit{"nanosecond", -100},
    Unit{"nanoseconds", -100},
    Unit{"tick", 1},
    Unit{"ticks", 1},
};

struct Sign {
    std::string_view text;
    Punct punct;
};
// Longer ones first.
constexpr std::array kSigns = {
    Sign{"==", Punct::Equal},
    Sign{"=>", Punct::Arrow},
    Sign{"=~", Punct::EqualTilde},
    Sign{"!=", Punct::NotEqual},
    Sign{"!~", Punct::NotEqualTilde},
    Sign{"<>", Punct::NotEqual},
    Sign{"<=", Punct::LessOrEqual},
    Sign{">=", Punct::GreaterOrEqual},
    Sign{"<|", Punct::LessBar},
    Sign{"..", Punct::DotDot},
    Sign{"(", Punct::OpenParen},
    Sign{")", Punct::CloseParen},
    Sign{"[", Punct::OpenBracket},
    Sign{"]", Punct::CloseBracket},
    Sign{"{", Punct::OpenBrace},
    Sign{"}", Punct::CloseBrace},
    Sign{",", Punct::Comma},
    Sign{";", Punct::Semicolon},
    Sign{":", Punct::Colon},
    Sign{".", Punct::Dot},
    Sign{"|", Punct::Bar},
    Sign{"+", Punct::Plus},
    Sign{"-", Punct::Minus},
    Sign{"*", Punct::Star},
    Sign{"/", Punct::Slash},
    Sign{"%", Punct::Percent},
    Sign{"=", Punct::Assign},
    Sign{"<", Punct::Less},
    Sign{">", Punct::Greater},
    Sign{"?", Punct::Question},
};

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    std::vector<Token> run() {
        for (;;) {
            skip_blanks();
            if (pos_ >= text_.size()) {
                break;
            }
            next();
        }
        add(TokenKind::End, pos_);
        return std::move(tokens_);
    }

  private:
    char at(std::size_t pos) const { return pos < text_.size() ? text_[pos] : '\0'; }

    void add(TokenKind kind, std::size_t begin, Punct punct = Punct::None) {
        Token token;
        token.kind = kind;
        token.punct = punct;
        token.span = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(pos_ - begin)};
        token.text = text_.substr(begin, pos_ - begin);
        tokens_.push_back(token);
    }

    // No-break, zero-width and ideographic blanks and the byte order mark come along with text
    // that was copied from web pages; the engine takes them as blanks.
    std::size_t wide_blank() const {
        const std::string_view rest = text_.substr(pos_, 3);
        if (rest.substr(0, 2) == "\xC2\xA0") {
            return 2;
        }
        if (rest.size() == 3 && rest.substr(0, 2) == "\xE2\x80" &&
            static_cast<unsigned char>(rest[2]) <= 0x8B &&
            static_cast<unsigned char>(rest[2]) >= 0x80) {
            return 3;
        }
        if (rest == "\xEF\xBB\xBF" || rest == "\xE3\x80\x80" || rest == "\xE2\x80\xAF" ||
            rest == "\xE2\x80\xA8" || rest == "\xE2\x80\xA9") {
            return 3;
        }
        return 0;
    }

    void skip_line() {
        while (pos_ < text_.size() && text_[pos_] != '\n' && text_[pos_] != '\r') {
            ++pos_;
        }
    }

    void skip_blanks() {
        while (pos_ < text_.size()) {
            const char c = text_[pos_];
            if (c == '\n' || c == '\r') {
                line_start_ = true;
                ++pos_;
            } else if (c == ' ' || c == '\t' || c == '\v' || c == '\f') {
                ++pos_;
            } else if (c == '/' && at(pos_ + 1) == '/') {
                skip_line();
            } else if (c == '#' && line_start_) {
                skip_line();
            } else if (const std::size_t width =
                           static_cast<unsigned char>(c) >= 0x80 ? wide_blank() : 0;
                       width > 0) {
                pos_ += width;
            } else {
                break;
            }
        }
    }

    void next() {
        line_start_ = false;
        const char c = text_[pos_];
        if (try_raw_guid() || try_string()) {
            return;
        }
        if (is_digit(c)) {
            number();
        } else if (is_word_start(c)) {
            const std::size_t begin = pos_++;
            word_rest();
            if (text_.substr(begin, pos_ - begin) == "in" && at(pos_) == '~') {
                ++pos_;
            }
            add(TokenKind::Word, begin);
        } else if (c == '!' && is_letter(at(pos_ + 1))) {
            const std::size_t begin = pos_++;
            word_rest();
            if (text_.substr(begin, pos_ - begin) == "!in" && at(pos_) == '~') {
                ++pos_;
            }
            add(TokenKind::Word, begin);
        } else if (static_cast<unsigned char>(c) >= 0x80) {
            wide_word();
        } else if (!sign()) {
            const std::size_t begin = pos_++;
            add(TokenKind::Bad, begin);
        }
    }

    void word_rest() {
        while (is_word_char(at(pos_)) || wide_letter() > 0) {
            pos_ += is_word_char(at(pos_)) ? 1 : wide_letter();
        }
    }

    // Letters beyond ASCII: every code point from U+00AA on but Latin-1's signs and the blocks of
    // punctuation, so that typographic quotes and dashes are errors where they stand.
    std::size_t wide_letter() const {
        if (pos_ >= text_.size() || static_cast<unsigned char>(text_[pos_]) < 0x80) {
            return 0;
        }
        const unsigned char lead = static_cast<unsigned char>(text_[pos_]);
        const std::size_t width = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        const std::string_view bytes = text_.substr(pos_, width);
        if (lead < 0xC2 || !is_valid_utf8(bytes)) {
            return 0;
        }
        std::size_t at_byte = 0;
        const char32_t point = next_code_point(bytes, at_byte);
        const bool letter =
            point == 0xAA || point == 0xB5 || point == 0xBA ||
            (point >= 0xC0 && point < 0x2000 && point != 0xD7 && point != 0xF7) ||
            (point >= 0x2C00 && point < 0x3000 && (point < 0x2E00 || point > 0x2E7F)) ||
            (point > 0x3004 && point < 0xE000) || (point >= 0xF900 && point < 0xFE00) ||
            (point >= 0xFE70 && point < 0xFEFF) || (point >= 0xFF10 && point < 0xFFE0) ||
            point >= 0x10000;
        return letter ? width : 0;
    }

    void wide_word() {
        const std::size_t begin = pos_;
        if (wide_letter() > 0) {
            word_rest();
            add(TokenKind::Word, begin);
            return;
        }
        ++pos_;
        while (pos_ < text_.size() && (static_cast<unsigned char>(text_[pos_]) & 0xC0U) == 0x80U) {
            ++pos_;
        }
        add(TokenKind::Bad, begin);
    }

    bool sign() {
        for (const Sign& s : kSigns) {
            if (text_.compare(pos_, s.text.size(), s.text) == 0) {
                const std::size_t begin = pos_;
                pos_ += s.text.size();
                add(TokenKind::Punct, begin, s.punct);
                return true;
            }
        }
        return false;
    }

    bool try_raw_guid() {
        constexpr std::array<std::size_t, 5> kGroups = {8, 4, 4, 4, 12};
        std::size_t p = pos_;
        for (std::size_t g = 0; g < kGroups.size(); ++g) {
            if (g > 0 && at(p++) != '-') {
                return false;
            }
            for (std::size_t i = 0; i < kGroups[g]; ++i) {
                if (!is_hex(at(p++))) {
                    return false;
                }
            }
        }
        if (is_word_char(at(p))) {
            return false;
        }
        const std::size_t begin = std::exchange(pos_, p);
        add(TokenKind::RawGuid, begin);
        return true;
    }

    bool try_string() {
        std::size_t p = pos_;
        if (at(p) == 'h' || at(p) == 'H') {
            ++p;
        }
        const bool verbatim = at(p) == '@';
        if (verbatim) {
            ++p;
        }
        const char quote = at(p);
        const std::size_t begin = pos_;
        if (!verbatim && (quote == '`' || quote == '~')) {
            const std::string_view fence = text_.substr(p, 3);
            if (fence != "```" && fence != "~~~") {
                return false;
            }
            const std::size_t close = text_.find(fence, p + 3);
            pos_ = close == std::string_view::npos ? text_.size() : close + 3;
            add(close == std::string_view::npos ? TokenKind::Bad : TokenKind::String, begin);
            return true;
        }
        if (quote != '"' && quote != '\'') {
            return false;
        }
        quoted(begin, p + 1, quote, verbatim);
        return true;
    }

    void quoted(std::size_t begin, std::size_t p, char quote, bool verbatim) {
        for (; p < text_.size(); ++p) {
            const char c = text_[p];
            if (c == quote) {
                if (verbatim && at(p + 1) == quote) {
                    ++p;
                    continue;
                }
                pos_ = p + 1;
                add(TokenKind::String, begin);
                return;
            }
            if (!verbatim && (c == '\n' || c == '\r')) {
                break;
            }
            if (!verbatim && c == '\\' && p + 1 < text_.size()) {
                ++p;
            }
        }
        pos_ = std::min(p, text_.size());
        add(TokenKind::Bad, begin);
    }

    void digits() {
        while (is_digit(at(pos_))) {
            ++pos_;
        }
    }

    void number() {
        const std::size_t begin = pos_;
        if (at(pos_) == '0' && (at(pos_ + 1) == 'x' || at(pos_ + 1) == 'X') &&
            is_hex(at(pos_ + 2))) {
            pos_ += 2;
            while (is_hex(at(pos_))) {
                ++pos_;
            }
            finish_number(begin, TokenKind::Long);
            return;
        }
        TokenKind kind = TokenKind::Long;
        digits();
        // "1..5" is a range, "1.a" no number; "5." is a real.
        if (at(pos_) == '.' && at(pos_ + 1) != '.' && !is_word_start(at(pos_ + 1))) {
            kind = TokenKind::Real;
            ++pos_;
            digits();
        } else if (at(pos_) == '.' && (at(pos_ + 1) == 'e' || at(pos_ + 1) == 'E') &&
                   is_digit(at(pos_ + 2))) {
            kind = TokenKind::Real;
            ++pos_;
        }
        if (at(pos_) == 'e' || at(pos_) == 'E') {
            const std::size_t sign_width = at(pos_ + 1) == '+' || at(pos_ + 1) == '-' ? 1 : 0;
            if (is_digit(at(pos_ + 1 + sign_width))) {
                kind = TokenKind::Real;
                pos_ += 1 + sign_width;
                digits();
            }
        }
        finish_number(begin, kind);
    }

    // What follows the digits decides: a unit makes a timespan, other letters an identifier
    // ("100ns" and "2x" are names).
    void finish_number(std::size_t begin, TokenKind kind) {
        if (!is_word_char(at(pos_))) {
            add(kind, begin);
            return;
        }
        const std::size_t unit_begin = pos_;
        while (is_word_char(at(pos_))) {
            ++pos_;
        }
        if (timespan_unit_ticks(text_.substr(unit_begin, pos_ - unit_begin)) != 0) {
            add(TokenKind::Timespan, begin);
            return;
        }
        const std::string_view whole = text_.substr(begin, pos_ - begin);
        const bool word = std::all_of(whole.begin(), whole.end(), is_word_char);
        add(word ? TokenKind::Word : TokenKind::Bad, begin);
    }

    std::string_view text_;
    std::size_t pos_ = 0;
    bool line_start_ = true;
    std::vector<Token> tokens_;
};

std::uint32_t hex_value(char c) {
    return static_cast<std::uint32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

// Reads the escape behind the backslash at `pos`; moves pos behind it. False: there is none.
bool read_escape(std::string_view body, std::size_t& pos, std::string& out, bool json_escapes) {
    static constexpr std::string_view kLetters = "\\'\"abfnrtv";
    static constexpr std::string_view kValues = "\\'\"\a\b\f\n\r\t\v";
    const char c = pos + 1 < body.size() ? body[pos + 1] : '\0';
    if (const std::size_t i = kLetters.find(c); c != '\0' && i != std::string_view::npos) {
        out.push_back(kValues[i]);
        pos += 2;
        return true;
    }
    if (json_escapes && c == '/') {
        out.push_back('/');
        pos += 2;
        return true;
    }
    std::uint32_t value = 0;
    if (c >= '0' && c <= '7') {
        std::size_t n = 0;
        while (n < 3 && pos + 1 + n < body.size() && body[pos + 1 + n] >= '0' &&
               body[pos + 1 + n] <= '7') {
            value = value * 8 + hex_value(body[pos + 1 + n++]);
        }
        append_utf8(out, value);
        pos += 1 + n;
        return true;
    }
    const std::size_t digits_min = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits_min == 0 || pos + 2 + digits_min > body.size()) {
        return false;
    }
    for (std::size_t i = 0; i < digits_min; ++i) {
        if (!is_hex(body[pos + 2 + i])) {
            return false;
        }
        value = value * 16 + hex_value(body[pos + 2 + i]);
    }
    pos += 2 + digits_min;
    // A surrogate pair written as two \u escapes is one code point; half a pair is U+FFFD.
    if (value >= 0xD800 && value < 0xDC00 && body.substr(pos, 2) == "\\u" &&
        pos + 6 <= body.size()) {
        std::uint32_t low = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            low = is_hex(body[pos + 2 + i]) ? low * 16 + hex_value(body[pos + 2 + i]) : 0;
        }
        if (low >= 0xDC00 && low < 0xE000) {
            value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
            pos += 6;
        }
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
        value = 0xFFFD;
    }
    append_utf8(out, value);
    return true;
}

}  // namespace

std::vector<Token> lex(std::string_view text) {
    return Lexer(text).run();
}

StringValue read_string(std::string_view token, bool json_escapes) {
    StringValue value;
    std::size_t pos = 0;
    if (token[0] == 'h' || token[0] == 'H') {
        value.obfuscated = true;
        ++pos;
    }
    const bool verbatim = token[pos] == '@';
    if (verbatim) {
        ++pos;
    }
    const char quote = token[pos];
    if (quote == '`' || quote == '~') {
        value.text = std::string(token.substr(pos + 3, token.size() - pos - 6));
        return value;
    }
    const std::string_view body = token.substr(0, token.size() - 1);
    ++pos;
    while (pos < body.size()) {
        const char c = body[pos];
        if (verbatim && c == quote) {
            value.text.push_back(quote);
            pos += 2;
        } else if (!verbatim && c == '\\') {
            const std::size_t begin = pos;
            if (!read_escape(body, pos, value.text, json_escapes)) {
                if (value.bad_escape < 0) {
                    value.bad_escape = static_cast<std::int32_t>(begin);
                }
                value.text.push_back(c);
                ++pos;
            }
        } else {
            value.text.push_back(c);
            ++pos;
        }
    }
    return value;
}

std::int64_t timespan_unit_ticks(std::string_view unit) {
    for (const Unit& u : kUnits) {
        if (u.name == unit) {
            return u.ticks;
        }
    }
    return 0;
}

bool is_identifier(std::string_view text) {
    const std::vector<Token> tokens = lex(text);
    return tokens.size() == 2 && tokens[0].kind == TokenKind::Word &&
           tokens[0].text.size() == text.size() && text[0] != '!' && text.back() != '~';
}

}  // namespace qd::kql
