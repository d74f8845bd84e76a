#pragma once

#include "alert_ports.h"
#include "qd/alerting/sinks.h"
#include "qd/automation/workflow_service.h"
#include "qd/net/router.h"

#include <functional>

namespace qd::server {

/// Runs' rows into the workspace.
class WorkflowRows final : public automation::RowSink {
  public:
    explicit WorkflowRows(JsonRowSink& rows) : rows_(rows) {}
    Status append(std::string_view table, const std::vector<Value>& rows) override {
        return rows_.append(table, rows);
    }

  private:
    JsonRowSink& rows_;
};

/// Alerting's `qdPlaybook` receivers start workflows.
class WorkflowActions final : public alerting::ActionSink {
  public:
    explicit WorkflowActions(automation::WorkflowService& workflows) : workflows_(workflows) {}
    Result<std::string> start_workflow(const std::string& workflow, const Value& payload,
                                       const std::string& idempotency_key) override {
        return workflows_.start_run(workflow, payload, idempotency_key);
    }

  private:
    automation::WorkflowService& workflows_;
};

/// Routes:
///   GET  /api/v1/workflows, /api/v1/runs, /api/v1/runs/{id}, /api/v1/runs/{id}/actions
///   PUT  /api/v1/workflows/{name}                    a definition in any of its containers
///   POST /api/v1/runs/{id}/cancel
///   POST /api/v1/workflows/{name}/triggers/{trigger}/invoke       starts a run: 202, Location
///   POST /workflows/{name}/triggers/{trigger}/paths/invoke        the consumption form of the same
Status add_automation_routes(net::Router& router, automation::WorkflowService& workflows,
                             std::function<Status(const net::HttpRequest&)> authorize);

}  // namespace qd::server
