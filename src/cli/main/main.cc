// qd: what people type. The only file of the command line that knows CLI11.
#include "qd/cli/commands.h"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdlib>

namespace {

using namespace qd::cli;  // NOLINT(google-build-using-namespace): the binary's own module

std::string environment(const char* name, const std::string& otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? otherwise : value;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app{"qd: query, ingest, lint and operate Quarterdeck"};
    app.name("qd");
    app.set_version_flag("--version", "qd 0.1.0");
    app.require_subcommand(1);
    app.fallthrough();

    Connection connection;
    connection.server = environment("QD_SERVER", connection.server);
    connection.token = environment("QD_TOKEN", "");
    app.add_option("--server", connection.server, "server address (or QD_SERVER)");
    app.add_option("--token", connection.token, "bearer token (or QD_TOKEN)");
    app.add_option("--ca", connection.ca_file, "PEM file to trust for https");
    int status = 0;

    QueryCommand query;
    auto* query_app = app.add_subcommand("query", "run KQL and print the result");
    query_app->add_option("kql", query.text, "the query; - reads standard input");
    query_app->add_option("-f,--file", query.file, "read the query from a file");
    query_app->add_option("-o,--format", query.format, "table, json or csv")
        ->check(CLI::IsMember({"table", "json", "csv"}));
    query_app->add_option("--now", query.now, "now() inside the query, ISO 8601");
    query_app->add_flag("--stats", query.statistics, "print time, memory and rows scanned");
    query_app->add_flag("--no-chart", query.no_chart, "print rows even when the query renders");
    query_app->callback([&] { status = run_query(connection, query); });

    IngestCommand ingest;
    auto* ingest_app = app.add_subcommand("ingest", "send files as rows of a table");
    ingest_app->add_option("table", ingest.table, "table name; custom ones end in _CL")->required();
    ingest_app->add_option("files", ingest.files, ".csv, .ndjson, .json, also .gz; - for NDJSON")
        ->required();
    ingest_app->add_option("--rejected", ingest.rejected_file, "where refused rows go");
    ingest_app->add_option("--separator", ingest.separator, "between the fields of .csv files");
    ingest_app->add_option("--batch-bytes", ingest.batch_bytes, "bytes of one request");
    ingest_app->add_flag("-q,--quiet", ingest.quiet, "no progress");
    ingest_app->callback([&] { status = run_ingest(connection, ingest); });

    IngestCommand records;
    records.records = true;
    auto* records_app = app.add_subcommand(
        "records", "send Azure diagnostic records (Event Hub envelopes, exports, Graph objects)");
    records_app->add_option("files", records.files)->required();
    records_app->add_option("--rejected", records.rejected_file, "where refused records go");
    records_app->add_flag("--resource-specific", records.resource_specific,
                          "resource logs go to their category's table, not to AzureDiagnostics");
    records_app->add_flag("-q,--quiet", records.quiet, "no progress");
    records_app->callback([&] { status = run_ingest(connection, records); });

    LintCommand lint;
    auto* lint_app = app.add_subcommand("lint", "explain what is wrong in a query and mend it");
    lint_app
        ->add_option("files", lint.files,
                     ".kql and .csl files, directories of them; - for standard input")
        ->required();
    lint_app->add_option("-o,--format", lint.format, "text, json or sarif")
        ->check(CLI::IsMember({"text", "json", "sarif"}));
    lint_app->add_flag("--fix", lint.fix, "print the corrected query");
    lint_app->callback([&] { status = run_lint(lint); });

    ExplainCommand explain;
    auto* explain_app = app.add_subcommand("explain", "print the optimised plan of a query");
    explain_app->add_option("kql", explain.text, "the query; - reads standard input")->required();
    explain_app->add_flag("--analyze", explain.analyze,
                          "run it and tell each operator's rows, time and memory");
    explain_app->add_flag("--json", explain.json, "the plan as JSON");
    explain_app->callback([&] { status = run_explain(connection, explain); });

    app.add_subcommand("tables", "list tables with their rows and bytes")->callback([&] {
        status = list_tables(connection);
    });

    auto* rules_app = app.add_subcommand("rules", "list alert rules, or drive their virtual clock");
    std::string from;
    std::string until;
    int steps = 14;
    auto* advance_app = rules_app->add_subcommand("advance", "evaluate rules up to an instant");
    advance_app->add_option("--from", from, "where the clock stands, for the progress");
    advance_app->add_option("--until", until, "ISO 8601")->required();
    advance_app->add_option("--steps", steps, "progress steps");
    advance_app->callback([&] { status = advance_rules(connection, from, until, steps); });
    rules_app->callback([&] {
        if (!advance_app->parsed()) {
            status = list_rules(connection);
        }
    });

    int limit = 50;
    auto* alerts_app = app.add_subcommand("alerts", "list alerts, newest first");
    alerts_app->add_option("--limit", limit);
    alerts_app->callback([&] { status = list_alerts(connection, limit); });
    auto* runs_app = app.add_subcommand("runs", "list workflow runs, newest first");
    runs_app->add_option("--limit", limit);
    runs_app->callback([&] { status = list_runs(connection, limit); });

    HelpCommand help;
    auto* help_app = app.add_subcommand("help", "describe a KQL function, or list all");
    help_app->add_option("function", help.function);
    help_app->add_option("-o,--format", help.format, "text, json or markdown")
        ->check(CLI::IsMember({"text", "json", "markdown"}));
    help_app->callback([&] { status = run_help(help); });
    app.add_subcommand("completion", "print a completion script for bash")->callback([&] {
        status = print_completion();
    });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : 2;
    }
    return status;
}
