// Reads scheduledQueryRules resources. The document is normalised while it is read: every field
// that was understood is written back in its own type, everything else stays untouched, so the
// document that a GET answers equals the one that was PUT apart from "2" becoming 2. Rules come
// from many template generators, hence the tolerance: text for numbers, any case of names, nulls,
// wrappers, the old list form of `actions`. What a rule cannot run with is an Error finding.
// Source: the public schema of Microsoft.Insights/scheduledQueryRules.

#include "document_reader.h"
#include "qd/alerting/rule.h"
#include "qd/codec/json.h"

#include <algorithm>

namespace qd::alerting {

namespace {

constexpr std::size_t kDescriptionMax = 4096;
constexpr std::size_t kDimensionsMax = 6;
constexpr std::size_t kPropertiesBytesMax = 64 << 10;
constexpr std::string_view kResourceType = "Microsoft.Insights/scheduledQueryRules";

class RuleLoader {
  public:
    explicit RuleLoader(const Value& document) : reader_(loaded_.findings) {
        loaded_.rule.document = document;
    }

    LoadedRule load() {
        Rule& rule = loaded_.rule;
        Value& document = rule.document;
        rule.name = reader_.text(document, "name", "").value_or("");
        rule.api_version = reader_.text(document, "apiVersion", "").value_or("");
        rule.kind = reader_.text(document, "kind", "").value_or("LogAlert");
        rule.id = reader_.text(document, "id", "").value_or("");
        if (Value* properties = DocumentReader::field(document, "properties")) {
            load_properties(*properties);
        } else {
            reader_.error("ALR0102", "properties", "property is missing");
        }
        if (rule.name.empty()) {
            rule.name = rule.display_name;
        }
        if (rule.id.empty()) {
            rule.id = rule.name;
        }
        if (rule.id.empty()) {
            reader_.error("ALR0102", "name", "property is missing");
        }
        if (!equals_without_case(rule.kind, "LogAlert")) {
            reader_.error("ALR0107", "kind", "this kind of rule is not evaluated: " + rule.kind);
        }
        return std::move(loaded_);
    }

  private:
    void load_properties(Value& properties) {
        const std::string path = "properties";
        Rule& rule = loaded_.rule;
        rule.display_name = reader_.text(properties, "displayName", path).value_or("");
        rule.description = reader_.text(properties, "description", path).value_or("");
        if (rule.description.size() > kDescriptionMax) {
            reader_.warn("ALR0106", path + ".description", "text is longer than 4096 characters");
        }
        rule.severity = static_cast<int>(
            reader_.integer(properties, "severity", path, 0, 4).value_or(rule.severity));
        rule.enabled = reader_.boolean(properties, "enabled", path).value_or(true);
        rule.scopes = reader_.texts(properties, "scopes", path);
        rule.target_resource_types = reader_.texts(properties, "targetResourceTypes", path);
        load_times(properties, path);
        load_criteria(properties, path);
        rule.stateful = reader_.boolean(properties, "autoMitigate", path).value_or(true);
        load_resolve(properties, path);
        reader_.boolean(properties, "checkWorkspaceAlertsStorageConfigured", path);
        rule.skip_query_validation =
            reader_.boolean(properties, "skipQueryValidation", path).value_or(false);
        load_actions(properties, path);
        if (codec::to_json(properties).size() > kPropertiesBytesMax) {
            reader_.warn("ALR0106", path, "properties are larger than 64 KiB");
        }
        check_look_back();
    }

