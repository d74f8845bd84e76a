#include "exec/term_match.h"

#include <gtest/gtest.h>

namespace qd::kql {
namespace {

struct Case {
    TextTest test;
    std::string_view text;
    std::string_view needle;
    bool sensitive;
    bool matches;
};

TEST(TextMatcher, FollowsTheTermRule) {
    const Case cases[] = {
        {TextTest::Has, "KustoExplorerQueryRun", "Explorer", false, false},
        {TextTest::Has, "a.Explorer/run", "explorer", false, true},
        {TextTest::Has, "svc_account", "svc", false, true},
        {TextTest::Has, "svc_account", "svc_", false, true},
        {TextTest::Has, "xsvc_account", "svc_", false, false},
        {TextTest::Has, "one two", "e t", false, false},
        {TextTest::Has, "one two", "one t", false, false},
        {TextTest::Has, "one two", "one two", false, true},
        {TextTest::Has, "abc abcd abc", "abcd", false, true},
        {TextTest::Has, "", "", false, true},
        {TextTest::Has, "Straße 5", "straße", false, true},
        {TextTest::Has, "Étoile", "étoile", false, true},
        {TextTest::Has, "éa", "a", false, false},
        {TextTest::Has, "Value", "value", true, false},
        {TextTest::HasPrefix, "foo barbaz", "bar", false, true},
        {TextTest::HasPrefix, "foobar", "bar", false, false},
        {TextTest::HasSuffix, "foobar x", "bar", false, true},
        {TextTest::HasSuffix, "barfoo", "bar", false, false},
        {TextTest::Contains, "KustoExplorer", "oexp", false, true},
        {TextTest::Contains, "KustoExplorer", "oexp", true, false},
        {TextTest::StartsWith, "Kusto", "kU", false, true},
        {TextTest::EndsWith, "Kusto", "STO", false, true},
        {TextTest::EndsWith, "to", "kusto", false, false},
        {TextTest::Equals, "ABC", "abc", false, true},
        {TextTest::Equals, "É", "é", false, true},
        {TextTest::Equals, "ß", "ss", false, false},
        {TextTest::Equals, "ＡＢ", "AB", false, false},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(TextMatcher(c.test, c.needle, c.sensitive).matches(c.text), c.matches)
            << c.text << " / " << c.needle;
    }
}

}  // namespace
}  // namespace qd::kql
