#include "exec/grouper.h"

#include "exec/rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <string_view>

namespace qd::kql {

using columns::Column;
using columns::Layout;

namespace {

std::uint64_t mix(std::uint64_t h) {
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53ULL;
    h ^= h >> 33;
    return h;
}

std::int64_t real_bits(double v) {
    if (v == 0) {
        v = 0;  // -0.0 as 0.0
    } else if (std::isnan(v)) {
        v = std::nan("");
    }
    return std::bit_cast<std::int64_t>(v);
}

constexpr std::size_t kCodesMax = std::size_t{1} << 16;

}  // namespace

/// A key column of a chunk: fixed values by position, or bytes.
struct Grouper::Incoming {
    ColumnPtr flat;
    const std::uint32_t* codes = nullptr;
    std::size_t mask = ~std::size_t{0};
    std::vector<std::int64_t> own;  // values that had to be widened or normalised
    const std::int64_t* fixed = nullptr;
    const Wide* wides = nullptr;
    const std::uint32_t* offsets = nullptr;
    const char* heap = nullptr;
    const std::uint8_t* nulls = nullptr;

    std::size_t at(std::size_t row) const { return codes != nullptr ? codes[row] : (row & mask); }
    bool null(std::size_t p) const { return nulls != nullptr && nulls[p] != 0; }
    std::string_view bytes(std::size_t p) const {
        return {heap + offsets[p], offsets[p + 1] - offsets[p]};
    }
    std::uint64_t hash(std::size_t p) const {
        if (null(p)) {
            return 0x9E3779B97F4A7C15ULL;
        }
        if (fixed != nullptr) {
            return mix(static_cast<std::uint64_t>(fixed[p]));
        }
        if (wides != nullptr) {
            return mix(wides[p].high ^ mix(wides[p].low));
        }
        return std::hash<std::string_view>{}(bytes(p));
    }
};

Grouper::Grouper(std::vector<DataType> types) : slots_(64) {
    for (const DataType type : types) {
        Keys keys;
        keys.type = type;
        keys.bytes = columns::is_bytes(type);
        keys.wide = type == DataType::Decimal || type == DataType::Guid;
        keys_.push_back(std::move(keys));
    }
}

Grouper::Incoming Grouper::normalise(const ColumnPtr& column) {
    Incoming in;
    in.flat = column;
    if (column->layout() == Layout::Constant) {
        in.flat = column->constant();
        in.mask = 0;
    } else if (column->layout() == Layout::Dictionary) {
        in.flat = column->dictionary();
        in.codes = column->codes().data();
    }
    const Column& flat = *in.flat;
    in.nulls = flat.nulls().empty() ? nullptr : flat.nulls().data();
    switch (flat.type()) {
        case DataType::Long:
        case DataType::DateTime:
        case DataType::TimeSpan:
            in.fixed = flat.values<std::int64_t>().data();
            break;
        case DataType::Bool:
            for (const std::uint8_t v : flat.values<std::uint8_t>()) {
                in.own.push_back(v != 0 ? 1 : 0);
            }
            in.fixed = in.own.data();
            break;
        case DataType::Int:
            for (const std::int32_t v : flat.values<std::int32_t>()) {
                in.own.push_back(v);
            }
            in.fixed = in.own.data();
            break;
        case DataType::Real:
            for (const double v : flat.values<double>()) {
                in.own.push_back(real_bits(v));
            }
            in.fixed = in.own.data();
            break;
        case DataType::Decimal:
        case DataType::Guid:
            in.wides = flat.values<Wide>().data();
            break;
        case DataType::String:
        case DataType::Dynamic:
            in.offsets = flat.offsets().data();
            in.heap = flat.heap();
            break;
    }
    return in;
}

bool Grouper::equal(const std::vector<Incoming>& in, std::size_t row, std::uint32_t group) const {
    for (std::size_t k = 0; k < keys_.size(); ++k) {
        const Keys& keys = keys_[k];
        const std::size_t p = in[k].at(row);
        const bool null = in[k].null(p);
        if (null != (keys.nulls[group] != 0)) {
            return false;
        }
        if (null) {
            continue;
        }
        if (keys.bytes) {
            const std::string_view stored(keys.heap.data() + keys.offsets[group],
                                          keys.offsets[group + 1] - keys.offsets[group]);
            if (stored != in[k].bytes(p)) {
                return false;
            }
        } else if (keys.wide) {
            if (!(keys.wides[group] == in[k].wides[p])) {
                return false;
            }
        } else if (keys.fixed[group] != in[k].fixed[p]) {
            return false;
        }
    }
    return true;
}

void Grouper::append(const std::vector<Incoming>& in, std::size_t row) {
    for (std::size_t k = 0; k < keys_.size(); ++k) {
        Keys& keys = keys_[k];
        const std::size_t p = in[k].at(row);
        const bool null = in[k].null(p);
        keys.nulls.push_back(null ? 1 : 0);
        if (keys.bytes) {
            if (!null) {
                keys.heap.append(in[k].bytes(p));
            }
            keys.offsets.push_back(keys.heap.size());
        } else if (keys.wide) {
            keys.wides.push_back(null ? Wide{} : in[k].wides[p]);
        } else {
            keys.fixed.push_back(null ? 0 : in[k].fixed[p]);
        }
    }
    ++groups_;
}

void Grouper::grow() {
    std::vector<Slot> bigger(slots_.size() * 2);
    const std::size_t mask = bigger.size() - 1;
    for (const Slot& slot : slots_) {
        if (slot.group == kNone) {
            continue;
        }
        std::size_t at = slot.hash & mask;
        while (bigger[at].group != kNone) {
            at = (at + 1) & mask;
        }
        bigger[at] = slot;
    }
    slots_ = std::move(bigger);
}

std::size_t Grouper::slot_of(const std::vector<Incoming>& in, std::size_t row,
                             std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at].group != kNone &&
           (slots_[at].hash != hash || !equal(in, row, slots_[at].group))) {
        at = (at + 1) & mask;
    }
    return at;
}

