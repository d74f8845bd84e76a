#include "qd/base/random.h"

#include "qd/base/check.h"

#include <sys/random.h>

#include <bit>

namespace qd {

Random::Random(std::uint64_t seed) : state_{} {
    // splitmix64 spreads the seed (Blackman and Vigna's recommendation).
    for (std::uint64_t& word : state_) {
        seed += 0x9E3779B97F4A7C15ULL;
        std::uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        word = z ^ (z >> 31);
    }
}

std::uint64_t Random::next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
    QD_CHECK(bound > 0);
    // Values below the threshold would make small results more likely; draw again.
    const std::uint64_t threshold = (0 - bound) % bound;
    std::uint64_t draw = next();
    while (draw < threshold) {
        draw = next();
    }
    return draw % bound;
}

double Random::unit() {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

void RealEntropy::fill(std::span<std::uint8_t> out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t got = getrandom(out.data() + done, out.size() - done, 0);
        if (got > 0) {
            done += static_cast<std::size_t>(got);
        }
    }
}

void SeededEntropy::fill(std::span<std::uint8_t> out) {
    const std::lock_guard lock(mutex_);
    for (std::uint8_t& byte : out) {
        byte = static_cast<std::uint8_t>(random_.next() >> 56);
    }
}

std::string new_guid(Entropy& entropy) {
    std::uint8_t bytes[16];
    entropy.fill(bytes);
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    out.reserve(36);
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out += '-';
        }
        out += kHex[bytes[i] >> 4];
        out += kHex[bytes[i] & 15];
    }
    return out;
}

}  // namespace qd
