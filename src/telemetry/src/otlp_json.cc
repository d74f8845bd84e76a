// OTLP/JSON: the protobuf JSON mapping with OTLP's own rules (specification, "JSON Protobuf
// Encoding"): lowerCamelCase keys, trace and span ids as hex, enums as integers (names accepted, as
// the collector does), 64-bit integers as text or number, NaN and infinities as text, unknown
// members ignored, null = absent. A member of the wrong type is an error with its path.
#include "decode_budget.h"
#include "qd/telemetry/otlp.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace qd::telemetry {

namespace {

Error wrong(std::string_view path, std::string_view wanted) {
    return Error(Code::InvalidArgument, "TEL0003",
                 "OTLP JSON member has the wrong type: path=" + std::string(path) +
                     " wanted=" + std::string(wanted));
}

const Value* member(const Value& object, std::string_view key) {
    const Value* found = object.get(key);
    return found == nullptr || found->is_null() ? nullptr : found;
}

Result<std::string> text_member(const Value& object, std::string_view key) {
    const Value* found = member(object, key);
    if (found == nullptr) {
        return std::string();
    }
    if (const std::string* text = found->if_string()) {
        return *text;
    }
    return wrong(key, "string");
}

Result<std::int64_t> to_integer(const Value& value, std::string_view path) {
    if (const auto* integer = value.if_int()) {
        return *integer;
    }
    if (const auto* real = value.if_double()) {
        if (std::floor(*real) == *real && std::abs(*real) < 9.2e18) {
            return static_cast<std::int64_t>(*real);
        }
        return wrong(path, "integer");
    }
    const std::string* text = value.if_string();
    if (text == nullptr && value.if_big_number() != nullptr) {
        text = &value.if_big_number()->text;
    }
    if (text != nullptr) {
        std::int64_t number = 0;
        const auto [end, error] =
            std::from_chars(text->data(), text->data() + text->size(), number);
        if (error == std::errc() && end == text->data() + text->size()) {
            return number;
        }
        std::uint64_t large = 0;  // fixed64 and uint64 beyond int64
        const auto [end2, error2] =
            std::from_chars(text->data(), text->data() + text->size(), large);
        if (error2 == std::errc() && end2 == text->data() + text->size()) {
            return static_cast<std::int64_t>(large);
        }
    }
    return wrong(path, "integer");
}

Result<std::int64_t> integer_member(const Value& object, std::string_view key) {
    const Value* found = member(object, key);
    if (found == nullptr) {
        return std::int64_t{0};
    }
    return to_integer(*found, key);
}

Result<double> to_real(const Value& value, std::string_view path) {
    if (const auto* real = value.if_double()) {
        return *real;
    }
    if (const auto* integer = value.if_int()) {
        return static_cast<double>(*integer);
    }
    if (const std::string* text = value.if_string()) {
        if (*text == "NaN") {
            return std::numeric_limits<double>::quiet_NaN();
        }
        if (*text == "Infinity" || *text == "-Infinity") {
            return text->front() == '-' ? -std::numeric_limits<double>::infinity()
                                        : std::numeric_limits<double>::infinity();
        }
        double number = 0;
        const auto [end, error] =
            std::from_chars(text->data(), text->data() + text->size(), number);
        if (error == std::errc() && end == text->data() + text->size()) {
            return number;
        }
    }
    return wrong(path, "number");
}

/// Enum member: a number, or one of `names` (index = number).
Result<std::int64_t> enum_member(const Value& object, std::string_view key,
                                 std::initializer_list<std::string_view> names) {
    const Value* found = member(object, key);
    if (found == nullptr) {
        return std::int64_t{0};
    }
    if (const std::string* text = found->if_string()) {
        std::int64_t number = 0;
        for (const std::string_view name : names) {
            if (name == *text) {
                return number;
            }
            ++number;
        }
    }
    return to_integer(*found, key);
}

Result<std::string> id_member(const Value& object, std::string_view key) {
    QD_TRY(std::string id, text_member(object, key));
    for (char& c : id) {
        if (c >= 'A' && c <= 'F') {
            c = static_cast<char>(c - 'A' + 'a');
        } else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return wrong(key, "hex");
        }
    }
    return id;
}

