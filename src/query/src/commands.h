#pragma once

#include "materialized_views.h"
#include "policies.h"
#include "qd/base/clock.h"
#include "qd/base/result.h"
#include "qd/kql/command.h"
#include "qd/kql/engine.h"
#include "qd/workspace/workspace.h"
#include "query_log.h"

#include <functional>
#include <span>
#include <string_view>

namespace qd::query {

/// What a management command may touch.
struct CommandContext {
    workspace::Workspace& workspace;
    Clock& clock;
    MaterializedViews& views;
    UpdatePolicies& updates;
    QueryLog& log;
    const kql::QueryOptions& options;
    std::string_view text;  // the whole command
    /// Runs a query of the same request; its answer is not cut.
    std::function<Result<kql::QueryResult>(std::string_view)> run_query;
    /// The columns a query has. Errors: its first fault.
    std::function<Result<columns::Schema>(std::string_view)> schema_of;
    /// The bytes behind an address, by the rules of externaldata().
    std::function<Result<std::string>(std::string_view)> read_external;
    /// Another command, of a script.
    std::function<Result<kql::ResultTable>(std::string_view)> run_command;
};

using CommandHandler = Result<kql::ResultTable> (*)(const kql::Command&, const CommandContext&);
struct CommandEntry {
    kql::CommandKind kind;
    CommandHandler handler;
};

// One family a file.
std::span<const CommandEntry> table_commands();
std::span<const CommandEntry> function_commands();
std::span<const CommandEntry> schema_commands();
std::span<const CommandEntry> ingest_commands();
std::span<const CommandEntry> policy_commands();
std::span<const CommandEntry> mapping_commands();
std::span<const CommandEntry> view_commands();
std::span<const CommandEntry> operation_commands();

/// Carries out one management command. Result columns: Kusto's (kql.md a.7).
/// Errors: Unimplemented QRY0020 names the command; those of the workspace.
Result<kql::ResultTable> run_command(const kql::Command& command, const CommandContext& context);

}  // namespace qd::query
