// Our own doors: rows of a named table as NDJSON or a JSON array (what `qd ingest` speaks), and
// Azure diagnostic records in any of their wrappers. Both answer which records were refused and
// why.
#include "door.h"
#include "qd/codec/json.h"
#include "qd/telemetry/entra.h"
#include "qd/telemetry/inferred_schema.h"
#include "qd/telemetry/json_rows.h"

#include <map>

namespace qd::telemetry {

namespace {

constexpr std::size_t kRejectedListed = 1000;

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
            bad.push_back({.index = out.size(), .why = one.error().text()});
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
    Result<std::string> body = decoded_body(request, state.options.body_bytes_max);
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
            rejected.push_back({.index = i, .why = std::move(why)});
        }
    }
    std::vector<std::pair<std::string, columns::Table>> tables;
    if (builder.rows() > 0) {
        tables.emplace_back(table, builder.finish());
    }
    finish(state, reply, std::move(tables), std::move(rejected), "rows");
}

Result<DiagnosticRecord> diagnostic_of(const Value& record, const CategoryTable& categories) {
    if (is_envelope_record(record)) {
        return from_envelope(record, categories);
    }
    if (is_graph_object(record)) {
        return from_graph(record);
    }
    // Diagnostic exports of workspace tables name their table themselves.
    if (const Value* type = record.get("Type"); type != nullptr && type->if_string() != nullptr) {
        Object row = *record.if_object();
        if (const Value* time = row.find("time");
            time != nullptr && row.find("TimeGenerated") == nullptr) {
            row.set("TimeGenerated", *time);
        }
        return DiagnosticRecord{.table = *type->if_string(), .row = Value(std::move(row))};
    }
    return Error(Code::InvalidArgument, "TEL0052",
                 "neither an envelope record, nor a Graph object, nor an exported row");
}

void handle_records(FrontDoors::State& state, const net::HttpRequest& request,
                    const net::HttpReply& reply) {
    if (Status allowed = state.authorize(request); !allowed.ok()) {
        reply.send(failure(allowed.error()));
        return;
    }
    Result<std::string> body = decoded_body(request, state.options.body_bytes_max);
    if (!body.ok()) {
        reply.send(failure(body.error()));
        return;
    }
    std::vector<RejectedRow> rejected;
    const Array documents = records_of(body.value(), rejected);
    rejected = {};
    std::map<std::string, RowBuilder> builders;
    const JsonRowRules rules{
        .arrival = state.clock.utc(), .limit_time = false, .text_bytes_max = 0, .fold_case = true};
    std::size_t index = 0;
    for (const Value& document : documents) {
        for (const Value* record : unwrap_records(document)) {
            const std::size_t at = index++;
            Result<DiagnosticRecord> mapped = diagnostic_of(*record, state.options.categories);
            if (!mapped.ok()) {
                rejected.push_back({.index = at, .why = mapped.error().text()});
                continue;
            }
            auto found = builders.find(mapped->table);
            if (found == builders.end()) {
                const auto schema = state.sink.table_schema(mapped->table);
                if (!schema) {
                    rejected.push_back({.index = at, .why = "there is no table " + mapped->table});
                    continue;
                }
                found = builders.emplace(mapped->table, RowBuilder(mapped->table, *schema)).first;
            }
            std::string why;
            if (!add_json_row(found->second, mapped->row, rules, why)) {
                rejected.push_back({.index = at, .why = std::move(why)});
            }
        }
    }
    std::vector<std::pair<std::string, columns::Table>> tables;
    for (auto& [table, builder] : builders) {
        if (builder.rows() > 0) {
            tables.emplace_back(table, builder.finish());
        }
    }
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
