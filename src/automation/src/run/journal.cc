#include "run/journal.h"

#include "expr/text.h"
#include "qd/codec/json.h"

#include <array>

namespace qd::automation::run {
namespace {

constexpr std::array<store::Migration, 1> kMigrations = {{
    {"first",
     "CREATE TABLE automation_definitions (version TEXT PRIMARY KEY, document TEXT NOT NULL);"
     "CREATE TABLE automation_workflows (name TEXT PRIMARY KEY, display_name TEXT NOT NULL,"
     " version TEXT NOT NULL);"
     "CREATE TABLE automation_runs (run_id TEXT PRIMARY KEY, workflow TEXT NOT NULL,"
     " version TEXT NOT NULL, start_key TEXT, trigger_outputs TEXT, status TEXT NOT NULL,"
     " code TEXT NOT NULL, error TEXT NOT NULL, started BIGINT NOT NULL, ended BIGINT,"
     " row_owed INTEGER NOT NULL);"
     "CREATE UNIQUE INDEX automation_runs_key ON automation_runs (workflow, start_key);"
     "CREATE INDEX automation_runs_started ON automation_runs (started);"
     "CREATE INDEX automation_runs_open ON automation_runs (ended) WHERE ended IS NULL;"
     "CREATE INDEX automation_runs_owed ON automation_runs (row_owed) WHERE row_owed = 1;"
     "CREATE TABLE automation_journal (run_id TEXT NOT NULL, seq BIGINT NOT NULL,"
     " event TEXT NOT NULL, PRIMARY KEY (run_id, seq))"},
}};

constexpr std::string_view kRunColumns =
    "SELECT run_id, workflow, version, start_key, trigger_outputs, status, code, error, started,"
    " ended FROM automation_runs ";

Result<std::vector<StoredRun>> select_runs(store::Store& store, std::string_view where,
                                           std::initializer_list<store::Param> params) {
    std::vector<StoredRun> out;
    const std::string sql = std::string(kRunColumns) + std::string(where);
    QD_CHECK_OK(store.read([&](store::Transaction& tx) -> Status {
        QD_TRY(const auto rows, tx.query(sql, params));
        while (true) {
            QD_TRY(const bool more, rows->step());
            if (!more) {
                return {};
            }
            StoredRun run;
            run.facts.id = rows->text(0);
            run.facts.workflow = rows->text(1);
            run.facts.version = rows->text(2);
            run.key = rows->text(3);
            if (!rows->is_null(4)) {
                QD_TRY(run.facts.trigger_outputs, codec::parse_json(rows->text(4)));
            }
            run.status = rows->text(5);
            run.code = rows->text(6);
            run.error = rows->text(7);
            run.started = {rows->integer(8)};
            if (!rows->is_null(9)) {
                run.ended = Timestamp{rows->integer(9)};
            }
            out.push_back(std::move(run));
        }
    }));
    return out;
}

}  // namespace

Status migrate_journal(store::Store& store) {
    return store.migrate("automation", kMigrations);
}

Status put_workflow(store::Store& store, const StoredWorkflow& workflow) {
    const std::string key = expr::to_lower(workflow.name);
    return store.write([&](store::Transaction& tx) -> Status {
        QD_CHECK_OK(
            tx.run("INSERT INTO automation_definitions (version, document) VALUES (?1, ?2)"
                   " ON CONFLICT (version) DO NOTHING",
                   {workflow.version, workflow.document}));
        return tx.run(
            "INSERT INTO automation_workflows (name, display_name, version) VALUES (?1, ?2, ?3)"
            " ON CONFLICT (name) DO UPDATE SET display_name = ?2, version = ?3",
            {key, workflow.name, workflow.version});
    });
}

Status remove_workflow(store::Store& store, const std::string& name) {
    const std::string key = expr::to_lower(name);
    return store.write([&](store::Transaction& tx) {
        return tx.run("DELETE FROM automation_workflows WHERE name = ?1", {key});
    });
}

Result<std::vector<StoredWorkflow>> load_workflows(store::Store& store) {
    std::vector<StoredWorkflow> out;
    QD_CHECK_OK(store.read([&](store::Transaction& tx) -> Status {
        QD_TRY(const auto rows,
               tx.query("SELECT w.display_name, w.version, d.document FROM automation_workflows w"
                        " JOIN automation_definitions d ON d.version = w.version"
                        " ORDER BY w.name"));
        while (true) {
            QD_TRY(const bool more, rows->step());
            if (!more) {
                return {};
            }
            out.push_back({std::string(rows->text(0)), std::string(rows->text(1)),
                           std::string(rows->text(2))});
        }
    }));
    return out;
}

Result<std::string> load_document(store::Store& store, const std::string& version) {
    std::optional<std::string> document;
    QD_CHECK_OK(store.read([&](store::Transaction& tx) -> Status {
        QD_TRY(document, tx.text("SELECT document FROM automation_definitions WHERE version = ?1",
                                 {version}));
        return {};
    }));
    if (!document.has_value()) {
        return Error(Code::NotFound, "AUT0002", "no such version of a workflow: " + version);
    }
    return std::move(*document);
}

Result<bool> insert_run(store::Store& store, StoredRun& run) {
    const std::string trigger = codec::to_json(run.facts.trigger_outputs);
    std::optional<std::string> existing;
    std::optional<std::string> key;
    if (!run.key.empty()) {
        key = run.key;
    }
    QD_CHECK_OK(store.write([&](store::Transaction& tx) -> Status {
        if (key.has_value()) {
            QD_TRY(existing, tx.text("SELECT run_id FROM automation_runs WHERE start_key = ?1 AND"
                                     " workflow = ?2",
                                     {*key, run.facts.workflow}));
            if (existing.has_value()) {
                return {};
            }
        }
        return tx.run(
            "INSERT INTO automation_runs (run_id, workflow, version, start_key, trigger_outputs,"
            " status, code, error, started, ended, row_owed)"
            " VALUES (?1, ?2, ?3, ?4, ?5, 'Running', '', '', ?6, NULL, 0)",
            {run.facts.id, run.facts.workflow, run.facts.version, key, trigger, run.started.ticks});
    }));
    if (existing.has_value()) {
        run.facts.id = *existing;
        return false;
    }
    return true;
}

Result<StoredRun> load_run(store::Store& store, const std::string& id) {
    QD_TRY(auto runs, select_runs(store, "WHERE run_id = ?1", {id}));
    if (runs.empty()) {
        return Error(Code::NotFound, "AUT0006", "no such run: " + id);
    }
    return std::move(runs.front());
}

Result<std::vector<StoredRun>> load_runs(store::Store& store, std::size_t limit) {
    return select_runs(store, "ORDER BY started DESC, run_id LIMIT ?1", {limit});
}

Result<std::vector<StoredRun>> load_open_runs(store::Store& store) {
    return select_runs(store, "WHERE ended IS NULL ORDER BY started", {});
}

Result<std::vector<std::string>> load_owed_rows(store::Store& store) {
    std::vector<std::string> out;
    QD_CHECK_OK(store.read([&](store::Transaction& tx) -> Status {
        QD_TRY(const auto rows, tx.query("SELECT run_id FROM automation_runs WHERE row_owed = 1"));
        while (true) {
            QD_TRY(const bool more, rows->step());
            if (!more) {
                return {};
            }
            out.emplace_back(rows->text(0));
        }
    }));
    return out;
}

Result<std::vector<Value>> load_events(store::Store& store, const std::string& run_id) {
    std::vector<Value> out;
    QD_CHECK_OK(store.read([&](store::Transaction& tx) -> Status {
        QD_TRY(const auto rows,
               tx.query("SELECT event FROM automation_journal WHERE run_id = ?1 ORDER BY seq",
                        {run_id}));
        while (true) {
            QD_TRY(const bool more, rows->step());
            if (!more) {
                return {};
            }
            QD_TRY(Value event, codec::parse_json(rows->text(0), {.depth_max = 1024}));
            out.push_back(std::move(event));
        }
    }));
    return out;
}

Status append_events(store::Transaction& tx, const std::string& run_id, std::int64_t first_seq,
                     const std::vector<std::string>& events) {
    for (const std::string& event : events) {
        QD_CHECK_OK(
            tx.run("INSERT INTO automation_journal (run_id, seq, event) VALUES (?1, ?2, ?3)",
                   {run_id, first_seq++, event}));
    }
    return {};
}

Status end_run(store::Transaction& tx, const std::string& run_id, const RunEnd& end) {
    for (const auto& [seq, event] : end.redacted) {
        QD_CHECK_OK(
            tx.run("UPDATE automation_journal SET event = ?3 WHERE run_id = ?1 AND seq = ?2",
                   {run_id, seq, event}));
    }
    if (end.hide_trigger) {
        QD_CHECK_OK(tx.run("UPDATE automation_runs SET trigger_outputs = NULL WHERE run_id = ?1",
                           {run_id}));
    }
    return tx.run(
        "UPDATE automation_runs SET status = ?2, code = ?3, error = ?4, ended = ?5, row_owed = 1"
        " WHERE run_id = ?1",
        {run_id, status_name(end.status), end.code, end.error, end.ended.ticks});
}

Status settle_row(store::Transaction& tx, const std::string& run_id) {
    return tx.run("UPDATE automation_runs SET row_owed = 0 WHERE run_id = ?1", {run_id});
}

}  // namespace qd::automation::run
