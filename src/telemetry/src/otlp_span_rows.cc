// Spans as Application Insights rows, the way the Azure Monitor exporter maps them (collector
// contrib, azuremonitorexporter), but reading both generations of the HTTP, database and network
// conventions: the exporter itself only knows the new ones and loses url and result code of spans
// from older SDKs.
#include "otlp_row_context.h"
#include "qd/codec/json.h"
#include "semantic_conventions.h"

#include <array>
#include <charconv>
#include <cmath>

namespace qd::telemetry {

namespace {

enum class Protocol : std::uint8_t { Rpc, Http, Database, Messaging, None };

Protocol protocol_of(const Attributes& attributes) {
    // The exporter's order of tests.
    static constexpr std::pair<std::string_view, Protocol> kTests[] = {
        {"rpc.system", Protocol::Rpc},
        {"http.request.method", Protocol::Http},
        {"db.system.name", Protocol::Database},
        {"messaging.system", Protocol::Messaging}};
    for (const auto& [name, protocol] : kTests) {
        if (convention(attributes, name) != nullptr) {
            return protocol;
        }
    }
    return Protocol::None;
}

constexpr std::int64_t kServer = 2;
constexpr std::int64_t kConsumer = 5;
constexpr std::int64_t kStatusError = 2;

std::string with_slash(std::string_view route) {
    return route.empty() || route.front() == '/' ? std::string(route) : "/" + std::string(route);
}

std::string host_with_port(const Attributes& attributes) {
    std::string host = convention_text(attributes, "server.address");
    const std::string port = convention_text(attributes, "server.port");
    if (!host.empty() && !port.empty() && host.find(':') == std::string::npos) {
        host += ":" + port;
    }
    return host;
}

std::string url_of(const Attributes& attributes) {
    if (const std::string full = convention_text(attributes, "url.full"); !full.empty()) {
        return full;
    }
    const std::string scheme = convention_text(attributes, "url.scheme");
    const std::string host = host_with_port(attributes);
    const std::string path = convention_text(attributes, "url.path");
    if (scheme.empty() || host.empty()) {
        return path;
    }
    std::string url = scheme + "://" + host + with_slash(path);
    if (const std::string query = convention_text(attributes, "url.query"); !query.empty()) {
        url += query.front() == '?' ? query : "?" + query;
    }
    return url;
}

std::string host_of_url(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) {
        return {};
    }
    url.remove_prefix(scheme + 3);
    return std::string(url.substr(0, url.find_first_of("/?#")));
}

std::string result_code(const OtlpSpan& span, Protocol protocol) {
    if (protocol == Protocol::Http) {
        const std::string code = convention_text(span.attributes, "http.response.status_code");
        return code.empty() ? std::to_string(span.status_code) : code;
    }
    if (protocol == Protocol::Rpc) {
        const std::string code = convention_text(span.attributes, "rpc.grpc.status_code");
        return code.empty() ? "0" : code;
    }
    return std::to_string(span.status_code);
}

bool succeeded(const OtlpSpan& span, Protocol protocol, const std::string& code) {
    int number = 0;
    const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), number);
    if (protocol == Protocol::Http && error == std::errc() && number >= 100) {
        return number <= 399 && span.status_code != kStatusError;
    }
    return span.status_code != kStatusError;
}

std::string request_name(const OtlpSpan& span, Protocol protocol) {
    if (protocol == Protocol::Http) {
        const std::string route = convention_text(span.attributes, "http.route");
        if (!route.empty()) {
            return convention_text(span.attributes, "http.request.method") + " " +
                   with_slash(route);
        }
    }
    return span.name;
}

/// Rows one kept span stands for, when its sampling threshold is known (tracestate "ot=th:…").
std::int64_t item_count(const OtlpSpan& span) {
    const std::size_t at = span.trace_state.find("th:");
    if (at == std::string::npos || span.trace_state.find("ot=") == std::string::npos) {
        return 1;
    }
    std::string digits;
    for (std::size_t i = at + 3; i < span.trace_state.size() && digits.size() < 14; ++i) {
        const char c = span.trace_state[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            break;
        }
        digits += c;
    }
    if (digits.empty()) {
        return 1;
    }
    digits.append(14 - digits.size(), '0');
    std::uint64_t threshold = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), threshold, 16);
    const double kept = 1.0 - static_cast<double>(threshold) * 0x1.0p-56;
    return kept <= 0 ? 1 : static_cast<std::int64_t>(std::lround(1.0 / kept));
}

