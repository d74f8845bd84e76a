// Integers as bits.
//
// Form 0, constant: i64. Form 1, frame of reference: groups of up to 1,024 values, each
// i64 smallest, u8 width, width bits a value of (value - smallest). Form 2, delta: i64 first
// value, then the differences of neighbours in form 1's groups. Groups of their own width keep one
// outlier from widening 65,536 values; deltas suit time-ordered columns. Differences wrap, so any
// 64-bit input comes back. Widths over 56 are stored as 64 so that a value is always inside one
// unaligned 8-byte load.
// Complexity: one pass to measure, one to write; decoding is a load, shift and mask a value.
#include "extent/int_codec.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

namespace qd::workspace::internal {

namespace {

constexpr std::size_t kGroup = 1024;
constexpr unsigned kWidthMax = 56;
enum Form : char { kConstant = 0, kFrame = 1, kDelta = 2 };

struct GroupRange {
    std::int64_t smallest;
    unsigned width;
};

GroupRange measure(std::span<const std::int64_t> values) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const std::uint64_t spread =
        static_cast<std::uint64_t>(*high) - static_cast<std::uint64_t>(*low);
    const auto width = static_cast<unsigned>(std::bit_width(spread));
    return {*low, width > kWidthMax ? 64U : width};
}

std::size_t packed_bytes(std::size_t count, unsigned width) {
    return (count * width + 7) / 8;
}

std::size_t measure_groups(std::span<const std::int64_t> values) {
    std::size_t bytes = 0;
    for (std::size_t at = 0; at < values.size(); at += kGroup) {
        const auto group = values.subspan(at, std::min(kGroup, values.size() - at));
        bytes += 9 + packed_bytes(group.size(), measure(group).width);
    }
    return bytes;
}

void append_i64(std::string& out, std::int64_t v) {
    char raw[8];
    std::memcpy(raw, &v, 8);
    out.append(raw, 8);
}

void append_group(std::string& out, std::span<const std::int64_t> group) {
    const GroupRange range = measure(group);
    append_i64(out, range.smallest);
    out.push_back(static_cast<char>(range.width));
    const std::size_t start = out.size();
    const std::size_t bytes = packed_bytes(group.size(), range.width);
    out.append(bytes + 8, '\0');  // slack for whole-word stores, cut below
    char* to = out.data() + start;
    for (std::size_t i = 0; i < group.size(); ++i) {
        const std::uint64_t v =
            static_cast<std::uint64_t>(group[i]) - static_cast<std::uint64_t>(range.smallest);
        const std::size_t bit = i * range.width;
        std::uint64_t word = 0;
        std::memcpy(&word, to + bit / 8, 8);
        word |= v << (bit % 8);
        std::memcpy(to + bit / 8, &word, 8);
    }
    out.resize(start + bytes);
}

void append_groups(std::string& out, std::span<const std::int64_t> values) {
    for (std::size_t at = 0; at < values.size(); at += kGroup) {
        append_group(out, values.subspan(at, std::min(kGroup, values.size() - at)));
    }
}

template <typename T>
void unpack(const char* packed, std::size_t available, std::int64_t smallest, unsigned width,
            std::span<T> out) {
    const auto base = static_cast<std::uint64_t>(smallest);
    if (width == 0) {
        std::fill(out.begin(), out.end(), static_cast<T>(base));
        return;
    }
    const std::uint64_t mask = width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
    // Whole-word loads while eight bytes are there, byte-wise for the last few values.
    std::size_t fast = 0;
    if (available >= 8) {
        fast = std::min(out.size(), ((available - 8) * 8) / width + 1);
    }
    for (std::size_t i = 0; i < fast; ++i) {
        const std::size_t bit = i * width;
        std::uint64_t word = 0;
        std::memcpy(&word, packed + bit / 8, 8);
        out[i] = static_cast<T>(base + ((word >> (bit % 8)) & mask));
    }
    for (std::size_t i = fast; i < out.size(); ++i) {
        const std::size_t bit = i * width;
        const std::size_t at = bit / 8;
        std::uint64_t word = 0;
        std::memcpy(&word, packed + at, std::min<std::size_t>(8, available - at));
        out[i] = static_cast<T>(base + ((word >> (bit % 8)) & mask));
    }
}

/// One group where it lies; `bytes` reach to the end of the block.
struct Packed {
    std::string_view bytes;
    std::int64_t smallest = 0;
    unsigned width = 0;
};

bool next_group(std::string_view& bytes, std::size_t rows, Packed& group) {
    if (bytes.size() < 9) {
        return false;
    }
    std::memcpy(&group.smallest, bytes.data(), 8);
    group.width = static_cast<unsigned>(static_cast<unsigned char>(bytes[8]));
    if (group.width > kWidthMax && group.width != 64) {
        return false;
    }
    bytes.remove_prefix(9);
    const std::size_t packed = packed_bytes(rows, group.width);
    if (bytes.size() < packed) {
        return false;
    }
    group.bytes = bytes;
    bytes.remove_prefix(packed);
    return true;
}

std::int64_t unpack_one(const Packed& group, std::size_t place) {
    const auto base = static_cast<std::uint64_t>(group.smallest);
    if (group.width == 0) {
        return group.smallest;
    }
    const std::uint64_t mask =
        group.width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << group.width) - 1;
    const std::size_t bit = place * group.width;
    std::uint64_t word = 0;
    std::memcpy(&word, group.bytes.data() + bit / 8,
                std::min<std::size_t>(8, group.bytes.size() - bit / 8));
    return static_cast<std::int64_t>(base + ((word >> (bit % 8)) & mask));
}

