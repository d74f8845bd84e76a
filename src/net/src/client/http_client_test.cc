#include "qd/net/http_client.h"

#include "server/test_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>

namespace qd::net {
namespace {

using testing::make_test_client;
using testing::TestServer;

/// /redirect/STATUS?to=URL, /see shows method, body and credentials, /big is large, /never waits.
class HttpClientTest : public ::testing::Test {
  protected:
    HttpClientTest()
        : server_(
              {},
              [this](const HttpRequest& request, const HttpReply& reply) {
                  if (request.path.starts_with("/redirect/3")) {
                      HttpResponse response;
                      response.status = std::stoi(request.path.substr(10));
                      response.headers.add("Location", request.query_parameter("to").value_or(""));
                      reply.send(std::move(response));
                  } else if (request.path == "/never") {
                      kept_.push_back(reply);
                  } else if (request.path == "/big") {
                      reply.send(HttpResponse::text(200, std::string(100'000, 'x')));
                  } else {
                      reply.send(HttpResponse::text(
                          200, request.method + " " + request.body + " " +
                                   std::string(request.headers.get_or("Authorization", "none")) +
                                   " " +
                                   std::string(request.headers.get_or("Content-Type", "none"))));
                  }
              },
              1) {}
    ~HttpClientTest() override { server_.destroy(); }

    Result<ClientResponse> call(ClientRequest request) { return client_->call(std::move(request)); }

    std::vector<HttpReply> kept_;
    TestServer server_;
    std::unique_ptr<HttpClient> client_ = make_test_client();
};

TEST_F(HttpClientTest, SendsWhatItIsToldAndNoMore) {
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "QUERY"}) {
        ClientRequest request;
        request.method = method;
        request.url = server_.url("/see");
        request.body = "body";
        request.headers.set("Authorization", "Bearer t");
        auto answer = call(request);
        ASSERT_TRUE(answer.ok()) << answer.error().text();
        EXPECT_EQ(answer->body, std::string(method) + " body Bearer t none");
    }
    ClientRequest head;
    head.method = "HEAD";
    head.url = server_.url("/see");
    auto answer = call(head);
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->body, "");
    EXPECT_EQ(answer->headers.get_or("content-length"), "15");
}

TEST_F(HttpClientTest, FollowsRedirectsSafely) {
    TestServer other({}, [](const HttpRequest& request, const HttpReply& reply) {
        reply.send(
            HttpResponse::text(200, std::string(request.headers.get_or("Authorization", "none"))));
    });
    ClientRequest request;
    request.method = "POST";
    request.body = "b";
    request.headers.set("Authorization", "Bearer t");
    request.redirects_max = 2;
    const auto go = [&](int status, const std::string& to) {
        request.url = server_.url("/redirect/" + std::to_string(status) + "?to=" + to);
        return call(request);
    };
    EXPECT_EQ(go(303, "/see")->body, "GET  Bearer t none");
    EXPECT_EQ(go(302, "/see")->body, "GET  Bearer t none");
    EXPECT_EQ(go(307, "/see")->body, "POST b Bearer t none");
    EXPECT_EQ(go(308, "see")->status, 200);
    EXPECT_EQ(go(307, other.url("/x"))->body, "none");
    EXPECT_EQ(go(307, "file:///etc/passwd").error().id(), "NET0301");
    EXPECT_EQ(go(307, "/redirect/307?to=%2Fsee")->status, 200);
    EXPECT_EQ(go(307, "/redirect/307?to=%2Fredirect/307%3Fto%3D/see").error().id(), "NET0308");
    request.redirects_max = 0;
    EXPECT_EQ(go(307, "/see")->status, 307);
    // The host is asked about at every hop.
    request.redirects_max = 2;
    const std::uint16_t first_port = server_.port();
    request.allow_host = [=](std::string_view, std::uint16_t port) {
        return port == first_port ? Status()
                                  : Error(Code::PermissionDenied, "TST0001", "not that one");
    };
    EXPECT_EQ(go(307, "/see")->status, 200);
    EXPECT_EQ(go(307, other.url("/x")).error().id(), "TST0001");
}

TEST_F(HttpClientTest, FailsWithTheRightError) {
    ClientRequest request;
    request.url = "http://no-such-host.invalid/";
    EXPECT_EQ(call(request).error().id(), "NET0302");
    EXPECT_EQ(call(request).error().code(), Code::Unavailable);
    for (const char* url : {"ftp://localhost/", "not a url", "", "http://", "file:///etc/passwd"}) {
        request.url = url;
        EXPECT_EQ(call(request).error().id(), "NET0301") << url;
    }
    request.url = server_.url("/never");
    request.timeout_ms = 100;
    auto late = call(request);
    EXPECT_EQ(late.error().id(), "NET0305");
    EXPECT_EQ(late.error().code(), Code::DeadlineExceeded);
    request.timeout_ms = 5000;
    request.url = server_.url("/big");
    request.response_bytes_max = 99'999;
    EXPECT_EQ(call(request).error().id(), "NET0306");
    request.response_bytes_max = 100'000;
    EXPECT_TRUE(call(request).ok());
    request.headers.set("X", "a\r\nInjected: b");
    EXPECT_EQ(call(request).error().id(), "NET0301");
    std::uint16_t closed_port = 0;
    {
        TestServer gone({}, [](const HttpRequest&, const HttpReply&) {});
        closed_port = gone.port();
    }
    ClientRequest refused;
    refused.url = "http://127.0.0.1:" + std::to_string(closed_port) + "/";
    EXPECT_EQ(call(refused).error().id(), "NET0303");
    refused.url = server_.url("/see");
    refused.url.replace(0, 4, "https");
    EXPECT_EQ(call(refused).error().id(), "NET0304");
}

TEST_F(HttpClientTest, JudgesAddressesAfterResolution) {
    HttpClientOptions options;
    std::atomic<int> asked{0};
    options.allow_address = [&](std::string_view address) {
        ++asked;
        return address != "127.0.0.1" && address != "::1";
    };
    auto guarded = make_test_client(options);
    ClientRequest request;
    request.url = server_.url("/see");
    EXPECT_EQ(guarded->call(request).error().id(), "NET0307");
    EXPECT_GE(asked.load(), 1);
}

TEST_F(HttpClientTest, IgnoresProxyVariablesUnlessTold) {
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    ::setenv("no_proxy", "", 1);
    ClientRequest request;
    request.url = server_.url("/see");
    EXPECT_TRUE(call(request).ok());
    HttpClientOptions options;
    options.environment_proxy = true;
    EXPECT_FALSE(make_test_client(options)->call(request).ok());
    ::unsetenv("http_proxy");
    ::unsetenv("no_proxy");
}

TEST_F(HttpClientTest, CancelsWhatIsPendingWhenItGoes) {
    std::promise<std::string> seen;
    ClientRequest request;
    request.url = server_.url("/never");
    client_->send(request, [&](const Result<ClientResponse>& answer) {
        seen.set_value(answer.ok() ? "ok" : answer.error().id());
    });
    client_.reset();
    EXPECT_EQ(seen.get_future().get(), "NET0309");
}

}  // namespace
}  // namespace qd::net
