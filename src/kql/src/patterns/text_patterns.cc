// Two passes, after SLCT (Vaarandi 2003): count each term at its place, then write every text with
// the terms that are frequent there, and group equal patterns. A term that holds a digit is taken
// for a value, never for a word, as log miners do; the engine agrees on its recorded example
// (MachineLearningX0..9 cut at X gives one MachineLearning*). Separators stay, except the extra
// ones given by `characters` when they stand beside a "*".
//
// Complexity: O(total length); memory O(distinct terms + distinct patterns).
#include "patterns/text_patterns.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace qd::kql {

namespace {

struct Term {
    std::string_view before;  // separators in front of it
    std::string_view word;
};

bool is_word_byte(char c) {
    const auto b = static_cast<unsigned char>(c);
    return b >= 0x80 || (b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z');
}

// The terms of a text; a last term with an empty word holds trailing separators.
void cut(std::string_view text, std::string_view characters, std::vector<Term>& terms) {
    terms.clear();
    const auto in_word = [&](char c) {
        return is_word_byte(c) && characters.find(c) == std::string_view::npos;
    };
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t gap = at;
        while (at < text.size() && !in_word(text[at])) {
            ++at;
        }
        const std::size_t word = at;
        while (at < text.size() && in_word(text[at])) {
            ++at;
        }
        terms.push_back({text.substr(gap, word - gap), text.substr(word, at - word)});
    }
}

bool has_digit(std::string_view word) {
    return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool only_of(std::string_view text, std::string_view characters) {
    return text.find_first_not_of(characters) == std::string_view::npos;
}

std::string key_of(std::size_t place, std::string_view word) {
    return std::to_string(place) + ' ' + std::string(word);
}

}  // namespace

std::vector<TextPattern> reduce_texts(std::span<const std::string_view> texts, double threshold,
                                      std::string_view characters) {
    std::unordered_map<std::string, std::int64_t> frequency;
    std::vector<Term> terms;
    for (const std::string_view text : texts) {
        cut(text, characters, terms);
        for (std::size_t i = 0; i < terms.size(); ++i) {
            if (!has_digit(terms[i].word)) {
                ++frequency[key_of(i, terms[i].word)];
            }
        }
    }
    const double least = std::max(1.0, threshold * static_cast<double>(texts.size()));
    std::unordered_map<std::string, std::size_t> index;
    std::vector<TextPattern> patterns;
    for (const std::string_view text : texts) {
        cut(text, characters, terms);
        std::string pattern;
        for (std::size_t i = 0; i < terms.size(); ++i) {
            const Term& t = terms[i];
            const bool kept =
                t.word.empty() ||
                (!has_digit(t.word) && static_cast<double>(frequency[key_of(i, t.word)]) >= least);
            if (kept) {
                pattern.append(t.before);
                pattern.append(t.word);
                continue;
            }
            if (!only_of(t.before, characters)) {
                pattern.append(t.before);
            }
            if (!pattern.ends_with('*')) {
                pattern.push_back('*');
            }
        }
        const auto [it, fresh] = index.try_emplace(pattern, patterns.size());
        if (fresh) {
            patterns.push_back({pattern, 0, std::string(text)});
        }
        ++patterns[it->second].count;
    }
    TextPattern others{"*", 0, ""};
    std::erase_if(patterns, [&](const TextPattern& p) {
        const bool small = static_cast<double>(p.count) < least || p.pattern == "*";
        others.count += small ? p.count : 0;
        return small;
    });
    std::stable_sort(patterns.begin(), patterns.end(),
                     [](const TextPattern& a, const TextPattern& b) { return a.count > b.count; });
    if (others.count > 0) {
        patterns.push_back(std::move(others));
    }
    return patterns;
}

}  // namespace qd::kql
