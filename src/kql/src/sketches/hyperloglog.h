#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qd::kql {

/// Number of one-byte registers as a power of two for accuracy 0..4 (kql.md b.26).
int hll_bits(std::int64_t accuracy);

/// One HyperLogLog sketch over stable 64-bit hashes: a plain set of hashes while it is small (and
/// therefore exact), registers afterwards.
class HyperLogLog {
  public:
    explicit HyperLogLog(int bits = 14) : bits_(bits) {}

    int bits() const { return bits_; }
    void add(std::uint64_t hash);
    /// A sketch of more bits is folded down to this one's first, or this one to the other's.
    void merge(const HyperLogLog& other);
    std::int64_t estimate() const;
    std::size_t memory_bytes() const;

    /// The dynamic value hll() answers: [bits, [hash, …]] while exact, [bits, "base64 registers"].
    std::string to_variant() const;
    static std::optional<HyperLogLog> from_variant(std::string_view bytes);

  private:
    void promote();
    void grow();
    void fold_to(int bits);
    void add_register(std::uint64_t hash);

    int bits_;
    /// While exact: the hashes met, in a table half empty at least; 0 is an empty place, and the
    /// hash 0 goes as 1.
    std::vector<std::uint64_t> places_;
    std::size_t met_ = 0;
    std::vector<std::uint8_t> registers_;  // empty while exact
};

/// Hashes up to this many are kept as they are: counts up to it are exact.
inline constexpr std::size_t kHllExactMax = 1024;

/// The estimate of a register array.
double hll_estimate(const std::uint8_t* registers, std::size_t count);

/// Registers that know how many of them hold each rank, so that an estimate need not look at them:
/// for many small sketches, one after the other.
class CountedRegisters {
  public:
    explicit CountedRegisters(int bits);
    void clear();
    void add(std::uint64_t hash);
    std::int64_t estimate() const;

  private:
    int bits_;
    std::vector<std::uint8_t> registers_;
    std::vector<std::uint32_t> of_rank_;
};

inline std::uint8_t hll_rank(int bits, std::uint64_t hash) {
    const std::uint64_t rest = hash << bits;
    const int zeros = rest == 0 ? 64 - bits : __builtin_clzll(rest);
    return static_cast<std::uint8_t>(zeros + 1);
}
/// One hash into a register array of 2^bits.
inline void hll_add(std::uint8_t* registers, int bits, std::uint64_t hash) {
    const std::uint64_t index = hash >> (64 - bits);
    const std::uint8_t rank = hll_rank(bits, hash);
    if (registers[index] < rank) {
        registers[index] = rank;
    }
}

}  // namespace qd::kql
