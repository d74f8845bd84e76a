#include "run/http_step.h"

#include "expr/access.h"
#include "expr/date_text.h"
#include "expr/text.h"
#include "qd/base/utf8.h"
#include "qd/codec/base64.h"
#include "qd/codec/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace qd::automation::run {
namespace {

Error bad(std::string message) {
    return Error(Code::InvalidArgument, "AUT0204", std::move(message));
}

const Value* get(const Value& object, std::string_view key) {
    const auto* properties = object.if_object();
    return properties == nullptr ? nullptr : expr::find_property(*properties, key);
}

bool has_line_break(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool has_header(const HttpCall& call, std::string_view name) {
    return std::any_of(call.headers.begin(), call.headers.end(), [&](const auto& header) {
        return expr::equals_ignore_case(header.first, name);
    });
}

Status add_queries(HttpCall& call, const Value& queries) {
    const auto* object = queries.if_object();
    if (object == nullptr) {
        return {};
    }
    char separator = call.url.find('?') == std::string::npos ? '?' : '&';
    for (const auto& [key, value] : *object) {
        QD_TRY(const std::string text, stringify(value));
        call.url += separator + codec::url_encode(key) + "=" + codec::url_encode(text);
        separator = '&';
    }
    return {};
}

Status add_headers(HttpCall& call, const Value& headers) {
    const auto* object = headers.if_object();
    if (object == nullptr) {
        return {};
    }
    for (const auto& [key, value] : *object) {
        QD_TRY(std::string text, stringify(value));
        if (key.empty() || has_line_break(key) || has_line_break(text)) {
            return bad("a header has no name or contains a line break");
        }
        call.headers.emplace_back(key, std::move(text));
    }
    return {};
}

/// null: none; text: text/plain; blob: its bytes; other JSON: application/json.
Status set_body(HttpCall& call, const Value& body) {
    std::string content_type;
    if (body.is_null()) {
        return {};
    }
    if (const auto* text = body.if_string()) {
        call.body = *text;
        content_type = "text/plain; charset=utf-8";
    } else if (expr::is_blob(body)) {
        QD_TRY(call.body, expr::blob_bytes(body));
        content_type = std::string(body.get("$content-type")->string_or({}));
    } else {
        call.body = expr::compact_json(body);
        content_type = "application/json; charset=utf-8";
    }
    if (!has_header(call, "Content-Type")) {
        call.headers.emplace_back("Content-Type", content_type);
    }
    return {};
}

Status authenticate(HttpCall& call, const Action& action, RunContext& context) {
    QD_TRY(const Value value, action.authentication.evaluate(context));
    const auto text = [&](std::string_view key) {
        const Value* part = get(value, key);
        return part == nullptr ? std::string() : std::string(part->string_or({}));
    };
    std::string header;
    if (expr::equals_ignore_case(text("type"), "Basic")) {
        header = "Basic " + codec::base64_encode(text("username") + ":" + text("password"));
    } else if (expr::equals_ignore_case(text("type"), "Raw")) {
        header = text("value");
    } else {
        return bad("the authentication is not supported");
    }
    if (has_line_break(header)) {
        return bad("the authentication contains a line break");
    }
    call.headers.emplace_back("Authorization", std::move(header));
    return {};
}

}  // namespace

std::string idempotency_key(const std::string& run_id, const Action& action,
                            const std::vector<std::int64_t>& iteration) {
    std::string out = run_id + "/" + codec::url_encode(action.name);
    for (const std::int64_t number : iteration) {
        out += "/" + std::to_string(number);
    }
    return out;
}

Result<HttpCall> make_call(const Action& action, const Value& inputs, const std::string& key,
                           const std::string& run_id, RunContext& context) {
    HttpCall call;
    const Value* method = get(inputs, "method");
    const Value* uri = get(inputs, "uri");
    call.method = method == nullptr ? "GET" : expr::to_upper(method->string_or({}));
    const bool token =
        !call.method.empty() && std::all_of(call.method.begin(), call.method.end(),
                                            [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!token) {
        return bad("the method of a request must be a word");
    }
    call.url = uri == nullptr ? "" : std::string(uri->string_or({}));
    const std::string lower = expr::to_lower(call.url.substr(0, 8));
    if ((!lower.starts_with("http://") && !lower.starts_with("https://")) ||
        has_line_break(call.url)) {
        return bad("the URI of a request must begin with http:// or https://");
    }
    const Value none;
    const auto part = [&](std::string_view name) -> const Value& {
        const Value* found = get(inputs, name);
        return found == nullptr ? none : *found;
    };
    QD_CHECK_OK(add_queries(call, part("queries")));
    QD_CHECK_OK(add_headers(call, part("headers")));
    if (const auto* cookie = part("cookie").if_string(); cookie != nullptr && !cookie->empty()) {
        if (has_line_break(*cookie)) {
            return bad("the cookie contains a line break");
        }
        call.headers.emplace_back("Cookie", *cookie);
    }
    QD_CHECK_OK(set_body(call, part("body")));
    if (action.has_authentication) {
        QD_CHECK_OK(authenticate(call, action, context));
    }
    if (!has_header(call, "Idempotency-Key")) {
        call.headers.emplace_back("Idempotency-Key", key);
    }
    if (!has_header(call, "x-ms-workflow-run-id")) {
        call.headers.emplace_back("x-ms-workflow-run-id", run_id);
    }
    if (action.has_timeout) {
        call.timeout_ms =
            std::max<std::int64_t>(1, action.limit_timeout.count / Ticks::kMillisecond);
    }
    return call;
}

const std::string* find_header(const HttpAnswer& answer, std::string_view name) {
    for (const auto& [key, value] : answer.headers) {
        if (expr::equals_ignore_case(key, name)) {
            return &value;
        }
    }
    return nullptr;
}

Value answer_outputs(const HttpAnswer& answer) {
    Object headers;
    for (const auto& [key, value] : answer.headers) {
        Value* known = nullptr;
        for (auto& [seen, text] : headers) {
            if (expr::equals_ignore_case(seen, key)) {
                known = &text;
            }
        }
        if (known != nullptr) {
            *known = Value(std::string(known->string_or({})) + "," + sanitize_utf8(value));
        } else {
            headers.append(sanitize_utf8(key), Value(sanitize_utf8(value)));
        }
    }
    Object out;
    out.set("statusCode", Value(answer.status));
    out.set("headers", Value(std::move(headers)));
    if (answer.body.empty()) {
        return Value(std::move(out));
    }
    const std::string* type = find_header(answer, "Content-Type");
    const std::string lower = type == nullptr ? "" : expr::to_lower(*type);
    const std::string media = lower.substr(0, lower.find(';'));
    if (media.ends_with("json")) {
        auto parsed = codec::parse_json(answer.body);
        out.set("body",
                parsed.ok() ? std::move(parsed).value() : Value(sanitize_utf8(answer.body)));
    } else if (media.starts_with("text/")) {
        out.set("body", Value(sanitize_utf8(answer.body)));
    } else {
        out.set("body",
                expr::make_blob(type == nullptr ? "application/octet-stream" : sanitize_utf8(*type),
                                answer.body));
    }
    return Value(std::move(out));
}

bool is_idempotent(std::string_view method) {
    constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD",   "OPTIONS",
                                                          "PUT", "DELETE", "TRACE"};
    return std::any_of(kMethods.begin(), kMethods.end(), [&](std::string_view known) {
        return expr::equals_ignore_case(known, method);
    });
}

bool is_retryable(int status) {
    return status == 408 || status == 429 || (status >= 500 && status < 600);
}

std::optional<Ticks> retry_after(const HttpAnswer& answer, Timestamp now) {
    const std::string* text = find_header(answer, "Retry-After");
    if (text == nullptr) {
        return std::nullopt;
    }
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
    if (error == std::errc{} && end == text->data() + text->size() && seconds >= 0) {
        return Ticks{std::min<std::int64_t>(seconds, 86'400) * Ticks::kSecond};
    }
    if (const auto date = expr::parse_date(*text)) {
        return Ticks{std::clamp<std::int64_t>((*date - now).count, 0, Ticks::kDay)};
    }
    return std::nullopt;
}

Ticks retry_delay(const RetryPolicy& policy, std::int64_t attempts, double random) {
    if (policy.type != RetryPolicy::Type::Exponential) {
        return policy.interval;
    }
    const auto scale = static_cast<double>(policy.interval.count);
    const auto least = static_cast<double>(policy.least.count);
    const auto most = static_cast<double>(policy.most.count);
    const auto n = static_cast<double>(attempts);
    const double low = attempts <= 1 ? least : std::max(std::pow(2.0, n - 2) * scale, least);
    const double high = std::min(std::pow(2.0, n - 1) * scale, most);
    const double from = std::min(low, most);
    const double to = std::max(high, from);
    return Ticks{static_cast<std::int64_t>(from + (to - from) * random)};
}

std::string resolve_location(const std::string& url, const std::string& location) {
    if (location.find("://") != std::string::npos) {
        return location;
    }
    const std::size_t scheme = url.find("://");
    const std::size_t path = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
    const std::string origin = url.substr(0, path);
    return location.starts_with('/') ? origin + location : origin + "/" + location;
}

}  // namespace qd::automation::run
