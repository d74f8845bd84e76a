// Listening, accepting, choosing plain or TLS, and stopping. Loop 0 accepts; connections are dealt
// to the loops in turn and stay there.
#include "qd/net/http_server.h"

#include "server/byte_stream.h"
#include "server/io_loop.h"
#include "server/session.h"

#include <algorithm>
#include <future>
#include <mutex>
#include <vector>

namespace qd::net {
namespace internal {
namespace {

constexpr std::size_t kRefusedConnectionsMax = 64;  // that may wait for their 503 at a time
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

class AsioHttpServer final : public HttpServer {
  public:
    AsioHttpServer(const HttpServerOptions& options, std::shared_ptr<ServerState> state,
                   std::shared_ptr<TlsContext> tls)
        : state_(std::move(state)), plain_text_(options.plain_text), tls_(std::move(tls)) {
        const HttpServerLimits& limits = options.limits;
        const std::int64_t least = std::min({limits.read_timeout_ms, limits.write_timeout_ms,
                                             limits.idle_timeout_ms, std::int64_t{2000}});
        const std::chrono::milliseconds tick(std::max<std::int64_t>(least / 8, 5));
        for (std::size_t i = 0; i < std::max<std::size_t>(options.io_threads, 1); ++i) {
            loops_.push_back(std::make_shared<IoLoop>(tick));
        }
        acceptor_.emplace(loops_[0]->context());
        pause_.emplace(loops_[0]->context());
    }

    ~AsioHttpServer() override { stop(0); }

    Status listen(const HttpServerOptions& options) {
        ErrorCode error;
        const auto address = asio::ip::make_address(options.address, error);
        if (error) {
            return Error(Code::InvalidArgument, "NET0002",
                         "not an IP address to listen on: " + options.address);
        }
        const Tcp::endpoint endpoint(address, options.port);
        acceptor_->open(endpoint.protocol(), error);
        if (!error) {
            acceptor_->set_option(asio::socket_base::reuse_address(true), error);
        }
        if (!error) {
            acceptor_->bind(endpoint, error);
        }
        if (!error) {
            acceptor_->listen(asio::socket_base::max_listen_connections, error);
        }
        if (error) {
            return Error(Code::Unavailable, "NET0001",
                         "cannot listen on " + options.address + " port " +
                             std::to_string(options.port) + ": " + error.message());
        }
        port_ = acceptor_->local_endpoint(error).port();
        loops_[0]->post([this] { accept(); });
        return {};
    }

    std::uint16_t port() const override { return port_; }
    std::size_t connections() const override { return state_->connections(); }

    Status set_identity(const TlsIdentity& identity) override {
        QD_TRY(auto context, make_tls_context(identity));
        const std::lock_guard lock(tls_mutex_);
        tls_ = std::move(context);
        return {};
    }

    void stop(std::int64_t deadline_ms) override {
        if (state_->draining.exchange(true)) {
            return;
        }
        std::promise<void> closed;
        loops_[0]->post([&] {
            ErrorCode ignored;
            acceptor_->close(ignored);
            pause_->cancel();
            closed.set_value();
        });
        closed.get_future().wait();
        for (const auto& loop : loops_) {
            loop->post([loop] { loop->drain(); });
        }
        if (!state_->wait_for_connections(deadline_ms)) {
            state_->cut.store(true);
            for (const auto& loop : loops_) {
                loop->post([loop] { loop->close_all(); });
            }
            state_->wait_for_connections();
        }
        state_->cut.store(true);
        for (const auto& loop : loops_) {
            loop->join();
        }
        state_->wait_for_handlers();
    }

  private:
    void accept() {
        const auto loop = loops_[next_loop_++ % loops_.size()];
        acceptor_->async_accept(
            loop->context(), [this, loop](const ErrorCode& error, Tcp::socket socket) {
                if (error == asio::error::operation_aborted || state_->draining.load()) {
                    return;
                }
                if (error) {  // out of file descriptors, most likely: it passes
                    state_->log.warn("accepting a connection failed", {{"error", error.message()}});
                    pause_->expires_after(kAcceptPause);
                    pause_->async_wait([this](const ErrorCode& cancelled) {
                        if (!cancelled) {
                            accept();
                        }
                    });
                    return;
                }
                admit(std::move(socket), loop);
                accept();
            });
    }

    void admit(Tcp::socket socket, const std::shared_ptr<IoLoop>& loop) {
        const std::size_t before = state_->connections();
        if (before >= state_->limits.connections_max + kRefusedConnectionsMax) {
            return;  // the socket closes
        }
        ErrorCode ignored;
        socket.set_option(Tcp::no_delay(true), ignored);
        const Tcp::endpoint peer = socket.remote_endpoint(ignored);
        const bool overloaded = before >= state_->limits.connections_max;
        std::shared_ptr<TlsContext> tls;
        {
            const std::lock_guard lock(tls_mutex_);
            tls = tls_;
        }
        state_->connection_opened();
        auto stream = tls == nullptr ? make_plain_stream(std::move(socket))
                      : plain_text_ == PlainText::Sniff
                          ? make_sniffing_stream(std::move(socket), std::move(tls))
                          : make_tls_stream(std::move(socket), std::move(tls));
        auto session = std::make_shared<Session>(state_, loop, std::move(stream), peer, overloaded);
        loop->post([loop, session = std::move(session)] {
            loop->add(session);
            session->start();
        });
    }

    const std::shared_ptr<ServerState> state_;
    const PlainText plain_text_;
    std::mutex tls_mutex_;
    std::shared_ptr<TlsContext> tls_;
    std::vector<std::shared_ptr<IoLoop>> loops_;
    std::optional<Tcp::acceptor> acceptor_;
    std::optional<asio::steady_timer> pause_;
    std::size_t next_loop_ = 0;
    std::uint16_t port_ = 0;
};

}  // namespace
}  // namespace internal

Result<std::unique_ptr<HttpServer>> HttpServer::create(HttpServerOptions options,
                                                       Executor& executor, Clock& clock, Log& log,
                                                       HttpHandler handler) {
    std::shared_ptr<internal::TlsContext> tls;
    if (options.tls) {
        QD_TRY(tls, internal::make_tls_context(*options.tls));
    }
    auto state = std::make_shared<internal::ServerState>(options.limits, executor, clock, log,
                                                         std::move(handler));
    state->body_limit = options.body_limit;
    auto server =
        std::make_unique<internal::AsioHttpServer>(options, std::move(state), std::move(tls));
    QD_CHECK_OK(server->listen(options));
    return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace qd::net