    void load_times(Value& properties, const std::string& path) {
        Rule& rule = loaded_.rule;
        const auto frequency = reader_.duration(properties, "evaluationFrequency", path);
        const auto window = reader_.duration(properties, "windowSize", path);
        require(properties, "evaluationFrequency", path);
        require(properties, "windowSize", path);
        rule.frequency = frequency.value_or(Ticks{5 * Ticks::kMinute});
        rule.window = window.value_or(rule.frequency);
        if (rule.frequency.count < Ticks::kMinute) {
            reader_.error("ALR0104", path + ".evaluationFrequency", "shortest frequency is PT1M");
            rule.frequency = {Ticks::kMinute};
        }
        if (rule.window.count < Ticks::kMinute) {
            reader_.error("ALR0104", path + ".windowSize", "shortest window is PT1M");
            rule.window = {Ticks::kMinute};
        }
        rule.override_range = reader_.duration(properties, "overrideQueryTimeRange", path);
        if (rule.override_range.has_value() && rule.override_range->count > 14 * Ticks::kDay) {
            reader_.warn("ALR0106", path + ".overrideQueryTimeRange",
                         "range is cut to fourteen days");
            rule.override_range = Ticks{14 * Ticks::kDay};
        }
        rule.mute = reader_.duration(properties, "muteActionsDuration", path).value_or(Ticks{0});
        rule.evaluation_delay =
            reader_.duration(properties, "evaluationDelay", path).value_or(Ticks{0});
    }

    void load_resolve(Value& properties, const std::string& path) {
        for (const std::string_view name : {"resolveConfiguration", "ruleResolveConfiguration"}) {
            Value* configuration = DocumentReader::field(properties, name);
            if (configuration == nullptr) {
                continue;
            }
            const std::string inner = path + "." + std::string(name);
            const auto resolved = reader_.boolean(*configuration, "autoResolved", inner);
            if (resolved == false) {
                loaded_.rule.stateful = false;
            }
            Value* time = DocumentReader::field(*configuration, "timeToResolve");
            if (time != nullptr && time->if_string() != nullptr &&
                !parse_iso_duration(*time->if_string()).has_value()) {
                // A widespread template fault writes "true" here; the platform's table is used.
                reader_.warn("ALR0104", inner + ".timeToResolve",
                             "text is no ISO 8601 duration: " + *time->if_string());
            } else {
                loaded_.rule.time_to_resolve =
                    reader_.duration(*configuration, "timeToResolve", inner);
            }
        }
    }

    void load_actions(Value& properties, const std::string& path) {
        Rule& rule = loaded_.rule;
        Value* actions = DocumentReader::field(properties, "actions");
        if (actions == nullptr) {
            return;
        }
        if (actions->if_array() != nullptr) {  // 2021-02-01-preview: a plain list of group ids
            rule.action_groups = reader_.texts(properties, "actions", path);
            return;
        }
        const std::string inner = path + ".actions";
        rule.action_groups = reader_.texts(*actions, "actionGroups", inner);
        rule.custom_properties = reader_.text_map(*actions, "customProperties", inner);
        rule.action_properties = reader_.text_map(*actions, "actionProperties", inner);
    }

    void load_criteria(Value& properties, const std::string& path) {
        Value* criteria = DocumentReader::field(properties, "criteria");
        Value* all = criteria == nullptr ? nullptr : DocumentReader::field(*criteria, "allOf");
        Array* conditions = all == nullptr ? nullptr : all->if_array();
        if (conditions == nullptr || conditions->empty()) {
            reader_.error("ALR0102", path + ".criteria.allOf", "rule has no condition");
            return;
        }
        for (std::size_t i = 0; i < conditions->size(); ++i) {
            load_condition((*conditions)[i], path + ".criteria.allOf[" + std::to_string(i) + "]");
        }
    }