template <typename T>
bool read_groups(std::string_view bytes, std::span<T> out) {
    for (std::size_t at = 0; at < out.size(); at += kGroup) {
        const auto values = out.subspan(at, std::min(kGroup, out.size() - at));
        Packed group;
        if (!next_group(bytes, values.size(), group)) {
            return false;
        }
        unpack(group.bytes.data(), group.bytes.size(), group.smallest, group.width, values);
    }
    return bytes.empty();
}

template <typename T>
bool decode(std::string_view bytes, std::span<T> out) {
    if (out.empty()) {
        return true;
    }
    if (bytes.size() < 9) {
        return false;
    }
    const char form = bytes[0];
    bytes.remove_prefix(1);
    if (form == kFrame) {
        return read_groups(bytes, out);
    }
    std::int64_t first = 0;
    std::memcpy(&first, bytes.data(), 8);
    bytes.remove_prefix(8);
    if (form == kConstant) {
        std::fill(out.begin(), out.end(), static_cast<T>(first));
        return bytes.empty();
    }
    if (form != kDelta) {
        return false;
    }
    // Narrow types wrap like the wide ones, so deltas may be added in the type itself.
    out[0] = static_cast<T>(first);
    if (!read_groups(bytes, out.subspan(1))) {
        return false;
    }
    using Unsigned = std::make_unsigned_t<T>;
    for (std::size_t i = 1; i < out.size(); ++i) {
        out[i] = static_cast<T>(static_cast<Unsigned>(static_cast<Unsigned>(out[i - 1]) +
                                                      static_cast<Unsigned>(out[i])));
    }
    return true;
}

}  // namespace

std::string encode_integers(std::span<const std::int64_t> values) {
    std::string out;
    if (values.empty()) {
        return out;
    }
    if (measure(values).width == 0) {
        out.push_back(kConstant);
        append_i64(out, values[0]);
        return out;
    }
    std::vector<std::int64_t> deltas(values.size() - 1);
    for (std::size_t i = 1; i < values.size(); ++i) {
        deltas[i - 1] = static_cast<std::int64_t>(static_cast<std::uint64_t>(values[i]) -
                                                  static_cast<std::uint64_t>(values[i - 1]));
    }
    // A delta costs a dependent addition a value when read: it must pay.
    const std::size_t frame = measure_groups(values);
    const std::size_t delta = measure_groups(deltas) + 8;
    if (delta + frame / 16 < frame) {
        out.reserve(delta + 16);
        out.push_back(kDelta);
        append_i64(out, values[0]);
        append_groups(out, deltas);
    } else {
        out.reserve(frame + 16);
        out.push_back(kFrame);
        append_groups(out, values);
    }
    return out;
}

bool decode_integers(std::string_view bytes, std::span<std::int64_t> out) {
    return decode(bytes, out);
}
bool decode_integers(std::string_view bytes, std::span<std::uint32_t> out) {
    return decode(bytes, out);
}
bool decode_integers(std::string_view bytes, std::span<std::int32_t> out) {
    return decode(bytes, out);
}
bool decode_integers(std::string_view bytes, std::span<std::uint8_t> out) {
    return decode(bytes, out);
}

bool decode_integers_at(std::string_view bytes, std::size_t count,
                        std::span<const std::uint32_t> places, std::span<std::int64_t> out) {
    if (places.empty()) {
        return true;
    }
    if (bytes.size() < 9 || bytes[0] != kFrame) {
        std::vector<std::int64_t> all(count);
        if (!decode(bytes, std::span<std::int64_t>(all))) {
            return false;
        }
        for (std::size_t i = 0; i < places.size(); ++i) {
            out[i] = all[places[i]];
        }
        return true;
    }
    bytes.remove_prefix(1);
    std::size_t next = 0;
    for (std::size_t at = 0; at < count && next < places.size(); at += kGroup) {
        const std::size_t rows = std::min(kGroup, count - at);
        Packed group;
        if (!next_group(bytes, rows, group)) {
            return false;
        }
        for (; next < places.size() && places[next] < at + rows; ++next) {
            out[next] = unpack_one(group, places[next] - at);
        }
    }
    return next == places.size();
}

}  // namespace qd::workspace::internal
