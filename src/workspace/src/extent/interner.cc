#include "extent/interner.h"

#include <xxhash.h>

namespace qd::workspace::internal {

Interner::Interner() : slots_(1024, 0) {}

std::uint32_t Interner::intern(std::string_view text) {
    const std::uint64_t hash = XXH3_64bits(text.data(), text.size());
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = static_cast<std::size_t>(hash) & mask;
    while (slots_[at] != 0) {
        const std::uint32_t entry = slots_[at] - 1;
        if (hashes_[entry] == hash && entries_[entry] == text) {
            return entry;
        }
        at = (at + 1) & mask;
    }
    const auto entry = static_cast<std::uint32_t>(entries_.size());
    slots_[at] = entry + 1;
    entries_.push_back(text);
    hashes_.push_back(hash);
    heap_bytes_ += text.size();
    if (entries_.size() * 2 > slots_.size()) {
        grow();
    }
    return entry;
}

void Interner::grow() {
    std::vector<std::uint32_t> slots(slots_.size() * 2, 0);
    const std::size_t mask = slots.size() - 1;
    for (std::size_t entry = 0; entry < entries_.size(); ++entry) {
        std::size_t at = static_cast<std::size_t>(hashes_[entry]) & mask;
        while (slots[at] != 0) {
            at = (at + 1) & mask;
        }
        slots[at] = static_cast<std::uint32_t>(entry) + 1;
    }
    slots_ = std::move(slots);
}

}  // namespace qd::workspace::internal
