// Text tests of the string operators.
//
// Idea: nearly all text and needles are ASCII, so the needle is folded once and the text is
// compared byte by byte through a 256-entry fold table, with memchr finding candidates by the
// needle's first byte in both cases. Text with a byte >= 0x80 in a case-insensitive test is folded
// as a whole first (towlower of libc's C.UTF-8 tables would depend on the process's locale, so the
// folding ranges are written out here: Latin, Greek, Cyrillic, Armenian, Georgian, full-width).
// Cost: O(text) for the common case. Source: kql.md b.9, b.10.
#include "exec/term_match.h"

#include "qd/base/utf8.h"

#include <array>
#include <cstring>

namespace qd::kql {

namespace {

constexpr std::array<unsigned char, 256> make_fold_table() {
    std::array<unsigned char, 256> t{};
    for (std::size_t i = 0; i < 256; ++i) {
        t[i] = static_cast<unsigned char>(i >= 'A' && i <= 'Z' ? i + 32 : i);
    }
    return t;
}
constexpr std::array<unsigned char, 256> kFold = make_fold_table();

unsigned char fold_byte(char c) {
    return kFold[static_cast<unsigned char>(c)];
}

bool is_ascii(std::string_view text) {
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + i, 8);
        if ((word & 0x8080808080808080ULL) != 0) {
            return false;
        }
    }
    for (; i < text.size(); ++i) {
        if (static_cast<unsigned char>(text[i]) >= 0x80) {
            return false;
        }
    }
    return true;
}

bool is_ascii_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char32_t code_point_before(std::string_view text, std::size_t pos) {
    std::size_t start = pos - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) {
        --start;
    }
    return next_code_point(text, start);
}

char32_t code_point_at(std::string_view text, std::size_t pos) {
    return next_code_point(text, pos);
}

bool term_before(std::string_view text, std::size_t pos) {
    if (pos == 0) {
        return false;
    }
    const char c = text[pos - 1];
    return static_cast<unsigned char>(c) < 0x80 ? is_ascii_alnum(c)
                                                : is_term_character(code_point_before(text, pos));
}

bool term_after(std::string_view text, std::size_t pos) {
    if (pos >= text.size()) {
        return false;
    }
    const char c = text[pos];
    return static_cast<unsigned char>(c) < 0x80 ? is_ascii_alnum(c)
                                                : is_term_character(code_point_at(text, pos));
}

bool equal_fold(const char* text, const char* folded, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        if (fold_byte(text[i]) != static_cast<unsigned char>(folded[i])) {
            return false;
        }
    }
    return true;
}

}  // namespace

char32_t fold_code_point(char32_t c) {
    if (c < 0x80) {
        return c >= 'A' && c <= 'Z' ? c + 32 : c;
    }
    if (c == 0xB5) {
        return 0x3BC;
    }
    if ((c >= 0xC0 && c <= 0xDE && c != 0xD7)) {
        return c + 32;
    }
    if (c >= 0x100 && c <= 0x17F) {
        if (c == 0x130) {
            return 'i';
        }
        if (c == 0x131 || c == 0x138 || c == 0x149) {
            return c;
        }
        if (c == 0x178) {
            return 0xFF;
        }
        if (c == 0x17F) {
            return 's';
        }
        const bool odd_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
        if (odd_upper) {
            return (c & 1) != 0 ? c + 1 : c;
        }
        return (c & 1) == 0 ? c + 1 : c;
    }
    if ((c >= 0x391 && c <= 0x3A9 && c != 0x3A2)) {
        return c + 32;
    }
    switch (c) {
        case 0x386:
            return 0x3AC;
        case 0x388:
            return 0x3AD;
        case 0x389:
            return 0x3AE;
        case 0x38A:
            return 0x3AF;
        case 0x38C:
            return 0x3CC;
        case 0x38E:
            return 0x3CD;
        case 0x38F:
            return 0x3CE;
        case 0x3C2:
            return 0x3C3;
        default:
            break;
    }
    if (c >= 0x400 && c <= 0x40F) {
        return c + 80;
    }
    if (c >= 0x410 && c <= 0x42F) {
        return c + 32;
    }
    if ((c >= 0x460 && c <= 0x481) || (c >= 0x48A && c <= 0x4BF) || (c >= 0x4D0 && c <= 0x52F)) {
        return (c & 1) == 0 ? c + 1 : c;
    }
    if (c >= 0x531 && c <= 0x556) {
        return c + 48;
    }
    if (c >= 0x1E00 && c <= 0x1EFF) {
        const bool special = c >= 0x1E96 && c <= 0x1E9F;
        return !special && (c & 1) == 0 ? c + 1 : c;
    }
    if (c >= 0x2160 && c <= 0x216F) {
        return c + 16;
    }
    if (c >= 0xFF21 && c <= 0xFF3A) {
        return c + 32;
    }
    return c;
}

std::string fold_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    if (is_ascii(text)) {
        for (const char c : text) {
            out += static_cast<char>(fold_byte(c));
        }
        return out;
    }
    std::size_t pos = 0;
    while (pos < text.size()) {
        append_utf8(out, fold_code_point(next_code_point(text, pos)));
    }
    return out;
}

