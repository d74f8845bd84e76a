#include "qd/query/wire.h"

#include "qd/codec/json.h"
#include "qd/query/http_api.h"

#include <gtest/gtest.h>

#include <limits>

namespace qd::query {
namespace {

using columns::ColumnBuilder;
using columns::DataType;

/// One row with a cell of every type, and one of nulls.
kql::QueryResult sample() {
    kql::ResultTable table;
    columns::Chunk chunk;
    chunk.rows = 2;
    const auto add = [&](std::string name, DataType type, const auto& fill) {
        ColumnBuilder builder(type);
        fill(builder);
        builder.append_null();
        table.schema.fields.push_back({.name = std::move(name), .type = type});
        chunk.columns.push_back(builder.finish());
    };
    add("b", DataType::Bool, [](ColumnBuilder& c) { c.append_bool(true); });
    add("i", DataType::Int, [](ColumnBuilder& c) { c.append_int(-7); });
    add("l", DataType::Long, [](ColumnBuilder& c) { c.append_int(9007199254740993); });
    add("r", DataType::Real,
        [](ColumnBuilder& c) { c.append_real(std::numeric_limits<double>::quiet_NaN()); });
    add("s", DataType::String, [](ColumnBuilder& c) { c.append_bytes("a\"\n"); });
    add("d", DataType::DateTime, [](ColumnBuilder& c) {
        c.append_int(parse_iso_timestamp("2020-03-04T14:05:01.31Z")->ticks);
    });
    add("t", DataType::TimeSpan, [](ColumnBuilder& c) { c.append_int(26 * Ticks::kHour); });
    add("o", DataType::Dynamic,
        [](ColumnBuilder& c) { c.append_value(codec::parse_json(R"({"a":[1]})").value()); });
    table.chunks.push_back(std::move(chunk));
    kql::QueryResult result;
    result.tables.push_back(std::move(table));
    return result;
}

AnswerIds ids() {
    return {.client_request_id = "client",
            .activity_id = "activity",
            .database = "workspace",
            .at = *parse_iso_timestamp("2024-01-01T00:00:00Z")};
}

TEST(LogAnalyticsWire, CellsAndColumns) {
    EXPECT_EQ(log_analytics_body(sample(), false, false),
              R"({"tables":[{"name":"PrimaryResult","columns":[{"name":"b","type":"bool"},)"
              R"({"name":"i","type":"int"},{"name":"l","type":"long"},{"name":"r","type":"real"},)"
              R"({"name":"s","type":"string"},{"name":"d","type":"datetime"},)"
              R"({"name":"t","type":"timespan"},{"name":"o","type":"dynamic"}],"rows":[)"
              R"([true,-7,9007199254740993,"NaN","a\"\n","2020-03-04T14:05:01.31Z",)"
              R"("1.02:00:00","{\"a\":[1]}"],[null,null,null,null,"",null,null,""]]}]})");
}

TEST(LogAnalyticsWire, RenderStatisticsAndPartialAnswers) {
    kql::QueryResult result = sample();
    result.tables[0].visualization = {.kind = "timechart", .properties = {{"title", "T"}}};
    result.stats.rows_scanned = 5;
    result.partial = Error(Code::ResourceExhausted, "E_QUERY_RESULT_SET_TOO_LARGE", "cut");
    auto body = codec::parse_json(log_analytics_body(result, true, true));
    ASSERT_TRUE(body.ok());
    EXPECT_EQ(body->at({"render", "visualization"})->string_or(""), "timechart");
    EXPECT_EQ(body->at({"statistics", "query", "inputDatasetStatistics", "rows", "scannedRows"})
                  ->int_or(0),
              5);
    EXPECT_EQ(body->at({"error", "code"})->string_or(""), "PartialError");
}

TEST(LogAnalyticsWire, Errors) {
    int status = 0;
    const Error semantic = Error(Code::InvalidArgument, "SEM0100", "no column x")
                               .with_span({.offset = 10, .length = 1});
    const auto body =
        codec::parse_json(log_analytics_error(semantic, "T\n| where x", ids(), status)).value();
    EXPECT_EQ(status, 400);
    EXPECT_EQ(body.at({"error", "code"})->string_or(""), "BadArgumentError");
    const Value* inner = body.at({"error", "innererror", "innererror"});
    ASSERT_NE(inner, nullptr);
    EXPECT_EQ(inner->get("code")->string_or(""), "SEM0100");
    EXPECT_EQ(inner->get("line")->int_or(0), 2);
    EXPECT_EQ(inner->get("pos")->int_or(0), 8);
    EXPECT_EQ(inner->get("token")->string_or(""), "x");
    const struct {
        Code code;
        int status;
        const char* name;
    } cases[] = {{Code::Unauthenticated, 401, "AuthorizationRequiredError"},
                 {Code::PermissionDenied, 403, "InsufficientAccessError"},
                 {Code::NotFound, 404, "PathNotFoundError"},
                 {Code::ResourceExhausted, 429, "ThrottledError"},
                 {Code::DeadlineExceeded, 504, "GatewayTimeout"}};
    for (const auto& one : cases) {
        auto answer =
            codec::parse_json(log_analytics_error(Error(one.code, "X", "m"), "", ids(), status));
        EXPECT_EQ(status, one.status);
        EXPECT_EQ(answer->at({"error", "code"})->string_or(""), one.name);
    }
}

