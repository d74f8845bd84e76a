#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What `qd` can do. Every command prints results on standard output, everything else on standard
/// error, and returns the exit status: 0 done, 1 the request failed, 2 bad usage, 3 done in part.
namespace qd::cli {

struct Connection {
    std::string server = "http://127.0.0.1:8443";
    std::string token;
    std::string ca_file;  // trusted for https
};

struct QueryCommand {
    std::string text;    // KQL; "-" reads standard input
    std::string file;    // or a file
    std::string format;  // table, json, csv; empty: table on a terminal, csv otherwise
    std::string now;     // ISO 8601: now() inside the query
    std::string timespan;
    bool no_chart = false;
    bool statistics = false;  // what it cost, on standard error
};
int run_query(const Connection& connection, const QueryCommand& command);

struct IngestCommand {
    std::string table;
    std::vector<std::string> files;  // .csv, .ndjson, .jsonl, .json, each also .gz; "-" NDJSON
    std::string rejected_file;       // empty: <first file>.rejected.ndjson when there are any
    std::uint64_t batch_bytes = 4 << 20;
    bool records = false;            // diagnostic records: their category names the table
    bool resource_specific = false;  // resource logs into their category's table
    std::string separator = ",";     // of .csv files: one character, any of Unicode's
    bool quiet = false;
};
int run_ingest(const Connection& connection, const IngestCommand& command);

struct LintCommand {
    std::vector<std::string> files;  // or directories, for their .kql and .csl; "-" standard input
    std::string format = "text";     // text, json, sarif
    bool fix = false;                // prints the corrected query instead of the findings
};
int run_lint(const LintCommand& command);

int list_tables(const Connection& connection);
int list_rules(const Connection& connection);
int list_alerts(const Connection& connection, int limit);
int list_runs(const Connection& connection, int limit);
/// Drives rules on the server's virtual clock up to an instant, with progress.
int advance_rules(const Connection& connection, const std::string& from, const std::string& until,
                  int steps);
struct ExplainCommand {
    std::string text;      // KQL; "-" reads standard input
    bool analyze = false;  // runs the query and tells what each operator did
    bool json = false;
};
int run_explain(const Connection& connection, const ExplainCommand& command);
struct HelpCommand {
    std::string function;         // empty: all of them
    std::string format = "text";  // text, json (for editors), markdown (the reference page)
};
int run_help(const HelpCommand& command);
/// A completion script for bash.
int print_completion();

}  // namespace qd::cli
