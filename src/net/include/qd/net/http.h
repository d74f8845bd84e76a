#pragma once

#include "qd/base/result.h"
#include "qd/codec/value.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qd::net {

/// ASCII letters compared without case, as header names and most Azure paths are.
bool equals_ignore_case(std::string_view a, std::string_view b);

/// Header fields in their order; names compare without case and keep their spelling.
class HttpHeaders {
  public:
    using Entry = std::pair<std::string, std::string>;

    HttpHeaders() = default;
    HttpHeaders(std::initializer_list<Entry> entries) : entries_(entries) {}

    /// The first field of that name.
    const std::string* find(std::string_view name) const;
    std::string_view get_or(std::string_view name, std::string_view otherwise = {}) const;
    bool has(std::string_view name) const { return find(name) != nullptr; }
    /// Replaces all fields of that name.
    void set(std::string_view name, std::string value);
    void add(std::string name, std::string value) {
        entries_.emplace_back(std::move(name), std::move(value));
    }
    void remove(std::string_view name);
    /// True when a comma-separated field contains the token, whatever the case.
    bool has_token(std::string_view name, std::string_view token) const;
    const std::vector<Entry>& entries() const { return entries_; }

  private:
    std::vector<Entry> entries_;
};

/// Who is at the other end of a verified client certificate.
struct ClientCertificate {
    std::string subject;  // RFC 2253
    std::string common_name;
    std::vector<std::string> organizations;
    std::string sha256;  // of the DER form, lower-case hex
};

using QueryPairs = std::vector<std::pair<std::string, std::string>>;
/// Decodes "a=1&b%2Dc=x+y": keys and values percent-decoded, plus is a blank.
QueryPairs parse_query(std::string_view query);

struct HttpRequest {
    std::string method;  // as sent, case-sensitive
    std::string target;  // as sent
    std::string path;    // up to '?', still percent-encoded; segments are decoded by Router
    std::string query;   // after '?', still encoded
    HttpHeaders headers;
    std::string body;
    std::string peer_address;  // without port
    std::uint16_t peer_port = 0;
    bool tls = false;
    std::optional<ClientCertificate> client_certificate;
    /// Filled by Router: values of the pattern's {names}, decoded.
    std::vector<std::pair<std::string, std::string>> path_parameters;

    /// All pairs of the query string, decoded anew at each call.
    QueryPairs query_pairs() const { return parse_query(query); }
    /// The first value of a key; key compares exactly.
    std::optional<std::string> query_parameter(std::string_view key) const;
    /// Empty when the pattern has no such name.
    std::string_view path_parameter(std::string_view name) const;
    /// `Connection: upgrade` with an `Upgrade` field: HttpReply::upgrade() may be used.
    bool wants_upgrade() const;
    /// The token of `Authorization: Bearer …`, scheme without case; nothing when absent.
    std::optional<std::string_view> bearer_token() const;
};

struct HttpResponse {
    int status = 200;
    HttpHeaders headers;
    std::string body;

    static HttpResponse text(int status, std::string body,
                             std::string content_type = "text/plain; charset=utf-8");
    static HttpResponse json(int status, const Value& value);
    /// {"error":{"code":id,"message":…}} with http_status(error.code()) and Retry-After.
    static HttpResponse of_error(const Error& error);
};

/// "Not Found" and so on; "Status" for numbers without a name.
std::string_view reason_phrase(int status);

}  // namespace qd::net
