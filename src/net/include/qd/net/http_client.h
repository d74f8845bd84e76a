#pragma once

#include "qd/base/result.h"
#include "qd/crypto/secret.h"
#include "qd/net/http.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace qd::net {

struct ClientRequest {
    std::string method = "GET";
    std::string url;  // http or https
    HttpHeaders headers;
    std::string body;
    std::int64_t timeout_ms = 30'000;  // the whole exchange, redirects included
    std::int64_t connect_timeout_ms = 10'000;
    std::string ca_pem;  // trusted instead of the system's authorities
    std::string client_certificate_pem;
    crypto::Secret client_key_pem;
    int redirects_max = 0;  // 0: a redirect is an answer like any other
    std::uint64_t response_bytes_max = 64 * 1024 * 1024;
    bool accept_compressed = false;  // offers gzip; the limit counts decoded bytes
    /// Asked with the lower-case host and the port before the first hop and before each redirect.
    std::function<Status(std::string_view host, std::uint16_t port)> allow_host;
};

struct ClientResponse {
    int status = 0;
    HttpHeaders headers;
    std::string body;
    std::string url;  // after redirects
};

struct HttpClientOptions {
    std::size_t connections_per_host_max = 32;
    std::size_t idle_connections_max = 64;
    std::string user_agent = "quarterdeck";
    std::string proxy;               // explicit proxy URL; empty: none
    bool environment_proxy = false;  // honour http_proxy and its kin
    /// Asked with every address about to be connected to, after name resolution: the place to keep
    /// requests out of private networks. Runs on the client's thread.
    std::function<bool(std::string_view ip_address)> allow_address;
};

/// HTTP(S) client on one thread of its own; connections are reused. Threads: any.
/// Redirects: 303, and 301/302 of a POST, continue as GET; Authorization, Cookie and
/// Proxy-Authorization do not cross to another origin; https never falls back to http.
/// Errors given to callbacks: InvalidArgument NET0301 (bad URL, scheme or request), Unavailable
/// NET0302 (name not resolved), NET0303 (no connection, or lost), NET0304 (TLS refused: bad
/// certificate is PermissionDenied), DeadlineExceeded NET0305, ResourceExhausted NET0306 (answer
/// too large), PermissionDenied NET0307 (host or address not allowed), FailedPrecondition NET0308
/// (too many redirects), Cancelled NET0309 (client is being destroyed).
class HttpClient {
  public:
    using Callback = std::function<void(Result<ClientResponse>)>;

    static Result<std::unique_ptr<HttpClient>> create(HttpClientOptions options = {});
    /// Pending requests end with Cancelled NET0309 before the destructor returns.
    virtual ~HttpClient() = default;
    /// The callback runs once, on the client's thread: quick, never blocking, no call().
    virtual void send(ClientRequest request, Callback callback) = 0;
    /// Waits for the answer.
    Result<ClientResponse> call(ClientRequest request);
};

}  // namespace qd::net
