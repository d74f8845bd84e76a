#include "expr/access.h"
#include "expr/function.h"
#include "expr/text.h"
#include "qd/codec/base64.h"

#include <array>
#include <charconv>

// Functions of objects, and of URIs. Properties are found like accesses find them: the exact key,
// else the first without case. setProperty moves the property to the end under the key it had.

namespace qd::automation::expr {
namespace {

/// The spelling under which the object has the property.
std::optional<std::string> stored_key(const qd::Object& object, std::string_view name) {
    if (object.find(name) != nullptr) {
        return std::string(name);
    }
    for (const auto& [key, value] : object) {
        if (equals_ignore_case(key, name)) {
            return key;
        }
    }
    return std::nullopt;
}

Result<const qd::Object*> object_argument(const Arguments& a, std::size_t i) {
    if (const auto* object = a[i].if_object()) {
        return object;
    }
    return a.wrong(i, "of type object");
}

Result<Value> add_property(const Arguments& a) {
    QD_TRY(const auto* object, object_argument(a, 0));
    QD_TRY(const std::string_view key, a.string(1));
    if (stored_key(*object, key).has_value()) {
        return a.invalid("expects the property to not exist in the object");
    }
    qd::Object out = *object;
    out.append(std::string(key), a[2]);
    return Value(std::move(out));
}

Result<Value> set_property(const Arguments& a) {
    QD_TRY(const auto* object, object_argument(a, 0));
    QD_TRY(const std::string_view key, a.string(1));
    const auto stored = stored_key(*object, key);
    qd::Object out = *object;
    if (stored.has_value()) {
        out.erase(*stored);
    }
    out.append(stored.value_or(std::string(key)), a[2]);
    return Value(std::move(out));
}

Result<Value> remove_property(const Arguments& a) {
    QD_TRY(const auto* object, object_argument(a, 0));
    QD_TRY(const std::string_view key, a.string(1));
    qd::Object out = *object;
    if (const auto stored = stored_key(*object, key)) {
        out.erase(*stored);
    }
    return Value(std::move(out));
}

void merge_into(qd::Object& out, const qd::Object& other) {
    for (const auto& [key, value] : other) {
        Value* mine = out.find(key);
        if (mine != nullptr && mine->if_object() != nullptr && value.if_object() != nullptr) {
            merge_into(*mine->if_object(), *value.if_object());
        } else {
            out.set(key, value);
        }
    }
}

Result<Value> merge_objects(const Arguments& a) {
    qd::Object out;
    for (std::size_t i = 0; i < a.size(); ++i) {
        QD_TRY(const auto* object, object_argument(a, i));
        merge_into(out, *object);
    }
    return Value(std::move(out));
}

struct Uri {
    std::string_view scheme, host, path, query;
    std::int64_t port = -1;
};

Result<Uri> parse_uri(const Arguments& a) {
    QD_TRY(const std::string_view text, a.string(0));
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos || scheme_end == 0) {
        return a.wrong(0, "an absolute URI");
    }
    Uri uri;
    uri.scheme = text.substr(0, scheme_end);
    std::string_view rest = text.substr(scheme_end + 3);
    rest = rest.substr(0, rest.find('#'));
    const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
    std::string_view authority = rest.substr(0, authority_end);
    rest = rest.substr(authority_end);
    authority = authority.substr(authority.rfind('@') + 1);  // npos + 1 is 0
    const std::size_t bracket = authority.find(']');
    const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    uri.host = authority.substr(0, colon);
    if (uri.host.empty()) {
        return a.wrong(0, "an absolute URI with a host");
    }
    if (colon != std::string_view::npos) {
        const std::string_view port = authority.substr(colon + 1);
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), uri.port);
        if (error != std::errc{} || end != port.data() + port.size() || uri.port > 65535) {
            return a.wrong(0, "a URI with a valid port");
        }
    } else if (equals_ignore_case(uri.scheme, "https")) {
        uri.port = 443;
    } else if (equals_ignore_case(uri.scheme, "http")) {
        uri.port = 80;
    } else if (equals_ignore_case(uri.scheme, "ftp")) {
        uri.port = 21;
    }
    const std::size_t question = rest.find('?');
    uri.path = rest.substr(0, question);
    uri.query = question == std::string_view::npos ? "" : rest.substr(question);
    return uri;
}

Value path_of(const Uri& uri) {
    return uri.path.empty() ? Value("/") : Value(uri.path);
}

Result<Value> uri_host(const Arguments& a) {
    QD_TRY(const Uri uri, parse_uri(a));
    return Value(to_lower(uri.host));
}
Result<Value> uri_path(const Arguments& a) {
    QD_TRY(const Uri uri, parse_uri(a));
    return path_of(uri);
}
Result<Value> uri_path_and_query(const Arguments& a) {
    QD_TRY(const Uri uri, parse_uri(a));
    return Value(std::string(path_of(uri).string_or({})) + std::string(uri.query));
}
Result<Value> uri_port(const Arguments& a) {
    QD_TRY(const Uri uri, parse_uri(a));
    return Value(uri.port);
}
Result<Value> uri_query(const Arguments& a) {
    QD_TRY(const Uri uri, parse_uri(a));
    return Value(uri.query);
}
Result<Value> uri_scheme(const Arguments& a) {
    QD_TRY(const Uri uri, parse_uri(a));
    return Value(to_lower(uri.scheme));
}

constexpr std::array kFunctions = {
    Function{"addProperty", 3, 3, add_property},
    Function{"setProperty", 3, 3, set_property},
    Function{"removeProperty", 2, 2, remove_property},
    Function{"mergeObjects", 1, kAnyNumber, merge_objects},
    Function{"uriHost", 1, 1, uri_host},
    Function{"uriPath", 1, 1, uri_path},
    Function{"uriPathAndQuery", 1, 1, uri_path_and_query},
    Function{"uriPort", 1, 1, uri_port},
    Function{"uriQuery", 1, 1, uri_query},
    Function{"uriScheme", 1, 1, uri_scheme},
};

}  // namespace

std::span<const Function> object_functions() {
    return kFunctions;
}

}  // namespace qd::automation::expr
