// HyperLogLog with 2^bits one-byte registers. The estimate is Ertl's improved raw estimator
// ("New cardinality estimation algorithms for HyperLogLog sketches", 2017, algorithm 6): it has no
// bias to correct at small or large counts, so there are no empirical tables.
//
// Merging sketches of different accuracy folds the finer one: register j of 2^b takes part in
// register j >> d of 2^(b-d); its rank is recomputed from the index bits that become part of the
// hash's rest.
#include "hyperloglog.h"

#include "../dynamic_bytes.h"
#include "qd/codec/base64.h"
#include "qd/columns/variant.h"
#include "stable_hash.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>

namespace qd::kql {

namespace {

double sigma(double x) {
    if (x >= 1.0) {
        return std::numeric_limits<double>::infinity();
    }
    double y = 1;
    double z = x;
    double before = -1;
    while (z != before) {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    }
    return z;
}

double tau(double x) {
    if (x <= 0.0 || x >= 1.0) {
        return 0;
    }
    double y = 1;
    double z = 1 - x;
    double before = -1;
    while (z != before) {
        x = std::sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    }
    return z / 3;
}

constexpr std::size_t kRanks = 66;

/// of_rank[k] of the 2^bits registers hold rank k.
double estimate_of(const std::vector<std::uint32_t>& of_rank, int bits) {
    const int q = 64 - bits;
    const auto m = static_cast<double>(std::size_t{1} << bits);
    double past = 0;  // ranks no hash can have are the highest one
    for (std::size_t k = static_cast<std::size_t>(q) + 1; k < of_rank.size(); ++k) {
        past += of_rank[k];
    }
    double z = m * tau(1 - past / m);
    for (int k = q; k >= 1; --k) {
        z = 0.5 * (z + of_rank[static_cast<std::size_t>(k)]);
    }
    z += m * sigma(of_rank[0] / m);
    return m * m / (2 * std::log(2.0) * z);
}

int bits_of_count(std::size_t count) {
    int bits = 0;
    while ((std::size_t{1} << bits) < count) {
        ++bits;
    }
    return bits;
}

}  // namespace

std::uint64_t stable_hash_bytes(std::string_view bytes) {
    // Words through the finaliser, chained: as good as needed here, and simple enough to freeze.
    std::uint64_t h = 0x9e3779b97f4a7c15ULL ^ (bytes.size() * 0xff51afd7ed558ccdULL);
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + at, 8);
        h = stable_hash_word(h ^ word) + 0x9e3779b97f4a7c15ULL;
    }
    std::uint64_t tail = 0;
    if (at < bytes.size()) {
        std::memcpy(&tail, bytes.data() + at, bytes.size() - at);
    }
    return stable_hash_word(h ^ tail);
}

int hll_bits(std::int64_t accuracy) {
    constexpr int kBits[] = {12, 14, 16, 17, 18};
    return kBits[std::clamp<std::int64_t>(accuracy, 0, 4)];
}

double hll_estimate(const std::uint8_t* registers, std::size_t count) {
    std::vector<std::uint32_t> of_rank(kRanks);
    for (std::size_t i = 0; i < count; ++i) {
        ++of_rank[std::min<std::size_t>(registers[i], kRanks - 1)];
    }
    return estimate_of(of_rank, bits_of_count(count));
}

CountedRegisters::CountedRegisters(int bits)
    : bits_(bits), registers_(std::size_t{1} << bits), of_rank_(kRanks) {
    of_rank_[0] = static_cast<std::uint32_t>(registers_.size());
}

void CountedRegisters::clear() {
    std::fill(registers_.begin(), registers_.end(), std::uint8_t{0});
    std::fill(of_rank_.begin(), of_rank_.end(), 0U);
    of_rank_[0] = static_cast<std::uint32_t>(registers_.size());
}

void CountedRegisters::add(std::uint64_t hash) {
    std::uint8_t& held = registers_[hash >> (64 - bits_)];
    const std::uint8_t rank = hll_rank(bits_, hash);
    if (held < rank) {
        --of_rank_[held];
        ++of_rank_[rank];
        held = rank;
    }
}

std::int64_t CountedRegisters::estimate() const {
    return std::llround(estimate_of(of_rank_, bits_));
}

void HyperLogLog::add(std::uint64_t hash) {
    if (!registers_.empty()) {
        hll_add(registers_.data(), bits_, hash);
        return;
    }
    hash = hash == 0 ? 1 : hash;
    if (2 * (met_ + 1) > places_.size()) {
        grow();
    }
    const std::size_t mask = places_.size() - 1;
    std::size_t at = hash & mask;
    while (places_[at] != 0) {
        if (places_[at] == hash) {
            return;
        }
        at = (at + 1) & mask;
    }
    places_[at] = hash;
    if (++met_ > kHllExactMax) {
        promote();
    }
}

