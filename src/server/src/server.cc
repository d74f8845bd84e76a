// The composition root: every module is made here once, in the order of its dependencies, and bound
// to the others through their ports. Members are destroyed in reverse, so what a module uses
// outlives it; stop() closes the listeners first, so no request meets a half-gone process.
#include "qd/server/server.h"

#include "alert_ports.h"
#include "artefacts.h"
#include "authentication.h"
#include "automation_api.h"
#include "development_tls.h"
#include "heap_trim.h"
#include "location_database.h"
#include "management_api.h"
#include "qd/kql/spill_space.h"
#include "qd/net/http_server.h"
#include "qd/query/http_api.h"
#include "qd/telemetry/front_doors.h"
#include "view_upkeep.h"
#include "workspace_sink.h"

#include <thread>

namespace qd::server {

namespace {

class ServerImpl final : public Server {
  public:
    ServerImpl(ServerConfig config, ServerPorts ports)
        : config_(std::move(config)),
          ports_(ports),
          metrics_(make_metrics()),
          pool_(config_.threads == 0 ? std::max(1U, std::thread::hardware_concurrency())
                                     : config_.threads),
          // Requests wait for the disk and for queries; they must not take the query pool's place.
          requests_(kRequestThreads) {}

    ~ServerImpl() override { stop(); }

    Status open() {
        QD_CHECK_OK(ports_.files.make_dirs(config_.data_dir));
        QD_TRY(authentication_,
               Authentication::create(config_, ports_.files, ports_.entropy, token_made_));
        QD_TRY(store_, store::Store::open(config_.data_dir + "/control.db"));
        workspace::WorkspaceOptions options;
        options.workspace_id = config_.workspace_id;
        options.retention_days = config_.retention_days;
        QD_TRY(workspace_, workspace::Workspace::open(config_.data_dir + "/workspace", ports_.files,
                                                      ports_.clock, ports_.log, *metrics_, pool_,
                                                      *store_, options));
        QD_TRY(client_, net::HttpClient::create());
        fetch_.emplace(*client_);
        if (!config_.location_database.empty()) {
            QD_TRY(addresses_, LocationDatabase::open(config_.location_database));
        }
        QD_TRY(spill_, kql::SpillSpace::open(ports_.files, config_.data_dir + "/spill"));
        queries_ = std::make_unique<query::QueryService>(
            *workspace_, pool_, ports_.clock, &*fetch_,
            query::ExternalDataPolicy{.hosts = config_.external_hosts,
                                      .directories = config_.external_directories},
            query::QueryServiceOptions{
                .addresses = addresses_.get(),
                .memory_bytes_max = std::int64_t{config_.query_memory_mib} << 20,
                .spill = spill_.get(),
                .slow_query_ms = config_.slow_query_ms});
        view_upkeep_ = std::make_unique<ViewUpkeep>(*queries_);
        sink_.emplace(*workspace_);
        QD_CHECK_OK(open_alerting());
        return listen();
    }

    std::uint16_t port() const override { return main_listener_->port(); }
    std::uint16_t otlp_port() const override {
        return otlp_listener_ == nullptr ? std::uint16_t{0} : otlp_listener_->port();
    }

    void stop() override {
        if (stopped_) {
            return;
        }
        stopped_ = true;
        for (net::HttpServer* listener : {main_listener_.get(), otlp_listener_.get()}) {
            if (listener != nullptr) {
                listener->stop(kDrainMs);
            }
        }
        view_upkeep_.reset();
        if (alerts_ != nullptr) {
            alerts_->stop();
        }
        if (workflows_ != nullptr) {
            workflows_->stop();
        }
    }

  private:
    static constexpr std::size_t kRequestThreads = 8;
    static constexpr std::int64_t kDrainMs = 5'000;

    Clock& rules_clock() { return rules_clock_ ? *rules_clock_ : ports_.clock; }

    Status open_automation() {
        http_sender_ = automation::make_http_sender(*client_);
        workflow_json_rows_.emplace(*sink_, ports_.clock);
        workflow_rows_.emplace(*workflow_json_rows_);
        QD_TRY(workflows_, automation::WorkflowService::open({.store = *store_,
                                                              .http = *http_sender_,
                                                              .rows = *workflow_rows_,
                                                              .clock = ports_.clock,
                                                              .entropy = ports_.entropy,
                                                              .executor = pool_,
                                                              .log = ports_.log},
                                                             {}));
        workflow_actions_.emplace(*workflows_);
        return ok_status();
    }

    Status open_alerting() {
        if (config_.rules_start) {
            rules_clock_.emplace(*config_.rules_start);
        }
        rule_query_.emplace(*queries_);
        alert_rows_.emplace(*sink_, rules_clock());
        webhooks_.emplace(*client_);
        QD_CHECK_OK(open_automation());
        alerting::AlertOptions options;
        options.signing_key = crypto::Secret(config_.webhook_signing_key);
        QD_TRY(alerts_, alerting::AlertService::open({.store = *store_,
                                                      .query = *rule_query_,
                                                      .rows = *alert_rows_,
                                                      .webhooks = *webhooks_,
                                                      .actions = &*workflow_actions_,
                                                      .executor = pool_,
                                                      .clock = rules_clock(),
                                                      .log = ports_.log},
                                                     std::move(options)));
        if (!config_.artefacts_dir.empty()) {
            findings_ = load_artefacts(config_.artefacts_dir, ports_.files, *alerts_, *workflows_,
                                       *queries_, config_.rules_start);
            for (const ArtefactFinding& finding : findings_) {
                if (finding.error) {
                    ports_.log.warn("an artefact was not loaded",
                                    {{"path", finding.path}, {"reason", finding.message}});
                }
            }
        }
        workflows_->start();
        if (!config_.rules_start) {
            alerts_->start();
        }
        return ok_status();
    }

