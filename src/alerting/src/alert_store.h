#pragma once

#include "qd/alerting/action_group.h"
#include "qd/alerting/alert_service.h"
#include "qd/alerting/evaluate.h"
#include "qd/alerting/rule.h"
#include "qd/store/store.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace qd::alerting {

/// Where a rule stands in its schedule.
struct Schedule {
    std::optional<Timestamp> last;  // T of the last evaluation that succeeded or failed
    Timestamp next;
    std::int64_t failures = 0;
    std::string last_error;
};

struct StoredRule {
    Rule rule;
    Schedule schedule;
    RuleState state;
};

/// The tables of the alerting component.
Status migrate_alerting(store::Store& store);

Result<std::map<std::string, StoredRule>> load_rules(store::Transaction& tx);
Result<std::vector<ActionGroup>> load_action_groups(store::Transaction& tx);
Status save_rule(store::Transaction& tx, const Rule& rule, const Schedule& schedule);
Status save_schedule(store::Transaction& tx, const std::string& rule_id, const Schedule& schedule);
Status delete_rule(store::Transaction& tx, const std::string& rule_id);
Status save_action_group(store::Transaction& tx, const ActionGroup& group);
/// Writes what differs between the two.
Status save_state(store::Transaction& tx, const std::string& rule_id, const RuleState& before,
                  const RuleState& after);
/// Whether a restart could tell the two apart in a way that matters: firing, mute, clear time.
bool differs_durably(const RuleState& before, const RuleState& after);
/// Records an alert's change. False: this very change is recorded already (a repeated evaluation).
Result<bool> save_event(store::Transaction& tx, const Rule& rule, const AlertEvent& event,
                        const Value& payload);
Status queue_row(store::Transaction& tx, const std::string& id, std::string_view table,
                 const Value& row);

struct NewDelivery {
    std::string id;
    std::string alert_id;
    std::string condition;
    std::string group_id;
    Receiver receiver;
    std::string state = "pending";
    std::string error;
};
Status queue_delivery(store::Transaction& tx, const NewDelivery& delivery, const std::string& body,
                      Timestamp at);

Result<std::vector<AlertRecord>> list_alerts(store::Transaction& tx, std::size_t limit);
Result<std::vector<DeliveryRecord>> list_deliveries(store::Transaction& tx,
                                                    const std::string& state, std::size_t limit);

}  // namespace qd::alerting
