#include "qd/alerting/alert_service.h"

#include "qd/codec/base64.h"
#include "qd/codec/json.h"
#include "qd/crypto/hash.h"
#include "table_for_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace qd::alerting {
namespace {

using columns::DataType;
using columns::Scalar;

const Timestamp kStart{Timestamp::kUnixEpochTicks + 20'000 * Ticks::kDay};

Timestamp minute(std::int64_t n) {
    return kStart + Ticks{n * Ticks::kMinute};
}

/// Answers with one row when `hot` says so for the instant, or fails.
class FakeQuery final : public RuleQuery {
  public:
    Result<columns::Table> run(const RuleQueryRequest& request) override {
        const std::lock_guard lock(mutex);
        asked.push_back(request.now);
        if (broken.count(request.now.ticks) != 0) {
            return Error(Code::Unavailable, "TST0001", "query failed");
        }
        std::vector<std::vector<Scalar>> rows;
        if (hot(request.now)) {
            rows.push_back(
                {Scalar::of_datetime(request.now.ticks), Scalar::of_string("a@example.org")});
        }
        return table_of({{"TimeGenerated", DataType::DateTime}, {"UPN", DataType::String}}, rows);
    }
    Status validate(const std::string& query) override {
        return query == "nonsense" ? Status(Error(Code::InvalidArgument, "TST0002", "no"))
                                   : ok_status();
    }
    std::mutex mutex;
    std::function<bool(Timestamp)> hot = [](Timestamp) { return false; };
    std::set<std::int64_t> broken;
    std::vector<Timestamp> asked;
};

class FakeRows final : public RowSink {
  public:
    Status append(std::string_view table, const std::vector<Value>& added) override {
        const std::lock_guard lock(mutex);
        if (failing) {
            return Error(Code::ResourceExhausted, "TST0003", "full");
        }
        EXPECT_EQ(table, "AlertInstance_CL");
        rows.insert(rows.end(), added.begin(), added.end());
        return ok_status();
    }
    std::size_t size() {
        const std::lock_guard lock(mutex);
        return rows.size();
    }
    std::mutex mutex;
    bool failing = false;
    std::vector<Value> rows;
};

class FakeWebhooks final : public WebhookSender {
  public:
    Result<WebhookAnswer> post(const WebhookRequest& request) override {
        const std::lock_guard lock(mutex);
        posts.push_back({clock->utc(), request});
        const int status = answers.empty() ? 200 : answers.front();
        if (!answers.empty()) {
            answers.erase(answers.begin());
        }
        if (status == 0) {
            return Error(Code::Unavailable, "NET0303", "no connection");
        }
        return WebhookAnswer{status};
    }
    std::mutex mutex;
    Clock* clock = nullptr;
    std::vector<int> answers;
    std::vector<std::pair<Timestamp, WebhookRequest>> posts;
};

class FakeActions final : public ActionSink {
  public:
    Result<std::string> start_workflow(const std::string& workflow, const Value& payload,
                                       const std::string& key) override {
        started.push_back(workflow + " " + key);
        last = payload;
        return std::string("run-1");
    }
    std::vector<std::string> started;
    Value last;
};

Rule make_rule() {
    Rule rule;
    rule.id = "/rules/burst";
    const auto loaded = parse_rule(codec::parse_json(R"json({
        "id": "/rules/burst", "name": "burst", "properties": {
        "displayName": "Burst", "severity": 1, "enabled": true, "scopes": ["/Ws/One"],
        "evaluationFrequency": "PT5M", "windowSize": "PT5M",
        "criteria": {"allOf": [{"query": "SigninLogs", "timeAggregation": "Count",
          "operator": "GreaterThan", "threshold": 0,
          "dimensions": [{"name": "UPN", "operator": "Include", "values": ["*"]}]}]},
        "actions": {"actionGroups": ["/subscriptions/s/actionGroups/OnCall"], "customProperties":
          {"sev": "${data.essentials.severity}", "who": "${row.UPN}", "keep": "${nothing}"}}}})json")
                                       .value());
    EXPECT_FALSE(loaded.value().has_errors());
    return loaded.value().rule;
}

ActionGroup make_group() {
    return parse_action_group(codec::parse_json(R"json({"name": "oncall", "properties": {
        "groupShortName": "oncall", "webhookReceivers": [
          {"name": "hook", "serviceUri": "http://receiver/x", "useCommonAlertSchema": "true"}],
        "qdPlaybookReceivers": [{"name": "pb", "workflow": "respond"}],
        "emailReceivers": [{"name": "mail", "emailAddress": "a@example.org"}]}})json")
                                  .value())
        .value()
        .group;
}

