// Merging t-digest (Dunning and Ertl, "Computing extremely accurate quantiles using t-digests",
// 2019) with the scale function k1 and a compression of 1,000: at most about 1,000 centroids stay
// after a pass over the sorted buffer.
//
// Complexity: amortised O(log kExactMax) per value; memory 24 bytes a centroid, 4,096 at most.
#include "tdigest.h"

#include "../dynamic_bytes.h"
#include "qd/columns/variant.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qd::kql {

namespace {

constexpr double kCompression = 1000;
constexpr double kPi = 3.14159265358979323846;

double scale(double q) {
    return kCompression / (2 * kPi) * std::asin(2 * std::clamp(q, 0.0, 1.0) - 1);
}

}  // namespace

void TDigest::add(double value, double weight) {
    if (std::isnan(value) || !(weight > 0)) {
        return;
    }
    least_ = centroids_.empty() ? value : std::min(least_, value);
    greatest_ = centroids_.empty() ? value : std::max(greatest_, value);
    centroids_.push_back({value, weight, false});
    total_ += weight;
    sorted_ = false;
    if (centroids_.size() > kExactMax) {
        compress();
    }
}

void TDigest::merge(const TDigest& other) {
    if (other.empty()) {
        return;
    }
    least_ = empty() ? other.least_ : std::min(least_, other.least_);
    greatest_ = empty() ? other.greatest_ : std::max(greatest_, other.greatest_);
    centroids_.insert(centroids_.end(), other.centroids_.begin(), other.centroids_.end());
    total_ += other.total_;
    sorted_ = false;
    if (centroids_.size() > kExactMax) {
        compress();
    }
}

void TDigest::sort() const {
    if (!sorted_) {
        std::stable_sort(centroids_.begin(), centroids_.end(),
                         [](const Centroid& a, const Centroid& b) { return a.mean < b.mean; });
        sorted_ = true;
    }
}

void TDigest::compress() {
    sort();
    std::vector<Centroid> out;
    Centroid current = centroids_[0];
    double before = 0;
    double limit = scale(0) + 1;
    for (std::size_t i = 1; i < centroids_.size(); ++i) {
        const Centroid& next = centroids_[i];
        const double reached = (before + current.weight + next.weight) / total_;
        if (next.mean == current.mean || scale(reached) <= limit) {
            current.merged = current.merged || next.merged || next.mean != current.mean;
            current.weight += next.weight;
            current.mean += (next.mean - current.mean) * next.weight / current.weight;
            continue;
        }
        before += current.weight;
        out.push_back(current);
        limit = scale(before / total_) + 1;
        current = next;
    }
    out.push_back(current);
    centroids_ = std::move(out);
}

double TDigest::percentile(double percent) const {
    if (centroids_.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    sort();
    const double wanted = percent / 100 * total_ - 1e-9;
    double before = 0;
    for (std::size_t i = 0; i < centroids_.size(); ++i) {
        const Centroid& c = centroids_[i];
        if (before + c.weight < wanted) {
            before += c.weight;
            continue;
        }
        if (!c.merged) {
            return c.mean;
        }
        const double left = i == 0 ? least_ : (centroids_[i - 1].mean + c.mean) / 2;
        const double right =
            i + 1 == centroids_.size() ? greatest_ : (centroids_[i + 1].mean + c.mean) / 2;
        return left + (right - left) * std::clamp((wanted - before) / c.weight, 0.0, 1.0);
    }
    return greatest_;
}

double TDigest::rank(double value) const {
    sort();
    double below = 0;
    for (std::size_t i = 0; i < centroids_.size(); ++i) {
        const Centroid& c = centroids_[i];
        if (!c.merged) {
            if (c.mean > value) {
                break;
            }
            below += c.weight;
            continue;
        }
        const double left = i == 0 ? least_ : (centroids_[i - 1].mean + c.mean) / 2;
        const double right =
            i + 1 == centroids_.size() ? greatest_ : (centroids_[i + 1].mean + c.mean) / 2;
        if (value < left) {
            break;
        }
        below +=
            c.weight * (right > left ? std::clamp((value - left) / (right - left), 0.0, 1.0) : 1.0);
    }
    return below;
}

std::string TDigest::to_variant() const {
    sort();
    ArrayBytes means;
    ArrayBytes weights;
    for (const Centroid& c : centroids_) {
        append_variant_real(means.bytes(), c.mean);
        means.end_element();
        // A negative weight marks a merged centroid.
        append_variant_real(weights.bytes(), c.merged ? -c.weight : c.weight);
        weights.end_element();
    }
    ArrayBytes all;
    means.append_to(all.bytes());
    all.end_element();
    weights.append_to(all.bytes());
    all.end_element();
    const double ends[] = {least_, greatest_};
    append_reals(all.bytes(), ends);
    all.end_element();
    std::string out;
    all.append_to(out);
    return out;
}

std::optional<TDigest> TDigest::from_variant(std::string_view bytes) {
    using Kind = columns::VariantView::Kind;
    const columns::VariantView view(bytes);
    if (view.kind() != Kind::Array || view.size() != 3) {
        return std::nullopt;
    }
    const auto number = [](columns::VariantView v) {
        return v.kind() == Kind::Long ? static_cast<double>(v.as_int()) : v.as_real();
    };
    const auto means = view.element(0);
    const auto weights = view.element(1);
    const auto ends = view.element(2);
    if (means.size() != weights.size() || ends.size() != 2 || means.size() > 16 * kExactMax) {
        return std::nullopt;
    }
    TDigest digest;
    for (std::uint32_t i = 0; i < means.size(); ++i) {
        const double weight = number(weights.element(i));
        digest.centroids_.push_back({number(means.element(i)), std::abs(weight), weight < 0});
        digest.total_ += std::abs(weight);
    }
    digest.sorted_ = false;
    digest.least_ = number(ends.element(0));
    digest.greatest_ = number(ends.element(1));
    return digest;
}

}  // namespace qd::kql