    std::function<Status(const net::HttpRequest&)> authorize() {
        return [this](const net::HttpRequest& request) { return authentication_->check(request); };
    }

    telemetry::FrontDoorOptions door_options() {
        telemetry::FrontDoorOptions options;
        options.workspace_id = workspace_->workspace_id();
        for (const std::string& key : config_.shared_keys) {
            options.shared_keys.emplace_back(key);
        }
        options.instrumentation_keys = config_.instrumentation_keys;
        options.data_collection_rules = config_.data_collection_rules;
        for (const workspace::TablePtr& table : workspace_->tables()) {
            if (!table->diagnostic_category.empty()) {
                options.categories.emplace_back(table->diagnostic_category, table->name);
            }
        }
        return options;
    }

    Status listen() {
        doors_ = std::make_unique<telemetry::FrontDoors>(*sink_, ports_.clock, ports_.log,
                                                         *metrics_, door_options(), authorize());
        query_api_ = std::make_unique<query::QueryApi>(
            *queries_, ports_.clock, ports_.entropy, ports_.log, *metrics_,
            [check = authorize()](const net::HttpRequest& request, bool) {
                return check(request);
            });
        QD_CHECK_OK(doors_->add_routes(main_router_));
        QD_CHECK_OK(query_api_->add_routes(main_router_));
        QD_CHECK_OK(add_management_routes(main_router_,
                                          {.workspace = *workspace_,
                                           .queries = *queries_,
                                           .alerts = *alerts_,
                                           .metrics = *metrics_,
                                           .clock = ports_.clock,
                                           .authorize = authorize(),
                                           .rules_clock = rules_clock_ ? &*rules_clock_ : nullptr,
                                           .findings = findings_}));
        QD_CHECK_OK(add_automation_routes(main_router_, *workflows_, authorize()));
        QD_TRY(const net::TlsIdentity identity,
               server_identity(config_, ports_.files, ports_.clock));
        QD_TRY(main_listener_, serve(config_.listen, main_router_, identity));
        if (config_.otlp) {
            QD_CHECK_OK(doors_->add_otlp_routes(otlp_router_));
            QD_TRY(otlp_listener_, serve(*config_.otlp, otlp_router_, identity));
        }
        if (token_made_) {
            ports_.log.info("admin token made", {{"file", config_.data_dir + "/admin.token"}});
        }
        return ok_status();
    }

    /// Beyond loopback TLS only; on loopback the same port also takes plain HTTP, because some
    /// clients insist on the one and some on the other.
    Result<std::unique_ptr<net::HttpServer>> serve(const Listen& listen, const net::Router& router,
                                                   const net::TlsIdentity& identity) {
        net::HttpServerOptions options;
        options.address = listen.address == "localhost" ? "127.0.0.1" : listen.address;
        options.port = listen.port;
        options.tls = identity;
        options.plain_text =
            is_loopback(listen.address) ? net::PlainText::Sniff : net::PlainText::Refuse;
        options.body_limit = [&router](const net::HttpRequest& head, std::uint64_t limit) {
            return router.body_limit(head, limit);
        };
        return net::HttpServer::create(
            std::move(options), requests_, ports_.clock, ports_.log,
            [this, &router](net::HttpRequest request, net::HttpReply reply) {
                router.handle(std::move(request), std::move(reply));
                heap_trim_.after_work(ports_.clock.now_ns());
            });
    }

    ServerConfig config_;
    ServerPorts ports_;
    std::unique_ptr<Metrics> metrics_;
    HeapTrim heap_trim_;
    ThreadPool pool_;
    ThreadPool requests_;
    std::optional<Authentication> authentication_;
    bool token_made_ = false;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<workspace::Workspace> workspace_;
    std::unique_ptr<net::HttpClient> client_;
    std::optional<ClientFetch> fetch_;
    std::unique_ptr<query::AddressBook> addresses_;
    std::unique_ptr<kql::SpillSpace> spill_;
    std::unique_ptr<query::QueryService> queries_;
    std::unique_ptr<ViewUpkeep> view_upkeep_;
    std::optional<WorkspaceSink> sink_;
    std::unique_ptr<automation::HttpSender> http_sender_;
    std::optional<JsonRowSink> workflow_json_rows_;
    std::optional<WorkflowRows> workflow_rows_;
    std::unique_ptr<automation::WorkflowService> workflows_;
    std::optional<WorkflowActions> workflow_actions_;
    std::optional<ManualClock> rules_clock_;
    std::optional<ServiceRuleQuery> rule_query_;
    std::optional<JsonRowSink> alert_rows_;
    std::optional<ClientWebhookSender> webhooks_;
    std::unique_ptr<alerting::AlertService> alerts_;
    std::vector<ArtefactFinding> findings_;
    std::unique_ptr<telemetry::FrontDoors> doors_;
    std::unique_ptr<query::QueryApi> query_api_;
    net::Router main_router_;
    net::Router otlp_router_;
    std::unique_ptr<net::HttpServer> main_listener_;
    std::unique_ptr<net::HttpServer> otlp_listener_;
    bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerConfig config, ServerPorts ports) {
    auto server = std::make_unique<ServerImpl>(std::move(config), ports);
    QD_CHECK_OK(server->open());
    return std::unique_ptr<Server>(std::move(server));
}

}  // namespace qd::server
