#include "functions/families.h"
#include "functions/punycode.h"
#include "functions/row_kernels.h"
#include "qd/base/utf8.h"
#include "qd/codec/base64.h"
#include "qd/codec/compress.h"

#include <algorithm>
#include <optional>
#include <string>

// Encodings of text: base64, URL escapes, Punycode, compressed text in base64. What does not decode
// to valid UTF-8 gives the empty text. Source: the documentation's examples.

namespace qd::kql {
namespace {

using Arguments = std::span<const Argument>;
using Kind = VariantView::Kind;

/// Decompressed text never grows past this.
constexpr std::size_t kInflatedMax = std::size_t{64} << 20U;

using Transform = std::optional<std::string> (*)(std::string_view);

template <Transform Function>
Result<BoundCall> bind_transform(Arguments args) {
    return bind_row("text encoding", args, {Accepts::Text}, DataType::String,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto result = Function(text_at(a, 0, row));
                        out.append_bytes(result ? std::string_view(*result) : std::string_view());
                    });
}

std::optional<std::string> valid_text(Result<std::string> bytes) {
    if (!bytes.ok() || !is_valid_utf8(bytes.value())) {
        return std::nullopt;
    }
    return std::move(bytes).value();
}

std::optional<std::string> encode_base64(std::string_view text) {
    return codec::base64_encode(text);
}
std::optional<std::string> decode_base64(std::string_view text) {
    return valid_text(codec::base64_decode(text));
}

std::string escape(std::string_view text, std::string_view unescaped, bool plus_for_space) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || unescaped.find(c) != std::string_view::npos;
        if (plain) {
            out.push_back(c);
        } else if (c == ' ' && plus_for_space) {
            out.push_back('+');
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.push_back('%');
            out.push_back("0123456789abcdef"[byte >> 4U]);
            out.push_back("0123456789abcdef"[byte & 15U]);
        }
    }
    return out;
}
std::optional<std::string> encode_url(std::string_view text) {
    return escape(text, "-_.!*()", true);
}
std::optional<std::string> encode_url_component(std::string_view text) {
    return escape(text, "-_.!*()", false);
}
std::optional<std::string> decode_url(std::string_view text) {
    return sanitize_utf8(codec::url_decode(text, true));
}

std::optional<std::string> gzip_text(std::string_view text) {
    return codec::base64_encode(codec::gzip(text));
}
std::optional<std::string> zlib_text(std::string_view text) {
    return codec::base64_encode(codec::zlib_deflate(text, 1));
}
std::optional<std::string> gunzip_text(std::string_view text) {
    const auto bytes = codec::base64_decode(text);
    return bytes.ok() ? valid_text(codec::gunzip(bytes.value(), kInflatedMax)) : std::nullopt;
}
std::optional<std::string> unzlib_text(std::string_view text) {
    const auto bytes = codec::base64_decode(text);
    return bytes.ok() ? valid_text(codec::zlib_inflate(bytes.value(), kInflatedMax)) : std::nullopt;
}

std::optional<std::string> to_punycode(std::string_view text) {
    return punycode_encode(text);
}
std::optional<std::string> from_punycode(std::string_view text) {
    return punycode_decode(text);
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Label by label; the ideographic full stops part labels as the dot does.
std::optional<std::string> domain_to_punycode(std::string_view text) {
    std::string out;
    std::string label;
    const auto flush = [&] {
        out += is_ascii(label) ? label : "xn--" + punycode_encode(label);
        label.clear();
    };
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        if (c == U'.' || c == U'\u3002' || c == U'\uFF0E' || c == U'\uFF61') {
            flush();
            out.push_back('.');
        } else {
            append_utf8(label, c);
        }
    }
    flush();
    return out;
}

std::optional<std::string> domain_from_punycode(std::string_view text) {
    std::string out;
    while (true) {
        const std::size_t dot = std::min(text.find('.'), text.size());
        const std::string_view label = text.substr(0, dot);
        if (label.starts_with("xn--")) {
            const auto decoded = punycode_decode(label.substr(4));
            if (!decoded) {
                return std::nullopt;
            }
            out += *decoded;
        } else {
            out += label;
        }
        if (dot == text.size()) {
            return out;
        }
        out.push_back('.');
        text.remove_prefix(dot + 1);
    }
}

Result<BoundCall> bind_decode_to_array(Arguments args) {
    return bind_row("base64_decode_toarray", args, {Accepts::Text}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto bytes = codec::base64_decode(text_at(a, 0, row));
                        if (!bytes.ok() || !is_valid_utf8(bytes.value())) {
                            out.append_null();
                            return;
                        }
                        Array array;
                        for (const char c : bytes.value()) {
                            array.emplace_back(std::int64_t{static_cast<unsigned char>(c)});
                        }
                        out.append_value(Value(std::move(array)));
                    });
}

Result<BoundCall> bind_encode_from_array(Arguments args) {
    return bind_row("base64_encode_fromarray", args, {Accepts::Array}, DataType::String,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const VariantView array = variant_at(a, 0, row);
                        std::string bytes;
                        for (std::uint32_t i = 0; i < array.size(); ++i) {
                            const VariantView element = array.element(i);
                            if (array.kind() != Kind::Array || element.kind() != Kind::Long ||
                                element.as_int() < 0 || element.as_int() > 255) {
                                bytes.clear();
                                break;
                            }
                            bytes.push_back(static_cast<char>(element.as_int()));
                        }
                        out.append_bytes(codec::base64_encode(bytes));
                    });
}

