#include "exec/grouper.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

namespace qd::kql {

using columns::Column;
using columns::Layout;

namespace {

constexpr std::size_t kCodesMax = std::size_t{1} << 16;
constexpr std::size_t kPrefetchAhead = 12;

}  // namespace

/// Keys as rows of words.
struct Grouper::Words {
    std::uint32_t rows = 0;
    std::vector<std::uint64_t> words;
    std::vector<std::uint64_t> hashes;
};

Grouper::~Grouper() = default;
Grouper::Grouper(Grouper&&) noexcept = default;

Grouper::Grouper(std::vector<DataType> types)
    : types_(std::move(types)),
      stride_(types_.size() + (types_.size() + 63) / 64),
      slots_(64),
      cache_(types_.size()),
      words_(std::make_unique<Words>()) {
    for (const DataType type : types_) {
        numbers_.push_back(is_numbered(type) ? std::make_unique<ByteNumbers>() : nullptr);
    }
}

WordColumn Grouper::word_column(std::vector<std::uint64_t>& words, std::size_t key) const {
    return {.out = words.data() + key,
            .nulls = words.data() + types_.size() + key / 64,
            .stride = stride_,
            .null_bit = std::uint64_t{1} << (key % 64)};
}

void Grouper::encode(std::span<const ColumnPtr> keys, RowChoice rows, Words& out) {
    out.rows = rows.count;
    out.words.assign(rows.count * stride_, 0);
    for (std::size_t k = 0; k < keys.size(); ++k) {
        if (numbered(k)) {
            number_words(keys[k], rows, word_column(out.words, k), cache_[k], *numbers_[k]);
        } else {
            own_words(keys[k], rows, word_column(out.words, k));
        }
    }
}

std::size_t Grouper::slot_of(const std::uint64_t* row, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    std::size_t at = hash & mask;
    while (slots_[at].group != kNone &&
           (slots_[at].tag != tag ||
            !equal_words(rows_.data() + slots_[at].group * stride_, row, stride_))) {
        at = (at + 1) & mask;
    }
    return at;
}

std::uint32_t Grouper::insert(const std::uint64_t* row, std::uint64_t hash) {
    const std::size_t at = slot_of(row, hash);
    if (slots_[at].group != kNone) {
        return slots_[at].group;
    }
    const std::uint32_t group = groups_++;
    rows_.resize(rows_.size() + stride_);
    std::copy_n(row, stride_, rows_.data() + rows_.size() - stride_);
    slots_[at] = {.tag = static_cast<std::uint32_t>(hash >> 32), .group = group};
    if (std::size_t{groups_} * 2 > slots_.size()) {
        grow();
    }
    return group;
}

void Grouper::grow() {
    std::vector<Slot> bigger(slots_.size() * 2);
    const std::size_t mask = bigger.size() - 1;
    std::vector<std::uint64_t> hashes;
    hash_rows(rows_, stride_, groups_, hashes);
    for (std::uint32_t g = 0; g < groups_; ++g) {
        std::size_t at = hashes[g] & mask;
        while (bigger[at].group != kNone) {
            at = (at + 1) & mask;
        }
        bigger[at] = {.tag = static_cast<std::uint32_t>(hashes[g] >> 32), .group = g};
    }
    slots_ = std::move(bigger);
}

void Grouper::assign_words(Words& in, std::vector<std::uint32_t>& groups) {
    hash_rows(in.words, stride_, in.rows, in.hashes);
    const std::uint64_t* row = in.words.data();
    for (std::uint32_t i = 0; i < in.rows; ++i, row += stride_) {
        if (i + kPrefetchAhead < in.rows) {
            __builtin_prefetch(&slots_[in.hashes[i + kPrefetchAhead] & (slots_.size() - 1)]);
        }
        if (i > 0 && in.hashes[i] == in.hashes[i - 1] && equal_words(row, row - stride_, stride_)) {
            groups[i] = groups[i - 1];
        } else {
            groups[i] = insert(row, in.hashes[i]);
        }
    }
}

/// Keys that are small dictionaries, as one code a row.
struct Grouper::Coded {
    std::vector<const std::uint32_t*> codes;
    std::vector<std::size_t> sizes;
    std::vector<ColumnPtr> dictionaries;
    std::size_t product = 1;
    std::vector<std::size_t> others;  // the keys that are none

