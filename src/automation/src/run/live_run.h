#pragma once

#include "run/journal.h"
#include "run/run_engine.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>

namespace qd::automation::run {

/// An open run in memory. What is posted to it happens one at a time, on the executor.
struct LiveRun {
    LiveRun(RunFacts facts, std::shared_ptr<const Definition> definition, Clock& clock,
            Entropy& entropy, Timestamp started, Ticks time_max)
        : engine(std::move(facts), std::move(definition), clock, entropy, started, time_max) {}

    std::mutex mutex;
    std::deque<std::function<void(LiveRun&)>> inbox;  // guarded by mutex, as `scheduled`
    bool scheduled = false;

    // Touched only by the posted functions.
    RunEngine engine;
    std::int64_t next_seq = 0;
    std::vector<std::string> unwritten;  // events from `next_seq` on
    std::vector<std::pair<std::int64_t, std::string>> redactions;
    std::vector<PlannedCall> calls;  // wait for their events
    bool writing = false;
    bool write_failed = false;  // stands still until the next try
    bool end_written = false;

    std::optional<Timestamp> noted_due;  // guarded by the pool's mutex
};

/// Drives the open runs: one event loop for each run on the executor, group-committed writes,
/// calls after their events are durable, timers.
/// The executor must have threads of its own. Threads: any. Everything asynchronous holds the pool
/// weakly and enters through a gate, so that close() can wait until nobody is inside.
class RunPool : public std::enable_shared_from_this<RunPool> {
  public:
    RunPool(WorkflowPorts ports, WorkflowOptions options);

    void add(std::shared_ptr<LiveRun> run);
    void owe_row(const std::string& run_id);
    /// Runs move from now on.
    void start();
    void cancel(const std::string& run_id);
    void fire_due();
    /// The next instant at which fire_due() has something to do.
    std::optional<Timestamp> next_due();
    void wait_idle();
    /// Nothing moves any more when this returns.
    void close();

    /// The row of a run that has ended, and the records behind it.
    Result<Value> row_of(const std::string& run_id);
    Result<std::vector<ActionRecord>> records_of(const std::string& run_id);
    Result<std::shared_ptr<const Definition>> definition_of(const std::string& version);
    void remember(const std::string& version, std::shared_ptr<const Definition> definition);
    /// Called when the next due instant may have come nearer.
    std::function<void()> due_changed = [] {};

  private:
    class Inside;
    bool enter();
    void leave();
    void post(const std::shared_ptr<LiveRun>& run, std::function<void(LiveRun&)> work);
    void drain(const std::shared_ptr<LiveRun>& run);
    void flush(const std::shared_ptr<LiveRun>& run);
    void written(const std::shared_ptr<LiveRun>& run, const Status& status, std::size_t events,
                 std::vector<PlannedCall> calls, bool end);
    void call(const std::shared_ptr<LiveRun>& run, PlannedCall planned);
    /// Absent: nothing falls due any more.
    void note_due(const std::shared_ptr<LiveRun>& run, std::optional<Timestamp> due);
    void send_row(const std::string& run_id);

    WorkflowPorts ports_;
    WorkflowOptions options_;

    std::mutex mutex_;
    std::condition_variable idle_;
    bool closed_ = false;
    bool started_ = false;
    std::size_t inside_ = 0;
    std::unordered_map<std::string, std::shared_ptr<LiveRun>> runs_;
    std::set<std::pair<Timestamp, std::string>> due_;  // with the run's id
    std::map<std::string, Timestamp> owed_;            // run -> when to try
    std::unordered_map<std::string, std::shared_ptr<const Definition>> definitions_;
};

}  // namespace qd::automation::run
