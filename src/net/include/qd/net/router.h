#pragma once

#include "qd/base/result.h"
#include "qd/net/http.h"
#include "qd/net/http_server.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace qd::net {

struct RouteOptions {
    bool ignore_case = false;          // literal segments, as Azure's paths are
    std::uint64_t body_bytes_max = 0;  // 0: the server's limit
};

/// Sends requests to handlers by method and path. A pattern is segments: "/v1/items/{id}" matches
/// one segment into path_parameter("id"), a last "{rest...}" matches what remains (maybe nothing,
/// slashes kept). A literal beats a name, a name beats a rest. Segments are split before they are
/// percent-decoded, so an encoded slash stays in its segment. A trailing slash is ignored.
/// HEAD falls back to GET. No match: 404 NET0401; other methods only: 405 NET0402 with Allow; a bad
/// escape, "." or ".." segment: 400 NET0403.
/// Threads: add everything first; then handle() from any thread.
class Router {
  public:
    Router();
    ~Router();
    Router(Router&&) noexcept;
    Router& operator=(Router&&) noexcept;

    /// Method "*" takes every method without a route of its own.
    /// Errors: InvalidArgument NET0404 bad pattern, AlreadyExists NET0405.
    Status add(std::string_view method, std::string_view pattern, HttpHandler handler,
               RouteOptions options = {});
    /// Builds the answer for 400, 404 and 405; default HttpResponse::of_error with that status.
    void set_error_response(std::function<HttpResponse(const HttpRequest&, const Error&)> make);

    void handle(HttpRequest request, HttpReply reply) const;
    /// For HttpServerOptions::body_limit.
    std::uint64_t body_limit(const HttpRequest& head, std::uint64_t server_limit) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace qd::net
