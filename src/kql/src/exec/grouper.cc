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

constexpr std::uint64_t kUnknown = ~std::uint64_t{0};
constexpr std::size_t kRemapsKept = 4;
constexpr std::size_t kCodesMax = std::size_t{1} << 16;
constexpr std::size_t kPrefetchAhead = 12;

std::uint64_t mix(std::uint64_t h) {
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93ULL;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93ULL;
    h ^= h >> 32;
    return h;
}

std::uint64_t real_word(double v) {
    if (v == 0) {
        v = 0;  // -0.0 as 0.0
    } else if (std::isnan(v)) {
        v = std::nan("");
    }
    return std::bit_cast<std::uint64_t>(v);
}

bool is_numbered(DataType type) {
    return columns::is_bytes(type) || type == DataType::Decimal || type == DataType::Guid;
}

/// The cell's value as a word, for types that are their own.
std::uint64_t own_word(const Column& flat, std::size_t p) {
    switch (flat.type()) {
        case DataType::Bool:
            return flat.values<std::uint8_t>()[p] != 0 ? 1 : 0;
        case DataType::Int:
            return static_cast<std::uint64_t>(std::int64_t{flat.values<std::int32_t>()[p]});
        case DataType::Real:
            return real_word(flat.values<double>()[p]);
        default:
            return static_cast<std::uint64_t>(flat.values<std::int64_t>()[p]);
    }
}

/// The cell's bytes, for types that are numbered.
std::string_view cell_bytes(const Column& flat, std::size_t p) {
    if (columns::is_bytes(flat.type())) {
        const auto offsets = flat.offsets();
        return {flat.heap() + offsets[p], offsets[p + 1] - offsets[p]};
    }
    return {reinterpret_cast<const char*>(&flat.values<Wide>()[p]), sizeof(Wide)};
}

/// The column whose values the rows point into, and how.
struct Source {
    explicit Source(const ColumnPtr& column) : flat(column.get()) {
        if (column->layout() == Layout::Constant) {
            flat = column->constant().get();
            mask = 0;
        } else if (column->layout() == Layout::Dictionary) {
            flat = column->dictionary().get();
            codes = column->codes().data();
        }
        nulls = flat->nulls().empty() ? nullptr : flat->nulls().data();
    }
    std::size_t at(std::size_t row) const { return codes != nullptr ? codes[row] : (row & mask); }
    bool null(std::size_t p) const { return nulls != nullptr && nulls[p] != 0; }

    const Column* flat;
    const std::uint32_t* codes = nullptr;
    std::size_t mask = ~std::size_t{0};
    const std::uint8_t* nulls = nullptr;
};

/// The numbers of a dictionary's entries; kNone for entries not looked up yet.
std::vector<std::uint32_t>& remap_of(std::vector<Grouper::Remap>& kept, const ColumnPtr& column) {
    for (std::size_t i = 0; i < kept.size(); ++i) {
        if (kept[i].dictionary == column->dictionary()) {
            std::swap(kept[i], kept[0]);
            return kept[0].numbers;
        }
    }
    if (kept.size() == kRemapsKept) {
        kept.pop_back();
    }
    kept.insert(kept.begin(), {column->dictionary(), {}});
    kept[0].numbers.assign(column->dictionary()->size(), Grouper::kNone);
    return kept[0].numbers;
}

