#include "qd/automation/workflow_service.h"

#include "expr/text.h"
#include "qd/codec/base64.h"
#include "qd/codec/json.h"
#include "qd/crypto/hash.h"
#include "run/data_actions.h"
#include "run/live_run.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace qd::automation {
namespace {

using run::LiveRun;
using run::RunPool;
using run::StoredRun;

RunRecord record_of(const StoredRun& stored, bool hide_trigger) {
    RunRecord out;
    out.id = stored.facts.id;
    out.workflow = stored.facts.workflow;
    out.version = stored.facts.version;
    out.idempotency_key = stored.key;
    out.status = stored.status;
    out.code = stored.code;
    out.error = stored.error;
    out.started = stored.started;
    out.ended = stored.ended;
    if (!hide_trigger) {
        out.trigger = stored.facts.trigger_outputs;
    }
    return out;
}

class Service final : public WorkflowService {
  public:
    Service(WorkflowPorts ports, WorkflowOptions options)
        : ports_(ports),
          options_(options),
          pool_(std::make_shared<RunPool>(ports, std::move(options))) {
        pool_->due_changed = [this] {
            const std::lock_guard lock(timer_mutex_);
            due_moved_ = true;
            timer_wakes_.notify_all();
        };
    }
    ~Service() override { halt(); }

    Status load() {
        QD_CHECK_OK(run::migrate_journal(ports_.store));
        QD_TRY(const auto stored, run::load_workflows(ports_.store));
        for (const run::StoredWorkflow& workflow : stored) {
            QD_TRY(auto definition, pool_->definition_of(workflow.version));
            workflows_[expr::to_lower(workflow.name)] = {workflow.name, workflow.version,
                                                         std::move(definition)};
        }
        QD_TRY(auto open_runs, run::load_open_runs(ports_.store));
        for (StoredRun& stored_run : open_runs) {
            QD_CHECK_OK(revive(std::move(stored_run)));
        }
        QD_TRY(const auto owed, run::load_owed_rows(ports_.store));
        for (const std::string& id : owed) {
            pool_->owe_row(id);
        }
        return {};
    }

    Result<std::vector<Finding>> put_workflow(const std::string& name,
                                              const Value& document) override {
        if (name.empty() || name.size() > 128) {
            return Error(Code::InvalidArgument, "AUT0001",
                         "a workflow needs a name of at most 128 characters");
        }
        QD_TRY(Definition loaded, load_definition(document));
        auto definition = std::make_shared<const Definition>(std::move(loaded));
        run::StoredWorkflow stored;
        stored.name = name;
        stored.document = codec::to_json(document);
        stored.version = codec::hex_encode(crypto::sha256(stored.document));
        QD_CHECK_OK(run::put_workflow(ports_.store, stored));
        pool_->remember(stored.version, definition);
        const std::lock_guard lock(mutex_);
        workflows_[expr::to_lower(name)] = {name, stored.version, definition};
        return definition->findings;
    }

    Status remove_workflow(const std::string& name) override {
        {
            const std::lock_guard lock(mutex_);
            if (workflows_.erase(expr::to_lower(name)) == 0) {
                return Error(Code::NotFound, "AUT0002", "no such workflow: " + name);
            }
        }
        return run::remove_workflow(ports_.store, name);
    }

    std::vector<WorkflowInfo> workflows() override {
        const std::lock_guard lock(mutex_);
        std::vector<WorkflowInfo> out;
        for (const auto& [key, workflow] : workflows_) {
            WorkflowInfo info;
            info.name = workflow.name;
            info.version = workflow.version;
            info.enabled = workflow.definition->enabled;
            info.startable = workflow.definition->startable();
            info.actions = workflow.definition->actions.size();
            info.findings = workflow.definition->findings;
            out.push_back(std::move(info));
        }
        return out;
    }

