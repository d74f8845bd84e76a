// Compact JWS and JWT, the strict way: everything a token says about how to check it is either in
// the caller's allow-list or refused. The three parts are base64url without padding or blanks; the
// payload is read only after the signature fits. Source: RFC 7515, RFC 7519, RFC 8725.
#include "qd/crypto/jwt.h"

#include "jws_key.h"
#include "qd/codec/base64.h"
#include "qd/codec/json.h"

#include <algorithm>

namespace qd::crypto {
namespace {

constexpr std::size_t kTokenBytesMax = 64 * 1024;  // far above what any issuer makes

Error refuse(std::string_view id, std::string_view message) {
    return Error(Code::Unauthenticated, id, std::string(message));
}

Error malformed(std::string_view message) {
    return refuse("CRY0031", message);
}

Result<std::string> decode_part(std::string_view part) {
    if (part.find('=') != std::string_view::npos) {
        return malformed("token is padded");
    }
    auto bytes = codec::base64url_decode(part);
    // Encoding back refuses the spare bits that would let one token be written in several ways.
    if (!bytes.ok() || codec::base64url_encode(*bytes) != part) {
        return malformed("token is not base64url");
    }
    return bytes;
}

Result<Value> parse_object(std::string_view json, std::string_view what) {
    auto value = codec::parse_json(json, {.depth_max = 32});
    if (!value.ok() || value->if_object() == nullptr) {
        return malformed(what);
    }
    return value;
}

Result<JwsAlgorithm> algorithm_of(const Value& header, const std::vector<JwsAlgorithm>& allowed) {
    const Value* name = header.get("alg");
    if (name == nullptr || name->if_string() == nullptr) {
        return malformed("token names no algorithm");
    }
    for (const JwsAlgorithm candidate : allowed) {
        if (algorithm_name(candidate) == *name->if_string()) {
            return candidate;
        }
    }
    return refuse("CRY0032", "token is signed with an algorithm that is not allowed");
}

bool is_reserved(std::string_view name) {
    return name == "alg" || name == "kid" || name == "crit" || name == "b64";
}

/// NumericDate: seconds, perhaps with a fraction. Nothing when absent.
Result<std::optional<double>> numeric_date(const Value& claims, std::string_view name) {
    const Value* value = claims.get(name);
    if (value == nullptr) {
        return std::optional<double>();
    }
    if (value->if_int() == nullptr && value->if_double() == nullptr) {
        return malformed("a time claim is no number");
    }
    return std::optional<double>(value->number_or(0));
}

Status check_times(const Value& claims, const JwtRules& rules, Timestamp now) {
    const auto seconds = static_cast<double>(now.unix_seconds());
    const auto leeway = static_cast<double>(rules.leeway_seconds);
    QD_TRY(const std::optional<double> expiry, numeric_date(claims, "exp"));
    QD_TRY(const std::optional<double> begin, numeric_date(claims, "nbf"));
    QD_CHECK_OK(numeric_date(claims, "iat").ok() ? Status() : malformed("iat is no number"));
    if (!expiry && rules.require_expiry) {
        return refuse("CRY0035", "token has no expiry");
    }
    if (expiry && seconds >= *expiry + leeway) {
        return refuse("CRY0035", "token has expired");
    }
    if (begin && seconds < *begin - leeway) {
        return refuse("CRY0036", "token is not valid yet");
    }
    return {};
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

Status check_audience(const Value& claims, const std::vector<std::string>& audiences) {
    const Value* aud = claims.get("aud");
    if (aud != nullptr && aud->if_string() == nullptr && aud->if_array() == nullptr) {
        return malformed("aud is neither text nor a list");
    }
    if (audiences.empty()) {
        return {};
    }
    bool found =
        aud != nullptr && aud->if_string() != nullptr && contains(audiences, *aud->if_string());
    if (aud != nullptr && aud->if_array() != nullptr) {
        for (const Value& one : *aud->if_array()) {
            if (one.if_string() == nullptr) {
                return malformed("aud is neither text nor a list of texts");
            }
            found = found || contains(audiences, *one.if_string());
        }
    }
    return found ? Status() : refuse("CRY0037", "token is for another audience");
}

std::string normal_type(std::string_view type) {
    std::string out(type);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    }
    constexpr std::string_view kPrefix = "application/";
    return out.starts_with(kPrefix) ? out.substr(kPrefix.size()) : out;
}

}  // namespace

Result<JwsKeySet> JwsKeySet::parse(std::string_view json) {
    const auto document = codec::parse_json(json, {.depth_max = 32});
    const Value* list = document.ok() ? document.value().get("keys") : nullptr;
    if (list == nullptr || list->if_array() == nullptr) {
        return Error(Code::InvalidArgument, "CRY0025", "not a JSON Web Key Set");
    }
    JwsKeySet set;
    for (const Value& jwk : *list->if_array()) {
        const Value* use = jwk.get("use");
        if (use != nullptr && use->string_or("") != "sig") {
            continue;
        }
        if (auto key = JwsKey::from_jwk(jwk); key.ok()) {
            set.add(std::move(key).value());
        }
    }
    return set;
}

Value JwsKeySet::public_jwks() const {
    Array list;
    for (const JwsKey& key : keys_) {
        if (auto jwk = key.public_jwk(); jwk.ok()) {
            list.push_back(std::move(jwk).value());
        }
    }
    Object document;
    document.set("keys", std::move(list));
    return document;
}

Result<std::string> sign_jws(const JwsKey& key, std::string_view payload,
                             const Object& header_extra) {
    Object header;
    header.set("alg", algorithm_name(key.algorithm()));
    if (!key.key_id().empty()) {
        header.set("kid", key.key_id());
    }
    for (const auto& [name, value] : header_extra) {
        if (is_reserved(name)) {
            return Error(Code::InvalidArgument, "CRY0026", "reserved header parameter: " + name);
        }
        header.set(name, value);
    }
    std::string token = codec::base64url_encode(codec::to_json(header));
    token += '.';
    token += codec::base64url_encode(payload);
    QD_TRY(const std::string signature, internal::sign_bytes(key, token));
    token += '.';
    token += codec::base64url_encode(signature);
    return token;
}

Result<std::string> sign_jwt(const JwsKey& key, const Value& claims, const Object& header_extra) {
    if (claims.if_object() == nullptr) {
        return Error(Code::InvalidArgument, "CRY0026", "claims must be an object");
    }
    Object header;
    header.set("typ", "JWT");
    for (const auto& [name, value] : header_extra) {
        header.set(name, value);
    }
    return sign_jws(key, codec::to_json(claims), header);
}

Result<VerifiedJws> verify_jws(std::string_view token, const JwsKeySet& keys,
                               const std::vector<JwsAlgorithm>& allowed) {
    const std::size_t first = token.find('.');
    const std::size_t second = token.find('.', first == token.npos ? first : first + 1);
    if (token.size() > kTokenBytesMax || first == token.npos || second == token.npos ||
        token.find('.', second + 1) != token.npos) {
        return malformed("token has not three parts");
    }
    QD_TRY(const std::string header_json, decode_part(token.substr(0, first)));
    QD_TRY(Value header, parse_object(header_json, "token header is no JSON object"));
    QD_TRY(const JwsAlgorithm algorithm, algorithm_of(header, allowed));
    if (header.get("crit") != nullptr || header.get("b64") != nullptr) {
        return malformed("token uses an extension that is not supported");
    }
    const Value* kid = header.get("kid");
    if (kid != nullptr && kid->if_string() == nullptr) {
        return malformed("kid is no text");
    }
    QD_TRY(const std::string signature, decode_part(token.substr(second + 1)));
    const std::string_view signed_part = token.substr(0, second);
    bool tried = false;
    for (const JwsKey& key : keys.keys()) {
        if (key.algorithm() != algorithm || (kid != nullptr && key.key_id() != *kid->if_string())) {
            continue;
        }
        tried = true;
        if (internal::signature_fits(key, signed_part, signature)) {
            QD_TRY(std::string payload, decode_part(token.substr(first + 1, second - first - 1)));
            return VerifiedJws{std::move(header), std::move(payload), key.key_id()};
        }
    }
    return tried ? refuse("CRY0034", "token signature does not fit")
                 : refuse("CRY0033", "no key for this token");
}

Result<VerifiedJwt> verify_jwt(std::string_view token, const JwsKeySet& keys, const JwtRules& rules,
                               Timestamp now) {
    QD_TRY(VerifiedJws jws, verify_jws(token, keys, rules.algorithms));
    QD_TRY(Value claims, parse_object(jws.payload, "token claims are no JSON object"));
    QD_CHECK_OK(check_times(claims, rules, now));
    const Value* issuer = claims.get("iss");
    if (issuer != nullptr && issuer->if_string() == nullptr) {
        return malformed("iss is no text");
    }
    if (!rules.issuers.empty() &&
        (issuer == nullptr || !contains(rules.issuers, *issuer->if_string()))) {
        return refuse("CRY0037", "token is from another issuer");
    }
    QD_CHECK_OK(check_audience(claims, rules.audiences));
    if (!rules.type.empty()) {
        const Value* type = jws.header.get("typ");
        if (type == nullptr || normal_type(type->string_or("")) != normal_type(rules.type)) {
            return refuse("CRY0037", "token is of another type");
        }
    }
    return VerifiedJwt{std::move(jws.header), std::move(claims), std::move(jws.key_id)};
}

}  // namespace qd::crypto
