#pragma once

#include "qd/base/result.h"
#include "qd/codec/value.h"
#include "qd/columns/type.h"
#include "qd/telemetry/entra.h"

#include <functional>
#include <string>
#include <string_view>

/// Records of Azure's platform as diagnostic settings export them: the activity log, platform
/// metrics, resource logs. Sources: Azure Monitor's activity log, platform metric and resource log
/// schemas; table reference of AzureActivity, AzureMetrics, AzureDiagnostics.
namespace qd::telemetry {

/// The destination table of a diagnostic setting: one table for every resource, columns named
/// after the members with a suffix for the type; or a table of the category's own.
enum class ResourceTables : std::uint8_t { AzureDiagnostics, ResourceSpecific };

/// What the mapping asks of the workspace: a table's columns, nothing when there is no such table.
using SchemaOf = std::function<std::optional<columns::Schema>(std::string_view table)>;

/// Any record this product knows, whatever wrote it: rows exported from workspace tables (they name
/// their table in Type), Graph objects, platform metrics, Entra's and Azure's envelopes.
/// Errors: InvalidArgument TEL0052 when it is none of them; those of the readers.
Result<DiagnosticRecord> read_record(const Value& record, const CategoryTable& categories,
                                     ResourceTables mode, const SchemaOf& schema_of);

}  // namespace qd::telemetry
