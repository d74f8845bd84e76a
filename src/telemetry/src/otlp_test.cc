#include "qd/telemetry/otlp.h"

#include "decode_budget.h"
#include "qd/codec/json.h"
#include "qd/codec/protowire.h"

#include <gtest/gtest.h>

namespace qd::telemetry {
namespace {

using codec::ProtoWriter;

/// A message field that holds a message.
std::string nest(std::uint32_t field, const std::string& message) {
    ProtoWriter writer;
    writer.bytes(field, message);
    return writer.take();
}

std::string text_attribute(std::string_view key, std::string_view value) {
    ProtoWriter any;
    any.bytes(1, value);
    ProtoWriter pair;
    pair.bytes(1, key);
    pair.bytes(2, any.message());
    return pair.take();
}

std::string all_values() {
    ProtoWriter bool_value;
    bool_value.varint(2, 1);
    ProtoWriter int_value;
    int_value.varint(3, static_cast<std::uint64_t>(std::int64_t{-7}));
    ProtoWriter real_value;
    real_value.float64(4, 2.5);
    std::string list = nest(1, bool_value.message()) + nest(1, int_value.message()) +
                       nest(1, real_value.message());
    ProtoWriter pair;
    pair.bytes(1, "list");
    pair.bytes(2, nest(5, list));
    return pair.take();
}

std::string describe(const Attributes& attributes) {
    std::string out;
    for (const auto& [key, value] : attributes) {
        out += key + "=" + codec::to_json(value) + ";";
    }
    return out;
}

std::string describe(const OtlpTraces& traces) {
    std::string out;
    for (const auto& group : traces) {
        out += describe(group.resource.attributes) + "|" + group.scope.name + "|";
        for (const OtlpSpan& span : group.items) {
            out += span.trace_id + span.span_id + span.parent_span_id + span.name +
                   std::to_string(span.kind) + "," + std::to_string(span.start_ns) + "," +
                   std::to_string(span.end_ns) + "," + std::to_string(span.status_code) +
                   span.status_message + describe(span.attributes);
            for (const OtlpEvent& event : span.events) {
                out += event.name + std::to_string(event.time_ns) + describe(event.attributes);
            }
        }
    }
    return out;
}

std::string describe(const OtlpMetrics& metrics) {
    std::string out;
    for (const auto& group : metrics) {
        for (const OtlpMetric& metric : group.items) {
            out += metric.name + std::to_string(static_cast<int>(metric.kind)) + "," +
                   std::to_string(metric.temporality) + (metric.monotonic ? "+" : "-");
            for (const OtlpPoint& point : metric.points) {
                out += std::to_string(point.value) + "," + std::to_string(point.count) + "," +
                       std::to_string(point.sum) + "," + std::to_string(point.bounds.size()) + "," +
                       std::to_string(point.buckets.size()) + describe(point.attributes);
            }
        }
    }
    return out;
}

std::string span_message() {
    ProtoWriter span;
    span.bytes(1, std::string(16, '\x5b'));
    span.bytes(2, std::string(8, '\xee'));
    span.bytes(4, std::string(8, '\x01'));
    span.bytes(5, "GET /");
    span.varint(6, 2);
    span.fixed64(7, 1'544'712'660'000'000'000U);
    span.fixed64(8, 1'544'712'661'000'000'000U);
    span.bytes(9, text_attribute("k", "v"));
    span.bytes(9, all_values());
    ProtoWriter event;
    event.fixed64(1, 5);
    event.bytes(2, "thrown");
    span.bytes(11, event.message());
    ProtoWriter status;
    status.bytes(2, "broken");
    status.varint(3, 2);
    span.bytes(15, status.message());
    return span.take();
}

std::string traces_message() {
    const std::string scope = nest(1, [] {
        ProtoWriter writer;
        writer.bytes(1, "lib");
        return writer.take();
    }());
    return nest(1, nest(1, nest(1, text_attribute("service.name", "shop"))) +
                       nest(2, scope + nest(2, span_message())));
}

constexpr std::string_view kTracesJson = R"({"resourceSpans":[{"resource":{"attributes":[
  {"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"scope":{"name":"lib"},
  "spans":[{"traceId":"5B5B5B5B5B5B5B5B5B5B5B5B5B5B5B5B","spanId":"eeeeeeeeeeeeeeee",
  "parentSpanId":"0101010101010101","name":"GET /","kind":"SPAN_KIND_SERVER",
  "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000000,
  "attributes":[{"key":"k","value":{"stringValue":"v"}},{"key":"list","value":{"arrayValue":
  {"values":[{"boolValue":true},{"intValue":"-7"},{"doubleValue":2.5}]}}}],"unknown":[1],
  "events":[{"timeUnixNano":5,"name":"thrown"}],"status":{"message":"broken","code":2}}]}]}]})";

TEST(OtlpDecode, ProtobufAndJsonSayTheSame) {
    const auto wire = decode_otlp_traces(traces_message());
    ASSERT_TRUE(wire.ok()) << wire.error().text();
    const auto json = read_otlp_traces(codec::parse_json(kTracesJson).value());
    ASSERT_TRUE(json.ok()) << json.error().text();
    EXPECT_EQ(describe(wire.value()), describe(json.value()));
    EXPECT_NE(describe(wire.value()).find("list=[true,-7,2.5]"), std::string::npos);
}

