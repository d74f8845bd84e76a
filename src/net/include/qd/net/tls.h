#pragma once

#include "qd/base/files.h"
#include "qd/base/result.h"
#include "qd/crypto/secret.h"

#include <string>

namespace qd::net {

enum class ClientCertificates { Ignore, Request, Require };

/// What a TLS server shows, and whom it asks for a certificate. PEM throughout.
struct TlsIdentity {
    std::string certificate_pem;  // leaf first, then intermediates
    crypto::Secret key_pem;
    std::string client_authority_pem;  // trusted for client certificates; empty: none
    ClientCertificates client_certificates = ClientCertificates::Ignore;
};

/// Reads and checks that the key fits the certificate; with a client authority, certificates are
/// required. Errors: those of Files; InvalidArgument NET0101.
Result<TlsIdentity> load_tls_identity(Files& files, const std::string& certificate_path,
                                      const std::string& key_path,
                                      const std::string& client_authority_path = {});
/// Errors: InvalidArgument NET0101.
Status check_tls_identity(const TlsIdentity& identity);

}  // namespace qd::net
