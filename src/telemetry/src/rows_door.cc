// Our own doors: rows of a named table as NDJSON or a JSON array (what `qd ingest` speaks), and
// Azure diagnostic records in any of their wrappers. Both answer which records were refused and
// why.
#include "door.h"
#include "json_lines.h"
#include "json_weight.h"
#include "qd/codec/json.h"
#include "qd/telemetry/azure_records.h"
#include "qd/telemetry/inferred_schema.h"
#include "qd/telemetry/json_rows.h"

#include <algorithm>
#include <map>
#include <optional>

namespace qd::telemetry {

namespace {

constexpr std::size_t kRejectedListed = 1000;

/// Beyond those that the answer lists, rows are only counted.
void reject(std::vector<RejectedRow>& rejected, std::size_t index, std::string why) {
    rejected.push_back(
        {.index = index, .why = rejected.size() < kRejectedListed ? std::move(why) : ""});
}

/// A JSON array, one object, or a line each. `bad` collects lines that are not JSON.
Array records_of(std::string_view body, std::vector<RejectedRow>& bad) {
    if (auto whole = codec::parse_json(body); whole.ok()) {
        if (Array* array = whole->if_array()) {
            return std::move(*array);
        }
        Array one;
        one.push_back(std::move(whole).value());
        return one;
    }
    Array out;
    while (!body.empty()) {
        const std::size_t end = body.find('\n');
        const std::string_view line = body.substr(0, end);
        body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
            continue;
        }
        auto one = codec::parse_json(line);
        if (!one.ok()) {
            reject(bad, out.size(), one.error().text());
        }
        out.push_back(one.ok() ? std::move(one).value() : Value());
    }
    return out;
}

net::HttpResponse answer_of(std::int64_t accepted, const std::vector<RejectedRow>& rejected) {
    Object body;
    body.set("accepted", accepted);
    body.set("rejected", static_cast<std::int64_t>(rejected.size()));
    Array errors;
    for (std::size_t i = 0; i < rejected.size() && i < kRejectedListed; ++i) {
        Object one;
        one.set("index", static_cast<std::int64_t>(rejected[i].index));
        one.set("message", rejected[i].why);
        errors.push_back(std::move(one));
    }
    body.set("errors", std::move(errors));
    const int status = rejected.empty() ? 200 : accepted > 0 ? 207 : 400;
    return net::HttpResponse::json(status, Value(std::move(body)));
}

net::HttpResponse failure(const Error& error) {
    net::HttpResponse response = net::HttpResponse::of_error(error);
    response.status = door_status(error);
    return response;
}

void finish(FrontDoors::State& state, const net::HttpReply& reply,
            std::vector<std::pair<std::string, columns::Table>> tables,
            std::vector<RejectedRow> rejected, std::string_view door) {
    std::int64_t accepted = 0;
    for (const auto& [table, rows] : tables) {
        accepted += static_cast<std::int64_t>(rows.rows());
    }
    count_rows(state, door, accepted, static_cast<std::int64_t>(rejected.size()));
    append_all(state.sink, std::move(tables),
               [reply, accepted, rejected = std::move(rejected)](const Status& done) {
                   reply.send(done.ok() ? answer_of(accepted, rejected) : failure(done.error()));
               });
}

/// The rows of one request; no table: the reader did not take the body.
struct ReadRows {
    std::optional<columns::Table> table;
    std::vector<RejectedRow> rejected;
};

Error no_table(const std::string& table) {
    return Error(Code::NotFound, "TEL0051", "there is no table " + table);
}

/// Through a tree: any body, and custom tables that have yet to learn their columns.
Result<ReadRows> read_tree(RowSink& sink, const std::string& table, std::string_view body,
                           const JsonRowRules& rules) {
    QD_CHECK_OK(check_json_weight(body));
    std::vector<RejectedRow> bad;
    const Value records(records_of(body, bad));
    if (table.ends_with("_CL")) {
        columns::Schema wanted = infer_schema(records);
        if (const auto existing = sink.table_schema(table)) {
            std::erase_if(wanted.fields, [&](const columns::Field& field) {
                return existing->index_of(field.name).has_value();
            });
        }
        QD_CHECK_OK(sink.ensure_table(table, wanted));
    }
    const auto schema = sink.table_schema(table);
    if (!schema) {
        return no_table(table);
    }
    RowBuilder builder(table, *schema);
    ReadRows out;
    const Array& all = *records.if_array();
    std::size_t next_bad = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (next_bad < bad.size() && bad[next_bad].index == i) {
            out.rejected.push_back(std::move(bad[next_bad++]));
            continue;
        }
        std::string why;
        if (!add_json_row(builder, all[i], rules, why)) {
            reject(out.rejected, i, std::move(why));
        }
    }
    out.table = builder.finish();
    return out;
}

