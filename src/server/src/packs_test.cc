// Everything that is shipped under packs/ goes through the loaders of the product without a remark.
#include "qd/alerting/action_group.h"
#include "qd/alerting/rule.h"
#include "qd/automation/definition.h"
#include "qd/base/clock.h"
#include "qd/base/files.h"
#include "qd/base/log.h"
#include "qd/base/random.h"
#include "qd/codec/json.h"
#include "qd/kql/lint.h"
#include "qd/net/http_client.h"
#include "qd/server/server.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace qd::server {
namespace {

const std::string kPack = std::string(QD_PACKS_DIR) + "/detections";
/// The linter's remark that a text is a management command: the files of functions are.
constexpr std::string_view kIsCommand = "QDL0028";

struct Shipped {
    std::string name;  // of the file
    std::string text;
};

std::vector<Shipped> shipped(const std::string& folder, std::string_view suffix) {
    RealFiles files;
    std::vector<Shipped> out;
    const auto names = files.list(kPack + "/" + folder);
    EXPECT_TRUE(names.ok());
    if (!names.ok()) {
        return out;
    }
    for (const std::string& name : names.value()) {
        EXPECT_TRUE(name.ends_with(suffix)) << name;
        auto text = files.read(kPack + "/" + folder + "/" + name);
        EXPECT_TRUE(text.ok()) << name;
        out.push_back({.name = name, .text = text.ok() ? text.value() : ""});
    }
    EXPECT_FALSE(out.empty()) << folder;
    return out;
}

std::set<std::string> group_names() {
    std::set<std::string> names;
    for (const Shipped& one : shipped("action-groups", ".json")) {
        const auto document = codec::parse_json(one.text);
        if (!document.ok()) {
            ADD_FAILURE() << one.name << ": " << document.error().text();
            continue;
        }
        const auto loaded = alerting::parse_action_group(document.value());
        if (!loaded.ok()) {
            ADD_FAILURE() << one.name << ": " << loaded.error().text();
            continue;
        }
        for (const alerting::Finding& finding : loaded.value().findings) {
            ADD_FAILURE() << one.name << ": " << finding.path << ": " << finding.message;
        }
        for (const alerting::Receiver& receiver : loaded.value().group.receivers) {
            EXPECT_TRUE(receiver.deliverable()) << one.name << ": " << receiver.name;
            EXPECT_TRUE(receiver.common_schema) << one.name << ": " << receiver.name;
        }
        names.insert(loaded.value().group.name);
    }
    return names;
}

void expect_clean(const std::string& name, const std::string& text,
                  const kql::LintOptions& options = {}) {
    for (const kql::Finding& finding : kql::lint(text, options).findings) {
        if (finding.id == kIsCommand && name.ends_with(".kql")) {
            continue;
        }
        ADD_FAILURE() << name << ": " << finding.id << ": " << finding.message << ": "
                      << text.substr(finding.span.offset, finding.span.length);
    }
}

TEST(Packs, EveryRuleIsReadWithoutRemark) {
    const std::set<std::string> groups = group_names();
    std::set<std::string> ids;
    for (const Shipped& one : shipped("rules", ".json")) {
        const auto rules = alerting::parse_rules_text(one.text);
        ASSERT_TRUE(rules.ok()) << one.name << ": " << rules.error().text();
        ASSERT_EQ(rules.value().size(), 1U) << one.name;
        const alerting::LoadedRule& loaded = rules.value().front();
        for (const alerting::Finding& finding : loaded.findings) {
            ADD_FAILURE() << one.name << ": " << finding.path << ": " << finding.message;
        }
        const alerting::Rule& rule = loaded.rule;
        EXPECT_EQ(rule.name + ".json", one.name);
        EXPECT_TRUE(ids.insert(rule.id).second) << one.name;
        EXPECT_TRUE(rule.enabled) << one.name;
        EXPECT_FALSE(rule.description.empty()) << one.name;
        EXPECT_FALSE(rule.action_groups.empty()) << one.name;
        for (const std::string& group : rule.action_groups) {
            EXPECT_EQ(groups.count(group), 1U) << one.name << ": " << group;
        }
        ASSERT_EQ(rule.custom_properties.size(), 1U) << one.name;
        EXPECT_EQ(rule.custom_properties.front().first, "detects") << one.name;
        ASSERT_EQ(rule.conditions.size(), 1U) << one.name;
        EXPECT_EQ(rule.conditions.front().dimensions.size(), 1U) << one.name;
        expect_clean(one.name, rule.conditions.front().query,
                     {.tables = {}, .effective_range = rule.range()});
    }
}

TEST(Packs, EveryWorkflowIsReadWithoutRemark) {
    for (const Shipped& one : shipped("workflows", ".json")) {
        const auto document = codec::parse_json(one.text);
        ASSERT_TRUE(document.ok()) << one.name << ": " << document.error().text();
        const auto loaded = automation::load_definition(document.value());
        ASSERT_TRUE(loaded.ok()) << one.name << ": " << loaded.error().text();
        for (const automation::Finding& finding : loaded.value().findings) {
            ADD_FAILURE() << one.name << ": " << finding.path << ": " << finding.message;
        }
    }
}

TEST(Packs, EveryFunctionIsCleanToTheLinter) {
    for (const Shipped& one : shipped("functions", ".kql")) {
        expect_clean(one.name, one.text);
        const std::string name = one.name.substr(0, one.name.rfind('.')) + "(";
        EXPECT_NE(one.text.find(name), std::string::npos) << one.name;
    }
}

/// A server over a directory of its own with the pack loaded, and a client to it.
class PackServer : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "qd-packs-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
        ServerConfig config;
        config.data_dir = directory_ + "/data";
        config.listen.port = 0;
        config.otlp.reset();
        config.artefacts_dir = kPack;
        config.rules_start = parse_iso_timestamp("2026-01-01T00:00:00Z");
        auto server = Server::start(
            config, {.files = files_, .clock = clock_, .entropy = entropy_, .log = *log_});
        ASSERT_TRUE(server.ok()) << server.error().text();
        server_ = std::move(server).value();
        auto client = net::HttpClient::create();
        ASSERT_TRUE(client.ok());
        client_ = std::move(client).value();
    }
    void TearDown() override {
        client_.reset();
        server_.reset();
        std::filesystem::remove_all(directory_);
    }

    Value call(const std::string& method, const std::string& path, const std::string& body = "") {
        net::ClientRequest request;
        request.method = method;
        request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + path;
        request.body = body;
        const auto answer = client_->call(std::move(request));
        EXPECT_TRUE(answer.ok()) << path;
        if (!answer.ok()) {
            return {};
        }
        EXPECT_EQ(answer.value().status, 200) << answer.value().body;
        auto value = codec::parse_json(answer.value().body);
        return value.ok() ? value.value() : Value();
    }
    Array list(const std::string& path, const std::string& name) {
        const Value answer = call("GET", path);
        const Value* found = answer.get(name);
        return found == nullptr || found->if_array() == nullptr ? Array() : *found->if_array();
    }

    RealFiles files_;
    RealClock clock_;
    RealEntropy entropy_;
    std::unique_ptr<Log> log_ = make_null_log();
    std::string directory_;
    std::unique_ptr<Server> server_;
    std::unique_ptr<net::HttpClient> client_;
};

