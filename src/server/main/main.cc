// quarterdeck: reads the command line, builds the real ports, starts the server and waits for a
// signal. The only file that knows CLI11 here.
#include "qd/base/clock.h"
#include "qd/base/files.h"
#include "qd/base/log.h"
#include "qd/base/random.h"
#include "qd/server/server.h"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>

namespace {

using qd::server::ServerConfig;

struct Flags {
    std::string config;
    std::string data;
    std::string listen;
    std::string otlp;
    std::string artefacts;
    std::string rules_start;
    std::string log_level;
    bool no_trust_loopback = false;
};

qd::Result<ServerConfig> configuration(const Flags& flags, qd::Files& files) {
    ServerConfig config;
    if (!flags.config.empty()) {
        QD_TRY(config, qd::server::load_config(files, flags.config, config));
    }
    if (!flags.data.empty()) {
        config.data_dir = flags.data;
    }
    if (!flags.listen.empty()) {
        QD_TRY(config.listen, qd::server::parse_listen(flags.listen));
    }
    if (flags.otlp == "off") {
        config.otlp.reset();
    } else if (!flags.otlp.empty()) {
        QD_TRY(config.otlp, qd::server::parse_listen(flags.otlp));
    }
    if (!flags.artefacts.empty()) {
        config.artefacts_dir = flags.artefacts;
    }
    if (!flags.log_level.empty()) {
        config.log_level = flags.log_level;
    }
    if (flags.no_trust_loopback) {
        config.trust_loopback = false;
    }
    if (!flags.rules_start.empty()) {
        config.rules_start = qd::parse_iso_timestamp(flags.rules_start);
        if (!config.rules_start) {
            return qd::Error(qd::Code::InvalidArgument, "SRV0003",
                             "--rules-start is not an ISO 8601 datetime: " + flags.rules_start);
        }
    }
    return config;
}

qd::LogLevel level_of(const std::string& name) {
    return name == "debug"   ? qd::LogLevel::Debug
           : name == "warn"  ? qd::LogLevel::Warn
           : name == "error" ? qd::LogLevel::Error
                             : qd::LogLevel::Info;
}

int serve(const Flags& flags) {
    qd::server::tune_heap();
    qd::RealFiles files;
    qd::RealClock clock;
    qd::RealEntropy entropy;
    auto config = configuration(flags, files);
    if (!config.ok()) {
        std::fprintf(stderr, "quarterdeck: %s\n", config.error().text().c_str());
        return 2;
    }
    // Blocked before any thread starts, so that only sigwait() below sees them.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    const auto log = qd::make_json_log(level_of(config.value().log_level));
    const std::int64_t begun = clock.now_ns();
    auto server = qd::server::Server::start(
        config.value(), {.files = files, .clock = clock, .entropy = entropy, .log = *log});
    if (!server.ok()) {
        std::fprintf(stderr, "quarterdeck: %s\n", server.error().text().c_str());
        return 1;
    }
    log->info("ready", {{"url", "https://" + config.value().listen.address + ":" +
                                    std::to_string(server.value()->port())},
                        {"otlpPort", std::int64_t{server.value()->otlp_port()}},
                        {"startMs", (clock.now_ns() - begun) / 1'000'000}});
    int signal = 0;
    sigwait(&signals, &signal);
    log->info("stopping", {{"signal", std::int64_t{signal}}});
    server.value()->stop();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Quarterdeck: identity, telemetry, KQL, alerts and playbooks in one process"};
    app.name("quarterdeck");
    app.set_version_flag("--version", "quarterdeck 0.1.0");
    Flags flags;
    app.add_option("--config", flags.config, "YAML configuration; flags win over it");
    app.add_option("--data", flags.data, "data directory (default: data)");
    app.add_option("--listen", flags.listen,
                   "address:port of the main listener (default: 127.0.0.1:8443; port 0: any)");
    app.add_option("--otlp", flags.otlp,
                   "address:port of the OTLP/HTTP listener, or 'off' (default: 127.0.0.1:4318)");
    app.add_option("--artefacts", flags.artefacts,
                   "directory with rules/, action-groups/, workflows/, functions/");
    app.add_option("--rules-start", flags.rules_start,
                   "rules run on a virtual clock from this instant, driven by `qd rules advance`");
    app.add_option("--log-level", flags.log_level, "error, warn, info or debug");
    app.add_flag("--no-trust-loopback", flags.no_trust_loopback,
                 "ask loopback for the admin token too");
    CLI11_PARSE(app, argc, argv);
    return serve(flags);
}
