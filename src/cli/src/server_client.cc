#include "server_client.h"

#include "qd/base/files.h"
#include "qd/codec/json.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <future>

namespace qd::cli {

namespace {
constexpr std::int64_t kTimeoutMs = 3'600'000;  // queries and rule runs bound themselves
constexpr std::int64_t kWaitSecondsMax = 60;
constexpr std::int64_t kWaitLeastMs = 100;
}  // namespace

Result<ServerClient> ServerClient::create(const Connection& connection) {
    ServerClient out;
    out.connection_ = connection;
    while (!out.connection_.server.empty() && out.connection_.server.back() == '/') {
        out.connection_.server.pop_back();
    }
    if (!connection.ca_file.empty()) {
        RealFiles files;
        QD_TRY(out.ca_pem_, files.read(connection.ca_file));
    }
    QD_TRY(out.client_, net::HttpClient::create());
    return out;
}

Result<ServerClient::Answer> ServerClient::send(net::ClientRequest request) {
    request.timeout_ms = kTimeoutMs;
    request.ca_pem = ca_pem_;
    request.response_bytes_max = std::uint64_t{1} << 30;
    if (!connection_.token.empty()) {
        request.headers.set("Authorization", "Bearer " + connection_.token);
    }
    auto answered = client_->call(std::move(request));
    if (!answered.ok()) {
        return Error(Code::Unavailable, "CLI0001",
                     "no answer from " + connection_.server + ": " + answered.error().message() +
                         "; is the server running (./dev run, or quarterdeck)? another address: "
                         "--server");
    }
    Answer answer;
    answer.status = answered.value().status;
    std::int64_t seconds = 0;
    const std::string_view wait = answered.value().headers.get_or("Retry-After");
    if (std::from_chars(wait.data(), wait.data() + wait.size(), seconds).ec == std::errc()) {
        answer.retry_after_ms = std::clamp<std::int64_t>(seconds, 0, kWaitSecondsMax) * 1000;
    }
    answer.text = std::move(answered.value().body);
    if (auto parsed = codec::parse_json(answer.text); parsed.ok()) {
        answer.body = std::move(parsed).value();
    }
    return answer;
}

Result<ServerClient::Answer> ServerClient::get(const std::string& path) {
    net::ClientRequest request;
    request.url = connection_.server + path;
    return send(std::move(request));
}

Result<ServerClient::Answer> ServerClient::post(const std::string& path, std::string body,
                                                std::string_view content_type, bool compressed) {
    net::ClientRequest request;
    request.method = "POST";
    request.url = connection_.server + path;
    request.body = std::move(body);
    request.headers.set("Content-Type", std::string(content_type));
    if (compressed) {
        request.headers.set("Content-Encoding", "gzip");
    }
    return send(std::move(request));
}

Result<ServerClient::Answer> ServerClient::post_patiently(const std::string& path,
                                                          const std::string& body,
                                                          std::string_view content_type,
                                                          bool compressed,
                                                          std::int64_t patience_ms) {
    while (true) {
        QD_TRY(Answer answer, post(path, body, content_type, compressed));
        const bool asked = (answer.status == 429 || answer.status == 503) && answer.retry_after_ms;
        if (!asked || patience_ms <= 0) {
            return answer;
        }
        const std::int64_t wait_ms = std::max(*answer.retry_after_ms, kWaitLeastMs);
        std::promise<void> nobody;
        nobody.get_future().wait_for(std::chrono::milliseconds(wait_ms));
        patience_ms -= wait_ms;
    }
}

int report(const Error& error) {
    std::fprintf(stderr, "qd: %s\n", error.text().c_str());
    return 1;
}

std::string error_text(const Value& body, int status) {
    const Value* error = body.get("error");
    if (error == nullptr) {
        return "the server answered " + std::to_string(status);
    }
    const auto text = [&](std::string_view key) {
        const Value* found = error->get(key);
        return std::string(found == nullptr ? "" : found->string_or(""));
    };
    std::string message = text("@message");
    if (message.empty()) {
        message = text("code") + ": " + text("message");
    }
    return message;
}

}  // namespace qd::cli
