#pragma once

#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/crypto/secret.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qd::crypto {

/// A certificate with its private key, both PEM. `certificate` may hold a chain, leaf first.
struct CertifiedKey {
    std::string certificate;
    Secret key;
};

/// Whole seconds; both ends included.
struct Validity {
    Timestamp not_before;
    Timestamp not_after;
};

enum class CertificateUse : std::uint8_t { Server, Client };

struct LeafRequest {
    std::string common_name;
    std::vector<std::string> organizations;  // Kubernetes reads them as groups
    std::vector<std::string> names;          // DNS names or IP addresses, added to the SANs
    bool loopback_names = false;             // adds localhost, 127.0.0.1 and ::1
    CertificateUse use = CertificateUse::Server;
    Validity validity;
};

/// A self-signed P-256 authority that may sign leaves only (path length 0). Keys and serials come
/// from OpenSSL's generator. Errors: Internal CRY0001. Threads: pure.
Result<CertifiedKey> make_authority(const std::string& common_name, Validity validity);

/// A P-256 leaf signed by the authority; the authority's certificate is not appended.
/// Errors: InvalidArgument CRY0011 when the authority is no readable PEM pair or a name is bad.
Result<CertifiedKey> make_leaf(const CertifiedKey& authority, const LeafRequest& request);

/// What an operator wants to see of a certificate.
struct CertificateInfo {
    std::string subject;  // RFC 2253
    std::string issuer;
    std::string common_name;
    std::vector<std::string> organizations;
    std::vector<std::string> names;  // DNS and IP SANs
    Validity validity;
    std::string sha256;  // of the DER form, lower-case hex
};
/// The first certificate of a PEM text. Errors: InvalidArgument CRY0012.
Result<CertificateInfo> read_certificate(std::string_view pem);

}  // namespace qd::crypto
