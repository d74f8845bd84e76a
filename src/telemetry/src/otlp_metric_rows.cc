// Metric points as AppMetrics rows: one row a point, as the Azure Monitor exporter does (gauge and
// sum: value with count 1; histogram and summary: sum, count, min, max). What that form cannot hold
// (buckets, bounds, quantiles, temporality) is kept in Properties under the reserved prefix
// "otel.", so nothing the sender measured is lost.
#include "otlp_row_context.h"
#include "qd/codec/json.h"
#include "semantic_conventions.h"

namespace qd::telemetry {

namespace {

Array to_array(const std::vector<std::uint64_t>& numbers) {
    Array out;
    for (const std::uint64_t number : numbers) {
        out.push_back(static_cast<std::int64_t>(number));
    }
    return out;
}

void put_detail(Object& properties, const OtlpMetric& metric, const OtlpPoint& point) {
    if (!metric.unit.empty()) {
        properties.set("otel.unit", metric.unit);
    }
    if (metric.kind == OtlpMetricKind::Sum || metric.kind == OtlpMetricKind::Histogram) {
        properties.set("otel.temporality", metric.temporality == 1 ? "delta" : "cumulative");
    }
    if (metric.kind == OtlpMetricKind::Histogram && !point.buckets.empty()) {
        Array bounds;
        for (const double bound : point.bounds) {
            bounds.push_back(bound);
        }
        properties.set("otel.bounds", codec::to_json(Value(std::move(bounds))));
        properties.set("otel.buckets", codec::to_json(Value(to_array(point.buckets))));
    }
    if (metric.kind == OtlpMetricKind::ExponentialHistogram) {
        Object exponential;
        exponential.set("scale", point.scale);
        exponential.set("zeroCount", static_cast<std::int64_t>(point.zero_count));
        exponential.set("positiveOffset", point.positive_offset);
        exponential.set("positive", to_array(point.positive));
        exponential.set("negativeOffset", point.negative_offset);
        exponential.set("negative", to_array(point.negative));
        properties.set("otel.exponential", codec::to_json(Value(std::move(exponential))));
    }
    if (metric.kind == OtlpMetricKind::Summary) {
        Array quantiles;
        for (const auto& [quantile, value] : point.quantiles) {
            quantiles.push_back(Array{Value(quantile), Value(value)});
        }
        properties.set("otel.quantiles", codec::to_json(Value(std::move(quantiles))));
    }
}

void put_point(RowBuilder& row, const OtlpMetric& metric, const OtlpPoint& point,
               const OtlpGroup<OtlpMetric>& group, Timestamp arrival) {
    row.begin_row();
    row.time("TimeGenerated", time_or(point.time_ns, arrival));
    row.text("Name", metric.name);
    const bool number = metric.kind == OtlpMetricKind::Gauge || metric.kind == OtlpMetricKind::Sum;
    row.number("Sum", number ? point.value : point.sum);
    row.integer("ItemCount", number ? 1 : static_cast<std::int64_t>(point.count));
    row.number("Min", number ? point.value : point.has_min ? point.min : 0);
    row.number("Max", number ? point.value : point.has_max ? point.max : 0);
    put_resource(row, group.resource);
    row.text("Type", "AppMetrics");
    Object properties = properties_of(point.attributes, group.resource, group.scope);
    put_detail(properties, metric, point);
    row.value("Properties", Value(std::move(properties)));
}

}  // namespace

Result<MappedRows> map_metrics(const OtlpMetrics& metrics, RowSink& sink, Timestamp arrival) {
    TableSet tables(sink);
    QD_TRY(RowBuilder * row, tables.table("AppMetrics"));
    for (const OtlpGroup<OtlpMetric>& group : metrics) {
        for (const OtlpMetric& metric : group.items) {
            for (const OtlpPoint& point : metric.points) {
                // A stale marker has no value; the absence of later points says the same.
                if (!point.no_recorded_value) {
                    put_point(*row, metric, point, group, arrival);
                }
            }
        }
    }
    return tables.finish();
}

}  // namespace qd::telemetry
