#include "exec/byte_numbers.h"

#include <xxhash.h>

namespace qd::kql {

std::size_t ByteNumbers::slot_of(std::string_view bytes, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    std::size_t at = hash & mask;
    while (slots_[at].number != kNone &&
           (slots_[at].tag != tag || this->bytes(slots_[at].number) != bytes)) {
        at = (at + 1) & mask;
    }
    return at;
}

std::uint32_t ByteNumbers::add(std::string_view bytes) {
    const std::uint64_t hash = XXH3_64bits(bytes.data(), bytes.size());
    const std::size_t at = slot_of(bytes, hash);
    if (slots_[at].number != kNone) {
        return slots_[at].number;
    }
    const std::uint32_t number = size();
    slots_[at] = {.tag = static_cast<std::uint32_t>(hash >> 32), .number = number};
    hashes_.push_back(hash);
    heap_.append(bytes);
    offsets_.push_back(heap_.size());
    if (std::size_t{size()} * 2 > slots_.size()) {
        grow();
    }
    return number;
}

std::vector<std::uint32_t> ByteNumbers::add_all(const ByteNumbers& other) {
    std::vector<std::uint32_t> out(other.size());
    for (std::uint32_t n = 0; n < out.size(); ++n) {
        out[n] = add(other.bytes(n));
    }
    return out;
}

std::uint32_t ByteNumbers::find(std::string_view bytes) const {
    return slots_[slot_of(bytes, XXH3_64bits(bytes.data(), bytes.size()))].number;
}

void ByteNumbers::grow() {
    std::vector<Slot> bigger(slots_.size() * 2);
    const std::size_t mask = bigger.size() - 1;
    for (std::uint32_t n = 0; n < size(); ++n) {
        std::size_t at = hashes_[n] & mask;
        while (bigger[at].number != kNone) {
            at = (at + 1) & mask;
        }
        bigger[at] = {.tag = static_cast<std::uint32_t>(hashes_[n] >> 32), .number = n};
    }
    slots_ = std::move(bigger);
}

columns::ColumnPtr ByteNumbers::column(columns::DataType type, bool null_behind) const {
    columns::ColumnBuilder out(type, size() + 1);
    for (std::uint32_t n = 0; n < size(); ++n) {
        out.append_bytes(bytes(n));
    }
    if (null_behind) {
        out.append_null();
    }
    return out.finish();
}

std::int64_t ByteNumbers::memory_bytes() const {
    return static_cast<std::int64_t>(slots_.size() * sizeof(Slot) + hashes_.size() * 8 +
                                     offsets_.size() * 8 + heap_.size());
}

}  // namespace qd::kql
