#include "run/live_run.h"

#include "expr/text.h"
#include "qd/codec/json.h"

#include <algorithm>

namespace qd::automation::run {
namespace {

constexpr Ticks kWriteRetry{Ticks::kSecond};
constexpr Ticks kRowRetry{5 * Ticks::kSecond};

}  // namespace

/// Keeps close() waiting while it lives.
class RunPool::Inside {
  public:
    explicit Inside(const std::weak_ptr<RunPool>& pool) : pool_(pool.lock()) {
        if (pool_ != nullptr && !pool_->enter()) {
            pool_.reset();
        }
    }
    ~Inside() {
        if (pool_ != nullptr) {
            pool_->leave();
        }
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    explicit operator bool() const { return pool_ != nullptr; }
    RunPool* operator->() const { return pool_.get(); }

  private:
    std::shared_ptr<RunPool> pool_;
};

RunPool::RunPool(WorkflowPorts ports, WorkflowOptions options)
    : ports_(ports), options_(std::move(options)) {}

bool RunPool::enter() {
    const std::lock_guard lock(mutex_);
    if (closed_) {
        return false;
    }
    ++inside_;
    return true;
}

void RunPool::leave() {
    const std::lock_guard lock(mutex_);
    if (--inside_ == 0) {
        idle_.notify_all();
    }
}

void RunPool::close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    idle_.wait(lock, [this] { return inside_ == 0; });
    runs_.clear();
    due_.clear();
}

void RunPool::wait_idle() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return inside_ == 0; });
}

void RunPool::remember(const std::string& version, std::shared_ptr<const Definition> definition) {
    const std::lock_guard lock(mutex_);
    definitions_[version] = std::move(definition);
}

Result<std::shared_ptr<const Definition>> RunPool::definition_of(const std::string& version) {
    {
        const std::lock_guard lock(mutex_);
        const auto found = definitions_.find(version);
        if (found != definitions_.end()) {
            return found->second;
        }
    }
    QD_TRY(const std::string text, load_document(ports_.store, version));
    QD_TRY(const Value document, codec::parse_json(text));
    QD_TRY(Definition loaded, load_definition(document));
    auto definition = std::make_shared<const Definition>(std::move(loaded));
    remember(version, definition);
    return definition;
}

void RunPool::add(std::shared_ptr<LiveRun> run) {
    bool started = false;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return;
        }
        runs_[run->engine.facts().id] = run;
        started = started_;
    }
    if (started) {
        post(run, [](LiveRun& r) { r.engine.resume(); });
    }
}

void RunPool::start() {
    std::vector<std::shared_ptr<LiveRun>> all;
    {
        const std::lock_guard lock(mutex_);
        if (started_ || closed_) {
            return;
        }
        started_ = true;
        for (const auto& [id, run] : runs_) {
            all.push_back(run);
        }
    }
    for (const auto& run : all) {
        post(run, [](LiveRun& r) { r.engine.resume(); });
    }
}

void RunPool::cancel(const std::string& run_id) {
    std::shared_ptr<LiveRun> run;
    {
        const std::lock_guard lock(mutex_);
        const auto found = runs_.find(run_id);
        if (found == runs_.end()) {
            return;
        }
        run = found->second;
    }
    post(run, [](LiveRun& r) { r.engine.cancel(); });
}

void RunPool::post(const std::shared_ptr<LiveRun>& run, std::function<void(LiveRun&)> work) {
    {
        const std::lock_guard lock(run->mutex);
        run->inbox.push_back(std::move(work));
        if (run->scheduled) {
            return;
        }
        run->scheduled = true;
    }
    if (!enter()) {
        return;
    }
    // The gate is held from here on, so the pool outlives the work.
    ports_.executor.post([this, run] {
        drain(run);
        leave();
    });
}

void RunPool::drain(const std::shared_ptr<LiveRun>& run) {
    while (true) {
        std::function<void(LiveRun&)> work;
        {
            const std::lock_guard lock(run->mutex);
            if (run->inbox.empty()) {
                run->scheduled = false;
                return;
            }
            work = std::move(run->inbox.front());
            run->inbox.pop_front();
        }
        work(*run);
        for (const Value& event : run->engine.take_events()) {
            const auto seq = run->next_seq + static_cast<std::int64_t>(run->unwritten.size());
            if (const auto kept = redacted_event(run->engine.state().definition(), event)) {
                run->redactions.emplace_back(seq, expr::compact_json(*kept));
            }
            run->unwritten.push_back(expr::compact_json(event));
        }
        for (PlannedCall& planned : run->engine.take_calls()) {
            run->calls.push_back(std::move(planned));
        }
        flush(run);
        note_due(run,
                 run->write_failed ? ports_.clock.utc() + kWriteRetry : run->engine.next_due());
    }
}

