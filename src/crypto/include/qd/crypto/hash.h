#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace qd::crypto {

/// Digests as raw bytes (32, 20, 16). Threads: pure. SHA-1 and MD5 only where a protocol
/// prescribes them (thumbprints, cache keys), never for security of our own.
std::string sha256(std::string_view bytes);
std::string sha1(std::string_view bytes);
std::string md5(std::string_view bytes);
/// 32 raw bytes. Source: RFC 2104.
std::string hmac_sha256(std::string_view key, std::string_view message);

/// SHA-256 over parts, for texts that are not in one piece. Threads: one at a time.
class Sha256Stream {
  public:
    Sha256Stream();
    ~Sha256Stream();
    void add(std::string_view bytes);
    /// 32 raw bytes; starts anew.
    std::string finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace qd::crypto