std::uint32_t Grouper::insert(const std::vector<Incoming>& in, std::size_t row,
                              std::uint64_t hash) {
    const std::size_t at = slot_of(in, row, hash);
    if (slots_[at].group != kNone) {
        return slots_[at].group;
    }
    const std::uint32_t group = groups_;
    append(in, row);
    slots_[at] = {.hash = hash, .group = group};
    if (static_cast<std::size_t>(groups_) * 2 > slots_.size()) {
        grow();
    }
    return group;
}

namespace {

template <typename In>
void hash_rows(const std::vector<In>& in, std::uint32_t rows, std::vector<std::uint64_t>& hashes) {
    hashes.assign(rows, 0);
    for (const In& key : in) {
        for (std::uint32_t i = 0; i < rows; ++i) {
            hashes[i] = mix(hashes[i] ^ key.hash(key.at(i)));
        }
    }
}

}  // namespace

bool Grouper::assign_by_codes(std::span<const ColumnPtr> keys, std::uint32_t rows,
                              std::vector<std::uint32_t>& groups) {
    std::size_t product = 1;
    for (const ColumnPtr& key : keys) {
        if (key->layout() != Layout::Dictionary) {
            return false;
        }
        product *= std::max<std::size_t>(key->dictionary()->size(), 1);
        if (product > kCodesMax) {
            return false;
        }
    }
    bool same = code_dictionaries_.size() == keys.size();
    for (std::size_t k = 0; same && k < keys.size(); ++k) {
        same = code_dictionaries_[k] == keys[k]->dictionary();
    }
    if (!same) {
        code_dictionaries_.clear();
        for (const ColumnPtr& key : keys) {
            code_dictionaries_.push_back(key->dictionary());
        }
        code_groups_.assign(product, kNone);
    }
    std::vector<std::uint32_t> combined(keys[0]->codes().begin(), keys[0]->codes().end());
    for (std::size_t k = 1; k < keys.size(); ++k) {
        const auto width = static_cast<std::uint32_t>(keys[k]->dictionary()->size());
        const auto codes = keys[k]->codes();
        for (std::uint32_t i = 0; i < rows; ++i) {
            combined[i] = combined[i] * width + codes[i];
        }
    }
    std::vector<Incoming> in;
    for (std::uint32_t i = 0; i < rows; ++i) {
        std::uint32_t& group = code_groups_[combined[i]];
        if (group == kNone) {
            if (in.empty()) {
                for (const ColumnPtr& key : keys) {
                    in.push_back(normalise(key));
                }
            }
            std::uint64_t hash = 0;
            for (const Incoming& key : in) {
                hash = mix(hash ^ key.hash(key.at(i)));
            }
            group = insert(in, i, hash);
        }
        groups[i] = group;
    }
    return true;
}