void RunPool::flush(const std::shared_ptr<LiveRun>& run) {
    if (run->writing || run->write_failed) {
        return;
    }
    std::vector<PlannedCall> calls = std::exchange(run->calls, {});
    if (run->unwritten.empty()) {
        for (PlannedCall& planned : calls) {
            call(run, std::move(planned));
        }
        return;
    }
    run->writing = true;
    const bool end = run->engine.ended() && !run->end_written;
    RunEnd ending;
    if (end) {
        const RunState& state = run->engine.state();
        ending.status = state.status();
        ending.code = state.code();
        ending.error = state.error();
        ending.ended = *state.ended();
        const auto& trigger = state.definition().trigger;
        ending.hide_trigger = trigger.has_value() && trigger->secure_outputs;
        ending.redacted = run->redactions;
    }
    const std::string id = run->engine.facts().id;
    const std::int64_t first = run->next_seq;
    auto events = std::make_shared<const std::vector<std::string>>(run->unwritten);
    auto write = [id, first, events, end, ending](store::Transaction& tx) -> Status {
        QD_CHECK_OK(append_events(tx, id, first, *events));
        return end ? end_run(tx, id, ending) : ok_status();
    };
    auto waiting = std::make_shared<std::vector<PlannedCall>>(std::move(calls));
    if (!enter()) {
        return;
    }
    // Runs on the store's writer thread: only hands over.
    ports_.store.write_async(std::move(write),
                             [this, run, events, waiting, end](const Status& status) {
                                 const std::size_t count = events->size();
                                 post(run, [this, run, status, count, waiting, end](LiveRun&) {
                                     written(run, status, count, std::move(*waiting), end);
                                 });
                                 leave();
                             });
}

void RunPool::written(const std::shared_ptr<LiveRun>& run, const Status& status, std::size_t events,
                      std::vector<PlannedCall> calls, bool end) {
    run->writing = false;
    if (!status.ok()) {
        // Nothing of it is on disk: the run stands still and the same events are written later.
        ports_.log.error("workflow events cannot be written",
                         {{"run", run->engine.facts().id}, {"error", status.error().text()}});
        run->calls.insert(run->calls.begin(), std::make_move_iterator(calls.begin()),
                          std::make_move_iterator(calls.end()));
        run->write_failed = true;
        return;
    }
    run->next_seq += static_cast<std::int64_t>(events);
    run->unwritten.erase(run->unwritten.begin(),
                         run->unwritten.begin() + static_cast<std::ptrdiff_t>(events));
    for (PlannedCall& planned : calls) {
        if (!run->engine.ended()) {
            call(run, std::move(planned));
        }
    }
    if (end) {
        run->end_written = true;
        {
            const std::lock_guard lock(mutex_);
            runs_.erase(run->engine.facts().id);
        }
        send_row(run->engine.facts().id);
    }
}

void RunPool::call(const std::shared_ptr<LiveRun>& run, PlannedCall planned) {
    planned.call.timeout_ms = std::min(planned.call.timeout_ms, options_.http_timeout_ms);
    const StepId id = planned.step;
    const std::uint64_t flight = planned.flight;
    const std::weak_ptr<RunPool> weak = weak_from_this();
    const std::weak_ptr<LiveRun> weak_run = run;
    ports_.http.send(std::move(planned.call),
                     [weak, weak_run, id, flight](Result<HttpAnswer> answer) {
                         const Inside pool(weak);
                         const auto target = weak_run.lock();
                         if (!pool || target == nullptr) {
                             return;
                         }
                         pool->post(target, [id, flight, answer = std::move(answer)](LiveRun& r) {
                             r.engine.answered(id, flight, answer);
                         });
                     });
}

void RunPool::note_due(const std::shared_ptr<LiveRun>& run, std::optional<Timestamp> due) {
    bool nearer = false;
    {
        const std::lock_guard lock(mutex_);
        if (run->noted_due == due) {
            return;
        }
        const std::string& id = run->engine.facts().id;
        if (run->noted_due.has_value()) {
            due_.erase({*run->noted_due, id});
        }
        run->noted_due = due;
        if (due.has_value()) {
            nearer = due_.empty() || *due < due_.begin()->first;
            due_.emplace(*due, id);
        }
    }
    if (nearer) {
        due_changed();
    }
}

std::optional<Timestamp> RunPool::next_due() {
    const std::lock_guard lock(mutex_);
    std::optional<Timestamp> next;
    if (!due_.empty()) {
        next = due_.begin()->first;
    }
    for (const auto& [run, at] : owed_) {
        next = next.has_value() ? std::min(*next, at) : at;
    }
    return next;
}