bool is_term_character(char32_t c) {
    if (c < 0x80) {
        return is_ascii_alnum(static_cast<char>(c));
    }
    if (c < 0xC0) {
        return c == 0xAA || c == 0xB5 || c == 0xBA;
    }
    if (c == 0xD7 || c == 0xF7) {
        return false;
    }
    // Punctuation, symbols, spaces, combining and private areas.
    if ((c >= 0x2000 && c <= 0x206F) || (c >= 0x20A0 && c <= 0x20CF) ||
        (c >= 0x2190 && c <= 0x2BFF) || (c >= 0x2E00 && c <= 0x2E7F) ||
        (c >= 0x3000 && c <= 0x3004) || (c >= 0x3008 && c <= 0x3020) ||
        (c >= 0x0300 && c <= 0x036F) || (c >= 0xFE00 && c <= 0xFE0F) ||
        (c >= 0xFE10 && c <= 0xFE6F) || (c >= 0xFF01 && c <= 0xFF0F) ||
        (c >= 0xFF1A && c <= 0xFF20) || (c >= 0xFF3B && c <= 0xFF40) ||
        (c >= 0xFF5B && c <= 0xFF65) || (c >= 0xE000 && c <= 0xF8FF) ||
        (c >= 0x1F000 && c <= 0x1FAFF) || c == 0xFFFD || c == 0xFEFF) {
        return false;
    }
    return true;
}

TextMatcher::TextMatcher(TextTest test, std::string_view needle, bool case_sensitive)
    : test_(test),
      case_sensitive_(case_sensitive),
      ascii_(is_ascii(needle)),
      needle_(case_sensitive ? std::string(needle) : fold_text(needle)) {
    if (!needle_.empty()) {
        left_border_ = term_after(needle_, 0);
        right_border_ = term_before(needle_, needle_.size());
        first_lower_ = needle_[0];
        first_upper_ = needle_[0];
        if (!case_sensitive && needle_[0] >= 'a' && needle_[0] <= 'z') {
            first_upper_ = static_cast<char>(needle_[0] - 32);
        }
    }
    if (test_ == TextTest::HasPrefix) {
        right_border_ = false;
    } else if (test_ == TextTest::HasSuffix) {
        left_border_ = false;
    } else if (test_ == TextTest::Contains) {
        left_border_ = right_border_ = false;
    }
}

bool TextMatcher::find_fold_ascii(std::string_view text, std::size_t from, std::size_t& at) const {
    const std::size_t n = needle_.size();
    if (text.size() < n) {
        return false;
    }
    const char* const begin = text.data();
    const char* const last = begin + (text.size() - n);
    for (const char* p = begin + from; p <= last; ++p) {
        if (first_lower_ == first_upper_) {
            p = static_cast<const char*>(
                std::memchr(p, first_lower_, static_cast<std::size_t>(last - p) + 1));
            if (p == nullptr) {
                return false;
            }
        } else if (*p != first_lower_ && *p != first_upper_) {
            continue;
        }
        if (equal_fold(p + 1, needle_.data() + 1, n - 1)) {
            at = static_cast<std::size_t>(p - begin);
            return true;
        }
    }
    return false;
}

/// Contains, Has, HasPrefix, HasSuffix on text that is in the needle's case already (or ASCII
/// needle and text with folding done by find_fold_ascii).
bool TextMatcher::has_at_border(std::string_view text) const {
    std::size_t from = 0;
    while (from + needle_.size() <= text.size()) {
        std::size_t at = 0;
        if (case_sensitive_ || !ascii_) {
            at = text.find(needle_, from);
            if (at == std::string_view::npos) {
                return false;
            }
        } else if (!find_fold_ascii(text, from, at)) {
            return false;
        }
        if ((!left_border_ || !term_before(text, at)) &&
            (!right_border_ || !term_after(text, at + needle_.size()))) {
            return true;
        }
        from = at + 1;
    }
    return false;
}

bool TextMatcher::matches_folded(std::string_view text) const {
    const std::size_t n = needle_.size();
    const bool bytes_equal = case_sensitive_ || !ascii_;
    const auto same = [&](std::string_view part) {
        return bytes_equal ? part == needle_ : equal_fold(part.data(), needle_.data(), n);
    };
    switch (test_) {
        case TextTest::Equals:
            return text.size() == n && same(text);
        case TextTest::StartsWith:
            return text.size() >= n && same(text.substr(0, n));
        case TextTest::EndsWith:
            return text.size() >= n && same(text.substr(text.size() - n));
        case TextTest::Contains:
        case TextTest::Has:
        case TextTest::HasPrefix:
        case TextTest::HasSuffix:
            return n == 0 || has_at_border(text);
    }
    return false;
}

bool TextMatcher::matches(std::string_view text) const {
    // A text whose folding could change non-ASCII letters is folded as a whole. An ASCII needle
    // can also meet letters that fold into ASCII (the long s, the Kelvin sign is left alone).
    if (!case_sensitive_ && !ascii_) {
        return matches_folded(fold_text(text));
    }
    return matches_folded(text);
}

}  // namespace qd::kql
