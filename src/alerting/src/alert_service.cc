// The scheduler of rules. Every rule has its own series of instants T, the multiples of its
// frequency; an instant is due at T plus the rule's delay. All rules due at the same instant are
// queried side by side, then judged one after the other and committed in one transaction together
// with their alerts, rows and deliveries. An evaluation that changed nothing a restart could tell
// is not written at once: repeating it gives the same (nothing), so fourteen quiet days cost a few
// commits, not one for every instant.

#include "qd/alerting/alert_service.h"

#include "alert_store.h"
#include "document_reader.h"
#include "outbox.h"
#include "qd/alerting/payload.h"
#include "qd/codec/json.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

namespace qd::alerting {

namespace {

constexpr std::int64_t kFailuresToFailing = 3;
constexpr std::size_t kUnsavedMax = 512;
constexpr auto kLoopPause = std::chrono::milliseconds(200);

struct Due {
    Timestamp at;  // T plus the rule's delay
    std::string rule_id;
    auto operator<=>(const Due&) const = default;
};

struct Outcome {
    std::string rule_id;
    Timestamp at;  // T
    std::optional<Error> error;
    std::vector<columns::Table> results;
    Evaluation evaluation;
};

Timestamp next_multiple(Timestamp after, Ticks frequency) {
    return {(after.ticks / frequency.count + 1) * frequency.count};
}

class StoredAlertService final : public AlertService {
  public:
    StoredAlertService(const AlertPorts& ports, AlertOptions options)
        : ports_(ports), options_(std::move(options)), outbox_(ports_, options_) {}
    ~StoredAlertService() override { StoredAlertService::stop(); }

    Status load() {
        QD_CHECK_OK(migrate_alerting(ports_.store));
        return ports_.store.read([&](store::Transaction& tx) -> Status {
            QD_TRY(rules_, load_rules(tx));
            QD_TRY(groups_, load_action_groups(tx));
            for (const auto& [id, stored] : rules_) {
                enqueue(stored);
            }
            return ok_status();
        });
    }

    Status put_rule(const Rule& rule, std::optional<Timestamp> start) override {
        if (rule.id.empty() || rule.conditions.empty()) {
            return Error(Code::InvalidArgument, "ALR0301", "rule has no id or no condition");
        }
        if (rule.enabled && !rule.skip_query_validation) {
            for (const Condition& condition : rule.conditions) {
                QD_CHECK_OK(ports_.query.validate(condition.query)
                                .with("rule " + rule.id + " is not accepted"));
            }
        }
        const std::lock_guard lock(mutex_);
        StoredRule stored;
        const auto known = rules_.find(rule.id);
        if (known != rules_.end()) {
            stored = known->second;
            dequeue(known->second);
        }
        stored.rule = rule;
        stored.schedule.next = next_multiple(start.value_or(ports_.clock.utc()), rule.frequency);
        stored.schedule.failures = 0;
        stored.schedule.last_error.clear();
        if (auto status = ports_.store.write([&](store::Transaction& tx) {
                return save_rule(tx, stored.rule, stored.schedule);
            });
            !status.ok()) {
            if (known != rules_.end()) {
                enqueue(known->second);
            }
            return status;
        }
        enqueue(stored);
        rules_[rule.id] = std::move(stored);
        return ok_status();
    }

    Status remove_rule(const std::string& id) override {
        const std::lock_guard lock(mutex_);
        const auto known = rules_.find(id);
        if (known == rules_.end()) {
            return Error(Code::NotFound, "ALR0302", "no such rule: " + id);
        }
        const Timestamp now = ports_.clock.utc();
        Status written = ports_.store.write([&](store::Transaction& tx) -> Status {
            for (const auto& [fingerprint, state] : known->second.state) {
                if (!state.fired) {
                    continue;
                }
                AlertEvent event;
                event.change = AlertChange::Resolved;
                event.alert_id = state.alert_id;
                event.fingerprint = fingerprint;
                event.key = state.key;
                event.at = now;
                event.fired_at = state.fired_at;
                event.act = false;
                QD_CHECK_OK(commit_event(tx, known->second.rule, event));
            }
            return delete_rule(tx, id);
        });
        QD_CHECK_OK(std::move(written));
        dequeue(known->second);
        rules_.erase(known);
        outbox_.wake();
        return ok_status();
    }