Result<const Array*> array_member(const Value& object, std::string_view key) {
    static const Array kEmpty;
    const Value* found = member(object, key);
    if (found == nullptr) {
        return &kEmpty;
    }
    if (const Array* array = found->if_array()) {
        return array;
    }
    return wrong(key, "array");
}

Result<Value> any_value(const Value& json);

Result<Attributes> attributes_of(const Value& object, std::string_view key) {
    QD_TRY(const Array* list, array_member(object, key));
    Attributes attributes;
    for (const Value& entry : *list) {
        QD_TRY(std::string name, text_member(entry, "key"));
        Value value;
        if (const Value* written = member(entry, "value")) {
            QD_TRY(value, any_value(*written));
        }
        attributes.emplace_back(std::move(name), std::move(value));
    }
    return attributes;
}

// Depth is bounded by the JSON parser's limit.
Result<Value> any_value(const Value& json) {
    if (json.if_object() == nullptr) {
        return wrong("value", "AnyValue object");
    }
    if (const Value* v = member(json, "stringValue")) {
        if (v->if_string() == nullptr) {
            return wrong("stringValue", "string");
        }
        return *v;
    }
    if (const Value* v = member(json, "boolValue")) {
        if (v->if_bool() == nullptr) {
            return wrong("boolValue", "bool");
        }
        return *v;
    }
    if (const Value* v = member(json, "intValue")) {
        QD_TRY(const std::int64_t number, to_integer(*v, "intValue"));
        return Value(number);
    }
    if (const Value* v = member(json, "doubleValue")) {
        QD_TRY(const double number, to_real(*v, "doubleValue"));
        return Value(number);
    }
    if (const Value* v = member(json, "arrayValue")) {
        QD_TRY(const Array* elements, array_member(*v, "values"));
        Array array;
        for (const Value& element : *elements) {
            QD_TRY(Value one, any_value(element));
            array.push_back(std::move(one));
        }
        return Value(std::move(array));
    }
    if (const Value* v = member(json, "kvlistValue")) {
        QD_TRY(Attributes entries, attributes_of(*v, "values"));
        Object object;
        for (auto& [key, value] : entries) {
            object.set(std::move(key), std::move(value));
        }
        return Value(std::move(object));
    }
    if (const Value* v = member(json, "bytesValue")) {
        return *v;  // base64 text stays base64 text
    }
    return Value();
}

Result<std::uint64_t> time_member(const Value& object, std::string_view key) {
    QD_TRY(const std::int64_t number, integer_member(object, key));
    return static_cast<std::uint64_t>(number);
}

Result<OtlpSpan> read_item(const Value& json, OtlpSpan span) {
    QD_TRY(span.trace_id, id_member(json, "traceId"));
    QD_TRY(span.span_id, id_member(json, "spanId"));
    QD_TRY(span.parent_span_id, id_member(json, "parentSpanId"));
    QD_TRY(span.trace_state, text_member(json, "traceState"));
    QD_TRY(span.name, text_member(json, "name"));
    QD_TRY(span.kind,
           enum_member(json, "kind",
                       {"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
                        "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"}));
    QD_TRY(span.start_ns, time_member(json, "startTimeUnixNano"));
    QD_TRY(span.end_ns, time_member(json, "endTimeUnixNano"));
    QD_TRY(span.attributes, attributes_of(json, "attributes"));
    QD_TRY(span.dropped_attributes, integer_member(json, "droppedAttributesCount"));
    QD_TRY(span.dropped_events, integer_member(json, "droppedEventsCount"));
    QD_TRY(span.dropped_links, integer_member(json, "droppedLinksCount"));
    QD_TRY(const Array* events, array_member(json, "events"));
    for (const Value& one : *events) {
        OtlpEvent event;
        QD_TRY(event.time_ns, time_member(one, "timeUnixNano"));
        QD_TRY(event.name, text_member(one, "name"));
        QD_TRY(event.attributes, attributes_of(one, "attributes"));
        span.events.push_back(std::move(event));
    }
    QD_TRY(const Array* links, array_member(json, "links"));
    for (const Value& one : *links) {
        OtlpLink link;
        QD_TRY(link.trace_id, id_member(one, "traceId"));
        QD_TRY(link.span_id, id_member(one, "spanId"));
        span.links.push_back(std::move(link));
    }
    if (const Value* status = member(json, "status")) {
        QD_TRY(span.status_message, text_member(*status, "message"));
        QD_TRY(span.status_code,
               enum_member(*status, "code",
                           {"STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"}));
    }
    return span;
}