TEST(OtlpDecode, MetricKindsFromBothForms) {
    ProtoWriter point;
    point.fixed64(3, 9);
    point.fixed64(6, 42);
    ProtoWriter sum;
    sum.bytes(1, point.message());
    sum.varint(2, 2);
    sum.varint(3, 1);
    ProtoWriter counter;
    counter.bytes(1, "c");
    counter.bytes(7, sum.message());
    ProtoWriter histogram_point;
    histogram_point.fixed64(4, 3);
    histogram_point.float64(5, 6.5);
    histogram_point.fixed64(6, 1);
    histogram_point.fixed64(6, 2);
    histogram_point.float64(7, 10);
    ProtoWriter histogram;
    histogram.bytes(1, "h");
    histogram.bytes(9, nest(1, histogram_point.message()));
    const auto wire = decode_otlp_metrics(
        nest(1, nest(2, nest(2, counter.message()) + nest(2, histogram.message()))));
    ASSERT_TRUE(wire.ok()) << wire.error().text();
    const auto json = read_otlp_metrics(codec::parse_json(R"({"resourceMetrics":[{"scopeMetrics":[
      {"metrics":[{"name":"c","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[
      {"timeUnixNano":"9","asInt":"42"}]}},{"name":"h","histogram":{"dataPoints":[{"count":"3",
      "sum":6.5,"bucketCounts":["1",2],"explicitBounds":[10]}]}}]}]}]})")
                                            .value());
    ASSERT_TRUE(json.ok()) << json.error().text();
    EXPECT_EQ(describe(wire.value()), describe(json.value()));
    EXPECT_EQ(wire.value()[0].items[0].points[0].value, 42);
}

TEST(OtlpDecode, EveryTruncationIsAnErrorOrAShorterMessage) {
    const std::string whole = traces_message();
    int refused = 0;
    for (std::size_t size = 1; size < whole.size(); ++size) {
        const auto decoded = decode_otlp_traces(std::string_view(whole).substr(0, size));
        refused += decoded.ok() ? 0 : 1;
        if (!decoded.ok()) {
            EXPECT_EQ(decoded.error().code(), Code::InvalidArgument);
        }
    }
    EXPECT_GT(refused, static_cast<int>(whole.size()) - 3);
}

TEST(OtlpDecode, RefusesWhatTheRulesForbid) {
    const struct {
        const char* json;
        const char* id;
    } cases[] = {
        {R"({"resourceSpans":{}})", "TEL0003"},
        {R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]})", "TEL0003"},
        {R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"1.5"}]}]}]})",
         "TEL0003"},
        {R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"name":7}]}]}]})", "TEL0003"},
        {R"([])", "TEL0003"},
    };
    for (const auto& one : cases) {
        const auto read = read_otlp_traces(codec::parse_json(one.json).value());
        ASSERT_FALSE(read.ok()) << one.json;
        EXPECT_EQ(read.error().id(), one.id) << one.json;
    }
    ProtoWriter span;
    span.bytes(5, "\xff\xfe");
    EXPECT_EQ(decode_otlp_traces(nest(1, nest(2, nest(2, span.message())))).error().id(),
              "TEL0002");
    std::string deep;
    for (int i = 0; i < 100; ++i) {
        deep = nest(5, nest(1, deep));
    }
    EXPECT_EQ(decode_otlp_logs(nest(1, nest(2, nest(2, nest(5, deep))))).error().id(), "TEL0002");
}

TEST(OtlpDecode, SmallBytesDoNotBecomeMuchMemory) {
    // Empty spans: two bytes on the wire, hundreds in memory.
    std::string spans;
    for (int i = 0; i < 2'000'000; ++i) {
        spans += std::string("\x12\x00", 2);
    }
    EXPECT_EQ(decode_otlp_traces(nest(1, nest(2, spans))).error().id(), "TEL0043");
    // A large resource repeated by many scopes.
    std::string resource = nest(1, nest(1, text_attribute("k", std::string(1 << 20, 'x'))));
    for (int i = 0; i < 1'000; ++i) {
        resource += std::string("\x12\x00", 2);
    }
    EXPECT_EQ(decode_otlp_traces(nest(1, resource)).error().id(), "TEL0043");
    // A large resource that every row would repeat.
    OtlpTraces groups(1);
    groups[0].resource.attributes.emplace_back("k", std::string(1 << 20, 'x'));
    groups[0].items.resize(100);
    EXPECT_TRUE(check_fan_out(groups).ok());
    groups[0].items.resize(1'000);
    EXPECT_FALSE(check_fan_out(groups).ok());
}

TEST(JsonWeight, CountsValuesOutsideTexts) {
    EXPECT_EQ(json_weight(R"("a,b{[:\",{")"), 48U);
    EXPECT_EQ(json_weight("[1,2]"), 48U * 3);
    EXPECT_EQ(json_weight(R"({"a":{}})"), 48U + 96U + 160U * 2);
    EXPECT_TRUE(check_json_weight("[" + std::string(1000, ',')).ok());
    EXPECT_FALSE(check_json_weight("[" + std::string(10 << 20, ',')).ok());
}

}  // namespace
}  // namespace qd::telemetry
