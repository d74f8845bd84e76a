// Keys of JSON Web Signatures. A key is bound to the one algorithm its type allows when it is
// read, which is what rules out the classic confusions (an RSA public key taken as an HMAC secret,
// `none`). The EVP_PKEY is parsed once and shared: reading a PEM key costs more than verifying
// with it. Source: RFC 7515, RFC 7517, RFC 7518.
#include "jws_key.h"

#include "qd/codec/base64.h"
#include "qd/codec/json.h"
#include "qd/crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <array>

namespace qd::crypto {
namespace {

using internal::BigNum;
using internal::EvpKey;
using internal::openssl_error;

constexpr std::size_t kCoordinateBytes = 32;  // P-256
constexpr int kRsaBitsMin = 2048;
constexpr std::size_t kSecretBytesMin = 32;

Error bad_jwk(std::string message) {
    return Error(Code::InvalidArgument, "CRY0023", "malformed JWK: " + std::move(message));
}

Result<JwsAlgorithm> algorithm_of(EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "RSA") == 1) {
        if (EVP_PKEY_get_bits(key) < kRsaBitsMin) {
            return Error(Code::InvalidArgument, "CRY0022", "RSA keys need 2048 bits or more");
        }
        return JwsAlgorithm::Rs256;
    }
    if (EVP_PKEY_is_a(key, "EC") == 1) {
        std::array<char, 64> group{};
        std::size_t size = 0;
        if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
            std::string_view(group.data(), size) == "prime256v1") {
            return JwsAlgorithm::Es256;
        }
    }
    return Error(Code::InvalidArgument, "CRY0022", "a key must be RSA or on the curve P-256");
}

