// What runs and what ran, scripts, and who may do what.
#include "command_parts.h"
#include "command_tables.h"
#include "qd/query/query_service.h"

#include <algorithm>

namespace qd::query {

using columns::DataType;
using kql::Command;
using kql::CommandKind;

namespace {

std::string shown_time(Timestamp at) {
    return format_timestamp(at);
}

/// The time a query took, or has taken so far.
std::string duration_of(const QueryRecord& record, Timestamp now) {
    return format_ticks({(record.ended.value_or(now).ticks - record.started.ticks)});
}

std::string cpu_of(const QueryRecord& record) {
    return format_ticks({record.stats.cpu_ns / 100});
}

Value scanned(const QueryRecord& record) {
    Object out;
    out.set("ScannedRowsCount", static_cast<std::int64_t>(record.stats.rows_scanned));
    out.set("ScannedBytes", static_cast<std::int64_t>(record.stats.bytes_scanned));
    return Value(std::move(out));
}

Value result_set(const QueryRecord& record) {
    Object out;
    out.set("TableCount", 1);
    out.set("RowCount", static_cast<std::int64_t>(record.rows));
    return Value(std::move(out));
}

Result<kql::ResultTable> show_queries(const Command& command, const CommandContext& context) {
    ResultRows rows({{"ClientActivityId", DataType::String},
                     {"Text", DataType::String},
                     {"Database", DataType::String},
                     {"StartedOn", DataType::DateTime},
                     {"LastUpdatedOn", DataType::DateTime},
                     {"Duration", DataType::TimeSpan},
                     {"State", DataType::String},
                     {"RootActivityId", DataType::String},
                     {"User", DataType::String},
                     {"FailureReason", DataType::String},
                     {"TotalCpu", DataType::TimeSpan},
                     {"CacheStatistics", DataType::Dynamic},
                     {"Application", DataType::String},
                     {"MemoryPeak", DataType::Long},
                     {"ScannedExtentsStatistics", DataType::Dynamic},
                     {"Principal", DataType::String},
                     {"ClientRequestProperties", DataType::Dynamic},
                     {"ResultSetStatistics", DataType::Dynamic},
                     {"WorkloadGroup", DataType::String}});
    const Timestamp now = context.clock.utc();
    const bool only_running = command.kind == CommandKind::ShowRunningQueries;
    for (const QueryRecord& one : only_running ? context.log.running() : context.log.all()) {
        if (one.command) {
            continue;
        }
        rows.add({one.origin.client_request_id, one.text, QueryService::kDatabase,
                  shown_time(one.started), shown_time(one.ended.value_or(now)),
                  duration_of(one, now), one.state(), one.origin.activity_id, one.principal,
                  one.failure, cpu_of(one), Value(), one.origin.application,
                  one.stats.peak_memory_bytes, scanned(one), one.principal, Value(),
                  result_set(one), "default"});
    }
    return rows.finish();
}

Result<kql::ResultTable> show_commands(const Command&, const CommandContext& context) {
    ResultRows rows({{"ClientActivityId", DataType::String},
                     {"CommandType", DataType::String},
                     {"Text", DataType::String},
                     {"Database", DataType::String},
                     {"StartedOn", DataType::DateTime},
                     {"LastUpdatedOn", DataType::DateTime},
                     {"Duration", DataType::TimeSpan},
                     {"State", DataType::String},
                     {"RootActivityId", DataType::String},
                     {"User", DataType::String},
                     {"FailureReason", DataType::String},
                     {"Application", DataType::String},
                     {"Principal", DataType::String},
                     {"TotalCpu", DataType::TimeSpan},
                     {"WorkloadGroup", DataType::String}});
    const Timestamp now = context.clock.utc();
    for (const QueryRecord& one : context.log.all()) {
        if (!one.command) {
            continue;
        }
        // ".show tables details" is of the type of its first two words.
        const std::size_t dot = one.text.find('.');
        const std::size_t first = one.text.find_first_of(" \t\r\n", dot);
        const std::size_t second =
            first == std::string::npos ? first : one.text.find_first_of(" \t\r\n|(", first + 1);
        rows.add({one.origin.client_request_id, one.text.substr(dot + 1, second - dot - 1),
                  one.text, QueryService::kDatabase, shown_time(one.started),
                  shown_time(one.ended.value_or(now)), duration_of(one, now), one.state(),
                  one.origin.activity_id, one.principal, one.failure, one.origin.application,
                  one.principal, cpu_of(one), "default"});
    }
    return rows.finish();
}

Result<kql::ResultTable> cancel_query(const Command& command, const CommandContext& context) {
    QD_TRY(const std::string id, value_text(command, 0));
    const std::size_t told = context.log.cancel(id);
    ResultRows rows({{"ClientRequestId", DataType::String},
                     {"ReasonPhrase", DataType::String},
                     {"RunningQueryCanceled", DataType::Bool}});
    rows.add({id, told > 0 ? "" : "no query of that id is running", told > 0});
    return rows.finish();
}

Result<kql::ResultTable> show_ingestion_failures(const Command&, const CommandContext& context) {
    ResultRows rows({{"OperationId", DataType::Guid},
                     {"Database", DataType::String},
                     {"Table", DataType::String},
                     {"FailedOn", DataType::DateTime},
                     {"IngestionSourcePath", DataType::String},
                     {"Details", DataType::String},
                     {"FailureKind", DataType::String},
                     {"RootActivityId", DataType::Guid},
                     {"OperationKind", DataType::String},
                     {"OriginatesFromUpdatePolicy", DataType::Bool},
                     {"ErrorCode", DataType::String},
                     {"Principal", DataType::String},
                     {"ShouldRetry", DataType::Bool},
                     {"User", DataType::String},
                     {"IngestionProperties", DataType::String}});
    for (const IngestFailure& one : context.updates.failures()) {
        rows.add({Value(), QueryService::kDatabase, one.table, shown_time(one.at), "", one.details,
                  "Permanent", Value(), "DataIngestion", one.from_update_policy, one.code, "",
                  false, "", ""});
    }
    return rows.finish();
}

/// Nothing runs behind an answer: a command has ended when it is answered.
Result<kql::ResultTable> show_operations(const Command&, const CommandContext&) {
    return ResultRows({{"OperationId", DataType::Guid},
                       {"Operation", DataType::String},
                       {"NodeId", DataType::String},
                       {"StartedOn", DataType::DateTime},
                       {"LastUpdatedOn", DataType::DateTime},
                       {"Duration", DataType::TimeSpan},
                       {"State", DataType::String},
                       {"Status", DataType::String},
                       {"RootActivityId", DataType::Guid},
                       {"ShouldRetry", DataType::Bool},
                       {"Database", DataType::String},
                       {"Principal", DataType::String},
                       {"User", DataType::String},
                       {"AdminEpochStartTime", DataType::DateTime}})
        .finish();
}

Result<kql::ResultTable> show_diagnostics(const Command&, const CommandContext& context) {
    std::int64_t extents = 0;
    std::int64_t rows_held = 0;
    std::int64_t bytes = 0;
    for (const workspace::TablePtr& table : context.workspace.tables()) {
        if (table->kind != workspace::TableKind::View) {
            QD_TRY(const workspace::TableStatistics facts,
                   context.workspace.statistics(table->name));
            extents += static_cast<std::int64_t>(facts.extents);
            rows_held += static_cast<std::int64_t>(facts.rows);
            bytes += static_cast<std::int64_t>(facts.extent_bytes);
        }
    }
    ResultRows rows({{"IsHealthy", DataType::Bool},
                     {"MachinesTotal", DataType::Long},
                     {"MachinesOffline", DataType::Long},
                     {"ExtentsTotal", DataType::Long},
                     {"RowsTotal", DataType::Long},
                     {"TotalExtentSize", DataType::Real},
                     {"RunningQueries", DataType::Long}});
    rows.add({true, 1, 0, extents, rows_held, static_cast<double>(bytes),
              static_cast<std::int64_t>(context.log.running().size())});
    return rows.finish();
}

Result<kql::ResultTable> show_cluster(const Command&, const CommandContext& context) {
    ResultRows rows({{"NodeId", DataType::String},
                     {"Address", DataType::String},
                     {"Name", DataType::String},
                     {"StartTime", DataType::DateTime},
                     {"IsAdmin", DataType::Bool},
                     {"MachineTotalMemory", DataType::Long},
                     {"MachineAvailableMemory", DataType::Long}});
    rows.add(
        {context.workspace.workspace_id(), "", "quarterdeck", Value(), true, Value(), Value()});
    return rows.finish();
}

/// Commands of a script begin on a line of their own.
std::vector<std::string_view> commands_in(std::string_view script) {
    std::vector<std::string_view> out;
    std::size_t begin = std::string_view::npos;
    std::size_t line = 0;
    while (line < script.size()) {
        const std::size_t end = std::min(script.find('\n', line), script.size());
        const std::size_t first = script.find_first_not_of(" \t\r", line);
        if (first < end && script[first] == '.') {
            if (begin != std::string_view::npos) {
                out.push_back(script.substr(begin, line - begin));
            }
            begin = line;
        }
        line = end + 1;
    }
    if (begin != std::string_view::npos) {
        out.push_back(script.substr(begin));
    }
    return out;
}

Result<kql::ResultTable> execute_script(const Command& command, const CommandContext& context) {
    const bool go_on = property_is_true(command, "ContinueOnErrors");
    ResultRows rows({{"OperationId", DataType::Guid},
                     {"CommandType", DataType::String},
                     {"CommandText", DataType::String},
                     {"Result", DataType::String},
                     {"Reason", DataType::String}});
    bool failed = false;
    for (const std::string_view text : commands_in(command.data)) {
        std::string_view shown = text.substr(text.find('.'));
        shown = shown.substr(0, shown.find_last_not_of(" \t\r\n") + 1);
        const std::string type(shown.substr(1, shown.find_first_of(" \t\r\n") - 1));
        if (failed && !go_on) {
            rows.add({Value(), type, shown, "Skipped", "a command before it failed"});
            continue;
        }
        const auto result = context.run_command(text);
        failed = failed || !result.ok();
        rows.add({Value(), type, shown, result.ok() ? "Completed" : "Failed",
                  result.ok() ? "" : result.error().text()});
    }
    return rows.finish();
}

/// One administrator, until people have accounts here.
Result<kql::ResultTable> show_principals(const Command&, const CommandContext& context) {
    ResultRows rows({{"Role", DataType::String},
                     {"PrincipalType", DataType::String},
                     {"PrincipalDisplayName", DataType::String},
                     {"PrincipalObjectId", DataType::String},
                     {"PrincipalFQN", DataType::String},
                     {"Notes", DataType::String},
                     {"RoleAssignmentIdentifier", DataType::String}});
    rows.add(
        {"Database Admin", "Local", "administrator", "", context.options.principal.name, "", ""});
    return rows.finish();
}

constexpr CommandEntry kEntries[] = {
    {CommandKind::ShowQueries, show_queries},
    {CommandKind::ShowRunningQueries, show_queries},
    {CommandKind::ShowCommands, show_commands},
    {CommandKind::CancelQuery, cancel_query},
    {CommandKind::ShowOperations, show_operations},
    {CommandKind::ShowIngestionFailures, show_ingestion_failures},
    {CommandKind::ShowDiagnostics, show_diagnostics},
    {CommandKind::ShowCluster, show_cluster},
    {CommandKind::ExecuteDatabaseScript, execute_script},
    {CommandKind::ShowPrincipals, show_principals},
    {CommandKind::ShowPrincipalRoles, show_principals},
};

}  // namespace

std::span<const CommandEntry> operation_commands() {
    return kEntries;
}

}  // namespace qd::query
