// Application Insights envelopes to rows. Source: ApplicationInsights-Home, EndpointSpecs (schemas
// and response form); the tag and property limits of the service are applied by truncation, as it
// does.
#include "qd/telemetry/breeze.h"

#include "otlp_row_context.h"
#include "qd/codec/json.h"

#include <cmath>

namespace qd::telemetry {

namespace {

struct TagColumn {
    std::string_view tag;
    std::string_view column;
};
constexpr TagColumn kTags[] = {
    {"ai.cloud.role", "AppRoleName"},
    {"ai.cloud.roleInstance", "AppRoleInstance"},
    {"ai.operation.id", "OperationId"},
    {"ai.operation.name", "OperationName"},
    {"ai.operation.parentId", "ParentId"},
    {"ai.operation.syntheticSource", "SyntheticSource"},
    {"ai.application.ver", "AppVersion"},
    {"ai.session.id", "SessionId"},
    {"ai.user.id", "UserId"},
    {"ai.user.authUserId", "UserAuthenticatedId"},
    {"ai.user.accountId", "UserAccountId"},
    {"ai.device.type", "ClientType"},
    {"ai.device.model", "ClientModel"},
    {"ai.device.osVersion", "ClientOS"},
    {"ai.internal.sdkVersion", "SDKVersion"},
};

/// Members of baseData that go to a column by name alone.
struct MemberColumn {
    std::string_view member;
    std::string_view column;
};
struct Kind {
    std::string_view base_type;
    std::string_view table;
    std::string_view client_type;
    std::vector<MemberColumn> members;
};

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> kKinds = {
        {"RequestData",
         "AppRequests",
         "PC",
         {{"id", "Id"},
          {"name", "Name"},
          {"source", "Source"},
          {"url", "Url"},
          {"responseCode", "ResultCode"},
          {"success", "Success"}}},
        {"RemoteDependencyData",
         "AppDependencies",
         "PC",
         {{"id", "Id"},
          {"name", "Name"},
          {"data", "Data"},
          {"target", "Target"},
          {"type", "DependencyType"},
          {"resultCode", "ResultCode"},
          {"success", "Success"}}},
        {"AvailabilityData",
         "AppAvailabilityResults",
         "PC",
         {{"id", "Id"},
          {"name", "Name"},
          {"success", "Success"},
          {"runLocation", "Location"},
          {"message", "Message"}}},
        {"PageViewData",
         "AppPageViews",
         "Browser",
         {{"id", "Id"}, {"name", "Name"}, {"url", "Url"}}},
        {"PageViewPerfData", "AppBrowserTimings", "Browser", {{"name", "Name"}, {"url", "Url"}}},
        {"EventData", "AppEvents", "PC", {{"name", "Name"}}},
        {"MessageData", "AppTraces", "PC", {{"message", "Message"}}},
        {"ExceptionData", "AppExceptions", "PC", {}},
        {"MetricData", "AppMetrics", "PC", {}},
    };
    return kKinds;
}

const Kind* find_kind(std::string_view base_type) {
    for (const Kind& kind : kinds()) {
        if (kind.base_type == base_type) {
            return &kind;
        }
    }
    return nullptr;
}

std::int64_t severity_of(const Value* level) {
    if (level == nullptr) {
        return 1;
    }
    if (const std::int64_t* number = level->if_int()) {
        return *number;
    }
    static constexpr std::string_view kNames[] = {"Verbose", "Information", "Warning", "Error",
                                                  "Critical"};
    for (std::size_t i = 0; i < std::size(kNames); ++i) {
        if (level->string_or("") == kNames[i]) {
            return static_cast<std::int64_t>(i);
        }
    }
    return 1;
}

void put_value_text(RowBuilder& row, std::string_view column, const Value& value) {
    if (value.if_string() != nullptr || value.if_bool() != nullptr) {
        row.value(column, value);
    } else if (!value.is_null()) {
        row.text(column, codec::to_json(value));
    }
}

std::int64_t item_count(const Value& envelope) {
    const Value* rate = envelope.get("sampleRate");
    const double percent = rate == nullptr ? 100 : rate->number_or(100);
    return percent > 0 && percent <= 100 ? std::max<std::int64_t>(std::llround(100 / percent), 1)
                                         : 1;
}

void put_envelope(RowBuilder& row, const Value& envelope, const Value& data, const Kind& kind,
                  std::string_view peer, Timestamp arrival) {
    const Value* time = envelope.get("time");
    const auto event = time == nullptr ? std::nullopt : parse_iso_timestamp(time->string_or(""));
    row.time("TimeGenerated", event.value_or(arrival));
    if (const Value* key = envelope.get("iKey")) {
        row.text("IKey", key->string_or(""));
    }
    if (const Value* tags = envelope.get("tags")) {
        for (const TagColumn& one : kTags) {
            if (const Value* tag = tags->get(one.tag)) {
                put_value_text(row, one.column, *tag);
            }
        }
        const Value* ip = tags->get("ai.location.ip");
        row.text("ClientIP", ip == nullptr ? peer : ip->string_or(peer));
    } else {
        row.text("ClientIP", peer);
    }
    if (!row.has("ClientType")) {
        row.text("ClientType", kind.client_type);
    }
    if (const Value* properties = data.get("properties")) {
        row.value("Properties", *properties);
    }
    if (const Value* measurements = data.get("measurements")) {
        row.value("Measurements", *measurements);
    }
    row.text("Type", row.table());
    for (const MemberColumn& one : kind.members) {
        if (const Value* member = data.get(one.member)) {
            put_value_text(row, one.column, *member);
        }
    }
    if (const Value* duration = data.get("duration")) {
        if (const auto ms = breeze_duration_ms(duration->string_or(""))) {
            row.number("DurationMs", *ms);
        }
    }
}

/// "    at inner (/srv/app/index.js:10:3)" and its siblings: the method.
std::string method_of_stack(std::string_view stack) {
    const std::size_t at = stack.find("at ");
    if (at == std::string_view::npos) {
        return {};
    }
    stack.remove_prefix(at + 3);
    return std::string(stack.substr(0, stack.find_first_of(" (\n")));
}

void put_exception(RowBuilder& row, const Value& data) {
    const Value* list = data.get("exceptions");
    const Array* exceptions = list == nullptr ? nullptr : list->if_array();
    if (exceptions != nullptr && !exceptions->empty()) {
        const auto text = [](const Value& one, std::string_view key) {
            const Value* found = one.get(key);
            return std::string(found == nullptr ? "" : found->string_or(""));
        };
        const Value& outer = exceptions->front();
        const Value& inner = exceptions->back();
        row.text("ExceptionType", text(outer, "typeName"));
        row.text("OuterType", text(outer, "typeName"));
        row.text("OuterMessage", text(outer, "message"));
        row.text("Message", text(outer, "message"));
        row.text("InnermostType", text(inner, "typeName"));
        row.text("InnermostMessage", text(inner, "message"));
        std::string method;
        std::string assembly;
        const Value* parsed = outer.get("parsedStack");
        if (const Array* frames = parsed == nullptr ? nullptr : parsed->if_array();
            frames != nullptr && !frames->empty()) {
            method = text(frames->front(), "method");
            assembly = text(frames->front(), "assembly");
        } else {
            method = method_of_stack(text(outer, "stack"));
        }
        row.text("Method", method);
        row.text("OuterMethod", method);
        row.text("Assembly", assembly);
        row.text("OuterAssembly", assembly);
        const Value* problem = data.get("problemId");
        row.text("ProblemId", problem != nullptr && !problem->string_or("").empty()
                                  ? problem->string_or("")
                              : method.empty() ? text(outer, "typeName")
                                               : text(outer, "typeName") + " at " + method);
        row.value("Details", *list);
    }
    const Value* level = data.get("severityLevel");
    row.integer("SeverityLevel", level == nullptr ? 3 : severity_of(level));
}

/// Every metric of the item is a row of its own.
void put_metrics(RowBuilder& row, const Value& envelope, const Value& data, const Kind& kind,
                 std::string_view peer, Timestamp arrival) {
    const Value* list = data.get("metrics");
    const Array* metrics = list == nullptr ? nullptr : list->if_array();
    if (metrics == nullptr) {
        return;
    }
    for (const Value& metric : *metrics) {
        row.begin_row();
        put_envelope(row, envelope, data, kind, peer, arrival);
        const auto number = [&](std::string_view key, double otherwise) {
            const Value* found = metric.get(key);
            return found == nullptr ? otherwise : found->number_or(otherwise);
        };
        const double value = number("value", 0);
        const Value* name = metric.get("name");
        row.text("Name", name == nullptr ? "" : name->string_or(""));
        row.number("Sum", value);
        row.number("Min", number("min", value));
        row.number("Max", number("max", value));
        row.integer("ItemCount", static_cast<std::int64_t>(number("count", 1)));
    }
}

void put_browser_timings(RowBuilder& row, const Value& data) {
    static constexpr std::pair<std::string_view, std::string_view> kParts[] = {
        {"perfTotal", "TotalDurationMs"},
        {"networkConnect", "NetworkDurationMs"},
        {"sentRequest", "SendDurationMs"},
        {"receivedResponse", "ReceiveDurationMs"},
        {"domProcessing", "ProcessingDurationMs"}};
    for (const auto& [member, column] : kParts) {
        if (const Value* part = data.get(member)) {
            if (const auto ms = breeze_duration_ms(part->string_or(""))) {
                row.number(column, *ms);
            }
        }
    }
}

bool known_key(const Value& envelope, const std::vector<std::string>& known) {
    if (known.empty()) {
        return true;
    }
    const Value* key = envelope.get("iKey");
    for (const std::string& one : known) {
        if (key != nullptr && key->string_or("") == one) {
            return true;
        }
    }
    return false;
}

/// Empty when the item was taken, else why not.
Result<std::string> add_item(TableSet& tables, const Value& envelope,
                             const std::vector<std::string>& known_keys, std::string_view peer,
                             Timestamp arrival) {
    if (envelope.if_object() == nullptr) {
        return std::string("Item is not a JSON object");
    }
    if (!known_key(envelope, known_keys)) {
        return std::string("Invalid instrumentation key");
    }
    const Value* base_type = envelope.at({"data", "baseType"});
    const Value* data = envelope.at({"data", "baseData"});
    if (base_type == nullptr || data == nullptr || data->if_object() == nullptr) {
        return std::string("Field 'data' is missing or malformed");
    }
    const Kind* kind = find_kind(base_type->string_or(""));
    if (kind == nullptr) {
        return "Unknown item type: " + std::string(base_type->string_or(""));
    }
    QD_TRY(RowBuilder * row, tables.table(kind->table));
    if (kind->base_type == "MetricData") {
        put_metrics(*row, envelope, *data, *kind, peer, arrival);
        return std::string();
    }
    row->begin_row();
    put_envelope(*row, envelope, *data, *kind, peer, arrival);
    row->integer("ItemCount", item_count(envelope));
    if (kind->base_type == "ExceptionData") {
        put_exception(*row, *data);
    } else if (kind->base_type == "MessageData") {
        row->integer("SeverityLevel", severity_of(data->get("severityLevel")));
    } else if (kind->base_type == "PageViewPerfData") {
        put_browser_timings(*row, *data);
    } else if (kind->base_type == "RequestData" && !row->has("OperationName")) {
        const Value* name = data->get("name");
        row->text("OperationName", name == nullptr ? "" : name->string_or(""));
    }
    return std::string();
}

}  // namespace