void RunPool::fire_due() {
    const Timestamp now = ports_.clock.utc();
    std::vector<std::shared_ptr<LiveRun>> ready;
    std::vector<std::string> rows;
    {
        const std::lock_guard lock(mutex_);
        if (!started_ || closed_) {
            return;
        }
        while (!due_.empty() && due_.begin()->first <= now) {
            const auto found = runs_.find(due_.begin()->second);
            if (found != runs_.end()) {
                found->second->noted_due.reset();
                ready.push_back(found->second);
            }
            due_.erase(due_.begin());
        }
        for (const auto& [run, at] : owed_) {
            if (at <= now) {
                rows.push_back(run);
            }
        }
        for (const std::string& row : rows) {
            owed_.erase(row);
        }
    }
    for (const auto& run : ready) {
        post(run, [now](LiveRun& r) {
            r.write_failed = false;
            r.engine.passed(now);
        });
    }
    for (const std::string& row : rows) {
        send_row(row);
    }
}

void RunPool::owe_row(const std::string& run_id) {
    const std::lock_guard lock(mutex_);
    owed_[run_id] = ports_.clock.utc();
}

void RunPool::send_row(const std::string& run_id) {
    if (!enter()) {
        return;
    }
    ports_.executor.post([this, run_id] {
        auto row = row_of(run_id);
        Status sent =
            row.ok() ? ports_.rows.append(options_.run_table, {row.value()}) : Status(row.error());
        if (sent.ok()) {
            sent =
                ports_.store.write([&](store::Transaction& tx) { return settle_row(tx, run_id); });
        }
        if (!sent.ok()) {
            ports_.log.warn("the row of a workflow run cannot be written yet",
                            {{"run", run_id}, {"error", sent.error().text()}});
            const std::lock_guard lock(mutex_);
            owed_[run_id] = ports_.clock.utc() + kRowRetry;
        }
        leave();
    });
}

Result<std::vector<ActionRecord>> RunPool::records_of(const std::string& run_id) {
    QD_TRY(const StoredRun run, load_run(ports_.store, run_id));
    QD_TRY(auto definition, definition_of(run.facts.version));
    QD_TRY(const auto events, load_events(ports_.store, run_id));
    RunState state(std::move(definition));
    for (const Value& event : events) {
        QD_CHECK_OK(state.apply(event));
    }
    return state.records();
}

Result<Value> RunPool::row_of(const std::string& run_id) {
    QD_TRY(const StoredRun run, load_run(ports_.store, run_id));
    QD_TRY(const auto records, records_of(run_id));
    std::int64_t succeeded = 0;
    std::int64_t failed = 0;
    std::int64_t skipped = 0;
    Array actions;
    constexpr std::size_t kListed = 1000;
    for (const ActionRecord& record : records) {
        succeeded += record.status == "Succeeded" ? 1 : 0;
        failed += record.status == "Failed" || record.status == "TimedOut" ? 1 : 0;
        skipped += record.status == "Skipped" ? 1 : 0;
        if (actions.size() >= kListed) {
            continue;
        }
        Object entry;
        entry.set("name", Value(record.name));
        if (!record.iteration.empty()) {
            Array iteration;
            for (const std::int64_t number : record.iteration) {
                iteration.emplace_back(number);
            }
            entry.set("iteration", Value(std::move(iteration)));
        }
        entry.set("status", Value(record.status));
        entry.set("code", Value(record.code));
        if (record.started.has_value()) {
            entry.set("startTime", Value(format_timestamp(*record.started)));
        }
        if (record.ended.has_value()) {
            entry.set("endTime", Value(format_timestamp(*record.ended)));
        }
        entry.set("attempts", Value(record.attempts));
        actions.emplace_back(std::move(entry));
    }
    const Timestamp ended = run.ended.value_or(run.started);
    Object row;
    row.set("TimeGenerated", Value(format_timestamp(ended)));
    row.set("EventId_g", Value(run.facts.id));
    row.set("RunId_s", Value(run.facts.id));
    row.set("WorkflowName_s", Value(run.facts.workflow));
    row.set("WorkflowVersion_s", Value(run.facts.version));
    row.set("Status_s", Value(run.status));
    row.set("Code_s", Value(run.code));
    row.set("Error_s", Value(run.error));
    row.set("StartTime_t", Value(format_timestamp(run.started)));
    row.set("EndTime_t", Value(format_timestamp(ended)));
    row.set("DurationMs_d",
            Value(static_cast<double>((ended - run.started).count) / Ticks::kMillisecond));
    row.set("TriggerKey_s", Value(run.key));
    row.set("ActionsSucceeded_d", Value(static_cast<double>(succeeded)));
    row.set("ActionsFailed_d", Value(static_cast<double>(failed)));
    row.set("ActionsSkipped_d", Value(static_cast<double>(skipped)));
    row.set("Actions_s", Value(codec::to_json(Value(std::move(actions)))));
    return Value(std::move(row));
}

}  // namespace qd::automation::run
