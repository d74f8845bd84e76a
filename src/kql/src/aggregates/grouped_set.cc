#include "grouped_set.h"

#include "../dynamic_bytes.h"

namespace qd::kql {

namespace {

constexpr std::uint64_t kFree = ~std::uint64_t{0};

std::uint64_t spread(std::uint64_t key) {
    key *= 0x9e3779b97f4a7c15ULL;
    key ^= key >> 32;
    key *= 0xd6e8feb86659fd93ULL;
    return key ^ (key >> 29);
}

}  // namespace

StateMemory::~StateMemory() {
    if (budget_ != nullptr) {
        budget_->release(held_);
    }
}

Status StateMemory::hold(std::size_t bytes) {
    constexpr std::int64_t kStep = 65536;
    const auto wanted = static_cast<std::int64_t>(bytes);
    if (budget_ == nullptr || wanted <= held_) {
        return ok_status();
    }
    const std::int64_t more = (wanted - held_ + kStep - 1) / kStep * kStep;
    QD_CHECK_OK(budget_->reserve(more));
    held_ += more;
    return ok_status();
}

void GroupedSet::resize(std::uint32_t groups) {
    first_.resize(groups, kEnd);
    last_.resize(groups, kEnd);
    counts_.resize(groups);
}

std::pair<std::uint32_t, bool> GroupedSet::insert(std::uint32_t group, std::uint32_t value) {
    if (entries_.size() * 2 >= keys_.size()) {
        grow();
    }
    const std::uint64_t key = std::uint64_t{group} << 32 | value;
    const std::size_t mask = keys_.size() - 1;
    std::size_t at = spread(key) & mask;
    while (keys_[at] != kFree) {
        if (keys_[at] == key) {
            return {slots_[at], false};
        }
        at = (at + 1) & mask;
    }
    const auto index = static_cast<std::uint32_t>(entries_.size());
    keys_[at] = key;
    slots_[at] = index;
    entries_.push_back({.group = group, .next = kEnd, .value = value});
    if (last_[group] == kEnd) {
        first_[group] = index;
    } else {
        entries_[last_[group]].next = index;
    }
    last_[group] = index;
    ++counts_[group];
    return {index, true};
}

void GroupedSet::grow() {
    const std::size_t size = keys_.empty() ? 64 : keys_.size() * 2;
    const std::size_t mask = size - 1;
    keys_.assign(size, kFree);
    slots_.resize(size);
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
        const std::uint64_t key = std::uint64_t{entries_[i].group} << 32 | entries_[i].value;
        std::size_t at = spread(key) & mask;
        while (keys_[at] != kFree) {
            at = (at + 1) & mask;
        }
        keys_[at] = key;
        slots_[at] = i;
    }
}

std::size_t GroupedSet::memory_bytes() const {
    return static_cast<std::size_t>(values_.memory_bytes()) + entries_.capacity() * sizeof(Entry) +
           keys_.capacity() * 12 + first_.capacity() * 12;
}

std::uint32_t CellNumbers::number_of(const columns::Column& column, std::uint32_t row,
                                     ByteNumbers& numbers) {
    if (column.is_null(row)) {
        return kNull;
    }
    scratch_.clear();
    append_cell_as_variant(scratch_, column, row);
    return numbers.add(scratch_);
}

std::span<const std::uint32_t> CellNumbers::number(const columns::ColumnPtr& column,
                                                   ByteNumbers& numbers) {
    constexpr std::uint32_t kUnknown = kNull - 1;
    of_row_.resize(column->size());
    if (column->layout() == columns::Layout::Dictionary) {
        const columns::Column& dictionary = *column->dictionary();
        if (dictionary_ != column->dictionary()) {
            dictionary_ = column->dictionary();
            of_entry_.assign(dictionary.size(), kUnknown);
        }
        const auto codes = column->codes();
        for (std::uint32_t i = 0; i < of_row_.size(); ++i) {
            std::uint32_t& known = of_entry_[codes[i]];
            if (known == kUnknown) {
                known = number_of(dictionary, codes[i], numbers);
            }
            of_row_[i] = known;
        }
        return of_row_;
    }
    const bool constant = column->layout() == columns::Layout::Constant;
    for (std::uint32_t i = 0; i < of_row_.size(); ++i) {
        of_row_[i] = constant && i > 0 ? of_row_[0] : number_of(*column, i, numbers);
    }
    return of_row_;
}

}  // namespace qd::kql