BigNum to_number(std::string_view bytes) {
    return BigNum(BN_bin2bn(internal::as_bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

Result<std::string> member_bytes(const Value& jwk, std::string_view name) {
    const Value* value = jwk.get(name);
    const std::string* text = value == nullptr ? nullptr : value->if_string();
    if (text == nullptr || text->empty()) {
        return bad_jwk("missing " + std::string(name));
    }
    auto bytes = codec::base64url_decode(*text);
    if (!bytes.ok() || bytes->empty() || bytes->size() > 2048) {
        return bad_jwk("bad base64url in " + std::string(name));
    }
    return bytes;
}

/// Collects parameters; keeps the numbers alive, because the builder only points at them.
class KeyParameters {
  public:
    KeyParameters() : builder_(OSSL_PARAM_BLD_new()) {}

    Status add_number(const char* parameter, const Value& jwk, std::string_view member) {
        QD_TRY(std::string bytes, member_bytes(jwk, member));
        numbers_.push_back(to_number(bytes));
        wipe(bytes);
        if (OSSL_PARAM_BLD_push_BN(builder_.get(), parameter, numbers_.back().get()) != 1) {
            return openssl_error(Code::Internal, "CRY0001", "building a key");
        }
        return {};
    }
    bool add_text(const char* parameter, const char* text) {
        return OSSL_PARAM_BLD_push_utf8_string(builder_.get(), parameter, text, 0) == 1;
    }
    bool add_bytes(const char* parameter, const std::string& bytes) {
        return OSSL_PARAM_BLD_push_octet_string(builder_.get(), parameter, bytes.data(),
                                                bytes.size()) == 1;
    }

    Result<EvpKey> make(const char* type, bool has_private) {
        const internal::Params params(OSSL_PARAM_BLD_to_param(builder_.get()));
        const internal::EvpKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
        EVP_PKEY* key = nullptr;
        const int selection = has_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
        if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
            EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) != 1) {
            ERR_clear_error();
            return bad_jwk("its numbers make no key");
        }
        EvpKey owned(key);
        const internal::EvpKeyContext check(EVP_PKEY_CTX_new(key, nullptr));
        const bool fits = check && EVP_PKEY_public_check_quick(check.get()) == 1 &&
                          (!has_private || EVP_PKEY_pairwise_check(check.get()) == 1);
        ERR_clear_error();
        if (!fits) {
            return bad_jwk("its numbers make no valid key");
        }
        return owned;
    }

  private:
    internal::ParamBuild builder_;
    std::vector<BigNum> numbers_;
};

Result<EvpKey> rsa_from_jwk(const Value& jwk) {
    KeyParameters parameters;
    QD_CHECK_OK(parameters.add_number(OSSL_PKEY_PARAM_RSA_N, jwk, "n"));
    QD_CHECK_OK(parameters.add_number(OSSL_PKEY_PARAM_RSA_E, jwk, "e"));
    const bool has_private = jwk.get("d") != nullptr;
    if (has_private) {
        QD_CHECK_OK(parameters.add_number(OSSL_PKEY_PARAM_RSA_D, jwk, "d"));
        QD_CHECK_OK(parameters.add_number(OSSL_PKEY_PARAM_RSA_FACTOR1, jwk, "p"));
        QD_CHECK_OK(parameters.add_number(OSSL_PKEY_PARAM_RSA_FACTOR2, jwk, "q"));
        QD_CHECK_OK(parameters.add_number(OSSL_PKEY_PARAM_RSA_EXPONENT1, jwk, "dp"));
        QD_CHECK_OK(parameters.add_number(OSSL_PKEY_PARAM_RSA_EXPONENT2, jwk, "dq"));
        QD_CHECK_OK(parameters.add_number(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, jwk, "qi"));
    }
    return parameters.make("RSA", has_private);
}

Result<EvpKey> ec_from_jwk(const Value& jwk) {
    const Value* curve = jwk.get("crv");
    if (curve == nullptr || curve->string_or("") != "P-256") {
        return bad_jwk("only the curve P-256 is supported");
    }
    QD_TRY(const std::string x, member_bytes(jwk, "x"));
    QD_TRY(const std::string y, member_bytes(jwk, "y"));
    if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) {
        return bad_jwk("coordinates of P-256 have 32 bytes");
    }
    KeyParameters parameters;
    const std::string point = '\x04' + x + y;
    if (!parameters.add_text(OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1") ||
        !parameters.add_bytes(OSSL_PKEY_PARAM_PUB_KEY, point)) {
        return openssl_error(Code::Internal, "CRY0001", "building a key");
    }
    const bool has_private = jwk.get("d") != nullptr;
    if (has_private) {
        QD_CHECK_OK(parameters.add_number(OSSL_PKEY_PARAM_PRIV_KEY, jwk, "d"));
    }
    return parameters.make("EC", has_private);
}

/// A number of the key, big-endian, padded to `size` bytes when that is larger.
Result<std::string> key_number(EVP_PKEY* key, const char* parameter, std::size_t size) {
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key, parameter, &raw) != 1) {
        return openssl_error(Code::Internal, "CRY0001", "reading a key");
    }
    const BigNum number(raw);
    const auto needed = static_cast<std::size_t>(BN_num_bytes(raw));
    std::string bytes(std::max(size, needed), '\0');
    BN_bn2binpad(raw, internal::as_bytes(bytes), static_cast<int>(bytes.size()));
    return bytes;
}

Result<std::string> der_to_raw(std::string_view der) {
    const unsigned char* at = internal::as_bytes(der);
    const internal::EcSignature signature(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    std::string raw(2 * kCoordinateBytes, '\0');
    if (!signature ||
        BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), internal::as_bytes(raw), kCoordinateBytes) <
            0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), internal::as_bytes(raw) + kCoordinateBytes,
                     kCoordinateBytes) < 0) {
        return openssl_error(Code::Internal, "CRY0001", "encoding a signature");
    }
    return raw;
}

/// Empty when the raw form is not r||s of 32 bytes each.
std::string raw_to_der(std::string_view raw) {
    if (raw.size() != 2 * kCoordinateBytes) {
        return {};
    }
    const internal::EcSignature signature(ECDSA_SIG_new());
    BigNum r = to_number(raw.substr(0, kCoordinateBytes));
    BigNum s = to_number(raw.substr(kCoordinateBytes));
    if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) {
        return {};
    }
    static_cast<void>(r.release());
    static_cast<void>(s.release());
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &der);
    if (size < 0) {
        return {};
    }
    std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return out;
}

}  // namespace

