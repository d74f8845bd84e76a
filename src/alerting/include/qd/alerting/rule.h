#pragma once

#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/codec/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qd::alerting {

enum class TimeAggregation : std::uint8_t { Count, Average, Minimum, Maximum, Total };
enum class Comparison : std::uint8_t {
    Equals,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
};

/// "Count", "GreaterThan" and so on, as rules spell them.
std::string_view aggregation_name(TimeAggregation aggregation);
std::string_view comparison_name(Comparison comparison);
/// As the alert payload spells it: "LowerThan" where the rule says "LessThan".
std::string_view comparison_payload_name(Comparison comparison);

/// Splits a result by the values of a column, and filters by them.
struct Dimension {
    std::string name;
    bool exclude = false;
    /// "*" stands for every value.
    std::vector<std::string> values;
};

struct Condition {
    std::string query;
    TimeAggregation aggregation = TimeAggregation::Count;
    std::string metric_measure_column;  // empty for Count
    std::string resource_id_column;     // empty: no split by resource
    std::vector<Dimension> dimensions;
    Comparison comparison = Comparison::GreaterThan;
    double threshold = 0;
    int evaluation_periods = 1;   // N
    int min_failing_periods = 1;  // M
};

/// A `Microsoft.Insights/scheduledQueryRules` resource. Field meanings and defaults: the public
/// schema of api-versions 2021-02-01-preview to 2025-01-01-preview.
struct Rule {
    std::string id;  // the resource id, else the name; unique in the workspace
    std::string name;
    std::string api_version;
    std::string kind = "LogAlert";
    std::string display_name;
    std::string description;
    int severity = 3;  // 0 worst .. 4
    bool enabled = true;
    std::vector<std::string> scopes;
    std::vector<std::string> target_resource_types;
    Ticks frequency;  // evaluationFrequency
    Ticks window;     // windowSize: one bin
    std::optional<Ticks> override_range;
    std::vector<Condition> conditions;
    bool stateful = true;  // autoMitigate
    std::optional<Ticks> time_to_resolve;
    Ticks mute{0};  // muteActionsDuration; stateless rules
    bool skip_query_validation = false;
    std::vector<std::string> action_groups;
    std::vector<std::pair<std::string, std::string>> custom_properties;
    std::vector<std::pair<std::string, std::string>> action_properties;
    /// Ours: how long after T the evaluation of T runs.
    Ticks evaluation_delay{0};
    /// The resource with numbers and booleans in their own types: what a GET answers.
    Value document;

    /// The time the query may see: overrideQueryTimeRange, else windowSize x N.
    Ticks range() const;
    /// How long the condition must have been clear before a fired alert resolves. Where the rule
    /// does not say: 10 min at 1 min frequency, 3 periods up to 15 min, 2 below 11 h, then 1.
    Ticks resolve_time() const;
};

enum class FindingLevel : std::uint8_t { Warning, Error };

/// Something about a rule's document. An Error finding means the rule cannot be enabled.
struct Finding {
    FindingLevel level = FindingLevel::Warning;
    std::string id;    // "ALR0104"
    std::string path;  // "properties.criteria.allOf[0].threshold"
    std::string message;
    std::optional<TextSpan> span;  // where the document was text
};

struct LoadedRule {
    Rule rule;
    std::vector<Finding> findings;
    bool has_errors() const;
};

/// Reads one rule: the resource itself, `{"rule": {…}}`, or an ARM template whose resources hold
/// exactly one rule. Numbers and booleans given as text are coerced; what cannot be understood is
/// a finding and stays in the document as written.
/// Errors: InvalidArgument ALR0101 when there is no rule in it at all.
Result<LoadedRule> parse_rule(const Value& document);

/// All rules of a file: one rule, an array, `{"value": […]}`, or an ARM template. Findings carry
/// positions in the text.
/// Errors: InvalidArgument COD0001 (not JSON), ALR0101.
Result<std::vector<LoadedRule>> parse_rules_text(std::string_view text);

}  // namespace qd::alerting
