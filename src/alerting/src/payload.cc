// The common alert schema for log alerts. Its traps, kept on purpose because receivers in the field
// parse them: the threshold is text while the metric value is a number; "LessThan" of the rule is
// "LowerThan" here; dimension order of configurationItems is fixed; ids are in lower case.

#include "qd/alerting/payload.h"

#include "qd/codec/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace qd::alerting {

namespace {

std::string_view condition_text(const AlertEvent& event) {
    return event.change == AlertChange::Fired ? "Fired" : "Resolved";
}

std::string number_text(double value) {
    if (std::trunc(value) == value && std::abs(value) < 9e15) {
        return std::to_string(static_cast<std::int64_t>(value));
    }
    char buffer[40];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    return {buffer, end};
}

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

/// The part after "/<marker>/" up to the next slash.
std::string segment_after(std::string_view id, std::string_view marker) {
    const std::string low = lower_case(std::string(id));
    const std::string key = "/" + std::string(marker) + "/";
    const std::size_t at = low.find(key);
    if (at == std::string::npos) {
        return "";
    }
    const std::size_t begin = at + key.size();
    return low.substr(begin, low.find('/', begin) - begin);
}

std::string resource_type(std::string_view id) {
    const std::string low = lower_case(std::string(id));
    const std::size_t at = low.rfind("/providers/");
    if (at == std::string::npos) {
        return "";
    }
    const std::size_t begin = at + 11;
    const std::size_t slash = low.find('/', begin);
    return slash == std::string::npos ? "" : low.substr(begin, low.find('/', slash + 1) - begin);
}

Array configuration_items(const AlertEvent& event) {
    for (const std::string_view wanted : {"_ResourceId", "ResourceId", "Resource", "Computer"}) {
        for (const auto& [name, value] : event.key.dimensions) {
            if (name == wanted && !value.empty()) {
                return {Value(value)};
            }
        }
    }
    return event.key.target_resource_id.empty() ? Array{}
                                                : Array{Value(event.key.target_resource_id)};
}

const Value* follow(const Value& root, std::string_view path) {
    const Value* at = &root;
    while (!path.empty() && at != nullptr) {
        if (path.front() == '.') {
            path.remove_prefix(1);
            continue;
        }
        if (path.front() == '[') {
            std::size_t index = 0;
            const std::size_t close = path.find(']');
            const Array* items = at->if_array();
            if (close == std::string_view::npos || items == nullptr ||
                std::from_chars(path.data() + 1, path.data() + close, index).ec != std::errc() ||
                index >= items->size()) {
                return nullptr;
            }
            at = &(*items)[index];
            path.remove_prefix(close + 1);
            continue;
        }
        const std::size_t end = std::min(path.find_first_of(".["), path.size());
        at = at->get(path.substr(0, end));
        path.remove_prefix(end);
    }
    return at;
}

/// Replaces ${data.…} and ${row.…}; a name that leads nowhere stays as it is.
std::string fill(std::string_view text, const Value& payload, const AlertEvent& event) {
    std::string out;
    while (!text.empty()) {
        const std::size_t at = text.find("${");
        const std::size_t end = at == std::string_view::npos ? at : text.find('}', at);
        if (end == std::string_view::npos) {
            break;
        }
        out += text.substr(0, at);
        const std::string_view name = text.substr(at + 2, end - at - 2);
        const Value* found = nullptr;
        if (name.substr(0, 5) == "data.") {
            found = follow(payload, name);
        } else if (name.substr(0, 4) == "row." && !event.rows.empty()) {
            found = event.rows.front().get(name.substr(4));
        }
        if (found == nullptr) {
            out += text.substr(at, end + 1 - at);
        } else if (const std::string* string = found->if_string()) {
            out += *string;
        } else {
            const std::string json = codec::to_json(*found);
            // Dates and the like are JSON strings: without their quotes.
            const bool quoted = json.size() >= 2 && json.front() == '"';
            out += quoted ? json.substr(1, json.size() - 2) : json;
        }
        text.remove_prefix(end + 1);
    }
    out += text;
    return out;
}

Value essentials(const Rule& rule, const AlertEvent& event, std::string_view subscription) {
    Object out;
    out.append("alertId", "/subscriptions/" + std::string(subscription) +
                              "/providers/Microsoft.AlertsManagement/alerts/" + event.alert_id);
    out.append("alertRule", rule.display_name.empty() ? rule.name : rule.display_name);
    out.append("alertRuleID", rule.id);
    out.append("severity", "Sev" + std::to_string(rule.severity));
    out.append("signalType", "Log");
    out.append("monitorCondition", condition_text(event));
    out.append("monitoringService", "Log Alerts V2");
    Array targets;
    if (!event.key.target_resource_id.empty()) {
        targets.emplace_back(lower_case(event.key.target_resource_id));
    } else {
        for (const std::string& scope : rule.scopes) {
            targets.emplace_back(lower_case(scope));
        }
    }
    const std::string target = targets.empty() ? "" : std::string(targets.front().string_or(""));
    out.append("alertTargetIDs", std::move(targets));
    out.append("configurationItems", configuration_items(event));
    out.append("originAlertId", event.fingerprint);
    out.append("firedDateTime", format_timestamp_trimmed(event.fired_at));
    if (event.change == AlertChange::Resolved) {
        out.append("resolvedDateTime", format_timestamp_trimmed(event.at));
    }
    out.append("description", rule.description);
    out.append("essentialsVersion", "1.0");
    out.append("alertContextVersion", "1.0");
    out.append("targetResourceType", resource_type(target));
    out.append("targetResourceGroup", segment_after(target, "resourcegroups"));
    return out;
}

Object condition_item(const Condition& condition, const Rule& rule, const AlertEvent& event) {
    Object out;
    out.append("searchQuery", condition.query);
    out.append("metricMeasureColumn", condition.metric_measure_column.empty()
                                          ? Value()
                                          : Value(condition.metric_measure_column));
    std::string types = "[";
    for (const std::string& type : rule.target_resource_types) {
        types += (types.size() > 1 ? ", '" : "'") + type + "'";
    }
    out.append("targetResourceTypes", types + "]");
    out.append("operator", comparison_payload_name(condition.comparison));
    out.append("threshold", number_text(condition.threshold));
    out.append("timeAggregation", aggregation_name(condition.aggregation));
    Array dimensions;
    for (const auto& [name, value] : event.key.dimensions) {
        Object dimension;
        dimension.append("name", name);
        dimension.append("value", value);
        dimensions.emplace_back(std::move(dimension));
    }
    out.append("dimensions", std::move(dimensions));
    out.append("metricValue", event.value.has_value() ? Value(*event.value) : Value());
    Object periods;
    periods.append("numberOfEvaluationPeriods", condition.evaluation_periods);
    periods.append("minFailingPeriodsToAlert", condition.min_failing_periods);
    out.append("failingPeriods", std::move(periods));
    for (const char* link : {"linkToSearchResultsUI", "linkToFilteredSearchResultsUI",
                             "linkToSearchResultsAPI", "linkToFilteredSearchResultsAPI"}) {
        out.append(link, "");
    }
    return out;
}

Value condition_block(const Rule& rule, const AlertEvent& event) {
    Array all;
    for (const Condition& condition : rule.conditions) {
        all.emplace_back(condition_item(condition, rule, event));
    }
    Object out;
    out.append("windowSize", format_iso_duration(rule.window));
    out.append("allOf", std::move(all));
    out.append("windowStartTime", format_timestamp_trimmed(event.at - rule.range()));
    out.append("windowEndTime", format_timestamp_trimmed(event.at));
    return out;
}

Value build(const Rule& rule, const AlertEvent& event, std::string_view subscription,
            bool with_rows) {
    Object extension;
    extension.append("fingerprint", event.fingerprint);
    if (event.summarized > 0) {
        extension.append("summarized", static_cast<std::int64_t>(event.summarized));
    }
    extension.append("rows", with_rows ? event.rows : Array{});

    Object context;
    context.append("properties", Value());
    context.append("conditionType", "LogQueryCriteria");
    context.append("condition", condition_block(rule, event));
    context.append("qd", std::move(extension));
    Object data;
    data.append("essentials", essentials(rule, event, subscription));
    data.append("alertContext", std::move(context));
    data.append("customProperties", Object{});
    Object root;
    root.append("schemaId", "azureMonitorCommonAlertSchema");
    root.append("data", std::move(data));
    Value payload(std::move(root));

    if (!rule.custom_properties.empty()) {
        Object filled;
        for (const auto& [key, value] : rule.custom_properties) {
            filled.append(key, fill(value, payload, event));
        }
        Object& target = *payload.if_object()->find("data")->if_object();
        target.find("alertContext")->if_object()->set("properties", filled);
        target.set("customProperties", std::move(filled));
    }
    return payload;
}

}  // namespace