/// Whether the body is one object a line: its first line is.
bool is_lines(std::string_view body) {
    const std::size_t end = body.find('\n');
    return body.starts_with('{') && end != std::string_view::npos &&
           codec::parse_json(body.substr(0, end)).ok();
}

/// Line by line, straight into columns; a line that JsonLines leaves goes through a tree alone.
Result<ReadRows> read_lines(RowSink& sink, const std::string& table, std::string& body,
                            const JsonRowRules& rules) {
    const auto schema = sink.table_schema(table);
    if (!schema || !is_lines(body)) {
        return ReadRows();
    }
    const std::size_t size = body.size();
    body.append(JsonLines::kPadding, ' ');
    std::string_view left(body.data(), size);
    RowBuilder builder(table, *schema);
    JsonLines lines(builder, rules);
    const bool custom = table.ends_with("_CL");
    ReadRows out;
    for (std::size_t index = 0; !left.empty();) {
        const std::size_t end = left.find('\n');
        const std::string_view line = left.substr(0, end);
        left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
            continue;
        }
        if (lines.add(line) == JsonLines::Outcome::Tree) {
            if (custom) {
                body.resize(size);  // it may name a column the table has yet to learn
                return ReadRows();
            }
            QD_CHECK_OK(check_json_weight(line));
            const auto one = codec::parse_json(line);
            std::string why = one.ok() ? "" : one.error().text();
            if (!one.ok() || !add_json_row(builder, one.value(), rules, why)) {
                reject(out.rejected, index, std::move(why));
            }
        }
        ++index;
        if (custom && lines.unknown_member()) {
            body.resize(size);
            return ReadRows();
        }
    }
    out.table = builder.finish();
    return out;
}

void handle_rows(FrontDoors::State& state, const net::HttpRequest& request,
                 const net::HttpReply& reply) {
    if (Status allowed = state.authorize(request); !allowed.ok()) {
        reply.send(failure(allowed.error()));
        return;
    }
    const std::string table(request.path_parameter("table"));
    Result<std::string> body = decoded_body(request, state.options.body_bytes_max);
    if (!body.ok()) {
        reply.send(failure(body.error()));
        return;
    }
    const JsonRowRules rules{
        .arrival = state.clock.utc(), .limit_time = false, .text_bytes_max = 0, .fold_case = true};
    Result<ReadRows> read = read_lines(state.sink, table, body.value(), rules);
    if (read.ok() && !read.value().table) {
        read = read_tree(state.sink, table, body.value(), rules);
    }
    if (!read.ok()) {
        reply.send(failure(read.error()));
        return;
    }
    std::vector<RejectedRow> rejected = std::move(read.value().rejected);
    columns::Table rows = std::move(*read.value().table);
    std::vector<std::pair<std::string, columns::Table>> tables;
    if (rows.rows() > 0) {
        tables.emplace_back(table, std::move(rows));
    }
    finish(state, reply, std::move(tables), std::move(rejected), "rows");
}

/// Records of one request by table, in the order they came.
struct TableRecords {
    std::vector<std::pair<std::size_t, Value>> rows;  // index in the request, row
    columns::Schema added;
};