    std::vector<Rule> rules() override {
        const std::lock_guard lock(mutex_);
        std::vector<Rule> out;
        for (const auto& [id, stored] : rules_) {
            out.push_back(stored.rule);
        }
        return out;
    }

    std::vector<RuleHealth> health() override {
        const std::lock_guard lock(mutex_);
        std::vector<RuleHealth> out;
        for (const auto& [id, stored] : rules_) {
            const Schedule& schedule = stored.schedule;
            out.push_back({id,
                           schedule.failures == 0                   ? "Healthy"
                           : schedule.failures < kFailuresToFailing ? "Degraded"
                                                                    : "Failing",
                           schedule.failures, schedule.last_error, schedule.last, schedule.next});
        }
        return out;
    }

    Status put_action_group(const ActionGroup& group) override {
        const std::lock_guard lock(mutex_);
        Status written = ports_.store.write(
            [&](store::Transaction& tx) { return save_action_group(tx, group); });
        QD_CHECK_OK(std::move(written));
        const auto same = std::find_if(groups_.begin(), groups_.end(), [&](const ActionGroup& g) {
            return equals_without_case(g.id, group.id);
        });
        if (same == groups_.end()) {
            groups_.push_back(group);
        } else {
            *same = group;
        }
        return ok_status();
    }

    std::vector<ActionGroup> action_groups() override {
        const std::lock_guard lock(mutex_);
        return groups_;
    }

    Result<RunSummary> run_until(Timestamp until,
                                 const std::function<void(Timestamp)>& passed) override {
        const std::lock_guard lock(mutex_);
        RunSummary summary;
        while (true) {
            QD_TRY(const auto delivery, outbox_next());
            const bool rule_due = !queue_.empty() && queue_.begin()->at <= until;
            const bool delivery_due = delivery.has_value() && *delivery <= until;
            if (!rule_due && !delivery_due) {
                break;
            }
            if (delivery_due && (!rule_due || *delivery < queue_.begin()->at)) {
                if (passed) {
                    passed(*delivery);
                }
                QD_CHECK_OK(deliver_at(*delivery, summary));
                continue;
            }
            const Timestamp at = queue_.begin()->at;
            if (passed) {
                passed(at);
            }
            QD_CHECK_OK(evaluate_at(at, summary));
            QD_CHECK_OK(deliver_at(at, summary));
        }
        QD_CHECK_OK(save_unsaved());
        return summary;
    }

    Result<RunSummary> evaluate_due() override {
        const std::lock_guard lock(mutex_);
        const Timestamp now = ports_.clock.utc();
        skip_missed(now);
        RunSummary summary;
        while (!queue_.empty() && queue_.begin()->at <= now) {
            QD_CHECK_OK(evaluate_at(queue_.begin()->at, summary));
        }
        if (summary.evaluations > 0) {
            QD_CHECK_OK(save_unsaved());
        }
        return summary;
    }

    Result<RunSummary> deliver_due() override { return outbox_.deliver(ports_.clock.utc()); }

    void start() override {
        if (evaluating_.joinable()) {
            return;
        }
        stopping_ = false;
        evaluating_ = std::thread([this] { loop([this] { return evaluate_due(); }); });
        delivering_ = std::thread([this] { loop([this] { return deliver_due(); }); });
    }

    void stop() override {
        {
            const std::lock_guard lock(stop_mutex_);
            stopping_ = true;
        }
        stop_changed_.notify_all();
        for (std::thread* thread : {&evaluating_, &delivering_}) {
            if (thread->joinable()) {
                thread->join();
            }
        }
    }

    Result<std::vector<AlertRecord>> alerts(std::size_t limit) override {
        std::vector<AlertRecord> out;
        Status loaded = ports_.store.read([&](store::Transaction& tx) -> Status {
            QD_TRY(out, list_alerts(tx, limit));
            return ok_status();
        });
        QD_CHECK_OK(std::move(loaded));
        return out;
    }

    Status set_user_state(const std::string& alert_id, const std::string& state) override {
        if (state != "New" && state != "Acknowledged" && state != "Closed") {
            return Error(Code::InvalidArgument, "ALR0304", "no such alert state: " + state);
        }
        return ports_.store.write([&](store::Transaction& tx) -> Status {
            QD_CHECK_OK(tx.run("UPDATE alerting_alerts SET user_state = ?2 WHERE alert_id = ?1",
                               {alert_id, state}));
            if (tx.changes() == 0) {
                return Error(Code::NotFound, "ALR0303", "no such alert: " + alert_id);
            }
            return ok_status();
        });
    }

