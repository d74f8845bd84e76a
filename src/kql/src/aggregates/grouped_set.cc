#include "grouped_set.h"

#include "../sketches/stable_hash.h"

namespace qd::kql {

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

std::pair<std::uint32_t, bool> GroupedSet::insert(std::uint32_t group, std::string_view bytes) {
    if (entries_.size() * 3 >= slots_.size() * 2) {
        grow();
    }
    const std::uint64_t wide =
        stable_hash_word(stable_hash_bytes(bytes) + std::uint64_t{group} * 0x9e3779b97f4a7c15ULL);
    const auto hash = static_cast<std::uint32_t>(wide >> 32);
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at] != 0) {
        const std::uint32_t index = slots_[at] - 1;
        const Entry& e = entries_[index];
        if (e.hash == hash && e.group == group && this->bytes(index) == bytes) {
            return {index, false};
        }
        at = (at + 1) & mask;
    }
    const auto index = static_cast<std::uint32_t>(entries_.size());
    slots_[at] = index + 1;
    entries_.push_back({group, kEnd, heap_.size(), static_cast<std::uint32_t>(bytes.size()), hash});
    heap_.append(bytes);
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
    std::vector<std::uint32_t> slots(slots_.empty() ? 64 : slots_.size() * 2);
    const std::size_t mask = slots.size() - 1;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        std::size_t at = entries_[i].hash & mask;
        while (slots[at] != 0) {
            at = (at + 1) & mask;
        }
        slots[at] = static_cast<std::uint32_t>(i + 1);
    }
    slots_ = std::move(slots);
}

std::size_t GroupedSet::memory_bytes() const {
    return heap_.capacity() + entries_.capacity() * sizeof(Entry) + slots_.capacity() * 4 +
           first_.capacity() * 12;
}

}  // namespace qd::kql
