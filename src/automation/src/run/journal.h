#pragma once

#include "qd/automation/workflow_service.h"
#include "qd/store/store.h"
#include "run/run_context.h"

#include <string>
#include <utility>
#include <vector>

namespace qd::automation::run {

/// What the store knows of a run.
struct StoredRun {
    RunFacts facts;
    std::string key;
    std::string status;
    std::string code;
    std::string error;
    Timestamp started;
    std::optional<Timestamp> ended;
};

struct StoredWorkflow {
    std::string name;
    std::string version;
    std::string document;
};

/// The end of a run, written in one transaction with its last events.
struct RunEnd {
    RunStatus status = RunStatus::Succeeded;
    std::string code;
    std::string error;
    Timestamp ended;
    bool hide_trigger = false;
    /// Events to be replaced by what may be kept of them.
    std::vector<std::pair<std::int64_t, std::string>> redacted;
};

/// Workflows, runs and their events in the store.
Status migrate_journal(store::Store& store);

Status put_workflow(store::Store& store, const StoredWorkflow& workflow);
Status remove_workflow(store::Store& store, const std::string& name);
Result<std::vector<StoredWorkflow>> load_workflows(store::Store& store);
/// Errors: NotFound AUT0002.
Result<std::string> load_document(store::Store& store, const std::string& version);

/// Inserts the run, or finds the one that was started with the same key. True: inserted.
Result<bool> insert_run(store::Store& store, StoredRun& run);
/// Errors: NotFound AUT0006.
Result<StoredRun> load_run(store::Store& store, const std::string& id);
Result<std::vector<StoredRun>> load_runs(store::Store& store, std::size_t limit);
Result<std::vector<StoredRun>> load_open_runs(store::Store& store);
/// Runs that have ended and whose row nobody has taken yet.
Result<std::vector<std::string>> load_owed_rows(store::Store& store);
Result<std::vector<Value>> load_events(store::Store& store, const std::string& run_id);

/// For use inside of a write transaction.
Status append_events(store::Transaction& tx, const std::string& run_id, std::int64_t first_seq,
                     const std::vector<std::string>& events);
Status end_run(store::Transaction& tx, const std::string& run_id, const RunEnd& end);
Status settle_row(store::Transaction& tx, const std::string& run_id);

}  // namespace qd::automation::run
