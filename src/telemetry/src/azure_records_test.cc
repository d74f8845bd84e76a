#include "qd/telemetry/azure_records.h"

#include "qd/codec/json.h"
#include "record_members.h"

#include <gtest/gtest.h>

namespace qd::telemetry {
namespace {

const CategoryTable kCategories = {
    {"SignInLogs", "SigninLogs"},
    {"NonInteractiveUserSignInLogs", "AADNonInteractiveUserSignInLogs"},
    {"AuditLogs", "AuditLogs"}};

std::optional<columns::Schema> schema_of(std::string_view table) {
    columns::Schema schema;
    schema.fields.push_back({.name = "TimeGenerated", .type = columns::DataType::DateTime});
    if (table == "AzureDiagnostics") {
        schema.fields.push_back({.name = "Category", .type = columns::DataType::String});
        schema.fields.push_back({.name = "ResourceId", .type = columns::DataType::String});
        schema.fields.push_back({.name = "known_d", .type = columns::DataType::Real});
        return schema;
    }
    return table == "AppRequests" || table == "FunctionAppLogs" ? std::optional(schema)
                                                                : std::nullopt;
}

Result<DiagnosticRecord> read(std::string_view json,
                              ResourceTables mode = ResourceTables::AzureDiagnostics) {
    return read_record(codec::parse_json(json).value(), kCategories, mode, schema_of);
}

TEST(AzureRecords, EachKindGoesToItsTable) {
    const struct {
        const char* json;
        const char* table;
        const char* column;
        const char* cell;  // as JSON
    } cases[] = {
        {R"({"time":"2024-01-01T00:00:00Z","category":"SignInLogs","Level":4,"resultType":50126,
          "properties":{"ipAddress":"1.2.3.4","location":{"city":"X"},"id":"7"}})",
         "SigninLogs", "LocationDetails", R"({"city":"X"})"},
        {R"({"time":"2024-01-01T00:00:00Z","category":"SignInLogs","resultType":50126,
          "properties":{}})",
         "SigninLogs", "ResultType", R"("50126")"},
        {R"({"TIME":"2024-01-01T00:00:00Z","CATEGORY":"SignInLogs","CALLERIPADDRESS":"9.9.9.9",
          "PROPERTIES":{}})",
         "SigninLogs", "IPAddress", R"("9.9.9.9")"},
        {R"({"time":"2024-01-01T00:00:00Z","category":"Policy",
          "resourceId":"/tenants/t/providers/Microsoft.aadiam","properties":{"operationType":"Add"}})",
         "AuditLogs", "AADOperationType", R"("Add")"},
        {R"({"time":"2024-01-01T00:00:00Z","category":"Policy","operationName":"A/B/ACTION",
          "resourceId":"/subscriptions/s/resourceGroups/g/providers/P/t/n","resultType":"Failure",
          "resultSignature":"Failed.NotFound"})",
         "AzureActivity", "ActivitySubstatusValue", R"("NotFound")"},
        {R"({"time":"2024-01-01T00:00:00Z","category":"Administrative","operationName":"x",
          "identity":{"authorization":{"scope":"/s"},"claims":{"appid":"me"}}})",
         "AzureActivity", "Caller", R"("me")"},
        {R"({"time":"2024-01-01T00:00:00Z","operationName":"Microsoft.X/y/write",
          "resourceId":"/subscriptions/s"})",
         "AzureActivity", "SubscriptionId", R"("s")"},
        {R"({"time":"2024-01-01T00:00:00Z","metricName":"Cpu","Total":2.5,"timeGrain":"PT1M",
          "resourceId":"/subscriptions/s"})",
         "AzureMetrics", "Total", "2.5"},
        {R"({"time":"2024-01-01T00:00:00Z","Type":"AppRequests","Name":"r"})", "AppRequests",
         "TimeGenerated", R"("2024-01-01T00:00:00Z")"},
        {R"({"createdDateTime":"2024-01-01T00:00:00Z","appId":"a","userPrincipalName":"u",
          "status":{"errorCode":0}})",
         "SigninLogs", "ResultType", R"("0")"},
        {R"({"category":"Custom","resourceId":"/subscriptions/s",
          "properties":"{\"known\":1,\"deep\":{\"flag\":true},\"list\":[1]}"})",
         "AzureDiagnostics", "deep_flag_b", "true"},
        {R"({"category":"Custom","resourceId":"/subscriptions/s","properties":{"known":"7"}})",
         "AzureDiagnostics", "known_d", "7.0"},
    };
    for (const auto& one : cases) {
        auto record = read(one.json);
        ASSERT_TRUE(record.ok()) << one.json << record.error().text();
        EXPECT_EQ(record->table, one.table) << one.json;
        const Value* cell = record->row.get(one.column);
        ASSERT_NE(cell, nullptr) << one.json;
        EXPECT_EQ(codec::to_json(*cell), one.cell) << one.json;
    }
}

