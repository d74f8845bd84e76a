#pragma once

#include "qd/base/clock.h"
#include "qd/base/result.h"
#include "qd/kql/command.h"
#include "qd/kql/engine.h"
#include "qd/workspace/workspace.h"

#include <string_view>

namespace qd::query {

/// What a management command may touch.
struct CommandContext {
    workspace::Workspace& workspace;
    Clock& clock;
    std::string_view text;  // the whole command
    /// Runs a query of the same request (the part behind `<|`).
    std::function<Result<kql::QueryResult>(std::string_view)> run_query;
};

/// Carries out one management command. Result columns: Kusto's (kql.md a.7).
/// Errors: Unimplemented QRY0020 names the command; those of the workspace.
Result<kql::ResultTable> run_command(const kql::Command& command, const CommandContext& context);

}  // namespace qd::query
