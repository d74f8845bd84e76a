// Whose record is it? An export names its table; a Graph object has Graph's members; a metric has a
// metricName; Entra's envelopes carry Entra's resource id or one of its categories; the activity
// log has a closed list of categories; everything else with a category is a resource log. Resource
// logs go to AzureDiagnostics by default, where every member becomes a column named by its path
// with a suffix for its type (_s _d _b _t _g) and what exceeds the table's width lands in
// AdditionalFields, as in the cloud; or, in resource-specific mode, to the table named after the
// category.
#include "qd/telemetry/azure_records.h"

#include "qd/codec/json.h"
#include "qd/telemetry/data_collector.h"
#include "record_members.h"

#include <algorithm>

namespace qd::telemetry {

namespace {

constexpr std::size_t kDiagnosticsColumnsMax = 500;
constexpr std::size_t kFlattenDepthMax = 8;

constexpr std::string_view kActivityCategories[] = {"administrative", "security", "servicehealth",
                                                    "resourcehealth", "alert",    "autoscale",
                                                    "recommendation", "policy"};

bool is_activity_category(std::string_view category) {
    const std::string folded = lower(category);
    return std::find(std::begin(kActivityCategories), std::end(kActivityCategories), folded) !=
           std::end(kActivityCategories);
}

std::string text_of(const Value& record, std::string_view name) {
    const Value* found = member_folded(record, name);
    if (found == nullptr || found->is_null()) {
        return {};
    }
    return found->if_string() != nullptr ? *found->if_string() : codec::to_json(*found);
}

void set_text(Object& row, std::string column, std::string text) {
    if (!text.empty()) {
        row.set(std::move(column), Value(std::move(text)));
    }
}

void set_resource(Object& row, const Value& record) {
    const std::string id = text_of(record, "resourceid");
    const ResourceId parts = parse_resource_id(id);
    set_text(row, "ResourceId", id);
    set_text(row, "_ResourceId", lower(id));
    set_text(row, "SubscriptionId", parts.subscription);
    set_text(row, "ResourceGroup", parts.group);
    set_text(row, "ResourceProvider", parts.provider);
    set_text(row, "ResourceType", parts.type);
    set_text(row, "Resource", parts.name);
}

void set_time(Object& row, const Value& record) {
    if (const Value* time = member_folded(record, "time")) {
        row.set("TimeGenerated", record_time(*time));
    }
}

/// The one who acted: the token's user, else its application.
std::string caller_of(const Value& claims) {
    for (const std::string_view claim :
         {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
          "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
          "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "appid"}) {
        if (const Value* found = claims.get(claim); found != nullptr && found->if_string()) {
            return *found->if_string();
        }
    }
    return {};
}

void set_both(Object& row, const std::string& column, const Value& value) {
    row.set(column, Value(codec::to_json(value)));
    row.set(column + "_d", value);
}

DiagnosticRecord from_activity_log(const Value& record) {
    Object row;
    set_time(row, record);
    set_resource(row, record);
    set_text(row, "ResourceProviderValue",
             parse_resource_id(text_of(record, "resourceid")).provider);
    set_text(row, "OperationNameValue", text_of(record, "operationname"));
    set_text(row, "CategoryValue", text_of(record, "category"));
    set_text(row, "ActivityStatusValue", text_of(record, "resulttype"));
    // "Started.", "Failed.NotFound": the substatus is what follows the first dot.
    const std::string signature = text_of(record, "resultsignature");
    const std::size_t dot = signature.find('.');
    set_text(row, "ActivitySubstatusValue",
             dot == std::string::npos ? signature : signature.substr(dot + 1));
    set_text(row, "Level", text_of(record, "level"));
    set_text(row, "CallerIpAddress", text_of(record, "calleripaddress"));
    set_text(row, "CorrelationId", text_of(record, "correlationid"));
    if (const Value* identity = member_folded(record, "identity");
        identity != nullptr && identity->if_object() != nullptr) {
        if (const Value* authorization = member_folded(*identity, "authorization")) {
            set_both(row, "Authorization", *authorization);
        }
        if (const Value* claims = member_folded(*identity, "claims")) {
            set_both(row, "Claims", *claims);
            set_text(row, "Caller", caller_of(*claims));
        }
    } else {
        set_text(row, "Caller", text_of(record, "identity"));
    }
    if (const Value properties = properties_of_record(record); !properties.is_null()) {
        set_text(row, "EventDataId", text_of(properties, "eventdataid"));
        set_text(row, "Hierarchy", text_of(properties, "hierarchy"));
        set_both(row, "Properties", properties);
    }
    return DiagnosticRecord{.table = "AzureActivity", .row = Value(std::move(row)), .added = {}};
}

DiagnosticRecord from_metric(const Value& record) {
    Object row;
    set_time(row, record);
    set_resource(row, record);
    for (const std::string_view name :
         {"metricname", "timegrain", "count", "total", "minimum", "maximum", "average"}) {
        if (const Value* value = member_folded(record, name)) {
            const std::string_view column = name == "metricname"  ? "MetricName"
                                            : name == "timegrain" ? "TimeGrain"
                                                                  : std::string_view();
            row.set(column.empty() ? pascal(name) : std::string(column), *value);
        }
    }
    set_text(row, "UnitName", text_of(record, "unit"));
    return DiagnosticRecord{.table = "AzureMetrics", .row = Value(std::move(row)), .added = {}};
}

/// Collects the columns of one AzureDiagnostics row.
class Flattener {
  public:
    Flattener(Object& row, const columns::Schema& existing, columns::Schema& added)
        : row_(row), existing_(existing), added_(added) {}

    void add(const std::string& name, const Value& value, std::size_t depth) {
        if (value.is_null()) {
            return;
        }
        if (const Object* members = value.if_object(); members != nullptr &&
                                                       depth < kFlattenDepthMax &&
                                                       members->size() <= kRecordMembersMax) {
            for (const auto& [key, inner] : *members) {
                add(name.empty() ? column_name(key) : name + "_" + column_name(key), inner,
                    depth + 1);
            }
            return;
        }
        auto cell = collector_cell(name, value, &existing_);
        if (!cell || row_.find(cell->column) != nullptr) {
            return;
        }
        const bool known = existing_.index_of(cell->column).has_value() ||
                           added_.index_of(cell->column).has_value();
        if (!known) {
            if (existing_.size() + added_.size() >= kDiagnosticsColumnsMax ||
                cell->column.size() > 128) {
                overflow_.set(name, value);
                return;
            }
            added_.fields.push_back({.name = cell->column, .type = cell->type});
        }
        row_.set(cell->column, std::move(cell->value));
    }

    void finish() {
        if (overflow_.empty()) {
            return;
        }
        if (!existing_.index_of("AdditionalFields") && !added_.index_of("AdditionalFields")) {
            added_.fields.push_back(
                {.name = "AdditionalFields", .type = columns::DataType::Dynamic});
        }
        row_.set("AdditionalFields", Value(std::move(overflow_)));
    }

  private:
    /// Column names hold letters, digits and underscores.
    static std::string column_name(std::string_view key) {
        std::string out;
        for (const char c : key) {
            const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '_';
            out += word ? c : '_';
        }
        return out.empty() || (out[0] >= '0' && out[0] <= '9') ? "_" + out : out;
    }

    Object& row_;
    const columns::Schema& existing_;
    columns::Schema& added_;
    Object overflow_;
};

DiagnosticRecord to_azure_diagnostics(const Value& record, const columns::Schema& schema) {
    DiagnosticRecord out{.table = "AzureDiagnostics", .row = {}, .added = {}};
    Object row;
    set_resource(row, record);
    Object rest;
    for (const auto& [key, value] : *record.if_object()) {
        const std::string folded = lower(key);
        const std::string_view column = envelope_column(folded);
        if (folded == "properties") {
            continue;
        }
        if (folded == "calleripaddress") {
            row.set("CallerIPAddress", value);
        } else if (folded == "time") {
            row.set("TimeGenerated", record_time(value));
        } else if (!column.empty() && schema.index_of(column)) {
            const bool text_of_object = value.if_object() != nullptr || value.is_number();
            row.set(std::string(column), text_of_object && column != "DurationMs"
                                             ? Value(codec::to_json(value))
                                             : value);
        } else {
            rest.set(key, value);
        }
    }
    Flattener flattener(row, schema, out.added);
    const Value properties = properties_of_record(record);
    flattener.add("", properties.is_null() ? Value(Object()) : properties, 0);
    flattener.add("", Value(std::move(rest)), 0);
    flattener.finish();
    out.row = Value(std::move(row));
    return out;
}

/// Kubernetes audit events travel as JSON text in properties.log.
Result<DiagnosticRecord> from_kubernetes_audit(const Value& record, std::string table) {
    const Value properties = properties_of_record(record);
    const Value* log = properties.get("log");
    Result<Value> event = codec::parse_json(log == nullptr ? "" : log->string_or(""));
    if (!event.ok() || event->if_object() == nullptr) {
        return Error(Code::InvalidArgument, "TEL0024",
                     "properties.log of a Kubernetes audit record must be a JSON object");
    }
    struct Rename {
        std::string_view from;
        std::string_view to;
    };
    static constexpr Rename kRenames[] = {{"auditID", "AuditId"},
                                          {"requestURI", "RequestUri"},
                                          {"sourceIPs", "SourceIps"},
                                          {"requestReceivedTimestamp", "RequestReceivedTime"},
                                          {"stageTimestamp", "StageReceivedTime"}};
    Object row;
    set_time(row, record);
    set_text(row, "_ResourceId", lower(text_of(record, "resourceid")));
    set_text(row, "PodName", text_of(properties, "pod"));
    for (const auto& [key, value] : *event->if_object()) {
        std::string column = pascal(key);
        for (const Rename& rename : kRenames) {
            column = rename.from == key ? std::string(rename.to) : column;
        }
        row.set(std::move(column), value);
    }
    return DiagnosticRecord{.table = std::move(table), .row = Value(std::move(row)), .added = {}};
}

/// A resource log in the table of its category: envelope, then properties in PascalCase.
DiagnosticRecord to_category_table(const Value& record, std::string table) {
    Object row;
    set_resource(row, record);
    if (const Value properties = properties_of_record(record); properties.if_object() != nullptr) {
        for (const auto& [key, value] : *properties.if_object()) {
            row.set(pascal(key), value);
        }
    }
    for (const auto& [key, value] : *record.if_object()) {
        const std::string_view column = envelope_column(lower(key));
        if (column == "TimeGenerated") {
            row.set("TimeGenerated", record_time(value));
        } else if (!column.empty() && row.find(column) == nullptr) {
            row.set(std::string(column), value);
        }
    }
    return DiagnosticRecord{.table = std::move(table), .row = Value(std::move(row)), .added = {}};
}

Result<DiagnosticRecord> from_resource_log(const Value& record, const std::string& category,
                                           ResourceTables mode, const SchemaOf& schema_of) {
    if (mode == ResourceTables::ResourceSpecific) {
        const std::string folded = lower(category);
        if (folded == "kube-audit" || folded == "kube-audit-admin") {
            return from_kubernetes_audit(record,
                                         folded == "kube-audit" ? "AKSAudit" : "AKSAuditAdmin");
        }
        if (schema_of(category)) {
            return to_category_table(record, category);
        }
    }
    const auto schema = schema_of("AzureDiagnostics");
    if (!schema) {
        return Error(Code::Internal, "TEL0010", "table is missing: name=AzureDiagnostics");
    }
    return to_azure_diagnostics(record, *schema);
}

/// "Microsoft.Storage/storageAccounts/write": what the control plane's log calls its operations.
bool is_control_plane_operation(std::string_view operation) {
    const std::string folded = lower(operation);
    return folded.find('/') != std::string::npos &&
           (folded.ends_with("/write") || folded.ends_with("/delete") ||
            folded.ends_with("/action"));
}

}  // namespace

Result<DiagnosticRecord> read_record(const Value& record, const CategoryTable& categories,
                                     ResourceTables mode, const SchemaOf& schema_of) {
    const Object* members = record.if_object();
    if (members == nullptr) {
        return Error(Code::InvalidArgument, "TEL0052", "a record must be a JSON object");
    }
    QD_CHECK_OK(check_member_count(record));
    if (const Value* type = record.get("Type");
        type != nullptr && type->if_string() != nullptr && schema_of(*type->if_string())) {
        Object row = *members;
        if (const Value* time = row.find("time");
            time != nullptr && row.find("TimeGenerated") == nullptr) {
            row.set("TimeGenerated", record_time(*time));
        }
        return DiagnosticRecord{
            .table = *type->if_string(), .row = Value(std::move(row)), .added = {}};
    }
    if (is_graph_object(record)) {
        return from_graph(record);
    }
    if (member_folded(record, "metricname") != nullptr) {
        return from_metric(record);
    }
    const std::string category = text_of(record, "category");
    const std::string operation = text_of(record, "operationname");
    const bool located = !text_of(record, "resourceid").empty();
    if ((category.empty() && (operation.empty() || !located)) ||
        (!category.empty() && operation.empty() && !located &&
         member_folded(record, "properties") == nullptr)) {
        return Error(Code::InvalidArgument, "TEL0052",
                     "neither a diagnostic record, nor a Graph object, nor an exported row");
    }
    if (is_entra_resource(record) || is_entra_category(category, categories) ||
        properties_of_record(record).get("activityDisplayName") != nullptr) {
        return from_envelope(record, categories);
    }
    if (is_activity_category(category) ||
        (category.empty() && is_control_plane_operation(operation))) {
        return from_activity_log(record);
    }
    return from_resource_log(record, category, mode, schema_of);
}

}  // namespace qd::telemetry
