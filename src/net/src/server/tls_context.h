#pragma once

#include "qd/net/tls.h"

#include <memory>

namespace qd::net::internal {

/// An OpenSSL server context made from an identity. Opaque here so that OpenSSL and Asio's ssl
/// headers stay in two files.
struct TlsContext;
/// Errors: InvalidArgument NET0101.
Result<std::shared_ptr<TlsContext>> make_tls_context(const TlsIdentity& identity);

}  // namespace qd::net::internal
