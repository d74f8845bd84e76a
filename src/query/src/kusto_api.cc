// Kusto REST: query (v1, v2) and management. Source: Kusto REST API reference, "Query/management
// HTTP request" and "Request properties".
#include "api_state.h"
#include "qd/codec/compress.h"
#include "qd/codec/json.h"

#include <charconv>

namespace qd::query {

namespace {

// The service takes 4 MB; clients that know no better may send more.
constexpr std::uint64_t kIngestBodyBytesMax = 32 << 20;
constexpr std::uint64_t kIngestInflatedBytesMax = 64 << 20;

struct KustoRequest {
    std::string text;
    std::string database;
    kql::QueryOptions options;
    KustoV2Options v2;
};

bool flag(const Value& options, std::string_view name, bool otherwise) {
    const Value* found = options.get(name);
    if (found == nullptr) {
        return otherwise;
    }
    if (const std::string* text = found->if_string()) {
        return *text == "true" || *text == "True";
    }
    return found->bool_or(otherwise);
}

std::int64_t number(const Value& options, std::string_view name, std::int64_t otherwise) {
    const Value* found = options.get(name);
    if (found == nullptr) {
        return otherwise;
    }
    if (const std::string* text = found->if_string()) {
        std::int64_t out = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
        if (error != std::errc() || end != text->data() + text->size()) {
            return otherwise;
        }
        return out;
    }
    return found->int_or(otherwise);
}

void apply_options(const Value& options, KustoRequest& out) {
    kql::QueryOptions& query = out.options;
    if (flag(options, "notruncation", false)) {
        query.rows_max = UINT64_MAX;
        query.bytes_max = UINT64_MAX;
    }
    const auto lower = [&](std::string_view name, std::uint64_t& limit) {
        const std::int64_t wanted = number(options, name, 0);
        if (wanted > 0) {
            limit = std::min(limit, static_cast<std::uint64_t>(wanted));
        }
    };
    lower("truncationmaxrecords", query.rows_max);
    lower("query_take_max_records", query.rows_max);
    lower("truncationmaxsize", query.bytes_max);
    if (const Value* now = options.get("query_now")) {
        if (const auto at = parse_iso_timestamp(now->string_or(""))) {
            query.now = *at;
        }
    }
    if (const Value* timeout = options.get("servertimeout")) {
        if (const auto ticks = parse_ticks(timeout->string_or(""))) {
            query.timeout_ms =
                std::min<std::int64_t>(ticks->count / Ticks::kMillisecond, 3'600'000);
        } else if (timeout->if_int() != nullptr) {  // ticks, as some SDKs send
            query.timeout_ms =
                std::min<std::int64_t>(*timeout->if_int() / Ticks::kMillisecond, 3'600'000);
        }
    }
    if (flag(options, "norequesttimeout", false)) {
        query.timeout_ms = 3'600'000;
    }
    out.v2.progressive = flag(options, "results_progressive_enabled", false);
    out.v2.newline_between_frames = flag(options, "results_v2_newlines_between_frames", false);
    if (const Value* placement = options.get("results_error_reporting_placement")) {
        const std::string_view where = placement->string_or("");
        out.v2.errors = where == "end_of_table"     ? KustoV2Options::ErrorPlacement::EndOfTable
                        : where == "end_of_dataset" ? KustoV2Options::ErrorPlacement::EndOfDataset
                                                    : KustoV2Options::ErrorPlacement::InData;
    }
}

Result<KustoRequest> read_request(QueryApi::State& state, const net::HttpRequest& request) {
    KustoRequest out;
    out.options = state.service.default_options();
    Value properties;
    if (request.method == "GET") {
        out.text = request.query_parameter("csl").value_or("");
        out.database = request.query_parameter("db").value_or("");
    } else {
        QD_TRY(const Value body, codec::parse_json(request.body));
        const auto text = [&](std::string_view key) {
            const Value* found = body.get(key);
            return std::string(found == nullptr ? "" : found->string_or(""));
        };
        out.text = text("csl");
        out.database = text("db");
        if (const Value* given = body.get("properties")) {
            if (const std::string* json = given->if_string()) {
                QD_TRY(properties, codec::parse_json(*json));
            } else {
                properties = *given;
            }
        }
    }
    if (out.text.empty()) {
        return Error(Code::InvalidArgument, "QRY0031", "the request has no query text (csl)");
    }
    if (const Value* options = properties.get("Options")) {
        apply_options(*options, out);
    }
    if (const Value* parameters = properties.get("Parameters");
        parameters != nullptr && parameters->if_object() != nullptr) {
        for (const auto& [name, value] : *parameters->if_object()) {
            out.options.parameters.emplace_back(
                name, value.if_string() != nullptr ? *value.if_string() : codec::to_json(value));
        }
    }
    return out;
}

void send(const net::HttpReply& reply, const AnswerIds& ids, int status, std::string body) {
    net::HttpResponse response =
        net::HttpResponse::text(status, std::move(body), "application/json; charset=utf-8");
    response.headers.set("x-ms-client-request-id", ids.client_request_id);
    response.headers.set("x-ms-activity-id", ids.activity_id);
    reply.send(std::move(response));
}

enum class Api : std::uint8_t { QueryV1, QueryV2, Management };

bool reads_only(std::string_view text) {
    const std::size_t at = text.find_first_not_of(" \t\r\n");
    return at == std::string_view::npos || text[at] != '.' || text.substr(at).starts_with(".show");
}

void handle(QueryApi::State& state, Api api, const net::HttpRequest& request,
            const net::HttpReply& reply) {
    const AnswerIds ids = answer_ids(state, request);
    int status = 200;
    const auto fail = [&](const Error& error, std::string_view text) {
        std::string body = kusto_error(error, text, ids, status);
        send(reply, ids, status, std::move(body));
    };
    Result<KustoRequest> parsed = read_request(state, request);
    if (!parsed.ok()) {
        fail(parsed.error(), "");
        return;
    }
    const KustoRequest& wanted = parsed.value();
    if (Status allowed = state.authorize(request, !reads_only(wanted.text)); !allowed.ok()) {
        fail(allowed.error(), wanted.text);
        return;
    }
    Result<kql::QueryResult> result =
        state.service.run(wanted.text, wanted.options, origin_of(ids, request));
    observe_query(state, "kusto", result);
    if (!result.ok()) {
        fail(result.error(), wanted.text);
        return;
    }
    switch (api) {
        case Api::QueryV1:
            send(reply, ids, 200, kusto_v1_query_body(result.value(), ids));
            return;
        case Api::QueryV2:
            send(reply, ids, 200, kusto_v2_body(result.value(), ids, wanted.v2));
            return;
        case Api::Management:
            send(reply, ids, 200, kusto_v1_management_body(result.value()));
            return;
    }
}

/// POST /v1/rest/ingest/{db}/{table}?streamFormat=Csv&mappingName=m. The rows are stored when the
/// answer leaves. Source: Kusto REST, "Streaming ingestion HTTP request".
void handle_ingest(QueryApi::State& state, const net::HttpRequest& request,
                   const net::HttpReply& reply) {
    const AnswerIds ids = answer_ids(state, request);
    const auto fail = [&](const Error& error) {
        int status = 200;
        std::string body = kusto_error(error, "", ids, status);
        send(reply, ids, status, std::move(body));
    };
    if (Status allowed = state.authorize(request, true); !allowed.ok()) {
        fail(allowed.error());
        return;
    }
    std::string inflated;
    std::string_view bytes = request.body;
    const std::string_view encoding = request.headers.get_or("Content-Encoding");
    if (!encoding.empty() && encoding != "gzip" && encoding != "identity") {
        fail(Error(Code::InvalidArgument, "QRY0032",
                   "the body's encoding is not read: " + std::string(encoding)));
        return;
    }
    if (encoding == "gzip") {
        auto plain = codec::gunzip(bytes, kIngestInflatedBytesMax);
        if (!plain.ok()) {
            // Sending the same again will not help, so it is the request's fault, not the hour's.
            fail(Error(Code::InvalidArgument, plain.error().id(), plain.error().message()));
            return;
        }
        inflated = std::move(plain.value());
        bytes = inflated;
    }
    const auto rows = state.service.ingest(
        request.path_parameter("table"), request.query_parameter("streamFormat").value_or("csv"),
        request.query_parameter("mappingName").value_or(""), bytes);
    if (!rows.ok()) {
        fail(rows.error());
        return;
    }
    send(reply, ids, 200,
         R"({"Tables":[{"TableName":"Table_0","Columns":[)"
         R"({"ColumnName":"ConsumedRecordsCount","DataType":"Int64","ColumnType":"long"},)"
         R"({"ColumnName":"UpdatePolicyStatus","DataType":"String","ColumnType":"string"},)"
         R"({"ColumnName":"UpdatePolicyFailureCode","DataType":"String","ColumnType":"string"},)"
         R"({"ColumnName":"UpdatePolicyFailureReason","DataType":"String","ColumnType":"string"}],)"
         R"("Rows":[[)" +
             std::to_string(rows.value()) + R"(,"Inactive","Unknown",null]]}]})");
}

}  // namespace

void add_kusto(net::Router& router, QueryApi::State& state, Status& status) {
    static constexpr std::pair<std::string_view, Api> kPaths[] = {
        {"/v1/rest/query", Api::QueryV1},
        {"/v2/rest/query", Api::QueryV2},
        {"/v1/rest/mgmt", Api::Management}};
    for (const auto& [path, api] : kPaths) {
        const auto handler = [&state, api](const net::HttpRequest& request,
                                           const net::HttpReply& reply) {
            handle(state, api, request, reply);
        };
        add_route(router, status, "POST", path, handler);
        if (api != Api::Management) {
            add_route(router, status, "GET", path, handler);
        }
    }
    Status added =
        router.add("POST", "/v1/rest/ingest/{db}/{table}",
                   [&state](const net::HttpRequest& request, const net::HttpReply& reply) {
                       handle_ingest(state, request, reply);
                   },
                   {.ignore_case = true, .body_bytes_max = kIngestBodyBytesMax});
    if (status.ok() && !added.ok()) {
        status = std::move(added);
    }
    add_route(router, status, "GET", "/v1/rest/ping",
              [](const net::HttpRequest&, const net::HttpReply& reply) {
                  reply.send(net::HttpResponse());
              });
    // SDKs take 404 as "use the defaults"; the issuer arrives with the identity plane.
    add_route(router, status, "GET", "/v1/rest/auth/metadata",
              [](const net::HttpRequest&, const net::HttpReply& reply) {
                  reply.send(net::HttpResponse::text(404, "{}", "application/json"));
              });
}

}  // namespace qd::query
