// TLS as we serve it: 1.2 and later, the OpenSSL defaults for ciphers (the distribution's security
// level 2), http/1.1 by ALPN. Client certificates are checked against the given authority only.
#include "server/tls_context.h"

#include "qd/base/check.h"
#include "qd/crypto/hash.h"
#include "server/tls_context_impl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>

namespace qd::net {
namespace internal {
namespace {

struct BioFree {
    void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct X509Free {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
struct KeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct ContextFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Bio = std::unique_ptr<BIO, BioFree>;
using Certificate = std::unique_ptr<X509, X509Free>;

Error bad_identity(std::string_view why) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    std::string message = "TLS identity: ";
    message += why;
    if (reason != nullptr) {
        message += ": ";
        message += reason;
    }
    return Error(Code::InvalidArgument, "NET0101", std::move(message));
}

Bio read_bio(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int no_passphrase(char*, int, int, void*) {
    return -1;
}

std::vector<Certificate> read_certificates(std::string_view pem) {
    std::vector<Certificate> out;
    const Bio bio = read_bio(pem);
    while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
        out.emplace_back(certificate);
    }
    ERR_clear_error();  // the loop ends with "no start line"
    return out;
}

Status use_certificates(SSL_CTX* context, const TlsIdentity& identity) {
    const std::vector<Certificate> chain = read_certificates(identity.certificate_pem);
    if (chain.empty()) {
        return bad_identity("no certificate in PEM form");
    }
    if (SSL_CTX_use_certificate(context, chain[0].get()) != 1) {
        return bad_identity("certificate refused");
    }
    for (std::size_t i = 1; i < chain.size(); ++i) {
        if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) {
            return bad_identity("intermediate certificate refused");
        }
    }
    const Bio bio = read_bio(identity.key_pem.reveal());
    const std::unique_ptr<EVP_PKEY, KeyFree> key(
        PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    if (key == nullptr) {
        return bad_identity("no unencrypted private key in PEM form");
    }
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return bad_identity("the key does not fit the certificate");
    }
    return {};
}

Status ask_clients(SSL_CTX* context, const TlsIdentity& identity) {
    if (identity.client_certificates == ClientCertificates::Ignore) {
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
        return {};
    }
    const std::vector<Certificate> authorities = read_certificates(identity.client_authority_pem);
    if (authorities.empty()) {
        return bad_identity("client certificates are asked for without an authority to check them");
    }
    for (const Certificate& authority : authorities) {
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1 ||
            SSL_CTX_add_client_CA(context, authority.get()) != 1) {
            return bad_identity("client authority refused");
        }
    }
    int mode = SSL_VERIFY_PEER;
    if (identity.client_certificates == ClientCertificates::Require) {
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    SSL_CTX_set_verify(context, mode, nullptr);
    return {};
}

/// http/1.1 when the client offers it; a client that offers other things only goes on without.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
    static constexpr std::array<unsigned char, 9> kHttp11 = {8,   'h', 't', 't', 'p',
                                                             '/', '1', '.', '1'};
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, kHttp11.data(), kHttp11.size(), offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> make_tls_context(const TlsIdentity& identity) {
    std::unique_ptr<SSL_CTX, ContextFree> context(SSL_CTX_new(TLS_server_method()));
    QD_CHECK(context != nullptr);
    SSL_CTX* const raw = context.get();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(
        raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(raw, select_protocol, nullptr);
    QD_CHECK_OK(use_certificates(raw, identity));
    QD_CHECK_OK(ask_clients(raw, identity));
    // Sessions resume only under the identity and the client authority they were made with.
    const std::string id = crypto::sha256(identity.certificate_pem + identity.client_authority_pem);
    SSL_CTX_set_session_id_context(raw, reinterpret_cast<const unsigned char*>(id.data()),
                                   static_cast<unsigned int>(id.size()));
    return std::make_shared<TlsContext>(context.release());
}

}  // namespace internal

Status check_tls_identity(const TlsIdentity& identity) {
    QD_TRY(auto context, internal::make_tls_context(identity));
    static_cast<void>(context);
    return {};
}

Result<TlsIdentity> load_tls_identity(Files& files, const std::string& certificate_path,
                                      const std::string& key_path,
                                      const std::string& client_authority_path) {
    TlsIdentity identity;
    QD_TRY(identity.certificate_pem, files.read(certificate_path).with("reading the certificate"));
    QD_TRY(std::string key, files.read(key_path).with("reading the private key"));
    identity.key_pem = crypto::Secret(key);
    crypto::wipe(key);
    if (!client_authority_path.empty()) {
        QD_TRY(identity.client_authority_pem,
               files.read(client_authority_path).with("reading the client authority"));
        identity.client_certificates = ClientCertificates::Require;
    }
    QD_CHECK_OK(check_tls_identity(identity));
    return identity;
}

}  // namespace qd::net
