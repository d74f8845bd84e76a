#include "qd/codec/guid.h"

namespace qd {

std::optional<GuidValue> parse_guid(std::string_view text) {
    if (text.size() >= 2 && ((text.front() == '{' && text.back() == '}') ||
                             (text.front() == '(' && text.back() == ')'))) {
        text = text.substr(1, text.size() - 2);
    }
    if (text.size() != 36 && text.size() != 32) {
        return std::nullopt;
    }
    GuidValue guid;
    std::size_t digits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (text.size() == 36 && (i == 8 || i == 13 || i == 18 || i == 23)) {
            if (c != '-') {
                return std::nullopt;
            }
            continue;
        }
        std::uint64_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = static_cast<std::uint64_t>(c - '0');
        } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
            digit = static_cast<std::uint64_t>((c | 0x20) - 'a' + 10);
        } else {
            return std::nullopt;
        }
        std::uint64_t& half = digits < 16 ? guid.bits.high : guid.bits.low;
        half = half << 4 | digit;
        ++digits;
    }
    return guid;
}

std::string format_guid(GuidValue guid) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    out.reserve(36);
    for (unsigned i = 0; i < 32; ++i) {
        if (i == 8 || i == 12 || i == 16 || i == 20) {
            out += '-';
        }
        const std::uint64_t half = i < 16 ? guid.bits.high : guid.bits.low;
        out += kHex[(half >> ((15 - i % 16) * 4)) & 15];
    }
    return out;
}

}  // namespace qd