void put_common(RowBuilder& row, const OtlpSpan& span, const OtlpGroup<OtlpSpan>& group,
                Timestamp arrival) {
    row.time("TimeGenerated", time_or(span.start_ns, arrival));
    row.text("Id", span.span_id);
    row.text("OperationId", span.trace_id);
    row.text("ParentId", span.parent_span_id);
    row.text("UserId", convention_text(span.attributes, "enduser.id"));
    row.text("SyntheticSource", convention_text(span.attributes, "user_agent.synthetic.type"));
    put_resource(row, group.resource);
    row.integer("ItemCount", item_count(span));
    row.text("ClientType", "PC");
    row.text("Type", row.table());
    const double ms =
        span.end_ns > span.start_ns ? static_cast<double>(span.end_ns - span.start_ns) * 1e-6 : 0.0;
    row.number("DurationMs", ms);
    Object properties = properties_of(span.attributes, group.resource, group.scope);
    if (span.status_code != 0) {
        static constexpr std::array<std::string_view, 3> kNames = {"Unset", "Ok", "Error"};
        properties.set("otel.status_code",
                       kNames[static_cast<std::size_t>(span.status_code) % kNames.size()]);
    }
    if (!span.status_message.empty()) {
        properties.set("otel.status_description", span.status_message);
    }
    if (!span.links.empty()) {
        Array links;
        for (const OtlpLink& link : span.links) {
            Object one;
            one.set("operation_Id", link.trace_id);
            one.set("id", link.span_id);
            links.push_back(std::move(one));
        }
        properties.set("_MS.links", codec::to_json(Value(std::move(links))));
    }
    row.value("Properties", Value(std::move(properties)));
}

void put_request(RowBuilder& row, const OtlpSpan& span, Protocol protocol) {
    const std::string code = result_code(span, protocol);
    const std::string name = request_name(span, protocol);
    row.text("Name", name);
    row.text("OperationName", name);
    row.text("ResultCode", code);
    row.boolean("Success", succeeded(span, protocol, code));
    row.text("Url", protocol == Protocol::Rpc ? span.name : url_of(span.attributes));
    std::string source = convention_text(span.attributes, "client.address");
    if (source.empty()) {
        source = convention_text(span.attributes, "network.peer.address");
    }
    row.text("Source", source);
    row.text("ClientIP", source);
}

void put_dependency(RowBuilder& row, const OtlpSpan& span, Protocol protocol) {
    const std::string code = result_code(span, protocol);
    const Attributes& attributes = span.attributes;
    std::string type;
    std::string name = span.name;
    std::string data;
    std::string target = host_with_port(attributes);
    switch (protocol) {
        case Protocol::Http: {
            type = "HTTP";
            const std::string route = convention_text(attributes, "http.route");
            const std::string method = convention_text(attributes, "http.request.method");
            name = route.empty() ? method : method + " " + with_slash(route);
            data = url_of(attributes);
            if (const std::string host = host_of_url(data); !host.empty()) {
                target = host;
            }
            break;
        }
        case Protocol::Database:
            type = convention_text(attributes, "db.system.name");
            data = convention_text(attributes, "db.query.text");
            if (data.empty()) {
                data = convention_text(attributes, "db.operation.name");
            }
            break;
        case Protocol::Rpc:
            type = convention_text(attributes, "rpc.system");
            data = span.name;
            break;
        case Protocol::Messaging:
            type = convention_text(attributes, "messaging.system");
            if (target.empty()) {
                target = convention_text(attributes, "messaging.destination.name");
            }
            break;
        case Protocol::None:
            type = span.kind <= 1 ? "InProc" : "";
            break;
    }
    if (target.empty()) {
        target = convention_text(attributes, "network.peer.address");
    }
    row.text("DependencyType", span.kind <= 1 && protocol == Protocol::None ? "InProc" : type);
    row.text("Name", name);
    row.text("Data", data);
    row.text("Target", target);
    row.text("ResultCode", code);
    row.boolean("Success", succeeded(span, protocol, code));
}

