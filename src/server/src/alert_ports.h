#pragma once

#include "qd/alerting/rule_query.h"
#include "qd/alerting/sinks.h"
#include "qd/net/http_client.h"
#include "qd/query/query_service.h"
#include "qd/telemetry/row_sink.h"

/// Alerting's ports bound to the query service, the workspace and the HTTP client.
namespace qd::server {

class ServiceRuleQuery final : public alerting::RuleQuery {
  public:
    explicit ServiceRuleQuery(query::QueryService& service) : service_(service) {}
    Result<columns::Table> run(const alerting::RuleQueryRequest& request) override;
    Status validate(const std::string& query) override;

  private:
    query::QueryService& service_;
};

/// JSON objects into a custom table that is made, and grows columns, as they need.
class JsonRowSink final : public alerting::RowSink {
  public:
    JsonRowSink(telemetry::RowSink& sink, Clock& clock) : sink_(sink), clock_(clock) {}
    Status append(std::string_view table, const std::vector<Value>& rows) override;

  private:
    telemetry::RowSink& sink_;
    Clock& clock_;
};

class ClientWebhookSender final : public alerting::WebhookSender {
  public:
    explicit ClientWebhookSender(net::HttpClient& client) : client_(client) {}
    Result<alerting::WebhookAnswer> post(const alerting::WebhookRequest& request) override;

  private:
    net::HttpClient& client_;
};

/// externaldata() over https.
class ClientFetch final : public query::ExternalFetch {
  public:
    explicit ClientFetch(net::HttpClient& client) : client_(client) {}
    Result<std::string> get(const std::string& url, std::uint64_t bytes_max) override;

  private:
    net::HttpClient& client_;
};

}  // namespace qd::server
