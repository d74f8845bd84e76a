#include "automation_api.h"

#include "json_route.h"
#include "qd/codec/json.h"

namespace qd::server {

namespace {

using automation::WorkflowService;

Value finding_value(const automation::Finding& finding) {
    Object one;
    using Severity = automation::Finding::Severity;
    one.set("level", finding.severity == Severity::Error     ? "error"
                     : finding.severity == Severity::Warning ? "warning"
                                                             : "info");
    one.set("id", finding.id);
    one.set("path", finding.path);
    one.set("message", finding.message);
    return Value(std::move(one));
}

Answer list_workflows(WorkflowService& workflows) {
    Array out;
    for (const automation::WorkflowInfo& info : workflows.workflows()) {
        Object one;
        one.set("name", info.name);
        one.set("version", info.version);
        one.set("enabled", info.enabled);
        one.set("startable", info.startable);
        one.set("actions", static_cast<std::int64_t>(info.actions));
        Array findings;
        for (const automation::Finding& finding : info.findings) {
            findings.push_back(finding_value(finding));
        }
        one.set("findings", std::move(findings));
        out.push_back(std::move(one));
    }
    return list_of("workflows", std::move(out));
}

Value run_value(const automation::RunRecord& run, std::size_t actions) {
    Object one;
    one.set("id", run.id);
    one.set("workflow", run.workflow);
    one.set("version", run.version);
    one.set("status", run.status);
    one.set("code", run.code);
    one.set("error", run.error);
    one.set("startTime", format_timestamp_trimmed(run.started));
    if (run.ended) {
        one.set("endTime", format_timestamp_trimmed(*run.ended));
    }
    one.set("actions", static_cast<std::int64_t>(actions));
    return Value(std::move(one));
}

Answer list_runs(WorkflowService& workflows, const net::HttpRequest& request) {
    QD_TRY(const auto runs, workflows.runs(limit_of(request)));
    Array out;
    for (const automation::RunRecord& run : runs) {
        QD_TRY(const auto actions, workflows.actions(run.id));
        out.push_back(run_value(run, actions.size()));
    }
    return list_of("runs", std::move(out));
}

Answer list_actions(WorkflowService& workflows, const std::string& run) {
    QD_TRY(const auto actions, workflows.actions(run));
    Array out;
    for (const automation::ActionRecord& action : actions) {
        Object one;
        one.set("name", action.name);
        one.set("type", action.type);
        one.set("status", action.status);
        one.set("code", action.code);
        one.set("error", action.error);
        one.set("attempts", action.attempts);
        if (action.started) {
            one.set("startTime", format_timestamp_trimmed(*action.started));
        }
        if (action.ended) {
            one.set("endTime", format_timestamp_trimmed(*action.ended));
        }
        one.set("inputs", action.inputs);
        one.set("outputs", action.outputs);
        out.push_back(std::move(one));
    }
    return list_of("actions", std::move(out));
}

void invoke(WorkflowService& workflows, const net::HttpRequest& request,
            const net::HttpReply& reply) {
    Value payload;
    if (!request.body.empty()) {
        auto body = codec::parse_json(request.body);
        payload = body.ok() ? std::move(body).value() : Value(request.body);
    }
    const std::string key(request.headers.get_or("Idempotency-Key"));
    auto run = workflows.start_run(std::string(request.path_parameter("name")), payload, key);
    if (!run.ok()) {
        reply.send(run.error());
        return;
    }
    net::HttpResponse response;
    response.status = 202;
    response.headers.set("Location", "/api/v1/runs/" + run.value());
    response.headers.set("x-ms-workflow-run-id", run.value());
    response.headers.set("x-ms-workflow-name", std::string(request.path_parameter("name")));
    reply.send(std::move(response));
}

}  // namespace

Status add_automation_routes(net::Router& router, WorkflowService& workflows,
                             std::function<Status(const net::HttpRequest&)> authorize) {
    Status status;
    add_json_route(router, status, authorize, "GET", "/api/v1/workflows",
                   [&workflows](const net::HttpRequest&) { return list_workflows(workflows); });
    add_json_route(
        router, status, authorize, "PUT", "/api/v1/workflows/{name}",
        [&workflows](const net::HttpRequest& request) -> Answer {
            QD_TRY(const Value document, codec::parse_json(request.body));
            QD_TRY(const auto findings,
                   workflows.put_workflow(std::string(request.path_parameter("name")), document));
            Array out;
            for (const automation::Finding& finding : findings) {
                out.push_back(finding_value(finding));
            }
            return list_of("findings", std::move(out));
        });
    add_json_route(
        router, status, authorize, "GET", "/api/v1/runs",
        [&workflows](const net::HttpRequest& request) { return list_runs(workflows, request); });
    add_json_route(router, status, authorize, "GET", "/api/v1/runs/{id}",
                   [&workflows](const net::HttpRequest& request) -> Answer {
                       const std::string id(request.path_parameter("id"));
                       QD_TRY(const auto run, workflows.run(id));
                       QD_TRY(const auto actions, workflows.actions(id));
                       return run_value(run, actions.size());
                   });
    add_json_route(router, status, authorize, "GET", "/api/v1/runs/{id}/actions",
                   [&workflows](const net::HttpRequest& request) {
                       return list_actions(workflows, std::string(request.path_parameter("id")));
                   });
    add_json_route(router, status, authorize, "POST", "/api/v1/runs/{id}/cancel",
                   [&workflows](const net::HttpRequest& request) -> Answer {
                       QD_CHECK_OK(workflows.cancel(std::string(request.path_parameter("id"))));
                       return Value(Object());
                   });
    for (const std::string_view path : {"/api/v1/workflows/{name}/triggers/{trigger}/invoke",
                                        "/workflows/{name}/triggers/{trigger}/paths/invoke"}) {
        Status added = router.add(
            "POST", path,
            [&workflows, authorize](const net::HttpRequest& request, const net::HttpReply& reply) {
                if (Status allowed = authorize(request); !allowed.ok()) {
                    reply.send(allowed.error());
                    return;
                }
                invoke(workflows, request, reply);
            });
        if (status.ok() && !added.ok()) {
            status = std::move(added);
        }
    }
    return status;
}

}  // namespace qd::server
