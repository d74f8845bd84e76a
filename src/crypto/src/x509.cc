// Development certificates: one P-256 authority, leaves signed by it. Only what Go, OpenSSL,
// .NET, Python and Node insist on: SAN entries (a common name alone is refused by all of them),
// key usages, key identifiers, 128-bit random serials. Source: RFC 5280; CA/B Forum 7.1.
#include "qd/crypto/x509.h"

#include "openssl_handles.h"
#include "qd/codec/base64.h"
#include "qd/crypto/hash.h"

#include <arpa/inet.h>

#include <ctime>
#include <utility>

namespace qd::crypto {
namespace {

using internal::Bio;
using internal::Certificate;
using internal::EvpKey;
using internal::openssl_error;

using Asn1Octets = internal::Handle<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;
using GeneralNames = internal::Handle<GENERAL_NAMES, GENERAL_NAMES_free>;
using Extension = internal::Handle<X509_EXTENSION, X509_EXTENSION_free>;

Error internal_failure(std::string_view doing) {
    return openssl_error(Code::Internal, "CRY0001", doing);
}

bool add_name(X509_NAME* name, const char* field, std::string_view text) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, internal::as_bytes(text),
                                      static_cast<int>(text.size()), -1, 0) == 1;
}

bool set_serial(X509* certificate) {
    const internal::BigNum serial(BN_new());
    return serial && BN_rand(serial.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, Validity validity) {
    return ASN1_TIME_set(X509_getm_notBefore(certificate), validity.not_before.unix_seconds()) !=
               nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), validity.not_after.unix_seconds()) !=
               nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// A DNS label sequence as clients compare it; a leading "*." is allowed.
bool is_dns_name(std::string_view name) {
    if (name.starts_with("*.")) {
        name.remove_prefix(2);
    }
    if (name.empty() || name.size() > 253 || name.front() == '.') {
        return false;
    }
    for (const char c : name) {
        const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
        if (!allowed) {
            return false;
        }
    }
    return true;
}

/// The 4 or 16 bytes of an address; empty when the text is none.
std::string address_bytes(const std::string& text) {
    std::string bytes(16, '\0');
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
        bytes.resize(4);
        return bytes;
    }
    return inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1 ? bytes : std::string();
}

Status push_name(GENERAL_NAMES* names, const std::string& name) {
    const std::string address = address_bytes(name);
    if (address.empty() && !is_dns_name(name)) {
        return Error(Code::InvalidArgument, "CRY0011",
                     "neither a DNS name nor an address: " + name);
    }
    const std::string& bytes = address.empty() ? name : address;
    GENERAL_NAME* entry = GENERAL_NAME_new();
    ASN1_STRING* text = address.empty() ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
    if (entry == nullptr || text == nullptr ||
        ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size())) != 1 ||
        sk_GENERAL_NAME_push(names, entry) == 0) {
        GENERAL_NAME_free(entry);
        ASN1_STRING_free(text);
        return internal_failure("building a subject name");
    }
    GENERAL_NAME_set0_value(entry, address.empty() ? GEN_DNS : GEN_IPADD, text);
    return {};
}

Status add_names(X509* certificate, const LeafRequest& request) {
    std::vector<std::string> all = request.names;
    if (request.loopback_names) {
        all.insert(all.begin(), {"localhost", "127.0.0.1", "::1"});
    }
    if (all.empty()) {
        return {};
    }
    const GeneralNames names(GENERAL_NAMES_new());
    for (const std::string& name : all) {
        QD_CHECK_OK(push_name(names.get(), name));
    }
    if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) {
        return internal_failure("adding subject names");
    }
    return {};
}

Result<CertifiedKey> to_pem(X509* certificate, EVP_PKEY* key) {
    const Bio certificate_out(BIO_new(BIO_s_mem()));
    const Bio key_out(BIO_new(BIO_s_secmem()));
    if (PEM_write_bio_X509(certificate_out.get(), certificate) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(key_out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) !=
            1) {
        return internal_failure("writing a certificate");
    }
    return CertifiedKey{internal::bio_text(certificate_out.get()),
                        Secret(internal::bio_text(key_out.get()))};
}

/// A version 3 certificate for the key with serial and validity, not yet named or signed.
Result<Certificate> blank_certificate(EVP_PKEY* key, Validity validity) {
    if (validity.not_after <= validity.not_before) {
        return Error(Code::InvalidArgument, "CRY0011", "validity ends before it begins");
    }
    Certificate certificate(X509_new());
    if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
        !set_serial(certificate.get()) || !set_validity(certificate.get(), validity) ||
        X509_set_pubkey(certificate.get(), key) != 1) {
        return internal_failure("making a certificate");
    }
    return certificate;
}

Timestamp timestamp_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return {};
    }
    const std::int64_t days =
        days_from_civil({parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday});
    return {days * Ticks::kDay + parts.tm_hour * Ticks::kHour + parts.tm_min * Ticks::kMinute +
            parts.tm_sec * Ticks::kSecond};
}

