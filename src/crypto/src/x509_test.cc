#include "qd/crypto/x509.h"

#include "openssl_handles.h"

#include <gtest/gtest.h>

namespace qd::crypto {
namespace {

using internal::Certificate;
using Store = internal::Handle<X509_STORE, X509_STORE_free>;
using StoreContext = internal::Handle<X509_STORE_CTX, X509_STORE_CTX_free>;

constexpr Validity kValidity{Timestamp::from_unix_seconds(1'767'225'600),
                             Timestamp::from_unix_seconds(1'798'761'600)};

/// OpenSSL's own opinion of the leaf under the authority at a time.
int verify_error(const std::string& leaf, const std::string& authority, std::int64_t unix_seconds,
                 int purpose) {
    const Certificate leaf_x509 = internal::read_certificate_pem(leaf);
    const Certificate authority_x509 = internal::read_certificate_pem(authority);
    const Store store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), authority_x509.get());
    const StoreContext context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), leaf_x509.get(), nullptr);
    X509_STORE_CTX_set_time(context.get(), 0, unix_seconds);
    X509_STORE_CTX_set_purpose(context.get(), purpose);
    return X509_verify_cert(context.get()) == 1 ? X509_V_OK
                                                : X509_STORE_CTX_get_error(context.get());
}

TEST(X509, LeafVerifiesUnderItsAuthority) {
    auto authority = make_authority("Test Authority", kValidity);
    ASSERT_TRUE(authority.ok()) << authority.error().text();
    LeafRequest request;
    request.common_name = "quarterdeck";
    request.names = {"node1.example.test", "10.1.2.3"};
    request.loopback_names = true;
    request.validity = kValidity;
    auto leaf = make_leaf(*authority, request);
    ASSERT_TRUE(leaf.ok()) << leaf.error().text();

    const std::int64_t inside = kValidity.not_before.unix_seconds() + 1000;
    const std::int64_t after = kValidity.not_after.unix_seconds() + 1;
    EXPECT_EQ(
        verify_error(leaf->certificate, authority->certificate, inside, X509_PURPOSE_SSL_SERVER),
        X509_V_OK);
    EXPECT_EQ(
        verify_error(leaf->certificate, authority->certificate, inside, X509_PURPOSE_SSL_CLIENT),
        X509_V_ERR_INVALID_PURPOSE);
    EXPECT_EQ(
        verify_error(leaf->certificate, authority->certificate, after, X509_PURPOSE_SSL_SERVER),
        X509_V_ERR_CERT_HAS_EXPIRED);
    auto other = make_authority("Test Authority", kValidity);
    ASSERT_TRUE(other.ok());
    EXPECT_NE(verify_error(leaf->certificate, other->certificate, inside, X509_PURPOSE_SSL_SERVER),
              X509_V_OK);

    const Certificate parsed = internal::read_certificate_pem(leaf->certificate);
    for (const char* name : {"localhost", "node1.example.test"}) {
        EXPECT_EQ(X509_check_host(parsed.get(), name, 0, 0, nullptr), 1) << name;
    }
    for (const char* address : {"127.0.0.1", "::1", "10.1.2.3"}) {
        EXPECT_EQ(X509_check_ip_asc(parsed.get(), address, 0), 1) << address;
    }
    EXPECT_EQ(X509_check_host(parsed.get(), "example.test", 0, 0, nullptr), 0);
}

TEST(X509, InfoReadsBackWhatWasAsked) {
    auto authority = make_authority("Root", kValidity);
    ASSERT_TRUE(authority.ok());
    LeafRequest request;
    request.common_name = "jane";
    request.organizations = {"system:masters", "ops"};
    request.names = {"jane.example.test", "fd00::1"};
    request.use = CertificateUse::Client;
    request.validity = kValidity;
    auto leaf = make_leaf(*authority, request);
    ASSERT_TRUE(leaf.ok());
    auto info = read_certificate(leaf->certificate);
    ASSERT_TRUE(info.ok());
    EXPECT_EQ(info->common_name, "jane");
    EXPECT_EQ(info->organizations, request.organizations);
    EXPECT_EQ(info->names, request.names);
    EXPECT_EQ(info->subject, "CN=jane,O=ops,O=system:masters");
    EXPECT_EQ(info->issuer, "CN=Root");
    EXPECT_EQ(info->validity.not_before, kValidity.not_before);
    EXPECT_EQ(info->validity.not_after, kValidity.not_after);
    EXPECT_EQ(info->sha256.size(), 64U);
}

TEST(X509, RefusesBadInput) {
    auto authority = make_authority("Root", kValidity);
    ASSERT_TRUE(authority.ok());
    LeafRequest request;
    request.common_name = "x";
    request.validity = kValidity;
    for (const char* name : {"a,DNS:evil.test", "", "bad name", "*", "..", "with\nline"}) {
        request.names = {name};
        auto leaf = make_leaf(*authority, request);
        ASSERT_FALSE(leaf.ok()) << name;
        EXPECT_EQ(leaf.error().id(), "CRY0011");
    }
    request.names.clear();
    EXPECT_FALSE(make_leaf({"no pem", Secret("none")}, request).ok());
    auto other = make_authority("Other", kValidity);
    ASSERT_TRUE(other.ok());
    EXPECT_FALSE(make_leaf({authority->certificate, other->key}, request).ok());
    request.validity = {kValidity.not_after, kValidity.not_before};
    EXPECT_FALSE(make_leaf(*authority, request).ok());
    EXPECT_EQ(read_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
                  .error()
                  .id(),
              "CRY0012");
}

}  // namespace
}  // namespace qd::crypto
