#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string>

namespace qd {

/// Seeded pseudo-random numbers (xoshiro256**), for jitter, ids and sampling; never for keys.
/// Threads: one thread at a time.
class Random {
  public:
    explicit Random(std::uint64_t seed);
    std::uint64_t next();
    /// Uniform in [0, bound); bound > 0.
    std::uint64_t below(std::uint64_t bound);
    /// Uniform in [0, 1).
    double unit();

  private:
    std::uint64_t state_[4];
};

/// Bytes fit for keys. Threads: any.
class Entropy {
  public:
    virtual ~Entropy() = default;
    virtual void fill(std::span<std::uint8_t> out) = 0;
};

/// The kernel's generator.
class RealEntropy final : public Entropy {
  public:
    void fill(std::span<std::uint8_t> out) override;
};

/// Reproducible bytes for tests.
class SeededEntropy final : public Entropy {
  public:
    explicit SeededEntropy(std::uint64_t seed) : random_(seed) {}
    void fill(std::span<std::uint8_t> out) override;

  private:
    std::mutex mutex_;
    Random random_;
};

/// A random (version 4) GUID in lower-case text, 36 characters.
std::string new_guid(Entropy& entropy);

}  // namespace qd
