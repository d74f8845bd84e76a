#pragma once

#include <cstdint>
#include <string_view>

namespace qd::kql {

/// A 64-bit hash that never changes: hll() sketches made of it are stored and merged later.
std::uint64_t stable_hash_bytes(std::string_view bytes);

/// The finaliser of MurmurHash3: every input bit reaches every output bit.
inline std::uint64_t stable_hash_word(std::uint64_t x) {
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    x ^= x >> 33;
    return x;
}

}  // namespace qd::kql
