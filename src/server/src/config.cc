// Configuration from YAML: one table of keys, each with how to read it; an unknown key is an error
// with its line, because a silently ignored setting is the worst kind.
#include "qd/server/config.h"

#include "qd/codec/yaml.h"

#include <charconv>

namespace qd::server {

namespace {

struct Reader {
    const codec::YamlDocument& document;
    std::string path;

    Error fail(std::string_view key, std::string_view why) const {
        const codec::YamlPosition at = document.position("/" + std::string(key));
        return Error(Code::InvalidArgument, "SRV0001",
                     path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
                         std::string(key) + " " + std::string(why));
    }
};

using Apply = Status (*)(const Reader&, std::string_view key, const Value&, ServerConfig&);

Status read_text(const Reader& reader, std::string_view key, const Value& value, std::string& out) {
    if (value.if_string() == nullptr) {
        return reader.fail(key, "must be text");
    }
    out = *value.if_string();
    return ok_status();
}

Status read_texts(const Reader& reader, std::string_view key, const Value& value,
                  std::vector<std::string>& out) {
    if (value.if_array() == nullptr) {
        return reader.fail(key, "must be a list of texts");
    }
    for (const Value& one : *value.if_array()) {
        if (one.if_string() == nullptr) {
            return reader.fail(key, "must be a list of texts");
        }
        out.push_back(*one.if_string());
    }
    return ok_status();
}

Status read_listen(const Reader& reader, std::string_view key, const Value& value, Listen& out) {
    std::string text;
    QD_CHECK_OK(read_text(reader, key, value, text));
    auto listen = parse_listen(text);
    if (!listen.ok()) {
        return reader.fail(key, listen.error().message());
    }
    out = listen.value();
    return ok_status();
}

template <std::string ServerConfig::* Member>
Status text_key(const Reader& reader, std::string_view key, const Value& value,
                ServerConfig& config) {
    return read_text(reader, key, value, config.*Member);
}

template <std::vector<std::string> ServerConfig::* Member>
Status texts_key(const Reader& reader, std::string_view key, const Value& value,
                 ServerConfig& config) {
    return read_texts(reader, key, value, config.*Member);
}

struct Key {
    std::string_view name;
    Apply apply;
};

constexpr Key kKeys[] = {
    {"data", text_key<&ServerConfig::data_dir>},
    {"artefacts", text_key<&ServerConfig::artefacts_dir>},
    {"tlsCertificate", text_key<&ServerConfig::tls_certificate>},
    {"tlsKey", text_key<&ServerConfig::tls_key>},
    {"adminToken", text_key<&ServerConfig::admin_token>},
    {"workspaceId", text_key<&ServerConfig::workspace_id>},
    {"logLevel", text_key<&ServerConfig::log_level>},
    {"webhookSigningKey", text_key<&ServerConfig::webhook_signing_key>},
    {"sharedKeys", texts_key<&ServerConfig::shared_keys>},
    {"instrumentationKeys", texts_key<&ServerConfig::instrumentation_keys>},
    {"dataCollectionRules", texts_key<&ServerConfig::data_collection_rules>},
    {"locationDatabase", text_key<&ServerConfig::location_database>},
    {"externalHosts", texts_key<&ServerConfig::external_hosts>},
    {"externalDirectories", texts_key<&ServerConfig::external_directories>},
    {"listen", [](const Reader& reader, std::string_view key, const Value& value,
                  ServerConfig& config) { return read_listen(reader, key, value, config.listen); }},
    {"otlp",
     [](const Reader& reader, std::string_view key, const Value& value,
        ServerConfig& config) -> Status {
         if (value.bool_or(true) == false) {
             config.otlp.reset();
             return ok_status();
         }
         config.otlp.emplace();
         return read_listen(reader, key, value, *config.otlp);
     }},
    {"trustLoopback",
     [](const Reader& reader, std::string_view key, const Value& value,
        ServerConfig& config) -> Status {
         if (value.if_bool() == nullptr) {
             return reader.fail(key, "must be true or false");
         }
         config.trust_loopback = *value.if_bool();
         return ok_status();
     }},
    {"retentionDays",
     [](const Reader& reader, std::string_view key, const Value& value,
        ServerConfig& config) -> Status {
         const std::int64_t days = value.int_or(-1);
         if (days < 0 || days > 4383) {
             return reader.fail(key, "must be a number of days, 0 to 4383");
         }
         config.retention_days = static_cast<std::uint32_t>(days);
         return ok_status();
     }},
    {"queryMemoryMiB",
     [](const Reader& reader, std::string_view key, const Value& value,
        ServerConfig& config) -> Status {
         const std::int64_t mebibytes = value.int_or(-1);
         if (mebibytes < 16 || mebibytes > 1'048'576) {
             return reader.fail(key, "must be a number of MiB, 16 to 1048576");
         }
         config.query_memory_mib = static_cast<std::uint32_t>(mebibytes);
         return ok_status();
     }},
    {"slowQueryMs",
     [](const Reader& reader, std::string_view key, const Value& value,
        ServerConfig& config) -> Status {
         const std::int64_t milliseconds = value.int_or(-2);
         if (milliseconds < -1 || milliseconds > 3'600'000) {
             return reader.fail(key, "must be a number of milliseconds, -1 (never) to 3600000");
         }
         config.slow_query_ms = milliseconds;
         return ok_status();
     }},
    {"threads",
     [](const Reader& reader, std::string_view key, const Value& value,
        ServerConfig& config) -> Status {
         const std::int64_t threads = value.int_or(-1);
         if (threads < 0 || threads > 1024) {
             return reader.fail(key, "must be a number, 0 to 1024");
         }
         config.threads = static_cast<std::size_t>(threads);
         return ok_status();
     }},
};

}  // namespace

Result<ServerConfig> load_config(Files& files, const std::string& path, ServerConfig config) {
    QD_TRY(const std::string text, files.read(path));
    QD_TRY(const auto documents, codec::parse_yaml(text, {.refuse_duplicate_keys = true}));
    if (documents.empty() || documents.front().root.is_null()) {
        return config;
    }
    const Reader reader{.document = documents.front(), .path = path};
    const Object* root = reader.document.root.if_object();
    if (root == nullptr || documents.size() != 1) {
        return Error(Code::InvalidArgument, "SRV0001", path + ": must be one YAML mapping");
    }
    for (const auto& [name, value] : *root) {
        const Key* known = nullptr;
        for (const Key& key : kKeys) {
            if (key.name == name) {
                known = &key;
            }
        }
        if (known == nullptr) {
            std::string valid;
            for (const Key& key : kKeys) {
                valid += (valid.empty() ? "" : ", ") + std::string(key.name);
            }
            return reader.fail(name, "is not a setting; the settings are: " + valid);
        }
        QD_CHECK_OK(known->apply(reader, name, value, config));
    }
    return config;
}

Result<Listen> parse_listen(std::string_view text) {
    const Error malformed(Code::InvalidArgument, "SRV0002",
                          "not an address and port: " + std::string(text));
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return malformed;
    }
    Listen listen;
    std::string_view address = text.substr(0, colon);
    if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
        address = address.substr(1, address.size() - 2);
    }
    if (!address.empty()) {
        listen.address = address;
    }
    const std::string_view port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), listen.port);
    if (error != std::errc() || end != port.data() + port.size() || port.empty()) {
        return malformed;
    }
    return listen;
}

bool is_loopback(std::string_view address) {
    return address == "localhost" || address == "::1" || address.starts_with("127.");
}

}  // namespace qd::server
