// The risky part is the parser together with our framing rules. The fuzzer drives a real server,
// one loopback connection per input, and wants for every input an answer or an orderly close in
// time.
#include "qd/net/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

struct Target {
    qd::InlineExecutor executor;
    qd::RealClock clock;
    std::unique_ptr<qd::Log> log = qd::make_null_log();
    std::unique_ptr<qd::net::HttpServer> server;

    Target() {
        qd::net::HttpServerOptions options;
        options.limits.body_bytes_max = 4096;
        options.limits.header_bytes_max = 4096;
        auto created = qd::net::HttpServer::create(
            options, executor, clock, *log,
            [](const qd::net::HttpRequest& request, const qd::net::HttpReply& reply) {
                if (request.body.size() > 4096) {
                    std::abort();
                }
                static_cast<void>(request.query_pairs());
                reply.send(qd::net::HttpResponse::text(200, request.path));
            });
        if (!created.ok()) {
            std::abort();
        }
        server = std::move(created).value();
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Target* const target = new Target;  // lives as long as the process
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(target->server->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        std::abort();
    }
    const timeval limit{5, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    const linger reset{1, 0};  // no port is left in TIME_WAIT
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    ::send(socket, data, size, MSG_NOSIGNAL);
    ::shutdown(socket, SHUT_WR);
    std::array<char, 4096> buffer{};
    bool first = true;
    while (true) {
        const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EAGAIN) {
            std::abort();  // hangs
        }
        if (got <= 0) {
            break;
        }
        if (first &&
            !std::string_view(buffer.data(), static_cast<std::size_t>(got))
                 .starts_with(
                     std::string_view("HTTP/1.1 ").substr(0, static_cast<std::size_t>(got)))) {
            std::abort();
        }
        first = false;
    }
    ::close(socket);
    return 0;
}
