#pragma once

#include "qd/net/http_server.h"
#include "server/out_flow.h"
#include "server/server_state.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

namespace qd::net {
namespace internal {

class Session;

/// What the form of an answer depends on.
struct ReplyTraits {
    bool is_head = false;
    bool http11 = true;
    bool keep_alive = true;
    bool upgradable = false;
};

/// The head as bytes, and the body that follows it (empty when there must be none). Small bodies
/// are already behind the head, so that they go out in one piece.
std::pair<std::string, std::string> write_response(HttpResponse response, const ReplyTraits& traits,
                                                   Timestamp now, bool close_after);

}  // namespace internal

class HttpReply::Exchange {
  public:
    Exchange(std::weak_ptr<internal::Session> session,
             std::shared_ptr<internal::ServerState> server, internal::ReplyTraits traits)
        : session_(std::move(session)), server_(std::move(server)), traits_(traits) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange();

    void send(HttpResponse response);
    HttpStream start(int status, HttpHeaders headers);
    Result<UpgradedStream> upgrade(HttpHeaders headers);
    bool answered() const { return answered_.load(); }

  private:
    bool claim();
    std::shared_ptr<internal::OutFlow> make_flow() const;

    const std::weak_ptr<internal::Session> session_;
    const std::shared_ptr<internal::ServerState> server_;
    const internal::ReplyTraits traits_;
    std::atomic<bool> answered_{false};
};

class HttpStream::Channel {
  public:
    enum class Framing { Chunked, ToClose, None };
    Channel(std::weak_ptr<internal::Session> session, std::shared_ptr<internal::OutFlow> flow,
            Framing framing)
        : session_(std::move(session)), flow_(std::move(flow)), framing_(framing) {}
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel();

    Status write(const std::string& chunk);
    void write_async(const std::string& chunk, std::function<void(Status)> done);
    void end();
    bool closed() const { return flow_->failed(); }

  private:
    std::string framed(const std::string& chunk) const;

    const std::weak_ptr<internal::Session> session_;
    const std::shared_ptr<internal::OutFlow> flow_;
    const Framing framing_;
    std::atomic<bool> ended_{false};
};

class UpgradedStream::Channel {
  public:
    Channel(std::weak_ptr<internal::Session> session, std::shared_ptr<internal::OutFlow> flow)
        : session_(std::move(session)), flow_(std::move(flow)) {}
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel() { flow_->end({}); }

    void read_async(std::function<void(Result<std::string>)> done);
    internal::OutFlow& flow() { return *flow_; }

  private:
    const std::weak_ptr<internal::Session> session_;
    const std::shared_ptr<internal::OutFlow> flow_;
};

}  // namespace qd::net
