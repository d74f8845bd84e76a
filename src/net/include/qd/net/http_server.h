#pragma once

#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/base/log.h"
#include "qd/base/result.h"
#include "qd/net/http.h"
#include "qd/net/tls.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace qd::net {

struct HttpServerLimits {
    std::uint32_t header_bytes_max = 64 * 1024;
    std::uint64_t body_bytes_max = 16 * 1024 * 1024;
    std::int64_t read_timeout_ms = 30'000;   // TLS handshake; a head; each 4 KiB of a body
    std::int64_t write_timeout_ms = 60'000;  // a peer that takes nothing for so long is dropped
    std::int64_t idle_timeout_ms = 120'000;  // between requests
    std::size_t connections_max = 2'000;     // further ones get 503 and are closed
    std::size_t stream_buffer_bytes = 256 * 1024;  // unsent bytes at which write() waits
};

enum class PlainText {
    Refuse,  // with an identity: TLS only
    Sniff,   // with an identity: TLS or plain by the first byte, for loopback development
};

struct HttpServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;          // 0: any free one, see HttpServer::port()
    std::optional<TlsIdentity> tls;  // nothing: plain
    PlainText plain_text = PlainText::Refuse;
    HttpServerLimits limits;
    std::size_t io_threads = 1;
    /// Asked when a head has come, before its body: how many bytes the body may have. The request
    /// has everything but its body. Runs on the I/O thread: quick, never blocking. Unset: the limit
    /// above. Router::body_limit fits.
    std::function<std::uint64_t(const HttpRequest& head, std::uint64_t server_limit)> body_limit;
};

/// The body of an answer that is written in pieces (chunked transfer). A handle: copies share one
/// stream. Dropping the last one without end() cuts the connection, so that the peer can tell.
/// Threads: any, but calls must not overlap.
class HttpStream {
  public:
    /// Queues and returns; when unsent bytes exceed the limit, waits until enough went out. Not to
    /// be called on the server's I/O thread. Errors: Unavailable NET0021 when the peer is gone.
    Status write(std::string chunk);
    /// Queues and calls `done` (on an I/O thread) as soon as there is room for more. Long-lived
    /// streams use this so that they hold no thread while waiting.
    void write_async(std::string chunk, std::function<void(Status)> done);
    void end();
    /// True once the peer is known to have gone.
    bool closed() const;

    class Channel;
    explicit HttpStream(std::shared_ptr<Channel> channel);

  private:
    std::shared_ptr<Channel> channel_;
};

/// A connection taken over after 101: raw bytes both ways. A handle, as above; dropping the last
/// one closes. One read and one write may run at a time, on different threads if wanted.
class UpgradedStream {
  public:
    /// Waits for bytes; empty text means the peer has closed. Errors: Unavailable NET0021.
    Result<std::string> read();
    void read_async(std::function<void(Result<std::string>)> done);
    Status write(std::string bytes);
    void write_async(std::string bytes, std::function<void(Status)> done);
    void close();

    class Channel;
    explicit UpgradedStream(std::shared_ptr<Channel> channel);

  private:
    std::shared_ptr<Channel> channel_;
};

/// The right to answer one request, from any thread, at any time. A handle: copies share the one
/// answer; the first of send(), start() and upgrade() counts, later calls are refused and logged.
/// When the last copy goes without an answer, the peer gets 500 NET0012.
class HttpReply {
  public:
    void send(HttpResponse response) const;
    /// HttpResponse::of_error.
    void send(const Error& error) const;
    /// Sends the head; for HEAD requests writes are swallowed.
    HttpStream start(int status, HttpHeaders headers) const;
    /// Sends 101 with the headers (Upgrade, and what the protocol wants; Connection is added).
    /// Errors: FailedPrecondition NET0022 when the request did not ask for it.
    Result<UpgradedStream> upgrade(HttpHeaders headers) const;
    bool answered() const;

    class Exchange;
    explicit HttpReply(std::shared_ptr<Exchange> exchange);

  private:
    std::shared_ptr<Exchange> exchange_;
};

using HttpHandler = std::function<void(HttpRequest, HttpReply)>;

/// HTTP/1.1 over TCP or TLS (1.2 and later). Requests of one connection are handled one after
/// another; those of different connections at the same time, on the executor.
class HttpServer {
  public:
    /// Listens and serves from now on. The executor, clock and log must outlive the server.
    /// Errors: Unavailable NET0001 when the address cannot be bound; InvalidArgument NET0101 for a
    /// bad identity, NET0002 for a bad address.
    static Result<std::unique_ptr<HttpServer>> create(HttpServerOptions options, Executor& executor,
                                                      Clock& clock, Log& log, HttpHandler handler);
    virtual ~HttpServer() = default;  // stop(0)
    virtual std::uint16_t port() const = 0;
    virtual std::size_t connections() const = 0;
    /// Replaces the certificate for new connections. Errors: InvalidArgument NET0101.
    virtual Status set_identity(const TlsIdentity& identity) = 0;
    /// Stops accepting, lets running requests finish (answers carry Connection: close), cuts what
    /// remains after deadline_ms. Returns when no connection is left and no handler runs, so never
    /// call it from a handler. A second call does nothing.
    virtual void stop(std::int64_t deadline_ms) = 0;
};

}  // namespace qd::net