/// Words of one numbered key: number(bytes) gives the number of a value, kNone for an unknown one.
template <typename Number>
void number_rows(const ColumnPtr& column, std::uint32_t rows, std::size_t stride,
                 std::vector<Grouper::Remap>& kept, std::uint64_t null_bit, std::uint64_t* out,
                 std::uint64_t* nulls, const Number& number) {
    const Source source(column);
    const auto word = [&](std::size_t p) {
        const std::uint32_t n = number(cell_bytes(*source.flat, p));
        return n == Grouper::kNone ? kUnknown : std::uint64_t{n};
    };
    if (source.codes != nullptr) {
        std::vector<std::uint32_t>& remap = remap_of(kept, column);
        for (std::uint32_t i = 0; i < rows; ++i) {
            const std::uint32_t code = source.codes[i];
            if (source.null(code)) {
                nulls[i * stride] |= null_bit;
                out[i * stride] = 0;
                continue;
            }
            if (remap[code] == Grouper::kNone) {
                const std::uint64_t n = word(code);
                if (n == kUnknown) {
                    out[i * stride] = kUnknown;
                    continue;
                }
                remap[code] = static_cast<std::uint32_t>(n);
            }
            out[i * stride] = remap[code];
        }
        return;
    }
    for (std::uint32_t i = 0; i < rows; ++i) {
        const std::size_t p = source.at(i);
        if (source.null(p)) {
            nulls[i * stride] |= null_bit;
            out[i * stride] = 0;
        } else if (source.mask == 0 && i > 0) {
            out[i * stride] = out[0];
        } else {
            out[i * stride] = word(p);
        }
    }
}

void own_rows(const ColumnPtr& column, std::uint32_t rows, std::size_t stride,
              std::uint64_t null_bit, std::uint64_t* out, std::uint64_t* nulls) {
    const Source source(column);
    const bool plain = source.codes == nullptr && source.mask != 0 && source.nulls == nullptr;
    if (plain && (column->type() == DataType::Long || column->type() == DataType::DateTime ||
                  column->type() == DataType::TimeSpan)) {
        const std::int64_t* values = column->values<std::int64_t>().data();
        for (std::uint32_t i = 0; i < rows; ++i) {
            out[i * stride] = static_cast<std::uint64_t>(values[i]);
        }
        return;
    }
    for (std::uint32_t i = 0; i < rows; ++i) {
        const std::size_t p = source.at(i);
        if (source.null(p)) {
            nulls[i * stride] |= null_bit;
            out[i * stride] = 0;
        } else {
            out[i * stride] = own_word(*source.flat, p);
        }
    }
}

void hash_rows(const std::vector<std::uint64_t>& words, std::size_t stride, std::uint32_t rows,
               std::vector<std::uint64_t>& hashes) {
    hashes.resize(rows);
    const std::uint64_t* row = words.data();
    for (std::uint32_t i = 0; i < rows; ++i, row += stride) {
        std::uint64_t h = 0;
        for (std::size_t w = 0; w < stride; ++w) {
            h = mix(h ^ row[w]);
        }
        hashes[i] = h;
    }
}

}  // namespace

