// Decimal arithmetic is Intel's BID library (IEEE 754 decimal128, 34 digits); the only file that
// knows it. Calls are by value with local rounding mode and flags (library variant gcc000).
#define DECIMAL_CALL_BY_REFERENCE 0
#define DECIMAL_GLOBAL_ROUNDING 0
#define DECIMAL_GLOBAL_EXCEPTION_FLAGS 0
#include "qd/codec/guid.h"

#include <bid_conf.h>
#include <bid_functions.h>

#include <array>
#include <charconv>
#include <cmath>

namespace qd {

namespace {

constexpr unsigned kNearestEven = 0;
constexpr int kDigits = 34;

BID_UINT128 to_bid(DecimalValue value) {
    BID_UINT128 out;
    out.w[0] = value.bits.low;
    out.w[1] = value.bits.high;
    return out;
}

DecimalValue from_bid(BID_UINT128 value) {
    return {.bits = {.high = value.w[1], .low = value.w[0]}};
}

bool is_decimal_text(std::string_view text) {
    std::size_t at = 0;
    const auto digits = [&] {
        const std::size_t begin = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
            ++at;
        }
        return at - begin;
    };
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) {
        ++at;
    }
    std::size_t count = digits();
    if (at < text.size() && text[at] == '.') {
        ++at;
        count += digits();
    }
    if (count == 0) {
        return false;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '-' || text[at] == '+')) {
            ++at;
        }
        if (digits() == 0) {
            return false;
        }
    }
    return at == text.size();
}

}  // namespace

std::optional<DecimalValue> parse_decimal(std::string_view text) {
    if (!is_decimal_text(text) || text.size() > 6000) {
        return std::nullopt;
    }
    std::string copy(text);
    unsigned flags = 0;
    const BID_UINT128 value = bid128_from_string(copy.data(), kNearestEven, &flags);
    if (bid128_isNaN(value) != 0 || bid128_isInf(value) != 0) {
        return std::nullopt;
    }
    return from_bid(value);
}

std::string format_decimal(DecimalValue value) {
    // The library prints "[+-]digitsE[+-]exponent"; place the point ourselves.
    std::array<char, 64> buffer{};
    unsigned flags = 0;
    bid128_to_string(buffer.data(), to_bid(value), &flags);
    std::string_view text(buffer.data());
    const bool negative = text.front() == '-';
    text.remove_prefix(1);
    const std::size_t e = text.find('E');
    if (e == std::string_view::npos) {
        return "NaN";
    }
    std::string_view digits = text.substr(0, e);
    int exponent = 0;
    std::string_view exponent_text = text.substr(e + 1);
    if (exponent_text.front() == '+') {
        exponent_text.remove_prefix(1);
    }
    std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
    while (digits.size() > 1 && digits.front() == '0') {
        digits.remove_prefix(1);
    }
    std::string out;
    if (digits == "0") {
        // Zero has no sign, and of its places only those that somebody can have written.
        out = "0";
        if (exponent < 0 && exponent >= -kDigits) {
            out += "." + std::string(static_cast<std::size_t>(-exponent), '0');
        }
        return out;
    }
    if (negative) {
        out += '-';
    }
    if (exponent >= 0) {
        out += digits;
        out.append(static_cast<std::size_t>(exponent), '0');
        return out;
    }
    const auto places = static_cast<std::size_t>(-exponent);
    if (digits.size() > places) {
        out += digits.substr(0, digits.size() - places);
        out += '.';
        out += digits.substr(digits.size() - places);
    } else {
        out += "0.";
        out.append(places - digits.size(), '0');
        out += digits;
    }
    return out;
}

double decimal_to_double(DecimalValue value) {
    unsigned flags = 0;
    return bid128_to_binary64(to_bid(value), kNearestEven, &flags);
}

DecimalValue decimal_from_int(std::int64_t value) {
    return from_bid(bid128_from_int64(value));
}

DecimalValue decimal_from_double(double value) {
    // Through the shortest text, so that 0.1 becomes 0.1 and not its 55 binary digits.
    std::array<char, 40> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return parse_decimal({buffer.data(), static_cast<std::size_t>(end - buffer.data())})
        .value_or(decimal_from_int(0));
}

std::optional<std::int64_t> decimal_to_int(DecimalValue value) {
    unsigned flags = 0;
    const std::int64_t out = bid128_to_int64_int(to_bid(value), &flags);
    constexpr unsigned kInvalidOperation = 1;
    if ((flags & kInvalidOperation) != 0) {
        return std::nullopt;
    }
    return out;
}

std::optional<DecimalValue> decimal_arithmetic(DecimalOp op, DecimalValue a, DecimalValue b) {
    const BID_UINT128 x = to_bid(a);
    const BID_UINT128 y = to_bid(b);
    unsigned flags = 0;
    BID_UINT128 out{};
    switch (op) {
        case DecimalOp::Add:
            out = bid128_add(x, y, kNearestEven, &flags);
            break;
        case DecimalOp::Subtract:
            out = bid128_sub(x, y, kNearestEven, &flags);
            break;
        case DecimalOp::Multiply:
            out = bid128_mul(x, y, kNearestEven, &flags);
            break;
        case DecimalOp::Divide:
            out = bid128_div(x, y, kNearestEven, &flags);
            break;
        case DecimalOp::Modulo:
            out = bid128_fmod(x, y, &flags);
            break;
    }
    if (bid128_isNaN(out) != 0 || bid128_isInf(out) != 0) {
        return std::nullopt;
    }
    return from_bid(out);
}

int decimal_compare(DecimalValue a, DecimalValue b) {
    unsigned flags = 0;
    if (bid128_quiet_less(to_bid(a), to_bid(b), &flags) != 0) {
        return -1;
    }
    return bid128_quiet_equal(to_bid(a), to_bid(b), &flags) != 0 ? 0 : 1;
}

}  // namespace qd
