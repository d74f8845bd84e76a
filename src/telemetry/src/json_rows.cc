#include "qd/telemetry/json_rows.h"

#include "qd/columns/text.h"

namespace qd::telemetry {

using columns::DataType;

namespace {

bool same_folded(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto lower = [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
        };
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

std::string_view kind_name(const Value& value) {
    if (value.if_string() != nullptr) {
        return "text";
    }
    if (value.if_bool() != nullptr) {
        return "boolean";
    }
    if (value.is_number()) {
        return "number";
    }
    return value.if_array() != nullptr ? "array" : "object";
}

bool set_cell(RowBuilder& rows, std::size_t column, const Value& value, const JsonRowRules& rules,
              std::string& why) {
    if (value.is_null()) {
        return true;
    }
    const columns::Field& field = rows.field(column);
    if (const std::string* text = value.if_string()) {
        if (field.type == DataType::String) {
            rows.set_bytes(column, cut_text(*text, rules.text_bytes_max));
            return true;
        }
        if (text->empty()) {
            return true;  // an empty text is no value everywhere but in text columns
        }
        if (field.type == DataType::Dynamic && (text->front() == '{' || text->front() == '[')) {
            // Exports write nested values as JSON text; as in the cloud, the column takes the
            // value.
            if (const auto parsed = columns::convert_ingested_text(*text, field.type)) {
                rows.set(column, *parsed);
                return true;
            }
        }
    }
    const auto converted = columns::convert_ingested(value, field.type);
    if (!converted) {
        why = "column " + field.name + ": " + std::string(kind_name(value)) + " does not fit " +
              std::string(columns::type_name(field.type));
        return false;
    }
    rows.set(column, *converted);
    return true;
}

/// Whether the cloud services would keep this event time.
bool within_window(Timestamp event, Timestamp arrival) {
    return event >= arrival - Ticks{2 * Ticks::kDay} && event <= arrival + Ticks{Ticks::kDay};
}

}  // namespace

std::optional<std::size_t> find_column_folded(const RowBuilder& rows, std::string_view name) {
    // Only for hand-written files: a linear search over the schema is fine there.
    for (std::size_t i = 0; i < rows.columns(); ++i) {
        if (same_folded(rows.field(i).name, name)) {
            return i;
        }
    }
    return std::nullopt;
}

std::string_view cut_text(std::string_view text, std::size_t bytes_max) {
    if (bytes_max == 0 || text.size() <= bytes_max) {
        return text;
    }
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

void settle_time(RowBuilder& rows, const JsonRowRules& rules) {
    const auto column = rows.column("TimeGenerated");
    if (!column || rows.field(*column).type != DataType::DateTime) {
        return;
    }
    if (!rows.has("TimeGenerated")) {
        rows.set_int(*column, rules.arrival.ticks);
    }
}

bool add_json_row(RowBuilder& rows, const Value& object, const JsonRowRules& rules,
                  std::string& why) {
    const Object* members = object.if_object();
    if (members == nullptr) {
        why = "not a JSON object";
        return false;
    }
    if (members->size() > kRowMembersMax) {
        why = "too many members: limit " + std::to_string(kRowMembersMax);
        return false;
    }
    rows.begin_row();
    for (const auto& [name, value] : *members) {
        auto column = rows.column(name);
        if (!column && rules.fold_case) {
            column = find_column_folded(rows, name);
        }
        if (!column) {
            continue;
        }
        if (rules.limit_time && name == "TimeGenerated") {
            const std::string* text = value.if_string();
            const auto event = text == nullptr ? std::nullopt : parse_iso_timestamp(*text);
            if (event && !within_window(*event, rules.arrival)) {
                continue;  // reset to the arrival below
            }
        }
        if (!set_cell(rows, *column, value, rules, why)) {
            rows.drop_row();
            return false;
        }
    }
    settle_time(rows, rules);
    return true;
}

void add_json_rows(RowBuilder& rows, const Value& array, const JsonRowRules& rules,
                   std::vector<RejectedRow>& rejected) {
    std::string why;
    const Array* elements = array.if_array();
    if (elements == nullptr) {
        if (!add_json_row(rows, array, rules, why)) {
            rejected.push_back({.index = 0, .why = why});
        }
        return;
    }
    for (std::size_t i = 0; i < elements->size(); ++i) {
        if (!add_json_row(rows, (*elements)[i], rules, why)) {
            rejected.push_back({.index = i, .why = why});
        }
    }
}

}  // namespace qd::telemetry
