// The scalar rules of Go's yaml.v2 (file resolve.go) and of the YAML-to-JSON step behind it
// (sigs.k8s.io/yaml, convertToJSONableObject), because a manifest must mean here what it means to
// kubectl. They are YAML 1.1 with Go's number syntax: underscores are dropped, then a base-0
// integer ("012" is ten, "0o12" too), then a decimal float; 0x and 0b integers that do not fit
// stay text. Decimal integers beyond 64 bits are kept exactly.
// Tests: yaml_test.cc, table by table.
#include "yaml_scalar.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace qd::codec::internal {
namespace {

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
    for (const std::string_view word : words) {
        if (text == word) {
            return true;
        }
    }
    return false;
}

bool is_null_word(std::string_view text) {
    return is_one_of<5>(text, {"", "~", "null", "Null", "NULL"});
}

std::optional<bool> bool_word(std::string_view text) {
    if (is_one_of<11>(text,
                      {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"})) {
        return true;
    }
    if (is_one_of<11>(
            text, {"n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"})) {
        return false;
    }
    return std::nullopt;
}

std::optional<double> float_word(std::string_view text) {
    if (is_one_of<3>(text, {".nan", ".NaN", ".NAN"})) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const double sign = text.starts_with('-') ? -1 : 1;
    if (text.starts_with('-') || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    if (is_one_of<3>(text, {".inf", ".Inf", ".INF"})) {
        return sign * std::numeric_limits<double>::infinity();
    }
    return std::nullopt;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// strconv.ParseInt and ParseUint with base 0: a sign only where the value fits int64.
std::optional<Value> parse_base_zero(std::string_view text) {
    const bool negative = text.starts_with('-');
    const bool has_sign = negative || text.starts_with('+');
    if (has_sign) {
        text.remove_prefix(1);
    }
    int base = 10;
    if (text.size() >= 3 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
    } else if (text.size() >= 3 && text[0] == '0' && (text[1] == 'o' || text[1] == 'O')) {
        base = 8;
    } else if (text.size() >= 3 && text[0] == '0' && (text[1] == 'b' || text[1] == 'B')) {
        base = 2;
    } else if (text.size() >= 2 && text[0] == '0') {
        base = 8;
        text.remove_prefix(1);
    }
    if (text.size() >= 3 && text[0] == '0' && !is_digit(text[1]) && base != 10) {
        text.remove_prefix(2);
    }
    std::uint64_t magnitude = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, magnitude, base);
    if (text.empty() || error != std::errc() || stop != end) {
        return std::nullopt;
    }
    constexpr std::uint64_t kGreatest = std::numeric_limits<std::int64_t>::max();
    if (magnitude <= kGreatest) {
        const auto number = static_cast<std::int64_t>(magnitude);
        return Value(negative ? -number : number);
    }
    if (negative && magnitude == kGreatest + 1) {
        return Value(std::numeric_limits<std::int64_t>::min());
    }
    if (has_sign) {
        return std::nullopt;
    }
    return Value(Value::BigNumber{std::to_string(magnitude)});
}

/// [-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?
struct FloatShape {
    bool matches = false;
    bool only_digits = false;  // behind the sign
};

FloatShape float_shape(std::string_view text) {
    std::size_t at = 0;
    const auto digits = [&] {
        const std::size_t start = at;
        while (at < text.size() && is_digit(text[at])) {
            ++at;
        }
        return at - start;
    };
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) {
        ++at;
    }
    FloatShape shape;
    const std::size_t whole = digits();
    shape.only_digits = whole > 0 && at == text.size();
    if (at < text.size() && text[at] == '.') {
        ++at;
        if (digits() == 0 && whole == 0) {
            return {};
        }
    } else if (whole == 0) {
        return {};
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '-' || text[at] == '+')) {
            ++at;
        }
        if (digits() == 0) {
            return {};
        }
    }
    shape.matches = at == text.size();
    return shape;
}

