#pragma once

#include "qd/base/clock.h"
#include "qd/base/files.h"
#include "qd/base/log.h"
#include "qd/base/random.h"
#include "qd/base/result.h"
#include "qd/server/config.h"

#include <cstdint>
#include <memory>
#include <string>

namespace qd::server {

/// What varies between a real process and a test.
struct ServerPorts {
    Files& files;
    Clock& clock;
    Entropy& entropy;
    Log& log;
};

/// The whole product in one process: opens the data directory, binds the modules to each other and
/// listens. Threads: any.
class Server {
  public:
    /// Returns when every listener accepts requests.
    /// Errors: InvalidArgument SRV… for the configuration; those of what could not be opened.
    static Result<std::unique_ptr<Server>> start(ServerConfig config, ServerPorts ports);
    virtual ~Server() = default;
    virtual std::uint16_t port() const = 0;
    virtual std::uint16_t otlp_port() const = 0;  // 0: not listening
    /// Stops accepting and finishes running requests. A second call does nothing.
    virtual void stop() = 0;
};

/// Settings of the process's heap; before any thread starts.
void tune_heap();

}  // namespace qd::server