Status put_exception(TableSet& tables, const OtlpSpan& span, const OtlpEvent& event,
                     const OtlpGroup<OtlpSpan>& group, Timestamp arrival) {
    QD_TRY(RowBuilder * row, tables.table("AppExceptions"));
    row->begin_row();
    row->time("TimeGenerated", time_or(event.time_ns, time_or(span.start_ns, arrival)));
    const std::string type = convention_text(event.attributes, "exception.type");
    const std::string message = convention_text(event.attributes, "exception.message");
    row->text("ExceptionType", type);
    row->text("OuterType", type);
    row->text("OuterMessage", message);
    row->text("InnermostType", type);
    row->text("InnermostMessage", message);
    row->text("Message", message);
    row->text("ProblemId", type);
    row->integer("SeverityLevel", 3);
    row->text("OperationId", span.trace_id);
    row->text("ParentId", span.span_id);
    put_resource(*row, group.resource);
    row->integer("ItemCount", item_count(span));
    row->text("Type", "AppExceptions");
    Object detail;
    detail.set("type", type);
    detail.set("message", message);
    detail.set("rawStack", convention_text(event.attributes, "exception.stacktrace"));
    row->value("Details", Value(Array{Value(std::move(detail))}));
    row->value("Properties", Value(properties_of(event.attributes, group.resource, group.scope)));
    return ok_status();
}

Status put_otel_span(TableSet& tables, const OtlpSpan& span, const OtlpGroup<OtlpSpan>& group,
                     Timestamp arrival) {
    static constexpr std::array<std::string_view, 6> kKinds = {
        "Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"};
    static constexpr std::array<std::string_view, 3> kStatus = {"Unset", "Ok", "Error"};
    QD_TRY(RowBuilder * row, tables.table("OTelSpans"));
    row->begin_row();
    row->time("TimeGenerated", time_or(span.start_ns, arrival));
    row->time("EndTime", time_or(span.end_ns, arrival));
    row->text("Name", span.name);
    row->text("SpanId", span.span_id);
    row->text("ParentSpanId", span.parent_span_id);
    row->text("TraceId", span.trace_id);
    row->text("TraceState", span.trace_state);
    row->text("Kind", kKinds[static_cast<std::size_t>(span.kind) % kKinds.size()]);
    row->text("StatusCode", kStatus[static_cast<std::size_t>(span.status_code) % kStatus.size()]);
    row->text("StatusMessage", span.status_message);
    row->text("ScopeName", group.scope.name);
    row->text("ScopeVersion", group.scope.version);
    row->value("Attributes", Value(to_object(span.attributes)));
    row->value("ResourceAttributes", Value(to_object(group.resource.attributes)));
    row->text("ServiceName", convention_text(group.resource.attributes, "service.name"));
    row->text("ServiceNamespace", convention_text(group.resource.attributes, "service.namespace"));
    row->text("ServiceVersion", convention_text(group.resource.attributes, "service.version"));
    row->text("ServiceInstanceId",
              convention_text(group.resource.attributes, "service.instance.id"));
    row->text("RoleName", role_name(group.resource.attributes));
    row->integer("ItemCount", item_count(span));
    row->number("DurationMs", span.end_ns > span.start_ns
                                  ? static_cast<double>(span.end_ns - span.start_ns) * 1e-6
                                  : 0.0);
    row->text("Type", "OTelSpans");
    return ok_status();
}

bool valid_ids(const OtlpSpan& span) {
    return span.trace_id.size() == 32 && span.span_id.size() == 16 &&
           (span.parent_span_id.empty() || span.parent_span_id.size() == 16);
}

bool all_zero(std::string_view id) {
    return id.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

Result<MappedRows> map_spans(const OtlpTraces& traces, RowSink& sink, Timestamp arrival) {
    TableSet tables(sink);
    std::int64_t rejected = 0;
    for (const OtlpGroup<OtlpSpan>& group : traces) {
        for (const OtlpSpan& span : group.items) {
            if (!valid_ids(span) || all_zero(span.trace_id) || all_zero(span.span_id)) {
                ++rejected;
                continue;
            }
            const Protocol protocol = protocol_of(span.attributes);
            const bool request = span.kind == kServer || span.kind == kConsumer;
            QD_TRY(RowBuilder * row, tables.table(request ? "AppRequests" : "AppDependencies"));
            row->begin_row();
            put_common(*row, span, group, arrival);
            if (request) {
                put_request(*row, span, protocol);
            } else {
                put_dependency(*row, span, protocol);
            }
            QD_CHECK_OK(put_otel_span(tables, span, group, arrival));
            for (const OtlpEvent& event : span.events) {
                if (event.name == "exception") {
                    QD_CHECK_OK(put_exception(tables, span, event, group, arrival));
                }
            }
        }
    }
    MappedRows rows = tables.finish();
    rows.rejected = rejected;
    if (rejected > 0) {
        rows.rejected_why = "trace id must be 16 bytes and span id 8 bytes, not all zero";
    }
    return rows;
}

}  // namespace qd::telemetry
