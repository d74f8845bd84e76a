#pragma once

#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/codec/value.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// OTLP 1.x messages, decoded from protobuf or JSON into one form. Source: opentelemetry-proto
/// 1.11 (trace.proto, logs.proto, metrics.proto) and the OTLP specification's JSON rules.
namespace qd::telemetry {

using Attributes = std::vector<std::pair<std::string, Value>>;
/// Null when there is no such key; the last of equal keys wins.
const Value* find_attribute(const Attributes& attributes, std::string_view key);

struct OtlpResource {
    Attributes attributes;
    std::string schema_url;
};
struct OtlpScope {
    std::string name;
    std::string version;
    Attributes attributes;
};
struct OtlpEvent {
    std::uint64_t time_ns = 0;
    std::string name;
    Attributes attributes;
};
struct OtlpLink {
    std::string trace_id;  // hex
    std::string span_id;
};
struct OtlpSpan {
    std::string trace_id;        // 32 hex digits, lower case
    std::string span_id;         // 16
    std::string parent_span_id;  // 16 or empty
    std::string trace_state;
    std::string name;
    std::int64_t kind = 0;
    std::uint64_t start_ns = 0;
    std::uint64_t end_ns = 0;
    Attributes attributes;
    std::vector<OtlpEvent> events;
    std::vector<OtlpLink> links;
    std::int64_t status_code = 0;
    std::string status_message;
    std::int64_t dropped_attributes = 0;
    std::int64_t dropped_events = 0;
    std::int64_t dropped_links = 0;
};
struct OtlpLogRecord {
    std::uint64_t time_ns = 0;
    std::uint64_t observed_ns = 0;
    std::int64_t severity_number = 0;
    std::string severity_text;
    Value body;
    Attributes attributes;
    std::string trace_id;
    std::string span_id;
    std::string event_name;
};
struct OtlpPoint {
    std::uint64_t start_ns = 0;
    std::uint64_t time_ns = 0;
    Attributes attributes;
    bool no_recorded_value = false;
    double value = 0;         // numbers
    std::uint64_t count = 0;  // histograms and summaries
    double sum = 0;
    bool has_sum = false;
    double min = 0;
    bool has_min = false;
    double max = 0;
    bool has_max = false;
    std::vector<double> bounds;  // explicit histogram
    std::vector<std::uint64_t> buckets;
    std::int64_t scale = 0;  // exponential histogram
    std::uint64_t zero_count = 0;
    std::int64_t positive_offset = 0;
    std::vector<std::uint64_t> positive;
    std::int64_t negative_offset = 0;
    std::vector<std::uint64_t> negative;
    std::vector<std::pair<double, double>> quantiles;  // summary
};
enum class OtlpMetricKind : std::uint8_t {
    None,
    Gauge,
    Sum,
    Histogram,
    ExponentialHistogram,
    Summary
};
struct OtlpMetric {
    std::string name;
    std::string description;
    std::string unit;
    OtlpMetricKind kind = OtlpMetricKind::None;
    std::int64_t temporality = 0;  // 1 delta, 2 cumulative
    bool monotonic = false;
    std::vector<OtlpPoint> points;
};

template <typename Item>
struct OtlpGroup {  // the items of one scope of one resource
    OtlpResource resource;
    OtlpScope scope;
    std::vector<Item> items;
};
using OtlpTraces = std::vector<OtlpGroup<OtlpSpan>>;
using OtlpLogs = std::vector<OtlpGroup<OtlpLogRecord>>;
using OtlpMetrics = std::vector<OtlpGroup<OtlpMetric>>;

/// Errors: InvalidArgument TEL0001 (malformed wire data), TEL0002 (invalid UTF-8 or too deep).
Result<OtlpTraces> decode_otlp_traces(std::string_view protobuf);
Result<OtlpLogs> decode_otlp_logs(std::string_view protobuf);
Result<OtlpMetrics> decode_otlp_metrics(std::string_view protobuf);

/// From a parsed JSON request: lowerCamelCase keys, hex ids, 64-bit integers as text or number.
/// Errors: InvalidArgument TEL0003 with the path of the member at fault.
Result<OtlpTraces> read_otlp_traces(const Value& json);
Result<OtlpLogs> read_otlp_logs(const Value& json);
Result<OtlpMetrics> read_otlp_metrics(const Value& json);

}  // namespace qd::telemetry