    Result<std::string> start_run(const std::string& name, const Value& payload,
                                  const std::string& key) override {
        QD_TRY(const Workflow workflow, find_startable(name));
        StoredRun stored;
        stored.facts = facts_of(workflow);
        stored.facts.id = new_guid(ports_.entropy);
        stored.facts.trigger_outputs = trigger_outputs(payload);
        stored.key = key;
        stored.started = ports_.clock.utc();
        QD_CHECK_OK(check_trigger(*workflow.definition, stored));
        QD_TRY(const bool inserted, run::insert_run(ports_.store, stored));
        const std::string id = stored.facts.id;
        if (inserted) {
            pool_->add(std::make_shared<LiveRun>(std::move(stored.facts), workflow.definition,
                                                 ports_.clock, ports_.entropy, stored.started,
                                                 options_.run_time_max));
        }
        return id;
    }

    Result<std::vector<RunRecord>> runs(std::size_t limit) override {
        QD_TRY(const auto stored, run::load_runs(ports_.store, limit));
        std::vector<RunRecord> out;
        for (const StoredRun& one : stored) {
            out.push_back(record_of(one, hides_trigger(one)));
        }
        return out;
    }

    Result<RunRecord> run(const std::string& id) override {
        QD_TRY(const StoredRun stored, run::load_run(ports_.store, id));
        return record_of(stored, hides_trigger(stored));
    }

    Result<std::vector<ActionRecord>> actions(const std::string& run_id) override {
        return pool_->records_of(run_id);
    }

    Status cancel(const std::string& run_id) override {
        QD_TRY(const StoredRun stored, run::load_run(ports_.store, run_id));
        if (!stored.ended.has_value()) {
            pool_->cancel(run_id);
        }
        return {};
    }

    void start() override {
        const std::lock_guard lock(mutex_);
        if (timer_.joinable() || stopped_) {
            return;
        }
        pool_->start();
        timer_ = std::thread([this] { timer_loop(); });
    }

    void stop() override { halt(); }
    void fire_due() override { pool_->fire_due(); }
    void wait_idle() override { pool_->wait_idle(); }

  private:
    struct Workflow {
        std::string name;
        std::string version;
        std::shared_ptr<const Definition> definition;
    };

    void halt() {
        {
            const std::lock_guard lock(timer_mutex_);
            timer_stops_ = true;
            timer_wakes_.notify_all();
        }
        std::thread timer;
        {
            const std::lock_guard lock(mutex_);
            stopped_ = true;
            timer.swap(timer_);
        }
        if (timer.joinable()) {
            timer.join();
        }
        pool_->close();
    }

    /// Wakes when something is due; at least twice a second, because a wall clock may jump.
    void timer_loop() {
        constexpr std::int64_t kLongestNs = 500'000'000;
        while (true) {
            std::int64_t wait = kLongestNs;
            if (const auto next = pool_->next_due()) {
                wait = std::clamp<std::int64_t>((*next - ports_.clock.utc()).count, 0,
                                                kLongestNs / 100) *
                       100;
            }
            std::unique_lock lock(timer_mutex_);
            if (wait > 0) {
                timer_wakes_.wait_for(lock, std::chrono::nanoseconds(wait),
                                      [this] { return timer_stops_ || due_moved_; });
            }
            due_moved_ = false;
            if (timer_stops_) {
                return;
            }
            lock.unlock();
            pool_->fire_due();
        }
    }

    Status revive(StoredRun stored) {
        QD_TRY(const auto definition, pool_->definition_of(stored.facts.version));
        if (definition->trigger.has_value()) {
            stored.facts.trigger_name = definition->trigger->name;
        }
        QD_TRY(const auto events, run::load_events(ports_.store, stored.facts.id));
        auto live =
            std::make_shared<LiveRun>(std::move(stored.facts), definition, ports_.clock,
                                      ports_.entropy, stored.started, options_.run_time_max);
        for (const Value& event : events) {
            if (const auto kept = run::redacted_event(*definition, event)) {
                live->redactions.emplace_back(live->next_seq, expr::compact_json(*kept));
            }
            QD_CHECK_OK(live->engine.state().apply(event));
            ++live->next_seq;
        }
        pool_->add(std::move(live));
        return {};
    }

