#pragma once

#include "qd/base/clock.h"
#include "qd/base/files.h"
#include "qd/base/result.h"
#include "qd/net/tls.h"
#include "qd/server/config.h"

#include <string>

namespace qd::server {

/// The identity of the main listener: the configured certificate, else one of a development
/// authority that is made on first start under data_dir/tls (ca.pem is what clients trust) and
/// renewed when fewer than 30 days are left.
Result<net::TlsIdentity> server_identity(const ServerConfig& config, Files& files, Clock& clock);

}  // namespace qd::server
