// OTLP from protobuf: one pass over the wire bytes, each message a small function that switches on
// field numbers (opentelemetry-proto 1.11). Strings are checked for UTF-8 once per request, by
// validating each string as it is copied; nesting of AnyValue is bounded because a zero-copy reader
// has no recursion limit of its own.
#include "decode_budget.h"
#include "qd/base/utf8.h"
#include "qd/codec/base64.h"
#include "qd/codec/json.h"
#include "qd/codec/protowire.h"
#include "qd/telemetry/otlp.h"

#include <bit>
#include <cmath>

namespace qd::telemetry {

using codec::ProtoReader;

namespace {

constexpr int kValueDepthMax = 64;
// Wire types of the protobuf encoding.
constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kFixed64 = 1;
constexpr std::uint32_t kBytes = 2;

Error malformed(std::string_view what) {
    return Error(Code::InvalidArgument, "TEL0001", "malformed OTLP message: " + std::string(what));
}

Result<std::string> text_of(ProtoReader& reader) {
    const std::string_view bytes = reader.bytes();
    if (!is_valid_utf8(bytes)) {
        return Error(Code::InvalidArgument, "TEL0002", "OTLP string is not valid UTF-8");
    }
    return std::string(bytes);
}

Result<Value> any_value(DecodeBudget& budget, std::string_view message, int depth);

Result<std::pair<std::string, Value>> key_value(DecodeBudget& budget, std::string_view message,
                                                int depth) {
    QD_CHECK_OK(budget.take(sizeof(std::pair<std::string, Value>)));
    std::pair<std::string, Value> entry;
    ProtoReader reader(message);
    while (reader.next()) {
        if (reader.field() == 1) {
            QD_TRY(entry.first, text_of(reader));
        } else if (reader.field() == 2) {
            QD_TRY(entry.second, any_value(budget, reader.bytes(), depth));
        }
    }
    QD_CHECK_OK(reader.status());
    return entry;
}

Result<Value> any_value(DecodeBudget& budget, std::string_view message, int depth) {
    QD_CHECK_OK(budget.take(sizeof(Value)));
    if (depth > kValueDepthMax) {
        return Error(Code::InvalidArgument, "TEL0002", "OTLP value is nested too deep");
    }
    Value value;
    ProtoReader reader(message);
    while (reader.next()) {
        switch (reader.field()) {
            case 1: {
                QD_TRY(std::string text, text_of(reader));
                value = Value(std::move(text));
                break;
            }
            case 2:
                value = Value(reader.varint() != 0);
                break;
            case 3:
                value = Value(reader.signed_varint());
                break;
            case 4:
                value = Value(reader.float64());
                break;
            case 5: {
                Array array;
                ProtoReader inner(reader.bytes());
                while (inner.next()) {
                    if (inner.field() == 1) {
                        QD_TRY(Value element, any_value(budget, inner.bytes(), depth + 1));
                        array.push_back(std::move(element));
                    }
                }
                QD_CHECK_OK(inner.status());
                value = Value(std::move(array));
                break;
            }
            case 6: {
                Object object;
                ProtoReader inner(reader.bytes());
                while (inner.next()) {
                    if (inner.field() == 1) {
                        QD_TRY(auto entry, key_value(budget, inner.bytes(), depth + 1));
                        object.set(std::move(entry.first), std::move(entry.second));
                    }
                }
                QD_CHECK_OK(inner.status());
                value = Value(std::move(object));
                break;
            }
            case 7:
                value = Value(codec::base64_encode(reader.bytes()));
                break;
            default:
                break;
        }
    }
    QD_CHECK_OK(reader.status());
    return value;
}

Status add_attribute(DecodeBudget& budget, Attributes& attributes, std::string_view message) {
    QD_TRY(auto entry, key_value(budget, message, 0));
    attributes.push_back(std::move(entry));
    return ok_status();
}

Result<OtlpResource> resource_of(DecodeBudget& budget, std::string_view message) {
    OtlpResource resource;
    ProtoReader reader(message);
    while (reader.next()) {
        if (reader.field() == 1) {
            QD_CHECK_OK(add_attribute(budget, resource.attributes, reader.bytes()));
        }
    }
    QD_CHECK_OK(reader.status());
    return resource;
}

Result<OtlpScope> scope_of(DecodeBudget& budget, std::string_view message) {
    OtlpScope scope;
    ProtoReader reader(message);
    while (reader.next()) {
        switch (reader.field()) {
            case 1: {
                QD_TRY(scope.name, text_of(reader));
                break;
            }
            case 2: {
                QD_TRY(scope.version, text_of(reader));
                break;
            }
            case 3:
                QD_CHECK_OK(add_attribute(budget, scope.attributes, reader.bytes()));
                break;
            default:
                break;
        }
    }
    QD_CHECK_OK(reader.status());
    return scope;
}

Result<OtlpEvent> event_of(DecodeBudget& budget, std::string_view message) {
    QD_CHECK_OK(budget.take(sizeof(OtlpEvent)));
    OtlpEvent event;
    ProtoReader reader(message);
    while (reader.next()) {
        switch (reader.field()) {
            case 1:
                event.time_ns = reader.fixed64();
                break;
            case 2: {
                QD_TRY(event.name, text_of(reader));
                break;
            }
            case 3:
                QD_CHECK_OK(add_attribute(budget, event.attributes, reader.bytes()));
                break;
            default:
                break;
        }
    }
    QD_CHECK_OK(reader.status());
    return event;
}

Result<OtlpLink> link_of(DecodeBudget& budget, std::string_view message) {
    QD_CHECK_OK(budget.take(sizeof(OtlpLink)));
    OtlpLink link;
    ProtoReader reader(message);
    while (reader.next()) {
        if (reader.field() == 1) {
            link.trace_id = codec::hex_encode(reader.bytes());
        } else if (reader.field() == 2) {
            link.span_id = codec::hex_encode(reader.bytes());
        }
    }
    QD_CHECK_OK(reader.status());
    return link;
}

Status read_status(OtlpSpan& span, std::string_view message) {
    ProtoReader reader(message);
    while (reader.next()) {
        if (reader.field() == 2) {
            QD_TRY(span.status_message, text_of(reader));
        } else if (reader.field() == 3) {
            span.status_code = reader.signed_varint();
        }
    }
    return reader.status();
}

Result<OtlpSpan> item_of(DecodeBudget& budget, std::string_view message, OtlpSpan span) {
    ProtoReader reader(message);
    while (reader.next()) {
        switch (reader.field()) {
            case 1:
                span.trace_id = codec::hex_encode(reader.bytes());
                break;
            case 2:
                span.span_id = codec::hex_encode(reader.bytes());
                break;
            case 3: {
                QD_TRY(span.trace_state, text_of(reader));
                break;
            }
            case 4:
                span.parent_span_id = codec::hex_encode(reader.bytes());
                break;
            case 5: {
                QD_TRY(span.name, text_of(reader));
                break;
            }
            case 6:
                span.kind = reader.signed_varint();
                break;
            case 7:
                span.start_ns = reader.fixed64();
                break;
            case 8:
                span.end_ns = reader.fixed64();
                break;
            case 9:
                QD_CHECK_OK(add_attribute(budget, span.attributes, reader.bytes()));
                break;
            case 10:
                span.dropped_attributes = reader.signed_varint();
                break;
            case 11: {
                QD_TRY(OtlpEvent event, event_of(budget, reader.bytes()));
                span.events.push_back(std::move(event));
                break;
            }
            case 12:
                span.dropped_events = reader.signed_varint();
                break;
            case 13: {
                QD_TRY(OtlpLink link, link_of(budget, reader.bytes()));
                span.links.push_back(std::move(link));
                break;
            }
            case 14:
                span.dropped_links = reader.signed_varint();
                break;
            case 15:
                QD_CHECK_OK(read_status(span, reader.bytes()));
                break;
            default:
                break;
        }
    }
    QD_CHECK_OK(reader.status());
    return span;
}

Result<OtlpLogRecord> item_of(DecodeBudget& budget, std::string_view message,
                              OtlpLogRecord record) {
    ProtoReader reader(message);
    while (reader.next()) {
        switch (reader.field()) {
            case 1:
                record.time_ns = reader.fixed64();
                break;
            case 2:
                record.severity_number = reader.signed_varint();
                break;
            case 3: {
                QD_TRY(record.severity_text, text_of(reader));
                break;
            }
            case 5: {
                QD_TRY(record.body, any_value(budget, reader.bytes(), 0));
                break;
            }
            case 6:
                QD_CHECK_OK(add_attribute(budget, record.attributes, reader.bytes()));
                break;
            case 9:
                record.trace_id = codec::hex_encode(reader.bytes());
                break;
            case 10:
                record.span_id = codec::hex_encode(reader.bytes());
                break;
            case 11:
                record.observed_ns = reader.fixed64();
                break;
            case 12: {
                QD_TRY(record.event_name, text_of(reader));
                break;
            }
            default:
                break;
        }
    }
    QD_CHECK_OK(reader.status());
    return record;
}

std::uint64_t little_endian64(std::string_view bytes) {
    std::uint64_t number = 0;
    for (std::size_t i = 8; i-- > 0;) {
        number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
    }
    return number;
}

/// repeated fixed64/double, packed or one by one.
Status read_fixed64s(ProtoReader& reader, std::vector<std::uint64_t>& out) {
    if (reader.wire_type() == kFixed64) {
        out.push_back(reader.fixed64());
        return ok_status();
    }
    std::string_view bytes = reader.bytes();
    if (bytes.size() % 8 != 0) {
        return malformed("packed fixed64 of odd length");
    }
    for (; !bytes.empty(); bytes.remove_prefix(8)) {
        out.push_back(little_endian64(bytes));
    }
    return ok_status();
}

Status read_varints(ProtoReader& reader, std::vector<std::uint64_t>& out) {
    if (reader.wire_type() == kVarint) {
        out.push_back(reader.varint());
        return ok_status();
    }
    std::string_view bytes = reader.bytes();
    while (!bytes.empty()) {
        std::uint64_t number = 0;
        unsigned shift = 0;
        bool more = true;
        while (more) {
            if (bytes.empty() || shift > 63) {
                return malformed("packed varint");
            }
            const auto byte = static_cast<std::uint8_t>(bytes.front());
            bytes.remove_prefix(1);
            number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            shift += 7;
            more = (byte & 0x80) != 0;
        }
        out.push_back(number);
    }
    return ok_status();
}

Result<OtlpPoint> number_point(DecodeBudget& budget, std::string_view message) {
    QD_CHECK_OK(budget.take(sizeof(OtlpPoint)));
    OtlpPoint point;
    ProtoReader reader(message);
    while (reader.next()) {
        switch (reader.field()) {
            case 2:
                point.start_ns = reader.fixed64();
                break;
            case 3:
                point.time_ns = reader.fixed64();
                break;
            case 4:
                point.value = reader.float64();
                break;
            case 6:
                point.value = static_cast<double>(static_cast<std::int64_t>(reader.fixed64()));
                break;
            case 7:
                QD_CHECK_OK(add_attribute(budget, point.attributes, reader.bytes()));
                break;
            case 8:
                point.no_recorded_value = (reader.varint() & 1) != 0;
                break;
            default:
                break;
        }
    }
    QD_CHECK_OK(reader.status());
    return point;
}

Result<OtlpPoint> histogram_point(DecodeBudget& budget, std::string_view message) {
    QD_CHECK_OK(budget.take(sizeof(OtlpPoint)));
    OtlpPoint point;
    std::vector<std::uint64_t> bounds;
    ProtoReader reader(message);
    while (reader.next()) {
        switch (reader.field()) {
            case 2:
                point.start_ns = reader.fixed64();
                break;
            case 3:
                point.time_ns = reader.fixed64();
                break;
            case 4:
                point.count = reader.fixed64();
                break;
            case 5:
                point.sum = reader.float64();
                point.has_sum = true;
                break;
            case 6:
                QD_CHECK_OK(read_fixed64s(reader, point.buckets));
                break;
            case 7:
                QD_CHECK_OK(read_fixed64s(reader, bounds));
                break;
            case 9:
                QD_CHECK_OK(add_attribute(budget, point.attributes, reader.bytes()));
                break;
            case 10:
                point.no_recorded_value = (reader.varint() & 1) != 0;
                break;
            case 11:
                point.min = reader.float64();
                point.has_min = true;
                break;
            case 12:
                point.max = reader.float64();
                point.has_max = true;
                break;
            default:
                break;
        }
    }
    QD_CHECK_OK(reader.status());
    for (const std::uint64_t bits : bounds) {
        point.bounds.push_back(std::bit_cast<double>(bits));
    }
    return point;
}

Status read_exponential_buckets(std::string_view message, std::int64_t& offset,
                                std::vector<std::uint64_t>& counts) {
    ProtoReader reader(message);
    while (reader.next()) {
        if (reader.field() == 1) {
            offset = reader.zigzag();
        } else if (reader.field() == 2) {
            QD_CHECK_OK(read_varints(reader, counts));
        }
    }
    return reader.status();
}

Result<OtlpPoint> exponential_point(DecodeBudget& budget, std::string_view message) {
    QD_CHECK_OK(budget.take(sizeof(OtlpPoint)));
    OtlpPoint point;
    ProtoReader reader(message);
    while (reader.next()) {
        switch (reader.field()) {
            case 1:
                QD_CHECK_OK(add_attribute(budget, point.attributes, reader.bytes()));
                break;
            case 2:
                point.start_ns = reader.fixed64();
                break;
            case 3:
                point.time_ns = reader.fixed64();
                break;
            case 4:
                point.count = reader.fixed64();
                break;
            case 5:
                point.sum = reader.float64();
                point.has_sum = true;
                break;
            case 6:
                point.scale = reader.zigzag();
                break;
            case 7:
                point.zero_count = reader.fixed64();
                break;
            case 8:
                QD_CHECK_OK(read_exponential_buckets(reader.bytes(), point.positive_offset,
                                                     point.positive));
                break;
            case 9:
                QD_CHECK_OK(read_exponential_buckets(reader.bytes(), point.negative_offset,
                                                     point.negative));
                break;
            case 10:
                point.no_recorded_value = (reader.varint() & 1) != 0;
                break;
            case 12:
                point.min = reader.float64();
                point.has_min = true;
                break;
            case 13:
                point.max = reader.float64();
                point.has_max = true;
                break;
            default:
                break;
        }
    }
    QD_CHECK_OK(reader.status());
    return point;
}

Result<OtlpPoint> summary_point(DecodeBudget& budget, std::string_view message) {
    QD_CHECK_OK(budget.take(sizeof(OtlpPoint)));
    OtlpPoint point;
    ProtoReader reader(message);
    while (reader.next()) {
        switch (reader.field()) {
            case 2:
                point.start_ns = reader.fixed64();
                break;
            case 3:
                point.time_ns = reader.fixed64();
                break;
            case 4:
                point.count = reader.fixed64();
                break;
            case 5:
                point.sum = reader.float64();
                point.has_sum = true;
                break;
            case 6: {
                std::pair<double, double> quantile{0, 0};
                ProtoReader inner(reader.bytes());
                while (inner.next()) {
                    (inner.field() == 1 ? quantile.first : quantile.second) = inner.float64();
                }
                QD_CHECK_OK(inner.status());
                point.quantiles.push_back(quantile);
                break;
            }
            case 7:
                QD_CHECK_OK(add_attribute(budget, point.attributes, reader.bytes()));
                break;
            case 8:
                point.no_recorded_value = (reader.varint() & 1) != 0;
                break;
            default:
                break;
        }
    }
    QD_CHECK_OK(reader.status());
    return point;
}

Status read_metric_data(DecodeBudget& budget, OtlpMetric& metric, OtlpMetricKind kind,
                        std::string_view message) {
    metric.kind = kind;
    ProtoReader reader(message);
    while (reader.next()) {
        if (reader.field() == 1) {
            const std::string_view bytes = reader.bytes();
            Result<OtlpPoint> point =
                kind == OtlpMetricKind::Histogram              ? histogram_point(budget, bytes)
                : kind == OtlpMetricKind::ExponentialHistogram ? exponential_point(budget, bytes)
                : kind == OtlpMetricKind::Summary              ? summary_point(budget, bytes)
                                                               : number_point(budget, bytes);
            if (!point.ok()) {
                return std::move(point).error();
            }
            metric.points.push_back(std::move(point).value());
        } else if (reader.field() == 2) {
            metric.temporality = reader.signed_varint();
        } else if (reader.field() == 3) {
            metric.monotonic = reader.varint() != 0;
        }
    }
    return reader.status();
}

Result<OtlpMetric> item_of(DecodeBudget& budget, std::string_view message, OtlpMetric metric) {
    ProtoReader reader(message);
    while (reader.next()) {
        switch (reader.field()) {
            case 1: {
                QD_TRY(metric.name, text_of(reader));
                break;
            }
            case 2: {
                QD_TRY(metric.description, text_of(reader));
                break;
            }
            case 3: {
                QD_TRY(metric.unit, text_of(reader));
                break;
            }
            case 5:
                QD_CHECK_OK(
                    read_metric_data(budget, metric, OtlpMetricKind::Gauge, reader.bytes()));
                break;
            case 7:
                QD_CHECK_OK(read_metric_data(budget, metric, OtlpMetricKind::Sum, reader.bytes()));
                break;
            case 9:
                QD_CHECK_OK(
                    read_metric_data(budget, metric, OtlpMetricKind::Histogram, reader.bytes()));
                break;
            case 10:
                QD_CHECK_OK(read_metric_data(budget, metric, OtlpMetricKind::ExponentialHistogram,
                                             reader.bytes()));
                break;
            case 11:
                QD_CHECK_OK(
                    read_metric_data(budget, metric, OtlpMetricKind::Summary, reader.bytes()));
                break;
            default:
                break;
        }
    }
    QD_CHECK_OK(reader.status());
    return metric;
}

template <typename Item>
Status read_scope_group(DecodeBudget& budget, std::string_view message, OtlpGroup<Item> group,
                        std::vector<OtlpGroup<Item>>& out) {
    QD_CHECK_OK(budget.take(sizeof(group) + attributes_weight(group.resource.attributes)));
    ProtoReader reader(message);
    while (reader.next()) {
        if (reader.field() == 1) {
            QD_TRY(group.scope, scope_of(budget, reader.bytes()));
        } else if (reader.field() == 2 && reader.wire_type() == kBytes) {
            QD_CHECK_OK(budget.take(sizeof(Item)));
            QD_TRY(Item item, item_of(budget, reader.bytes(), Item()));
            group.items.push_back(std::move(item));
        }
    }
    QD_CHECK_OK(reader.status());
    out.push_back(std::move(group));
    return ok_status();
}

/// A request is repeated ResourceX (1) of { resource 1, scope_x 2, schema_url 3 }. The resource may
/// stand behind its scopes, so it is read first.
template <typename Item>
Result<std::vector<OtlpGroup<Item>>> decode_request(std::string_view message) {
    DecodeBudget budget;
    std::vector<OtlpGroup<Item>> groups;
    ProtoReader request(message);
    while (request.next()) {
        if (request.field() != 1) {
            continue;
        }
        const std::string_view resource_bytes = request.bytes();
        OtlpGroup<Item> group;
        ProtoReader first(resource_bytes);
        while (first.next()) {
            if (first.field() == 1) {
                QD_TRY(group.resource, resource_of(budget, first.bytes()));
            } else if (first.field() == 3) {
                QD_TRY(group.resource.schema_url, text_of(first));
            }
        }
        QD_CHECK_OK(first.status());
        ProtoReader second(resource_bytes);
        while (second.next()) {
            if (second.field() == 2) {
                QD_CHECK_OK(read_scope_group<Item>(budget, second.bytes(), group, groups));
            }
        }
        QD_CHECK_OK(second.status());
    }
    if (!request.status().ok()) {
        return malformed("truncated or not protobuf");
    }
    return groups;
}

}  // namespace

const Value* find_attribute(const Attributes& attributes, std::string_view key) {
    for (auto entry = attributes.rbegin(); entry != attributes.rend(); ++entry) {
        if (entry->first == key) {
            return &entry->second;
        }
    }
    return nullptr;
}

std::uint64_t attributes_weight(const Attributes& attributes) {
    std::uint64_t bytes = 0;
    for (const auto& [key, value] : attributes) {
        bytes += sizeof(key) + sizeof(value) + key.size();
        if (const std::string* text = value.if_string()) {
            bytes += text->size();
        } else if (value.if_array() != nullptr || value.if_object() != nullptr) {
            bytes += 4 * codec::to_json(value).size();
        }
    }
    return bytes;
}

Result<OtlpTraces> decode_otlp_traces(std::string_view protobuf) {
    return decode_request<OtlpSpan>(protobuf);
}
Result<OtlpLogs> decode_otlp_logs(std::string_view protobuf) {
    return decode_request<OtlpLogRecord>(protobuf);
}
Result<OtlpMetrics> decode_otlp_metrics(std::string_view protobuf) {
    return decode_request<OtlpMetric>(protobuf);
}

}  // namespace qd::telemetry
