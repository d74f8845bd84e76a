#include "expr/compare.h"
#include "qd/codec/json.h"
#include "run/data_actions.h"

#include <algorithm>
#include <cmath>

namespace qd::automation::run {
namespace {

constexpr std::size_t kDepthMax = 128;

bool has_type(const Value& value, std::string_view type) {
    if (type == "object") {
        return value.if_object() != nullptr;
    }
    if (type == "array") {
        return value.if_array() != nullptr;
    }
    if (type == "string") {
        return value.if_string() != nullptr;
    }
    if (type == "boolean") {
        return value.if_bool() != nullptr;
    }
    if (type == "null") {
        return value.is_null();
    }
    if (type == "number") {
        return expr::is_numeric(value);
    }
    if (type == "integer") {
        return value.if_int() != nullptr ||
               (expr::is_numeric(value) &&
                std::floor(expr::numeric(value)) == expr::numeric(value));
    }
    return true;  // an unknown type constrains nothing
}

std::optional<std::string> check(const Value& value, const Value& schema, const std::string& path,
                                 std::size_t depth);

std::optional<std::string> check_type(const Value& value, const Value& schema,
                                      const std::string& path) {
    const Value* type = schema.get("type");
    if (type == nullptr) {
        return std::nullopt;
    }
    bool fits = true;
    if (const auto* name = type->if_string()) {
        fits = has_type(value, *name);
    } else if (const auto* names = type->if_array()) {
        fits = std::any_of(names->begin(), names->end(),
                           [&](const Value& n) { return has_type(value, n.string_or({})); });
    }
    return fits ? std::nullopt
                : std::optional("wrong type, expected " + codec::to_json(*type) + ": " + path);
}

std::optional<std::string> check_bounds(const Value& value, const Value& schema,
                                        const std::string& path) {
    if (const Value* allowed = schema.get("enum"); allowed != nullptr && allowed->if_array()) {
        const auto& list = *allowed->if_array();
        if (std::none_of(list.begin(), list.end(),
                         [&](const Value& v) { return expr::same_value(v, value); })) {
            return "not one of the allowed values: " + path;
        }
    }
    if (expr::is_numeric(value)) {
        const Value* least = schema.get("minimum");
        const Value* most = schema.get("maximum");
        if ((least != nullptr && expr::numeric(value) < expr::numeric(*least)) ||
            (most != nullptr && expr::numeric(value) > expr::numeric(*most))) {
            return "out of bounds: " + path;
        }
    }
    if (const auto* text = value.if_string()) {
        const Value* least = schema.get("minLength");
        const Value* most = schema.get("maxLength");
        const auto size = static_cast<std::int64_t>(text->size());
        if ((least != nullptr && size < least->int_or(0)) ||
            (most != nullptr && size > most->int_or(size))) {
            return "wrong length: " + path;
        }
    }
    return std::nullopt;
}

std::optional<std::string> check_object(const Object& object, const Value& schema,
                                        const std::string& path, std::size_t depth) {
    if (const Value* required = schema.get("required");
        required != nullptr && required->if_array()) {
        for (const Value& name : *required->if_array()) {
            if (object.find(name.string_or({})) == nullptr) {
                return "a required property is missing: " + path + "/" +
                       std::string(name.string_or({}));
            }
        }
    }
    const Value* properties = schema.get("properties");
    if (properties == nullptr || properties->if_object() == nullptr) {
        return std::nullopt;
    }
    for (const auto& [name, inner] : *properties->if_object()) {
        if (const Value* value = object.find(name)) {
            if (auto wrong = check(*value, inner, path + "/" + name, depth + 1)) {
                return wrong;
            }
        }
    }
    return std::nullopt;
}

std::optional<std::string> check(const Value& value, const Value& schema, const std::string& path,
                                 std::size_t depth) {
    if (schema.if_object() == nullptr || depth > kDepthMax) {
        return std::nullopt;
    }
    if (auto wrong = check_type(value, schema, path)) {
        return wrong;
    }
    if (auto wrong = check_bounds(value, schema, path)) {
        return wrong;
    }
    if (const auto* object = value.if_object()) {
        return check_object(*object, schema, path, depth);
    }
    const Value* items = schema.get("items");
    if (const auto* array = value.if_array(); array != nullptr && items != nullptr) {
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (auto wrong =
                    check((*array)[i], *items, path + "/" + std::to_string(i), depth + 1)) {
                return wrong;
            }
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> schema_violation(const Value& value, const Value& schema) {
    return check(value, schema, "", 0);
}

}  // namespace qd::automation::run
