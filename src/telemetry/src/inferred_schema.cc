#include "qd/telemetry/inferred_schema.h"

#include "qd/base/time.h"
#include "qd/telemetry/json_rows.h"

namespace qd::telemetry {

using columns::DataType;

namespace {

DataType type_of(const Value& value) {
    if (value.if_bool() != nullptr) {
        return DataType::Bool;
    }
    if (value.if_int() != nullptr) {
        return DataType::Long;
    }
    if (value.is_number()) {
        return DataType::Real;
    }
    if (const std::string* text = value.if_string()) {
        return text->size() >= 16 && parse_iso_timestamp(*text) ? DataType::DateTime
                                                                : DataType::String;
    }
    return DataType::Dynamic;
}

DataType common_type(DataType a, DataType b) {
    if (a == b) {
        return a;
    }
    if (columns::is_numeric(a) && columns::is_numeric(b)) {
        return DataType::Real;
    }
    const bool texts = (a == DataType::String || a == DataType::DateTime) &&
                       (b == DataType::String || b == DataType::DateTime);
    return texts ? DataType::String : DataType::Dynamic;
}

void add_object(columns::Schema& schema, const Value& object) {
    const Object* members = object.if_object();
    if (members == nullptr || members->size() > kRowMembersMax || schema.size() > kRowMembersMax) {
        return;  // refused as a row, or as a table
    }
    for (const auto& [name, value] : *members) {
        if (value.is_null()) {
            continue;
        }
        if (const auto at = schema.index_of(name)) {
            DataType& type = schema.fields[*at].type;
            type = common_type(type, type_of(value));
        } else {
            schema.fields.push_back({.name = name, .type = type_of(value)});
        }
    }
}

}  // namespace

columns::Schema infer_schema(const Value& objects) {
    columns::Schema schema;
    schema.fields.push_back({.name = "TimeGenerated", .type = DataType::DateTime});
    if (const Array* array = objects.if_array()) {
        for (const Value& object : *array) {
            add_object(schema, object);
        }
    } else {
        add_object(schema, objects);
    }
    schema.fields[0].type = DataType::DateTime;
    return schema;
}

}  // namespace qd::telemetry
