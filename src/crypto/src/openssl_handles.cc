#include "openssl_handles.h"

#include <limits>

namespace qd::crypto::internal {

Bio read_bio(std::string_view text) {
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
        text = {};
    }
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string bio_text(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

Error openssl_error(Code code, std::string_view id, std::string_view doing) {
    const unsigned long number = ERR_peek_last_error();
    ERR_clear_error();
    std::string message(doing);
    if (const char* reason = ERR_reason_error_string(number); reason != nullptr) {
        message += ": ";
        message += reason;
    }
    return Error(code, id, std::move(message));
}

namespace {
int no_passphrase(char*, int, int, void*) {
    return -1;
}
}  // namespace

EvpKey read_private_pem(std::string_view pem) {
    const Bio bio = read_bio(pem);
    EvpKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    return key;
}

Certificate read_certificate_pem(std::string_view pem) {
    const Bio bio = read_bio(pem);
    Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    return certificate;
}

}  // namespace qd::crypto::internal
