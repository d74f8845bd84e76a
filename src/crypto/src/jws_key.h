#pragma once

#include "openssl_handles.h"
#include "qd/crypto/jwt.h"

namespace qd::crypto {

struct JwsKey::Material {
    JwsAlgorithm algorithm = JwsAlgorithm::Hs256;
    std::string key_id;
    Secret shared;         // Hs256
    internal::EvpKey key;  // Rs256, Es256
    bool can_sign = false;
};

namespace internal {

/// Raw signature bytes as JWS wants them (ES256: r||s).
Result<std::string> sign_bytes(const JwsKey& key, std::string_view message);
bool signature_fits(const JwsKey& key, std::string_view message, std::string_view signature);

}  // namespace internal
}  // namespace qd::crypto
