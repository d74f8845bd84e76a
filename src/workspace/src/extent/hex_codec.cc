// Hex texts: one pass finds, for every place of the shape, whether it always holds the same
// character; varying places must hold lower-case hex digits. A shape is written as two characters
// a place, "=c" for the constant c and "x?" for a digit, so that any constant can be told apart.
#include "extent/hex_codec.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace qd::workspace::internal {

namespace {

constexpr std::size_t kLengthMin = 8;  // shorter texts fit better elsewhere
constexpr std::size_t kLengthMax = 256;

/// The digit's value, or -1.
constexpr std::array<std::int8_t, 256> kHexValues = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (int digit = 0; digit < 16; ++digit) {
        values[static_cast<std::size_t>("0123456789abcdef"[digit])] =
            static_cast<std::int8_t>(digit);
    }
    return values;
}();

int hex_value(char c) {
    return kHexValues[static_cast<unsigned char>(c)];
}

struct Shape {
    std::string model;                  // the first text
    std::vector<std::uint8_t> varying;  // a flag a place
    std::size_t digits = 0;             // varying places
    std::size_t empty = 0;              // texts that are empty
};

std::optional<Shape> find_shape(std::span<const std::string_view> texts) {
    Shape shape;
    for (const std::string_view text : texts) {
        if (text.empty()) {
            ++shape.empty;
            continue;
        }
        if (shape.model.empty()) {
            if (text.size() < kLengthMin || text.size() > kLengthMax) {
                return std::nullopt;
            }
            shape.model = text;
            shape.varying.assign(text.size(), 0);
        }
        if (text.size() != shape.model.size()) {
            return std::nullopt;
        }
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (shape.varying[i] != 0) {
                if (hex_value(text[i]) < 0) {
                    return std::nullopt;
                }
            } else if (text[i] != shape.model[i]) {
                if (hex_value(shape.model[i]) < 0 || hex_value(text[i]) < 0) {
                    return std::nullopt;
                }
                shape.varying[i] = 1;
                ++shape.digits;
            }
        }
    }
    // At least half the places must be digits, else ordinary compression does better.
    if (shape.model.empty() || shape.digits * 2 < shape.model.size()) {
        return std::nullopt;
    }
    return shape;
}

}  // namespace

std::optional<HexEncoded> encode_hex(std::span<const std::string_view> texts) {
    const auto shape = find_shape(texts);
    if (!shape) {
        return std::nullopt;
    }
    HexEncoded out;
    for (std::size_t i = 0; i < shape->model.size(); ++i) {
        out.shape += shape->varying[i] != 0 ? "x?" : std::string("=") + shape->model[i];
    }
    if (shape->empty > 0) {
        out.present.assign((texts.size() + 7) / 8, '\0');
    }
    std::vector<std::uint32_t> places;
    for (std::size_t i = 0; i < shape->model.size(); ++i) {
        if (shape->varying[i] != 0) {
            places.push_back(static_cast<std::uint32_t>(i));
        }
    }
    const std::size_t bytes_each = (shape->digits + 1) / 2;
    out.digits.resize(bytes_each * (texts.size() - shape->empty));
    char* to = out.digits.data();
    for (std::size_t row = 0; row < texts.size(); ++row) {
        if (texts[row].empty()) {
            continue;
        }
        if (shape->empty > 0) {
            out.present[row / 8] = static_cast<char>(
                static_cast<unsigned char>(out.present[row / 8]) | (1U << (row % 8)));
        }
        const char* text = texts[row].data();
        std::size_t i = 0;
        for (; i + 1 < places.size(); i += 2) {
            *to++ = static_cast<char>((hex_value(text[places[i]]) << 4) |
                                      hex_value(text[places[i + 1]]));
        }
        if (i < places.size()) {
            *to++ = static_cast<char>(hex_value(text[places[i]]) << 4);
        }
    }
    return out;
}

namespace {

/// Two digits of every byte.
constexpr std::array<char, 512> kDigitPairs = [] {
    std::array<char, 512> pairs{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
        pairs[2 * byte] = "0123456789abcdef"[byte >> 4];
        pairs[2 * byte + 1] = "0123456789abcdef"[byte & 15];
    }
    return pairs;
}();

/// A shape taken apart.
struct HexModel {
    std::string model;
    std::vector<std::uint32_t> places;
    std::size_t bytes_each = 0;

    static std::optional<HexModel> of(std::string_view shape) {
        const std::size_t length = shape.size() / 2;
        if (shape.size() % 2 != 0 || length == 0 || length > kLengthMax) {
            return std::nullopt;
        }
        HexModel out;
        out.model.resize(length);
        for (std::size_t i = 0; i < length; ++i) {
            out.model[i] = shape[2 * i + 1];
            if (shape[2 * i] == 'x') {
                out.places.push_back(static_cast<std::uint32_t>(i));
            }
        }
        out.bytes_each = (out.places.size() + 1) / 2;
        return out;
    }

