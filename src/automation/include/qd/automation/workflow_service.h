#pragma once

#include "qd/automation/definition.h"
#include "qd/automation/ports.h"
#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/base/log.h"
#include "qd/base/random.h"
#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/codec/value.h"
#include "qd/store/store.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qd::automation {

/// What the service needs; all outlive it. The executor has threads of its own (no InlineExecutor).
struct WorkflowPorts {
    store::Store& store;
    HttpSender& http;
    RowSink& rows;
    Clock& clock;
    Entropy& entropy;
    Executor& executor;
    Log& log;
};

struct WorkflowOptions {
    std::string run_table = "PlaybookRun_CL";
    std::int64_t http_timeout_ms = 120'000;
    /// Longest a run may take before it ends TimedOut.
    Ticks run_time_max{90 * Ticks::kDay};
};

struct WorkflowInfo {
    std::string name;
    std::string version;  // SHA-256 of the document, hex; a run stays on its version
    bool enabled = true;
    bool startable = true;  // false: an Error among the findings
    std::size_t actions = 0;
    std::vector<Finding> findings;
};

/// Statuses: Running, Waiting, Succeeded, Failed, Cancelled, TimedOut; of actions also Skipped.
struct RunRecord {
    std::string id;
    std::string workflow;
    std::string version;
    std::string idempotency_key;
    std::string status;
    std::string code;  // of a run that failed
    std::string error;
    Timestamp started;
    std::optional<Timestamp> ended;
    Value trigger;  // {headers, body}; Null when redacted by secureData
};

struct ActionRecord {
    std::string name;
    std::string type;
    /// Iteration numbers of the enclosing loops, outermost first.
    std::vector<std::int64_t> iteration;
    std::string status;
    std::string code;  // OK, ActionFailed, ActionSkipped, …
    std::string error;
    std::optional<Timestamp> started;
    std::optional<Timestamp> ended;
    std::int64_t attempts = 0;
    /// Null where secureData hides them; authentication and credentials are never in here.
    Value inputs;
    Value outputs;
};

/// Workflows in the Logic Apps definition language and their runs. Every accepted start is
/// durable before start() returns; every step's outcome is durable before a later call leaves the
/// process; open() resumes all open runs behind their last committed step.
///
/// After a run has ended one row goes to `run_table`: TimeGenerated (end), EventId_g (run id),
/// RunId_s, WorkflowName_s, WorkflowVersion_s, Status_s, Code_s, Error_s, StartTime_t, EndTime_t,
/// DurationMs_d, TriggerKey_s (idempotency key), ActionsSucceeded_d, ActionsFailed_d,
/// ActionsSkipped_d, Actions_s (JSON text: [{name, iteration, status, code, startTime, endTime,
/// attempts}]).
///
/// Threads: any.
class WorkflowService {
  public:
    /// Brings the schema up to date, loads the workflows and the state of all open runs. Runs do
    /// not move before start().
    static Result<std::unique_ptr<WorkflowService>> open(WorkflowPorts ports,
                                                         WorkflowOptions options);
    /// Stops; open runs go on at the next open().
    virtual ~WorkflowService() = default;

    /// Adds or replaces a workflow: a bare definition, {"definition": …} (also Standard's
    /// workflow.json) or an ARM resource with `properties`. A definition with unsupported parts is
    /// kept, with findings, and cannot be started.
    /// Errors: InvalidArgument AUT0001 (no name, or no definition in the document).
    virtual Result<std::vector<Finding>> put_workflow(const std::string& name,
                                                      const Value& document) = 0;
    /// Open runs go on on their version. Errors: NotFound AUT0002.
    virtual Status remove_workflow(const std::string& name) = 0;
    virtual std::vector<WorkflowInfo> workflows() = 0;

    /// Starts a run with the payload as the trigger's body and returns its id once the run is on
    /// stable storage. The same key starts at most one run of the workflow: later calls return the
    /// first one's id. An empty key never matches.
    /// Errors: NotFound AUT0002 (no such workflow), FailedPrecondition AUT0003 (disabled) and
    /// AUT0004 (cannot be started; names what is unsupported), InvalidArgument AUT0005 (the
    /// payload violates the trigger's schema where the trigger asks for validation),
    /// FailedPrecondition AUT0007 (a condition of the trigger is not met).
    virtual Result<std::string> start_run(const std::string& workflow, const Value& payload,
                                          const std::string& idempotency_key) = 0;

    /// Newest first.
    virtual Result<std::vector<RunRecord>> runs(std::size_t limit) = 0;
    /// Errors: NotFound AUT0006.
    virtual Result<RunRecord> run(const std::string& id) = 0;
    /// In the order they started. Errors: NotFound AUT0006.
    virtual Result<std::vector<ActionRecord>> actions(const std::string& run_id) = 0;
    /// Nothing new starts; a call under way is awaited no longer. A run that has ended stays as it
    /// is. Errors: NotFound AUT0006.
    virtual Status cancel(const std::string& run_id) = 0;

    /// Runs move from now on, on the executor; timers on a thread of the service's own.
    virtual void start() = 0;
    /// For good: open runs go on at the next open().
    virtual void stop() = 0;
    /// Fires what the clock says is due (retries, waits, time limits), and sends the rows still
    /// owed. The timer thread calls it; tests with a manual clock do so themselves.
    virtual void fire_due() = 0;
    /// Blocks until no run can move without an answer from outside or the passing of time.
    virtual void wait_idle() = 0;
};

}  // namespace qd::automation
