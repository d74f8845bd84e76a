#include "functions/punycode.h"

#include "qd/base/utf8.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace qd::kql {
namespace {

constexpr std::uint32_t kBase = 36;
constexpr std::uint32_t kTMin = 1;
constexpr std::uint32_t kTMax = 26;

std::uint32_t adapt(std::uint32_t delta, std::uint32_t points, bool first) {
    delta = first ? delta / 700 : delta / 2;
    delta += delta / points;
    std::uint32_t k = 0;
    while (delta > (kBase - kTMin) * kTMax / 2) {
        delta /= kBase - kTMin;
        k += kBase;
    }
    return k + (kBase - kTMin + 1) * delta / (delta + 38);
}

std::uint32_t threshold(std::uint32_t k, std::uint32_t bias) {
    return k <= bias ? kTMin : std::min(k - bias, kTMax);
}

char digit(std::uint32_t d) {
    return static_cast<char>(d < 26 ? 'a' + d : '0' + (d - 26));
}

std::optional<std::uint32_t> digit_value(char c) {
    const char small = static_cast<char>(c | 0x20);
    if (small >= 'a' && small <= 'z') {
        return static_cast<std::uint32_t>(small - 'a');
    }
    if (c >= '0' && c <= '9') {
        return static_cast<std::uint32_t>(c - '0') + 26;
    }
    return std::nullopt;
}

}  // namespace

std::string punycode_encode(std::string_view text) {
    std::vector<char32_t> input;
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        input.push_back(next_code_point(text, at));
        if (input.back() < 0x80) {
            out.push_back(static_cast<char>(input.back()));
        }
    }
    const auto basic = static_cast<std::uint32_t>(out.size());
    std::uint32_t handled = basic;
    if (basic > 0) {
        out.push_back('-');
    }
    char32_t n = 0x80;
    std::uint32_t delta = 0;
    std::uint32_t bias = 72;
    while (handled < input.size()) {
        char32_t next = 0x7FFFFFFF;
        for (const char32_t c : input) {
            if (c >= n && c < next) {
                next = c;
            }
        }
        delta += static_cast<std::uint32_t>(next - n) * (handled + 1);
        n = next;
        for (const char32_t c : input) {
            if (c < n) {
                ++delta;
            }
            if (c != n) {
                continue;
            }
            std::uint32_t q = delta;
            for (std::uint32_t k = kBase;; k += kBase) {
                const std::uint32_t t = threshold(k, bias);
                if (q < t) {
                    break;
                }
                out.push_back(digit(t + (q - t) % (kBase - t)));
                q = (q - t) / (kBase - t);
            }
            out.push_back(digit(q));
            bias = adapt(delta, handled + 1, handled == basic);
            delta = 0;
            ++handled;
        }
        ++delta;
        ++n;
    }
    return out;
}

std::optional<std::string> punycode_decode(std::string_view text) {
    std::vector<char32_t> output;
    const std::size_t dash = text.rfind('-');
    if (dash != std::string_view::npos) {
        for (const char c : text.substr(0, dash)) {
            if (static_cast<unsigned char>(c) >= 0x80) {
                return std::nullopt;
            }
            output.push_back(static_cast<char32_t>(c));
        }
        text.remove_prefix(dash + 1);
    }
    std::uint64_t n = 0x80;
    std::uint64_t i = 0;
    std::uint32_t bias = 72;
    while (!text.empty()) {
        const std::uint64_t before = i;
        std::uint64_t weight = 1;
        for (std::uint32_t k = kBase;; k += kBase) {
            const auto value = text.empty() ? std::nullopt : digit_value(text.front());
            if (!value) {
                return std::nullopt;
            }
            text.remove_prefix(1);
            i += *value * weight;
            const std::uint32_t t = threshold(k, bias);
            if (*value < t) {
                break;
            }
            weight *= kBase - t;
            if (i > 0x7FFFFFFF || weight > 0x7FFFFFFF) {
                return std::nullopt;
            }
        }
        const std::uint64_t points = output.size() + 1;
        bias = adapt(static_cast<std::uint32_t>(i - before), static_cast<std::uint32_t>(points),
                     before == 0);
        n += i / points;
        i %= points;
        if (n > 0x10FFFF || (n >= 0xD800 && n <= 0xDFFF)) {
            return std::nullopt;
        }
        output.insert(output.begin() + static_cast<std::ptrdiff_t>(i), static_cast<char32_t>(n));
        ++i;
    }
    std::string out;
    for (const char32_t c : output) {
        append_utf8(out, c);
    }
    return out;
}

}  // namespace qd::kql
