#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Texts as tokens and what stands between them. A token is a maximal run of ASCII letters, digits
/// and bytes beyond ASCII: so a term of KQL (kql.md b.9) never reaches over the end of a token, and
/// a token of ASCII alone is exactly one term.
namespace qd::workspace::internal {

inline constexpr std::array<bool, 256> kTokenBytes = [] {
    std::array<bool, 256> table{};
    for (unsigned c = 0; c < 256; ++c) {
        table[c] =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0x80;
    }
    return table;
}();

inline bool is_token_byte(char c) {
    return kTokenBytes[static_cast<unsigned char>(c)];
}

/// Appends the tokens of `text` to `tokens` and its skeleton to `skeleton`: the bytes between the
/// tokens, with one 'x' for each token. No two texts with the same tokens and skeleton differ.
void split_tokens(std::string_view text, std::vector<std::string_view>& tokens,
                  std::string& skeleton);

/// Takes the first token and what stands before it off the text; empty when there is none.
inline std::string_view next_token(std::string_view& text) {
    std::size_t begin = 0;
    while (begin < text.size() && !is_token_byte(text[begin])) {
        ++begin;
    }
    std::size_t end = begin;
    while (end < text.size() && is_token_byte(text[end])) {
        ++end;
    }
    const std::string_view token = text.substr(begin, end - begin);
    text.remove_prefix(end);
    return token;
}

enum class TokenMatch : std::uint8_t { No, Maybe, Yes };

/// Whether the token holds the needle (ASCII letters and digits, lower case) in any case; `whole`:
/// as a term. Maybe: the token has bytes beyond ASCII that decide.
TokenMatch match_token(std::string_view token, std::string_view needle, bool whole);

}  // namespace qd::workspace::internal