/// A chunk's keys as rows of words, and its small dictionaries as codes.
struct Grouper::Words {
    std::uint32_t rows = 0;
    std::vector<std::uint64_t> words;
    std::vector<std::uint64_t> hashes;
    std::span<const ColumnPtr> keys;
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

void Grouper::encode(std::span<const ColumnPtr> keys, std::uint32_t rows, Words& out) {
    out.rows = rows;
    out.keys = keys;
    out.words.assign(rows * stride_, 0);
    for (std::size_t k = 0; k < keys.size(); ++k) {
        const std::uint64_t null_bit = std::uint64_t{1} << (k % 64);
        std::uint64_t* nulls = out.words.data() + types_.size() + k / 64;
        std::uint64_t* word = out.words.data() + k;
        if (numbered(k)) {
            number_rows(keys[k], rows, stride_, cache_[k], null_bit, word, nulls,
                        [&](std::string_view bytes) { return numbers_[k]->add(bytes); });
        } else {
            own_rows(keys[k], rows, stride_, null_bit, word, nulls);
        }
    }
}

std::size_t Grouper::slot_of(const std::uint64_t* row, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    std::size_t at = hash & mask;
    while (slots_[at].group != kNone &&
           (slots_[at].tag != tag ||
            std::memcmp(rows_.data() + slots_[at].group * stride_, row, stride_ * 8) != 0)) {
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
    rows_.insert(rows_.end(), row, row + stride_);
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
        if (i > 0 && in.hashes[i] == in.hashes[i - 1] &&
            std::memcmp(row, row - stride_, stride_ * 8) == 0) {
            groups[i] = groups[i - 1];
        } else {
            groups[i] = insert(row, in.hashes[i]);
        }
    }
}

bool Grouper::assign_stretches(Words& in, std::vector<std::uint32_t>& groups) {
    // Small dictionaries by code; what else there is must stand still for long.
    std::vector<const std::uint32_t*> codes;
    std::vector<std::size_t> sizes;
    std::vector<ColumnPtr> dictionaries;
    std::vector<std::size_t> others;
    std::size_t product = 1;
    for (std::size_t k = 0; k < in.keys.size(); ++k) {
        const Column& key = *in.keys[k];
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
    if (codes.empty()) {
        return false;
    }
    const auto changes = [&](std::size_t i, std::size_t j) {
        const std::uint64_t* a = in.words.data() + i * stride_;
        const std::uint64_t* b = in.words.data() + j * stride_;
        return std::any_of(others.begin(), others.end(),
                           [&](std::size_t k) { return a[k] != b[k]; }) ||
               !std::equal(a + types_.size(), a + stride_, b + types_.size());
    };
    std::size_t stretches = 1;
    for (std::size_t i = 1; i < in.rows && !others.empty(); ++i) {
        stretches += changes(i - 1, i) ? 1U : 0U;
    }
    if (product * stretches > std::size_t{in.rows} * 8 && stretches > 1) {
        return false;
    }
    const auto other_words = [&](std::size_t i) {
        std::vector<std::uint64_t> words;
        const std::uint64_t* row = in.words.data() + i * stride_;
        for (const std::size_t k : others) {
            words.push_back(row[k]);
        }
        words.insert(words.end(), row + types_.size(), row + stride_);
        return words;
    };
    if (dictionaries != code_dictionaries_ || other_words(0) != code_others_ ||
        code_groups_.size() != product) {
        code_groups_.assign(product, kNone);
        code_dictionaries_ = std::move(dictionaries);
    }
    std::uint32_t last = 0;
    for (std::uint32_t i = 0; i < in.rows; ++i) {
        if (stretches > 1 && changes(last, i)) {
            code_groups_.assign(product, kNone);
            last = i;
        }
        std::size_t combined = codes[0][i];
        for (std::size_t k = 1; k < codes.size(); ++k) {
            combined = combined * sizes[k] + codes[k][i];
        }
        std::uint32_t& group = code_groups_[combined];
        if (group == kNone) {
            const std::uint64_t* row = in.words.data() + i * stride_;
            std::uint64_t h = 0;
            for (std::size_t w = 0; w < stride_; ++w) {
                h = mix(h ^ row[w]);
            }
            group = insert(row, h);
        }
        groups[i] = group;
    }
    code_others_ = other_words(last);
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
    encode(keys, rows, *words_);
    if (!assign_stretches(*words_, groups)) {
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
        const std::uint64_t null_bit = std::uint64_t{1} << (k % 64);
        std::uint64_t* nulls = words.data() + types_.size() + k / 64;
        if (numbered(k)) {
            number_rows(keys[k], rows, stride_, cache[k], null_bit, words.data() + k, nulls,
                        [&](std::string_view bytes) { return numbers_[k]->find(bytes); });
        } else {
            own_rows(keys[k], rows, stride_, null_bit, words.data() + k, nulls);
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
        for (std::uint32_t n = 0; numbered(k) && n < other.numbers_[k]->size(); ++n) {
            ours[k].push_back(numbers_[k]->add(other.numbers_[k]->bytes(n)));
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
    std::size_t bytes = slots_.size() * sizeof(Slot) + code_groups_.size() * 4 + rows_.size() * 8;
    for (const auto& numbers : numbers_) {
        bytes += numbers ? static_cast<std::size_t>(numbers->memory_bytes()) : 0;
    }
    return static_cast<std::int64_t>(bytes);
}

}  // namespace qd::kql