std::optional<double> parse_float(std::string_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
    }
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (stop != end || error == std::errc::invalid_argument) {
        return std::nullopt;
    }
    if (error == std::errc::result_out_of_range) {
        // from_chars does not say on which side. Too small rounds to zero as in Go, too large
        // stays text.
        number = std::strtod(std::string(text).c_str(), nullptr);
        return std::isinf(number) ? std::nullopt : std::optional(number);
    }
    return number;
}

std::optional<Value> parse_number(std::string_view text) {
    std::string plain;
    for (const char c : text) {
        if (c != '_') {
            plain += c;
        }
    }
    if (auto number = parse_base_zero(plain)) {
        return number;
    }
    const FloatShape shape = float_shape(plain);
    if (!shape.matches) {
        return std::nullopt;
    }
    const std::size_t first = plain.find_first_not_of("+-");
    if (shape.only_digits && plain[first] != '0') {
        // Beyond 64 bits: kept as written; JSON has no plus sign.
        return Value(Value::BigNumber{plain.starts_with('+') ? plain.substr(1) : plain});
    }
    if (const auto number = parse_float(plain)) {
        return Value(*number);
    }
    return std::nullopt;
}

}  // namespace

Value resolve_plain_scalar(std::string_view text) {
    if (is_null_word(text)) {
        return Value();
    }
    if (const auto flag = bool_word(text)) {
        return Value(*flag);
    }
    if (const auto number = float_word(text)) {
        return Value(*number);
    }
    const char first = text.front();
    if (first == '.') {
        // Go reads this one with the underscores left in: they make it text.
        if (float_shape(text).matches) {
            if (const auto number = parse_float(text)) {
                return Value(*number);
            }
        }
    } else if (is_digit(first) || first == '+' || first == '-') {
        if (auto number = parse_number(text)) {
            return *std::move(number);
        }
    }
    return Value(text);
}

std::optional<Value> resolve_tagged_scalar(std::string_view tag, std::string_view text) {
    if (!tag.starts_with(kTagPrefix)) {
        return Value(text);
    }
    tag.remove_prefix(kTagPrefix.size());
    if (tag != "null" && tag != "bool" && tag != "int" && tag != "float") {
        return Value(text);
    }
    Value value = resolve_plain_scalar(text);
    if (tag == "null") {
        return value.is_null() ? std::optional(value) : std::nullopt;
    }
    if (tag == "bool") {
        return value.if_bool() != nullptr ? std::optional(value) : std::nullopt;
    }
    if (tag == "float") {
        if (const std::int64_t* number = value.if_int()) {
            return Value(static_cast<double>(*number));
        }
        return value.is_number() ? std::optional(value) : std::nullopt;
    }
    const bool integral = value.if_int() != nullptr || value.if_big_number() != nullptr;
    return integral ? std::optional(value) : std::nullopt;
}

std::optional<std::string> key_text(const Value& key) {
    if (const std::string* text = key.if_string()) {
        return *text;
    }
    if (const bool* flag = key.if_bool()) {
        return *flag ? "true" : "false";
    }
    if (const std::int64_t* number = key.if_int()) {
        return std::to_string(*number);
    }
    if (const Value::BigNumber* number = key.if_big_number()) {
        return number->text;
    }
    const double* number = key.if_double();
    if (number == nullptr) {
        return std::nullopt;
    }
    if (std::isnan(*number)) {
        return ".nan";
    }
    // Kubernetes' converter prints float keys with single precision, Go's format 'g'.
    const auto narrow = static_cast<float>(*number);
    if (std::isinf(narrow)) {
        return narrow > 0 ? ".inf" : "-.inf";
    }
    const float magnitude = std::fabs(narrow);
    const bool plain = magnitude == 0.0F || (magnitude >= 1e-4F && magnitude < 1e6F);
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), narrow,
                                   plain ? std::chars_format::fixed : std::chars_format::scientific)
                         .ptr;
    return std::string(buffer.data(), end);
}

}  // namespace qd::codec::internal
