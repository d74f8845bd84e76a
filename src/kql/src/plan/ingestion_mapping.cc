#include "qd/codec/json.h"
#include "qd/kql/ingest_format.h"

namespace qd::kql {

namespace {

/// Members are written in any case; newer texts put most of them under "Properties".
const Value* member(const Value& object, std::string_view name) {
    const auto find = [&](const Value& in) -> const Value* {
        const Object* members = in.if_object();
        if (members == nullptr) {
            return nullptr;
        }
        for (const auto& [key, value] : *members) {
            const bool same = key.size() == name.size() &&
                              std::equal(key.begin(), key.end(), name.begin(),
                                         [](char a, char b) { return (a | 32) == (b | 32); });
            if (same) {
                return &value;
            }
        }
        return nullptr;
    };
    const Value* found = find(object);
    if (found == nullptr && name != "properties") {
        if (const Value* properties = member(object, "properties")) {
            found = find(*properties);
        }
    }
    return found;
}

Error bad_mapping(std::string message) {
    return Error(Code::InvalidArgument, "SEM0311", "ingestion mapping: " + std::move(message));
}

struct NamedTransform {
    std::string_view name;
    ColumnMapping::Transform transform;
};
constexpr NamedTransform kTransforms[] = {
    {"None", ColumnMapping::Transform::None},
    {"SourceLineNumber", ColumnMapping::Transform::SourceLineNumber},
    {"DateTimeFromUnixSeconds", ColumnMapping::Transform::UnixSeconds},
    {"DateTimeFromUnixMilliseconds", ColumnMapping::Transform::UnixMilliseconds},
    {"DateTimeFromUnixMicroseconds", ColumnMapping::Transform::UnixMicroseconds},
    {"DateTimeFromUnixNanoseconds", ColumnMapping::Transform::UnixNanoseconds},
    {"PropertyBagArrayToDictionary", ColumnMapping::Transform::BagOfArray},
    {"BytesAsBase64", ColumnMapping::Transform::BytesAsBase64},
};

Result<ColumnMapping> parse_column(const Value& item, bool separated) {
    ColumnMapping out;
    for (const std::string_view name : {"column", "name"}) {
        const Value* column = member(item, name);
        if (column != nullptr && out.column.empty()) {
            out.column = column->string_or("");
        }
    }
    if (out.column.empty()) {
        return bad_mapping("an entry names no column");
    }
    if (const Value* transform = member(item, "transform"); transform && !transform->is_null()) {
        const std::string_view wanted = transform->string_or("");
        bool known = wanted.empty();
        for (const NamedTransform& one : kTransforms) {
            if (one.name == wanted) {
                out.transform = one.transform;
                known = true;
            }
        }
        if (!known) {
            return bad_mapping("the transform is not supported: " + std::string(wanted));
        }
    }
    if (const Value* constant = member(item, "constvalue"); constant && !constant->is_null()) {
        out.constant =
            constant->if_string() != nullptr ? *constant->if_string() : codec::to_json(*constant);
        return out;
    }
    if (out.transform == ColumnMapping::Transform::SourceLineNumber) {
        return out;
    }
    if (separated) {
        const Value* ordinal = member(item, "ordinal");
        // Numbers are also written as texts.
        const std::string text = ordinal == nullptr     ? std::string()
                                 : ordinal->if_string() ? *ordinal->if_string()
                                                        : codec::to_json(*ordinal);
        if (text.empty() || text.size() > 4 ||
            text.find_first_not_of("0123456789") != std::string::npos) {
            return bad_mapping("column " + out.column + " has no ordinal");
        }
        out.ordinal = std::stoul(text);
        return out;
    }
    const Value* path = member(item, "path");
    if (path == nullptr || path->string_or("").empty()) {
        return bad_mapping("column " + out.column + " has no path");
    }
    out.path = path->string_or("");
    return out;
}

}  // namespace

Result<std::vector<ColumnMapping>> parse_ingestion_mapping(std::string_view json, bool separated) {
    auto value = codec::parse_json(json);
    if (!value.ok()) {
        return bad_mapping(value.error().message());
    }
    const Array* items = value.value().if_array();
    if (items == nullptr) {
        return bad_mapping("an array of columns is expected");
    }
    std::vector<ColumnMapping> out;
    for (const Value& item : *items) {
        QD_TRY(ColumnMapping column, parse_column(item, separated));
        out.push_back(std::move(column));
    }
    return out;
}

}  // namespace qd::kql