    Result<std::vector<DeliveryRecord>> deliveries(const std::string& state,
                                                   std::size_t limit) override {
        std::vector<DeliveryRecord> out;
        Status loaded = ports_.store.read([&](store::Transaction& tx) -> Status {
            QD_TRY(out, list_deliveries(tx, state, limit));
            return ok_status();
        });
        QD_CHECK_OK(std::move(loaded));
        return out;
    }

    Status replay(const std::string& delivery_id) override {
        Status written = ports_.store.write([&](store::Transaction& tx) -> Status {
            QD_CHECK_OK(
                tx.run("UPDATE alerting_deliveries SET state = 'pending', attempts = 0, "
                       "next_at = ?2 WHERE id = ?1 AND state = 'dead'",
                       {delivery_id, ports_.clock.utc().ticks}));
            if (tx.changes() == 0) {
                return Error(Code::NotFound, "ALR0305", "no such dead letter: " + delivery_id);
            }
            return ok_status();
        });
        QD_CHECK_OK(std::move(written));
        outbox_.wake();
        return ok_status();
    }

  private:
    // ---- schedule ----

    static Timestamp due_at(const StoredRule& stored) {
        return stored.schedule.next + stored.rule.evaluation_delay;
    }
    void enqueue(const StoredRule& stored) {
        if (stored.rule.enabled) {
            queue_.insert({due_at(stored), stored.rule.id});
        }
    }
    void dequeue(const StoredRule& stored) { queue_.erase({due_at(stored), stored.rule.id}); }

    /// After a pause only the last instants of each rule are made up for.
    void skip_missed(Timestamp now) {
        std::vector<std::string> late;
        for (const Due& due : queue_) {
            if (due.at > now) {
                break;
            }
            late.push_back(due.rule_id);
        }
        for (const std::string& id : late) {
            StoredRule& stored = rules_.at(id);
            const std::int64_t frequency = stored.rule.frequency.count;
            const std::int64_t missed = (now.ticks - due_at(stored).ticks) / frequency + 1;
            if (missed > options_.catch_up_max) {
                dequeue(stored);
                stored.schedule.next.ticks += (missed - options_.catch_up_max) * frequency;
                enqueue(stored);
            }
        }
    }

    void advance(StoredRule& stored) {
        Schedule& schedule = stored.schedule;
        const std::int64_t frequency = stored.rule.frequency.count;
        std::int64_t step = frequency;
        // A rule that keeps failing is asked less often, at least once an hour.
        if (schedule.failures >= kFailuresToFailing && frequency < Ticks::kHour) {
            const std::int64_t doublings =
                std::min<std::int64_t>(schedule.failures - kFailuresToFailing + 1, 8);
            step = std::min(frequency << doublings, Ticks::kHour);
            step = (step + frequency - 1) / frequency * frequency;
        }
        schedule.last = schedule.next;
        schedule.next.ticks += step;
    }

    // ---- evaluation ----

    Status evaluate_at(Timestamp at, RunSummary& summary) {
        std::vector<Outcome> outcomes;
        while (!queue_.empty() && queue_.begin()->at == at) {
            const std::string id = queue_.begin()->rule_id;
            queue_.erase(queue_.begin());
            Outcome outcome;
            outcome.rule_id = id;
            outcome.at = rules_.at(id).schedule.next;
            outcomes.push_back(std::move(outcome));
        }
        std::atomic<std::size_t> next{0};
        const std::size_t workers =
            std::min(outcomes.size(), std::max<std::size_t>(1, ports_.executor.concurrency()));
        run_parallel(ports_.executor, workers, [&](std::size_t) {
            for (std::size_t i = next++; i < outcomes.size(); i = next++) {
                ask(outcomes[i]);
            }
        });
        for (Outcome& outcome : outcomes) {
            judge(outcome);
        }
        const Status committed = commit(outcomes, summary);
        for (const Outcome& outcome : outcomes) {
            enqueue(rules_.at(outcome.rule_id));
        }
        return committed;
    }

    /// Runs the queries; on any thread.
    void ask(Outcome& outcome) {
        const Rule& rule = rules_.at(outcome.rule_id).rule;
        for (const Condition& condition : rule.conditions) {
            auto result =
                ports_.query.run({condition.query, outcome.at, rule.range(), rule.scopes});
            if (!result.ok()) {
                outcome.error = std::move(result).error();
                return;
            }
            outcome.results.push_back(std::move(result).value());
        }
    }

