// The small rules of the doors: durations, signatures, suffixes, members that do not fit.
#include "qd/codec/json.h"
#include "qd/telemetry/breeze.h"
#include "qd/telemetry/data_collector.h"
#include "qd/telemetry/inferred_schema.h"
#include "qd/telemetry/json_rows.h"

#include <gtest/gtest.h>

namespace qd::telemetry {
namespace {

TEST(Breeze, Durations) {
    const struct {
        const char* text;
        double ms;  // negative: malformed
    } cases[] = {{"00:00:00.153", 153},
                 {"01:02:03.004", 3'723'004},
                 {"1.02:03:04.005", 93'784'005},
                 {"00:00:00", 0},
                 {"0.00:00:00.0000001", 0.0001},
                 {"23:59:59.9999999", 86'399'999.9999},
                 {"", -1},
                 {"153", -1},
                 {"00:60:00", -1},
                 {"24:00:00", -1},
                 {"00:00:60", -1},
                 {"00:00:00.", -1},
                 {"00:00:00.12345678", -1},
                 {"x", -1},

                 {"00:00:00x", -1}};
    for (const auto& one : cases) {
        const auto ms = breeze_duration_ms(one.text);
        EXPECT_EQ(ms.has_value(), one.ms >= 0) << one.text;
        if (ms && one.ms >= 0) {
            EXPECT_NEAR(*ms, one.ms, 1e-6) << one.text;
        }
    }
}

TEST(Breeze, Bodies) {
    EXPECT_EQ(split_breeze_body("{\"a\":1}\n{\"a\":2}\r\n\n").size(), 2U);
    EXPECT_EQ(split_breeze_body("[{},{}]").size(), 2U);
    const auto damaged = split_breeze_body("{}\nnonsense\n{}");
    ASSERT_EQ(damaged.size(), 3U);
    EXPECT_TRUE(damaged[1].is_null());
    int status = 0;
    BreezeAnswer answer;
    answer.received = 2;
    answer.accepted = 2;
    EXPECT_EQ(breeze_answer_body(answer, status),
              R"({"itemsReceived":2,"itemsAccepted":2,"errors":[]})");
    EXPECT_EQ(status, 200);
    answer.accepted = 1;
    answer.errors.push_back({.index = 1, .status = 400, .message = "why"});
    breeze_answer_body(answer, status);
    EXPECT_EQ(status, 206);
}

constexpr std::string_view kWorkspace = "11111111-2222-4333-8444-555555555555";
constexpr std::string_view kKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
// HMAC-SHA256 of "POST\n9\napplication/json\nx-ms-date:Mon, 04 Apr 2016 08:00:00 GMT\n/api/logs"
constexpr std::string_view kSignature = "nnI+U9yJyY0jRy/R1a1lGImYRgp1GVdik6Ntvao3yOs=";
constexpr std::string_view kDate = "Mon, 04 Apr 2016 08:00:00 GMT";

TEST(DataCollector, Signatures) {
    const Timestamp now = *parse_iso_timestamp("2016-04-04T08:10:00Z");
    const std::string right =
        "SharedKey " + std::string(kWorkspace) + ":" + std::string(kSignature);
    std::vector<crypto::Secret> keys;
    keys.emplace_back("c2Vjb25kYXJ5");
    keys.emplace_back(std::string(kKey));
    const auto check = [&](std::string_view authorization, std::string_view date,
                           std::uint64_t length, std::string_view type, Timestamp at) {
        return check_shared_key({.authorization = authorization,
                                 .date = date,
                                 .content_length = length,
                                 .content_type = type},
                                kWorkspace, keys, at)
            .ok();
    };
    EXPECT_TRUE(check(right, kDate, 9, "application/json", now));
    EXPECT_FALSE(check(right, kDate, 10, "application/json", now));
    EXPECT_FALSE(check(right, kDate, 9, "text/plain", now));
    EXPECT_FALSE(check(right, "Mon, 04 Apr 2016 08:00:01 GMT", 9, "application/json", now));
    EXPECT_FALSE(check(right, kDate, 9, "application/json", now + Ticks{Ticks::kHour}));
    EXPECT_FALSE(check(right.substr(0, right.size() - 1), kDate, 9, "application/json", now));
    EXPECT_FALSE(check("Bearer x", kDate, 9, "application/json", now));
    EXPECT_FALSE(
        check("SharedKey other:" + std::string(kSignature), kDate, 9, "application/json", now));
    EXPECT_FALSE(check("SharedKey", kDate, 9, "application/json", now));
}

TEST(DataCollector, Dates) {
    EXPECT_EQ(parse_rfc1123(kDate), parse_iso_timestamp("2016-04-04T08:00:00Z"));
    for (const char* text : {"", "Mon, 04 Apr 2016", "Mon, 04 Apx 2016 08:00:00 GMT",
                             "Mon, 04 Apr 2016 08:00:00 UTC", "Mon, 32 Apr 2016 08:00:00 GMT",
                             "Mon, 04 Apr 2016 24:00:00 GMT", "2016-04-04T08:00:00Z"}) {
        EXPECT_FALSE(parse_rfc1123(text)) << text;
    }
}

TEST(DataCollector, ColumnsAreNamedByType) {
    columns::Schema existing;
    existing.fields.push_back({.name = "n_d", .type = columns::DataType::Real});
    const struct {
        const char* name;
        const char* json;
        const char* column;
        const char* value;
    } cases[] = {
        {"a", "true", "a_b", "true"},
        {"a", "1", "a_d", "1"},
        {"a", "\"x\"", "a_s", "\"x\""},
        {"a", "\"2024-01-01T00:00:00Z\"", "a_t", "\"2024-01-01T00:00:00Z\""},
        {"a", "\"2024-01-01\"", "a_s", "\"2024-01-01\""},
        {"a", "\"8145d822-13a7-44ad-859c-36f31a84f6dd\"", "a_g",
         "\"8145d822-13a7-44ad-859c-36f31a84f6dd\""},
        {"a", "{\"b\":1}", "a_s", "\"{\\\"b\\\":1}\""},
        {"n", "\"7\"", "n_d", "7.0"},
        {"n", "\"seven\"", "n_s", "\"seven\""},
    };
    for (const auto& one : cases) {
        const auto cell = collector_cell(one.name, codec::parse_json(one.json).value(), &existing);
        ASSERT_TRUE(cell) << one.json;
        EXPECT_EQ(cell->column, one.column) << one.json;
        EXPECT_EQ(codec::to_json(cell->value), one.value) << one.json;
    }
    EXPECT_FALSE(collector_cell("a", Value(), nullptr));
}

TEST(JsonRows, WhatDoesNotFitIsRefusedWithItsColumn) {
    columns::Schema schema;
    schema.fields.push_back({.name = "TimeGenerated", .type = columns::DataType::DateTime});
    schema.fields.push_back({.name = "N", .type = columns::DataType::Long});
    schema.fields.push_back({.name = "S", .type = columns::DataType::String});
    schema.fields.push_back({.name = "D", .type = columns::DataType::Dynamic});
    RowBuilder rows("T_CL", schema);
    const JsonRowRules rules{.arrival = *parse_iso_timestamp("2024-01-01T00:00:00Z"),
                             .limit_time = false,
                             .text_bytes_max = 4,
                             .fold_case = true};
    std::vector<RejectedRow> rejected;
    add_json_rows(rows,
                  codec::parse_json(R"([{"N":1,"S":"abcdef","D":"{\"k\":1}"},{"N":"x"},7,
                      {"n":"2","S":{"a":1},"unknown":3},{"TimeGenerated":"yesterday"}])")
                      .value(),
                  rules, rejected);
    ASSERT_EQ(rejected.size(), 3U);
    EXPECT_EQ(rejected[0].index, 1U);
    EXPECT_EQ(rejected[0].why, "column N: text does not fit long");
    EXPECT_EQ(rejected[1].why, "not a JSON object");
    EXPECT_EQ(rejected[2].index, 4U);
    const columns::Table table = rows.finish();
    EXPECT_EQ(table.rows(), 2U);
    const auto text = table.schema.index_of("S");
    ASSERT_TRUE(text);
    EXPECT_EQ(table.chunks[0].columns[*text]->bytes_at(0), "abcd");
}

TEST(InferredSchema, TypesMeet) {
    const auto schema = infer_schema(
        codec::parse_json(R"([{"a":1,"b":true,"c":"x","d":[1],"e":1},{"a":2.5,"e":"text","f":null,
            "t":"2024-01-01T00:00:00Z"}])")
            .value());
    std::string text;
    for (const columns::Field& field : schema.fields) {
        text += field.name + ":" + std::string(columns::type_name(field.type)) + " ";
    }
    EXPECT_EQ(text,
              "TimeGenerated:datetime a:real b:bool c:string d:dynamic e:dynamic t:datetime ");
}

}  // namespace
}  // namespace qd::telemetry
