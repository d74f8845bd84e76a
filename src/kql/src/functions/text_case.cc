#include "functions/text_case.h"

#include "qd/base/utf8.h"

#include <locale.h>
#include <wctype.h>

#include <algorithm>

// Case mapping over the C library's Unicode tables, through a locale object of our own so that the
// process's locale neither matters nor changes. ASCII text does not get that far.

namespace qd::kql {
namespace {

/// The C library's UTF-8 tables; null when the system has none (then only ASCII maps).
::locale_t unicode_locale() {
    static const ::locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;
}

template <typename MapAscii, typename MapWide>
std::string map_text(std::string_view text, MapAscii ascii, MapWide wide) {
    const bool plain = std::all_of(text.begin(), text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    std::string out;
    out.reserve(text.size());
    if (plain) {
        for (const char c : text) {
            out.push_back(ascii(c));
        }
        return out;
    }
    const ::locale_t locale = unicode_locale();
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        if (c < 0x80 || locale == nullptr) {
            append_utf8(out, c < 0x80 ? static_cast<char32_t>(ascii(static_cast<char>(c))) : c);
        } else {
            append_utf8(out, static_cast<char32_t>(wide(static_cast<wint_t>(c), locale)));
        }
    }
    return out;
}

}  // namespace

std::string to_upper_text(std::string_view text) {
    return map_text(
        text, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; },
        ::towupper_l);
}

std::string to_lower_text(std::string_view text) {
    return map_text(
        text, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; },
        ::towlower_l);
}

std::size_t code_point_offset(std::string_view text, std::size_t index) {
    std::size_t at = 0;
    while (index > 0 && at < text.size()) {
        ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) {
            ++at;
        }
        --index;
    }
    return at;
}

}  // namespace qd::kql