struct World {
    explicit World(std::unique_ptr<store::Store> given) : store(std::move(given)) {
        webhooks.clock = &clock;
    }
    std::unique_ptr<AlertService> open() {
        AlertOptions options;
        options.signing_key = crypto::Secret("key");
        auto service = AlertService::open(
            {*store, query, rows, webhooks, &actions, executor, clock, *log}, std::move(options));
        EXPECT_TRUE(service.ok()) << (service.ok() ? "" : service.error().text());
        return std::move(service).value();
    }
    RunSummary run(AlertService& service, Timestamp until) {
        auto summary = service.run_until(until, [this](Timestamp t) { clock.set(t); });
        EXPECT_TRUE(summary.ok()) << (summary.ok() ? "" : summary.error().text());
        clock.set(until);
        return summary.value();
    }
    std::unique_ptr<store::Store> store;
    ManualClock clock{kStart};
    InlineExecutor executor;
    std::unique_ptr<Log> log = make_null_log();
    FakeQuery query;
    FakeRows rows;
    FakeWebhooks webhooks;
    FakeActions actions;
};

std::string header(const WebhookRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
        if (key == name) {
            return value;
        }
    }
    return "";
}

TEST(AlertService, FiresDeliversAndResolves) {
    World world(store::Store::open_in_memory().value());
    const auto service = world.open();
    ASSERT_TRUE(service->put_action_group(make_group()).ok());
    ASSERT_TRUE(service->put_rule(make_rule(), kStart).ok());
    world.query.hot = [](Timestamp t) { return t >= minute(10) && t <= minute(20); };
    const RunSummary summary = world.run(*service, minute(60));
    EXPECT_EQ(summary.evaluations, 12u);
    EXPECT_EQ(summary.fired, 1u);
    EXPECT_EQ(summary.resolved, 1u);
    EXPECT_EQ(world.query.asked.front(), minute(5));

    ASSERT_EQ(world.webhooks.posts.size(), 2u);
    EXPECT_EQ(world.webhooks.posts[0].first, minute(10));
    EXPECT_EQ(world.webhooks.posts[1].first, minute(35));
    const WebhookRequest& request = world.webhooks.posts[0].second;
    const Value payload = codec::parse_json(request.body).value();
    EXPECT_EQ(payload.get("schemaId")->string_or(""), "azureMonitorCommonAlertSchema");
    EXPECT_EQ(payload.at({"data", "essentials", "severity"})->string_or(""), "Sev1");
    EXPECT_EQ(payload.at({"data", "essentials", "monitorCondition"})->string_or(""), "Fired");
    const Value& condition =
        payload.at({"data", "alertContext", "condition", "allOf"})->if_array()->front();
    EXPECT_EQ(condition.get("threshold")->string_or(""), "0");
    EXPECT_EQ(condition.get("metricValue")->number_or(0), 1);
    const Value* custom = payload.at({"data", "customProperties"});
    EXPECT_EQ(custom->get("sev")->string_or(""), "Sev1");
    EXPECT_EQ(custom->get("who")->string_or(""), "a@example.org");
    EXPECT_EQ(custom->get("keep")->string_or(""), "${nothing}");
    EXPECT_EQ(*payload.at({"data", "alertContext", "properties"}), *custom);

    const std::string signature = header(request, "X-Qd-Signature");
    const std::string at = std::to_string(minute(10).unix_seconds());
    EXPECT_EQ(signature,
              "t=" + at +
                  ",v1=" + codec::hex_encode(crypto::hmac_sha256("key", at + "." + request.body)));
    EXPECT_NE(header(request, "Idempotency-Key"),
              header(world.webhooks.posts[1].second, "Idempotency-Key"));
    EXPECT_EQ(world.actions.started.size(), 2u);
    ASSERT_EQ(world.rows.rows.size(), 2u);
    EXPECT_EQ(world.rows.rows[1].get("MonitorCondition")->string_or(""), "Resolved");
    const auto undeliverable = service->deliveries("undeliverable", 10).value();
    ASSERT_EQ(undeliverable.size(), 2u);
    EXPECT_EQ(undeliverable[0].receiver, "mail");
    const auto alerts = service->alerts(10).value();
    ASSERT_EQ(alerts.size(), 1u);
    EXPECT_EQ(alerts[0].condition, "Resolved");
    EXPECT_TRUE(service->set_user_state(alerts[0].alert_id, "Acknowledged").ok());
    EXPECT_EQ(service->set_user_state("x", "Closed").error().id(), "ALR0303");
}

