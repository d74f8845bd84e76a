#pragma once

#include "server/asio.h"
#include "server/tls_context.h"

// After asio.h, which sets the macros these headers heed.
#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>

namespace qd::net::internal {

struct TlsContext {
    explicit TlsContext(SSL_CTX* native) : context(native) {}  // takes ownership
    asio::ssl::context context;
};

}  // namespace qd::net::internal