    void judge(Outcome& outcome) {
        if (outcome.error.has_value()) {
            return;
        }
        const StoredRule& stored = rules_.at(outcome.rule_id);
        auto evaluation =
            evaluate(stored.rule, stored.state, outcome.results, outcome.at, options_.limits);
        outcome.results.clear();
        if (evaluation.ok()) {
            outcome.evaluation = std::move(evaluation).value();
        } else {
            outcome.error = std::move(evaluation).error();
        }
    }

    Status commit(std::vector<Outcome>& outcomes, RunSummary& summary) {
        bool durable = unsaved_.size() >= kUnsavedMax;
        bool events = false;
        std::map<std::string, Schedule> schedules;
        for (const Outcome& outcome : outcomes) {
            StoredRule next;
            next.rule.frequency = rules_.at(outcome.rule_id).rule.frequency;
            next.schedule = rules_.at(outcome.rule_id).schedule;
            next.schedule.failures = outcome.error.has_value() ? next.schedule.failures + 1 : 0;
            durable = durable || outcome.error.has_value() || !next.schedule.last_error.empty();
            next.schedule.last_error = outcome.error.has_value() ? outcome.error->text() : "";
            advance(next);
            schedules[outcome.rule_id] = next.schedule;
            events = events || !outcome.evaluation.events.empty();
            durable = durable ||
                      (!outcome.error.has_value() &&
                       differs_durably(rules_.at(outcome.rule_id).state, outcome.evaluation.state));
        }
        if (durable || events) {
            Status written = ports_.store.write([&](store::Transaction& tx) -> Status {
                for (const Outcome& outcome : outcomes) {
                    QD_CHECK_OK(commit_outcome(tx, outcome, schedules.at(outcome.rule_id)));
                }
                for (const std::string& id : unsaved_) {
                    if (schedules.count(id) == 0 && rules_.count(id) != 0) {
                        QD_CHECK_OK(save_schedule(tx, id, rules_.at(id).schedule));
                    }
                }
                return ok_status();
            });
            QD_CHECK_OK(std::move(written));
            unsaved_.clear();
            outbox_.wake();
        } else {
            for (const Outcome& outcome : outcomes) {
                unsaved_.insert(outcome.rule_id);
            }
        }
        for (Outcome& outcome : outcomes) {
            settle(outcome, schedules.at(outcome.rule_id), summary);
        }
        return ok_status();
    }

    Status commit_outcome(store::Transaction& tx, const Outcome& outcome,
                          const Schedule& schedule) {
        const StoredRule& stored = rules_.at(outcome.rule_id);
        QD_CHECK_OK(save_schedule(tx, outcome.rule_id, schedule));
        if (outcome.error.has_value()) {
            if (schedule.failures == kFailuresToFailing) {
                QD_CHECK_OK(queue_failing_row(tx, stored.rule, outcome));
            }
            return ok_status();
        }
        QD_CHECK_OK(save_state(tx, outcome.rule_id, stored.state, outcome.evaluation.state));
        for (const AlertEvent& event : outcome.evaluation.events) {
            QD_CHECK_OK(commit_event(tx, stored.rule, event));
        }
        return ok_status();
    }

    /// The alert about the rule itself.
    static Status queue_failing_row(store::Transaction& tx, const Rule& rule,
                                    const Outcome& outcome) {
        Object row;
        row.append("TimeGenerated", format_timestamp(outcome.at));
        const std::string id = "failing/" + rule.id + "/" + std::to_string(outcome.at.ticks);
        row.append("EventId", id);
        row.append("RuleId", rule.id);
        row.append("RuleName", rule.display_name.empty() ? rule.name : rule.display_name);
        row.append("Severity", "Sev" + std::to_string(rule.severity));
        row.append("MonitorCondition", "RuleFailing");
        row.append("Description", outcome.error->text());
        return queue_row(tx, id, kAlertTable, row);
    }

