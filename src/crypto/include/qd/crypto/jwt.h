#pragma once

#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/codec/value.h"
#include "qd/crypto/secret.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qd::crypto {

/// The only algorithms there are; `none` and everything else is refused by construction.
enum class JwsAlgorithm : std::uint8_t { Hs256, Rs256, Es256 };
std::string_view algorithm_name(JwsAlgorithm algorithm);  // "HS256", …

/// A parsed key bound to one algorithm and an optional key id: a key is never used with another
/// algorithm than its own. Cheap to copy (shared, immutable). Threads: any.
class JwsKey {
  public:
    /// HS256. Errors: InvalidArgument CRY0021 when shorter than 32 bytes (RFC 7518, 3.2).
    static Result<JwsKey> from_secret(const Secret& secret, std::string key_id);
    /// RS256 (RSA, 2048 bits or more) or ES256 (P-256), told by the key. A private key signs and
    /// verifies, a public key or a certificate verifies. Errors: InvalidArgument CRY0022.
    static Result<JwsKey> from_pem(std::string_view pem, std::string key_id);
    /// One JWK (RFC 7517), public or private; kty oct, RSA, EC. Errors: InvalidArgument CRY0023.
    static Result<JwsKey> from_jwk(const Value& jwk);
    /// A new key pair (Es256, Rs256 with 2048 bits) or 32 random bytes. Errors: Internal CRY0001.
    static Result<JwsKey> generate(JwsAlgorithm algorithm, std::string key_id);

    JwsAlgorithm algorithm() const;
    const std::string& key_id() const;
    bool can_sign() const;
    /// The public JWK with kid, alg and use; never private parts. Errors: FailedPrecondition
    /// CRY0024 for an HS256 key, which has no public part.
    Result<Value> public_jwk() const;
    /// PKCS#8. Errors: FailedPrecondition CRY0024 when there is no private part.
    Result<Secret> private_pem() const;

    struct Material;
    const Material& material() const { return *material_; }

  private:
    explicit JwsKey(std::shared_ptr<const Material> material) : material_(std::move(material)) {}
    std::shared_ptr<const Material> material_;
};

/// Keys to verify with.
class JwsKeySet {
  public:
    /// A JWKS document. Keys of an unknown kty, alg or use are skipped, as RFC 7517 section 5
    /// wants. Errors: InvalidArgument CRY0025 when the text is no JWKS.
    static Result<JwsKeySet> parse(std::string_view json);
    void add(JwsKey key) { keys_.push_back(std::move(key)); }
    const std::vector<JwsKey>& keys() const { return keys_; }
    /// {"keys":[…]} of the public parts; HS256 keys are left out.
    Value public_jwks() const;

  private:
    std::vector<JwsKey> keys_;
};

/// Compact JWS (RFC 7515). Header: {"alg":…,"kid":…} plus `header_extra`, which may not name alg,
/// kid, crit or b64. Errors: FailedPrecondition CRY0024, InvalidArgument CRY0026.
Result<std::string> sign_jws(const JwsKey& key, std::string_view payload,
                             const Object& header_extra = {});
/// The same over claims as JSON, with "typ":"JWT" unless header_extra says otherwise.
Result<std::string> sign_jwt(const JwsKey& key, const Value& claims,
                             const Object& header_extra = {});

struct VerifiedJws {
    Value header;
    std::string payload;
    std::string key_id;
};
/// Checks form and signature. Header rules: three base64url parts without padding, a JSON object
/// (of duplicate keys the last counts), `alg` in `allowed`, no `crit`, no `b64`, embedded keys
/// (jwk, jku, x5c, x5u) ignored. With a kid only keys of that id are tried, else all keys of the
/// algorithm. Errors: Unauthenticated CRY0031 malformed, CRY0032 algorithm not allowed, CRY0033 no
/// such key, CRY0034 wrong signature. The token is never part of a message.
Result<VerifiedJws> verify_jws(std::string_view token, const JwsKeySet& keys,
                               const std::vector<JwsAlgorithm>& allowed);

struct JwtRules {
    std::vector<JwsAlgorithm> algorithms = {JwsAlgorithm::Rs256, JwsAlgorithm::Es256};
    std::vector<std::string> issuers;    // empty: any
    std::vector<std::string> audiences;  // empty: any; else one of the token's must be here
    std::string type;                    // empty: any; else `typ`, case-insensitive, "application/"
                                         // optional
    std::int64_t leeway_seconds = 60;
    bool require_expiry = true;
};
struct VerifiedJwt {
    Value header;
    Value claims;
    std::string key_id;
};
/// verify_jws plus exp, nbf, iss, aud (RFC 7519, 4.1). `now` is the caller's clock.
/// Errors: those of verify_jws; Unauthenticated CRY0035 expired, CRY0036 not yet valid, CRY0037
/// wrong issuer, audience or type, CRY0031 for claims of the wrong JSON type.
Result<VerifiedJwt> verify_jwt(std::string_view token, const JwsKeySet& keys, const JwtRules& rules,
                               Timestamp now);

}  // namespace qd::crypto
