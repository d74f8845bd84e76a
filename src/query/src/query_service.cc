#include "qd/query/query_service.h"

#include "commands.h"
#include "ingest_text.h"
#include "qd/codec/json.h"
#include "qd/kql/parser.h"
#include "qd/kql/printer.h"
#include "query_log.h"
#include "slow_queries.h"
#include "workspace_catalog.h"

namespace qd::query {

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

/// For queries whose rows are stored, not answered.
kql::QueryOptions uncut(kql::QueryOptions options) {
    options.rows_max = ~std::uint64_t{0};
    options.bytes_max = ~std::uint64_t{0};
    return options;
}

}  // namespace

struct QueryService::State {
    State(workspace::Workspace& w, Executor& executor, Clock& c, ExternalFetch* f,
          ExternalDataPolicy e, QueryServiceOptions o)
        : workspace(w),
          clock(c),
          fetch(f),
          external(std::move(e)),
          options(o),
          engine(executor, c, o.spill),
          views(w, c),
          updates(w, c,
                  [this](const std::string& text, std::string_view table, columns::Table rows) {
                      return run_over(text, table, std::move(rows));
                  }) {}

    kql::QueryOptions default_options() const {
        kql::QueryOptions out;
        out.now = clock.utc();
        out.database = std::string(kDatabase);
        out.principal.name = "local=admin";
        out.memory_bytes_max = options.memory_bytes_max;
        return out;
    }
    WorkspaceCatalog catalog() { return {workspace, views, fetch, external, options.addresses}; }
    Result<kql::QueryResult> run_query(std::string_view text, const kql::QueryOptions& with,
                                       const kql::CancelFlag* cancel) {
        WorkspaceCatalog tables = catalog();
        return engine.run(text, tables, with, cancel);
    }
    /// An update policy's query: the source table is the rows that are being appended.
    Result<kql::QueryResult> run_over(const std::string& text, std::string_view table,
                                      columns::Table rows) {
        WorkspaceCatalog tables = catalog();
        tables.add_table(std::string(table), kql::make_memory_source(std::move(rows)));
        return engine.run(text, tables, uncut(default_options()));
    }
    Result<columns::Schema> schema_of(std::string_view text, const kql::QueryOptions& with) {
        WorkspaceCatalog tables = catalog();
        const kql::Validation validation = engine.validate(text, tables, with);
        for (const kql::Diagnostic& diagnostic : validation.diagnostics) {
            if (diagnostic.severity == kql::Severity::Error) {
                return kql::to_error(diagnostic);
            }
        }
        if (validation.schemas.size() != 1) {
            return Error(Code::InvalidArgument, "QRY0024",
                         "the query must have exactly one result");
        }
        return validation.schemas.front();
    }
    Result<kql::ResultTable> run_bare_command(const kql::Command& command, std::string_view text,
                                              const kql::QueryOptions& with,
                                              const kql::CancelFlag* cancel);
    Result<kql::QueryResult> run_command_text(std::string_view text, const kql::QueryOptions& with,
                                              const kql::CancelFlag* cancel);

    workspace::Workspace& workspace;
    Clock& clock;
    ExternalFetch* fetch;
    ExternalDataPolicy external;
    QueryServiceOptions options;
    kql::Engine engine;
    MaterializedViews views;
    UpdatePolicies updates;
    QueryLog log;
};

QueryService::QueryService(workspace::Workspace& workspace, Executor& executor, Clock& clock,
                           ExternalFetch* fetch, ExternalDataPolicy external,
                           QueryServiceOptions options)
    : state_(std::make_unique<State>(workspace, executor, clock, fetch, std::move(external),
                                     options)) {
    workspace.set_derivation(&state_->updates);
}

QueryService::~QueryService() {
    state_->workspace.set_derivation(nullptr);
}

kql::QueryOptions QueryService::default_options() const {
    return state_->default_options();
}

