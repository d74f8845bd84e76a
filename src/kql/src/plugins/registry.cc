#include "plugins/families.h"

#include <array>

namespace qd::kql {

namespace {

std::array<std::span<const Plugin>, 6> families() {
    return {shape_plugins(),    lookup_plugins(),    geo_lookup_plugins(),
            activity_plugins(), retention_plugins(), segment_plugins()};
}

struct Refused {
    std::string_view name;
    std::string_view reason;
};

constexpr std::string_view kForeignCode = "this engine runs no foreign code";
constexpr std::string_view kCallsOut = "queries do not call other services";

constexpr Refused kRefused[] = {
    {"python", kForeignCode},
    {"r", kForeignCode},
    {"csharp", kForeignCode},
    {"sql_request", kCallsOut},
    {"mysql_request", kCallsOut},
    {"postgresql_request", kCallsOut},
    {"cosmosdb_sql_request", kCallsOut},
    {"azure_digital_twins_query_request", kCallsOut},
    {"http_request", kCallsOut},
    {"http_request_post", kCallsOut},
};

}  // namespace

const Plugin* find_plugin(std::string_view name) {
    for (const auto family : families()) {
        for (const Plugin& plugin : family) {
            if (plugin.name == name) {
                return &plugin;
            }
        }
    }
    return nullptr;
}

std::vector<const Plugin*> all_plugins() {
    std::vector<const Plugin*> all;
    for (const auto family : families()) {
        for (const Plugin& plugin : family) {
            all.push_back(&plugin);
        }
    }
    return all;
}

std::optional<std::string_view> refused_plugin(std::string_view name) {
    for (const Refused& r : kRefused) {
        if (r.name == name) {
            return r.reason;
        }
    }
    if (name.starts_with("ai_")) {
        return kCallsOut;
    }
    return std::nullopt;
}

}  // namespace qd::kql
