#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qd::kql {

struct TextPattern {
    std::string pattern;
    std::int64_t count = 0;
    std::string representative;
};

/// The clustering of `reduce by`: texts that differ only in rare or numeric terms share a pattern,
/// "*" standing for what differs. Patterns with less than threshold·texts of them fall into one
/// last entry "*" without a representative. Largest first.
/// `characters` are cut at as well as everything that is not alphanumeric. Source: kql.md c.14.
std::vector<TextPattern> reduce_texts(std::span<const std::string_view> texts, double threshold,
                                      std::string_view characters);

}  // namespace qd::kql