void Grouper::assign(std::span<const ColumnPtr> keys, std::uint32_t rows,
                     std::vector<std::uint32_t>& groups) {
    groups.resize(rows);
    if (rows == 0) {
        return;
    }
    if (keys.empty()) {
        groups_ = std::max(groups_, std::uint32_t{1});
        groups.assign(rows, 0);
        return;
    }
    if (assign_by_codes(keys, rows, groups)) {
        return;
    }
    std::vector<Incoming> in;
    in.reserve(keys.size());
    for (const ColumnPtr& key : keys) {
        in.push_back(normalise(key));
    }
    std::vector<std::uint64_t> hashes;
    hash_rows(in, rows, hashes);
    for (std::uint32_t i = 0; i < rows; ++i) {
        if (i > 0 && hashes[i] == hashes[i - 1] && equal(in, i, groups[i - 1])) {
            groups[i] = groups[i - 1];
        } else {
            groups[i] = insert(in, i, hashes[i]);
        }
    }
}

void Grouper::find(std::span<const ColumnPtr> keys, std::uint32_t rows,
                   std::vector<std::uint32_t>& groups) const {
    groups.resize(rows);
    if (keys.empty()) {
        groups.assign(rows, groups_ > 0 ? 0 : kNone);
        return;
    }
    std::vector<Incoming> in;
    in.reserve(keys.size());
    for (const ColumnPtr& key : keys) {
        in.push_back(normalise(key));
    }
    std::vector<std::uint64_t> hashes;
    hash_rows(in, rows, hashes);
    for (std::uint32_t i = 0; i < rows; ++i) {
        groups[i] = slots_[slot_of(in, i, hashes[i])].group;
    }
}

std::vector<ColumnPtr> Grouper::key_columns() const {
    std::vector<ColumnPtr> out;
    for (const Keys& keys : keys_) {
        columns::ColumnBuilder builder(keys.type, groups_);
        for (std::uint32_t g = 0; g < groups_; ++g) {
            if (keys.nulls[g] != 0) {
                builder.append_null();
            } else if (keys.bytes) {
                builder.append_bytes(std::string_view(keys.heap.data() + keys.offsets[g],
                                                      keys.offsets[g + 1] - keys.offsets[g]));
            } else if (keys.wide) {
                builder.append_wide(keys.wides[g]);
            } else if (keys.type == DataType::Bool) {
                builder.append_bool(keys.fixed[g] != 0);
            } else if (keys.type == DataType::Real) {
                builder.append_real(std::bit_cast<double>(keys.fixed[g]));
            } else {
                builder.append_int(keys.fixed[g]);
            }
        }
        out.push_back(builder.finish());
    }
    return out;
}

std::int64_t Grouper::memory_bytes() const {
    std::size_t bytes = slots_.size() * sizeof(Slot) + code_groups_.size() * 4;
    for (const Keys& keys : keys_) {
        bytes += keys.fixed.size() * 8 + keys.wides.size() * 16 + keys.offsets.size() * 8 +
                 keys.heap.size() + keys.nulls.size();
    }
    return static_cast<std::int64_t>(bytes);
}

}  // namespace qd::kql
