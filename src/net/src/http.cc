#include "qd/net/http.h"

#include "http_text.h"
#include "qd/codec/base64.h"
#include "qd/codec/json.h"

namespace qd::net {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

}  // namespace

bool equals_ignore_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

const std::string* HttpHeaders::find(std::string_view name) const {
    for (const Entry& entry : entries_) {
        if (equals_ignore_case(entry.first, name)) {
            return &entry.second;
        }
    }
    return nullptr;
}

std::string_view HttpHeaders::get_or(std::string_view name, std::string_view otherwise) const {
    const std::string* value = find(name);
    return value == nullptr ? otherwise : std::string_view(*value);
}

void HttpHeaders::set(std::string_view name, std::string value) {
    remove(name);
    entries_.emplace_back(std::string(name), std::move(value));
}

void HttpHeaders::remove(std::string_view name) {
    std::erase_if(entries_,
                  [&](const Entry& entry) { return equals_ignore_case(entry.first, name); });
}

bool HttpHeaders::has_token(std::string_view name, std::string_view token) const {
    for (const Entry& entry : entries_) {
        if (!equals_ignore_case(entry.first, name)) {
            continue;
        }
        std::string_view rest = entry.second;
        while (!rest.empty()) {
            const std::size_t comma = rest.find(',');
            if (equals_ignore_case(trim(rest.substr(0, comma)), token)) {
                return true;
            }
            rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
        }
    }
    return false;
}

QueryPairs parse_query(std::string_view query) {
    QueryPairs out;
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view part = query.substr(0, end);
        query = end == query.npos ? std::string_view() : query.substr(end + 1);
        if (part.empty()) {
            continue;
        }
        const std::size_t equal = part.find('=');
        const std::string_view value =
            equal == part.npos ? std::string_view() : part.substr(equal + 1);
        out.emplace_back(codec::url_decode(part.substr(0, equal), true),
                         codec::url_decode(value, true));
    }
    return out;
}

std::optional<std::string> HttpRequest::query_parameter(std::string_view key) const {
    for (auto& [name, value] : query_pairs()) {
        if (name == key) {
            return value;
        }
    }
    return std::nullopt;
}

std::string_view HttpRequest::path_parameter(std::string_view name) const {
    for (const auto& [key, value] : path_parameters) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

bool HttpRequest::wants_upgrade() const {
    return headers.has_token("Connection", "upgrade") && headers.has("Upgrade");
}

std::optional<std::string_view> HttpRequest::bearer_token() const {
    const std::string_view value = headers.get_or("Authorization");
    constexpr std::string_view kScheme = "Bearer ";
    if (value.size() <= kScheme.size() ||
        !equals_ignore_case(value.substr(0, kScheme.size()), kScheme)) {
        return std::nullopt;
    }
    return trim(value.substr(kScheme.size()));
}

HttpResponse HttpResponse::text(int status, std::string body, std::string content_type) {
    HttpResponse response;
    response.status = status;
    response.headers.add("Content-Type", std::move(content_type));
    response.body = std::move(body);
    return response;
}

HttpResponse HttpResponse::json(int status, const Value& value) {
    return text(status, codec::to_json(value), "application/json; charset=utf-8");
}

HttpResponse HttpResponse::of_error(const Error& error) {
    Object detail;
    detail.set("code", error.id());
    detail.set("message", error.message());
    Object body;
    body.set("error", std::move(detail));
    HttpResponse response = json(http_status(error.code()), body);
    if (const auto wait_ms = error.retry_after_ms()) {
        response.headers.add("Retry-After", std::to_string((*wait_ms + 999) / 1000));
    }
    return response;
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 100:
            return "Continue";
        case 101:
            return "Switching Protocols";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 428:
            return "Precondition Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 499:
            return "Client Closed Request";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Status";
    }
}

namespace internal {
namespace {

void append_two(std::string& out, std::int64_t number) {
    out += static_cast<char>('0' + number / 10 % 10);
    out += static_cast<char>('0' + number % 10);
}

/// A line break in a header would let its value begin another header or the body.
void append_field_text(std::string& out, std::string_view text) {
    for (const char c : text) {
        out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
    }
}

}  // namespace

std::string http_date(Timestamp t) {
    constexpr std::string_view kDays = "MonTueWedThuFriSatSun";  // 0001-01-01 was a Monday
    constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const std::int64_t days = t.ticks / Ticks::kDay;
    const std::int64_t seconds = t.ticks % Ticks::kDay / Ticks::kSecond;
    const CivilDate date = civil_from_days(days);
    std::string out;
    out.reserve(29);
    out += kDays.substr(static_cast<std::size_t>(days % 7) * 3, 3);
    out += ", ";
    append_two(out, date.day);
    out += ' ';
    out += kMonths.substr(static_cast<std::size_t>(date.month - 1) * 3, 3);
    out += ' ';
    append_two(out, date.year / 100);
    append_two(out, date.year % 100);
    out += ' ';
    append_two(out, seconds / 3600);
    out += ':';
    append_two(out, seconds / 60 % 60);
    out += ':';
    append_two(out, seconds % 60);
    out += " GMT";
    return out;
}

void append_status_line(std::string& out, int status) {
    out += "HTTP/1.1 ";
    out += std::to_string(status);
    out += ' ';
    out += reason_phrase(status);
    out += "\r\n";
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    append_field_text(out, name);
    out += ": ";
    append_field_text(out, value);
    out += "\r\n";
}

}  // namespace internal
}  // namespace qd::net
