// UTF-8 by the table of well-formed sequences (Unicode 15, table 3-7). Runs of ASCII, the usual
// case in logs, are skipped eight bytes at a time.
#include "qd/base/utf8.h"

#include <cstring>

namespace qd {
namespace {

struct Sequence {
    std::size_t length = 0;  // bytes of the sequence or of its longest well-formed beginning
    bool good = false;
};

/// Looks at the sequence that starts at `at`. A bad one has the length of the maximal subpart,
/// at least 1, which is what one U+FFFD replaces (Unicode 15, section 3.9).
Sequence classify(std::string_view bytes, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const unsigned lead = byte(at);
    if (lead < 0x80) {
        return {1, true};
    }
    std::size_t needed = 0;
    unsigned low = 0x80;  // bounds of the second byte
    unsigned high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
        needed = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        needed = 2;
        low = lead == 0xe0 ? 0xa0 : low;    // overlong below
        high = lead == 0xed ? 0x9f : high;  // surrogates above
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        needed = 3;
        low = lead == 0xf0 ? 0x90 : low;
        high = lead == 0xf4 ? 0x8f : high;  // beyond U+10FFFF
    } else {
        return {1, false};
    }
    std::size_t length = 1;
    while (length <= needed) {
        if (at + length >= bytes.size()) {
            return {length, false};
        }
        const unsigned next = byte(at + length);
        if (next < low || next > high) {
            return {length, false};
        }
        low = 0x80;
        high = 0xbf;
        ++length;
    }
    return {length, true};
}

/// Moves `at` over ASCII, eight bytes at a time.
void skip_ascii(std::string_view bytes, std::size_t& at) {
    while (bytes.size() - at >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + at, 8);
        if ((word & 0x8080808080808080U) != 0) {
            return;
        }
        at += 8;
    }
}

}  // namespace

bool is_valid_utf8(std::string_view bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        skip_ascii(bytes, at);
        if (at == bytes.size()) {
            break;
        }
        const Sequence sequence = classify(bytes, at);
        if (!sequence.good) {
            return false;
        }
        at += sequence.length;
    }
    return true;
}

std::string sanitize_utf8(std::string_view bytes) {
    if (is_valid_utf8(bytes)) {
        return std::string(bytes);
    }
    std::string out;
    out.reserve(bytes.size() + 16);
    for (std::size_t at = 0; at < bytes.size();) {
        const Sequence sequence = classify(bytes, at);
        if (sequence.good) {
            out.append(bytes, at, sequence.length);
        } else {
            out += "\xef\xbf\xbd";
        }
        at += sequence.length;
    }
    return out;
}

char32_t next_code_point(std::string_view text, std::size_t& pos) {
    const Sequence sequence = classify(text, pos);
    const auto bits = [&](std::size_t i, unsigned mask) {
        return static_cast<char32_t>(static_cast<unsigned char>(text[pos + i]) & mask);
    };
    char32_t point = 0xfffd;
    if (sequence.good) {
        switch (sequence.length) {
            case 1:
                point = bits(0, 0x7f);
                break;
            case 2:
                point = (bits(0, 0x1f) << 6) | bits(1, 0x3f);
                break;
            case 3:
                point = (bits(0, 0x0f) << 12) | (bits(1, 0x3f) << 6) | bits(2, 0x3f);
                break;
            default:
                point = (bits(0, 0x07) << 18) | (bits(1, 0x3f) << 12) | (bits(2, 0x3f) << 6) |
                        bits(3, 0x3f);
                break;
        }
    }
    pos += sequence.length;
    return point;
}

void append_utf8(std::string& out, char32_t code_point) {
    if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff)) {
        code_point = 0xfffd;
    }
    if (code_point < 0x80) {
        out += static_cast<char>(code_point);
    } else if (code_point < 0x800) {
        out += static_cast<char>(0xc0 | (code_point >> 6));
        out += static_cast<char>(0x80 | (code_point & 0x3f));
    } else if (code_point < 0x10000) {
        out += static_cast<char>(0xe0 | (code_point >> 12));
        out += static_cast<char>(0x80 | ((code_point >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (code_point & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | (code_point >> 18));
        out += static_cast<char>(0x80 | ((code_point >> 12) & 0x3f));
        out += static_cast<char>(0x80 | ((code_point >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (code_point & 0x3f));
    }
}

std::size_t count_code_points(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) {
        count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

}  // namespace qd
