#include "otlp_row_context.h"

#include "semantic_conventions.h"

#include <unordered_map>

namespace qd::telemetry {

Result<RowBuilder*> TableSet::table(std::string_view name) {
    const auto found = builders_.find(name);
    if (found != builders_.end()) {
        return found->second.get();
    }
    const auto schema = sink_.table_schema(name);
    if (!schema) {
        return Error(Code::Internal, "TEL0010", "table is missing: name=" + std::string(name));
    }
    auto builder = std::make_unique<RowBuilder>(std::string(name), *schema);
    RowBuilder* raw = builder.get();
    builders_.emplace(std::string(name), std::move(builder));
    return raw;
}

MappedRows TableSet::finish() {
    MappedRows rows;
    for (auto& [name, builder] : builders_) {
        if (builder->rows() > 0) {
            rows.tables.emplace_back(name, builder->finish());
        }
    }
    return rows;
}

void put_resource(RowBuilder& row, const OtlpResource& resource) {
    row.text("AppRoleName", role_name(resource.attributes));
    row.text("AppRoleInstance", convention_text(resource.attributes, "service.instance.id"));
    row.text("AppVersion", convention_text(resource.attributes, "service.version"));
    const std::string language = convention_text(resource.attributes, "telemetry.sdk.language");
    const std::string version = convention_text(resource.attributes, "telemetry.sdk.version");
    if (!language.empty()) {
        row.text("SDKVersion", "otel-" + language + (version.empty() ? "" : ":" + version));
    }
    row.text("_ResourceId", convention_text(resource.attributes, "cloud.resource_id"));
}

namespace {

/// An object built from many pairs in linear time; Object::set() looks at every member.
class Bag {
  public:
    void set(const std::string& key, Value value) {
        const auto [at, fresh] = index_.emplace(key, object_.size());
        if (fresh) {
            object_.append(key, std::move(value));
        } else {
            (object_.begin() + static_cast<std::ptrdiff_t>(at->second))->second = std::move(value);
        }
    }
    bool has(const std::string& key) const { return index_.contains(key); }
    Object take() { return std::move(object_); }

  private:
    Object object_;
    std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace

Object properties_of(const Attributes& attributes, const OtlpResource& resource,
                     const OtlpScope& scope) {
    Bag properties;
    for (const auto& [key, value] : attributes) {
        properties.set(key, attribute_text(value));
    }
    for (const auto& [key, value] : resource.attributes) {
        if (!properties.has(key)) {
            properties.set(key, attribute_text(value));
        }
    }
    if (!scope.name.empty()) {
        properties.set("instrumentationlibrary.name", scope.name);
    }
    if (!scope.version.empty()) {
        properties.set("instrumentationlibrary.version", scope.version);
    }
    return properties.take();
}

Object to_object(const Attributes& attributes) {
    Bag object;
    for (const auto& [key, value] : attributes) {
        object.set(key, value);
    }
    return object.take();
}

Timestamp time_or(std::uint64_t ns, Timestamp otherwise) {
    return ns == 0 ? otherwise : Timestamp::from_unix_ns(ns);
}

}  // namespace qd::telemetry