TEST(AlertService, FollowsTheRetrySchedule) {
    World world(store::Store::open_in_memory().value());
    const auto service = world.open();
    ASSERT_TRUE(service->put_action_group(make_group()).ok());
    ASSERT_TRUE(service->put_rule(make_rule(), kStart).ok());
    world.query.hot = [](Timestamp t) { return t <= minute(5); };
    world.webhooks.answers = {503, 0, 429, 408, 504, 503};
    world.run(*service, minute(200));
    std::vector<std::int64_t> seconds;
    for (const auto& [at, request] : world.webhooks.posts) {
        seconds.push_back((at - minute(5)).count / Ticks::kSecond);
        EXPECT_EQ(request.url, "http://receiver/x");
    }
    // Six attempts 5, 20, 5, 40 and 5 seconds apart; the Resolved of minute 20 waits for the pause
    // of 15 minutes that began at second 75.
    EXPECT_EQ(seconds, (std::vector<std::int64_t>{0, 5, 25, 30, 70, 75, 975}));
    const auto dead = service->deliveries("dead", 10).value();
    ASSERT_EQ(dead.size(), 1u);
    EXPECT_EQ(dead[0].attempts, 6);
    ASSERT_TRUE(service->replay(dead[0].id).ok());
    world.run(*service, minute(205));
    EXPECT_EQ(service->deliveries("delivered", 10).value().size(), 4u);
    EXPECT_EQ(header(world.webhooks.posts.back().second, "Idempotency-Key"), dead[0].id);
}

TEST(AlertService, AFailedEvaluationChangesNothing) {
    World world(store::Store::open_in_memory().value());
    const auto service = world.open();
    ASSERT_TRUE(service->put_rule(make_rule(), kStart).ok());
    world.query.hot = [](Timestamp t) { return t == minute(5); };
    for (const int failed : {15, 25}) {
        world.query.broken.insert(minute(failed).ticks);
    }
    // Clear at 10, 20 and 30: resolved at 30, not at 20.
    EXPECT_EQ(world.run(*service, minute(25)).resolved, 0u);
    EXPECT_EQ(service->health()[0].health, "Degraded");
    EXPECT_EQ(world.run(*service, minute(30)).resolved, 1u);
    EXPECT_EQ(service->health()[0].health, "Healthy");
}

TEST(AlertService, ReportsARuleThatKeepsFailingAndAsksItLessOften) {
    World world(store::Store::open_in_memory().value());
    const auto service = world.open();
    ASSERT_TRUE(service->put_rule(make_rule(), kStart).ok());
    for (int i = 0; i < 1000; ++i) {
        world.query.broken.insert(minute(5 * i).ticks);
    }
    world.run(*service, minute(24 * 60));
    EXPECT_LT(world.query.asked.size(), 32u);
    EXPECT_EQ(service->health()[0].health, "Failing");
    ASSERT_EQ(world.rows.rows.size(), 1u);
    EXPECT_EQ(world.rows.rows[0].get("MonitorCondition")->string_or(""), "RuleFailing");
}

