#include "expr/access.h"
#include "expr/compare.h"
#include "expr/function.h"
#include "expr/number_format.h"
#include "expr/text.h"
#include "expr/xml_blob.h"
#include "expr/xml_json.h"
#include "qd/base/utf8.h"
#include "qd/codec/base64.h"
#include "qd/codec/guid.h"
#include "qd/codec/json.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>

// Conversions. Texts of numbers are read the way .NET reads them (see normalize_number); int()
// goes through double, so it loses the digits a double loses.

namespace qd::automation::expr {
namespace {

Result<Value> json(const Arguments& a) {
    const auto parse = [&](std::string_view text) -> Result<Value> {
        return codec::parse_json(text).with("the template function 'json'");
    };
    if (const auto* text = a[0].if_string()) {
        return parse(*text);
    }
    if (is_xml_blob(a[0])) {
        QD_TRY(const XmlNode document, read_xml_blob(a[0]));
        return xml_to_json(document);
    }
    if (is_blob(a[0])) {
        QD_TRY(const std::string bytes, blob_bytes(a[0]));
        return parse(bytes);
    }
    if (a[0].is_null()) {
        return a.wrong(0, "a string or XML");
    }
    return a[0];
}

Result<Value> string(const Arguments& a) {
    QD_TRY(std::string text, stringify(a[0]));
    return Value(std::move(text));
}

Error no_parse(const Arguments& a, std::string_view type) {
    auto text = stringify(a[0]);
    const std::string shown = text.ok() ? text.value().substr(0, 64) : "the value";
    return a.invalid("Could not parse " + shown + " as " + std::string(type));
}

/// Text, or the text of a number; blobs and other values have none.
Result<std::string> number_text(const Arguments& a, std::string_view type, bool comma) {
    const auto* text = a[0].if_string();
    if (text == nullptr) {
        return no_parse(a, type);
    }
    auto plain = normalize_number(*text, comma);
    if (!plain.has_value()) {
        return no_parse(a, type);
    }
    return std::move(*plain);
}

Result<Value> integer(const Arguments& a) {
    if (a[0].if_int() != nullptr) {
        return a[0];
    }
    double value = 0;
    if (is_numeric(a[0])) {
        value = numeric(a[0]);
    } else {
        QD_TRY(const std::string text, number_text(a, "int", false));
        value = std::strtod(text.c_str(), nullptr);
    }
    constexpr double kTwo63 = 9223372036854775808.0;
    if (!(value >= -kTwo63 && value < kTwo63) || value != std::floor(value)) {
        return no_parse(a, "int");
    }
    return Value(static_cast<std::int64_t>(value));
}

struct Culture {
    bool comma = false;
    bool invariant = false;
};

Result<Culture> culture(const Arguments& a, std::size_t i, bool invariant_by_default) {
    QD_TRY(const auto locale, a.optional_string(i));
    if (!locale.has_value()) {
        return Culture{false, invariant_by_default};
    }
    return Culture{writes_decimal_comma(*locale), locale->empty()};
}

/// Only the invariant culture spells infinity in letters.
std::optional<double> parse_float(std::string_view text, const Culture& culture) {
    if (equals_ignore_case(text, "NaN")) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const bool negative = text.starts_with('-');
    if (culture.invariant && equals_ignore_case(text.substr(negative ? 1 : 0), "Infinity")) {
        const double infinity = std::numeric_limits<double>::infinity();
        return negative ? -infinity : infinity;
    }
    const auto plain = normalize_number(text, culture.comma);
    if (!plain.has_value()) {
        return std::nullopt;
    }
    return std::strtod(plain->c_str(), nullptr);
}

Result<Value> floating(const Arguments& a) {
    if (is_numeric(a[0])) {
        return Value(numeric(a[0]));
    }
    QD_TRY(const Culture c, culture(a, 1, false));
    if (const auto* text = a[0].if_string()) {
        if (const auto value = parse_float(*text, c)) {
            return Value(*value);
        }
    }
    return no_parse(a, "float");
}

Result<Value> is_float(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    QD_TRY(const Culture c, culture(a, 1, true));
    return Value(parse_float(text, c).has_value());
}

Result<Value> is_int(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    const auto plain = normalize_number(text, false);
    if (!plain.has_value()) {
        return Value(false);
    }
    const double value = std::strtod(plain->c_str(), nullptr);
    return Value(value == std::floor(value) && std::fabs(value) < 9.3e18);
}

/// The platform's decimal has 96 bits of digits and at most 28 behind the point.
Result<Value> decimal(const Arguments& a) {
    if (a[0].if_decimal() != nullptr) {
        return a[0];
    }
    std::string text;
    if (is_numeric(a[0])) {
        QD_TRY(text, stringify(a[0]));
    } else {
        QD_TRY(text, number_text(a, "decimal", false));
    }
    const double magnitude = std::fabs(std::strtod(text.c_str(), nullptr));
    const auto value = parse_decimal(text);
    if (!value.has_value() || !(magnitude < 7.9228162514264338e28) ||
        (magnitude != 0 && magnitude < 1e-28)) {
        return no_parse(a, "decimal");
    }
    return Value(*value);
}

Result<Value> boolean(const Arguments& a) {
    if (a[0].if_bool() != nullptr) {
        return a[0];
    }
    if (is_numeric(a[0])) {
        return Value(numeric(a[0]) != 0);
    }
    if (const auto* text = a[0].if_string()) {
        for (const bool b : {true, false}) {
            if (equals_ignore_case(*text, b ? "true" : "false")) {
                return Value(b);
            }
        }
    }
    return no_parse(a, "bool");
}

Result<Value> create_array(const Arguments& a) {
    Array out;
    for (std::size_t i = 0; i < a.size(); ++i) {
        out.push_back(a[i]);
    }
    return Value(std::move(out));
}

Result<Value> base64(const Arguments& a) {
    if (is_blob(a[0])) {
        QD_TRY(const std::string bytes, blob_bytes(a[0]));
        return Value(codec::base64_encode(bytes));
    }
    QD_TRY(const std::string text, stringify(a[0]));
    return Value(codec::base64_encode(text));
}

Result<std::string> decode_base64(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    auto bytes = codec::base64_decode(text);
    if (!bytes.ok() || text.size() % 4 != 0) {
        return a.wrong(0, "a valid base64 string");
    }
    return bytes;
}

Result<Value> base64_to_string(const Arguments& a) {
    QD_TRY(const std::string bytes, decode_base64(a));
    return Value(sanitize_utf8(bytes));
}

Result<Value> base64_to_binary(const Arguments& a) {
    QD_TRY(const std::string bytes, decode_base64(a));
    return make_blob("application/octet-stream", bytes);
}

Result<Value> binary(const Arguments& a) {
    if (a[0].is_null()) {
        return a.wrong(0, "a value other than null");
    }
    if (is_blob(a[0])) {
        return a[0];
    }
    QD_TRY(const std::string text, stringify(a[0]));
    return make_blob("application/octet-stream", text);
}

Result<Value> encode_uri_component(const Arguments& a) {
    QD_TRY(const std::string text, stringify(a[0]));
    return Value(codec::url_encode(text));
}

Result<Value> decode_uri_component(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    return Value(sanitize_utf8(codec::url_decode(text, false)));
}

Result<Value> uri_component_to_binary(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    return make_blob("application/octet-stream", codec::url_decode(text, false));
}

Result<Value> utf8_length(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    return Value(static_cast<std::int64_t>(text.size()));
}

Result<Value> utf16_units(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    return Value(static_cast<std::int64_t>(utf16_length(text)));
}

constexpr std::array kFunctions = {
    Function{"json", 1, 1, json},
    Function{"string", 1, 1, string},
    Function{"int", 1, 1, integer},
    Function{"float", 1, 2, floating},
    Function{"decimal", 1, 1, decimal},
    Function{"bool", 1, 1, boolean},
    Function{"isInt", 1, 2, is_int},
    Function{"isFloat", 1, 2, is_float},
    Function{"array", 1, 1, create_array},
    Function{"createArray", 1, kAnyNumber, create_array},
    Function{"base64", 1, 1, base64},
    Function{"base64ToString", 1, 1, base64_to_string},
    Function{"decodeBase64", 1, 1, base64_to_string},
    Function{"base64ToBinary", 1, 1, base64_to_binary},
    Function{"binary", 1, 1, binary},
    Function{"encodeUriComponent", 1, 1, encode_uri_component},
    Function{"uriComponent", 1, 1, encode_uri_component},
    Function{"decodeUriComponent", 1, 1, decode_uri_component},
    Function{"uriComponentToString", 1, 1, decode_uri_component},
    Function{"uriComponentToBinary", 1, 1, uri_component_to_binary},
    Function{"utf8Length", 1, 1, utf8_length},
    Function{"utf16Length", 1, 1, utf16_units},
};

}  // namespace

std::span<const Function> conversion_functions() {
    return kFunctions;
}

}  // namespace qd::automation::expr
