// A connection is a small state machine on its loop's thread:
//
//   Handshake -> Idle -> Head -> Body -> Handling -> Responding -> Idle …
//                                             |----> Streaming -> Idle …
//                                             |----> Upgraded -> Closing
//   any refusal: Responding -> Lingering -> Closed
//
// Bytes are read into one buffer and fed to Beast's parser, which works on buffers alone; sockets
// and TLS are behind ByteStream. Callbacks, not coroutines: g++ 12 miscompiles some of the latter.
// While a request is handled nothing is read, so a client that pipelines is held back by TCP.
//
// Refusals that leave input unread linger: closing at once would make the kernel send a reset that
// can destroy the answer before the client has read it. Source: RFC 9112, 9.6 (tear-down), 6.3
// (message length), 11.2 (request smuggling); tested in http_server_test.cc.
#include "server/session.h"

#include "qd/base/check.h"
#include "server/http_reply.h"

#include <algorithm>

namespace qd::net::internal {
namespace http = boost::beast::http;
namespace {

constexpr std::size_t kBufferBytesFirst = 16 * 1024;
constexpr std::size_t kBufferBytesBody = 64 * 1024;  // fewer reads: six times less CPU than growing
constexpr std::size_t kRoomMin = 4 * 1024;
constexpr std::size_t kSlowBytesMin = 4 * 1024;  // a body must bring this much per read timeout
constexpr std::int64_t kLingerMs = 2'000;
constexpr std::int64_t kCloseMs = 1'000;

Error bad_request(std::string_view why) {
    return Error(Code::InvalidArgument, "NET0011", "malformed request: " + std::string(why));
}

Error too_large(std::uint64_t limit) {
    return Error(Code::OutOfRange, "NET0013",
                 "request body is larger than allowed, bytes: " + std::to_string(limit));
}

int status_of(const ErrorCode& error) {
    if (error == http::error::header_limit) {
        return 431;
    }
    if (error == http::error::bad_version) {
        return 505;
    }
    return 400;
}

/// Splits a request target into path and query. Source: RFC 9112, 3.2.
bool split_target(HttpRequest& request) {
    std::string_view rest = request.target;
    if (rest.starts_with("http://") || rest.starts_with("https://")) {
        rest.remove_prefix(rest.find("//") + 2);
        const std::size_t end = rest.find_first_of("/?");
        rest = end == rest.npos ? std::string_view("/") : rest.substr(end);
    }
    const bool whole_server = request.method == "OPTIONS" && rest == "*";
    if (rest.empty() || (rest[0] != '/' && rest[0] != '?' && !whole_server)) {
        return false;
    }
    const std::size_t question = rest.find('?');
    request.path = rest.substr(0, question);
    if (request.path.empty()) {
        request.path = "/";
    }
    request.query = question == rest.npos ? std::string_view() : rest.substr(question + 1);
    return true;
}

}  // namespace

ReadDone::~ReadDone() {
    call(Error(Code::Unavailable, "NET0021", "the peer is gone"));
}

void ReadDone::call(Result<std::string> result) {
    if (auto done = std::exchange(done_, nullptr)) {
        done(std::move(result));
    }
}

Session::Session(std::shared_ptr<ServerState> server, std::shared_ptr<IoLoop> loop,
                 std::unique_ptr<ByteStream> stream, const Tcp::endpoint& peer, bool overloaded)
    : server_(std::move(server)),
      loop_(std::move(loop)),
      stream_(std::move(stream)),
      overloaded_(overloaded),
      peer_address_(peer.address().to_string()),
      peer_port_(peer.port()) {}

void Session::start() {
    expect_within(server_->limits.read_timeout_ms);
    stream_->handshake([self = shared_from_this()](const ErrorCode& error) {
        if (self->state_ != State::Handshake) {
            return;
        }
        if (error) {
            self->close();
            return;
        }
        self->client_certificate_ = self->stream_->client_certificate();
        self->state_ = State::Idle;
        self->buffer_.resize(kBufferBytesFirst);
        self->expect_within(self->server_->limits.read_timeout_ms);
        self->process();
    });
}

void Session::expect_within(std::int64_t timeout_ms) {
    deadline_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
}

void Session::on_late() {
    if ((state_ == State::Head || state_ == State::Body) && !writing_) {
        refuse(408, Error(Code::DeadlineExceeded, "NET0014", "request took too long to arrive"));
        return;
    }
    close();
}

void Session::drain() {
    if (state_ == State::Handshake || state_ == State::Idle) {
        close();
    }
}

void Session::close() {
    if (state_ == State::Closed) {
        return;
    }
    state_ = State::Closed;
    const auto self = shared_from_this();
    stream_->close();
    if (flow_) {
        flow_->fail();
        flow_.reset();
    }
    raw_read_.reset();
    loop_->remove(this);
    server_->connection_closed();
}

// ---- Reading ------------------------------------------------------------------------------------

void Session::read_more() {
    if (reading_ || state_ == State::Closed) {
        return;
    }
    if (begin_ == end_) {
        begin_ = end_ = 0;
    }
    const std::size_t size_max =
        std::max<std::size_t>(kBufferBytesBody, server_->limits.header_bytes_max) +
        kBufferBytesFirst;
    if (state_ == State::Body && buffer_.size() < kBufferBytesBody) {
        buffer_.resize(kBufferBytesBody);
    }
    if (buffer_.size() - end_ < kRoomMin) {
        buffer_.erase(0, begin_);
        end_ -= begin_;
        begin_ = 0;
        buffer_.resize(std::clamp(end_ * 2, kBufferBytesFirst, size_max));
    }
    if (buffer_.size() - end_ < kRoomMin) {  // a line without end within a chunked body
        refuse(400, bad_request("chunk header too long"));
        return;
    }
    reading_ = true;
    stream_->read_some(buffer_.data() + end_, buffer_.size() - end_,
                       [self = shared_from_this()](const ErrorCode& error, std::size_t size) {
                           self->on_read(error, size);
                       });
}

void Session::on_read(const ErrorCode& error, std::size_t size_bytes) {
    reading_ = false;
    end_ += size_bytes;
    switch (state_) {
        case State::Idle:
        case State::Head:
        case State::Body:
            if (error) {
                close();
            } else {
                slow_bytes_ += size_bytes;
                process();
            }
            return;
        case State::Streaming:
            if (error) {
                close();  // the reader of the stream has gone
            }
            return;
        case State::Upgraded:
            if (error && raw_read_) {
                const auto done = std::exchange(raw_read_, nullptr);
                if (error == asio::error::eof) {
                    done->call(std::string());
                }
                return;
            }
            deliver_raw();
            return;
        case State::Lingering:
            begin_ = end_ = 0;
            if (error) {
                close();
            } else {
                read_more();
            }
            return;
        case State::Handshake:
        case State::Handling:
        case State::Responding:
        case State::Closing:
        case State::Closed:
            return;
    }
}

void Session::process() {
    if (state_ == State::Idle) {
        // RFC 9112, 2.2: empty lines before a request are to be ignored.
        while (begin_ < end_ && (buffer_[begin_] == '\r' || buffer_[begin_] == '\n')) {
            ++begin_;
        }
        if (begin_ == end_) {
            read_more();
            return;
        }
        state_ = State::Head;
        parser_.emplace();
        parser_->header_limit(server_->limits.header_bytes_max);
        parser_->body_limit(boost::none);
        expect_within(server_->limits.read_timeout_ms);
    }
    if (state_ == State::Head && !process_head()) {
        return;
    }
    if (state_ == State::Body) {
        if (process_body()) {
            dispatch();
        }
    }
}

/// True when the head is complete and the body may be read.
bool Session::process_head() {
    ErrorCode error;
    begin_ += parser_->put(asio::const_buffer(buffer_.data() + begin_, end_ - begin_), error);
    if (error == http::error::need_more) {
        read_more();
        return false;
    }
    if (error) {
        refuse(status_of(error), bad_request(error.message()));
        return false;
    }
    return begin_body();
}

bool Session::begin_body() {
    auto request = request_of_head();
    if (!request.ok()) {
        refuse(request.error().code() == Code::Unimplemented ? 501 : 400, request.error());
        return false;
    }
    if (overloaded_) {
        refuse(
            503,
            Error(Code::Unavailable, "NET0015", "too many connections").with_retry_after_ms(1000));
        return false;
    }
    request_ = std::move(request).value();
    keep_alive_ = parser_->keep_alive();
    std::uint64_t limit = server_->limits.body_bytes_max;
    if (server_->body_limit) {
        limit = server_->body_limit(request_, limit);
    }
    if (parser_->content_length().value_or(0) > limit) {
        refuse(413, too_large(limit));
        return false;
    }
    parser_->body_limit(limit);
    parser_->eager(true);
    slow_bytes_ = 0;
    state_ = State::Body;
    expect_within(server_->limits.read_timeout_ms);
    const std::string* expect = request_.headers.find("Expect");
    if (expect != nullptr && parser_->get().version() >= 11) {
        if (!equals_ignore_case(*expect, "100-continue")) {
            refuse(417, bad_request("unknown expectation"));
            return false;
        }
        if (!parser_->is_done() && begin_ == end_) {
            write("HTTP/1.1 100 Continue\r\n\r\n", {}, After::ReadBody);
            return false;
        }
    }
    return true;
}

/// True when the body is complete.
bool Session::process_body() {
    if (slow_bytes_ >= kSlowBytesMin) {
        slow_bytes_ = 0;
        expect_within(server_->limits.read_timeout_ms);
    }
    while (!parser_->is_done() && begin_ < end_) {
        ErrorCode error;
        begin_ += parser_->put(asio::const_buffer(buffer_.data() + begin_, end_ - begin_), error);
        if (error == http::error::need_more) {
            break;
        }
        if (error == http::error::body_limit) {
            refuse(413, Error(Code::OutOfRange, "NET0013", "request body is larger than allowed"));
            return false;
        }
        if (error) {
            refuse(400, bad_request(error.message()));
            return false;
        }
    }
    if (!parser_->is_done()) {
        read_more();
        return false;
    }
    return true;
}

/// Everything but the body. Refuses what two readers could take in two ways.
Result<HttpRequest> Session::request_of_head() const {
    const auto& message = parser_->get();
    HttpRequest request;
    request.method = std::string_view(message.method_string());
    request.target = std::string_view(message.target());
    int lengths = 0;
    int encodings = 0;
    int hosts = 0;
    for (const auto& field : message) {
        lengths += field.name() == http::field::content_length ? 1 : 0;
        hosts += field.name() == http::field::host ? 1 : 0;
        if (field.name() == http::field::transfer_encoding) {
            ++encodings;
            if (!equals_ignore_case(std::string_view(field.value()), "chunked")) {
                return Error(Code::Unimplemented, "NET0016", "unknown transfer encoding");
            }
        }
        request.headers.add(std::string(std::string_view(field.name_string())),
                            std::string(std::string_view(field.value())));
    }
    if (lengths > 1 || encodings > 1 || (lengths > 0 && encodings > 0)) {
        return bad_request("ambiguous length");
    }
    if (encodings > 0 && message.version() < 11) {
        return bad_request("chunked in HTTP/1.0");
    }
    if (hosts > 1 || (hosts == 0 && message.version() >= 11)) {
        return bad_request("there must be one Host field");
    }
    if (!split_target(request)) {
        return bad_request("target");
    }
    request.peer_address = peer_address_;
    request.peer_port = peer_port_;
    request.tls = stream_->is_tls();
    request.client_certificate = client_certificate_;
    return request;
}

void Session::dispatch() {
    state_ = State::Handling;
    expect_nothing();
    const bool http11 = parser_->get().version() >= 11;
    auto message = parser_->release();
    parser_.reset();
    auto request = std::make_shared<HttpRequest>(std::move(request_));
    request_ = {};
    request->body = std::move(message.body());
    const ReplyTraits traits{.is_head = request->method == "HEAD",
                             .http11 = http11,
                             .keep_alive = keep_alive_,
                             .upgradable = http11 && request->wants_upgrade()};
    auto reply = std::make_shared<HttpReply>(
        std::make_shared<HttpReply::Exchange>(weak_from_this(), server_, traits));
    server_->handler_posted();
    server_->executor.post([server = server_, request, reply = std::move(reply)]() mutable {
        if (!server->cut.load()) {
            HttpReply mine = std::move(*reply);
            server->handler(std::move(*request), std::move(mine));
        }
        reply.reset();
        server->handler_returned();
    });
}

void Session::next_request() {
    if (server_->draining.load()) {
        finish();
        return;
    }
    state_ = State::Idle;
    expect_within(server_->limits.idle_timeout_ms);
    process();
}

// ---- Writing ------------------------------------------------------------------------------------

void Session::write(std::string first, std::string second, After after) {
    out_first_ = std::move(first);
    out_second_ = std::move(second);
    out_done_ = 0;
    after_ = after;
    writing_ = true;
    write_rest();
}

void Session::write_rest() {
    expect_within(server_->limits.write_timeout_ms);
    std::string_view first = out_first_;
    std::string_view second = out_second_;
    if (out_done_ < first.size()) {
        first.remove_prefix(out_done_);
    } else {
        second.remove_prefix(out_done_ - first.size());
        first = {};
    }
    stream_->write_some(
        first, second, [self = shared_from_this()](const ErrorCode& error, std::size_t size) {
            if (self->state_ == State::Closed) {
                return;
            }
            if (error) {
                self->close();
                return;
            }
            self->out_done_ += size;
            if (self->out_done_ < self->out_first_.size() + self->out_second_.size()) {
                self->write_rest();
            } else {
                self->on_written();
            }
        });
}

void Session::on_written() {
    writing_ = false;
    out_first_.clear();
    out_second_ = {};
    switch (after_) {
        case After::ReadBody:
            expect_within(server_->limits.read_timeout_ms);
            process();
            return;
        case After::Next:
            next_request();
            return;
        case After::Close:
            finish();
            return;
        case After::Linger:
            linger();
            return;
        case After::Pump:
            expect_nothing();
            if (flow_) {
                flow_->sent();
                pump();
            }
            return;
    }
}

void Session::pump() {
    if (!flow_ || writing_ || state_ == State::Closed) {
        return;
    }
    std::string bytes;
    if (flow_->take(bytes)) {
        flow_->release();
        write(std::move(bytes), {}, After::Pump);
        return;
    }
    if (!flow_->ended()) {
        return;
    }
    flow_.reset();
    if (close_after_flow_) {
        finish();
    } else {
        next_request();
    }
}

void Session::refuse(int status, const Error& error) {
    state_ = State::Responding;
    HttpResponse response = HttpResponse::of_error(error);
    response.status = status;
    auto [head, body] = write_response(std::move(response), {.is_head = false, .http11 = true},
                                       server_->clock.utc(), true);
    head += body;
    parser_.reset();
    write(std::move(head), {}, After::Linger);
}

void Session::linger() {
    state_ = State::Lingering;
    expect_within(kLingerMs);
    begin_ = end_ = reading_ ? end_ : 0;
    if (!stream_->is_tls()) {
        stream_->shut_down([] {});
    }
    read_more();
}

void Session::finish() {
    if (begin_ < end_) {  // pipelined input that stays unread
        linger();
        return;
    }
    state_ = State::Closing;
    expect_within(kCloseMs);
    stream_->shut_down([self = shared_from_this()] { self->close(); });
}

void Session::deliver_raw() {
    if (!raw_read_) {
        return;
    }
    if (begin_ == end_) {
        read_more();
        return;
    }
    std::string bytes = buffer_.substr(begin_, end_ - begin_);
    begin_ = end_ = 0;
    const auto done = std::exchange(raw_read_, nullptr);
    done->call(std::move(bytes));
}

// ---- From other threads -------------------------------------------------------------------------
// The posted work holds the session weakly: work that is still queued when a stopped loop is
// destroyed must not keep the loop alive through the session.

void Session::post_response(std::string head, std::string body, bool close_after) {
    loop_->post([weak = weak_from_this(), head = std::move(head), body = std::move(body),
                 close_after]() mutable {
        const auto self = weak.lock();
        if (self && self->state_ == State::Handling) {
            self->state_ = State::Responding;
            self->write(std::move(head), std::move(body), close_after ? After::Close : After::Next);
        }
    });
}

void Session::post_flow(std::shared_ptr<OutFlow> flow, bool upgraded, bool close_after) {
    loop_->post([weak = weak_from_this(), flow = std::move(flow), upgraded, close_after] {
        const auto self = weak.lock();
        if (!self || self->state_ != State::Handling) {
            flow->fail();
            return;
        }
        self->state_ = upgraded ? State::Upgraded : State::Streaming;
        self->flow_ = flow;
        self->close_after_flow_ = close_after;
        if (!upgraded && self->begin_ == self->end_) {
            self->read_more();  // only to notice that the peer goes
        }
        self->pump();
    });
}

void Session::post_pump() {
    if (pump_posted_.exchange(true)) {
        return;
    }
    loop_->post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->pump_posted_.store(false);
            self->pump();
        }
    });
}

void Session::post_raw_read(std::shared_ptr<ReadDone> done) {
    loop_->post([weak = weak_from_this(), done = std::move(done)]() mutable {
        const auto self = weak.lock();
        if (self && self->state_ == State::Upgraded) {
            self->raw_read_ = std::move(done);
            self->deliver_raw();
        }
    });
}

void Session::post_close() {
    loop_->post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->close();
        }
    });
}

}  // namespace qd::net::internal