Result<OtlpLogRecord> read_item(const Value& json, OtlpLogRecord record) {
    QD_TRY(record.time_ns, time_member(json, "timeUnixNano"));
    QD_TRY(record.observed_ns, time_member(json, "observedTimeUnixNano"));
    QD_TRY(record.severity_number, enum_member(json, "severityNumber", {}));
    QD_TRY(record.severity_text, text_member(json, "severityText"));
    if (const Value* body = member(json, "body")) {
        QD_TRY(record.body, any_value(*body));
    }
    QD_TRY(record.attributes, attributes_of(json, "attributes"));
    QD_TRY(record.trace_id, id_member(json, "traceId"));
    QD_TRY(record.span_id, id_member(json, "spanId"));
    QD_TRY(record.event_name, text_member(json, "eventName"));
    return record;
}

Status optional_real(const Value& json, std::string_view key, double& out, bool& has) {
    if (const Value* found = member(json, key)) {
        QD_TRY(out, to_real(*found, key));
        has = true;
    }
    return ok_status();
}

Status read_counts(const Value& json, std::string_view key, std::vector<std::uint64_t>& out) {
    QD_TRY(const Array* counts, array_member(json, key));
    for (const Value& one : *counts) {
        QD_TRY(const std::int64_t count, to_integer(one, key));
        out.push_back(static_cast<std::uint64_t>(count));
    }
    return ok_status();
}

Status read_exponential_side(const Value& json, std::string_view key, std::int64_t& offset,
                             std::vector<std::uint64_t>& counts) {
    if (const Value* side = member(json, key)) {
        QD_TRY(offset, integer_member(*side, "offset"));
        QD_CHECK_OK(read_counts(*side, "bucketCounts", counts));
    }
    return ok_status();
}

Result<OtlpPoint> read_point(const Value& json) {
    OtlpPoint point;
    QD_TRY(point.start_ns, time_member(json, "startTimeUnixNano"));
    QD_TRY(point.time_ns, time_member(json, "timeUnixNano"));
    QD_TRY(point.attributes, attributes_of(json, "attributes"));
    QD_TRY(const std::int64_t flags, integer_member(json, "flags"));
    point.no_recorded_value = (flags & 1) != 0;
    bool has_value = false;
    QD_CHECK_OK(optional_real(json, "asDouble", point.value, has_value));
    if (const Value* integer = member(json, "asInt")) {
        QD_TRY(const std::int64_t number, to_integer(*integer, "asInt"));
        point.value = static_cast<double>(number);
    }
    QD_TRY(point.count, time_member(json, "count"));
    QD_CHECK_OK(optional_real(json, "sum", point.sum, point.has_sum));
    QD_CHECK_OK(optional_real(json, "min", point.min, point.has_min));
    QD_CHECK_OK(optional_real(json, "max", point.max, point.has_max));
    QD_CHECK_OK(read_counts(json, "bucketCounts", point.buckets));
    QD_TRY(const Array* bounds, array_member(json, "explicitBounds"));
    for (const Value& one : *bounds) {
        QD_TRY(const double bound, to_real(one, "explicitBounds"));
        point.bounds.push_back(bound);
    }
    QD_TRY(point.scale, integer_member(json, "scale"));
    QD_TRY(point.zero_count, time_member(json, "zeroCount"));
    QD_CHECK_OK(read_exponential_side(json, "positive", point.positive_offset, point.positive));
    QD_CHECK_OK(read_exponential_side(json, "negative", point.negative_offset, point.negative));
    QD_TRY(const Array* quantiles, array_member(json, "quantileValues"));
    for (const Value& one : *quantiles) {
        double quantile = 0;
        double value = 0;
        bool has = false;
        QD_CHECK_OK(optional_real(one, "quantile", quantile, has));
        QD_CHECK_OK(optional_real(one, "value", value, has));
        point.quantiles.emplace_back(quantile, value);
    }
    return point;
}

