// JSON text to Value and back.
//
// One strict recursive-descent parser of our own reads what outside hands us as a tree: simdjson
// refuses integers beyond 64 bits and numbers out of double's range, keeps duplicate keys and gives
// no byte offset, and all of that would have to be repaired afterwards. Where the bytes matter more
// than the tree (ingested rows, dynamic columns), columns/variant goes through simdjson and falls
// back to this parser. Recursion is bounded by JsonLimits::depth_max, so hostile nesting is refused
// early. Source: RFC 8259.
#include "qd/codec/json.h"

#include "object_builder.h"
#include "qd/base/utf8.h"
#include "qd/codec/guid.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace qd::codec {

namespace {

/// Doubles between these print without an exponent, as tostring() of KQL does.
constexpr double kPlainFrom = 1e-5;
constexpr double kPlainBelow = 1e17;

class JsonParser {
  public:
    JsonParser(std::string_view text, JsonLimits limits) : text_(text), limits_(limits) {}

    Result<Value> run() {
        skip_space();
        Value value;
        QD_CHECK_OK(parse_value(value, 0));
        skip_space();
        if (at_ != text_.size()) {
            return fail("text behind the JSON value");
        }
        return value;
    }

  private:
    Error fail(std::string_view what) const {
        return Error(Code::InvalidArgument, "COD0001",
                     "malformed JSON: " + std::string(what) + " at offset " + std::to_string(at_))
            .with_span({.offset = static_cast<std::uint32_t>(at_), .length = 1});
    }

