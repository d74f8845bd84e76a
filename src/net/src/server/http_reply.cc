// Answers are made on the thread that gives them; only the bytes cross to the I/O thread.
#include "server/http_reply.h"

#include "http_text.h"
#include "server/session.h"

#include <array>
#include <charconv>

namespace qd::net {
namespace internal {
namespace {

constexpr std::size_t kOnePieceBytesMax = 64 * 1024;

bool has_no_body(int status) {
    return status < 200 || status == 204 || status == 304;
}

bool is_framing_field(std::string_view name) {
    return equals_ignore_case(name, "Content-Length") ||
           equals_ignore_case(name, "Transfer-Encoding") || equals_ignore_case(name, "Connection");
}

void append_head(std::string& out, int status, const HttpHeaders& headers, Timestamp now) {
    append_status_line(out, status);
    for (const auto& [name, value] : headers.entries()) {
        if (!is_framing_field(name)) {
            append_field(out, name, value);
        }
    }
    if (!headers.has("Date")) {
        append_field(out, "Date", http_date(now));
    }
}

void append_connection(std::string& out, const ReplyTraits& traits, bool close_after) {
    if (close_after) {
        out += "Connection: close\r\n";
    } else if (!traits.http11) {
        out += "Connection: keep-alive\r\n";
    }
}

}  // namespace

std::pair<std::string, std::string> write_response(HttpResponse response, const ReplyTraits& traits,
                                                   Timestamp now, bool close_after) {
    std::string head;
    const bool one_piece = response.body.size() <= kOnePieceBytesMax;
    head.reserve(512 + (one_piece ? response.body.size() : 0));
    append_head(head, response.status, response.headers, now);
    if (!has_no_body(response.status)) {
        append_field(head, "Content-Length", std::to_string(response.body.size()));
    }
    append_connection(head, traits, close_after);
    head += "\r\n";
    if (traits.is_head || has_no_body(response.status)) {
        return {std::move(head), std::string()};
    }
    if (one_piece) {
        head += response.body;
        return {std::move(head), std::string()};
    }
    return {std::move(head), std::move(response.body)};
}

}  // namespace internal

using internal::OutFlow;

// ---- Exchange -----------------------------------------------------------------------------------

HttpReply::Exchange::~Exchange() {
    if (!answered_.load()) {
        if (!session_.expired() && !server_->cut.load()) {
            server_->log.error("a request was dropped without an answer");
        }
        send(HttpResponse::of_error(
            Error(Code::Internal, "NET0012", "the request was dropped without an answer")));
    }
}

bool HttpReply::Exchange::claim() {
    if (!answered_.exchange(true)) {
        return true;
    }
    if (!session_.expired() && !server_->cut.load()) {
        server_->log.error("a second answer to a request was refused");
    }
    return false;
}

void HttpReply::Exchange::send(HttpResponse response) {
    if (!claim()) {
        return;
    }
    const auto session = session_.lock();
    if (!session) {
        return;
    }
    const bool close_after = !traits_.keep_alive || server_->draining.load() ||
                             response.headers.has_token("Connection", "close");
    auto [head, body] =
        internal::write_response(std::move(response), traits_, server_->clock.utc(), close_after);
    session->post_response(std::move(head), std::move(body), close_after);
}

std::shared_ptr<OutFlow> HttpReply::Exchange::make_flow() const {
    return std::make_shared<OutFlow>(server_->limits.stream_buffer_bytes, [weak = session_] {
        if (const auto session = weak.lock()) {
            session->post_pump();
        }
    });
}

HttpStream HttpReply::Exchange::start(int status, HttpHeaders headers) {
    using Framing = HttpStream::Channel::Framing;
    auto flow = make_flow();
    const auto session = session_.lock();
    if (!claim() || !session) {
        flow->fail();
        HttpStream dead(std::make_shared<HttpStream::Channel>(session_, flow, Framing::None));
        dead.end();  // so that dropping it does not cut the connection of the first answer
        return dead;
    }
    Framing framing = traits_.http11 ? Framing::Chunked : Framing::ToClose;
    if (traits_.is_head || internal::has_no_body(status)) {
        framing = Framing::None;
    }
    const bool close_after = !traits_.keep_alive || framing == Framing::ToClose ||
                             server_->draining.load() || headers.has_token("Connection", "close");
    std::string head;
    internal::append_head(head, status, headers, server_->clock.utc());
    if (traits_.http11 && !internal::has_no_body(status)) {
        head += "Transfer-Encoding: chunked\r\n";
    }
    internal::append_connection(head, traits_, close_after);
    head += "\r\n";
    session->post_flow(flow, false, close_after);
    flow->write_async(head, [](const Status&) {});
    return HttpStream(std::make_shared<HttpStream::Channel>(session_, flow, framing));
}

Result<UpgradedStream> HttpReply::Exchange::upgrade(HttpHeaders headers) {
    if (!traits_.upgradable) {
        return Error(Code::FailedPrecondition, "NET0022", "the request asked for no upgrade");
    }
    const auto session = session_.lock();
    if (!session) {
        return Error(Code::Unavailable, "NET0021", "the peer is gone");
    }
    if (!claim()) {
        return Error(Code::FailedPrecondition, "NET0023", "the request is answered already");
    }
    auto flow = make_flow();
    std::string head;
    internal::append_head(head, 101, headers, server_->clock.utc());
    head += "Connection: Upgrade\r\n\r\n";
    session->post_flow(flow, true, true);
    flow->write_async(head, [](const Status&) {});
    return UpgradedStream(std::make_shared<UpgradedStream::Channel>(session_, flow));
}

// ---- HttpReply ----------------------------------------------------------------------------------

HttpReply::HttpReply(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
void HttpReply::send(HttpResponse response) const {
    exchange_->send(std::move(response));
}
void HttpReply::send(const Error& error) const {
    exchange_->send(HttpResponse::of_error(error));
}
HttpStream HttpReply::start(int status, HttpHeaders headers) const {
    return exchange_->start(status, std::move(headers));
}
Result<UpgradedStream> HttpReply::upgrade(HttpHeaders headers) const {
    return exchange_->upgrade(std::move(headers));
}
bool HttpReply::answered() const {
    return exchange_->answered();
}

// ---- HttpStream ---------------------------------------------------------------------------------

HttpStream::HttpStream(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}
Status HttpStream::write(std::string chunk) {
    return channel_->write(chunk);
}
void HttpStream::write_async(std::string chunk, std::function<void(Status)> done) {
    channel_->write_async(chunk, std::move(done));
}
void HttpStream::end() {
    channel_->end();
}
bool HttpStream::closed() const {
    return channel_->closed();
}

HttpStream::Channel::~Channel() {
    if (ended_.load()) {
        return;
    }
    flow_->fail();
    if (const auto session = session_.lock()) {
        session->post_close();
    }
}

std::string HttpStream::Channel::framed(const std::string& chunk) const {
    // An empty chunk would end the body.
    if (chunk.empty() || framing_ == Framing::None) {
        return {};
    }
    if (framing_ == Framing::ToClose) {
        return chunk;
    }
    std::array<char, 16> size{};
    const auto end = std::to_chars(size.data(), size.data() + size.size(), chunk.size(), 16).ptr;
    std::string out;
    out.reserve(chunk.size() + 24);
    out.append(size.data(), end);
    out += "\r\n";
    out += chunk;
    out += "\r\n";
    return out;
}

Status HttpStream::Channel::write(const std::string& chunk) {
    return flow_->write(framed(chunk));
}

void HttpStream::Channel::write_async(const std::string& chunk, std::function<void(Status)> done) {
    flow_->write_async(framed(chunk), std::move(done));
}

void HttpStream::Channel::end() {
    if (!ended_.exchange(true)) {
        flow_->end(framing_ == Framing::Chunked ? "0\r\n\r\n" : "");
    }
}

// ---- UpgradedStream -----------------------------------------------------------------------------

UpgradedStream::UpgradedStream(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}

void UpgradedStream::read_async(std::function<void(Result<std::string>)> done) {
    channel_->read_async(std::move(done));
}

void UpgradedStream::Channel::read_async(std::function<void(Result<std::string>)> done) {
    auto once = std::make_shared<internal::ReadDone>(std::move(done));
    if (const auto session = session_.lock()) {
        session->post_raw_read(std::move(once));
    }
}

Result<std::string> UpgradedStream::read() {
    struct Answer {
        std::mutex mutex;
        std::condition_variable ready;
        std::optional<Result<std::string>> result;
    };
    auto answer = std::make_shared<Answer>();
    read_async([answer](Result<std::string> result) {
        const std::lock_guard lock(answer->mutex);
        answer->result.emplace(std::move(result));
        answer->ready.notify_one();
    });
    std::unique_lock lock(answer->mutex);
    answer->ready.wait(lock, [&] { return answer->result.has_value(); });
    return std::move(*answer->result);
}

Status UpgradedStream::write(std::string bytes) {
    return channel_->flow().write(bytes);
}
void UpgradedStream::write_async(std::string bytes, std::function<void(Status)> done) {
    channel_->flow().write_async(bytes, std::move(done));
}
void UpgradedStream::close() {
    channel_->flow().end({});
}

}  // namespace qd::net
