// Digests over OpenSSL's EVP interface. The one-shot EVP_Digest looks the algorithm up by name at
// each call (implicit fetch), which costs as much again as hashing a short text; the legacy
// EVP_sha256() objects with a context avoid nothing of that in 3.0, so each algorithm is fetched
// once and kept for the life of the process.
#include "qd/crypto/hash.h"

#include "openssl_handles.h"
#include "qd/base/check.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace qd::crypto {
namespace {

EVP_MD* fetch(const char* name) {
    EVP_MD* digest = EVP_MD_fetch(nullptr, name, nullptr);
    QD_CHECK(digest != nullptr);
    return digest;
}

const EVP_MD* sha256_digest() {
    static const EVP_MD* const digest = fetch("SHA256");
    return digest;
}

std::string digest_of(std::string_view bytes, const EVP_MD* digest) {
    std::string out(static_cast<std::size_t>(EVP_MD_get_size(digest)), '\0');
    unsigned int size = 0;
    QD_CHECK(EVP_Digest(bytes.data(), bytes.size(), internal::as_bytes(out), &size, digest,
                        nullptr) == 1);
    return out;
}

}  // namespace

std::string sha256(std::string_view bytes) {
    return digest_of(bytes, sha256_digest());
}

std::string sha1(std::string_view bytes) {
    static const EVP_MD* const digest = fetch("SHA1");
    return digest_of(bytes, digest);
}

std::string md5(std::string_view bytes) {
    static const EVP_MD* const digest = fetch("MD5");
    return digest_of(bytes, digest);
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
    // RFC 2104 over our fetched digest: HMAC() would fetch the MAC anew and take an int length.
    constexpr std::size_t kBlock = 64;
    std::string block = key.size() > kBlock ? sha256(key) : std::string(key);
    block.resize(kBlock, '\0');
    std::string inner = block;
    std::string outer = block;
    for (std::size_t i = 0; i < kBlock; ++i) {
        inner[i] = static_cast<char>(inner[i] ^ 0x36);
        outer[i] = static_cast<char>(outer[i] ^ 0x5c);
    }
    Sha256Stream stream;
    stream.add(inner);
    stream.add(message);
    const std::string digest = stream.finish();
    stream.add(outer);
    stream.add(digest);
    std::string out = stream.finish();
    OPENSSL_cleanse(block.data(), block.size());
    OPENSSL_cleanse(inner.data(), inner.size());
    OPENSSL_cleanse(outer.data(), outer.size());
    return out;
}

struct Sha256Stream::State {
    internal::EvpMdContext context{EVP_MD_CTX_new()};
    void start() {
        QD_CHECK(context != nullptr &&
                 EVP_DigestInit_ex2(context.get(), sha256_digest(), nullptr) == 1);
    }
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
    state_->start();
}
Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::add(std::string_view bytes) {
    QD_CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256Stream::finish() {
    std::string out(32, '\0');
    unsigned int size = 0;
    QD_CHECK(EVP_DigestFinal_ex(state_->context.get(), internal::as_bytes(out), &size) == 1);
    state_->start();
    return out;
}

}  // namespace qd::crypto