TEST(KustoWire, VersionOne) {
    auto body = codec::parse_json(kusto_v1_query_body(sample(), ids()));
    ASSERT_TRUE(body.ok());
    const Array& tables = *body->get("Tables")->if_array();
    ASSERT_EQ(tables.size(), 4U);  // result, properties, status, contents
    const Array& rows = *tables[0].get("Rows")->if_array();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(codec::to_json(rows[1]), R"([null,null,null,null,"",null,null,null])");
    auto management = codec::parse_json(kusto_v1_management_body(sample()));
    EXPECT_EQ(management->get("Tables")->if_array()->size(), 1U);
}

TEST(KustoWire, VersionTwo) {
    auto frames = codec::parse_json(kusto_v2_body(sample(), ids(), {}));
    ASSERT_TRUE(frames.ok());
    std::string kinds;
    for (const Value& frame : *frames->if_array()) {
        kinds += frame.get("FrameType")->string_or("?");
        if (const Value* kind = frame.get("TableKind")) {
            kinds += ":" + std::string(kind->string_or("?"));
        }
        kinds += " ";
    }
    EXPECT_EQ(kinds,
              "DataSetHeader DataTable:QueryProperties DataTable:PrimaryResult "
              "DataTable:QueryCompletionInformation DataSetCompletion ");
    auto progressive = codec::parse_json(
        kusto_v2_body(sample(), ids(), {.progressive = true, .newline_between_frames = true}));
    ASSERT_TRUE(progressive.ok());
    EXPECT_NE(codec::to_json(*progressive).find("TableFragment"), std::string::npos);
}

TEST(KustoWire, Errors) {
    int status = 0;
    const Error syntax = Error(Code::InvalidArgument, "SYN0002", "unexpected '='")
                             .with_span({.offset = 2, .length = 1});
    const auto body = codec::parse_json(kusto_error(syntax, "T | =", ids(), status)).value();
    EXPECT_EQ(status, 400);
    EXPECT_EQ(body.at({"error", "@message"})->string_or(""),
              "Syntax error: SYN0002: unexpected '=' [line:position=1:3]");
    EXPECT_EQ(body.at({"error", "@context", "clientRequestId"})->string_or(""), "client");
    kusto_error(Error(Code::Internal, "X", "m"), "", ids(), status);
    EXPECT_EQ(status, 500);
}

TEST(Timespan, Forms) {
    const Timestamp now = *parse_iso_timestamp("2024-01-10T00:00:00Z");
    const struct {
        const char* text;
        const char* from;  // empty: malformed
        const char* to;
    } cases[] = {
        {"PT12H", "2024-01-09T12:00:00Z", "2024-01-10T00:00:00Z"},
        {"P1D", "2024-01-09T00:00:00Z", "2024-01-10T00:00:00Z"},
        {"2024-01-01T00:00:00Z/2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z",
         "2024-01-02T00:00:00Z"},
        {"2024-01-01T00:00:00Z/PT1H", "2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z"},
        {"PT1H/2024-01-01T00:00:00Z", "2023-12-31T23:00:00Z", "2024-01-01T00:00:00Z"},
        {"", "", ""},
        {"yesterday", "", ""},
        {"PT1H/PT2H", "", ""},
        {"/", "", ""},
    };
    for (const auto& one : cases) {
        auto range = parse_timespan(one.text, now);
        ASSERT_EQ(range.ok(), *one.from != '\0') << one.text;
        if (range.ok()) {
            EXPECT_EQ(range->from, parse_iso_timestamp(one.from)) << one.text;
            EXPECT_EQ(range->to, parse_iso_timestamp(one.to)) << one.text;
        } else {
            EXPECT_EQ(range.error().id(), "QRY0030");
        }
    }
}

}  // namespace
}  // namespace qd::query
