#pragma once

#include "qd/kql/source.h"

#include <string>
#include <string_view>

/// Substring and term tests on UTF-8 text (kql.md b.9, b.10): a term is a maximal run of
/// alphanumeric characters; letters beyond ASCII belong to terms.
namespace qd::kql {

enum class TextTest : std::uint8_t {
    Equals,
    Contains,
    StartsWith,
    EndsWith,
    Has,
    HasPrefix,
    HasSuffix,
};

/// Simple case folding of one code point (Unicode, one to one).
char32_t fold_code_point(char32_t c);
/// Every code point folded. ASCII text takes a fast path.
std::string fold_text(std::string_view text);
/// Whether a code point belongs to a term.
bool is_term_character(char32_t c);

/// A needle prepared once. Threads: const functions from any thread.
class TextMatcher {
  public:
    TextMatcher(TextTest test, std::string_view needle, bool case_sensitive);
    bool matches(std::string_view text) const;

  private:
    bool matches_folded(std::string_view text) const;
    bool has_at_border(std::string_view text) const;
    bool find_fold_ascii(std::string_view text, std::size_t from, std::size_t& at) const;

    TextTest test_;
    bool case_sensitive_;
    bool ascii_ = true;
    bool left_border_ = false;   // the needle begins with a term character
    bool right_border_ = false;  // … ends with one
    std::string needle_;         // folded unless case-sensitive
    char first_lower_ = 0;
    char first_upper_ = 0;
};

}  // namespace qd::kql
