#include "expr/access.h"
#include "expr/function.h"
#include "expr/number_format.h"
#include "expr/text.h"

#include <algorithm>
#include <array>
#include <limits>

// String functions. Positions and lengths count UTF-16 code units. startsWith, endsWith, indexOf
// and lastIndexOf ignore case, contains() does not: so says the product's function reference.

namespace qd::automation::expr {
namespace {

Result<Value> concat(const Arguments& a) {
    std::string out;
    for (std::size_t i = 0; i < a.size(); ++i) {
        QD_CHECK_OK(append_text(out, a[i]));
    }
    return Value(std::move(out));
}

Result<Value> split(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    QD_TRY(const std::string_view separator, a.string(1));
    Array out;
    if (separator.empty()) {
        out.emplace_back(text);
        return Value(std::move(out));
    }
    std::size_t begin = 0;
    while (true) {
        const std::size_t end = text.find(separator, begin);
        out.emplace_back(text.substr(begin, end - begin));
        if (end == std::string_view::npos) {
            return Value(std::move(out));
        }
        begin = end + separator.size();
    }
}

Result<Value> lower(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    return Value(to_lower(text));
}

Result<Value> upper(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    return Value(to_upper(text));
}

Result<Value> replace(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    QD_TRY(const std::string_view old_text, a.string(1));
    QD_TRY(const std::string_view new_text, a.string(2));
    if (old_text.empty()) {
        return a.invalid("String cannot be of zero length. (Parameter 'oldValue')");
    }
    std::string out;
    std::size_t begin = 0;
    while (true) {
        const std::size_t end = text.find(old_text, begin);
        out += text.substr(begin, end - begin);
        QD_CHECK_OK(check_size(out.size()));
        if (end == std::string_view::npos) {
            return Value(std::move(out));
        }
        out += new_text;
        begin = end + old_text.size();
    }
}

Result<Value> substring(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    QD_TRY(const std::int64_t start, a.integer(1));
    const std::u16string units = to_utf16(text);
    const auto size = static_cast<std::int64_t>(units.size());
    std::int64_t length = size - start;
    if (a.size() > 2) {
        QD_TRY(length, a.integer(2));
    }
    if (start < 0 || length < 0 || start > size || length > size - start) {
        return a.invalid(
            "the parameters are out of range: 'start index' and 'length' must be "
            "non-negative integers and their sum at most the length of the string");
    }
    return Value(to_utf8(std::u16string_view(units).substr(static_cast<std::size_t>(start),
                                                           static_cast<std::size_t>(length))));
}

Result<Value> slice(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    const std::u16string units = to_utf16(text);
    const auto size = static_cast<std::int64_t>(units.size());
    const auto position = [&](std::int64_t at) {
        return at < 0 ? std::max<std::int64_t>(0, at + size) : std::min(at, size);
    };
    QD_TRY(const std::int64_t start, a.integer(1));
    std::int64_t end = size;
    if (a.size() > 2) {
        QD_TRY(end, a.integer(2));
    }
    const std::int64_t from = position(std::max(start, -size));
    const std::int64_t to = position(std::max(end, -size));
    if (from >= to) {
        return Value("");
    }
    return Value(to_utf8(std::u16string_view(units).substr(static_cast<std::size_t>(from),
                                                           static_cast<std::size_t>(to - from))));
}

Result<Value> trim(const Arguments& a) {
    const auto* text = a[0].if_string();
    if (text == nullptr) {
        return a.invalid("the parameters are not valid: a string is expected");
    }
    const auto blank = [](char16_t c) {
        return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
               (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
               c == 0x205F || c == 0x3000;
    };
    const std::u16string units = to_utf16(*text);
    std::size_t from = 0;
    std::size_t to = units.size();
    while (from < to && blank(units[from])) {
        ++from;
    }
    while (to > from && blank(units[to - 1])) {
        --to;
    }
    return Value(to_utf8(std::u16string_view(units).substr(from, to - from)));
}

Result<Value> guid(const Arguments& a) {
    std::string text = a.context.guid();
    QD_TRY(const auto format, a.optional_string(0));
    const char f = !format.has_value() || format->empty() ? 'D' : format->front();
    if (format.has_value() && format->size() > 1) {
        return a.invalid("a format is one of N, D, B, P");
    }
    switch (f) {
        case 'D':
        case 'd':
            return Value(text);
        case 'N':
        case 'n':
            text.erase(std::remove(text.begin(), text.end(), '-'), text.end());
            return Value(text);
        case 'B':
        case 'b':
            return Value("{" + text + "}");
        case 'P':
        case 'p':
            return Value("(" + text + ")");
        default:
            return a.invalid("a format is one of N, D, B, P");
    }
}

struct Folded {
    std::u16string text;
    std::u16string part;
};

Result<Folded> folded(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    QD_TRY(const std::string_view part, a.string(1));
    return Folded{to_utf16(to_lower(text)), to_utf16(to_lower(part))};
}

Value position(std::size_t found) {
    return found == std::u16string::npos ? Value(-1) : Value(static_cast<std::int64_t>(found));
}

Result<Value> index_of(const Arguments& a) {
    QD_TRY(const Folded f, folded(a));
    return position(f.text.find(f.part));
}

Result<Value> last_index_of(const Arguments& a) {
    QD_TRY(const Folded f, folded(a));
    return position(f.text.rfind(f.part));
}

Result<Value> nth_index_of(const Arguments& a) {
    QD_TRY(const Folded f, folded(a));
    QD_TRY(const std::int64_t n, a.integer(2));
    if (f.part.empty() || n == 0) {
        return Value(-1);
    }
    std::vector<std::size_t> found;
    for (std::size_t at = f.text.find(f.part); at != std::u16string::npos;
         at = f.text.find(f.part, at + f.part.size())) {
        found.push_back(at);
    }
    const auto count = static_cast<std::int64_t>(found.size());
    const std::int64_t wanted = n > 0 ? n - 1 : count + n;
    return wanted < 0 || wanted >= count ? Value(-1)
                                         : position(found[static_cast<std::size_t>(wanted)]);
}

Result<Value> starts_with(const Arguments& a) {
    QD_TRY(const Folded f, folded(a));
    return Value(f.text.starts_with(f.part));
}

Result<Value> ends_with(const Arguments& a) {
    QD_TRY(const Folded f, folded(a));
    return Value(f.text.ends_with(f.part));
}

Result<Value> format_number(const Arguments& a) {
    if (!a[0].is_number() && a[0].if_decimal() == nullptr) {
        return a.wrong(0, "a number");
    }
    QD_TRY(const std::string_view format, a.string(1));
    QD_TRY(const auto locale, a.optional_string(2));
    auto text = format_number_text(a[0], format, locale.value_or("en-us"));
    if (!text.has_value()) {
        return a.invalid("the number format is not supported: " + std::string(format));
    }
    return Value(std::move(*text));
}

Result<Value> trim_byte_order_mark(const Arguments& a) {
    QD_TRY(std::string_view text, a.string(0));
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    return Value(text);
}

constexpr std::array<std::pair<char, std::string_view>, 5> kXmlEntities = {
    {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&apos;"}}};

Result<Value> encode_xml_value(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    std::string out;
    for (const char c : text) {
        const auto entity = std::find_if(kXmlEntities.begin(), kXmlEntities.end(),
                                         [&](const auto& e) { return e.first == c; });
        if (entity == kXmlEntities.end()) {
            out += c;
        } else {
            out += entity->second;
        }
    }
    return Value(std::move(out));
}

Result<Value> decode_xml_value(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    std::string out;
    std::size_t i = 0;
    while (i < text.size()) {
        const auto entity = std::find_if(
            kXmlEntities.begin(), kXmlEntities.end(),
            [&](const auto& e) { return text.substr(i, e.second.size()) == e.second; });
        if (entity == kXmlEntities.end()) {
            out += text[i++];
        } else {
            out += entity->first;
            i += entity->second.size();
        }
    }
    return Value(std::move(out));
}

constexpr std::array kFunctions = {
    Function{"concat", 1, kAnyNumber, concat},
    Function{"split", 2, 2, split},
    Function{"toLower", 1, 1, lower},
    Function{"toUpper", 1, 1, upper},
    Function{"replace", 3, 3, replace},
    Function{"substring", 2, 3, substring},
    Function{"slice", 2, 3, slice},
    Function{"trim", 1, 1, trim},
    Function{"guid", 0, 1, guid},
    Function{"indexOf", 2, 2, index_of},
    Function{"lastIndexOf", 2, 2, last_index_of},
    Function{"nthIndexOf", 3, 3, nth_index_of},
    Function{"startsWith", 2, 2, starts_with},
    Function{"endsWith", 2, 2, ends_with},
    Function{"formatNumber", 2, 3, format_number},
    Function{"trimByteOrderMark", 1, 1, trim_byte_order_mark},
    Function{"encodeXmlValue", 1, 1, encode_xml_value},
    Function{"decodeXmlValue", 1, 1, decode_xml_value},
};

}  // namespace

std::span<const Function> string_functions() {
    return kFunctions;
}

}  // namespace qd::automation::expr
