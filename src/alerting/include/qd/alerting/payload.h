#pragma once

#include "qd/alerting/evaluate.h"
#include "qd/alerting/rule.h"
#include "qd/codec/value.h"

#include <string>
#include <string_view>

namespace qd::alerting {

/// What a receiver gets may not be larger.
inline constexpr std::size_t kPayloadBytesMax = 256 << 10;

/// The common alert schema of a Log Alerts V2 alert (schemaId azureMonitorCommonAlertSchema).
/// Custom properties stand both in data.alertContext.properties and data.customProperties, with
/// `${data.…}` filled from the payload itself and `${row.<column>}` from the first result row.
/// Ours: data.alertContext.qd {fingerprint, rows, summarized}; rows go first when the text would
/// exceed kPayloadBytesMax.
Value common_alert_payload(const Rule& rule, const AlertEvent& event,
                           std::string_view subscription);

/// The row of the table AlertInstance_CL for a change of an alert. Columns: TimeGenerated (T),
/// EventId, AlertId, RuleId, RuleName, Severity, MonitorCondition (Fired, Resolved), FiredDateTime,
/// ResolvedDateTime, Fingerprint, TargetResourceId, Dimensions (dynamic), MetricValue, Threshold,
/// Actioned (bool), Summarized, ResultRows (dynamic), Description.
Value alert_instance_row(const Rule& rule, const AlertEvent& event);
inline constexpr std::string_view kAlertTable = "AlertInstance_CL";

/// Unique for each change of each alert: "<alert id>/Fired".
std::string event_id(const AlertEvent& event);

}  // namespace qd::alerting
