#include "expr/text.h"

#include "expr/access.h"
#include "qd/automation/expression.h"
#include "qd/base/utf8.h"
#include "qd/codec/base64.h"
#include "qd/codec/guid.h"
#include "qd/codec/json.h"

#include <charconv>
#include <clocale>
#include <cmath>
#include <cwctype>

namespace qd::automation::expr {
namespace {

constexpr char32_t kDottedCapitalI = 0x130;
constexpr char32_t kDotlessI = 0x131;

/// The C library's Unicode tables, independent of the process's locale.
class UnicodeLocale {
  public:
    UnicodeLocale() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
    ~UnicodeLocale() {
        if (locale_ != nullptr) {
            freelocale(locale_);
        }
    }
    UnicodeLocale(const UnicodeLocale&) = delete;
    UnicodeLocale& operator=(const UnicodeLocale&) = delete;
    char32_t map(char32_t c, bool upper) const {
        if (c == kDottedCapitalI || c == kDotlessI || locale_ == nullptr) {
            return c;
        }
        const auto wide = static_cast<wint_t>(c);
        return static_cast<char32_t>(upper ? towupper_l(wide, locale_) : towlower_l(wide, locale_));
    }

  private:
    locale_t locale_;
};

std::string map_case(std::string_view text, bool upper) {
    static const UnicodeLocale locale;
    std::string out;
    out.reserve(text.size());
    std::size_t i = 0;
    while (i < text.size()) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x80) {
            const bool changes = upper ? (c >= 'a' && c <= 'z') : (c >= 'A' && c <= 'Z');
            out += changes ? static_cast<char>(c ^ 0x20U) : text[i];
            ++i;
        } else {
            append_utf8(out, locale.map(next_code_point(text, i), upper));
        }
    }
    return out;
}

/// A decimal in JSON always shows that it is one.
std::string decimal_json(DecimalValue value) {
    std::string text = format_decimal(value);
    if (text.find('.') == std::string::npos) {
        text += ".0";
    }
    return text;
}

}  // namespace

bool equals_ignore_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) {
        return false;
    }
    const auto fold = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (fold(a[i]) != fold(b[i])) {
            return false;
        }
    }
    return true;
}

std::string to_lower(std::string_view text) {
    return map_case(text, false);
}

std::string to_upper(std::string_view text) {
    return map_case(text, true);
}

std::string format_double(double value) {
    if (std::isnan(value)) {
        return "NaN";
    }
    if (std::isinf(value)) {
        return value < 0 ? "-Infinity" : "Infinity";
    }
    if (value == 0) {
        return std::signbit(value) ? "-0" : "0";
    }
    char buffer[64];
    const auto [end, error] =
        std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
    if (error != std::errc{}) {
        return "NaN";
    }
    const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
    const std::size_t e = text.find('e');
    int exponent = 0;
    const std::string_view exponent_text = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
    std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
    std::string out;
    std::string digits;
    for (const char c : text.substr(0, e)) {
        if (c == '-') {
            out += c;
        } else if (c != '.') {
            digits += c;
        }
    }
    if (exponent >= 15 || exponent < -5) {
        out += digits[0];
        if (digits.size() > 1) {
            out += '.';
            out += digits.substr(1);
        }
        out += exponent < 0 ? "E-" : "E+";
        const std::string magnitude = std::to_string(std::abs(exponent));
        return out + (magnitude.size() < 2 ? "0" + magnitude : magnitude);
    }
    if (exponent < 0) {
        out += "0.";
        out.append(static_cast<std::size_t>(-exponent - 1), '0');
        return out + digits;
    }
    const auto integral = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() <= integral) {
        out += digits;
        out.append(integral - digits.size(), '0');
        return out;
    }
    return out + digits.substr(0, integral) + "." + digits.substr(integral);
}

void append_compact_json(std::string& out, const Value& value) {
    if (const auto* array = value.if_array()) {
        out += '[';
        bool first = true;
        for (const Value& element : *array) {
            out += first ? "" : ",";
            first = false;
            append_compact_json(out, element);
        }
        out += ']';
    } else if (const auto* object = value.if_object()) {
        out += '{';
        bool first = true;
        for (const auto& [key, element] : *object) {
            out += first ? "" : ",";
            first = false;
            codec::append_json_string(out, key);
            out += ':';
            append_compact_json(out, element);
        }
        out += '}';
    } else if (const auto* decimal = value.if_decimal()) {
        out += decimal_json(*decimal);
    } else {
        codec::append_json(out, value);
    }
}

std::string compact_json(const Value& value) {
    std::string out;
    append_compact_json(out, value);
    return out;
}

Status append_text(std::string& out, const Value& value) {
    if (value.is_null()) {
        return {};
    }
    if (const auto* text = value.if_string()) {
        out += *text;
    } else if (const bool* b = value.if_bool()) {
        out += *b ? "True" : "False";
    } else if (const auto* integer = value.if_int()) {
        out += std::to_string(*integer);
    } else if (const auto* number = value.if_double()) {
        out += format_double(*number);
    } else if (const auto* decimal = value.if_decimal()) {
        out += format_decimal(*decimal);
    } else if (const auto* big = value.if_big_number()) {
        out += big->text;
    } else if (is_blob(value)) {
        QD_TRY(const std::string bytes, blob_bytes(value));
        out += sanitize_utf8(bytes);
    } else {
        append_compact_json(out, value);
    }
    return check_size(out.size());
}

