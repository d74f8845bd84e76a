// Source: Azure Monitor HTTP Data Collector API reference (request signature, record types).
#include "qd/telemetry/data_collector.h"

#include "qd/codec/base64.h"
#include "qd/codec/guid.h"
#include "qd/codec/json.h"
#include "qd/columns/text.h"
#include "qd/crypto/hash.h"
#include "qd/telemetry/json_rows.h"
#include "qd/telemetry/row_builder.h"

#include <array>
#include <charconv>

namespace qd::telemetry {

using columns::DataType;

namespace {

constexpr std::int64_t kSkewMax = 15 * Ticks::kMinute;

Error refused(std::string_view why) {
    return Error(Code::PermissionDenied, "TEL0031", std::string(why));
}

bool two_digits(std::string_view text, std::size_t at, int& out) {
    if (at + 2 > text.size()) {
        return false;
    }
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, out);
    return error == std::errc() && end == text.data() + at + 2;
}

/// The suffix and type a JSON value gets in a custom table.
struct Suffix {
    std::string_view text;
    DataType type;
};
Suffix suffix_of(const Value& value) {
    if (value.if_bool() != nullptr) {
        return {"_b", DataType::Bool};
    }
    if (value.is_number()) {
        return {"_d", DataType::Real};
    }
    if (const std::string* text = value.if_string()) {
        if (text->size() == 36 && parse_guid(*text)) {
            return {"_g", DataType::String};
        }
        // A date alone is no datetime to the service; it needs the time of day.
        if (text->size() >= 16 && parse_iso_timestamp(*text)) {
            return {"_t", DataType::DateTime};
        }
    }
    return {"_s", DataType::String};
}

}  // namespace

Status check_shared_key(const SharedKeyRequest& request, std::string_view workspace_id,
                        const std::vector<crypto::Secret>& keys, Timestamp now) {
    constexpr std::string_view kScheme = "SharedKey ";
    if (!request.authorization.starts_with(kScheme)) {
        return refused("authorization is not SharedKey");
    }
    const std::string_view rest = request.authorization.substr(kScheme.size());
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos || rest.substr(0, colon) != workspace_id) {
        return refused("authorization names another workspace");
    }
    const auto date = parse_rfc1123(request.date);
    if (!date) {
        return refused("x-ms-date is not an RFC 1123 date");
    }
    const std::int64_t skew = (*date - now).count;
    if (skew > kSkewMax || skew < -kSkewMax) {
        return refused("x-ms-date is more than 15 minutes off");
    }
    std::string text = "POST\n" + std::to_string(request.content_length) + "\n";
    text += request.content_type;
    text += "\nx-ms-date:";
    text += request.date;
    text += "\n/api/logs";
    for (const crypto::Secret& key : keys) {
        const Result<std::string> bytes = codec::base64_decode(key.reveal());
        if (bytes.ok() && crypto::constant_time_equal(
                              codec::base64_encode(crypto::hmac_sha256(bytes.value(), text)),
                              rest.substr(colon + 1))) {
            return ok_status();
        }
    }
    return refused("the signature does not match");
}

std::optional<Timestamp> parse_rfc1123(std::string_view text) {
    static constexpr std::array<std::string_view, 12> kMonths = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::size_t comma = text.find(", ");
    if (comma == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(comma + 2);
    // "23 Nov 2026 19:00:00 GMT"
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (text.size() != 24 || !two_digits(text, 0, day) || !two_digits(text, 12, hour) ||
        !two_digits(text, 15, minute) || !two_digits(text, 18, second) ||
        text.substr(20) != " GMT") {
        return std::nullopt;
    }
    int year = 0;
    std::from_chars(text.data() + 7, text.data() + 11, year);
    int month = 0;
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
        if (kMonths[i] == text.substr(3, 3)) {
            month = static_cast<int>(i) + 1;
        }
    }
    if (month == 0 || year < 1 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) {
        return std::nullopt;
    }
    return Timestamp{days_from_civil({.year = year, .month = month, .day = day}) * Ticks::kDay +
                     hour * Ticks::kHour + minute * Ticks::kMinute + second * Ticks::kSecond};
}

std::optional<CollectorCell> collector_cell(std::string_view name, const Value& value,
                                            const columns::Schema* existing) {
    if (value.is_null()) {
        return std::nullopt;
    }
    const Suffix suffix = suffix_of(value);
    CollectorCell cell{.column = std::string(name) + std::string(suffix.text),
                       .type = suffix.type,
                       .value = value};
    if (const std::string* text = value.if_string();
        text != nullptr && suffix.text == "_s" && existing != nullptr) {
        const auto number = existing->index_of(std::string(name) + "_d");
        if (number) {
            if (auto converted = columns::convert_ingested_text(*text, DataType::Real)) {
                cell.column = std::string(name) + "_d";
                cell.type = DataType::Real;
                cell.value = Value(converted->as_real());
            }
        }
    }
    if (cell.type == DataType::String && value.if_string() == nullptr) {
        cell.value = Value(codec::to_json(value));
    }
    return cell;
}

Result<columns::Table> collector_rows(const Value& body, std::string_view table,
                                      std::string_view time_field, RowSink& sink,
                                      Timestamp arrival) {
    std::vector<const Value*> objects;
    if (const Array* array = body.if_array()) {
        for (const Value& one : *array) {
            objects.push_back(&one);
        }
    } else {
        objects.push_back(&body);
    }
    const auto existing = sink.table_schema(table);
    const columns::Schema* known = existing ? &*existing : nullptr;
    columns::Schema wanted;
    wanted.fields.push_back({.name = "TimeGenerated", .type = DataType::DateTime});
    std::vector<std::vector<CollectorCell>> rows;
    for (const Value* object : objects) {
        const Object* members = object->if_object();
        if (members == nullptr) {
            return Error(Code::InvalidArgument, "TEL0032",
                         "the body must be a JSON object or an array of objects");
        }
        if (members->size() > kRowMembersMax || wanted.size() > kRowMembersMax) {
            return Error(Code::InvalidArgument, "TEL0032",
                         "too many members: limit " + std::to_string(kRowMembersMax));
        }
        std::vector<CollectorCell> cells;
        Timestamp time = arrival;
        for (const auto& [name, value] : *members) {
            if (!time_field.empty() && name == time_field) {
                const auto event = parse_iso_timestamp(value.string_or(""));
                if (event && *event >= arrival - Ticks{2 * Ticks::kDay} &&
                    *event <= arrival + Ticks{Ticks::kDay}) {
                    time = *event;
                }
            }
            if (auto cell = collector_cell(name, value, known)) {
                if (!wanted.index_of(cell->column)) {
                    wanted.fields.push_back({.name = cell->column, .type = cell->type});
                }
                cells.push_back(std::move(*cell));
            }
        }
        cells.push_back({.column = "TimeGenerated",
                         .type = DataType::DateTime,
                         .value = Value(format_timestamp(time))});
        rows.push_back(std::move(cells));
    }
    QD_CHECK_OK(sink.ensure_table(table, wanted));
    const auto schema = sink.table_schema(table);
    if (!schema) {
        return Error(Code::Internal, "TEL0010", "table is missing: name=" + std::string(table));
    }
    RowBuilder builder{std::string(table), *schema};
    for (const std::vector<CollectorCell>& cells : rows) {
        builder.begin_row();
        for (const CollectorCell& cell : cells) {
            builder.value(cell.column, cell.value);
        }
    }
    return builder.finish();
}

}  // namespace qd::telemetry
