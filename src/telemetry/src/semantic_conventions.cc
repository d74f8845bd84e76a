#include "semantic_conventions.h"

#include "qd/codec/json.h"

namespace qd::telemetry {

namespace {

struct Rename {
    std::string_view current;
    std::string_view old;
};

constexpr Rename kRenames[] = {
    {"http.request.method", "http.method"},
    {"http.response.status_code", "http.status_code"},
    {"url.full", "http.url"},
    {"url.path", "http.target"},
    {"url.scheme", "http.scheme"},
    {"server.address", "http.host"},
    {"server.address", "net.host.name"},
    {"server.address", "http.server_name"},
    {"server.address", "net.peer.name"},
    {"server.port", "net.host.port"},
    {"server.port", "net.peer.port"},
    {"client.address", "http.client_ip"},
    {"network.peer.address", "net.peer.ip"},
    {"network.peer.address", "net.sock.peer.addr"},
    {"user_agent.original", "http.user_agent"},
    {"db.system.name", "db.system"},
    {"db.query.text", "db.statement"},
    {"db.operation.name", "db.operation"},
    {"db.namespace", "db.name"},
    {"db.collection.name", "db.sql.table"},
    {"deployment.environment.name", "deployment.environment"},
};

}  // namespace

const Value* convention(const Attributes& attributes, std::string_view current) {
    if (const Value* found = find_attribute(attributes, current)) {
        return found;
    }
    for (const Rename& rename : kRenames) {
        if (rename.current == current) {
            if (const Value* found = find_attribute(attributes, rename.old)) {
                return found;
            }
        }
    }
    return nullptr;
}

std::string attribute_text(const Value& value) {
    if (const std::string* text = value.if_string()) {
        return *text;
    }
    if (value.is_null()) {
        return {};
    }
    return codec::to_json(value);
}

std::string convention_text(const Attributes& attributes, std::string_view current) {
    const Value* found = convention(attributes, current);
    return found == nullptr ? std::string() : attribute_text(*found);
}

std::string role_name(const Attributes& resource) {
    std::string name = convention_text(resource, "service.name");
    if (name.empty()) {
        name = "unknown_service";
    }
    const std::string space = convention_text(resource, "service.namespace");
    return space.empty() ? name : space + "." + name;
}

}  // namespace qd::telemetry