    void load_condition(Value& source, const std::string& path) {
        Condition condition;
        require(source, "query", path);
        condition.query = reader_.text(source, "query", path).value_or("");
        if (const Value* query = DocumentReader::field(source, "query")) {
            reader_.is_expression(*query, path + ".query");
        }
        if (const auto index =
                reader_.choice(source, "timeAggregation", path,
                               {"Count", "Average", "Minimum", "Maximum", "Total"})) {
            condition.aggregation = static_cast<TimeAggregation>(*index);
        }
        condition.metric_measure_column =
            reader_.text(source, "metricMeasureColumn", path).value_or("");
        if (condition.aggregation != TimeAggregation::Count &&
            condition.metric_measure_column.empty()) {
            reader_.error("ALR0102", path + ".metricMeasureColumn",
                          "this aggregation needs a measure column");
        }
        condition.resource_id_column = reader_.text(source, "resourceIdColumn", path).value_or("");
        load_comparison(source, path, condition);
        load_dimensions(source, path, condition);
        if (Value* periods = DocumentReader::field(source, "failingPeriods")) {
            const std::string inner = path + ".failingPeriods";
            condition.evaluation_periods = static_cast<int>(
                reader_.integer(*periods, "numberOfEvaluationPeriods", inner, 1, 60).value_or(1));
            condition.min_failing_periods = static_cast<int>(
                reader_.integer(*periods, "minFailingPeriodsToAlert", inner, 1, 60).value_or(1));
            if (condition.min_failing_periods > condition.evaluation_periods) {
                reader_.error("ALR0110", inner + ".minFailingPeriodsToAlert",
                              "more failing periods are wanted than are evaluated");
            }
        }
        loaded_.rule.conditions.push_back(std::move(condition));
    }

    void load_comparison(Value& source, const std::string& path, Condition& condition) {
        if (const auto type = reader_.text(source, "criterionType", path);
            type.has_value() && !equals_without_case(*type, "StaticThresholdCriterion")) {
            reader_.error("ALR0107", path + ".criterionType",
                          "this criterion is not evaluated: " + *type);
            return;
        }
        require(source, "operator", path);
        require(source, "threshold", path);
        const auto index =
            reader_.choice(source, "operator", path,
                           {"Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan",
                            "LessThanOrEqual", "Equal", "GreaterOrEqual", "LessOrEqual"});
        if (index.has_value()) {
            constexpr Comparison kComparisons[] = {Comparison::Equals,
                                                   Comparison::GreaterThan,
                                                   Comparison::GreaterThanOrEqual,
                                                   Comparison::LessThan,
                                                   Comparison::LessThanOrEqual,
                                                   Comparison::Equals,
                                                   Comparison::GreaterThanOrEqual,
                                                   Comparison::LessThanOrEqual};
            condition.comparison = kComparisons[*index];
        }
        condition.threshold = reader_.number(source, "threshold", path).value_or(0);
    }

    void load_dimensions(Value& source, const std::string& path, Condition& condition) {
        Value* found = DocumentReader::field(source, "dimensions");
        Array* dimensions = found == nullptr ? nullptr : found->if_array();
        if (dimensions == nullptr) {
            return;
        }
        for (std::size_t i = 0; i < dimensions->size(); ++i) {
            Value& item = (*dimensions)[i];
            const std::string inner = path + ".dimensions[" + std::to_string(i) + "]";
            Dimension dimension;
            require(item, "name", inner);
            dimension.name = reader_.text(item, "name", inner).value_or("");
            dimension.exclude =
                reader_.choice(item, "operator", inner, {"Include", "Exclude"}) == std::size_t{1};
            dimension.values = reader_.texts(item, "values", inner);
            if (dimension.values.empty()) {
                dimension.values.emplace_back("*");
            }
            condition.dimensions.push_back(std::move(dimension));
        }
        if (condition.dimensions.size() > kDimensionsMax) {
            reader_.warn("ALR0106", path + ".dimensions", "more than six dimensions");
        }
    }

    void require(Value& object, std::string_view name, const std::string& path) {
        if (DocumentReader::field(object, name) == nullptr) {
            reader_.error("ALR0102", path + "." + std::string(name), "property is missing");
        }
    }

    // ago(14d) in a rule that sees one hour is cut to that hour: a common surprise.
    void check_look_back() {
        const Rule& rule = loaded_.rule;
        for (std::size_t i = 0; i < rule.conditions.size(); ++i) {
            const Ticks longest = longest_ago(rule.conditions[i].query);
            if (longest.count > rule.range().count) {
                reader_.warn("ALR0109",
                             "properties.criteria.allOf[" + std::to_string(i) + "].query",
                             "query looks back " + format_iso_duration(longest) +
                                 " but the rule sees only " + format_iso_duration(rule.range()) +
                                 "; set overrideQueryTimeRange");
            }
        }
    }

