// Diagnostic records to rows. Azure writes a camelCase envelope whose `properties` become
// PascalCase columns; the renames are few and listed. Values keep their JSON types: the table's
// column types decide what they become (string columns take nested values as compact JSON), so the
// same mapping serves SigninLogs, whose nested columns are dynamic, and
// AADNonInteractiveUserSignInLogs, whose are text. Source: Azure Monitor table reference; Microsoft
// Graph signIn and directoryAudit.
#include "qd/telemetry/entra.h"

#include "qd/codec/json.h"
#include "record_members.h"

#include <algorithm>
#include <array>

namespace qd::telemetry {

namespace {

struct Rename {
    std::string_view from;
    std::string_view to;
};

// Members of `properties` whose column is not simply their name in PascalCase.
constexpr Rename kSignInProperties[] = {
    {"location", "LocationDetails"},
    {"ipAddress", "IPAddress"},
    {"appliedConditionalAccessPolicies", "ConditionalAccessPolicies"},
    {"resourceId", "ResourceIdentity"},
    {"riskEventTypes_v2", "RiskEventTypes_V2"},
    {"tenantId", "AADTenantId"},
    {"ipAddressFromResourceProvider", "IPAddressFromResourceProvider"},
};
constexpr Rename kAuditProperties[] = {
    {"tenantId", "AADTenantId"},
    {"operationType", "AADOperationType"},
};

// Older and sibling spellings of the categories.
constexpr Rename kCategoryAliases[] = {
    {"SignIn", "SigninLogs"},
    {"Audit", "AuditLogs"},
};

std::string table_of(std::string_view category, const CategoryTable& categories) {
    for (const auto& [name, table] : categories) {
        if (lower(name) == lower(category)) {
            return table;
        }
    }
    for (const Rename& alias : kCategoryAliases) {
        if (lower(alias.from) == lower(category)) {
            return std::string(alias.to);
        }
    }
    return {};
}

bool is_audit(std::string_view table) {
    return table == "AuditLogs";
}

void copy_properties(Object& row, const Value& properties, bool audit) {
    const Object* members = properties.if_object();
    if (members == nullptr) {
        return;
    }
    for (const auto& [key, value] : *members) {
        std::string column = pascal(key);
        const auto rename = [&](const auto& table) {
            for (const Rename& one : table) {
                if (one.from == key) {
                    column = one.to;
                }
            }
        };
        if (audit) {
            rename(kAuditProperties);
        } else {
            rename(kSignInProperties);
        }
        // Where envelope and properties both speak (operationName, category, …), the envelope has
        // the column's meaning.
        if (row.find(column) == nullptr) {
            row.set(std::move(column), value);
        }
    }
}

void number_to_text(Object& row, std::string_view column) {
    if (Value* value = row.find(column); value != nullptr && value->is_number()) {
        *value = Value(codec::to_json(*value));
    }
}

}  // namespace

bool is_entra_category(std::string_view category, const CategoryTable& categories) {
    return !category.empty() && !table_of(category, categories).empty();
}

bool is_graph_object(const Value& object) {
    return (object.get("createdDateTime") != nullptr && object.get("appId") != nullptr &&
            object.get("userPrincipalName") != nullptr) ||
           (object.get("activityDateTime") != nullptr &&
            object.get("activityDisplayName") != nullptr);
}

Result<DiagnosticRecord> from_envelope(const Value& record, const CategoryTable& categories) {
    QD_CHECK_OK(check_member_count(record));
    const Value* category = member_folded(record, "category");
    const std::string name(category == nullptr ? "" : category->string_or(""));
    std::string table = table_of(name, categories);
    const Value properties = properties_of_record(record);
    // Entra's audit trail uses the activity's own category in exports of single records.
    if (table.empty() &&
        (properties.get("activityDisplayName") != nullptr || is_entra_resource(record))) {
        table = "AuditLogs";
    }
    if (table.empty()) {
        return Error(Code::InvalidArgument, "TEL0021", "unknown diagnostic category: " + name);
    }
    Object row;
    for (const auto& [key, value] : *record.if_object()) {
        if (const std::string_view column = envelope_column(lower(key)); !column.empty()) {
            row.set(std::string(column), column == "TimeGenerated" ? record_time(value) : value);
        }
    }
    number_to_text(row, "Level");
    number_to_text(row, "ResultType");
    copy_properties(row, properties, is_audit(table));
    if (row.find("IPAddress") == nullptr) {
        if (const Value* caller = member_folded(record, "calleripaddress")) {
            row.set("IPAddress", *caller);
        }
    }
    return DiagnosticRecord{.table = std::move(table), .row = Value(std::move(row)), .added = {}};
}

Result<DiagnosticRecord> from_graph(const Value& object) {
    if (!is_graph_object(object)) {
        return Error(Code::InvalidArgument, "TEL0022", "not a Graph signIn or directoryAudit");
    }
    QD_CHECK_OK(check_member_count(object));
    const bool audit = object.get("activityDateTime") != nullptr;
    Object row;
    const Value* time = object.get(audit ? "activityDateTime" : "createdDateTime");
    row.set("TimeGenerated", *time);
    if (audit) {
        row.set("OperationName", *object.get("activityDisplayName"));
        row.set("Category", object.get("category") == nullptr ? Value() : *object.get("category"));
        if (const Value* initiator = object.at({"initiatedBy", "user", "userPrincipalName"})) {
            row.set("Identity", *initiator);
        }
    } else {
        row.set("OperationName", "Sign-in activity");
        row.set("Category", "SignInLogs");
        const Value* code = object.at({"status", "errorCode"});
        row.set("ResultType", code == nullptr ? Value("0") : Value(codec::to_json(*code)));
        if (const Value* reason = object.at({"status", "failureReason"})) {
            row.set("ResultDescription", *reason);
        }
        if (const Value* country = object.at({"location", "countryOrRegion"})) {
            row.set("Location", *country);
        }
        if (const Value* name = object.get("userDisplayName")) {
            row.set("Identity", *name);
        }
    }
    copy_properties(row, object, audit);
    return DiagnosticRecord{
        .table = audit ? "AuditLogs" : "SigninLogs", .row = Value(std::move(row)), .added = {}};
}

std::vector<const Value*> unwrap_records(const Value& document) {
    const Value* list = &document;
    if (const Value* records = document.get("records"); records != nullptr) {
        list = records;
    } else if (const Value* value = document.get("value");
               value != nullptr && value->if_array() != nullptr) {
        list = value;
    }
    std::vector<const Value*> out;
    if (const Array* array = list->if_array()) {
        for (const Value& one : *array) {
            out.push_back(&one);
        }
    } else {
        out.push_back(list);
    }
    return out;
}

}  // namespace qd::telemetry