    Status commit_event(store::Transaction& tx, const Rule& rule, const AlertEvent& event) {
        const Value payload = common_alert_payload(rule, event, options_.subscription);
        QD_TRY(const bool fresh, save_event(tx, rule, event, payload));
        if (!fresh) {
            return ok_status();
        }
        QD_CHECK_OK(queue_row(tx, event_id(event), kAlertTable, alert_instance_row(rule, event)));
        if (!event.act) {
            return ok_status();
        }
        const std::string body = codec::to_json(payload);
        for (const std::string& reference : rule.action_groups) {
            const auto group =
                std::find_if(groups_.begin(), groups_.end(),
                             [&](const ActionGroup& g) { return refers_to(reference, g); });
            if (group == groups_.end()) {
                Receiver unknown;
                unknown.kind = "unknown";
                unknown.name = reference;
                QD_CHECK_OK(queue(tx, event, reference, unknown, body, "no such action group"));
                continue;
            }
            if (!group->enabled) {
                continue;
            }
            for (const Receiver& receiver : group->receivers) {
                const std::string why =
                    receiver.deliverable() ? "" : "receivers of this kind are not delivered yet";
                QD_CHECK_OK(queue(tx, event, group->id, receiver, body, why));
            }
        }
        return ok_status();
    }

    static Status queue(store::Transaction& tx, const AlertEvent& event,
                        const std::string& group_id, const Receiver& receiver,
                        const std::string& body, const std::string& undeliverable_because) {
        NewDelivery delivery;
        delivery.id = event_id(event) + "/" + group_id + "/" + receiver.name;
        delivery.alert_id = event.alert_id;
        delivery.condition = event.change == AlertChange::Fired ? "Fired" : "Resolved";
        delivery.group_id = group_id;
        delivery.receiver = receiver;
        delivery.error = undeliverable_because;
        delivery.state = undeliverable_because.empty() ? "pending" : "undeliverable";
        return queue_delivery(tx, delivery, body, event.at);
    }

    /// What was committed becomes the state in memory.
    void settle(Outcome& outcome, const Schedule& schedule, RunSummary& summary) {
        StoredRule& stored = rules_.at(outcome.rule_id);
        stored.schedule = schedule;
        ++summary.evaluations;
        if (outcome.error.has_value()) {
            ++summary.failed;
            ports_.log.warn("alert rule could not be evaluated",
                            {{"rule", outcome.rule_id}, {"why", outcome.error->text()}});
            return;
        }
        stored.state = std::move(outcome.evaluation.state);
        for (const AlertEvent& event : outcome.evaluation.events) {
            (event.change == AlertChange::Fired ? summary.fired : summary.resolved) += 1;
        }
    }

    Status save_unsaved() {
        if (unsaved_.empty()) {
            return ok_status();
        }
        Status written = ports_.store.write([&](store::Transaction& tx) -> Status {
            for (const std::string& id : unsaved_) {
                if (rules_.count(id) != 0) {
                    QD_CHECK_OK(save_schedule(tx, id, rules_.at(id).schedule));
                }
            }
            return ok_status();
        });
        QD_CHECK_OK(std::move(written));
        unsaved_.clear();
        return ok_status();
    }

    // ---- deliveries ----

    Result<std::optional<Timestamp>> outbox_next() { return outbox_.next_due(); }

    Status deliver_at(Timestamp at, RunSummary& summary) {
        QD_TRY(const RunSummary made, outbox_.deliver(at));
        summary.delivered += made.delivered;
        summary.dead += made.dead;
        return ok_status();
    }

    // ---- threads ----

    template <typename Turn>
    void loop(Turn turn) {
        std::unique_lock lock(stop_mutex_);
        while (!stopping_) {
            lock.unlock();
            const auto result = turn();
            if (!result.ok()) {
                ports_.log.error("alerting turn failed", {{"why", result.error().text()}});
            }
            lock.lock();
            stop_changed_.wait_for(lock, kLoopPause, [this] { return stopping_; });
        }
    }

    AlertPorts ports_;
    const AlertOptions options_;
    Outbox outbox_;

    std::mutex mutex_;
    std::map<std::string, StoredRule> rules_;
    std::vector<ActionGroup> groups_;
    std::set<Due> queue_;
    std::set<std::string> unsaved_;  // rules whose schedule on disk lags behind

    std::mutex stop_mutex_;
    std::condition_variable stop_changed_;
    bool stopping_ = false;
    std::thread evaluating_;
    std::thread delivering_;
};

}  // namespace

Result<std::unique_ptr<AlertService>> AlertService::open(AlertPorts ports, AlertOptions options) {
    auto service = std::make_unique<StoredAlertService>(ports, std::move(options));
    QD_CHECK_OK(service->load());
    return std::unique_ptr<AlertService>(std::move(service));
}

}  // namespace qd::alerting
