#include "qd/net/router.h"

#include "server/http_reply.h"

#include <gtest/gtest.h>

#include <array>

namespace qd::net {
namespace {

/// A reply that leads nowhere: the connection is gone already.
HttpReply dead_reply() {
    static ManualClock clock{Timestamp{}};
    static InlineExecutor executor;
    static const auto log = make_null_log();
    auto state = std::make_shared<internal::ServerState>(HttpServerLimits{}, executor, clock, *log,
                                                         HttpHandler());
    return HttpReply(std::make_shared<HttpReply::Exchange>(
        std::weak_ptr<internal::Session>(), std::move(state), internal::ReplyTraits{}));
}

/// Routes that note their name and parameters, and errors that note their status.
class RouterTest : public ::testing::Test {
  protected:
    RouterTest() {
        router_.set_error_response([this](const HttpRequest&, const Error& error) {
            seen_ = error.id();
            return HttpResponse::of_error(error);
        });
    }
    void add(const std::string& method, const std::string& pattern, RouteOptions options = {}) {
        const Status added = router_.add(
            method, pattern,
            [this, name = method + " " + pattern](HttpRequest request, const HttpReply& reply) {
                seen_ = name;
                for (const auto& [key, value] : request.path_parameters) {
                    seen_ += " " + key + "=" + value;
                }
                reply.send(HttpResponse{});
            },
            options);
        ASSERT_TRUE(added.ok()) << added.error().text();
    }
    std::string go(const std::string& method, const std::string& path) {
        seen_ = "nothing";
        HttpRequest request;
        request.method = method;
        request.path = path;
        router_.handle(std::move(request), dead_reply());
        return seen_;
    }
    Router router_;
    std::string seen_;
};

TEST_F(RouterTest, FindsTheMostLiteralRoute) {
    add("GET", "/");
    add("GET", "/v1/items/{id}");
    add("GET", "/v1/items/latest");
    add("GET", "/v1/items/latest/parts");
    add("GET", "/v1/{kind}/{id}/parts/{part}");
    add("POST", "/v1/items/{id}");
    add("GET", "/files/{path...}");
    add("GET", "/v1/Workspaces/{id}/query", {.ignore_case = true});
    add("*", "/any/{id}");
    const std::vector<std::array<std::string, 3>> cases = {
        {"GET", "/", "GET /"},
        {"GET", "/v1/items/7", "GET /v1/items/{id} id=7"},
        {"GET", "/v1/items/7/", "GET /v1/items/{id} id=7"},
        {"HEAD", "/v1/items/7", "GET /v1/items/{id} id=7"},
        {"POST", "/v1/items/7", "POST /v1/items/{id} id=7"},
        {"GET", "/v1/items/latest", "GET /v1/items/latest"},
        {"GET", "/v1/items/latest/parts", "GET /v1/items/latest/parts"},
        {"GET", "/v1/items/latest/parts/2",
         "GET /v1/{kind}/{id}/parts/{part} kind=items id=latest part=2"},
        {"GET", "/v1/items/a%2Fb", "GET /v1/items/{id} id=a/b"},
        {"GET", "/v1/items/a+b%20c", "GET /v1/items/{id} id=a+b c"},
        {"GET", "/files", "GET /files/{path...} path="},
        {"GET", "/files/a/b", "GET /files/{path...} path=a/b"},
        {"GET", "/V1/wOrkspaces/X/QUERY", "GET /v1/Workspaces/{id}/query id=X"},
        {"PATCH", "/any/1", "* /any/{id} id=1"},
        {"GET", "/V1/items/7", "NET0401"},
        {"GET", "/nowhere", "NET0401"},
        {"GET", "/v1/items//", "NET0401"},
        {"DELETE", "/v1/items/7", "NET0402"},
        {"GET", "/v1/items/%zz", "NET0403"},
        {"GET", "/v1/items/%4", "NET0403"},
        {"GET", "/files/../secret", "NET0403"},
        {"GET", "/files/%2e%2e/secret", "NET0403"},
        {"GET", "/files/a%00b", "NET0403"},
        {"GET", "/" + std::string(2000, '/'), "NET0403"},
    };
    for (const auto& [method, path, expected] : cases) {
        EXPECT_EQ(go(method, path), expected) << method << " " << path;
    }
}

TEST_F(RouterTest, RefusesBadPatterns) {
    const HttpHandler handler = [](HttpRequest, const HttpReply& reply) {
        reply.send(HttpResponse{});
    };
    for (const char* pattern : {"", "a", "/a//b", "/{}", "/{a", "/{a...}/b", "/{...}x"}) {
        const Status added = router_.add("GET", pattern, handler);
        ASSERT_FALSE(added.ok()) << pattern;
        EXPECT_EQ(added.error().id(), "NET0404") << pattern;
    }
    add("GET", "/a/{x}");
    EXPECT_EQ(router_.add("GET", "/a/{x}", handler).error().id(), "NET0405");
    EXPECT_EQ(router_.add("GET", "/a/{y}/b", handler).error().id(), "NET0404");
}

TEST_F(RouterTest, TellsTheBodyLimit) {
    add("POST", "/big", {.body_bytes_max = 1000});
    add("POST", "/plain");
    HttpRequest head;
    head.method = "POST";
    for (const auto& [path, limit] : std::vector<std::pair<std::string, std::uint64_t>>{
             {"/big", 1000}, {"/plain", 7}, {"/x", 7}}) {
        head.path = path;
        EXPECT_EQ(router_.body_limit(head, 7), limit) << path;
    }
}

TEST(Http, DecodesQueries) {
    const auto pairs = parse_query("api%2Dversion=x&a=1+2%203&flag&=v&&b=%zz&c=a=b");
    const QueryPairs expected = {{"api-version", "x"}, {"a", "1 2 3"}, {"flag", ""}, {"", "v"},
                                 {"b", "%zz"},         {"c", "a=b"}};
    EXPECT_EQ(pairs, expected);
}

TEST(Http, HeadersIgnoreCaseAndKeepOrder) {
    HttpHeaders headers{{"A", "1"}, {"Connection", "keep-alive, Upgrade"}, {"a", "2"}};
    EXPECT_EQ(headers.get_or("a"), "1");
    EXPECT_TRUE(headers.has_token("connection", "upgrade"));
    EXPECT_FALSE(headers.has_token("connection", "up"));
    headers.set("A", "3");
    EXPECT_EQ(headers.entries().size(), 2U);
    EXPECT_EQ(headers.get_or("a"), "3");
}

TEST(Http, BearerTokens) {
    HttpRequest request;
    EXPECT_FALSE(request.bearer_token());
    for (const char* bad : {"Basic abc", "Bearer", "Bearer ", "Bearerabc"}) {
        request.headers.set("Authorization", bad);
        EXPECT_FALSE(request.bearer_token()) << bad;
    }
    request.headers.set("authorization", "bearer abc.def");
    EXPECT_EQ(request.bearer_token(), "abc.def");
}

TEST(Http, ErrorResponses) {
    const auto response = HttpResponse::of_error(
        Error(Code::ResourceExhausted, "ABC0001", "too much").with_retry_after_ms(1500));
    EXPECT_EQ(response.status, 429);
    EXPECT_EQ(response.headers.get_or("Retry-After"), "2");
    EXPECT_EQ(response.body, R"({"error":{"code":"ABC0001","message":"too much"}})");
}

}  // namespace
}  // namespace qd::net