std::map<std::string, TableRecords> sort_records(FrontDoors::State& state, const Array& documents,
                                                 ResourceTables mode,
                                                 std::vector<RejectedRow>& rejected) {
    std::map<std::string, std::optional<columns::Schema>, std::less<>> schemas;
    const SchemaOf schema_of = [&](std::string_view table) {
        const auto found = schemas.find(table);
        return found != schemas.end()
                   ? found->second
                   : schemas.emplace(std::string(table), state.sink.table_schema(table))
                         .first->second;
    };
    std::map<std::string, TableRecords> tables;
    std::size_t index = 0;
    for (const Value& document : documents) {
        for (const Value* record : unwrap_records(document)) {
            const std::size_t at = index++;
            Result<DiagnosticRecord> mapped =
                read_record(*record, state.options.categories, mode, schema_of);
            if (!mapped.ok()) {
                reject(rejected, at, mapped.error().text());
                continue;
            }
            TableRecords& table = tables[mapped->table];
            for (const columns::Field& field : mapped->added.fields) {
                // Later records of the request see the columns earlier ones brought.
                table.added.fields.push_back(field);
                if (auto& schema = schemas.find(mapped->table)->second) {
                    schema->fields.push_back(field);
                }
            }
            table.rows.emplace_back(at, std::move(mapped->row));
        }
    }
    return tables;
}

void handle_records(FrontDoors::State& state, const net::HttpRequest& request,
                    const net::HttpReply& reply) {
    if (Status allowed = state.authorize(request); !allowed.ok()) {
        reply.send(failure(allowed.error()));
        return;
    }
    Result<std::string> body = decoded_json(request, state.options.body_bytes_max);
    if (!body.ok()) {
        reply.send(failure(body.error()));
        return;
    }
    std::vector<RejectedRow> rejected;
    const Array documents = records_of(body.value(), rejected);
    rejected = {};
    const ResourceTables mode = request.query_parameter("tables") == "resource-specific"
                                    ? ResourceTables::ResourceSpecific
                                    : ResourceTables::AzureDiagnostics;
    const JsonRowRules rules{
        .arrival = state.clock.utc(), .limit_time = false, .text_bytes_max = 0, .fold_case = true};
    std::vector<std::pair<std::string, columns::Table>> tables;
    for (auto& [table, records] : sort_records(state, documents, mode, rejected)) {
        if (!records.added.fields.empty()) {
            if (Status made = state.sink.ensure_table(table, records.added); !made.ok()) {
                reply.send(failure(made.error()));
                return;
            }
        }
        const auto schema = state.sink.table_schema(table);
        if (!schema) {
            for (const auto& [at, row] : records.rows) {
                rejected.push_back({.index = at, .why = "there is no table " + table});
            }
            continue;
        }
        RowBuilder builder(table, *schema);
        for (const auto& [at, row] : records.rows) {
            std::string why;
            if (!add_json_row(builder, row, rules, why)) {
                reject(rejected, at, std::move(why));
            }
        }
        if (builder.rows() > 0) {
            tables.emplace_back(table, builder.finish());
        }
    }
    std::sort(rejected.begin(), rejected.end(),
              [](const RejectedRow& a, const RejectedRow& b) { return a.index < b.index; });
    finish(state, reply, std::move(tables), std::move(rejected), "records");
}

}  // namespace

void add_rows(net::Router& router, FrontDoors::State& state, Status& status) {
    route(router, status, "POST", "/api/v1/tables/{table}/rows", state.options.body_bytes_max,
          [&state](const net::HttpRequest& request, const net::HttpReply& reply) {
              handle_rows(state, request, reply);
          });
    route(router, status, "POST", "/api/v1/records", state.options.body_bytes_max,
          [&state](const net::HttpRequest& request, const net::HttpReply& reply) {
              handle_records(state, request, reply);
          });
}

}  // namespace qd::telemetry
