#include "alert_store.h"

#include "qd/alerting/payload.h"
#include "qd/codec/json.h"

#include <array>

namespace qd::alerting {

namespace {

constexpr store::Migration kMigrations[] = {
    {"alerting-1", R"sql(
CREATE TABLE alerting_rules (id TEXT PRIMARY KEY, document TEXT NOT NULL);
CREATE TABLE alerting_schedule (rule_id TEXT PRIMARY KEY, last_at BIGINT, next_at BIGINT NOT NULL,
  failures BIGINT NOT NULL, last_error TEXT NOT NULL);
CREATE TABLE alerting_series (rule_id TEXT NOT NULL, fingerprint TEXT NOT NULL,
  state TEXT NOT NULL, PRIMARY KEY (rule_id, fingerprint));
CREATE TABLE alerting_alerts (alert_id TEXT PRIMARY KEY, rule_id TEXT NOT NULL,
  fingerprint TEXT NOT NULL, severity BIGINT NOT NULL, condition TEXT NOT NULL,
  user_state TEXT NOT NULL, fired_at BIGINT NOT NULL, resolved_at BIGINT, payload TEXT NOT NULL);
CREATE INDEX alerting_alerts_by_time ON alerting_alerts (fired_at);
CREATE TABLE alerting_rows (id TEXT PRIMARY KEY, target TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE alerting_action_groups (id TEXT PRIMARY KEY, document TEXT NOT NULL);
CREATE TABLE alerting_deliveries (id TEXT PRIMARY KEY, alert_id TEXT NOT NULL,
  condition TEXT NOT NULL, group_id TEXT NOT NULL, receiver TEXT NOT NULL, kind TEXT NOT NULL,
  target TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL, last_error TEXT NOT NULL);
CREATE INDEX alerting_deliveries_due ON alerting_deliveries (state, next_at);
CREATE TABLE alerting_endpoints (target TEXT PRIMARY KEY, paused_until BIGINT NOT NULL)
)sql"},
};

Value state_to_json(const SeriesState& state) {
    Object out;
    out.append("resource", state.key.target_resource_id);
    Array dimensions;
    for (const auto& [name, value] : state.key.dimensions) {
        dimensions.emplace_back(Array{Value(name), Value(value)});
    }
    out.append("dimensions", std::move(dimensions));
    out.append("fired", state.fired);
    out.append("alertId", state.alert_id);
    out.append("firedAt", state.fired_at.ticks);
    out.append("lastMet", state.last_met.ticks);
    out.append("clearFor", state.clear_for.count);
    if (state.muted_until.has_value()) {
        out.append("mutedUntil", state.muted_until->ticks);
    }
    out.append("value", state.value);
    return out;
}

std::int64_t integer_at(const Value& object, std::string_view name) {
    const Value* value = object.get(name);
    return value == nullptr ? 0 : value->int_or(0);
}

std::string text_at(const Value& object, std::string_view name) {
    const Value* value = object.get(name);
    return value == nullptr ? "" : std::string(value->string_or(""));
}

SeriesState state_from_json(const Value& json) {
    SeriesState state;
    state.key.target_resource_id = text_at(json, "resource");
    if (const Value* dimensions = json.get("dimensions");
        dimensions != nullptr && dimensions->if_array() != nullptr) {
        for (const Value& pair : *dimensions->if_array()) {
            const Array* items = pair.if_array();
            if (items != nullptr && items->size() == 2) {
                state.key.dimensions.emplace_back((*items)[0].string_or(""),
                                                  (*items)[1].string_or(""));
            }
        }
    }
    state.fired = json.get("fired") != nullptr && json.get("fired")->bool_or(false);
    state.alert_id = text_at(json, "alertId");
    state.fired_at = {integer_at(json, "firedAt")};
    state.last_met = {integer_at(json, "lastMet")};
    state.clear_for = {integer_at(json, "clearFor")};
    if (json.get("mutedUntil") != nullptr) {
        state.muted_until = Timestamp{integer_at(json, "mutedUntil")};
    }
    state.value = json.get("value") == nullptr ? 0 : json.get("value")->number_or(0);
    return state;
}

}  // namespace

Status migrate_alerting(store::Store& store) {
    return store.migrate("alerting", kMigrations);
}

Result<std::map<std::string, StoredRule>> load_rules(store::Transaction& tx) {
    std::map<std::string, StoredRule> rules;
    QD_TRY(auto rows, tx.query("SELECT r.id, r.document, s.last_at, s.next_at, s.failures, "
                               "s.last_error FROM alerting_rules r JOIN alerting_schedule s ON "
                               "s.rule_id = r.id"));
    while (true) {
        QD_TRY(const bool more, rows->step());
        if (!more) {
            break;
        }
        const std::string id(rows->text(0));
        QD_TRY(const Value document, codec::parse_json(rows->text(1)));
        QD_TRY(LoadedRule loaded, parse_rule(document));
        StoredRule& stored = rules[id];
        stored.rule = std::move(loaded.rule);
        stored.rule.id = id;
        if (!rows->is_null(2)) {
            stored.schedule.last = Timestamp{rows->integer(2)};
        }
        stored.schedule.next = {rows->integer(3)};
        stored.schedule.failures = rows->integer(4);
        stored.schedule.last_error = std::string(rows->text(5));
    }
    QD_TRY(auto series, tx.query("SELECT rule_id, fingerprint, state FROM alerting_series"));
    while (true) {
        QD_TRY(const bool more, series->step());
        if (!more) {
            break;
        }
        const auto rule = rules.find(std::string(series->text(0)));
        if (rule != rules.end()) {
            QD_TRY(const Value json, codec::parse_json(series->text(2)));
            rule->second.state.emplace(std::string(series->text(1)), state_from_json(json));
        }
    }
    return rules;
}

Result<std::vector<ActionGroup>> load_action_groups(store::Transaction& tx) {
    std::vector<ActionGroup> groups;
    QD_TRY(auto rows, tx.query("SELECT document FROM alerting_action_groups ORDER BY id"));
    while (true) {
        QD_TRY(const bool more, rows->step());
        if (!more) {
            return groups;
        }
        QD_TRY(const Value document, codec::parse_json(rows->text(0)));
        QD_TRY(LoadedActionGroup loaded, parse_action_group(document));
        groups.push_back(std::move(loaded.group));
    }
}

Status save_schedule(store::Transaction& tx, const std::string& rule_id, const Schedule& schedule) {
    std::optional<std::int64_t> last;
    if (schedule.last.has_value()) {
        last = schedule.last->ticks;
    }
    return tx.run(
        "INSERT INTO alerting_schedule (rule_id, last_at, next_at, failures, last_error) "
        "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (rule_id) DO UPDATE SET "
        "last_at = excluded.last_at, next_at = excluded.next_at, "
        "failures = excluded.failures, last_error = excluded.last_error",
        {rule_id, last, schedule.next.ticks, schedule.failures, schedule.last_error});
}

Status save_rule(store::Transaction& tx, const Rule& rule, const Schedule& schedule) {
    QD_CHECK_OK(
        tx.run("INSERT INTO alerting_rules (id, document) VALUES (?1, ?2) "
               "ON CONFLICT (id) DO UPDATE SET document = excluded.document",
               {rule.id, codec::to_json(rule.document)}));
    return save_schedule(tx, rule.id, schedule);
}

Status delete_rule(store::Transaction& tx, const std::string& rule_id) {
    QD_CHECK_OK(tx.run("DELETE FROM alerting_rules WHERE id = ?1", {rule_id}));
    QD_CHECK_OK(tx.run("DELETE FROM alerting_schedule WHERE rule_id = ?1", {rule_id}));
    return tx.run("DELETE FROM alerting_series WHERE rule_id = ?1", {rule_id});
}

Status save_action_group(store::Transaction& tx, const ActionGroup& group) {
    return tx.run(
        "INSERT INTO alerting_action_groups (id, document) VALUES (?1, ?2) "
        "ON CONFLICT (id) DO UPDATE SET document = excluded.document",
        {group.id, codec::to_json(group.document)});
}

bool differs_durably(const RuleState& before, const RuleState& after) {
    if (before.size() != after.size()) {
        return true;
    }
    for (const auto& [fingerprint, now] : after) {
        const auto then = before.find(fingerprint);
        if (then == before.end() || then->second.fired != now.fired ||
            then->second.alert_id != now.alert_id || then->second.clear_for != now.clear_for ||
            then->second.muted_until != now.muted_until) {
            return true;
        }
    }
    return false;
}

Status save_state(store::Transaction& tx, const std::string& rule_id, const RuleState& before,
                  const RuleState& after) {
    for (const auto& [fingerprint, state] : after) {
        const auto then = before.find(fingerprint);
        if (then != before.end() && then->second == state) {
            continue;
        }
        QD_CHECK_OK(
            tx.run("INSERT INTO alerting_series (rule_id, fingerprint, state) "
                   "VALUES (?1, ?2, ?3) ON CONFLICT (rule_id, fingerprint) "
                   "DO UPDATE SET state = excluded.state",
                   {rule_id, fingerprint, codec::to_json(state_to_json(state))}));
    }
    for (const auto& [fingerprint, state] : before) {
        if (after.count(fingerprint) == 0) {
            QD_CHECK_OK(
                tx.run("DELETE FROM alerting_series WHERE rule_id = ?1 AND "
                       "fingerprint = ?2",
                       {rule_id, fingerprint}));
        }
    }
    return ok_status();
}

Result<bool> save_event(store::Transaction& tx, const Rule& rule, const AlertEvent& event,
                        const Value& payload) {
    const std::string body = codec::to_json(payload);
    if (event.change == AlertChange::Fired) {
        QD_CHECK_OK(tx.run(
            "INSERT INTO alerting_alerts (alert_id, rule_id, fingerprint, severity, condition, "
            "user_state, fired_at, resolved_at, payload) VALUES (?1, ?2, ?3, ?4, 'Fired', 'New', "
            "?5, NULL, ?6) ON CONFLICT (alert_id) DO NOTHING",
            {event.alert_id, rule.id, event.fingerprint, rule.severity, event.fired_at.ticks,
             body}));
    } else {
        QD_CHECK_OK(
            tx.run("UPDATE alerting_alerts SET condition = 'Resolved', resolved_at = ?2, "
                   "payload = ?3 WHERE alert_id = ?1 AND condition = 'Fired'",
                   {event.alert_id, event.at.ticks, body}));
    }
    return tx.changes() == 1;
}

Status queue_row(store::Transaction& tx, const std::string& id, std::string_view table,
                 const Value& row) {
    return tx.run(
        "INSERT INTO alerting_rows (id, target, body) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (id) DO NOTHING",
        {id, table, codec::to_json(row)});
}

Status queue_delivery(store::Transaction& tx, const NewDelivery& delivery, const std::string& body,
                      Timestamp at) {
    return tx.run(
        "INSERT INTO alerting_deliveries (id, alert_id, condition, group_id, receiver, "
        "kind, target, body, state, attempts, next_at, last_error) VALUES "
        "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, ?11) ON CONFLICT (id) DO NOTHING",
        {delivery.id, delivery.alert_id, delivery.condition, delivery.group_id,
         delivery.receiver.name, delivery.receiver.kind, delivery.receiver.target, body,
         delivery.state, at.ticks, delivery.error});
}

Result<std::vector<AlertRecord>> list_alerts(store::Transaction& tx, std::size_t limit) {
    std::vector<AlertRecord> alerts;
    QD_TRY(auto rows, tx.query("SELECT alert_id, rule_id, fingerprint, severity, condition, "
                               "user_state, fired_at, resolved_at, payload FROM alerting_alerts "
                               "ORDER BY fired_at DESC, alert_id LIMIT ?1",
                               {limit}));
    while (true) {
        QD_TRY(const bool more, rows->step());
        if (!more) {
            return alerts;
        }
        AlertRecord alert;
        alert.alert_id = std::string(rows->text(0));
        alert.rule_id = std::string(rows->text(1));
        alert.fingerprint = std::string(rows->text(2));
        alert.severity = static_cast<int>(rows->integer(3));
        alert.condition = std::string(rows->text(4));
        alert.user_state = std::string(rows->text(5));
        alert.fired_at = {rows->integer(6)};
        if (!rows->is_null(7)) {
            alert.resolved_at = Timestamp{rows->integer(7)};
        }
        QD_TRY(alert.payload, codec::parse_json(rows->text(8)));
        alerts.push_back(std::move(alert));
    }
}

Result<std::vector<DeliveryRecord>> list_deliveries(store::Transaction& tx,
                                                    const std::string& state, std::size_t limit) {
    std::vector<DeliveryRecord> deliveries;
    QD_TRY(auto rows, tx.query("SELECT id, alert_id, condition, receiver, kind, target, state, "
                               "attempts, next_at, last_error FROM alerting_deliveries "
                               "WHERE ?1 = '' OR state = ?1 ORDER BY next_at, id LIMIT ?2",
                               {state, limit}));
    while (true) {
        QD_TRY(const bool more, rows->step());
        if (!more) {
            return deliveries;
        }
        DeliveryRecord record;
        record.id = std::string(rows->text(0));
        record.alert_id = std::string(rows->text(1));
        record.condition = std::string(rows->text(2));
        record.receiver = std::string(rows->text(3));
        record.kind = std::string(rows->text(4));
        record.target = std::string(rows->text(5));
        record.state = std::string(rows->text(6));
        record.attempts = rows->integer(7);
        record.next_at = {rows->integer(8)};
        record.last_error = std::string(rows->text(9));
        deliveries.push_back(std::move(record));
    }
}

}  // namespace qd::alerting