std::optional<double> breeze_duration_ms(std::string_view text) {
    const auto ticks = parse_ticks(text);
    if (!ticks) {
        return std::nullopt;
    }
    return static_cast<double>(ticks->count) / static_cast<double>(Ticks::kMillisecond);
}

std::vector<Value> split_breeze_body(std::string_view body) {
    std::vector<Value> out;
    if (auto whole = codec::parse_json(body); whole.ok()) {
        if (Array* array = whole->if_array()) {
            return std::move(*array);
        }
        out.push_back(std::move(whole).value());
        return out;
    }
    while (!body.empty()) {
        const std::size_t end = body.find('\n');
        std::string_view line = body.substr(0, end);
        body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
            continue;
        }
        auto one = codec::parse_json(line);
        out.push_back(one.ok() ? std::move(one).value() : Value());
    }
    return out;
}

Result<BreezeAnswer> map_breeze(const std::vector<Value>& envelopes,
                                const std::vector<std::string>& known_keys, std::string_view peer,
                                RowSink& sink, Timestamp arrival) {
    BreezeAnswer answer;
    TableSet tables(sink);
    for (const Value& envelope : envelopes) {
        QD_TRY(std::string why, add_item(tables, envelope, known_keys, peer, arrival));
        if (why.empty()) {
            ++answer.accepted;
        } else {
            answer.errors.push_back(
                {.index = answer.received, .status = 400, .message = std::move(why)});
        }
        ++answer.received;
    }
    answer.rows = tables.finish();
    return answer;
}

std::string breeze_answer_body(const BreezeAnswer& answer, int& status) {
    status = answer.accepted == answer.received ? 200 : answer.accepted > 0 ? 206 : 400;
    Object body;
    body.set("itemsReceived", answer.received);
    body.set("itemsAccepted", answer.accepted);
    Array errors;
    for (const BreezeError& error : answer.errors) {
        Object one;
        one.set("index", error.index);
        one.set("statusCode", error.status);
        one.set("message", error.message);
        errors.push_back(std::move(one));
    }
    body.set("errors", std::move(errors));
    return codec::to_json(Value(std::move(body)));
}

}  // namespace qd::telemetry
