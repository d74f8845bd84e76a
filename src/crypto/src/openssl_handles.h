#pragma once

#include "qd/base/result.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

namespace qd::crypto::internal {

template <auto Free>
struct FreeWith {
    template <typename T>
    void operator()(T* pointer) const {
        Free(pointer);
    }
};
template <typename T, auto Free>
using Handle = std::unique_ptr<T, FreeWith<Free>>;

using Bio = Handle<BIO, BIO_free_all>;
using BigNum = Handle<BIGNUM, BN_clear_free>;
using EvpKey = Handle<EVP_PKEY, EVP_PKEY_free>;
using EvpKeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using EvpMdContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using Certificate = Handle<X509, X509_free>;
using ParamBuild = Handle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Handle<OSSL_PARAM, OSSL_PARAM_free>;
using EcSignature = Handle<ECDSA_SIG, ECDSA_SIG_free>;

inline const unsigned char* as_bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* as_bytes(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

/// A BIO that reads the text, which must outlive it.
Bio read_bio(std::string_view text);
/// What a memory BIO has collected.
std::string bio_text(BIO* bio);
/// Takes OpenSSL's reason for the last failure of this thread and clears its queue.
Error openssl_error(Code code, std::string_view id, std::string_view doing);
/// Unencrypted keys only: never asks a terminal for a passphrase.
EvpKey read_private_pem(std::string_view pem);
Certificate read_certificate_pem(std::string_view pem);

}  // namespace qd::crypto::internal