std::string_view algorithm_name(JwsAlgorithm algorithm) {
    switch (algorithm) {
        case JwsAlgorithm::Hs256:
            return "HS256";
        case JwsAlgorithm::Rs256:
            return "RS256";
        case JwsAlgorithm::Es256:
            return "ES256";
    }
    return "";
}

JwsAlgorithm JwsKey::algorithm() const {
    return material_->algorithm;
}
const std::string& JwsKey::key_id() const {
    return material_->key_id;
}
bool JwsKey::can_sign() const {
    return material_->can_sign;
}

Result<JwsKey> JwsKey::from_secret(const Secret& secret, std::string key_id) {
    if (secret.reveal().size() < kSecretBytesMin) {
        return Error(Code::InvalidArgument, "CRY0021", "an HS256 key needs 32 bytes or more");
    }
    auto material = std::make_shared<Material>();
    material->key_id = std::move(key_id);
    material->shared = secret;
    material->can_sign = true;
    return JwsKey(std::move(material));
}

Result<JwsKey> JwsKey::from_pem(std::string_view pem, std::string key_id) {
    auto material = std::make_shared<Material>();
    material->key_id = std::move(key_id);
    material->key = internal::read_private_pem(pem);
    material->can_sign = material->key != nullptr;
    if (!material->key) {
        const internal::Bio bio = internal::read_bio(pem);
        material->key.reset(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    }
    if (!material->key) {
        if (const auto certificate = internal::read_certificate_pem(pem)) {
            material->key.reset(X509_get_pubkey(certificate.get()));
        }
    }
    ERR_clear_error();
    if (!material->key) {
        return Error(Code::InvalidArgument, "CRY0022", "no key in PEM form");
    }
    QD_TRY(material->algorithm, algorithm_of(material->key.get()));
    return JwsKey(std::move(material));
}

Result<JwsKey> JwsKey::from_jwk(const Value& jwk) {
    const auto text_of = [&](std::string_view name) {
        const Value* value = jwk.get(name);
        return value == nullptr ? std::string_view() : value->string_or("");
    };
    const std::string_view type = text_of("kty");
    auto material = std::make_shared<Material>();
    material->key_id = text_of("kid");
    if (type == "oct") {
        QD_TRY(std::string bytes, member_bytes(jwk, "k"));
        const Secret secret(bytes);
        wipe(bytes);
        QD_TRY(JwsKey key, from_secret(secret, material->key_id));
        if (const auto alg = text_of("alg"); !alg.empty() && alg != "HS256") {
            return bad_jwk("the key is for another algorithm");
        }
        return key;
    }
    if (type == "RSA") {
        QD_TRY(material->key, rsa_from_jwk(jwk));
    } else if (type == "EC") {
        QD_TRY(material->key, ec_from_jwk(jwk));
    } else {
        return bad_jwk("unknown kty");
    }
    QD_TRY(material->algorithm, algorithm_of(material->key.get()));
    if (const auto alg = text_of("alg");
        !alg.empty() && alg != algorithm_name(material->algorithm)) {
        return bad_jwk("the key is for another algorithm");
    }
    material->can_sign = jwk.get("d") != nullptr;
    return JwsKey(std::move(material));
}

Result<JwsKey> JwsKey::generate(JwsAlgorithm algorithm, std::string key_id) {
    if (algorithm == JwsAlgorithm::Hs256) {
        std::string bytes(kSecretBytesMin, '\0');
        if (RAND_bytes(internal::as_bytes(bytes), static_cast<int>(bytes.size())) != 1) {
            return openssl_error(Code::Internal, "CRY0001", "generating a key");
        }
        const Secret secret(bytes);
        wipe(bytes);
        return from_secret(secret, std::move(key_id));
    }
    auto material = std::make_shared<Material>();
    material->algorithm = algorithm;
    material->key_id = std::move(key_id);
    material->key.reset(algorithm == JwsAlgorithm::Es256 ? EVP_EC_gen("P-256")
                                                         : EVP_RSA_gen(2048U));
    material->can_sign = true;
    if (!material->key) {
        return openssl_error(Code::Internal, "CRY0001", "generating a key");
    }
    return JwsKey(std::move(material));
}

Result<Value> JwsKey::public_jwk() const {
    Object jwk;
    EVP_PKEY* const key = material_->key.get();
    switch (material_->algorithm) {
        case JwsAlgorithm::Hs256:
            return Error(Code::FailedPrecondition, "CRY0024", "a shared key has no public part");
        case JwsAlgorithm::Rs256: {
            QD_TRY(const std::string n, key_number(key, OSSL_PKEY_PARAM_RSA_N, 0));
            QD_TRY(const std::string e, key_number(key, OSSL_PKEY_PARAM_RSA_E, 0));
            jwk.set("kty", "RSA");
            jwk.set("n", codec::base64url_encode(n));
            jwk.set("e", codec::base64url_encode(e));
            break;
        }
        case JwsAlgorithm::Es256: {
            QD_TRY(const std::string x,
                   key_number(key, OSSL_PKEY_PARAM_EC_PUB_X, kCoordinateBytes));
            QD_TRY(const std::string y,
                   key_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, kCoordinateBytes));
            jwk.set("kty", "EC");
            jwk.set("crv", "P-256");
            jwk.set("x", codec::base64url_encode(x));
            jwk.set("y", codec::base64url_encode(y));
            break;
        }
    }
    jwk.set("use", "sig");
    jwk.set("alg", algorithm_name(material_->algorithm));
    if (!material_->key_id.empty()) {
        jwk.set("kid", material_->key_id);
    }
    return Value(std::move(jwk));
}

