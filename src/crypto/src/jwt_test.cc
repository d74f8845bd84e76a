#include "qd/crypto/jwt.h"

#include "qd/codec/base64.h"
#include "qd/codec/json.h"
#include "qd/crypto/x509.h"

#include <gtest/gtest.h>

namespace qd::crypto {
namespace {

// Source of keys and tokens: RFC 7515, appendices A.1, A.2, A.3.
constexpr std::string_view kPayload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";
constexpr std::string_view kOctKey =
    R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})";
constexpr std::string_view kRsaKey =
    R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})";
constexpr std::string_view kEcKey =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})";

std::string token(std::string_view header, std::string_view signature) {
    return std::string(header) + "." + std::string(kPayload) + "." + std::string(signature);
}

struct Vector {
    std::string_view name;
    std::string_view jwk;
    JwsAlgorithm algorithm;
    std::string compact;
};

std::vector<Vector> vectors() {
    return {
        {"A.1", kOctKey, JwsAlgorithm::Hs256,
         token("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
               "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")},
        {"A.2", kRsaKey, JwsAlgorithm::Rs256,
         token("eyJhbGciOiJSUzI1NiJ9",
               "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_"
               "lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
               "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"
               "xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq"
               "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw")},
        {"A.3", kEcKey, JwsAlgorithm::Es256,
         token("eyJhbGciOiJFUzI1NiJ9",
               "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
               "Kg6NU1Q")},
    };
}

JwsKey key_of(std::string_view jwk) {
    auto value = codec::parse_json(jwk);
    EXPECT_TRUE(value.ok());
    auto key = JwsKey::from_jwk(*value);
    EXPECT_TRUE(key.ok()) << key.error().text();
    return std::move(key).value();
}

JwsKeySet set_of(JwsKey key) {
    JwsKeySet set;
    set.add(std::move(key));
    return set;
}

