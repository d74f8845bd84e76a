#pragma once

#include "qd/alerting/rule.h"
#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/codec/value.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace qd::alerting {

/// What distinguishes one series of a rule: the resource and the dimension values.
struct SeriesKey {
    std::string target_resource_id;
    /// In the rule's order.
    std::vector<std::pair<std::string, std::string>> dimensions;
    bool operator==(const SeriesKey&) const = default;
};

/// hash(rule id, target resource, sorted dimension=value pairs, condition index) as 32 hex digits.
std::string series_fingerprint(std::string_view rule_id, const SeriesKey& key,
                               std::size_t condition_index);

/// What is remembered of one series between evaluations.
struct SeriesState {
    SeriesKey key;
    bool fired = false;
    std::string alert_id;  // of the latest firing
    Timestamp fired_at;    // T of the latest firing
    Timestamp last_met;    // latest T with the condition met
    /// How long a fired alert has been clear: one frequency for every clear evaluation in a row.
    /// Failed evaluations add nothing and break nothing.
    Ticks clear_for;
    /// Stateless rules: no action before this T.
    std::optional<Timestamp> muted_until;
    double value = 0;  // metric value at last_met
    bool operator==(const SeriesState&) const = default;
};

/// By fingerprint. Only series that are fired or muted are kept.
using RuleState = std::map<std::string, SeriesState>;

enum class AlertChange : std::uint8_t { Fired, Resolved };

/// One change of one alert, made at the scheduled instant T.
struct AlertEvent {
    AlertChange change = AlertChange::Fired;
    std::string alert_id;
    std::string fingerprint;
    SeriesKey key;
    Timestamp at;        // T
    Timestamp fired_at;  // equals `at` for Fired
    std::optional<double> value;
    /// False when muted: the alert exists, its actions are not run.
    bool act = true;
    /// Set on the one alert that stands for the series beyond the cap: how many there were.
    std::uint64_t summarized = 0;
    /// The result rows behind the alert, at most EvaluationLimits::rows_max, as objects.
    Array rows;
};

struct EvaluationLimits {
    std::size_t stateful_alerts_max = 300;
    std::size_t stateful_fired_max = 5000;  // at once
    std::size_t stateless_alerts_max = 6000;
    std::size_t rows_max = 5;
};

struct Evaluation {
    RuleState state;
    std::vector<AlertEvent> events;
    std::size_t series = 0;      // seen in the results
    std::size_t series_met = 0;  // with the condition met
};

/// The evaluation of one rule at the scheduled instant T over the results of its conditions'
/// queries (one table a condition, in order). A pure function: the same input gives the same
/// alerts with the same ids. A failed query never gets here: it changes no state.
/// Errors: FailedPrecondition ALR0201 (a dimension, measure or resource column is missing),
/// ALR0202 (N > 1 and no datetime column to make bins from), ALR0203 (the measure is no number).
Result<Evaluation> evaluate(const Rule& rule, const RuleState& before,
                            std::span<const columns::Table> results, Timestamp at,
                            const EvaluationLimits& limits = {});

}  // namespace qd::alerting
