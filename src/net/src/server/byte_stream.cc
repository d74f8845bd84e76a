#include "server/byte_stream.h"

#include "qd/crypto/x509.h"
#include "server/tls_context_impl.h"

#include <boost/asio/ssl/stream.hpp>
#include <openssl/pem.h>

#include <array>

namespace qd::net::internal {
namespace {

void close_socket(Tcp::socket& socket) {
    ErrorCode ignored;
    socket.close(ignored);
}

class PlainStream final : public ByteStream {
  public:
    explicit PlainStream(Tcp::socket socket) : socket_(std::move(socket)) {}

    void read_some(char* into, std::size_t size_max, Done done) override {
        socket_.async_read_some(asio::buffer(into, size_max), std::move(done));
    }
    void write_some(std::string_view first, std::string_view second, Done done) override {
        const std::array<asio::const_buffer, 2> buffers = {
            asio::const_buffer(first.data(), first.size()),
            asio::const_buffer(second.data(), second.size())};
        socket_.async_write_some(buffers, std::move(done));
    }
    void handshake(std::function<void(ErrorCode)> done) override { done({}); }
    void shut_down(std::function<void()> done) override {
        ErrorCode ignored;
        socket_.shutdown(Tcp::socket::shutdown_send, ignored);
        done();
    }
    void close() override { close_socket(socket_); }
    bool is_tls() const override { return false; }
    std::optional<ClientCertificate> client_certificate() override { return std::nullopt; }

  private:
    Tcp::socket socket_;
};

class TlsStream final : public ByteStream {
  public:
    TlsStream(Tcp::socket socket, std::shared_ptr<TlsContext> context)
        : context_(std::move(context)), stream_(std::move(socket), context_->context) {}

    void read_some(char* into, std::size_t size_max, Done done) override {
        stream_.async_read_some(asio::buffer(into, size_max), std::move(done));
    }
    void write_some(std::string_view first, std::string_view second, Done done) override {
        const std::string_view part = first.empty() ? second : first;
        stream_.async_write_some(asio::const_buffer(part.data(), part.size()), std::move(done));
    }
    void handshake(std::function<void(ErrorCode)> done) override {
        stream_.async_handshake(asio::ssl::stream_base::server, std::move(done));
    }
    void shut_down(std::function<void()> done) override {
        stream_.async_shutdown([done = std::move(done)](ErrorCode) { done(); });
    }
    void close() override { close_socket(stream_.next_layer()); }
    bool is_tls() const override { return true; }

    std::optional<ClientCertificate> client_certificate() override {
        SSL* const ssl = stream_.native_handle();
        X509* const peer = SSL_get0_peer_certificate(ssl);
        if (peer == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) {
            return std::nullopt;
        }
        BIO* const out = BIO_new(BIO_s_mem());
        PEM_write_bio_X509(out, peer);
        char* data = nullptr;
        const auto size = static_cast<std::size_t>(BIO_get_mem_data(out, &data));
        auto info = crypto::read_certificate(std::string_view(data, size));
        BIO_free_all(out);
        if (!info.ok()) {
            return std::nullopt;
        }
        return ClientCertificate{info->subject, info->common_name, info->organizations,
                                 info->sha256};
    }

  private:
    std::shared_ptr<TlsContext> context_;
    asio::ssl::stream<Tcp::socket> stream_;
};

class SniffingStream final : public ByteStream {
  public:
    SniffingStream(Tcp::socket socket, std::shared_ptr<TlsContext> context)
        : socket_(std::move(socket)), context_(std::move(context)) {}

    void handshake(std::function<void(ErrorCode)> done) override {
        // The session, which owns this, is kept alive by `done`.
        socket_.async_receive(asio::buffer(&first_byte_, 1), Tcp::socket::message_peek,
                              [this, done = std::move(done)](ErrorCode error, std::size_t) mutable {
                                  if (error) {
                                      done(error);
                                      return;
                                  }
                                  constexpr char kHandshakeRecord = 0x16;
                                  if (first_byte_ == kHandshakeRecord) {
                                      chosen_ =
                                          make_tls_stream(std::move(socket_), std::move(context_));
                                  } else {
                                      chosen_ = make_plain_stream(std::move(socket_));
                                  }
                                  chosen_->handshake(std::move(done));
                              });
    }
    void read_some(char* into, std::size_t size_max, Done done) override {
        chosen_->read_some(into, size_max, std::move(done));
    }
    void write_some(std::string_view first, std::string_view second, Done done) override {
        chosen_->write_some(first, second, std::move(done));
    }
    void shut_down(std::function<void()> done) override { chosen_->shut_down(std::move(done)); }
    void close() override {
        if (chosen_) {
            chosen_->close();
        } else {
            close_socket(socket_);
        }
    }
    bool is_tls() const override { return chosen_ && chosen_->is_tls(); }
    std::optional<ClientCertificate> client_certificate() override {
        return chosen_->client_certificate();
    }

  private:
    Tcp::socket socket_;
    std::shared_ptr<TlsContext> context_;
    char first_byte_ = 0;
    std::unique_ptr<ByteStream> chosen_;
};

}  // namespace

std::unique_ptr<ByteStream> make_plain_stream(Tcp::socket socket) {
    return std::make_unique<PlainStream>(std::move(socket));
}

std::unique_ptr<ByteStream> make_tls_stream(Tcp::socket socket,
                                            std::shared_ptr<TlsContext> context) {
    return std::make_unique<TlsStream>(std::move(socket), std::move(context));
}

std::unique_ptr<ByteStream> make_sniffing_stream(Tcp::socket socket,
                                                 std::shared_ptr<TlsContext> context) {
    return std::make_unique<SniffingStream>(std::move(socket), std::move(context));
}

}  // namespace qd::net::internal
