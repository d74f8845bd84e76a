#pragma once

#include "qd/kql/source.h"
#include "qd/workspace/workspace.h"
#include "query_log.h"

#include <string>
#include <string_view>

/// Queries that took long, as rows of LAQueryLogs. Source: Azure Monitor, "LAQueryLogs".
namespace qd::query {

/// The text with what stands in obfuscated literals (h"…") put out of sight.
std::string hide_secrets(std::string_view query);

bool is_slow(const QueryRecord& record, std::int64_t slow_query_ms);
/// Does not wait; a row that cannot be stored is lost.
void store_slow_query(workspace::Workspace& workspace, const QueryRecord& record,
                      const kql::TimeRange& timespan);

}  // namespace qd::query
