#include "qd/query/query_service.h"

#include "commands.h"
#include "qd/kql/parser.h"
#include "workspace_catalog.h"

namespace qd::query {

struct QueryService::State {
    workspace::Workspace& workspace;
    Clock& clock;
    ExternalFetch* fetch;
    ExternalDataPolicy external;
    std::int64_t memory_bytes_max;
    kql::Engine engine;

    Result<kql::QueryResult> run_command_text(std::string_view text,
                                              const kql::QueryOptions& options,
                                              const kql::CancelFlag* cancel);
};

namespace {

bool is_command(std::string_view text) {
    // Comments may stand before the dot.
    while (true) {
        const std::size_t at = text.find_first_not_of(" \t\r\n");
        if (at == std::string_view::npos) {
            return false;
        }
        text.remove_prefix(at);
        if (!text.starts_with("//")) {
            return text.front() == '.';
        }
        const std::size_t end = text.find('\n');
        text.remove_prefix(end == std::string_view::npos ? text.size() : end);
    }
}

constexpr std::string_view kShown = "$command_result";

}  // namespace

QueryService::QueryService(workspace::Workspace& workspace, Executor& executor, Clock& clock,
                           ExternalFetch* fetch, ExternalDataPolicy external,
                           std::int64_t memory_bytes_max)
    : state_(new State{.workspace = workspace,
                       .clock = clock,
                       .fetch = fetch,
                       .external = std::move(external),
                       .memory_bytes_max = memory_bytes_max,
                       .engine = kql::Engine(executor, clock)}) {}

QueryService::~QueryService() = default;

kql::QueryOptions QueryService::default_options() const {
    kql::QueryOptions options;
    options.now = state_->clock.utc();
    options.database = std::string(kDatabase);
    options.memory_bytes_max = state_->memory_bytes_max;
    return options;
}

Result<kql::QueryResult> QueryService::State::run_command_text(std::string_view text,
                                                               const kql::QueryOptions& options,
                                                               const kql::CancelFlag* cancel) {
    QD_TRY(const kql::Script script, kql::parse_or_error(text));
    const kql::Command& command = *script.command;
    const CommandContext context{
        .workspace = workspace,
        .clock = clock,
        .text = text,
        .run_query = [&](std::string_view query) -> Result<kql::QueryResult> {
            WorkspaceCatalog catalog(workspace, fetch, external, options.timespan);
            return engine.run(query, catalog, options, cancel);
        }};
    QD_TRY(kql::ResultTable table, run_command(command, context));
    if (command.pipe.empty()) {
        kql::QueryResult result;
        result.tables.push_back(std::move(table));
        return result;
    }
    // `.show … | where …`: the rest is an ordinary query over the command's result.
    WorkspaceCatalog catalog(workspace, fetch, external, options.timespan);
    catalog.add_table(std::string(kShown),
                      kql::make_memory_source(
                          {.schema = std::move(table.schema), .chunks = std::move(table.chunks)}));
    const std::string query = "['" + std::string(kShown) + "'] | " +
                              std::string(text.substr(command.pipe.front()->span.offset));
    return engine.run(query, catalog, options, cancel);
}

Result<kql::QueryResult> QueryService::run(std::string_view text, const kql::QueryOptions& options,
                                           const kql::CancelFlag* cancel) {
    if (is_command(text)) {
        return state_->run_command_text(text, options, cancel);
    }
    WorkspaceCatalog catalog(state_->workspace, state_->fetch, state_->external, options.timespan);
    return state_->engine.run(text, catalog, options, cancel);
}

kql::Validation QueryService::validate(std::string_view text, const kql::QueryOptions& options) {
    WorkspaceCatalog catalog(state_->workspace, state_->fetch, state_->external, options.timespan);
    return state_->engine.validate(text, catalog, options);
}

Result<kql::Explanation> QueryService::explain(std::string_view text,
                                               const kql::QueryOptions& options, bool analyze) {
    WorkspaceCatalog catalog(state_->workspace, state_->fetch, state_->external, options.timespan);
    return state_->engine.explain(text, catalog, options, analyze);
}

}  // namespace qd::query