    explicit Coded(std::span<const ColumnPtr> keys) {
        for (std::size_t k = 0; k < keys.size(); ++k) {
            const Column& key = *keys[k];
            const std::size_t size =
                key.layout() == Layout::Dictionary ? key.dictionary()->size() : kCodesMax + 1;
            if (size > 0 && product * size <= kCodesMax) {
                product *= size;
                codes.push_back(key.codes().data());
                sizes.push_back(size);
                dictionaries.push_back(key.dictionary());
            } else {
                others.push_back(k);
            }
        }
    }
    std::size_t at(std::size_t row) const {
        std::size_t combined = codes[0][row];
        for (std::size_t k = 1; k < codes.size(); ++k) {
            combined = combined * sizes[k] + codes[k][row];
        }
        return combined;
    }
};

bool Grouper::assign_by_code(std::span<const ColumnPtr> keys, std::uint32_t rows,
                             std::vector<std::uint32_t>& groups) {
    Coded coded(keys);
    if (coded.codes.empty()) {
        return false;
    }
    changed_.assign(rows, 0);
    std::size_t stretches = 1;
    for (const std::size_t k : coded.others) {
        if (!mark_changes(keys[k], changed_)) {
            return false;
        }
    }
    for (const std::uint8_t changed : changed_) {
        stretches += changed;
    }
    if (stretches * 2 > rows && stretches > 1) {
        return false;
    }
    // The groups of codes are known from the chunk before while nothing but codes tells groups
    // apart.
    if (cells_.size() != coded.product || !coded.others.empty() ||
        coded.dictionaries != cell_dictionaries_) {
        if (cells_.size() != coded.product || stretch_ > kNone - rows) {
            cells_.assign(coded.product, {});
            stretch_ = 0;
        }
        ++stretch_;
        cell_dictionaries_ =
            coded.others.empty() ? std::move(coded.dictionaries) : std::vector<ColumnPtr>();
    }
    // First which row is the first of each new cell, then the groups of those rows.
    constexpr std::uint32_t kPending = std::uint32_t{1} << 31;
    firsts_.clear();
    pending_.clear();
    for (std::uint32_t i = 0; i < rows; ++i) {
        stretch_ += changed_[i];
        const std::size_t at = coded.at(i);
        Cell& cell = cells_[at];
        if (cell.stretch != stretch_) {
            cell = {.stretch = stretch_,
                    .group = kPending | static_cast<std::uint32_t>(firsts_.size())};
            firsts_.push_back(i);
            pending_.push_back(static_cast<std::uint32_t>(at));
        }
        groups[i] = cell.group;
    }
    if (firsts_.empty()) {
        return true;
    }
    encode(keys, {.count = static_cast<std::uint32_t>(firsts_.size()), .listed = firsts_.data()},
           *words_);
    first_groups_.resize(firsts_.size());
    assign_words(*words_, first_groups_);
    for (std::uint32_t& group : groups) {
        group = (group & kPending) != 0 ? first_groups_[group & ~kPending] : group;
    }
    if (coded.others.empty()) {
        for (std::size_t i = 0; i < pending_.size(); ++i) {
            cells_[pending_[i]].group = first_groups_[i];
        }
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
    if (!assign_by_code(keys, rows, groups)) {
        encode(keys, {.count = rows}, *words_);
        assign_words(*words_, groups);
    }
}

void Grouper::find(std::span<const ColumnPtr> keys, std::uint32_t rows,
                   std::vector<std::uint32_t>& groups, Cache& cache) const {
    groups.resize(rows);
    if (keys.empty()) {
        groups.assign(rows, groups_ > 0 ? 0 : kNone);
        return;
    }
    cache.resize(keys.size());
    std::vector<std::uint64_t> words(rows * stride_, 0);
    for (std::size_t k = 0; k < keys.size(); ++k) {
        if (numbered(k)) {
            find_words(keys[k], {.count = rows}, word_column(words, k), cache[k], *numbers_[k]);
        } else {
            own_words(keys[k], {.count = rows}, word_column(words, k));
        }
    }
    std::vector<std::uint64_t> hashes;
    hash_rows(words, stride_, rows, hashes);
    for (std::uint32_t i = 0; i < rows; ++i) {
        groups[i] = slots_[slot_of(words.data() + i * stride_, hashes[i])].group;
    }
}

void Grouper::merge(const Grouper& other, std::vector<std::uint32_t>& mapping) {
    mapping.resize(other.groups_);
    if (types_.empty()) {
        groups_ = std::max(groups_, other.groups_);
        std::fill(mapping.begin(), mapping.end(), 0U);
        return;
    }
    std::vector<std::vector<std::uint32_t>> ours(types_.size());
    for (std::size_t k = 0; k < types_.size(); ++k) {
        if (numbered(k)) {
            ours[k] = numbers_[k]->add_all(*other.numbers_[k]);
        }
    }
    std::vector<std::uint64_t> words = other.rows_;
    for (std::uint32_t g = 0; g < other.groups_; ++g) {
        std::uint64_t* row = words.data() + g * stride_;
        for (std::size_t k = 0; k < types_.size(); ++k) {
            if (numbered(k) && !null_at(row, k)) {
                row[k] = ours[k][row[k]];
            }
        }
    }
    Words in;
    in.rows = other.groups_;
    in.words = std::move(words);
    assign_words(in, mapping);
}

std::vector<ColumnPtr> Grouper::key_columns() const {
    std::vector<ColumnPtr> out;
    for (std::size_t k = 0; k < types_.size(); ++k) {
        const DataType type = types_[k];
        const auto null = [&](std::uint32_t g) { return null_at(&rows_[g * stride_], k); };
        if (columns::is_bytes(type)) {
            std::vector<std::uint32_t> codes(groups_);
            const std::uint32_t null_code = numbers_[k]->size();
            bool any = false;
            for (std::uint32_t g = 0; g < groups_; ++g) {
                const bool absent = null(g);
                codes[g] = absent ? null_code : static_cast<std::uint32_t>(rows_[g * stride_ + k]);
                any = any || absent;
            }
            out.push_back(
                Column::make_dictionary(numbers_[k]->column(type, any), std::move(codes)));
            continue;
        }
        columns::ColumnBuilder builder(type, groups_);
        for (std::uint32_t g = 0; g < groups_; ++g) {
            const std::uint64_t word = rows_[g * stride_ + k];
            if (null(g)) {
                builder.append_null();
            } else if (numbered(k)) {
                Wide wide;
                std::memcpy(&wide, numbers_[k]->bytes(static_cast<std::uint32_t>(word)).data(),
                            sizeof wide);
                builder.append_wide(wide);
            } else if (type == DataType::Bool) {
                builder.append_bool(word != 0);
            } else if (type == DataType::Real) {
                builder.append_real(std::bit_cast<double>(word));
            } else {
                builder.append_int(static_cast<std::int64_t>(word));
            }
        }
        out.push_back(builder.finish());
    }
    return out;
}

std::int64_t Grouper::memory_bytes() const {
    std::size_t bytes =
        slots_.size() * sizeof(Slot) + cells_.size() * sizeof(Cell) + rows_.size() * 8;
    for (const auto& numbers : numbers_) {
        bytes += numbers ? static_cast<std::size_t>(numbers->memory_bytes()) : 0;
    }
    return static_cast<std::int64_t>(bytes);
}

}  // namespace qd::kql