Result<OtlpMetric> read_item(const Value& json, OtlpMetric metric) {
    QD_TRY(metric.name, text_member(json, "name"));
    QD_TRY(metric.description, text_member(json, "description"));
    QD_TRY(metric.unit, text_member(json, "unit"));
    static constexpr std::pair<std::string_view, OtlpMetricKind> kKinds[] = {
        {"gauge", OtlpMetricKind::Gauge},
        {"sum", OtlpMetricKind::Sum},
        {"histogram", OtlpMetricKind::Histogram},
        {"exponentialHistogram", OtlpMetricKind::ExponentialHistogram},
        {"summary", OtlpMetricKind::Summary}};
    for (const auto& [name, kind] : kKinds) {
        const Value* data = member(json, name);
        if (data == nullptr) {
            continue;
        }
        metric.kind = kind;
        QD_TRY(metric.temporality,
               enum_member(*data, "aggregationTemporality",
                           {"AGGREGATION_TEMPORALITY_UNSPECIFIED", "AGGREGATION_TEMPORALITY_DELTA",
                            "AGGREGATION_TEMPORALITY_CUMULATIVE"}));
        if (const Value* monotonic = member(*data, "isMonotonic")) {
            metric.monotonic = monotonic->bool_or(false);
        }
        QD_TRY(const Array* points, array_member(*data, "dataPoints"));
        for (const Value& one : *points) {
            QD_TRY(OtlpPoint point, read_point(one));
            metric.points.push_back(std::move(point));
        }
    }
    return metric;
}

template <typename Item>
Result<std::vector<OtlpGroup<Item>>> read_request(const Value& json, std::string_view resources_key,
                                                  std::string_view scopes_key,
                                                  std::string_view items_key) {
    if (json.if_object() == nullptr) {
        return wrong("(root)", "object");
    }
    DecodeBudget budget;
    std::vector<OtlpGroup<Item>> groups;
    QD_TRY(const Array* resources, array_member(json, resources_key));
    for (const Value& one : *resources) {
        OtlpGroup<Item> group;
        if (const Value* resource = member(one, "resource")) {
            QD_TRY(group.resource.attributes, attributes_of(*resource, "attributes"));
        }
        QD_TRY(group.resource.schema_url, text_member(one, "schemaUrl"));
        QD_TRY(const Array* scopes, array_member(one, scopes_key));
        const std::uint64_t weight = attributes_weight(group.resource.attributes);
        for (const Value& scope : *scopes) {
            QD_CHECK_OK(budget.take(sizeof(group) + weight));
            OtlpGroup<Item> of_scope{.resource = group.resource, .scope = OtlpScope(), .items = {}};
            if (const Value* about = member(scope, "scope")) {
                QD_TRY(of_scope.scope.name, text_member(*about, "name"));
                QD_TRY(of_scope.scope.version, text_member(*about, "version"));
                QD_TRY(of_scope.scope.attributes, attributes_of(*about, "attributes"));
            }
            QD_TRY(const Array* items, array_member(scope, items_key));
            for (const Value& item : *items) {
                QD_CHECK_OK(budget.take(sizeof(Item)));
                QD_TRY(Item read, read_item(item, Item()));
                of_scope.items.push_back(std::move(read));
            }
            groups.push_back(std::move(of_scope));
        }
    }
    return groups;
}

}  // namespace

Result<OtlpTraces> read_otlp_traces(const Value& json) {
    return read_request<OtlpSpan>(json, "resourceSpans", "scopeSpans", "spans");
}
Result<OtlpLogs> read_otlp_logs(const Value& json) {
    return read_request<OtlpLogRecord>(json, "resourceLogs", "scopeLogs", "logRecords");
}
Result<OtlpMetrics> read_otlp_metrics(const Value& json) {
    return read_request<OtlpMetric>(json, "resourceMetrics", "scopeMetrics", "metrics");
}

}  // namespace qd::telemetry