    void skip_space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' ||
                                      text_[at_] == '\r' || text_[at_] == '\t')) {
            ++at_;
        }
    }

    bool take(char c) {
        if (at_ < text_.size() && text_[at_] == c) {
            ++at_;
            return true;
        }
        return false;
    }

    Status parse_value(Value& out, std::size_t depth) {
        if (at_ >= text_.size()) {
            return fail("unexpected end");
        }
        switch (text_[at_]) {
            case '{':
                return parse_object(out, depth);
            case '[':
                return parse_array(out, depth);
            case '"': {
                std::string text;
                QD_CHECK_OK(parse_string(text));
                out = Value(std::move(text));
                return ok_status();
            }
            case 't':
                return parse_word("true", Value(true), out);
            case 'f':
                return parse_word("false", Value(false), out);
            case 'n':
                return parse_word("null", Value(), out);
            default:
                return parse_number(out);
        }
    }

    Status parse_word(std::string_view word, Value value, Value& out) {
        if (text_.substr(at_, word.size()) != word) {
            return fail("unexpected character");
        }
        at_ += word.size();
        out = std::move(value);
        return ok_status();
    }

    Status enter(std::size_t depth) {
        if (depth >= limits_.depth_max) {
            return Error(Code::InvalidArgument, "COD0002",
                         "JSON is nested too deep: depth_max=" + std::to_string(limits_.depth_max))
                .with_span({.offset = static_cast<std::uint32_t>(at_), .length = 1});
        }
        ++at_;
        skip_space();
        return ok_status();
    }

    Status parse_object(Value& out, std::size_t depth) {
        QD_CHECK_OK(enter(depth));
        internal::ObjectBuilder object;
        if (!take('}')) {
            while (true) {
                std::string key;
                if (at_ >= text_.size() || text_[at_] != '"') {
                    return fail("expected a property name");
                }
                QD_CHECK_OK(parse_string(key));
                skip_space();
                if (!take(':')) {
                    return fail("expected ':'");
                }
                skip_space();
                Value value;
                QD_CHECK_OK(parse_value(value, depth + 1));
                object.add(std::move(key), std::move(value));
                skip_space();
                if (take('}')) {
                    break;
                }
                if (!take(',')) {
                    return fail("expected ',' or '}'");
                }
                skip_space();
            }
        }
        out = Value(object.take());
        return ok_status();
    }

    Status parse_array(Value& out, std::size_t depth) {
        QD_CHECK_OK(enter(depth));
        Array array;
        if (!take(']')) {
            while (true) {
                Value value;
                QD_CHECK_OK(parse_value(value, depth + 1));
                array.push_back(std::move(value));
                skip_space();
                if (take(']')) {
                    break;
                }
                if (!take(',')) {
                    return fail("expected ',' or ']'");
                }
                skip_space();
            }
        }
        out = Value(std::move(array));
        return ok_status();
    }

    Status parse_hex4(char32_t& out) {
        if (text_.size() - at_ < 4) {
            return fail("truncated escape");
        }
        unsigned number = 0;
        const char* begin = text_.data() + at_;
        const auto [end, error] = std::from_chars(begin, begin + 4, number, 16);
        if (error != std::errc() || end != begin + 4) {
            return fail("malformed escape");
        }
        at_ += 4;
        out = number;
        return ok_status();
    }

    Status parse_escape(std::string& out) {
        if (at_ >= text_.size()) {
            return fail("unexpected end");
        }
        const char c = text_[at_++];
        static constexpr std::pair<char, char> kSimple[] = {{'"', '"'},  {'\\', '\\'}, {'/', '/'},
                                                            {'b', '\b'}, {'f', '\f'},  {'n', '\n'},
                                                            {'r', '\r'}, {'t', '\t'}};
        for (const auto& [name, byte] : kSimple) {
            if (name == c) {
                out += byte;
                return ok_status();
            }
        }
        if (c != 'u') {
            --at_;
            return fail("unknown escape");
        }
        char32_t point = 0;
        QD_CHECK_OK(parse_hex4(point));
        if (point >= 0xD800 && point < 0xDC00 && text_.substr(at_, 2) == "\\u") {
            at_ += 2;
            char32_t low = 0;
            QD_CHECK_OK(parse_hex4(low));
            if (low >= 0xDC00 && low < 0xE000) {
                point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
            } else {
                append_utf8(out, 0xFFFD);
                point = low;
            }
        }
        // A lone surrogate has no UTF-8 form; it becomes the replacement character.
        append_utf8(out, point >= 0xD800 && point < 0xE000 ? 0xFFFD : point);
        return ok_status();
    }

    /// Moves behind the bytes that need no treatment; true when some are not ASCII.
    bool skip_plain() {
        bool ascii = true;
        while (at_ < text_.size()) {
            const auto c = static_cast<unsigned char>(text_[at_]);
            if (c == '"' || c == '\\' || c < 0x20) {
                break;
            }
            ascii = ascii && c < 0x80;
            ++at_;
        }
        return !ascii;
    }

    Status parse_string(std::string& out) {
        ++at_;
        const std::size_t begin = at_;
        bool wide = false;
        while (true) {
            const std::size_t run = at_;
            wide = skip_plain() || wide;
            out.append(text_.substr(run, at_ - run));
            if (at_ >= text_.size()) {
                return fail("string never ends");
            }
            if (text_[at_] == '"') {
                break;
            }
            if (text_[at_] != '\\') {
                return fail("control character in a string");
            }
            ++at_;
            QD_CHECK_OK(parse_escape(out));
        }
        // Escapes are ASCII, so the bytes as written are valid just when the text is.
        if (wide && !is_valid_utf8(text_.substr(begin, at_ - begin))) {
            at_ = begin;
            return fail("string is not valid UTF-8");
        }
        ++at_;
        return ok_status();
    }

    bool digits() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
            ++at_;
        }
        return at_ > begin;
    }

    Status parse_number(Value& out) {
        const std::size_t begin = at_;
        take('-');
        const std::size_t first = at_;
        if (!digits()) {
            return fail("unexpected character");
        }
        if (text_[first] == '0' && at_ - first > 1) {
            at_ = first;
            return fail("number with a leading zero");
        }
        bool integral = true;
        if (take('.')) {
            integral = false;
            if (!digits()) {
                return fail("number without digits behind the point");
            }
        }
        if (take('e') || take('E')) {
            integral = false;
            if (!take('+')) {
                take('-');
            }
            if (!digits()) {
                return fail("number without exponent digits");
            }
        }
        const char* start = text_.data() + begin;
        const char* end = text_.data() + at_;
        if (integral) {
            std::int64_t number = 0;
            const auto [stop, error] = std::from_chars(start, end, number);
            if (error == std::errc() && stop == end) {
                out = Value(number);
                return ok_status();
            }
            out = Value(Value::BigNumber{std::string(start, end)});
            return ok_status();
        }
        double number = 0;
        const auto [stop, error] = std::from_chars(start, end, number);
        if (error == std::errc() && stop == end) {
            out = Value(number);
        } else {
            out = Value(Value::BigNumber{std::string(start, end)});
        }
        return ok_status();
    }

    std::string_view text_;
    JsonLimits limits_;
    std::size_t at_ = 0;
};

