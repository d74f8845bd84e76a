#include "qd/alerting/rule.h"

#include "qd/codec/json.h"

#include <gtest/gtest.h>

namespace qd::alerting {
namespace {

constexpr std::string_view kRule = R"json({
  "name": "r1", "type": "Microsoft.Insights/scheduledQueryRules",
  "properties": {
    "displayName": "Rule", "severity": "2", "enabled": "true", "scopes": ["/w"],
    "evaluationFrequency": "PT5M", "windowSize": "PT15M",
    "criteria": {"allOf": [{"query": "T | where TimeGenerated > ago(1d)",
      "timeAggregation": "count", "operator": "GreaterThan", "threshold": "10",
      "dimensions": [{"name": "UPN", "operator": "Include", "values": ["*"]}],
      "failingPeriods": {"numberOfEvaluationPeriods": "3", "minFailingPeriodsToAlert": 2}}]},
    "autoMitigate": "False",
    "actions": {"actionGroups": ["ag"], "customProperties": {"k": "v"}}}})json";

TEST(Rule, ReadsTextAsNumbersAndBooleans) {
    const auto loaded = parse_rules_text(kRule);
    ASSERT_TRUE(loaded.ok());
    ASSERT_EQ(loaded.value().size(), 1u);
    const Rule& rule = loaded.value()[0].rule;
    EXPECT_EQ(rule.severity, 2);
    EXPECT_TRUE(rule.enabled);
    EXPECT_FALSE(rule.stateful);
    EXPECT_EQ(rule.conditions[0].threshold, 10);
    EXPECT_EQ(rule.conditions[0].evaluation_periods, 3);
    EXPECT_EQ(rule.range().count, 45 * Ticks::kMinute);
    EXPECT_EQ(rule.action_groups, std::vector<std::string>{"ag"});
    EXPECT_EQ(rule.document.at({"properties", "severity"})->int_or(0), 2);
    EXPECT_EQ(rule.document.at({"properties", "autoMitigate"})->bool_or(true), false);
    EXPECT_FALSE(loaded.value()[0].has_errors());
    ASSERT_EQ(loaded.value()[0].findings.size(), 1u);  // ago(1d) in 45 minutes
    EXPECT_EQ(loaded.value()[0].findings[0].id, "ALR0109");
}

TEST(Rule, FindingsCarryPositions) {
    std::string text(kRule);
    text.replace(text.find("\"PT15M\""), 7, "\"15 min\"");
    const auto loaded = parse_rules_text(text);
    ASSERT_TRUE(loaded.ok());
    ASSERT_TRUE(loaded.value()[0].has_errors());
    const Finding& finding = loaded.value()[0].findings[0];
    EXPECT_EQ(finding.id, "ALR0104");
    EXPECT_EQ(finding.path, "properties.windowSize");
    ASSERT_TRUE(finding.span.has_value());
    EXPECT_EQ(text.substr(finding.span->offset, finding.span->length), "\"15 min\"");
}

TEST(Rule, FindsRulesInWrappers) {
    const std::string rule(kRule);
    EXPECT_EQ(parse_rules_text("[" + rule + "," + rule + "]").value().size(), 2u);
    EXPECT_EQ(parse_rules_text(R"({"value":[)" + rule + "]}").value().size(), 1u);
    EXPECT_EQ(parse_rules_text(R"({"rule":)" + rule + "}").value().size(), 1u);
    EXPECT_EQ(parse_rules_text(R"({"resources":[{"type":"x"},)" + rule + "]}").value().size(), 1u);
    EXPECT_EQ(parse_rules_text("{}").error().id(), "ALR0101");
    EXPECT_EQ(parse_rules_text("{").error().id(), "COD0001");
}

TEST(Rule, RefusesWhatItCannotRun) {
    struct Case {
        std::string from;
        std::string to;
        std::string id;
    };
    for (const Case& one :
         {Case{"\"severity\": \"2\"", "\"severity\": 9", "ALR0104"},
          Case{"\"GreaterThan\"", "\"Sideways\"", "ALR0104"},
          Case{"\"threshold\": \"10\"", "\"threshold\": \"[parameters('t')]\"", "ALR0105"},
          Case{"\"count\"", "\"Average\"", "ALR0102"},
          Case{"\"minFailingPeriodsToAlert\": 2", "\"minFailingPeriodsToAlert\": 4", "ALR0110"},
          Case{"\"enabled\": \"true\"", "\"enabled\": []", "ALR0103"}}) {
        std::string text(kRule);
        const std::size_t at = text.find(one.from);
        ASSERT_NE(at, std::string::npos);
        text.replace(at, one.from.size(), one.to);
        const auto loaded = parse_rules_text(text);
        ASSERT_TRUE(loaded.ok()) << one.to;
        bool found = false;
        for (const Finding& finding : loaded.value()[0].findings) {
            found = found || (finding.id == one.id && finding.level == FindingLevel::Error);
        }
        EXPECT_TRUE(found) << one.to;
    }
}

}  // namespace
}  // namespace qd::alerting