std::u16string to_utf16(std::string_view text) {
    std::u16string out;
    out.reserve(text.size());
    std::size_t i = 0;
    while (i < text.size()) {
        const char32_t c = next_code_point(text, i);
        if (c < 0x10000) {
            out += static_cast<char16_t>(c);
        } else {
            out += static_cast<char16_t>(0xD800 + ((c - 0x10000) >> 10U));
            out += static_cast<char16_t>(0xDC00 + ((c - 0x10000) & 0x3FFU));
        }
    }
    return out;
}

std::string to_utf8(std::u16string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char32_t unit = text[i];
        const bool high = unit >= 0xD800 && unit < 0xDC00;
        if (high && i + 1 < text.size() && text[i + 1] >= 0xDC00 && text[i + 1] < 0xE000) {
            append_utf8(out, 0x10000 + ((unit - 0xD800) << 10U) + (text[i + 1] - 0xDC00U));
            ++i;
        } else {
            append_utf8(out, unit >= 0xD800 && unit < 0xE000 ? 0xFFFD : unit);
        }
    }
    return out;
}

std::size_t utf16_length(std::string_view text) {
    std::size_t units = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0U) != 0x80U) {
            units += byte >= 0xF0U ? 2 : 1;
        }
    }
    return units;
}

bool is_blob(const Value& value) {
    const Value* type = value.get("$content-type");
    const Value* content = value.get("$content");
    return type != nullptr && type->if_string() != nullptr && content != nullptr &&
           content->if_string() != nullptr;
}

Value make_blob(std::string_view content_type, std::string_view bytes) {
    Object blob;
    blob.set("$content-type", Value(content_type));
    blob.set("$content", Value(codec::base64_encode(bytes)));
    return Value(std::move(blob));
}

bool is_known_charset(std::string_view charset) {
    for (const std::string_view known : {"utf-8", "utf8", "ascii", "us-ascii"}) {
        if (equals_ignore_case(charset, known)) {
            return true;
        }
    }
    return false;
}

bool is_valid_content_type(std::string_view content_type) {
    const std::size_t end = content_type.find(';');
    const std::string_view media = content_type.substr(0, end);
    const std::size_t slash = media.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == media.size() ||
        media.find('/', slash + 1) != std::string_view::npos) {
        return false;
    }
    std::string_view rest = end == std::string_view::npos ? "" : content_type.substr(end);
    while (!rest.empty()) {
        rest.remove_prefix(1);
        while (!rest.empty() && rest.front() == ' ') {
            rest.remove_prefix(1);
        }
        const std::size_t next = rest.find(';');
        const std::string_view parameter = rest.substr(0, next);
        const std::size_t equals = parameter.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            return false;
        }
        if (equals_ignore_case(parameter.substr(0, equals), "charset")) {
            std::string_view charset = parameter.substr(equals + 1);
            if (charset.size() >= 2 && charset.front() == '"' && charset.back() == '"') {
                charset = charset.substr(1, charset.size() - 2);
            }
            if (!is_known_charset(charset)) {
                return false;
            }
        }
        rest = next == std::string_view::npos ? "" : rest.substr(next);
    }
    return true;
}

Result<std::string> blob_bytes(const Value& blob) {
    if (!is_valid_content_type(blob.get("$content-type")->string_or({}))) {
        return Error(Code::InvalidArgument, "AUT0204", "a blob's content type is not valid");
    }
    std::string compact;
    for (const char c : blob.get("$content")->string_or({})) {
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            compact += c;
        }
    }
    auto bytes = codec::base64_decode(compact);
    if (!bytes.ok() || compact.size() % 4 != 0) {
        return Error(Code::InvalidArgument, "AUT0204", "a blob's content is not base64");
    }
    return bytes;
}

std::optional<std::string> normalize_number(std::string_view text, bool comma_is_decimal) {
    const char point = comma_is_decimal ? ',' : '.';
    const char group = comma_is_decimal ? '.' : ',';
    const auto trim = [](std::string_view s) {
        constexpr std::string_view kBlank = " \t\r\n\v\f";
        const std::size_t from = s.find_first_not_of(kBlank);
        return from == std::string_view::npos
                   ? std::string_view()
                   : s.substr(from, s.find_last_not_of(kBlank) - from + 1);
    };
    text = trim(text);
    std::string out;
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
        out = text.front() == '-' ? "-" : "";
        text = trim(text.substr(1));
    } else if (!text.empty() && (text.back() == '+' || text.back() == '-')) {
        out = text.back() == '-' ? "-" : "";
        text = trim(text.substr(0, text.size() - 1));
    }
    std::size_t i = 0;
    bool digits = false;
    bool fraction = false;
    for (; i < text.size(); ++i) {
        const char c = text[i];
        if (c >= '0' && c <= '9') {
            out += c;
            digits = true;
        } else if (c == point && !fraction) {
            out += '.';
            fraction = true;
        } else if (c != group || fraction || !digits) {
            break;
        }
    }
    if (!digits) {
        return std::nullopt;
    }
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        out += 'e';
        ++i;
        if (i < text.size() && (text[i] == '+' || text[i] == '-')) {
            out += text[i++];
        }
        const std::size_t from = i;
        while (i < text.size() && text[i] >= '0' && text[i] <= '9') {
            out += text[i++];
        }
        if (i == from) {
            return std::nullopt;
        }
    }
    return i == text.size() ? std::optional(out) : std::nullopt;
}

}  // namespace qd::automation::expr

namespace qd::automation {

Result<std::string> stringify(const Value& value) {
    std::string out;
    QD_CHECK_OK(expr::append_text(out, value));
    return out;
}

}  // namespace qd::automation
