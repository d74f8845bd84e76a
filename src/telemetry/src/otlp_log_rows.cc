// Log records as rows: AppTraces by default, AppExceptions when the record carries exception.type,
// KubeEvents for the events receiver (k8s.event.* attributes) and for Event objects in the body
// (the objects receiver, pulling or watching), ContainerLogV2 for container log lines
// (log.iostream). Severity: OpenTelemetry's 1..24 in fours to Application Insights' 0..4.
#include "otlp_row_context.h"
#include "qd/codec/json.h"
#include "semantic_conventions.h"

#include <initializer_list>

namespace qd::telemetry {

namespace {

std::int64_t severity_level(std::int64_t number) {
    if (number <= 0) {
        return 1;
    }
    return number <= 8 ? 0 : number <= 12 ? 1 : number <= 16 ? 2 : number <= 20 ? 3 : 4;
}

std::string_view level_text(std::int64_t number) {
    return number <= 0    ? "UNKNOWN"
           : number <= 4  ? "TRACE"
           : number <= 8  ? "DEBUG"
           : number <= 12 ? "INFO"
           : number <= 16 ? "WARNING"
           : number <= 20 ? "ERROR"
                          : "CRITICAL";
}

/// An attribute of the record or of its resource.
std::string from_either(const OtlpLogRecord& record, const OtlpResource& resource,
                        std::string_view name) {
    std::string text = convention_text(record.attributes, name);
    return text.empty() ? convention_text(resource.attributes, name) : text;
}

Timestamp record_time(const OtlpLogRecord& record, Timestamp arrival) {
    return time_or(record.time_ns, time_or(record.observed_ns, arrival));
}

void put_kube_event(RowBuilder& row, const OtlpLogRecord& record, const OtlpResource& resource,
                    Timestamp arrival) {
    row.begin_row();
    row.time("TimeGenerated", record_time(record, arrival));
    row.text("Reason", from_either(record, resource, "k8s.event.reason"));
    row.text("Message", attribute_text(record.body));
    row.text("Name", from_either(record, resource, "k8s.object.name"));
    row.text("ObjectKind", from_either(record, resource, "k8s.object.kind"));
    row.text("Namespace", from_either(record, resource, "k8s.namespace.name"));
    row.text("Computer", from_either(record, resource, "k8s.node.name"));
    row.text("ClusterName", from_either(record, resource, "k8s.cluster.name"));
    row.text("ClusterId", from_either(record, resource, "k8s.cluster.uid"));
    row.text("KubeEventType", record.severity_text.empty() ? "Normal" : record.severity_text);
    row.text("Count", from_either(record, resource, "k8s.event.count"));
    row.text("FirstSeen", from_either(record, resource, "k8s.event.start_time"));
    row.time("LastSeen", record_time(record, arrival));
    row.text("SourceComponent", from_either(record, resource, "k8s.event.reporting_controller"));
    row.text("Type", "KubeEvents");
}

/// The Kubernetes Event in a record's body: the object itself, or a watch's {type, object}.
const Value* event_object(const Value& body) {
    const Value* object = body.get("object") != nullptr ? body.get("object") : &body;
    const Value* kind = object->get("kind");
    const Value* version = object->get("apiVersion");
    if (kind == nullptr || version == nullptr || kind->string_or("") != "Event") {
        return nullptr;
    }
    const std::string_view api = version->string_or("");
    return api == "v1" || api.starts_with("events.k8s.io/") ? object : nullptr;
}

/// The first of several members that says anything; core/v1 and events.k8s.io/v1 name them apart.
const Value* first_of(const Value& object,
                      std::initializer_list<std::initializer_list<std::string_view>> paths) {
    for (const auto& path : paths) {
        const Value* found = object.at(path);
        if (found != nullptr && !found->is_null() && found->string_or("-") != "") {
            return found;
        }
    }
    return nullptr;
}

void put_event_object(RowBuilder& row, const Value& event, const OtlpLogRecord& record,
                      const OtlpResource& resource, Timestamp arrival) {
    const auto put = [&](std::string_view column,
                         std::initializer_list<std::initializer_list<std::string_view>> paths) {
        if (const Value* found = first_of(event, paths)) {
            row.value(column, *found);
        }
    };
    const Value* seen = first_of(event, {{"lastTimestamp"},
                                         {"deprecatedLastTimestamp"},
                                         {"series", "lastObservedTime"},
                                         {"eventTime"},
                                         {"metadata", "creationTimestamp"}});
    const auto last = parse_iso_timestamp(seen == nullptr ? "" : seen->string_or(""));
    row.begin_row();
    row.time("TimeGenerated", record_time(record, last.value_or(arrival)));
    put("ObjectKind", {{"involvedObject", "kind"}, {"regarding", "kind"}});
    put("Name", {{"involvedObject", "name"}, {"regarding", "name"}});
    put("Namespace",
        {{"involvedObject", "namespace"}, {"regarding", "namespace"}, {"metadata", "namespace"}});
    put("Reason", {{"reason"}});
    put("Message", {{"message"}, {"note"}});
    put("KubeEventType", {{"type"}});
    put("SourceComponent", {{"source", "component"},
                            {"deprecatedSource", "component"},
                            {"reportingComponent"},
                            {"reportingController"}});
    put("Computer", {{"source", "host"}, {"deprecatedSource", "host"}});
    put("FirstSeen", {{"firstTimestamp"}, {"deprecatedFirstTimestamp"}, {"eventTime"}});
    if (last) {
        row.time("LastSeen", *last);
    }
    put("Count", {{"count"}, {"deprecatedCount"}});
    row.text("ClusterName", from_either(record, resource, "k8s.cluster.name"));
    row.text("ClusterId", from_either(record, resource, "k8s.cluster.uid"));
    row.text("Type", "KubeEvents");
}

void put_container_log(RowBuilder& row, const OtlpLogRecord& record, const OtlpResource& resource,
                       Timestamp arrival) {
    row.begin_row();
    row.time("TimeGenerated", record_time(record, arrival));
    row.text("Computer", from_either(record, resource, "k8s.node.name"));
    row.text("ContainerId", from_either(record, resource, "container.id"));
    row.text("ContainerName", from_either(record, resource, "k8s.container.name"));
    row.text("PodName", from_either(record, resource, "k8s.pod.name"));
    row.text("PodNamespace", from_either(record, resource, "k8s.namespace.name"));
    row.text("LogSource", from_either(record, resource, "log.iostream"));
    row.text("LogLevel", level_text(record.severity_number));
    Value message = record.body;
    if (const std::string* text = record.body.if_string();
        text != nullptr && !text->empty() && (text->front() == '{' || text->front() == '[')) {
        if (auto parsed = codec::parse_json(*text); parsed.ok()) {
            message = std::move(parsed).value();
        }
    }
    row.value("LogMessage", message);
    row.text("_ResourceId", from_either(record, resource, "k8s.cluster.uid"));
    row.text("Type", "ContainerLogV2");
}

void put_app_row(RowBuilder& row, const OtlpLogRecord& record,
                 const OtlpGroup<OtlpLogRecord>& group, Timestamp arrival, bool exception) {
    row.begin_row();
    row.time("TimeGenerated", record_time(record, arrival));
    row.integer("SeverityLevel", severity_level(record.severity_number));
    row.text("OperationId", record.trace_id);
    row.text("ParentId", record.span_id);
    put_resource(row, group.resource);
    row.integer("ItemCount", 1);
    row.text("Type", row.table());
    Object properties = properties_of(record.attributes, group.resource, group.scope);
    if (!record.event_name.empty()) {
        properties.set("event.name", record.event_name);
    }
    if (!record.severity_text.empty()) {
        properties.set("SeverityText", record.severity_text);
    }
    row.value("Properties", Value(std::move(properties)));
    if (exception) {
        const std::string type = convention_text(record.attributes, "exception.type");
        const std::string message = convention_text(record.attributes, "exception.message");
        row.text("ExceptionType", type);
        row.text("OuterType", type);
        row.text("InnermostType", type);
        row.text("Message", message);
        row.text("OuterMessage", message);
        row.text("InnermostMessage", message);
        row.text("ProblemId", type);
        Object detail;
        detail.set("type", type);
        detail.set("message", message);
        detail.set("rawStack", convention_text(record.attributes, "exception.stacktrace"));
        row.value("Details", Value(Array{Value(std::move(detail))}));
    } else {
        std::string message = attribute_text(record.body);
        row.text("Message", message.empty() ? record.event_name : message);
    }
}

}  // namespace

Result<MappedRows> map_logs(const OtlpLogs& logs, RowSink& sink, Timestamp arrival) {
    TableSet tables(sink);
    for (const OtlpGroup<OtlpLogRecord>& group : logs) {
        for (const OtlpLogRecord& record : group.items) {
            if (const Value* event = event_object(record.body)) {
                QD_TRY(RowBuilder * row, tables.table("KubeEvents"));
                put_event_object(*row, *event, record, group.resource, arrival);
            } else if (!from_either(record, group.resource, "k8s.event.reason").empty()) {
                QD_TRY(RowBuilder * row, tables.table("KubeEvents"));
                put_kube_event(*row, record, group.resource, arrival);
            } else if (!from_either(record, group.resource, "log.iostream").empty()) {
                QD_TRY(RowBuilder * row, tables.table("ContainerLogV2"));
                put_container_log(*row, record, group.resource, arrival);
            } else {
                const bool exception =
                    find_attribute(record.attributes, "exception.type") != nullptr;
                QD_TRY(RowBuilder * row, tables.table(exception ? "AppExceptions" : "AppTraces"));
                put_app_row(*row, record, group, arrival, exception);
            }
        }
    }
    return tables.finish();
}

}  // namespace qd::telemetry