void HyperLogLog::grow() {
    constexpr std::size_t kFirst = 8;
    std::vector<std::uint64_t> wider(places_.empty() ? kFirst : 2 * places_.size());
    const std::size_t mask = wider.size() - 1;
    for (const std::uint64_t hash : places_) {
        std::size_t at = hash & mask;
        while (hash != 0 && wider[at] != 0) {
            at = (at + 1) & mask;
        }
        wider[at] = hash != 0 ? hash : wider[at];
    }
    places_ = std::move(wider);
}

void HyperLogLog::promote() {
    registers_.assign(std::size_t{1} << bits_, 0);
    for (const std::uint64_t hash : places_) {
        if (hash != 0) {
            hll_add(registers_.data(), bits_, hash);
        }
    }
    places_ = {};
    met_ = 0;
}

void HyperLogLog::fold_to(int bits) {
    if (bits >= bits_) {
        return;
    }
    const int cut = bits_ - bits;
    bits_ = bits;
    if (registers_.empty()) {
        return;
    }
    std::vector<std::uint8_t> folded(std::size_t{1} << bits, 0);
    for (std::size_t j = 0; j < registers_.size(); ++j) {
        if (registers_[j] == 0) {
            continue;
        }
        const std::size_t low = j & ((std::size_t{1} << cut) - 1);
        int rank = registers_[j] + cut;
        if (low != 0) {
            rank = cut - (63 - __builtin_clzll(low));
        }
        std::uint8_t& slot = folded[j >> cut];
        slot = std::max(slot, static_cast<std::uint8_t>(rank));
    }
    registers_ = std::move(folded);
}

void HyperLogLog::merge(const HyperLogLog& other) {
    if (other.registers_.empty()) {
        fold_to(other.bits_);
        for (const std::uint64_t hash : other.places_) {
            if (hash != 0) {
                add(hash);
            }
        }
        return;
    }
    fold_to(other.bits_);
    if (registers_.empty()) {
        promote();
    }
    if (other.bits_ == bits_) {
        for (std::size_t i = 0; i < registers_.size(); ++i) {
            registers_[i] = std::max(registers_[i], other.registers_[i]);
        }
        return;
    }
    HyperLogLog folded = other;
    folded.fold_to(bits_);
    merge(folded);
}

std::int64_t HyperLogLog::estimate() const {
    if (registers_.empty()) {
        return static_cast<std::int64_t>(met_);
    }
    return std::llround(hll_estimate(registers_.data(), registers_.size()));
}

std::size_t HyperLogLog::memory_bytes() const {
    return places_.capacity() * 8 + registers_.capacity() + sizeof(*this);
}

std::string HyperLogLog::to_variant() const {
    ArrayBytes out;
    append_variant_long(out.bytes(), bits_);
    out.end_element();
    if (registers_.empty()) {
        ArrayBytes hashes;
        std::vector<std::uint64_t> met;
        std::copy_if(places_.begin(), places_.end(), std::back_inserter(met),
                     [](std::uint64_t hash) { return hash != 0; });
        std::sort(met.begin(), met.end());
        for (const std::uint64_t hash : met) {
            append_variant_long(hashes.bytes(), static_cast<std::int64_t>(hash));
            hashes.end_element();
        }
        hashes.append_to(out.bytes());
    } else {
        std::string raw(registers_.size(), '\0');
        std::memcpy(raw.data(), registers_.data(), raw.size());
        append_variant_string(out.bytes(), codec::base64_encode(raw));
    }
    out.end_element();
    std::string bytes;
    out.append_to(bytes);
    return bytes;
}

std::optional<HyperLogLog> HyperLogLog::from_variant(std::string_view bytes) {
    using Kind = columns::VariantView::Kind;
    const columns::VariantView view(bytes);
    if (view.kind() != Kind::Array || view.size() != 2 || view.element(0).kind() != Kind::Long) {
        return std::nullopt;
    }
    const std::int64_t bits = view.element(0).as_int();
    if (bits < 4 || bits > 18) {
        return std::nullopt;
    }
    HyperLogLog sketch(static_cast<int>(bits));
    const columns::VariantView body = view.element(1);
    if (body.kind() == Kind::Array) {
        for (std::uint32_t i = 0; i < body.size(); ++i) {
            sketch.add(static_cast<std::uint64_t>(body.element(i).as_int()));
        }
        return sketch;
    }
    auto raw = codec::base64_decode(body.as_string());
    if (!raw.ok() || raw->size() != (std::size_t{1} << bits)) {
        return std::nullopt;
    }
    sketch.registers_.resize(raw->size());
    std::memcpy(sketch.registers_.data(), raw->data(), raw->size());
    return sketch;
}

}  // namespace qd::kql
