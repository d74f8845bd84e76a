#pragma once

#include "qd/net/http.h"
#include "server/asio.h"
#include "server/tls_context.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace qd::net::internal {

/// A connected socket, plain or TLS, behind one interface: the session is compiled once and Asio's
/// operation templates once per kind of stream. Threads: the socket's I/O thread.
class ByteStream {
  public:
    using Done = std::function<void(ErrorCode, std::size_t)>;
    virtual ~ByteStream() = default;
    virtual void read_some(char* into, std::size_t size_max, Done done) = 0;
    /// Writes from `first`, then `second`, as far as one call takes them.
    virtual void write_some(std::string_view first, std::string_view second, Done done) = 0;
    /// The TLS handshake; at once for plain.
    virtual void handshake(std::function<void(ErrorCode)> done) = 0;
    /// Tells the peer that nothing more comes.
    virtual void shut_down(std::function<void()> done) = 0;
    virtual void close() = 0;
    virtual bool is_tls() const = 0;
    virtual std::optional<ClientCertificate> client_certificate() = 0;
};

std::unique_ptr<ByteStream> make_plain_stream(Tcp::socket socket);
std::unique_ptr<ByteStream> make_tls_stream(Tcp::socket socket,
                                            std::shared_ptr<TlsContext> context);
/// Plain or TLS by the first byte, decided at the handshake: 0x16 begins a TLS record and no HTTP
/// method.
std::unique_ptr<ByteStream> make_sniffing_stream(Tcp::socket socket,
                                                 std::shared_ptr<TlsContext> context);

}  // namespace qd::net::internal
