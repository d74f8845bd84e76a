#pragma once

#include "qd/base/files.h"
#include "qd/base/result.h"
#include "qd/base/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qd::server {

struct Listen {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
};

/// Everything the process is told from outside; defaults are a laptop's.
struct ServerConfig {
    std::string data_dir = "data";
    Listen listen{.address = "127.0.0.1", .port = 8443};
    std::optional<Listen> otlp = Listen{.address = "127.0.0.1", .port = 4318};
    /// Own certificate; empty: a development authority is made under data_dir/tls.
    std::string tls_certificate;
    std::string tls_key;
    /// Rules, workflows, action groups and functions; empty: none.
    std::string artefacts_dir;
    /// Bearer token that may do everything; empty: one is made and kept in data_dir/admin.token.
    std::string admin_token;
    /// Requests from loopback need no token. Refused with a listener beyond loopback.
    bool trust_loopback = true;
    std::string workspace_id;
    std::vector<std::string> shared_keys;            // Data Collector API, base64
    std::vector<std::string> instrumentation_keys;   // Application Insights; empty: any
    std::vector<std::string> data_collection_rules;  // empty: any well-formed id
    std::uint32_t retention_days = 90;
    std::uint32_t query_memory_mib = 2'048;  // of one query; beyond it is refused
    std::int64_t slow_query_ms = 1'000;      // from here on a row of LAQueryLogs; -1: never
    std::string location_database;           // a MaxMind DB file; empty: addresses have no place
    std::vector<std::string> external_hosts;
    std::vector<std::string> external_directories;
    std::string webhook_signing_key;
    /// Set: rules run only when told to (POST /api/v1/alerting/advance), from this instant on.
    std::optional<Timestamp> rules_start;
    std::size_t threads = 0;  // 0: one a core
    std::string log_level = "info";
};

/// Reads a YAML configuration over the defaults; unknown keys are errors with their line.
/// Errors: InvalidArgument SRV0001 with the key and position; those of Files.
Result<ServerConfig> load_config(Files& files, const std::string& path, ServerConfig config);

/// "127.0.0.1:8443", "[::1]:8443", ":8443" (loopback). Errors: InvalidArgument SRV0002.
Result<Listen> parse_listen(std::string_view text);
bool is_loopback(std::string_view address);

}  // namespace qd::server