/// A guid's bytes as .NET stores them: the first three groups are little-endian.
constexpr std::size_t kGuidOrder[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

Result<BoundCall> bind_decode_to_guid(Arguments args) {
    return bind_row("base64_decode_toguid", args, {Accepts::Text}, DataType::Guid,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto bytes = codec::base64_decode(text_at(a, 0, row));
                        if (!bytes.ok() || bytes.value().size() != 16) {
                            out.append_null();
                            return;
                        }
                        Wide guid;
                        for (std::size_t i = 0; i < 16; ++i) {
                            const auto byte =
                                static_cast<unsigned char>(bytes.value()[kGuidOrder[i]]);
                            std::uint64_t& half = i < 8 ? guid.high : guid.low;
                            half = half << 8U | byte;
                        }
                        out.append_wide(guid);
                    });
}

void append_guid_base64(Args a, std::uint32_t row, ColumnBuilder& out) {
    const Wide guid = a[0]->wide_at(row);
    std::string bytes(16, '\0');
    for (std::size_t i = 0; i < 16; ++i) {
        const std::uint64_t half = i < 8 ? guid.high : guid.low;
        bytes[kGuidOrder[i]] = static_cast<char>((half >> (56 - 8 * (i % 8))) & 0xFFU);
    }
    out.append_bytes(codec::base64_encode(bytes));
}

Result<BoundCall> bind_encode_from_guid(Arguments args) {
    if (columns::is_bytes(args[0].type)) {  // text is read as a guid
        BoundCall call;
        call.type = DataType::String;
        call.arg_types = {DataType::Guid};
        call.kernel = row_kernel(DataType::String, append_guid_base64);
        return call;
    }
    return bind_row("base64_encode_fromguid", args, {Accepts::Guid}, DataType::String,
                    append_guid_base64);
}

constexpr ScalarFunction kFunctions[] = {
    {"base64_encode_tostring", "base64_encode_tostring(text:string) : string",
     "The text's bytes in base64.", 1, 1, Naming::Anonymous, bind_transform<encode_base64>},
    {"base64_encodestring", "base64_encodestring(text:string) : string",
     "Old spelling of base64_encode_tostring().", 1, 1, Naming::Anonymous,
     bind_transform<encode_base64>},
    {"base64_decode_tostring", "base64_decode_tostring(text:string) : string",
     "Base64 as text; empty when that is no UTF-8.", 1, 1, Naming::Anonymous,
     bind_transform<decode_base64>},
    {"base64_decodestring", "base64_decodestring(text:string) : string",
     "Old spelling of base64_decode_tostring().", 1, 1, Naming::Anonymous,
     bind_transform<decode_base64>},
    {"base64_decode_toarray", "base64_decode_toarray(text:string) : dynamic",
     "Base64 as an array of bytes.", 1, 1, Naming::Anonymous, bind_decode_to_array},
    {"base64_encode_fromarray", "base64_encode_fromarray(bytes:dynamic) : string",
     "An array of bytes in base64.", 1, 1, Naming::Anonymous, bind_encode_from_array},
    {"base64_decode_toguid", "base64_decode_toguid(text:string) : guid",
     "Base64 of sixteen bytes as a guid.", 1, 1, Naming::Anonymous, bind_decode_to_guid},
    {"base64_encode_fromguid", "base64_encode_fromguid(value:guid) : string",
     "A guid's bytes in base64.", 1, 1, Naming::Anonymous, bind_encode_from_guid},
    {"url_encode", "url_encode(text:string) : string", "Escapes for a form: blanks become plus.", 1,
     1, Naming::Anonymous, bind_transform<encode_url>},
    {"url_encode_component", "url_encode_component(text:string) : string",
     "Escapes for a URL: blanks become %20.", 1, 1, Naming::Anonymous,
     bind_transform<encode_url_component>},
    {"url_decode", "url_decode(text:string) : string", "Undoes URL escapes.", 1, 1,
     Naming::Anonymous, bind_transform<decode_url>},
    {"gzip_compress_to_base64_string", "gzip_compress_to_base64_string(text:string) : string",
     "Gzip, in base64.", 1, 1, Naming::Anonymous, bind_transform<gzip_text>},
    {"gzip_decompress_from_base64_string",
     "gzip_decompress_from_base64_string(text:string) : string", "Undoes gzip in base64.", 1, 1,
     Naming::Anonymous, bind_transform<gunzip_text>},
    {"zlib_compress_to_base64_string", "zlib_compress_to_base64_string(text:string) : string",
     "Zlib, in base64.", 1, 1, Naming::Anonymous, bind_transform<zlib_text>},
    {"zlib_decompress_from_base64_string",
     "zlib_decompress_from_base64_string(text:string) : string", "Undoes zlib in base64.", 1, 1,
     Naming::Anonymous, bind_transform<unzlib_text>},
    {"punycode_from_string", "punycode_from_string(text:string) : string", "Text as Punycode.", 1,
     1, Naming::Anonymous, bind_transform<to_punycode>},
    {"punycode_to_string", "punycode_to_string(text:string) : string", "Punycode as text.", 1, 1,
     Naming::Anonymous, bind_transform<from_punycode>},
    {"punycode_domain_to_string", "punycode_domain_to_string(domain:string) : string",
     "A domain name in its ASCII form.", 1, 1, Naming::Anonymous,
     bind_transform<domain_to_punycode>},
    {"punycode_domain_from_string", "punycode_domain_from_string(domain:string) : string",
     "An ASCII domain name as people read it.", 1, 1, Naming::Anonymous,
     bind_transform<domain_from_punycode>},
};

}  // namespace

std::span<const ScalarFunction> encode_functions() {
    return kFunctions;
}

}  // namespace qd::kql
