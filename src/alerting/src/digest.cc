#include "digest.h"

#include "qd/codec/base64.h"

#include <openssl/sha.h>

#include <array>

namespace qd::alerting {

namespace {

std::array<unsigned char, SHA256_DIGEST_LENGTH> sha256(std::string_view text) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> out{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data());
    return out;
}

}  // namespace

std::string digest_hex(std::string_view text) {
    const auto digest = sha256(text);
    return codec::hex_encode({reinterpret_cast<const char*>(digest.data()), 16});
}

std::string digest_uuid(std::string_view text) {
    auto digest = sha256(text);
    digest[6] = static_cast<unsigned char>((digest[6] & 0x0f) | 0x80);
    digest[8] = static_cast<unsigned char>((digest[8] & 0x3f) | 0x80);
    std::string hex = codec::hex_encode({reinterpret_cast<const char*>(digest.data()), 16});
    for (const std::size_t at : {8U, 13U, 18U, 23U}) {
        hex.insert(at, 1, '-');
    }
    return hex;
}

}  // namespace qd::alerting