constexpr Timestamp kNow = Timestamp::from_unix_seconds(1'300'819'000);
const std::vector<JwsAlgorithm> kAll = {JwsAlgorithm::Hs256, JwsAlgorithm::Rs256,
                                        JwsAlgorithm::Es256};

std::string b64(std::string_view text) {
    return codec::base64url_encode(text);
}

TEST(Jws, VectorsOfRfc7515) {
    for (const Vector& vector : vectors()) {
        const JwsKeySet keys = set_of(key_of(vector.jwk));
        auto verified = verify_jws(vector.compact, keys, {vector.algorithm});
        ASSERT_TRUE(verified.ok()) << vector.name << verified.error().text();
        EXPECT_EQ(
            verified->payload,
            "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}");
        for (std::size_t at = 0; at < vector.compact.size(); ++at) {
            std::string changed = vector.compact;
            changed[at] = changed[at] == 'A' ? 'B' : 'A';
            EXPECT_FALSE(verify_jws(changed, keys, {vector.algorithm}).ok())
                << vector.name << " at " << at;
        }
        for (std::size_t size = 0; size < vector.compact.size(); ++size) {
            EXPECT_FALSE(verify_jws(vector.compact.substr(0, size), keys, kAll).ok());
        }
    }
}

TEST(Jws, SignsWhatItVerifies) {
    for (const JwsAlgorithm algorithm : kAll) {
        auto key = JwsKey::generate(algorithm, "k1");
        ASSERT_TRUE(key.ok());
        auto compact = sign_jws(*key, "payload \x01\xff");
        ASSERT_TRUE(compact.ok());
        auto verified = verify_jws(*compact, set_of(*key), {algorithm});
        ASSERT_TRUE(verified.ok());
        EXPECT_EQ(verified->payload, "payload \x01\xff");
        EXPECT_EQ(verified->key_id, "k1");
        auto other = JwsKey::generate(algorithm, "k1");
        ASSERT_TRUE(other.ok());
        EXPECT_EQ(verify_jws(*compact, set_of(*other), {algorithm}).error().id(), "CRY0034");
        auto renamed = JwsKey::generate(algorithm, "k2");
        ASSERT_TRUE(renamed.ok());
        EXPECT_EQ(verify_jws(*compact, set_of(*renamed), {algorithm}).error().id(), "CRY0033");
    }
}

TEST(Jws, PublicPartsVerifyAndCannotSign) {
    for (const JwsAlgorithm algorithm : {JwsAlgorithm::Rs256, JwsAlgorithm::Es256}) {
        auto key = JwsKey::generate(algorithm, "k1");
        ASSERT_TRUE(key.ok());
        auto compact = sign_jws(*key, "x");
        ASSERT_TRUE(compact.ok());
        const std::string document = codec::to_json(set_of(*key).public_jwks());
        EXPECT_EQ(document.find("\"d\""), std::string::npos);
        auto keys = JwsKeySet::parse(document);
        ASSERT_TRUE(keys.ok());
        ASSERT_EQ(keys->keys().size(), 1U);
        EXPECT_TRUE(verify_jws(*compact, *keys, kAll).ok());
        EXPECT_EQ(sign_jws(keys->keys()[0], "x").error().id(), "CRY0024");
        auto pem = key->private_pem();
        ASSERT_TRUE(pem.ok());
        auto again = JwsKey::from_pem(pem->reveal(), "k1");
        ASSERT_TRUE(again.ok());
        EXPECT_TRUE(again->can_sign());
        EXPECT_TRUE(verify_jws(sign_jws(*again, "y").value(), *keys, kAll).ok());
    }
}

TEST(Jws, RefusesTheClassicAttacks) {
    const JwsKeySet rsa = set_of(key_of(kRsaKey));
    struct Case {
        std::string_view what;
        std::string compact;
        std::string_view id;
    };
    const std::string payload = b64("{}");
    auto ec = key_of(kEcKey);
    const std::string good = sign_jws(ec, "{}").value();
    const std::vector<Case> cases = {
        {"none", b64(R"({"alg":"none"})") + "." + payload + ".", "CRY0032"},
        {"None", b64(R"({"alg":"None"})") + "." + payload + ".", "CRY0032"},
        {"lower case", b64(R"({"alg":"rs256"})") + "." + payload + ".AA", "CRY0032"},
        {"confusion", b64(R"({"alg":"HS256"})") + "." + payload + ".AA", "CRY0033"},
        {"no alg", b64(R"({})") + "." + payload + ".AA", "CRY0031"},
        {"alg is a list", b64(R"({"alg":["RS256"]})") + "." + payload + ".AA", "CRY0031"},
        {"crit", b64(R"({"alg":"RS256","crit":["exp"]})") + "." + payload + ".AA", "CRY0031"},
        {"b64", b64(R"({"alg":"RS256","b64":false})") + "." + payload + ".AA", "CRY0031"},
        {"header no object", b64("[]") + "." + payload + ".AA", "CRY0031"},
        {"empty signature", b64(R"({"alg":"RS256"})") + "." + payload + ".", "CRY0034"},
        {"padded", b64(R"({"alg":"RS256"})") + "." + payload + ".AA==", "CRY0031"},
        {"spare bits", b64(R"({"alg":"RS256"})") + "." + payload + ".AB", "CRY0031"},
        {"two parts", b64(R"({"alg":"RS256"})") + "." + payload, "CRY0031"},
        {"four parts", b64(R"({"alg":"RS256"})") + "." + payload + ".AA.AA", "CRY0031"},
        {"empty", "", "CRY0031"},
        {"dots", "..", "CRY0031"},
        {"huge", std::string(1 << 20, 'A'), "CRY0031"},
        {"another algorithm", good, "CRY0033"},
    };
    for (const Case& one : cases) {
        auto verified = verify_jws(one.compact, rsa, kAll);
        ASSERT_FALSE(verified.ok()) << one.what;
        EXPECT_EQ(verified.error().id(), one.id) << one.what;
        EXPECT_EQ(verified.error().code(), Code::Unauthenticated) << one.what;
    }
    // ES256 signatures in DER, short, or zero are no r||s.
    const std::string signed_part = good.substr(0, good.rfind('.'));
    for (const std::string& raw :
         {std::string(64, '\0'), std::string(63, '\1'), std::string(65, '\1'),
          std::string("\x30\x06\x02\x01\x01\x02\x01\x01")}) {
        EXPECT_EQ(verify_jws(signed_part + "." + b64(raw), set_of(ec), kAll).error().id(),
                  "CRY0034");
    }
}

TEST(Jws, KeysAreChecked) {
    for (
        const char* bad : {
            R"({"kty":"oct","k":"c2hvcnQ"})",
            R"({"kty":"RSA","n":"AQAB","e":"AQAB"})",
            R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"})",
            R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})",
            R"({"kty":"RSA","n":5,"e":"AQAB"})",
            R"({"kty":"OKP"})",
            R"({})",
            R"([])",
        }) {
        EXPECT_FALSE(JwsKey::from_jwk(codec::parse_json(bad).value()).ok()) << bad;
    }
    EXPECT_EQ(JwsKey::from_secret(Secret("short"), "").error().id(), "CRY0021");
    EXPECT_EQ(JwsKey::from_pem("-----BEGIN NOTHING-----", "").error().id(), "CRY0022");
    auto authority = make_authority("a", {kNow, kNow + Ticks{Ticks::kDay}});
    ASSERT_TRUE(authority.ok());
    auto from_certificate = JwsKey::from_pem(authority->certificate, "c");
    ASSERT_TRUE(from_certificate.ok());
    EXPECT_FALSE(from_certificate->can_sign());
}

