#include "extent/text_tokens.h"

#include <algorithm>

namespace qd::workspace::internal {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool same_folded(std::string_view text, std::string_view needle) {
    return std::equal(text.begin(), text.end(), needle.begin(), needle.end(),
                      [](char x, char y) { return lower(x) == y; });
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// The only code points beyond ASCII that fold to it: the Kelvin sign to k, the long s to s.
bool folds_to_ascii(std::string_view text) {
    return text.find("\xe2\x84\xaa") != std::string_view::npos ||
           text.find("\xc5\xbf") != std::string_view::npos;
}

}  // namespace

void split_tokens(std::string_view text, std::vector<std::string_view>& tokens,
                  std::string& skeleton) {
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t end = at;
        if (is_token_byte(text[at])) {
            while (end < text.size() && is_token_byte(text[end])) {
                ++end;
            }
            tokens.push_back(text.substr(at, end - at));
            skeleton += 'x';
        } else {
            while (end < text.size() && !is_token_byte(text[end])) {
                ++end;
            }
            skeleton.append(text, at, end - at);
        }
        at = end;
    }
}

TokenMatch match_token(std::string_view token, std::string_view needle, bool whole) {
    if (token.size() < needle.size()) {
        return TokenMatch::No;
    }
    if (whole && token.size() == needle.size()) {
        return same_folded(token, needle) ? TokenMatch::Yes : TokenMatch::No;
    }
    if (whole && is_ascii(token)) {
        return TokenMatch::No;
    }
    const bool inside = std::search(token.begin(), token.end(), needle.begin(), needle.end(),
                                    [](char x, char y) { return lower(x) == y; }) != token.end();
    if (inside) {
        // As a term only if what stands beside it is no letter.
        return whole ? TokenMatch::Maybe : TokenMatch::Yes;
    }
    return folds_to_ascii(token) ? TokenMatch::Maybe : TokenMatch::No;
}

}  // namespace qd::workspace::internal
