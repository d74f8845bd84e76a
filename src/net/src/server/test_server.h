#pragma once

#include "qd/crypto/x509.h"
#include "qd/net/http_client.h"
#include "qd/net/http_server.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace qd::net::testing {

constexpr Timestamp kFrom = Timestamp::from_unix_seconds(1'577'836'800);   // 2020
constexpr Timestamp kUntil = Timestamp::from_unix_seconds(2'524'608'000);  // 2050

inline crypto::CertifiedKey make_test_authority() {
    auto made = crypto::make_authority("Test Authority", {kFrom, kUntil});
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
}

inline crypto::CertifiedKey make_test_leaf(
    const crypto::CertifiedKey& authority, const std::string& name,
    crypto::CertificateUse use = crypto::CertificateUse::Server) {
    crypto::LeafRequest request;
    request.common_name = name;
    request.organizations = {"ops"};
    request.loopback_names = use == crypto::CertificateUse::Server;
    request.use = use;
    request.validity = {kFrom, kUntil};
    auto made = crypto::make_leaf(authority, request);
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
}

inline TlsIdentity make_test_identity(const crypto::CertifiedKey& authority) {
    crypto::CertifiedKey leaf = make_test_leaf(authority, "localhost");
    TlsIdentity identity;
    identity.certificate_pem = leaf.certificate;
    identity.key_pem = leaf.key;
    return identity;
}

/// A server on a free port with everything it needs.
class TestServer {
  public:
    TestServer(HttpServerOptions options, HttpHandler handler, std::size_t threads = 2)
        : pool_(threads), log_(make_null_log()), is_tls_(options.tls.has_value()) {
        auto created =
            HttpServer::create(std::move(options), pool_, clock_, *log_, std::move(handler));
        EXPECT_TRUE(created.ok()) << created.error().text();
        server_ = std::move(created).value();
    }
    HttpServer& server() { return *server_; }
    std::uint16_t port() const { return server_->port(); }
    std::string url(const std::string& path) const {
        return (is_tls_ ? "https://localhost:" : "http://localhost:") + std::to_string(port()) +
               path;
    }
    void destroy() { server_.reset(); }

  private:
    ManualClock clock_{Timestamp::from_unix_seconds(1'800'000'000)};
    ThreadPool pool_;
    std::unique_ptr<Log> log_;
    bool is_tls_;
    std::unique_ptr<HttpServer> server_;
};

inline std::unique_ptr<HttpClient> make_test_client(HttpClientOptions options = {}) {
    auto created = HttpClient::create(std::move(options));
    EXPECT_TRUE(created.ok());
    return std::move(created).value();
}

/// A socket that speaks no HTTP of its own.
class RawSocket {
  public:
    explicit RawSocket(std::uint16_t port);
    RawSocket(const RawSocket&) = delete;
    RawSocket& operator=(const RawSocket&) = delete;
    ~RawSocket();
    /// False when the peer has closed.
    bool send(std::string_view bytes);
    /// Everything until the peer closes, or `until` has been seen.
    std::string receive(std::string_view until = {});
    void finish_sending();

  private:
    int socket_ = -1;
};

}  // namespace qd::net::testing
