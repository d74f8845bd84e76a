#pragma once

#include "qd/alerting/action_group.h"
#include "qd/alerting/evaluate.h"
#include "qd/alerting/rule.h"
#include "qd/alerting/rule_query.h"
#include "qd/alerting/sinks.h"
#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/base/log.h"
#include "qd/base/result.h"
#include "qd/crypto/secret.h"
#include "qd/store/store.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace qd::alerting {

struct AlertOptions {
    std::string subscription = "00000000-0000-0000-0000-000000000000";
    EvaluationLimits limits;
    /// Signs webhooks: X-Qd-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">. Empty: no
    /// signature header.
    crypto::Secret signing_key;
    /// Scheduled instants of one rule that may be made up for after a pause.
    std::int64_t catch_up_max = 1;
};

/// What the service needs; all outlive it. `actions` may be null: playbook receivers are then
/// undeliverable.
struct AlertPorts {
    store::Store& store;
    RuleQuery& query;
    RowSink& rows;
    WebhookSender& webhooks;
    ActionSink* actions = nullptr;
    Executor& executor;
    Clock& clock;
    Log& log;
};

struct RunSummary {
    std::uint64_t evaluations = 0;
    std::uint64_t failed = 0;
    std::uint64_t fired = 0;
    std::uint64_t resolved = 0;
    std::uint64_t delivered = 0;
    std::uint64_t dead = 0;
};

/// Healthy; Degraded after a failed evaluation; Failing from the third in a row.
struct RuleHealth {
    std::string rule_id;
    std::string health;
    std::int64_t consecutive_failures = 0;
    std::string last_error;
    std::optional<Timestamp> last_evaluated;  // T
    Timestamp next;                           // T
};

struct AlertRecord {
    std::string alert_id;
    std::string rule_id;
    std::string fingerprint;
    int severity = 3;
    std::string condition;   // Fired, Resolved
    std::string user_state;  // New, Acknowledged, Closed
    Timestamp fired_at;
    std::optional<Timestamp> resolved_at;
    Value payload;  // of the latest change
};

struct DeliveryRecord {
    std::string id;  // the idempotency key
    std::string alert_id;
    std::string condition;
    std::string receiver;
    std::string kind;
    std::string target;
    std::string state;  // pending, delivered, dead, undeliverable
    std::int64_t attempts = 0;
    Timestamp next_at;
    std::string last_error;
};

/// Rules, their schedule, their alerts and the outbox. An evaluation's new state, its alert
/// changes, their rows and their deliveries are one transaction of the store; rows and deliveries
/// leave from there, so nothing is lost and nothing fires twice whatever dies when.
/// Threads: any; evaluations run one instant at a time.
class AlertService {
  public:
    /// Brings the schema up to date and loads rules, groups and states.
    static Result<std::unique_ptr<AlertService>> open(AlertPorts ports, AlertOptions options);
    virtual ~AlertService() = default;

    /// Adds or replaces a rule. The first scheduled instant is the first multiple of the frequency
    /// after `start` (the clock's time when absent). Replacing keeps the alerts' state.
    /// Errors: InvalidArgument ALR0301 when an enabled rule's query does not bind.
    virtual Status put_rule(const Rule& rule, std::optional<Timestamp> start = std::nullopt) = 0;
    /// Fired alerts of the rule are resolved without actions. Errors: NotFound ALR0302.
    virtual Status remove_rule(const std::string& id) = 0;
    virtual std::vector<Rule> rules() = 0;
    virtual std::vector<RuleHealth> health() = 0;
    virtual Status put_action_group(const ActionGroup& group) = 0;
    virtual std::vector<ActionGroup> action_groups() = 0;

    /// Evaluates every rule that is due until then, in the order of the scheduled instants, and
    /// makes the deliveries that fall due, as if the clock had passed through that time.
    /// `passed` (may be empty) is told each instant before it is evaluated: a demo moves its
    /// ManualClock there.
    virtual Result<RunSummary> run_until(Timestamp until,
                                         const std::function<void(Timestamp)>& passed = {}) = 0;
    /// One turn of the real-time loop: skips missed instants beyond catch_up_max, then evaluates
    /// what is due now. Deliveries are made by deliver_due().
    virtual Result<RunSummary> evaluate_due() = 0;
    /// Sends what is due now to receivers, and rows to the sink.
    virtual Result<RunSummary> deliver_due() = 0;

    /// Runs the two loops on threads of their own until stop() or destruction.
    virtual void start() = 0;
    virtual void stop() = 0;

    virtual Result<std::vector<AlertRecord>> alerts(std::size_t limit) = 0;
    /// "Acknowledged" and so on; only people and the API change it. Errors: NotFound ALR0303,
    /// InvalidArgument ALR0304.
    virtual Status set_user_state(const std::string& alert_id, const std::string& state) = 0;
    /// State empty: all.
    virtual Result<std::vector<DeliveryRecord>> deliveries(const std::string& state,
                                                           std::size_t limit) = 0;
    /// Puts a dead letter back into the outbox, due at once. Errors: NotFound ALR0305.
    virtual Status replay(const std::string& delivery_id) = 0;
};

}  // namespace qd::alerting
