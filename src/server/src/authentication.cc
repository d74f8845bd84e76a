#include "authentication.h"

#include "qd/codec/base64.h"

namespace qd::server {

Result<Authentication> Authentication::create(const ServerConfig& config, Files& files,
                                              Entropy& entropy, bool& made) {
    const bool beyond =
        !is_loopback(config.listen.address) || (config.otlp && !is_loopback(config.otlp->address));
    if (beyond && config.trust_loopback) {
        return Error(Code::FailedPrecondition, "SRV0010",
                     "listening beyond loopback needs authentication for everybody: set "
                     "trustLoopback to false (--no-trust-loopback)");
    }
    Authentication out;
    out.trust_loopback_ = config.trust_loopback;
    made = false;
    if (!config.admin_token.empty()) {
        out.token_ = crypto::Secret(config.admin_token);
        return out;
    }
    const std::string path = config.data_dir + "/admin.token";
    if (files.exists(path)) {
        QD_TRY(std::string text, files.read(path));
        while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
            text.pop_back();
        }
        out.token_ = crypto::Secret(std::move(text));
        return out;
    }
    std::string bytes(32, '\0');
    entropy.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
    const std::string token = codec::base64url_encode(bytes);
    QD_CHECK_OK(files.write_atomic(path, token + "\n"));
    out.token_ = crypto::Secret(token);
    made = true;
    return out;
}

Status Authentication::check(const net::HttpRequest& request) const {
    if (const auto token = request.bearer_token()) {
        if (crypto::constant_time_equal(*token, token_.reveal())) {
            return ok_status();
        }
        // SDKs on a laptop send whatever token their credential makes up.
        if (!(trust_loopback_ && is_loopback(request.peer_address))) {
            return Error(Code::PermissionDenied, "SRV0012", "the bearer token is not accepted");
        }
    }
    if (trust_loopback_ && is_loopback(request.peer_address)) {
        return ok_status();
    }
    return Error(Code::Unauthenticated, "SRV0011",
                 "authentication is required: send Authorization: Bearer with the admin token");
}

}  // namespace qd::server