TEST_F(PackServer, LoadsTheWholePackWithoutFindings) {
    for (const Value& finding : list("/api/v1/artefacts", "findings")) {
        ADD_FAILURE() << codec::to_json(finding);
    }
    EXPECT_EQ(list("/api/v1/rules", "rules").size(), shipped("rules", ".json").size());
    const Array workflows = list("/api/v1/workflows", "workflows");
    EXPECT_EQ(workflows.size(), shipped("workflows", ".json").size());
    for (const Value& workflow : workflows) {
        EXPECT_TRUE(workflow.get("startable")->bool_or(false)) << codec::to_json(workflow);
        EXPECT_GT(workflow.get("actions")->int_or(0), 0);
    }
}

TEST_F(PackServer, EveryRuleRunsOverAnEmptyWorkspaceAndStaysSilent) {
    const Value summary =
        call("POST", "/api/v1/alerting/advance", R"({"until":"2026-01-01T03:00:00Z"})");
    EXPECT_GE(summary.get("evaluations")->int_or(0),
              static_cast<std::int64_t>(3 * shipped("rules", ".json").size()));
    EXPECT_EQ(summary.get("failed")->int_or(-1), 0);
    EXPECT_EQ(summary.get("fired")->int_or(-1), 0);
}

}  // namespace
}  // namespace qd::server
