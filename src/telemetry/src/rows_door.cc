// Our own doors: rows of a named table as NDJSON or a JSON array (what `qd ingest` speaks), and
// Azure diagnostic records in any of their wrappers. Both answer which records were refused and
// why.
#include "door.h"
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

void handle_rows(FrontDoors::State& state, const net::HttpRequest& request,
                 const net::HttpReply& reply) {
    if (Status allowed = state.authorize(request); !allowed.ok()) {
        reply.send(failure(allowed.error()));
        return;
    }
    const std::string table(request.path_parameter("table"));
    Result<std::string> body = decoded_json(request, state.options.body_bytes_max);
    if (!body.ok()) {
        reply.send(failure(body.error()));
        return;
    }
    std::vector<RejectedRow> rejected;
    const Value records(records_of(body.value(), rejected));
    if (table.ends_with("_CL")) {
        columns::Schema wanted = infer_schema(records);
        if (const auto existing = state.sink.table_schema(table)) {
            std::erase_if(wanted.fields, [&](const columns::Field& field) {
                return existing->index_of(field.name).has_value();
            });
        }
        if (Status made = state.sink.ensure_table(table, wanted); !made.ok()) {
            reply.send(failure(made.error()));
            return;
        }
    }
    const auto schema = state.sink.table_schema(table);
    if (!schema) {
        reply.send(failure(Error(Code::NotFound, "TEL0051", "there is no table " + table)));
        return;
    }
    RowBuilder builder(table, *schema);
    const JsonRowRules rules{
        .arrival = state.clock.utc(), .limit_time = false, .text_bytes_max = 0, .fold_case = true};
    const Array& all = *records.if_array();
    std::size_t next_bad = 0;
    const std::vector<RejectedRow> bad = std::move(rejected);
    rejected = {};
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (next_bad < bad.size() && bad[next_bad].index == i) {
            rejected.push_back(bad[next_bad++]);
            continue;
        }
        std::string why;
        if (!add_json_row(builder, all[i], rules, why)) {
            reject(rejected, i, std::move(why));
        }
    }
    std::vector<std::pair<std::string, columns::Table>> tables;
    if (builder.rows() > 0) {
        tables.emplace_back(table, builder.finish());
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
