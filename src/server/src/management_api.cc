#include "management_api.h"

#include "explain_api.h"
#include "json_route.h"
#include "qd/codec/json.h"

namespace qd::server {

namespace {

Answer list_tables(workspace::Workspace& workspace) {
    Array out;
    for (const workspace::TablePtr& table : workspace.tables()) {
        Object one;
        one.set("name", table->name);
        const bool view = table->kind == workspace::TableKind::View;
        one.set("kind", view                                          ? "view"
                        : table->kind == workspace::TableKind::Custom ? "custom"
                                                                      : "builtin");
        one.set("columns", static_cast<std::int64_t>(table->columns.size()));
        if (!view) {
            QD_TRY(const auto facts, workspace.statistics(table->name));
            one.set("rows", static_cast<std::int64_t>(facts.rows));
            one.set("extents", static_cast<std::int64_t>(facts.extents));
            one.set("extentBytes", static_cast<std::int64_t>(facts.extent_bytes));
        }
        out.push_back(std::move(one));
    }
    return list_of("tables", std::move(out));
}

Answer list_rules(alerting::AlertService& alerts) {
    Array out;
    const auto health = alerts.health();
    for (const alerting::Rule& rule : alerts.rules()) {
        Object one;
        one.set("id", rule.id);
        one.set("name", rule.display_name.empty() ? rule.name : rule.display_name);
        one.set("severity", rule.severity);
        one.set("enabled", rule.enabled);
        one.set("frequency", format_iso_duration(rule.frequency));
        one.set("window", format_iso_duration(rule.window));
        for (const alerting::RuleHealth& entry : health) {
            if (entry.rule_id != rule.id) {
                continue;
            }
            one.set("health", entry.health);
            one.set("lastError", entry.last_error);
            one.set("next", format_timestamp_trimmed(entry.next));
            if (entry.last_evaluated) {
                one.set("lastEvaluated", format_timestamp_trimmed(*entry.last_evaluated));
            }
        }
        out.push_back(std::move(one));
    }
    return list_of("rules", std::move(out));
}

Answer list_alerts(alerting::AlertService& alerts, const net::HttpRequest& request) {
    QD_TRY(const auto records, alerts.alerts(limit_of(request)));
    Array out;
    for (const alerting::AlertRecord& record : records) {
        Object one;
        one.set("id", record.alert_id);
        one.set("rule", record.rule_id);
        one.set("severity", record.severity);
        one.set("condition", record.condition);
        one.set("state", record.user_state);
        one.set("firedAt", format_timestamp_trimmed(record.fired_at));
        if (record.resolved_at) {
            one.set("resolvedAt", format_timestamp_trimmed(*record.resolved_at));
        }
        one.set("fingerprint", record.fingerprint);
        one.set("payload", record.payload);
        out.push_back(std::move(one));
    }
    return list_of("alerts", std::move(out));
}

Answer list_deliveries(alerting::AlertService& alerts, const net::HttpRequest& request) {
    QD_TRY(const auto records,
           alerts.deliveries(request.query_parameter("state").value_or(""), limit_of(request)));
    Array out;
    for (const alerting::DeliveryRecord& record : records) {
        Object one;
        one.set("id", record.id);
        one.set("alert", record.alert_id);
        one.set("condition", record.condition);
        one.set("receiver", record.receiver);
        one.set("kind", record.kind);
        one.set("target", record.target);
        one.set("state", record.state);
        one.set("attempts", record.attempts);
        one.set("lastError", record.last_error);
        out.push_back(std::move(one));
    }
    return list_of("deliveries", std::move(out));
}

Answer list_findings(const std::vector<ArtefactFinding>& findings) {
    Array out;
    for (const ArtefactFinding& finding : findings) {
        Object one;
        one.set("path", finding.path);
        one.set("level", finding.error ? "error" : "warning");
        one.set("message", finding.message);
        out.push_back(std::move(one));
    }
    return list_of("findings", std::move(out));
}

Answer put_rules(alerting::AlertService& alerts, const net::HttpRequest& request) {
    QD_TRY(const auto rules, alerting::parse_rules_text(request.body));
    Array out;
    for (const alerting::LoadedRule& loaded : rules) {
        for (const alerting::Finding& finding : loaded.findings) {
            Object one;
            one.set("rule", loaded.rule.name);
            one.set("level", finding.level == alerting::FindingLevel::Error ? "error" : "warning");
            one.set("id", finding.id);
            one.set("path", finding.path);
            one.set("message", finding.message);
            out.push_back(std::move(one));
        }
        QD_CHECK_OK(alerts.put_rule(loaded.rule));
    }
    return list_of("findings", std::move(out));
}

Answer put_group(alerting::AlertService& alerts, const net::HttpRequest& request) {
    QD_TRY(const Value document, codec::parse_json(request.body));
    QD_TRY(const auto loaded, alerting::parse_action_group(document));
    QD_CHECK_OK(alerts.put_action_group(loaded.group));
    Object out;
    out.set("name", loaded.group.name);
    return Value(std::move(out));
}

Answer set_alert_state(alerting::AlertService& alerts, const net::HttpRequest& request) {
    QD_TRY(const Value body, codec::parse_json(request.body));
    const Value* state = body.get("state");
    QD_CHECK_OK(alerts.set_user_state(std::string(request.path_parameter("id")),
                                      std::string(state == nullptr ? "" : state->string_or(""))));
    return Value(Object());
}

Answer advance(const ManagementPorts& ports, const net::HttpRequest& request) {
    if (ports.rules_clock == nullptr) {
        return Error(Code::FailedPrecondition, "SRV0030",
                     "rules follow the real clock; start the server with --rules-start to drive "
                     "them by hand");
    }
    QD_TRY(const Value body, codec::parse_json(request.body));
    const Value* until = body.get("until");
    const auto at = until == nullptr ? std::nullopt : parse_iso_timestamp(until->string_or(""));
    if (!at) {
        return Error(Code::InvalidArgument, "SRV0031", "until must be an ISO 8601 datetime");
    }
    QD_TRY(const alerting::RunSummary summary,
           ports.alerts.run_until(*at, [&](Timestamp t) { ports.rules_clock->set(t); }));
    ports.rules_clock->set(*at);
    Object out;
    out.set("evaluations", static_cast<std::int64_t>(summary.evaluations));
    out.set("failed", static_cast<std::int64_t>(summary.failed));
    out.set("fired", static_cast<std::int64_t>(summary.fired));
    out.set("resolved", static_cast<std::int64_t>(summary.resolved));
    out.set("delivered", static_cast<std::int64_t>(summary.delivered));
    out.set("dead", static_cast<std::int64_t>(summary.dead));
    return Value(std::move(out));
}

Status add_probes(net::Router& router, const ManagementPorts& ports) {
    const auto alive = [](const net::HttpRequest&, const net::HttpReply& reply) {
        reply.send(net::HttpResponse::text(200, "ok\n"));
    };
    QD_CHECK_OK(router.add("GET", "/healthz", alive));
    QD_CHECK_OK(router.add("GET", "/readyz", alive));
    return router.add("GET", "/metrics",
                      [&metrics = ports.metrics, authorize = ports.authorize](
                          const net::HttpRequest& request, const net::HttpReply& reply) {
                          if (Status allowed = authorize(request); !allowed.ok()) {
                              reply.send(allowed.error());
                              return;
                          }
                          reply.send(net::HttpResponse::text(200, metrics.exposition(),
                                                             "text/plain; version=0.0.4"));
                      });
}

}  // namespace

Status add_management_routes(net::Router& router, ManagementPorts ports) {
    QD_CHECK_OK(add_probes(router, ports));
    Status status;
    auto& alerts = ports.alerts;
    auto& workspace = ports.workspace;
    add_json_route(router, status, ports.authorize, "GET", "/api/v1/tables",
                   [&workspace](const net::HttpRequest&) { return list_tables(workspace); });
    add_json_route(router, status, ports.authorize, "POST", "/api/v1/seal",
                   [&workspace](const net::HttpRequest&) -> Answer {
                       QD_CHECK_OK(workspace.seal_all());
                       return Value(Object());
                   });
    add_json_route(router, status, ports.authorize, "GET", "/api/v1/rules",
                   [&alerts](const net::HttpRequest&) { return list_rules(alerts); });
    add_json_route(
        router, status, ports.authorize, "POST", "/api/v1/rules",
        [&alerts](const net::HttpRequest& request) { return put_rules(alerts, request); });
    add_json_route(
        router, status, ports.authorize, "POST", "/api/v1/action-groups",
        [&alerts](const net::HttpRequest& request) { return put_group(alerts, request); });
    add_json_route(
        router, status, ports.authorize, "GET", "/api/v1/alerts",
        [&alerts](const net::HttpRequest& request) { return list_alerts(alerts, request); });
    add_json_route(
        router, status, ports.authorize, "POST", "/api/v1/alerts/{id}/state",
        [&alerts](const net::HttpRequest& request) { return set_alert_state(alerts, request); });
    add_json_route(
        router, status, ports.authorize, "GET", "/api/v1/deliveries",
        [&alerts](const net::HttpRequest& request) { return list_deliveries(alerts, request); });
    add_json_route(router, status, ports.authorize, "POST", "/api/v1/deliveries/{id}/replay",
                   [&alerts](const net::HttpRequest& request) -> Answer {
                       QD_CHECK_OK(alerts.replay(std::string(request.path_parameter("id"))));
                       return Value(Object());
                   });
    add_json_route(
        router, status, ports.authorize, "GET", "/api/v1/artefacts",
        [&findings = ports.findings](const net::HttpRequest&) { return list_findings(findings); });
    add_json_route(router, status, ports.authorize, "POST", "/api/v1/explain",
                   [&queries = ports.queries](const net::HttpRequest& request) {
                       return explain(queries, request);
                   });
    add_json_route(router, status, ports.authorize, "POST", "/api/v1/alerting/advance",
                   [ports](const net::HttpRequest& request) { return advance(ports, request); });
    return status;
}

}  // namespace qd::server
