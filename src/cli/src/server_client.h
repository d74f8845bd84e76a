#pragma once

#include "qd/base/result.h"
#include "qd/cli/commands.h"
#include "qd/codec/value.h"
#include "qd/net/http_client.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace qd::cli {

/// Talks to a Quarterdeck server.
class ServerClient {
  public:
    /// Errors: those of the CA file; never of the server, which is asked later.
    static Result<ServerClient> create(const Connection& connection);

    struct Answer {
        int status = 0;
        Value body;
        std::string text;
        /// How long the server asks to wait (Retry-After) before the same request is sent again.
        std::optional<std::int64_t> retry_after_ms;
    };
    /// Errors: Unavailable CLI0001 with what to try next when the server does not answer.
    Result<Answer> get(const std::string& path);
    Result<Answer> post(const std::string& path, std::string body,
                        std::string_view content_type = "application/json",
                        bool compressed = false);
    /// post(), sent again as long as the server asks for patience: it takes nothing of what it
    /// answers so. Gives up with that answer after `patience_ms`.
    Result<Answer> post_patiently(const std::string& path, const std::string& body,
                                  std::string_view content_type, bool compressed,
                                  std::int64_t patience_ms);

  private:
    Result<Answer> send(net::ClientRequest request);

    Connection connection_;
    std::string ca_pem_;
    std::unique_ptr<net::HttpClient> client_;
};

/// Prints "qd: …" on standard error and returns 1.
int report(const Error& error);
/// The error a server's JSON body carries, as one line.
std::string error_text(const Value& body, int status);

}  // namespace qd::cli