class JsonWriter {
  public:
    JsonWriter(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

    void write(const Value& value) {
        std::visit([this](const auto& v) { put(v); }, value.data());
    }

  private:
    void put(std::monostate) { out_ += "null"; }
    void put(bool b) { out_ += b ? "true" : "false"; }
    void put(std::int64_t n) { out_ += std::to_string(n); }
    void put(double d) {
        if (std::isfinite(d)) {
            append_json_double(out_, d);
        } else {
            out_ += std::isnan(d) ? "\"NaN\"" : d > 0 ? "\"Infinity\"" : "\"-Infinity\"";
        }
    }
    void put(const std::string& s) { append_json_string(out_, s); }
    void put(const Value::BigNumber& n) { out_ += n.text; }
    void put(Timestamp t) { append_json_string(out_, format_timestamp(t)); }
    void put(Ticks t) { append_json_string(out_, format_ticks(t)); }
    void put(GuidValue g) { append_json_string(out_, format_guid(g)); }
    void put(DecimalValue d) { append_json_string(out_, format_decimal(d)); }
    void put(const Array& array) {
        out_ += '[';
        ++depth_;
        bool first = true;
        for (const Value& value : array) {
            separate(first);
            write(value);
        }
        close(first, ']');
    }
    void put(const Object& object) {
        out_ += '{';
        ++depth_;
        bool first = true;
        for (const auto& [key, value] : object) {
            separate(first);
            append_json_string(out_, key);
            out_ += pretty_ ? ": " : ":";
            write(value);
        }
        close(first, '}');
    }
    void separate(bool& first) {
        if (!first) {
            out_ += ',';
        }
        first = false;
        new_line();
    }
    void close(bool empty, char bracket) {
        --depth_;
        if (!empty) {
            new_line();
        }
        out_ += bracket;
    }
    void new_line() {
        if (pretty_) {
            out_ += '\n';
            out_.append(depth_ * 2, ' ');
        }
    }

    std::string& out_;
    bool pretty_;
    std::size_t depth_ = 0;
};

}  // namespace

Result<Value> parse_json(std::string_view text, JsonLimits limits) {
    return JsonParser(text, limits).run();
}

void append_json(std::string& out, const Value& value) {
    JsonWriter(out, false).write(value);
}

std::string to_json(const Value& value) {
    std::string out;
    append_json(out, value);
    return out;
}

std::string to_pretty_json(const Value& value) {
    std::string out;
    JsonWriter(out, true).write(value);
    return out;
}

void append_json_string(std::string& out, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    out += '"';
    std::string repaired;
    if (!is_valid_utf8(text)) {
        repaired = sanitize_utf8(text);
        text = repaired;
    }
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        out.append(text.substr(plain, i - plain));
        plain = i + 1;
        out += '\\';
        switch (c) {
            case '"':
            case '\\':
                out += static_cast<char>(c);
                break;
            case '\b':
                out += 'b';
                break;
            case '\f':
                out += 'f';
                break;
            case '\n':
                out += 'n';
                break;
            case '\r':
                out += 'r';
                break;
            case '\t':
                out += 't';
                break;
            default:
                out += "u00";
                out += kHex[c >> 4];
                out += kHex[c & 15];
        }
    }
    out.append(text.substr(plain));
    out += '"';
}

void append_json_double(std::string& out, double value) {
    std::array<char, 64> buffer{};
    const double magnitude = std::fabs(value);
    const bool plain = magnitude == 0.0 || (magnitude >= kPlainFrom && magnitude < kPlainBelow);
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                   plain ? std::chars_format::fixed : std::chars_format::scientific)
                         .ptr;
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    out += text;
    if (plain && text.find('.') == std::string_view::npos) {
        out += ".0";
    }
}

}  // namespace qd::codec