Result<Secret> JwsKey::private_pem() const {
    if (!material_->key || !material_->can_sign) {
        return Error(Code::FailedPrecondition, "CRY0024", "there is no private key pair");
    }
    const internal::Bio out(BIO_new(BIO_s_secmem()));
    if (PEM_write_bio_PKCS8PrivateKey(out.get(), material_->key.get(), nullptr, nullptr, 0, nullptr,
                                      nullptr) != 1) {
        return openssl_error(Code::Internal, "CRY0001", "writing a key");
    }
    return Secret(internal::bio_text(out.get()));
}

namespace internal {

Result<std::string> sign_bytes(const JwsKey& key, std::string_view message) {
    const JwsKey::Material& material = key.material();
    if (!material.can_sign) {
        return Error(Code::FailedPrecondition, "CRY0024", "the key cannot sign");
    }
    if (material.algorithm == JwsAlgorithm::Hs256) {
        return hmac_sha256(material.shared.reveal(), message);
    }
    const EvpMdContext context(EVP_MD_CTX_new());
    std::size_t size = 0;
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, material.key.get()) !=
            1 ||
        EVP_DigestSign(context.get(), nullptr, &size, as_bytes(message), message.size()) != 1) {
        return openssl_error(Code::Internal, "CRY0001", "signing");
    }
    std::string signature(size, '\0');
    if (EVP_DigestSign(context.get(), as_bytes(signature), &size, as_bytes(message),
                       message.size()) != 1) {
        return openssl_error(Code::Internal, "CRY0001", "signing");
    }
    signature.resize(size);
    if (material.algorithm == JwsAlgorithm::Es256) {
        return der_to_raw(signature);
    }
    return signature;
}

bool signature_fits(const JwsKey& key, std::string_view message, std::string_view signature) {
    const JwsKey::Material& material = key.material();
    if (material.algorithm == JwsAlgorithm::Hs256) {
        return constant_time_equal(hmac_sha256(material.shared.reveal(), message), signature);
    }
    std::string der;
    if (material.algorithm == JwsAlgorithm::Es256) {
        der = raw_to_der(signature);
        signature = der;
    }
    if (signature.empty()) {
        return false;
    }
    const EvpMdContext context(EVP_MD_CTX_new());
    const bool fits = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                                           material.key.get()) == 1 &&
                      EVP_DigestVerify(context.get(), as_bytes(signature), signature.size(),
                                       as_bytes(message), message.size()) == 1;
    ERR_clear_error();
    return fits;
}

}  // namespace internal
}  // namespace qd::crypto
