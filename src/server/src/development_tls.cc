#include "development_tls.h"

#include "qd/crypto/x509.h"

namespace qd::server {

namespace {

constexpr std::int64_t kAuthorityDays = 3650;
constexpr std::int64_t kLeafDays = 365;
constexpr std::int64_t kRenewDays = 30;

crypto::Validity validity(Timestamp now, std::int64_t days) {
    return {.not_before = now - Ticks{Ticks::kHour}, .not_after = now + Ticks{days * Ticks::kDay}};
}

Result<crypto::CertifiedKey> authority(const std::string& dir, Files& files, Clock& clock) {
    const std::string certificate = dir + "/ca.pem";
    const std::string key = dir + "/ca.key";
    if (files.exists(certificate) && files.exists(key)) {
        QD_TRY(std::string pem, files.read(certificate));
        QD_TRY(std::string key_pem, files.read(key));
        return crypto::CertifiedKey{.certificate = std::move(pem),
                                    .key = crypto::Secret(std::move(key_pem))};
    }
    QD_TRY(crypto::CertifiedKey made,
           crypto::make_authority("Quarterdeck development authority",
                                  validity(clock.utc(), kAuthorityDays)));
    QD_CHECK_OK(files.write_atomic(key, made.key.reveal()));
    QD_CHECK_OK(files.write_atomic(certificate, made.certificate));
    return made;
}

bool still_good(const std::string& pem, Timestamp now) {
    const auto info = crypto::read_certificate(pem);
    return info.ok() && info.value().validity.not_after > now + Ticks{kRenewDays * Ticks::kDay} &&
           info.value().validity.not_before <= now;
}

}  // namespace

Result<net::TlsIdentity> server_identity(const ServerConfig& config, Files& files, Clock& clock) {
    if (!config.tls_certificate.empty() || !config.tls_key.empty()) {
        return net::load_tls_identity(files, config.tls_certificate, config.tls_key);
    }
    const std::string dir = config.data_dir + "/tls";
    QD_CHECK_OK(files.make_dirs(dir));
    const std::string certificate = dir + "/server.pem";
    const std::string key = dir + "/server.key";
    if (files.exists(certificate) && files.exists(key)) {
        QD_TRY(const std::string pem, files.read(certificate));
        if (still_good(pem, clock.utc())) {
            return net::load_tls_identity(files, certificate, key);
        }
    }
    QD_TRY(const crypto::CertifiedKey ca, authority(dir, files, clock));
    QD_TRY(const crypto::CertifiedKey leaf,
           crypto::make_leaf(ca, {.common_name = "quarterdeck",
                                  .organizations = {},
                                  .names = {},
                                  .loopback_names = true,
                                  .use = crypto::CertificateUse::Server,
                                  .validity = validity(clock.utc(), kLeafDays)}));
    QD_CHECK_OK(files.write_atomic(key, leaf.key.reveal()));
    QD_CHECK_OK(files.write_atomic(certificate, leaf.certificate));
    return net::load_tls_identity(files, certificate, key);
}

}  // namespace qd::server
