#include "expr/number_format.h"

#include "expr/text.h"
#include "qd/automation/expression.h"
#include "qd/codec/guid.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace qd::automation::expr {
namespace {

double to_double(const Value& value) {
    if (const auto* decimal = value.if_decimal()) {
        return decimal_to_double(*decimal);
    }
    if (const auto* big = value.if_big_number()) {
        return std::strtod(big->text.c_str(), nullptr);
    }
    return value.number_or(0);
}

/// |number| with `precision` fraction digits, rounded half away from zero.
std::string fixed(const Value& number, int precision) {
    if (const auto* integer = number.if_int()) {
        std::string out = std::to_string(*integer);
        if (out.front() == '-') {
            out.erase(0, 1);
        }
        if (precision > 0) {
            out += '.';
            out.append(static_cast<std::size_t>(precision), '0');
        }
        return out;
    }
    const double value = std::fabs(to_double(number));
    // The shortest decimal text is what people see, so it is what gets rounded: 2.345 -> 2.35.
    const std::string shortest = format_double(value);
    const std::size_t point = shortest.find('.');
    std::array<char, 512> buffer{};
    if (point != std::string::npos && shortest.find('E') == std::string::npos &&
        shortest.size() - point - 1 > static_cast<std::size_t>(precision) &&
        shortest[point + 1 + static_cast<std::size_t>(precision)] >= '5') {
        std::string kept = shortest.substr(0, point + 1 + static_cast<std::size_t>(precision));
        for (std::size_t i = kept.size(); i-- > 0;) {
            if (kept[i] == '.') {
                continue;
            }
            if (kept[i] != '9') {
                ++kept[i];
                break;
            }
            kept[i] = '0';
            if (i == 0) {
                kept.insert(kept.begin(), '1');
            }
        }
        if (kept.back() == '.') {
            kept.pop_back();
        }
        return kept;
    }
    std::snprintf(buffer.data(), buffer.size(), "%.*f", precision, value);
    return buffer.data();
}

std::string grouped(const std::string& text) {
    const std::size_t end = std::min(text.find('.'), text.size());
    std::string out;
    for (std::size_t i = 0; i < end; ++i) {
        if (i > 0 && (end - i) % 3 == 0) {
            out += ',';
        }
        out += text[i];
    }
    return out + text.substr(end);
}

void swap_separators(std::string& text) {
    for (char& c : text) {
        c = c == ',' ? '.' : c == '.' ? ',' : c;
    }
}

bool is_zero(const std::string& text) {
    return text.find_first_not_of("0.") == std::string::npos;
}

std::optional<std::string> exponential(double value, char letter, int precision) {
    std::array<char, 128> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.*e", precision, std::fabs(value));
    std::string text = buffer.data();
    const std::size_t e = text.find('e');
    const int exponent = std::atoi(text.c_str() + e + 1);
    std::array<char, 16> tail{};
    std::snprintf(tail.data(), tail.size(), "%c%c%03d", letter, exponent < 0 ? '-' : '+',
                  std::abs(exponent));
    return text.substr(0, e) + tail.data();
}

std::optional<std::string> standard(const Value& number, char letter, int precision, bool comma,
                                    std::string_view locale) {
    const double value = to_double(number);
    const bool negative = value < 0;
    const auto sign = [&](std::string text) {
        if (comma) {
            swap_separators(text);
        }
        return (negative && !is_zero(text) ? "-" : "") + text;
    };
    switch (letter) {
        case 'C':
        case 'c': {
            std::string text = grouped(fixed(number, precision < 0 ? 2 : precision));
            if (comma) {
                swap_separators(text);
                return (negative ? "-" : "") + text + " €";
            }
            const bool pound = equals_ignore_case(locale, "en-gb");
            return (negative ? "-" : "") + std::string(pound ? "£" : "$") + text;
        }
        case 'D':
        case 'd': {
            if (number.if_int() == nullptr) {
                return std::nullopt;
            }
            std::string text = fixed(number, 0);
            if (precision > 0 && text.size() < static_cast<std::size_t>(precision)) {
                text.insert(0, static_cast<std::size_t>(precision) - text.size(), '0');
            }
            return (negative ? "-" : "") + text;
        }
        case 'E':
        case 'e': {
            auto text = exponential(value, letter, precision < 0 ? 6 : precision);
            return text.has_value() ? std::optional(sign(*text)) : std::nullopt;
        }
        case 'F':
        case 'f':
            return sign(fixed(number, precision < 0 ? 2 : precision));
        case 'N':
        case 'n':
            return sign(grouped(fixed(number, precision < 0 ? 2 : precision)));
        case 'P':
        case 'p':
            return sign(grouped(fixed(Value(value * 100), precision < 0 ? 2 : precision))) +
                   (comma ? " %" : "%");
        case 'G':
        case 'g':
        case 'R':
        case 'r': {
            auto text = stringify(number);
            return text.ok() ? std::optional(std::move(text).value()) : std::nullopt;
        }
        case 'X':
        case 'x': {
            if (number.if_int() == nullptr) {
                return std::nullopt;
            }
            std::array<char, 32> buffer{};
            std::snprintf(buffer.data(), buffer.size(), letter == 'X' ? "%0*llX" : "%0*llx",
                          precision < 0 ? 1 : precision,
                          static_cast<unsigned long long>(*number.if_int()));
            return std::string(buffer.data());
        }
        default:
            return std::nullopt;
    }
}

struct Custom {
    std::string prefix;
    std::string suffix;
    std::size_t integer_zeros = 0;
    std::size_t fraction_zeros = 0;
    std::size_t fraction_most = 0;
    bool group = false;
    bool percent = false;
};

std::optional<Custom> parse_custom(std::string_view format) {
    Custom custom;
    bool digits_seen = false;
    bool fraction = false;
    bool digits_ended = false;
    for (std::size_t i = 0; i < format.size(); ++i) {
        const char c = format[i];
        std::string& literal = digits_seen ? custom.suffix : custom.prefix;
        if (c == '0' || c == '#') {
            if (digits_ended) {
                return std::nullopt;
            }
            digits_seen = true;
            if (fraction) {
                ++custom.fraction_most;
                custom.fraction_zeros = c == '0' ? custom.fraction_most : custom.fraction_zeros;
            } else if (c == '0' || custom.integer_zeros > 0) {
                ++custom.integer_zeros;
            }
        } else if (c == '.') {
            digits_seen = true;
            fraction = true;
        } else if (c == ',') {
            custom.group = true;
        } else if (c == '%') {
            custom.percent = true;
            literal += c;
            digits_ended = digits_seen;
        } else if (c == '\'' || c == '"') {
            const std::size_t end = format.find(c, i + 1);
            if (end == std::string_view::npos) {
                return std::nullopt;
            }
            literal += format.substr(i + 1, end - i - 1);
            i = end;
            digits_ended = digits_seen;
        } else if (c == ';' || c == '\\') {
            return std::nullopt;
        } else {
            literal += c;
            digits_ended = digits_seen;
        }
    }
    if (custom.fraction_most > 100 || custom.integer_zeros > 100) {
        return std::nullopt;
    }
    return custom;
}

std::optional<std::string> apply_custom(const Value& number, std::string_view format, bool comma) {
    const auto custom = parse_custom(format);
    if (!custom.has_value()) {
        return std::nullopt;
    }
    const Value scaled = custom->percent ? Value(to_double(number) * 100) : number;
    std::string text = fixed(scaled, static_cast<int>(custom->fraction_most));
    const std::size_t point = text.find('.');
    std::string integral = text.substr(0, point);
    std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
    while (fraction.size() > custom->fraction_zeros && fraction.back() == '0') {
        fraction.pop_back();
    }
    if (integral == "0") {
        integral.clear();
    }
    if (integral.size() < custom->integer_zeros) {
        integral.insert(0, custom->integer_zeros - integral.size(), '0');
    }
    text = custom->group ? grouped(integral) : integral;
    if (!fraction.empty()) {
        text += "." + fraction;
    }
    if (comma) {
        swap_separators(text);
    }
    const bool negative = to_double(number) < 0 && !is_zero(text);
    return (negative ? "-" : "") + custom->prefix + text + custom->suffix;
}

}  // namespace