Value common_alert_payload(const Rule& rule, const AlertEvent& event,
                           std::string_view subscription) {
    Value payload = build(rule, event, subscription, true);
    if (!event.rows.empty() && codec::to_json(payload).size() > kPayloadBytesMax) {
        payload = build(rule, event, subscription, false);
    }
    return payload;
}

std::string event_id(const AlertEvent& event) {
    return event.alert_id + "/" + std::string(condition_text(event));
}

Value alert_instance_row(const Rule& rule, const AlertEvent& event) {
    Object row;
    row.append("TimeGenerated", format_timestamp(event.at));
    row.append("EventId", event_id(event));
    row.append("AlertId", event.alert_id);
    row.append("RuleId", rule.id);
    row.append("RuleName", rule.display_name.empty() ? rule.name : rule.display_name);
    row.append("Severity", "Sev" + std::to_string(rule.severity));
    row.append("MonitorCondition", condition_text(event));
    row.append("FiredDateTime", format_timestamp(event.fired_at));
    row.append("ResolvedDateTime",
               event.change == AlertChange::Resolved ? Value(format_timestamp(event.at)) : Value());
    row.append("Fingerprint", event.fingerprint);
    row.append("TargetResourceId", event.key.target_resource_id);
    Object dimensions;
    for (const auto& [name, value] : event.key.dimensions) {
        dimensions.append(name, value);
    }
    row.append("Dimensions", std::move(dimensions));
    row.append("MetricValue", event.value.has_value() ? Value(*event.value) : Value());
    row.append("Threshold",
               rule.conditions.empty() ? Value() : Value(rule.conditions.front().threshold));
    row.append("Actioned", event.act);
    row.append("Summarized", static_cast<std::int64_t>(event.summarized));
    row.append("ResultRows", event.rows);
    row.append("Description", rule.description);
    return row;
}

}  // namespace qd::alerting
