#include "qd/server/config.h"

#include "authentication.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace qd::server {
namespace {

class ConfigTest : public ::testing::Test {
  protected:
    void SetUp() override {
        directory_ =
            std::filesystem::path(::testing::TempDir()) /
            ("qd_config_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(directory_);
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    Result<ServerConfig> load(std::string_view yaml) {
        const std::string path = (directory_ / "config.yaml").string();
        EXPECT_TRUE(files_.write_atomic(path, yaml).ok());
        return load_config(files_, path, {});
    }

    RealFiles files_;
    std::filesystem::path directory_;
};

TEST_F(ConfigTest, ReadsEveryKind) {
    auto config = load(
        "data: /d\nlisten: '[::1]:9000'\notlp: off\ntrustLoopback: false\n"
        "sharedKeys: [a, b]\nretentionDays: 30\nthreads: 2\n");
    ASSERT_TRUE(config.ok()) << config.error().text();
    EXPECT_EQ(config->data_dir, "/d");
    EXPECT_EQ(config->listen.address, "::1");
    EXPECT_EQ(config->listen.port, 9000);
    EXPECT_FALSE(config->trust_loopback);
    EXPECT_EQ(config->shared_keys, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(config->retention_days, 30U);
    EXPECT_TRUE(load("").ok());
}

TEST_F(ConfigTest, SaysWhereAFaultIs) {
    const struct {
        const char* yaml;
        const char* where;
    } cases[] = {
        {"data: d\nretentionday: 3\n", ":2:"}, {"listen: nowhere\n", ":1:"},
        {"data: d\n\nthreads: many\n", ":3:"}, {"trustLoopback: perhaps\n", ":1:"},
        {"sharedKeys: text\n", ":1:"},         {"retentionDays: -1\n", ":1:"},
    };
    for (const auto& one : cases) {
        auto config = load(one.yaml);
        ASSERT_FALSE(config.ok()) << one.yaml;
        EXPECT_EQ(config.error().id(), "SRV0001") << one.yaml;
        EXPECT_NE(config.error().message().find(one.where), std::string::npos)
            << config.error().message();
    }
    EXPECT_NE(load("retentionday: 3\n").error().message().find("retentionDays"), std::string::npos);
    EXPECT_FALSE(load("[1]").ok());
    EXPECT_FALSE(load("data: a\ndata: b\n").ok());
}

TEST(Listen, Forms) {
    const struct {
        const char* text;
        const char* address;  // empty: malformed
        std::uint16_t port;
    } cases[] = {{"127.0.0.1:8443", "127.0.0.1", 8443},
                 {"[::1]:1", "::1", 1},
                 {":0", "127.0.0.1", 0},
                 {"0.0.0.0:65535", "0.0.0.0", 65535},
                 {"127.0.0.1", "", 0},
                 {"127.0.0.1:", "", 0},
                 {"127.0.0.1:65536", "", 0},
                 {"127.0.0.1:8x", "", 0},
                 {"", "", 0}};
    for (const auto& one : cases) {
        auto listen = parse_listen(one.text);
        ASSERT_EQ(listen.ok(), *one.address != '\0') << one.text;
        if (listen.ok()) {
            EXPECT_EQ(listen->address, one.address);
            EXPECT_EQ(listen->port, one.port);
        } else {
            EXPECT_EQ(listen.error().id(), "SRV0002");
        }
    }
}

TEST_F(ConfigTest, TrustOfLoopbackEndsAtLoopback) {
    RealEntropy entropy;
    bool made = false;
    ServerConfig config;
    config.data_dir = directory_.string();
    config.listen.address = "0.0.0.0";
    EXPECT_EQ(Authentication::create(config, files_, entropy, made).error().id(), "SRV0010");
    config.listen.address = "127.0.0.1";
    config.otlp = Listen{.address = "0.0.0.0", .port = 1};
    EXPECT_EQ(Authentication::create(config, files_, entropy, made).error().id(), "SRV0010");
    config.trust_loopback = false;
    auto strict = Authentication::create(config, files_, entropy, made);
    ASSERT_TRUE(strict.ok());
    EXPECT_TRUE(made);
    net::HttpRequest request;
    request.peer_address = "127.0.0.1";
    EXPECT_EQ(strict->check(request).error().id(), "SRV0011");
    request.headers.set("Authorization", "Bearer wrong");
    EXPECT_EQ(strict->check(request).error().id(), "SRV0012");
    std::string token = files_.read(config.data_dir + "/admin.token").value();
    token.pop_back();
    request.headers.set("Authorization", "Bearer " + token);
    EXPECT_TRUE(strict->check(request).ok());
    // The token made once stays.
    EXPECT_TRUE(Authentication::create(config, files_, entropy, made)->check(request).ok());
    EXPECT_FALSE(made);
    config.trust_loopback = true;
    config.otlp.reset();
    auto trusting = Authentication::create(config, files_, entropy, made);
    request.headers.set("Authorization", "Bearer made-up");
    EXPECT_TRUE(trusting->check(request).ok());
    request.peer_address = "10.0.0.1";
    EXPECT_FALSE(trusting->check(request).ok());
}

}  // namespace
}  // namespace qd::server