std::vector<std::string> name_entries(const X509_NAME* name, int nid) {
    std::vector<std::string> out;
    for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0;
         at = X509_NAME_get_index_by_NID(name, nid, at)) {
        const ASN1_STRING* data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
        unsigned char* utf8 = nullptr;
        const int size = ASN1_STRING_to_UTF8(&utf8, data);
        if (size >= 0) {
            out.emplace_back(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
            OPENSSL_free(utf8);
        }
    }
    return out;
}

std::string printed_name(const X509_NAME* name) {
    const Bio out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    return internal::bio_text(out.get());
}

std::vector<std::string> alternative_names(const X509* certificate) {
    std::vector<std::string> out;
    const GeneralNames names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        int type = 0;
        const void* value = GENERAL_NAME_get0_value(name, &type);
        if (type != GEN_DNS && type != GEN_IPADD) {
            continue;
        }
        const auto* text = static_cast<const ASN1_STRING*>(value);
        const std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                static_cast<std::size_t>(ASN1_STRING_length(text)));
        if (type == GEN_DNS) {
            out.push_back(bytes);
            continue;
        }
        char buffer[INET6_ADDRSTRLEN] = {};
        if (bytes.size() == 4 || bytes.size() == 16) {
            inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), buffer, sizeof(buffer));
            out.emplace_back(buffer);
        }
    }
    return out;
}

}  // namespace

Result<CertifiedKey> make_authority(const std::string& common_name, Validity validity) {
    const EvpKey key(EVP_EC_gen("P-256"));
    if (!key) {
        return internal_failure("generating a key");
    }
    QD_TRY(const Certificate certificate, blank_certificate(key.get(), validity));
    X509* const raw = certificate.get();
    X509_NAME* const name = X509_get_subject_name(raw);
    if (!add_name(name, "CN", common_name) || X509_set_issuer_name(raw, name) != 1 ||
        !add_extension(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !add_extension(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(raw, raw, NID_subject_key_identifier, "hash") ||
        X509_sign(raw, key.get(), EVP_sha256()) == 0) {
        return internal_failure("making an authority");
    }
    return to_pem(raw, key.get());
}

Result<CertifiedKey> make_leaf(const CertifiedKey& authority, const LeafRequest& request) {
    const Certificate issuer = internal::read_certificate_pem(authority.certificate);
    const EvpKey issuer_key = internal::read_private_pem(authority.key.reveal());
    if (!issuer || !issuer_key || X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
        ERR_clear_error();
        return Error(Code::InvalidArgument, "CRY0011",
                     "the authority is no certificate with its key in PEM form");
    }
    const EvpKey key(EVP_EC_gen("P-256"));
    if (!key) {
        return internal_failure("generating a key");
    }
    QD_TRY(const Certificate certificate, blank_certificate(key.get(), request.validity));
    X509* const raw = certificate.get();
    X509_NAME* const name = X509_get_subject_name(raw);
    for (const std::string& organization : request.organizations) {
        if (!add_name(name, "O", organization)) {
            return openssl_error(Code::InvalidArgument, "CRY0011", "bad organization");
        }
    }
    if (!add_name(name, "CN", request.common_name)) {
        return openssl_error(Code::InvalidArgument, "CRY0011", "bad common name");
    }
    QD_CHECK_OK(add_names(raw, request));
    const char* use = request.use == CertificateUse::Server ? "serverAuth" : "clientAuth";
    if (X509_set_issuer_name(raw, X509_get_subject_name(issuer.get())) != 1 ||
        !add_extension(raw, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(raw, issuer.get(), NID_key_usage, "critical,digitalSignature") ||
        !add_extension(raw, issuer.get(), NID_ext_key_usage, use) ||
        !add_extension(raw, issuer.get(), NID_subject_key_identifier, "hash") ||
        !add_extension(raw, issuer.get(), NID_authority_key_identifier, "keyid") ||
        X509_sign(raw, issuer_key.get(), EVP_sha256()) == 0) {
        return internal_failure("making a certificate");
    }
    return to_pem(raw, key.get());
}

Result<CertificateInfo> read_certificate(std::string_view pem) {
    const Certificate certificate = internal::read_certificate_pem(pem);
    if (!certificate) {
        return Error(Code::InvalidArgument, "CRY0012", "no certificate in PEM form");
    }
    X509* const raw = certificate.get();
    CertificateInfo info;
    info.subject = printed_name(X509_get_subject_name(raw));
    info.issuer = printed_name(X509_get_issuer_name(raw));
    if (auto names = name_entries(X509_get_subject_name(raw), NID_commonName); !names.empty()) {
        info.common_name = names.back();
    }
    info.organizations = name_entries(X509_get_subject_name(raw), NID_organizationName);
    info.names = alternative_names(raw);
    info.validity = {timestamp_of(X509_get0_notBefore(raw)), timestamp_of(X509_get0_notAfter(raw))};
    unsigned char* der = nullptr;
    const int size = i2d_X509(raw, &der);
    if (size < 0) {
        return internal_failure("encoding a certificate");
    }
    info.sha256 = codec::hex_encode(sha256(
        std::string_view(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size))));
    OPENSSL_free(der);
    return info;
}

}  // namespace qd::crypto
