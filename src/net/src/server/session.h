#pragma once

#include "qd/net/http_server.h"
#include "server/byte_stream.h"
#include "server/io_loop.h"
#include "server/out_flow.h"
#include "server/server_state.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace qd::net::internal {

/// Calls its function exactly once: with a value, or with NET0021 when dropped uncalled.
class ReadDone {
  public:
    explicit ReadDone(std::function<void(Result<std::string>)> done) : done_(std::move(done)) {}
    ReadDone(const ReadDone&) = delete;
    ReadDone& operator=(const ReadDone&) = delete;
    ~ReadDone();
    void call(Result<std::string> result);

  private:
    std::function<void(Result<std::string>)> done_;
};

/// One connection: reads a request, hands it to the executor, writes the answer, begins again.
/// All but the post_… functions runs on the loop's thread.
class Session : public std::enable_shared_from_this<Session> {
  public:
    using Time = std::chrono::steady_clock::time_point;

    Session(std::shared_ptr<ServerState> server, std::shared_ptr<IoLoop> loop,
            std::unique_ptr<ByteStream> stream, const Tcp::endpoint& peer, bool overloaded);

    void start();
    bool is_late(Time now) const { return now >= deadline_; }
    void on_late();
    /// The server wants to stop: closes when idle, else after the answer.
    void drain();
    void close();

    // From any thread; ignored when the connection is gone.
    void post_response(std::string head, std::string body, bool close_after);
    /// Everything the flow carries goes out as it is. Upgraded: input is raw, see post_raw_read.
    void post_flow(std::shared_ptr<OutFlow> flow, bool upgraded, bool close_after);
    void post_pump();
    void post_raw_read(std::shared_ptr<ReadDone> done);
    void post_close();

    ServerState& server() { return *server_; }

  private:
    enum class State {
        Handshake,
        Idle,
        Head,
        Body,
        Handling,
        Responding,
        Streaming,
        Upgraded,
        Lingering,
        Closing,
        Closed
    };
    enum class After { ReadBody, Next, Close, Linger, Pump };
    using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

    void process();
    bool process_head();
    bool process_body();
    bool begin_body();
    Result<HttpRequest> request_of_head() const;
    void dispatch();
    void next_request();
    void read_more();
    void on_read(const ErrorCode& error, std::size_t size_bytes);
    void write(std::string first, std::string second, After after);
    void write_rest();
    void on_written();
    void pump();
    void deliver_raw();
    void refuse(int status, const Error& error);
    void linger();
    void finish();
    void expect_within(std::int64_t timeout_ms);
    void expect_nothing() { deadline_ = Time::max(); }

    const std::shared_ptr<ServerState> server_;
    const std::shared_ptr<IoLoop> loop_;
    const std::unique_ptr<ByteStream> stream_;
    const bool overloaded_;
    std::string peer_address_;
    std::uint16_t peer_port_ = 0;
    std::optional<ClientCertificate> client_certificate_;

    State state_ = State::Handshake;
    Time deadline_ = Time::max();

    std::string buffer_;  // input between begin_ and end_
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool reading_ = false;
    std::size_t slow_bytes_ = 0;  // of a body since the deadline was last moved
    std::optional<Parser> parser_;
    HttpRequest request_;
    bool keep_alive_ = true;

    std::string out_first_;
    std::string out_second_;
    std::size_t out_done_ = 0;
    bool writing_ = false;
    After after_ = After::Next;

    std::shared_ptr<OutFlow> flow_;
    bool close_after_flow_ = false;
    std::atomic<bool> pump_posted_{false};
    std::shared_ptr<ReadDone> raw_read_;
};

}  // namespace qd::net::internal
