#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qd::kql {

/// A weighted sample of a distribution whose quantiles are most exact at the ends (Dunning). Holds
/// every value until kExactMax of them, so small inputs answer exactly.
class TDigest {
  public:
    static constexpr std::size_t kExactMax = 4096;

    void add(double value, double weight = 1);
    void merge(const TDigest& other);
    bool empty() const { return centroids_.empty(); }
    double total_weight() const { return total_; }
    /// Nearest rank: the value whose cumulated weight reaches percent/100 of the total;
    /// interpolated inside merged centroids. NaN when empty.
    double percentile(double percent) const;
    /// Weight of the values <= value.
    double rank(double value) const;

    /// [[mean, …], [weight, …]].
    std::string to_variant() const;
    static std::optional<TDigest> from_variant(std::string_view bytes);
    std::size_t memory_bytes() const { return centroids_.capacity() * sizeof(Centroid); }

  private:
    struct Centroid {
        double mean;
        double weight;
        bool merged;  // stands for several different values
    };
    void sort() const;
    void compress();

    mutable std::vector<Centroid> centroids_;
    mutable bool sorted_ = true;
    double total_ = 0;
    double least_ = 0;
    double greatest_ = 0;
};

}  // namespace qd::kql
