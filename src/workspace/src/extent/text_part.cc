#include "extent/text_part.h"

#include "extent/block.h"
#include "extent/int_codec.h"

namespace qd::workspace::internal {

namespace {
constexpr std::size_t kBoundBytes = 32;  // of a text kept as a bound
}

std::uint32_t count_nulls(std::span<const std::uint8_t> nulls) {
    std::uint32_t count = 0;
    for (const std::uint8_t flag : nulls) {
        count += flag;
    }
    return count;
}

void write_nulls(std::string& out, ColumnPart& part, std::span<const std::uint8_t> nulls) {
    part.null_count = count_nulls(nulls);
    if (part.null_count == 0) {
        return;
    }
    std::string bits((nulls.size() + 7) / 8, '\0');
    for (std::size_t i = 0; i < nulls.size(); ++i) {
        if (nulls[i] != 0) {
            bits[i / 8] =
                static_cast<char>(static_cast<unsigned char>(bits[i / 8]) | (1U << (i % 8)));
        }
    }
    part.null_block = append_block(out, bits, Effort::Fast);
}

void set_text_bounds(ColumnPart& part, std::string_view low, std::string_view high) {
    part.least = low.substr(0, kBoundBytes);
    if (high.size() <= kBoundBytes) {
        part.greatest = high;
    }
}

void append_texts(std::string& out, std::vector<BlockRef>& blocks,
                  std::span<const std::string_view> texts) {
    std::vector<std::int64_t> lengths(texts.size());
    std::size_t total = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        lengths[i] = static_cast<std::int64_t>(texts[i].size());
        total += texts[i].size();
    }
    std::string heap;
    heap.reserve(total);
    for (const std::string_view text : texts) {
        heap += text;
    }
    blocks.push_back(append_block(out, encode_integers(lengths), Effort::Fast));
    blocks.push_back(append_block(out, heap, Effort::Small));
}

}  // namespace qd::workspace::internal