    void write(char* to, const char* from) const {
        model.copy(to, model.size());
        std::size_t i = 0;
        for (; i + 1 < places.size(); i += 2) {
            const char* pair = &kDigitPairs[2 * static_cast<unsigned char>(*from++)];
            to[places[i]] = pair[0];
            to[places[i + 1]] = pair[1];
        }
        if (i < places.size()) {
            to[places[i]] = kDigitPairs[2 * static_cast<unsigned char>(*from)];
        }
    }
};

bool is_present(std::string_view present, std::size_t row) {
    return present.empty() ||
           ((static_cast<unsigned char>(present[row / 8]) >> (row % 8)) & 1U) != 0;
}

}  // namespace

bool decode_hex(std::string_view shape, std::string_view present, std::string_view digits,
                std::uint32_t rows, std::optional<std::span<const std::uint32_t>> wanted,
                std::vector<std::uint32_t>& offsets, std::string& heap) {
    const auto hex = HexModel::of(shape);
    if (!hex || (!present.empty() && present.size() != (std::size_t{rows} + 7) / 8)) {
        return false;
    }
    std::size_t texts = rows;
    if (!present.empty()) {
        texts = 0;
        for (std::uint32_t row = 0; row < rows; ++row) {
            texts += is_present(present, row) ? 1U : 0U;
        }
    }
    const std::size_t length = hex->model.size();
    const std::size_t count = wanted ? wanted->size() : rows;
    if (digits.size() != texts * hex->bytes_each ||
        std::min(texts, count) * length > std::numeric_limits<std::uint32_t>::max()) {
        return false;
    }
    offsets.assign(count + 1, 0);
    heap.resize(std::min(texts, count) * length);
    std::size_t text = 0;  // of those before `row`
    std::uint32_t row = 0;
    char* to = heap.data();
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t at = wanted ? (*wanted)[i] : static_cast<std::uint32_t>(i);
        if (present.empty()) {
            text = at;
        }
        for (; !present.empty() && row < at; ++row) {
            text += is_present(present, row) ? 1U : 0U;
        }
        if (is_present(present, at)) {
            hex->write(to, digits.data() + text * hex->bytes_each);
            to += length;
        }
        offsets[i + 1] = static_cast<std::uint32_t>(to - heap.data());
    }
    heap.resize(offsets.back());
    return true;
}

namespace {

/// The digits of a text of that shape as they are stored; nothing when it is of another shape.
std::optional<std::string> digits_in(std::string_view shape, std::string_view text) {
    if (shape.size() != 2 * text.size()) {
        return std::nullopt;
    }
    std::string out;
    bool half = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (shape[2 * i] != 'x') {
            if (shape[2 * i + 1] != text[i]) {
                return std::nullopt;
            }
            continue;
        }
        const int value = hex_value(text[i]);
        if (value < 0) {
            return std::nullopt;
        }
        if (half) {
            out.back() = static_cast<char>(out.back() | value);
        } else {
            out.push_back(static_cast<char>(value << 4));
        }
        half = !half;
    }
    return out;
}

}  // namespace

bool find_hex(std::string_view shape, std::string_view present, std::string_view digits,
              std::uint32_t rows, std::string_view text, std::vector<std::uint32_t>& found) {
    const auto wanted = digits_in(shape, text);
    if (!wanted || wanted->empty()) {
        return shape.size() % 2 == 0;
    }
    const std::size_t width = wanted->size();
    if (digits.size() % width != 0 ||
        (present.empty() ? digits.size() / width != rows : present.size() != (rows + 7U) / 8)) {
        return false;
    }
    // Random digits differ in their first bytes: one comparison a text.
    const std::size_t head = std::min<std::size_t>(width, 8);
    std::uint64_t first = 0;
    std::memcpy(&first, wanted->data(), head);
    std::vector<std::size_t> texts;
    for (std::size_t i = 0; i < digits.size() / width; ++i) {
        std::uint64_t word = 0;
        std::memcpy(&word, digits.data() + i * width, head);
        if (word == first && digits.compare(i * width, width, *wanted) == 0) {
            texts.push_back(i);
        }
    }
    if (texts.empty()) {
        return true;
    }
    std::size_t next = 0;
    std::size_t seen = 0;
    for (std::uint32_t row = 0; row < rows && next < texts.size(); ++row) {
        if (is_present(present, row) && seen++ == texts[next]) {
            found.push_back(row);
            ++next;
        }
    }
    return next == texts.size();
}

}  // namespace qd::workspace::internal
