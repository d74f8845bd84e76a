// Hex texts: one pass finds, for every place of the shape, whether it always holds the same
// character; varying places must hold lower-case hex digits. A shape is written as two characters
// a place, "=c" for the constant c and "x?" for a digit, so that any constant can be told apart.
#include "extent/hex_codec.h"

#include <array>
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

bool decode_hex(std::string_view shape, std::string_view present, std::string_view digits,
                std::vector<std::uint32_t>& offsets, std::string& heap) {
    static constexpr char kDigits[] = "0123456789abcdef";
    const std::size_t rows = offsets.size() - 1;
    const std::size_t length = shape.size() / 2;
    if (shape.size() % 2 != 0 || length == 0 || length > kLengthMax ||
        (!present.empty() && present.size() != (rows + 7) / 8)) {
        return false;
    }
    std::string model(length, '\0');
    std::vector<std::uint32_t> places;
    for (std::size_t i = 0; i < length; ++i) {
        model[i] = shape[2 * i + 1];
        if (shape[2 * i] == 'x') {
            places.push_back(static_cast<std::uint32_t>(i));
        }
    }
    const std::size_t bytes_each = (places.size() + 1) / 2;
    const auto is_present = [&](std::size_t row) {
        return present.empty() ||
               ((static_cast<unsigned char>(present[row / 8]) >> (row % 8)) & 1U) != 0;
    };
    std::size_t texts = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        texts += is_present(row) ? 1U : 0U;
    }
    if (digits.size() != texts * bytes_each ||
        texts * length > std::numeric_limits<std::uint32_t>::max()) {
        return false;
    }
    heap.resize(texts * length);
    std::size_t at = 0;
    offsets[0] = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        if (is_present(row)) {
            char* to = heap.data() + at * length;
            const char* from = digits.data() + at * bytes_each;
            model.copy(to, length);
            std::size_t i = 0;
            for (; i + 1 < places.size(); i += 2) {
                const auto byte = static_cast<unsigned char>(*from++);
                to[places[i]] = kDigits[byte >> 4];
                to[places[i + 1]] = kDigits[byte & 15];
            }
            if (i < places.size()) {
                to[places[i]] = kDigits[static_cast<unsigned char>(*from) >> 4];
            }
            ++at;
        }
        offsets[row + 1] = static_cast<std::uint32_t>(at * length);
    }
    return true;
}

}  // namespace qd::workspace::internal