TEST(AzureRecords, AzureDiagnosticsGrowsOnlyByWhatIsNew) {
    auto record = read(R"({"category":"Custom","resourceId":"/subscriptions/s",
        "properties":{"known":1,"fresh":"x","at":"2024-01-01T00:00:00Z"}})");
    ASSERT_TRUE(record.ok());
    ASSERT_EQ(record->added.size(), 2U);
    EXPECT_EQ(record->added[0].name, "fresh_s");
    EXPECT_EQ(record->added[1].name, "at_t");
}

TEST(AzureRecords, WideRecordsOverflowIntoAdditionalFields) {
    Object properties;
    for (int i = 0; i < 700; ++i) {
        properties.set("p" + std::to_string(i), i);
    }
    Object record;
    record.set("category", "Custom");
    record.set("properties", std::move(properties));
    auto read =
        read_record(Value(record), kCategories, ResourceTables::AzureDiagnostics, schema_of);
    ASSERT_TRUE(read.ok());
    EXPECT_LE(read->added.size(), 500U);
    EXPECT_EQ(read->row.get("AdditionalFields")->if_object()->size(), 204U);
}

TEST(AzureRecords, ResourceSpecificTables) {
    EXPECT_EQ(
        read(R"({"category":"FunctionAppLogs","resourceId":"/s","properties":{"message":"m"}})",
             ResourceTables::ResourceSpecific)
            ->table,
        "FunctionAppLogs");
    auto audit = read(R"({"category":"kube-audit","operationName":"x",
        "properties":{"log":"{\"verb\":\"get\",\"auditID\":\"7\"}","pod":"p"}})",
                      ResourceTables::ResourceSpecific);
    ASSERT_TRUE(audit.ok());
    EXPECT_EQ(audit->table, "AKSAudit");
    EXPECT_EQ(audit->row.get("AuditId")->string_or(""), "7");
    EXPECT_EQ(read(R"({"category":"kube-audit","operationName":"x","properties":{"log":"no"}})",
                   ResourceTables::ResourceSpecific)
                  .error()
                  .id(),
              "TEL0024");
}

TEST(AzureRecords, RefusesWhatItDoesNotKnow) {
    for (const char* json : {"7", "{}", R"({"category":"alert","title":"t"})", R"({"Type":"None"})",
                             R"({"operationName":"x"})"}) {
        auto record = read(json);
        ASSERT_FALSE(record.ok()) << json;
        EXPECT_EQ(record.error().id(), "TEL0052") << json;
    }
    Object wide;
    for (std::size_t i = 0; i <= kRecordMembersMax; ++i) {
        wide.append("m" + std::to_string(i), Value(1));
    }
    EXPECT_EQ(read_record(Value(wide), kCategories, ResourceTables::AzureDiagnostics, schema_of)
                  .error()
                  .id(),
              "TEL0023");
}

TEST(AzureRecords, TimesAsExportersWriteThem) {
    const struct {
        const char* text;
        const char* iso;
    } cases[] = {
        {"01/09/2007 09:41:00", "2007-01-09T09:41:00.0000000Z"},
        {"1/9/2007 09:41:00", "2007-01-09T09:41:00.0000000Z"},
        {"1/9/2007 9:41:00 AM", "2007-01-09T09:41:00.0000000Z"},
        {"1/9/2007 12:41:00 AM", "2007-01-09T00:41:00.0000000Z"},
        {"1/9/2007 9:41:00.25 PM", "2007-01-09T21:41:00.2500000Z"},
        {"1/9/2007 10:41:00 AM +01:00", "2007-01-09T09:41:00.0000000Z"},
        {"2007-01-09T09: 41: 00Z", "2007-01-09T09:41:00.0000000Z"},
        {"2007-01-09T09:41:00Z", "2007-01-09T09:41:00Z"},  // ISO stays as it is
        {"13/9/2007 09:41:00", "13/9/2007 09:41:00"},      // neither: refused later
        {"1/9/2007 13:41:00 PM", "1/9/2007 13:41:00 PM"},
        {"1/9/2007", "1/9/2007"},
        {"", ""},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(record_time(Value(one.text)).string_or("?"), one.iso) << one.text;
    }
    EXPECT_EQ(record_time(Value(7)), Value(7));
}

TEST(AzureRecords, ResourceIds) {
    const ResourceId id =
        parse_resource_id("/SUBSCRIPTIONS/S/resourcegroups/G/providers/P/a/b/c/d");
    EXPECT_EQ(id.subscription + id.group + id.provider + id.type + id.name, "SGPa/cd");
    EXPECT_EQ(parse_resource_id("nonsense").subscription, "");
    EXPECT_EQ(parse_resource_id("").name, "");
}

}  // namespace
}  // namespace qd::telemetry