    static Ticks longest_ago(std::string_view query) {
        Ticks longest{0};
        for (std::size_t at = query.find("ago"); at != std::string_view::npos;
             at = query.find("ago", at + 3)) {
            std::size_t i = query.find_first_not_of(" \t", at + 3);
            if (i == std::string_view::npos || query[i] != '(') {
                continue;
            }
            std::int64_t number = 0;
            i = query.find_first_not_of(" \t", i + 1);
            bool any = false;
            while (i < query.size() && query[i] >= '0' && query[i] <= '9' && number < 1'000'000) {
                number = number * 10 + (query[i] - '0');
                any = true;
                ++i;
            }
            if (!any || i + 1 >= query.size()) {
                continue;
            }
            const std::string_view next = query.substr(i + 1, 1);
            const bool plain_unit = next == ")" || next == " ";
            const char unit = plain_unit ? query[i] : '?';
            const std::int64_t scale = unit == 'd'   ? Ticks::kDay
                                       : unit == 'h' ? Ticks::kHour
                                       : unit == 'm' ? Ticks::kMinute
                                       : unit == 's' ? Ticks::kSecond
                                                     : 0;
            longest = std::max(longest, Ticks{number * scale});
        }
        return longest;
    }

    LoadedRule loaded_;
    DocumentReader reader_;
};

bool is_rule(const Value& value) {
    const Value* type = value.get("type");
    if (type != nullptr) {
        return equals_without_case(type->string_or(""), kResourceType);
    }
    const Value* properties = value.get("properties");
    return properties != nullptr && properties->get("criteria") != nullptr;
}

struct FoundRule {
    const Value* document;
    std::string path;
};

constexpr int kWrapperDepthMax = 8;

void find_rules(const Value& value, const std::string& path, int depth,
                std::vector<FoundRule>& found) {
    if (depth > kWrapperDepthMax) {
        return;
    }
    if (const Array* items = value.if_array()) {
        for (std::size_t i = 0; i < items->size(); ++i) {
            find_rules((*items)[i], path + "[" + std::to_string(i) + "]", depth + 1, found);
        }
        return;
    }
    if (value.if_object() == nullptr) {
        return;
    }
    if (is_rule(value)) {
        found.push_back({&value, path});
        return;
    }
    const std::string prefix = path.empty() ? "" : path + ".";
    for (const std::string_view wrapper : {"rule", "value", "resources"}) {
        if (const Value* inner = value.get(wrapper)) {
            find_rules(*inner, prefix + std::string(wrapper), depth + 1, found);
        }
    }
    // A nested deployment carries its own template.
    if (const Value* inner = value.at({"properties", "template"})) {
        find_rules(*inner, prefix + "properties.template", depth + 1, found);
    }
}

Error no_rule() {
    return {Code::InvalidArgument, "ALR0101", "document holds no scheduled query rule"};
}

}  // namespace

Result<LoadedRule> parse_rule(const Value& document) {
    std::vector<FoundRule> found;
    find_rules(document, "", 0, found);
    if (found.size() != 1) {
        return found.empty()
                   ? no_rule()
                   : Error(Code::InvalidArgument, "ALR0101", "document holds more than one rule");
    }
    return RuleLoader(*found.front().document).load();
}

Result<std::vector<LoadedRule>> parse_rules_text(std::string_view text) {
    QD_TRY(const Value document, codec::parse_json(text));
    std::vector<FoundRule> found;
    find_rules(document, "", 0, found);
    if (found.empty()) {
        return no_rule();
    }
    std::vector<LoadedRule> rules;
    for (const FoundRule& one : found) {
        LoadedRule loaded = RuleLoader(*one.document).load();
        for (Finding& finding : loaded.findings) {
            const bool separate = !one.path.empty() && !finding.path.empty();
            finding.span = locate_json_path(text, one.path + (separate ? "." : "") + finding.path);
            if (!finding.span.has_value()) {  // something missing: point at the rule
                finding.span = locate_json_path(text, one.path);
            }
        }
        rules.push_back(std::move(loaded));
    }
    return rules;
}

}  // namespace qd::alerting