bool writes_decimal_comma(std::string_view locale) {
    const std::string language = to_lower(locale.substr(0, locale.find('-')));
    constexpr std::array<std::string_view, 25> kLanguages = {
        "de", "fr", "es", "it", "nl", "pt", "pl", "ru", "tr", "sv", "da", "nb", "no",
        "fi", "cs", "sk", "hu", "ro", "el", "uk", "bg", "hr", "sl", "id", "vi"};
    for (const std::string_view known : kLanguages) {
        if (language == known) {
            return !equals_ignore_case(locale, "es-mx") && !equals_ignore_case(locale, "de-ch");
        }
    }
    return false;
}

std::optional<std::string> format_number_text(const Value& number, std::string_view format,
                                              std::string_view locale) {
    const bool comma = writes_decimal_comma(locale);
    if (format.empty()) {
        return standard(number, 'G', -1, comma, locale);
    }
    const bool letter =
        (format[0] >= 'A' && format[0] <= 'Z') || (format[0] >= 'a' && format[0] <= 'z');
    const bool digits = format.find_first_not_of("0123456789", 1) == std::string_view::npos;
    if (letter && digits && format.size() <= 3) {
        const int precision =
            format.size() > 1 ? std::atoi(std::string(format.substr(1)).c_str()) : -1;
        return standard(number, format[0], precision, comma, locale);
    }
    return apply_custom(number, format, comma);
}

}  // namespace qd::automation::expr