    static run::RunFacts facts_of(const Workflow& workflow) {
        run::RunFacts facts;
        facts.workflow = workflow.name;
        facts.version = workflow.version;
        if (workflow.definition->trigger.has_value()) {
            facts.trigger_name = workflow.definition->trigger->name;
        }
        return facts;
    }

    static Value trigger_outputs(const Value& payload) {
        Object headers;
        headers.set("Content-Type", Value("application/json; charset=utf-8"));
        Object outputs;
        outputs.set("headers", Value(std::move(headers)));
        outputs.set("body", payload);
        return Value(std::move(outputs));
    }

    Result<Workflow> find_startable(const std::string& name) {
        const std::lock_guard lock(mutex_);
        const auto found = workflows_.find(expr::to_lower(name));
        if (found == workflows_.end()) {
            return Error(Code::NotFound, "AUT0002", "no such workflow: " + name);
        }
        const Workflow& workflow = found->second;
        if (!workflow.definition->enabled) {
            return Error(Code::FailedPrecondition, "AUT0003", "the workflow is disabled: " + name);
        }
        std::string why;
        std::size_t errors = 0;
        for (const Finding& finding : workflow.definition->findings) {
            if (finding.severity == Finding::Severity::Error && ++errors <= 5) {
                why += (why.empty() ? "" : "; ") + finding.path + ": " + finding.message;
            }
        }
        if (errors > 0) {
            return Error(Code::FailedPrecondition, "AUT0004",
                         "the workflow cannot be started: " + why +
                             (errors > 5 ? "; and " + std::to_string(errors - 5) + " more" : ""));
        }
        return workflow;
    }

    Status check_trigger(const Definition& definition, const StoredRun& stored) {
        const Trigger& trigger = *definition.trigger;
        if (trigger.validate_schema) {
            if (const auto wrong = run::schema_violation(*stored.facts.trigger_outputs.get("body"),
                                                         trigger.schema)) {
                return Error(Code::InvalidArgument, "AUT0005",
                             "the payload violates the trigger's schema: " + *wrong);
            }
        }
        if (trigger.conditions.empty()) {
            return {};
        }
        const std::shared_ptr<const Definition> unowned(std::shared_ptr<const Definition>(),
                                                        &definition);
        run::RunState state(unowned);
        run::RunContext context(state, stored.facts, &state.root(), ports_.clock, ports_.entropy);
        for (const Template& condition : trigger.conditions) {
            QD_TRY(const bool met, condition.evaluate_condition(context));
            if (!met) {
                return Error(Code::FailedPrecondition, "AUT0007",
                             "a condition of the trigger is not met");
            }
        }
        return {};
    }

    bool hides_trigger(const StoredRun& stored) {
        const auto definition = pool_->definition_of(stored.facts.version);
        return !definition.ok() || (definition.value()->trigger.has_value() &&
                                    definition.value()->trigger->secure_outputs);
    }

    WorkflowPorts ports_;
    WorkflowOptions options_;
    std::shared_ptr<RunPool> pool_;
    std::mutex mutex_;
    std::map<std::string, Workflow> workflows_;  // by lower-case name
    std::thread timer_;
    bool stopped_ = false;
    std::mutex timer_mutex_;
    std::condition_variable timer_wakes_;
    bool timer_stops_ = false;
    bool due_moved_ = false;
};

}  // namespace

Result<std::unique_ptr<WorkflowService>> WorkflowService::open(WorkflowPorts ports,
                                                               WorkflowOptions options) {
    auto service = std::make_unique<Service>(ports, std::move(options));
    QD_CHECK_OK(service->load());
    return std::unique_ptr<WorkflowService>(std::move(service));
}

}  // namespace qd::automation
