#pragma once

#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/columns/column.h"

#include <string>
#include <vector>

namespace qd::alerting {

/// One run of a rule's query at a scheduled instant.
struct RuleQueryRequest {
    std::string query;
    /// The scheduled instant: what now() answers inside the query, so that a replay gives the same
    /// rows.
    Timestamp now;
    /// Rows with TimeGenerated in (now - range, now] are visible; the range only narrows what the
    /// query itself asks for.
    Ticks range;
    /// Resource ids the rule is bound to; empty means the workspace itself.
    std::vector<std::string> scopes;
};

/// The port through which rules ask the workspace. The server binds it to the query service.
/// Threads: any.
class RuleQuery {
  public:
    virtual ~RuleQuery() = default;
    /// Errors: whatever the engine says; they become the rule's health, never an alert.
    virtual Result<columns::Table> run(const RuleQueryRequest& request) = 0;
    /// Whether the text binds; used when a rule is saved without skipQueryValidation.
    virtual Status validate(const std::string& query) = 0;
};

}  // namespace qd::alerting
