#pragma once

#include "qd/base/files.h"
#include "qd/base/random.h"
#include "qd/base/result.h"
#include "qd/crypto/secret.h"
#include "qd/net/http.h"
#include "qd/server/config.h"

#include <string>

namespace qd::server {

/// Who may do what, first form: one admin token, and loopback as far as the configuration trusts
/// it. Threads: any.
class Authentication {
  public:
    /// Takes the token from the configuration, else from data_dir/admin.token, else makes one and
    /// writes it there (readable by the owner only); `made` tells the last.
    /// Errors: FailedPrecondition SRV0010 when loopback is to be trusted while listening beyond it.
    static Result<Authentication> create(const ServerConfig& config, Files& files, Entropy& entropy,
                                         bool& made);

    /// Errors: Unauthenticated SRV0011 without a token, PermissionDenied SRV0012 with a wrong one.
    Status check(const net::HttpRequest& request) const;

  private:
    crypto::Secret token_;
    bool trust_loopback_ = false;
};

}  // namespace qd::server