Result<kql::ResultTable> QueryService::State::run_bare_command(const kql::Command& command,
                                                               std::string_view text,
                                                               const kql::QueryOptions& with,
                                                               const kql::CancelFlag* cancel) {
    const CommandContext context{
        .workspace = workspace,
        .clock = clock,
        .views = views,
        .updates = updates,
        .log = log,
        .options = with,
        .text = text,
        .run_query = [&](std::string_view query) { return run_query(query, uncut(with), cancel); },
        .schema_of = [&](std::string_view query) { return schema_of(query, with); },
        .read_external = [&](std::string_view address) { return catalog().read_external(address); },
        .run_command = [&](std::string_view other) -> Result<kql::ResultTable> {
            QD_TRY(const kql::Script script, kql::parse_or_error(other));
            return run_bare_command(*script.command, other, with, cancel);
        }};
    return run_command(command, context);
}

Result<kql::QueryResult> QueryService::State::run_command_text(std::string_view text,
                                                               const kql::QueryOptions& with,
                                                               const kql::CancelFlag* cancel) {
    QD_TRY(const kql::Script script, kql::parse_or_error(text));
    const kql::Command& command = *script.command;
    QD_TRY(kql::ResultTable table, run_bare_command(command, text, with, cancel));
    if (command.pipe.empty()) {
        kql::QueryResult result;
        result.tables.push_back(std::move(table));
        return result;
    }
    // `.show … | where …`: the rest is an ordinary query over the command's result.
    WorkspaceCatalog tables = catalog();
    tables.add_table(std::string(kShown),
                     kql::make_memory_source(
                         {.schema = std::move(table.schema), .chunks = std::move(table.chunks)}));
    const std::string query = "['" + std::string(kShown) + "'] | " +
                              std::string(text.substr(command.pipe.front()->span.offset));
    return engine.run(query, tables, with, cancel);
}

Result<kql::QueryResult> QueryService::run(std::string_view text, const kql::QueryOptions& options,
                                           const QueryOrigin& origin,
                                           const kql::CancelFlag* cancel) {
    const bool command = is_command(text);
    QueryRecord record;
    record.origin = origin;
    record.principal = options.principal.name;
    record.text = hide_secrets(text);
    record.command = command;
    record.started = state_->clock.utc();
    QueryLog::Running& running = state_->log.begin(std::move(record));
    const kql::CancelFlag* stop = cancel != nullptr ? cancel : running.cancel();
    Result<kql::QueryResult> result = command ? state_->run_command_text(text, options, stop)
                                              : state_->run_query(text, options, stop);
    const QueryRecord ended = state_->log.finish(running, state_->clock.utc(), result);
    if (!command && is_slow(ended, state_->options.slow_query_ms)) {
        store_slow_query(state_->workspace, ended, options.timespan);
    }
    return result;
}

Result<std::uint64_t> QueryService::ingest(std::string_view table, std::string_view format,
                                           std::string_view mapping, std::string_view bytes) {
    const workspace::TablePtr found = state_->workspace.find_table(table);
    if (found == nullptr) {
        return Error(Code::NotFound, "SEM0100",
                     "there is no table named '" + std::string(table) + "'");
    }
    IngestRequest request;
    request.format = format;
    request.mapping_name = mapping;
    QD_TRY(kql::IngestFormat wanted, ingest_format(state_->workspace, *found, request));
    wanted.rows_max = workspace::kBatchRowsMax;  // one batch: all of the request or none
    return ingest_text(state_->workspace, *found, bytes, wanted);
}

std::size_t QueryService::maintain_views() {
    return state_->views.maintain([this](const std::string& text) {
        return state_->run_query(text, uncut(state_->default_options()), nullptr);
    });
}

kql::Validation QueryService::validate(std::string_view text, const kql::QueryOptions& options) {
    WorkspaceCatalog catalog = state_->catalog();
    return state_->engine.validate(text, catalog, options);
}

Result<kql::Explanation> QueryService::explain(std::string_view text,
                                               const kql::QueryOptions& options, bool analyze) {
    WorkspaceCatalog catalog = state_->catalog();
    return state_->engine.explain(text, catalog, options, analyze);
}

}  // namespace qd::query
