#include "expr/function.h"
#include "expr/text.h"
#include "qd/base/utf8.h"
#include "qd/codec/base64.h"

#include <algorithm>
#include <array>

// data: URIs (RFC 2397), with the product's habits: base64 counts only as the last parameter, the
// payload of dataUriToBinary is kept undecoded, "+" is a blank in the percent-encoded form.

namespace qd::automation::expr {
namespace {

struct DataUri {
    std::string content_type;  // without ";base64"
    std::string_view payload;
    bool base64 = false;
    std::vector<std::string_view> parameters;
};

Result<DataUri> parse(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    const std::size_t comma = text.find(',');
    if (text.size() < 5 || !equals_ignore_case(text.substr(0, 5), "data:") ||
        comma == std::string_view::npos) {
        return a.wrong(0, "a data URI");
    }
    std::string_view header = text.substr(5, comma - 5);
    DataUri uri;
    uri.payload = text.substr(comma + 1);
    const std::size_t last = header.rfind(';');
    const std::size_t tail = last == std::string_view::npos ? 0 : last + 1;
    if (equals_ignore_case(header.substr(tail), "base64")) {
        uri.base64 = true;
        header = header.substr(0, last == std::string_view::npos ? 0 : last);
    }
    uri.content_type = header.empty() ? "text/plain" : std::string(header);
    std::size_t begin = header.find(';');
    const std::string_view media = header.substr(0, begin);
    if (std::count(media.begin(), media.end(), '/') > 1) {
        return a.wrong(0, "a data URI with a valid media type");
    }
    while (begin != std::string_view::npos) {
        const std::size_t end = header.find(';', begin + 1);
        const std::string_view parameter = header.substr(begin + 1, end - begin - 1);
        const std::size_t equals = parameter.find('=');
        const bool lone_separator = parameter.empty() && header.size() == 1;
        if (parameter.empty() && !(lone_separator && !uri.base64)) {
            return a.wrong(0, "a data URI without empty parameters");
        }
        if (equals != std::string_view::npos &&
            equals_ignore_case(parameter.substr(0, equals), "charset") &&
            !is_known_charset(parameter.substr(equals + 1))) {
            return a.wrong(0, "a data URI with a known character set");
        }
        uri.parameters.push_back(parameter);
        begin = end;
    }
    return uri;
}

Result<Value> data_uri(const Arguments& a) {
    if (a[0].is_null()) {
        return a.wrong(0, "a value other than null");
    }
    std::string content_type = "text/plain;charset=utf-8";
    std::string bytes;
    if (is_blob(a[0])) {
        content_type = std::string(a[0].get("$content-type")->string_or({}));
        QD_TRY(bytes, blob_bytes(a[0]));
    } else {
        if (a[0].if_array() != nullptr || a[0].if_object() != nullptr) {
            content_type = "application/json;charset=utf-8";
        }
        QD_TRY(bytes, stringify(a[0]));
    }
    return Value("data:" + content_type + ";base64," + codec::base64_encode(bytes));
}

Result<Value> data_uri_to_binary(const Arguments& a) {
    QD_TRY(const DataUri uri, parse(a));
    if (!uri.base64) {
        return make_blob(uri.content_type, codec::url_decode(uri.payload, true));
    }
    Object blob;
    blob.set("$content-type", Value(uri.content_type));
    blob.set("$content", Value(uri.payload));
    return Value(std::move(blob));
}

Result<Value> data_uri_to_string(const Arguments& a) {
    QD_TRY(const DataUri uri, parse(a));
    if (!uri.base64) {
        return Value(sanitize_utf8(codec::url_decode(uri.payload, true)));
    }
    if (!uri.parameters.empty()) {
        // A character set right behind the media type must be UTF-8.
        const std::string_view first = uri.parameters.front();
        if (first.size() > 8 && equals_ignore_case(first.substr(0, 8), "charset=") &&
            !equals_ignore_case(first.substr(8), "utf-8")) {
            return a.wrong(0, "a data URI in UTF-8");
        }
    }
    std::string compact;
    for (const char c : uri.payload) {
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            compact += c;
        }
    }
    const auto bytes = codec::base64_decode(compact);
    if (!bytes.ok() || compact.size() % 4 != 0) {
        return a.wrong(0, "a data URI with valid base64");
    }
    return Value(sanitize_utf8(bytes.value()));
}

constexpr std::array kFunctions = {
    Function{"dataUri", 1, 1, data_uri},
    Function{"dataUriToBinary", 1, 1, data_uri_to_binary},
    Function{"dataUriToString", 1, 1, data_uri_to_string},
    Function{"decodeDataUri", 1, 1, data_uri_to_binary},
};

}  // namespace

std::span<const Function> data_uri_functions() {
    return kFunctions;
}

}  // namespace qd::automation::expr
