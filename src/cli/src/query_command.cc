#include "chart.h"
#include "qd/base/files.h"
#include "qd/cli/commands.h"
#include "qd/codec/json.h"
#include "qd/kql/diagnostics.h"
#include "result_table.h"
#include "server_client.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <iterator>

namespace qd::cli {

namespace {

constexpr std::size_t kCellMax = 60;

struct WireResult {
    std::vector<ResultTable> tables;
    std::string visualization;  // of the first table
    std::string title;
    std::string partial;  // message when the answer was cut
    Value consumption;    // QueryResourceConsumption, null when the server does not send it
};

void read_visualization(const Value& frame, WireResult& out) {
    const Value* rows = frame.get("Rows");
    if (rows == nullptr || rows->if_array() == nullptr || rows->if_array()->empty()) {
        return;
    }
    const Array* row = rows->if_array()->front().if_array();
    if (row == nullptr || row->size() < 3) {
        return;
    }
    const auto payload = codec::parse_json((*row)[2].string_or("{}"));
    if (payload.ok()) {
        if (const Value* kind = payload.value().get("Visualization")) {
            out.visualization = kind->string_or("");
        }
        if (const Value* title = payload.value().get("Title")) {
            out.title = title->string_or("");
        }
    }
}

void read_table(const Value& frame, WireResult& out) {
    ResultTable table;
    if (const Value* columns = frame.get("Columns"); columns != nullptr && columns->if_array()) {
        for (const Value& column : *columns->if_array()) {
            const Value* name = column.get("ColumnName");
            const Value* type = column.get("ColumnType");
            table.columns.push_back({.name = std::string(name ? name->string_or("") : ""),
                                     .type = std::string(type ? type->string_or("") : "")});
        }
    }
    if (const Value* rows = frame.get("Rows"); rows != nullptr && rows->if_array()) {
        for (const Value& row : *rows->if_array()) {
            if (const Array* cells = row.if_array()) {
                table.rows.push_back(*cells);
            } else if (const Value* errors = row.get("OneApiErrors")) {
                const Value* message = errors->if_array() && !errors->if_array()->empty()
                                           ? errors->if_array()->front().at({"error", "@message"})
                                           : nullptr;
                out.partial = message ? message->string_or("the answer is incomplete")
                                      : "the answer is incomplete";
            }
        }
    }
    out.tables.push_back(std::move(table));
}

/// The server's account of the query is JSON in a cell of the completion table.
void read_consumption(const Value& frame, WireResult& out) {
    const Value* rows = frame.get("Rows");
    for (const Value& row : rows != nullptr && rows->if_array() ? *rows->if_array() : Array()) {
        const Array* cells = row.if_array();
        if (cells == nullptr || cells->empty()) {
            continue;
        }
        auto payload = codec::parse_json(cells->back().string_or(""));
        if (payload.ok() && payload.value().get("resource_usage") != nullptr) {
            out.consumption = std::move(payload.value());
        }
    }
}

WireResult read_frames(const Value& body) {
    WireResult out;
    // A management answer is v1: {"Tables":[…]}.
    if (const Value* tables = body.get("Tables"); tables != nullptr && tables->if_array()) {
        for (const Value& table : *tables->if_array()) {
            read_table(table, out);
        }
        return out;
    }
    if (const Array* frames = body.if_array()) {
        for (const Value& frame : *frames) {
            const Value* kind = frame.get("TableKind");
            const std::string_view name = kind == nullptr ? "" : kind->string_or("");
            if (name == "QueryProperties") {
                read_visualization(frame, out);
            } else if (name == "PrimaryResult") {
                read_table(frame, out);
            } else if (name == "QueryCompletionInformation") {
                read_consumption(frame, out);
            }
        }
    }
    return out;
}

/// The caret under the fault: the message ends in "[line:position=3:14]".
void print_query_error(const std::string& text, const Value& body, int status) {
    const Value* inner = body.at({"error", "innererror"});
    const Value* code = inner == nullptr ? nullptr : inner->get("code");
    const Value* message = inner == nullptr ? nullptr : inner->get("@errorMessage");
    const Value* full = inner == nullptr ? nullptr : inner->get("message");
    if (code == nullptr || message == nullptr) {
        std::fprintf(stderr, "qd: %s\n", error_text(body, status).c_str());
        return;
    }
    const std::string whole(full == nullptr ? "" : full->string_or(""));
    unsigned line = 0;
    unsigned column = 0;
    const std::size_t at = whole.rfind("[line:position=");
    if (at == std::string::npos ||
        std::sscanf(whole.c_str() + at, "[line:position=%u:%u]", &line, &column) != 2) {
        std::fprintf(stderr, "qd: %s: %s\n", std::string(code->string_or("")).c_str(),
                     std::string(message->string_or("")).c_str());
        return;
    }
    std::size_t offset = 0;
    for (unsigned i = 1; i < line && offset != std::string::npos; ++i) {
        offset = text.find('\n', offset);
        offset = offset == std::string::npos ? text.size() : offset + 1;
    }
    const kql::Diagnostic diagnostic{
        .severity = kql::Severity::Error,
        .code = std::string(code->string_or("")),
        .ks_code = "",
        .message = std::string(message->string_or("")),
        .span = {.offset = static_cast<std::uint32_t>(std::min(offset + column - 1, text.size())),
                 .length = 1}};
    std::fprintf(stderr, "qd: %s: %s\n%s\n", diagnostic.code.c_str(), diagnostic.message.c_str(),
                 kql::render_caret(text, diagnostic).c_str());
}

Result<std::string> query_text(const QueryCommand& command) {
    if (!command.file.empty()) {
        RealFiles files;
        return files.read(command.file);
    }
    if (command.text == "-") {
        return std::string(std::istreambuf_iterator<char>(std::cin), {});
    }
    return command.text;
}

std::string request_body(const std::string& text, const QueryCommand& command) {
    Object options;
    if (!command.now.empty()) {
        options.set("query_now", command.now);
    }
    Object properties;
    properties.set("Options", std::move(options));
    Object body;
    body.set("db", "workspace");
    body.set("csl", text);
    body.set("properties", std::move(properties));
    return codec::to_json(Value(std::move(body)));
}

void print_tables(const WireResult& result, const QueryCommand& command) {
    const bool terminal = isatty(STDOUT_FILENO) == 1;
    const std::string format = !command.format.empty() ? command.format
                               : terminal              ? "table"
                                                       : "csv";
    bool first = true;
    for (const ResultTable& table : result.tables) {
        if (!first) {
            std::fputc('\n', stdout);
        }
        std::string out;
        if (format == "json") {
            out = as_json(table);
        } else if (format == "csv") {
            out = as_csv(table);
        } else {
            if (first && !command.no_chart &&
                (result.visualization == "timechart" || result.visualization == "linechart" ||
                 result.visualization == "areachart" || result.visualization == "anomalychart")) {
                out =
                    time_chart(table, result.title, {.width = 72, .height = 14, .color = terminal});
            }
            if (out.empty()) {
                out = aligned(table, terminal ? kCellMax : 0);
            }
        }
        std::fputs(out.c_str(), stdout);
        first = false;
    }
}

/// `--stats`: what the query cost, apart from its rows.
void print_statistics(const WireResult& result) {
    const Value& facts = result.consumption;
    const Value* time = facts.get("ExecutionTime");
    const Value* cpu = facts.at({"resource_usage", "cpu", "total cpu"});
    const Value* memory = facts.at({"resource_usage", "memory", "peak_per_node"});
    const Value* scanned = facts.at({"input_dataset_statistics", "rows", "scanned"});
    if (time == nullptr || cpu == nullptr || memory == nullptr || scanned == nullptr) {
        std::fprintf(stderr, "qd: the server sent no statistics\n");
        return;
    }
    std::size_t rows = 0;
    for (const ResultTable& table : result.tables) {
        rows += table.rows.size();
    }
    std::fprintf(stderr, "%zu rows in %.3f s; processor %s; %lld rows scanned; at most %.1f MiB\n",
                 rows, time->number_or(0), std::string(cpu->string_or("")).c_str(),
                 static_cast<long long>(scanned->number_or(0)),
                 memory->number_or(0) / (1024.0 * 1024.0));
}

}  // namespace

int run_query(const Connection& connection, const QueryCommand& command) {
    auto text = query_text(command);
    if (!text.ok()) {
        return report(text.error());
    }
    auto client = ServerClient::create(connection);
    if (!client.ok()) {
        return report(client.error());
    }
    const std::size_t begin = text.value().find_first_not_of(" \t\r\n");
    const bool management = begin != std::string::npos && text.value()[begin] == '.';
    auto answer = client.value().post(management ? "/v1/rest/mgmt" : "/v2/rest/query",
                                      request_body(text.value(), command));
    if (!answer.ok()) {
        return report(answer.error());
    }
    if (answer.value().status != 200) {
        print_query_error(text.value(), answer.value().body, answer.value().status);
        return 1;
    }
    const WireResult result = read_frames(answer.value().body);
    print_tables(result, command);
    if (command.statistics) {
        print_statistics(result);
    }
    if (!result.partial.empty()) {
        std::fprintf(stderr, "qd: warning: the answer is incomplete: %s\n", result.partial.c_str());
        return 3;
    }
    return 0;
}

}  // namespace qd::cli