TEST(Jwks, SkipsWhatItDoesNotKnow) {
    const std::string document =
        R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"},{"kty":"EC","crv":"P-521"},)" +
        std::string(kEcKey) +
        R"(,{"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"},7,{"kty":"RSA","alg":"RS512","n":"AQAB","e":"AQAB"}]})";
    auto keys = JwsKeySet::parse(document);
    ASSERT_TRUE(keys.ok());
    EXPECT_EQ(keys->keys().size(), 1U);
    EXPECT_EQ(JwsKeySet::parse("{}").error().id(), "CRY0025");
    EXPECT_EQ(JwsKeySet::parse("keys").error().id(), "CRY0025");
}

TEST(Jwt, ClaimsAreChecked) {
    auto key = JwsKey::generate(JwsAlgorithm::Es256, "k");
    ASSERT_TRUE(key.ok());
    const JwsKeySet keys = set_of(*key);
    JwtRules rules;
    rules.issuers = {"https://issuer.test"};
    rules.audiences = {"api://a", "api://b"};
    rules.type = "JWT";
    rules.leeway_seconds = 60;
    const std::int64_t now = kNow.unix_seconds();
    const auto claims = [&](std::string_view extra) {
        return R"({"iss":"https://issuer.test")" + std::string(extra) + "}";
    };
    const auto at = [](std::string_view name, std::int64_t seconds) {
        return ",\"" + std::string(name) + "\":" + std::to_string(seconds);
    };
    struct Case {
        std::string json;
        std::string_view id;  // empty: accepted
    };
    const std::string aud = R"(,"aud":"api://b")";
    const std::vector<Case> cases = {
        {claims(aud + at("exp", now + 10)), ""},
        {claims(aud + at("exp", now - 59)), ""},
        {claims(aud + at("exp", now - 60)), "CRY0035"},
        {claims(aud + ",\"exp\":" + std::to_string(now + 5) + ".5"), ""},
        {claims(aud), "CRY0035"},
        {claims(aud + ",\"exp\":\"" + std::to_string(now + 10) + "\""), "CRY0031"},
        {claims(aud + at("exp", now + 10) + at("nbf", now + 60)), ""},
        {claims(aud + at("exp", now + 100) + at("nbf", now + 61)), "CRY0036"},
        {claims(R"(,"aud":["x","api://a"])" + at("exp", now + 10)), ""},
        {claims(R"(,"aud":["x"])" + at("exp", now + 10)), "CRY0037"},
        {claims(R"(,"aud":[1])" + at("exp", now + 10)), "CRY0031"},
        {claims(R"(,"aud":{"a":1})" + at("exp", now + 10)), "CRY0031"},
        {claims(at("exp", now + 10)), "CRY0037"},
        {R"({"aud":"api://a")" + at("exp", now + 10) + "}", "CRY0037"},
        {R"({"iss":"https://issuer.test/","aud":"api://a")" + at("exp", now + 10) + "}", "CRY0037"},
        {R"({"iss":1,"aud":"api://a")" + at("exp", now + 10) + "}", "CRY0031"},
        {"[]", "CRY0031"},
        {"not json", "CRY0031"},
    };
    Object typ;
    typ.set("typ", "application/jwt");
    for (const Case& one : cases) {
        auto compact = sign_jws(*key, one.json, typ);
        ASSERT_TRUE(compact.ok());
        auto verified = verify_jwt(*compact, keys, rules, kNow);
        EXPECT_EQ(verified.ok() ? "" : verified.error().id(), one.id) << one.json;
    }
    typ.set("typ", "at+jwt");
    auto compact = sign_jws(*key, cases[0].json, typ);
    EXPECT_EQ(verify_jwt(*compact, keys, rules, kNow).error().id(), "CRY0037");
    Object reserved;
    reserved.set("alg", "none");
    EXPECT_EQ(sign_jws(*key, "{}", reserved).error().id(), "CRY0026");
}

TEST(Jwt, RoundTripsClaims) {
    auto key = JwsKey::generate(JwsAlgorithm::Hs256, "");
    ASSERT_TRUE(key.ok());
    Object claims;
    claims.set("exp", Value(kNow.unix_seconds() + 5));
    claims.set("roles", Array{Value("Reader")});
    auto compact = sign_jwt(*key, claims);
    ASSERT_TRUE(compact.ok());
    JwtRules rules;
    rules.algorithms = {JwsAlgorithm::Hs256};
    auto verified = verify_jwt(*compact, set_of(*key), rules, kNow);
    ASSERT_TRUE(verified.ok()) << verified.error().text();
    EXPECT_EQ(verified->claims, Value(claims));
    EXPECT_EQ(verified->header.get("typ")->string_or(""), "JWT");
    // The default rules take no shared keys.
    EXPECT_EQ(verify_jwt(*compact, set_of(*key), JwtRules{}, kNow).error().id(), "CRY0032");
}

}  // namespace
}  // namespace qd::crypto