// The store is closed and opened between any two instants; the alerts are those of one run.
TEST(AlertService, ARestartNeverFiresTwice) {
    const auto directory = std::filesystem::temp_directory_path() / "qd_alert_service_test";
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    const std::string path = (directory / "alerts.db").string();
    std::size_t posts = 0;
    std::size_t rows = 0;
    const auto hot = [](Timestamp t) {
        const std::int64_t n = (t - kStart).count / (5 * Ticks::kMinute);
        return n % 17 < 4;
    };
    for (int round = 0; round < 40; ++round) {
        World world(store::Store::open(path).value());
        world.clock.set(minute(15 * round));
        world.query.hot = hot;
        const auto service = world.open();
        if (round == 0) {
            ASSERT_TRUE(service->put_action_group(make_group()).ok());
            ASSERT_TRUE(service->put_rule(make_rule(), kStart).ok());
        }
        world.run(*service, minute(15 * (round + 1)));
        posts += world.webhooks.posts.size();
        rows += world.rows.rows.size();
    }
    World whole(store::Store::open_in_memory().value());
    whole.query.hot = hot;
    const auto service = whole.open();
    ASSERT_TRUE(service->put_action_group(make_group()).ok());
    ASSERT_TRUE(service->put_rule(make_rule(), kStart).ok());
    whole.run(*service, minute(600));
    EXPECT_EQ(posts, whole.webhooks.posts.size());
    EXPECT_EQ(rows, whole.rows.rows.size());
    EXPECT_GE(posts, 12u);
    std::filesystem::remove_all(directory);
}

TEST(AlertService, APauseIsMadeUpForOnce) {
    World world(store::Store::open_in_memory().value());
    const auto service = world.open();
    ASSERT_TRUE(service->put_rule(make_rule(), kStart).ok());
    world.clock.set(minute(1003));
    EXPECT_EQ(service->evaluate_due().value().evaluations, 1u);
    EXPECT_EQ(world.query.asked, std::vector<Timestamp>{minute(1000)});
    world.clock.set(minute(500));  // the clock jumps back: nothing happens twice
    EXPECT_EQ(service->evaluate_due().value().evaluations, 0u);
    world.clock.set(minute(1005));
    EXPECT_EQ(service->evaluate_due().value().evaluations, 1u);
}

TEST(AlertService, RowsWaitUntilTheSinkTakesThem) {
    World world(store::Store::open_in_memory().value());
    const auto service = world.open();
    ASSERT_TRUE(service->put_rule(make_rule(), kStart).ok());
    world.query.hot = [](Timestamp) { return true; };
    world.rows.failing = true;
    world.run(*service, minute(10));
    EXPECT_TRUE(world.rows.rows.empty());
    world.rows.failing = false;
    world.run(*service, minute(15));
    EXPECT_EQ(world.rows.rows.size(), 1u);
}

// The two loops, against the manual clock: nothing is asserted about how soon, only that it comes.
TEST(AlertService, RunsByItself) {
    World world(store::Store::open_in_memory().value());
    const auto service = world.open();
    ASSERT_TRUE(service->put_action_group(make_group()).ok());
    ASSERT_TRUE(service->put_rule(make_rule(), kStart).ok());
    world.query.hot = [](Timestamp) { return true; };
    world.clock.set(minute(5));
    service->start();
    // A row may leave one turn after its delivery.
    const auto finished = [&] {
        return service->deliveries("delivered", 10).value().size() == 2 && world.rows.size() == 1;
    };
    for (int i = 0; i < 500 && !finished(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    service->stop();
    EXPECT_EQ(service->deliveries("delivered", 10).value().size(), 2u);
    EXPECT_EQ(world.rows.rows.size(), 1u);
}

TEST(AlertService, RefusesAQueryThatDoesNotBindAndForgetsRules) {
    World world(store::Store::open_in_memory().value());
    const auto service = world.open();
    Rule rule = make_rule();
    rule.conditions[0].query = "nonsense";
    EXPECT_FALSE(service->put_rule(rule, kStart).ok());
    rule.skip_query_validation = true;
    EXPECT_TRUE(service->put_rule(rule, kStart).ok());
    EXPECT_TRUE(service->remove_rule(rule.id).ok());
    EXPECT_EQ(service->remove_rule(rule.id).error().id(), "ALR0302");
    EXPECT_TRUE(service->rules().empty());
}

TEST(ActionGroup, ParsesAllKindsAndFindsDoubles) {
    const auto loaded = parse_action_group(codec::parse_json(R"json({"id": "x", "properties": {
        "webhookReceivers": [{"name": "a", "serviceUri": "ftp://x"}],
        "smsReceivers": [{"name": "a"}]}})json")
                                               .value());
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(loaded.value().group.receivers.size(), 2u);
    std::vector<std::string> ids;
    for (const Finding& finding : loaded.value().findings) {
        ids.push_back(finding.id);
    }
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(ids, (std::vector<std::string>{"ALR0102", "ALR0121", "ALR0122"}));
}

}  // namespace
}  // namespace qd::alerting
