#include "patterns/text_patterns.h"

#include <gtest/gtest.h>

namespace qd::kql {
namespace {

std::vector<std::string> run(const std::vector<std::string>& texts, double threshold,
                             std::string_view characters) {
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    std::vector<std::string> lines;
    for (const TextPattern& p : reduce_texts(views, threshold, characters)) {
        lines.push_back(p.pattern + "|" + std::to_string(p.count) + "|" + p.representative);
    }
    return lines;
}

using Lines = std::vector<std::string>;

TEST(TextPatterns, RecordedExample) {
    std::vector<std::string> texts;
    for (int i = 0; i < 1000; ++i) {
        texts.push_back("MachineLearningX" + std::to_string(i % 10));
    }
    EXPECT_EQ(run(texts, 0.001, "X"), Lines{"MachineLearning*|1000|MachineLearningX0"});
}

TEST(TextPatterns, RareTermsBecomeStars) {
    std::vector<std::string> texts(8, "Paris");
    for (const char* rest : {"Bernard", "Diego", "Jose", "Juan"}) {
        texts.push_back(std::string("San ") + rest);
    }
    EXPECT_EQ(run(texts, 0.2, ""), (Lines{"Paris|8|Paris", "San *|4|San Bernard"}));
    EXPECT_EQ(run(texts, 0.5, ""), (Lines{"Paris|8|Paris", "*|4|"}));
    EXPECT_EQ(run({"a=1; b", "a=22; b"}, 0.5, ""), Lines{"a=*; b|2|a=1; b"});
    EXPECT_EQ(run({"", ""}, 0.5, ""), Lines{"|2|"});
    EXPECT_EQ(run({}, 0.5, ""), Lines{});
}

}  // namespace
}  // namespace qd::kql
