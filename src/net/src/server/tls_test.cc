#include "qd/net/tls.h"

#include "server/test_server.h"

#include <gtest/gtest.h>

namespace qd::net {
namespace {

using testing::make_test_authority;
using testing::make_test_client;
using testing::make_test_identity;
using testing::make_test_leaf;
using testing::RawSocket;
using testing::TestServer;

void tell(const HttpRequest& request, const HttpReply& reply) {
    std::string text = request.tls ? "tls" : "plain";
    if (request.client_certificate) {
        text += " " + request.client_certificate->subject;
    }
    text += " " + std::to_string(request.body.size());
    reply.send(HttpResponse::text(200, text));
}

Result<ClientResponse> get(HttpClient& client, const std::string& url, const std::string& authority,
                           const crypto::CertifiedKey* own = nullptr, std::size_t body_bytes = 0) {
    ClientRequest request;
    request.method = body_bytes == 0 ? "GET" : "POST";
    request.url = url;
    request.ca_pem = authority;
    request.body = std::string(body_bytes, 'x');
    if (own != nullptr) {
        request.client_certificate_pem = own->certificate;
        request.client_key_pem = own->key;
    }
    return client.call(std::move(request));
}

TEST(Tls, ServesAndIsVerified) {
    const auto authority = make_test_authority();
    HttpServerOptions options;
    options.tls = make_test_identity(authority);
    TestServer server(options, tell);
    auto client = make_test_client();
    for (int i = 0; i < 100; ++i) {
        auto answer = get(*client, server.url("/"), authority.certificate, nullptr,
                          static_cast<std::size_t>(i) * 20'000);
        ASSERT_TRUE(answer.ok()) << answer.error().text();
        EXPECT_EQ(answer->body, "tls " + std::to_string(i * 20'000));
    }
    EXPECT_EQ(server.server().connections(), 1U);

    const auto stranger = make_test_authority();
    auto refused = get(*client, server.url("/"), stranger.certificate);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().id(), "NET0304");
    EXPECT_EQ(refused.error().code(), Code::PermissionDenied);

    // Plain text on the TLS port gets nothing.
    RawSocket plain(server.port());
    plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(plain.receive().find("HTTP/"), std::string::npos);
}

TEST(Tls, ClientCertificates) {
    const auto authority = make_test_authority();
    const auto client_authority = make_test_authority();
    const auto jane = make_test_leaf(client_authority, "jane", crypto::CertificateUse::Client);
    const auto forged = make_test_leaf(authority, "jane", crypto::CertificateUse::Client);
    HttpServerOptions options;
    options.tls = make_test_identity(authority);
    options.tls->client_authority_pem = client_authority.certificate;
    for (const auto mode : {ClientCertificates::Require, ClientCertificates::Request}) {
        options.tls->client_certificates = mode;
        TestServer server(options, tell);
        auto client = make_test_client();
        auto answer = get(*client, server.url("/"), authority.certificate, &jane);
        ASSERT_TRUE(answer.ok()) << answer.error().text();
        EXPECT_EQ(answer->body, "tls CN=jane,O=ops 0");
        EXPECT_FALSE(get(*client, server.url("/"), authority.certificate, &forged).ok());
        auto without = get(*client, server.url("/"), authority.certificate);
        EXPECT_EQ(without.ok(), mode == ClientCertificates::Request);
        if (without.ok()) {
            EXPECT_EQ(without->body, "tls 0");
        }
    }
}

TEST(Tls, OnePortForBothWhenAsked) {
    const auto authority = make_test_authority();
    HttpServerOptions options;
    options.tls = make_test_identity(authority);
    options.plain_text = PlainText::Sniff;
    TestServer server(options, tell);
    auto client = make_test_client();
    const std::string at = "localhost:" + std::to_string(server.port());
    auto answer = get(*client, "https://" + at + "/", authority.certificate);
    ASSERT_TRUE(answer.ok()) << answer.error().text();
    EXPECT_EQ(answer->body, "tls 0");
    answer = get(*client, "http://" + at + "/", authority.certificate);
    ASSERT_TRUE(answer.ok()) << answer.error().text();
    EXPECT_EQ(answer->body, "plain 0");
}

TEST(Tls, IdentityCanBeReplaced) {
    const auto first = make_test_authority();
    const auto second = make_test_authority();
    HttpServerOptions options;
    options.tls = make_test_identity(first);
    TestServer server(options, tell);
    EXPECT_TRUE(get(*make_test_client(), server.url("/"), first.certificate).ok());
    ASSERT_TRUE(server.server().set_identity(make_test_identity(second)).ok());
    EXPECT_TRUE(get(*make_test_client(), server.url("/"), second.certificate).ok());
    EXPECT_FALSE(get(*make_test_client(), server.url("/"), first.certificate).ok());
}

TEST(Tls, BadIdentitiesAreRefused) {
    const auto authority = make_test_authority();
    const TlsIdentity good = make_test_identity(authority);
    const TlsIdentity other = make_test_identity(authority);
    EXPECT_TRUE(check_tls_identity(good).ok());
    TlsIdentity bad = good;
    bad.key_pem = other.key_pem;
    EXPECT_EQ(check_tls_identity(bad).error().id(), "NET0101");
    bad = good;
    bad.certificate_pem = "none";
    EXPECT_EQ(check_tls_identity(bad).error().id(), "NET0101");
    bad = good;
    bad.key_pem = crypto::Secret("none");
    EXPECT_EQ(check_tls_identity(bad).error().id(), "NET0101");
    bad = good;
    bad.client_certificates = ClientCertificates::Require;
    EXPECT_EQ(check_tls_identity(bad).error().id(), "NET0101");
}

TEST(Tls, HandshakeHasATimeout) {
    const auto authority = make_test_authority();
    HttpServerOptions options;
    options.tls = make_test_identity(authority);
    options.limits.read_timeout_ms = 200;
    for (const auto plain_text : {PlainText::Refuse, PlainText::Sniff}) {
        options.plain_text = plain_text;
        TestServer server(options, tell);
        RawSocket silent(server.port());
        EXPECT_EQ(silent.receive(), "");
        RawSocket half(server.port());
        half.send(std::string_view("\x16\x03\x01", 3));
        EXPECT_EQ(half.receive(), "");
    }
}

}  // namespace
}  // namespace qd::net
