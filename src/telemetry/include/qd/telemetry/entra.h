#pragma once

#include "qd/base/result.h"
#include "qd/codec/value.h"
#include "qd/columns/type.h"

#include <string>
#include <string_view>
#include <vector>

/// Azure diagnostic records (Entra sign-ins and audits first among them) in the forms the world
/// hands them around: the Event Hub envelope {"records":[…]}, exported JSON (one record a line or
/// an array), Microsoft Graph objects. All become objects whose members are the table's columns.
namespace qd::telemetry {

struct DiagnosticRecord {
    std::string table;
    Value row;              // an object: column -> value
    columns::Schema added;  // columns the table needs for it (AzureDiagnostics grows as it is fed)
};

/// Whether this object looks like a Graph signIn or directoryAudit.
bool is_graph_object(const Value& object);

/// The table of a diagnostic category ("SignInLogs" -> SigninLogs), also by Entra's older
/// spellings; empty when unknown. `diagnostic_categories` is the built-in list (category, table).
using CategoryTable = std::vector<std::pair<std::string, std::string>>;
bool is_entra_category(std::string_view category, const CategoryTable& categories);

/// One envelope record. Errors: InvalidArgument TEL0021 for an unknown category, with its name.
Result<DiagnosticRecord> from_envelope(const Value& record, const CategoryTable& categories);
/// One Graph object. Errors: InvalidArgument TEL0022 when it is neither a signIn nor an audit.
Result<DiagnosticRecord> from_graph(const Value& object);

/// Splits any of the wrappers into single records: {"records":[…]}, {"value":[…]}, arrays, one
/// object.
std::vector<const Value*> unwrap_records(const Value& document);

}  // namespace qd::telemetry
