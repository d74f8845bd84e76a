#pragma once

#include "artefacts.h"
#include "qd/alerting/alert_service.h"
#include "qd/base/metrics.h"
#include "qd/net/router.h"
#include "qd/query/query_service.h"
#include "qd/workspace/workspace.h"

#include <functional>

/// The management API under /api/v1 and the probes.
namespace qd::server {

struct ManagementPorts {
    workspace::Workspace& workspace;
    query::QueryService& queries;
    alerting::AlertService& alerts;
    Metrics& metrics;
    Clock& clock;
    /// Errors as Authentication::check.
    std::function<Status(const net::HttpRequest&)> authorize;
    /// The alerting plane's clock when rules run only when told to; else null.
    ManualClock* rules_clock = nullptr;
    const std::vector<ArtefactFinding>& findings;
};

/// Routes:
///   GET  /healthz, /readyz, /metrics
///   GET  /api/v1/tables, /api/v1/rules, /api/v1/alerts, /api/v1/deliveries, /api/v1/artefacts
///   POST /api/v1/rules                 one rule (JSON), or several
///   POST /api/v1/action-groups         one action group (JSON)
///   POST /api/v1/alerts/{id}/state     {"state":"Acknowledged"}
///   POST /api/v1/deliveries/{id}/replay
///   POST /api/v1/alerting/advance      {"until":"2025-11-14T00:00:00Z"} (virtual rule clock only)
///   POST /api/v1/explain               see explain_api.h
///   POST /api/v1/seal                  fresh rows into extents now
Status add_management_routes(net::Router& router, ManagementPorts ports);

}  // namespace qd::server
