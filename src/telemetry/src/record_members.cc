#include "record_members.h"

#include "qd/base/time.h"
#include "qd/codec/json.h"

#include <charconv>
#include <optional>
#include <vector>

namespace qd::telemetry {

namespace {

struct Rename {
    std::string_view from;
    std::string_view to;
};

constexpr Rename kEnvelope[] = {
    {"time", "TimeGenerated"},
    {"resourceid", "ResourceId"},
    {"operationname", "OperationName"},
    {"operationversion", "OperationVersion"},
    {"category", "Category"},
    {"tenantid", "AADTenantId"},
    {"resulttype", "ResultType"},
    {"resultsignature", "ResultSignature"},
    {"resultdescription", "ResultDescription"},
    {"durationms", "DurationMs"},
    {"correlationid", "CorrelationId"},
    {"identity", "Identity"},
    {"level", "Level"},
    {"location", "Location"},
    {"resource", "Resource"},
    {"resourcegroup", "ResourceGroup"},
    {"resourceprovider", "ResourceProvider"},
};

/// Reads "M/D/YYYY H:MM:SS[.fff…][ AM|PM][ ±HH:MM]", each part with or without leading zero.
class UsTime {
  public:
    explicit UsTime(std::string_view text) : text_(text) {}

    std::optional<Timestamp> read() {
        const auto month = number();
        const bool first = skip('/');
        const auto day = number();
        const bool second = skip('/');
        const auto year = number();
        const bool space = skip(' ');
        auto hour = number();
        const bool third = skip(':');
        const auto minute = number();
        const bool fourth = skip(':');
        const auto seconds = number();
        if (!(first && second && space && third && fourth) || !month || !day || !year || !hour ||
            !minute || !seconds || *month < 1 || *month > 12 || *day < 1 || *day > 31 ||
            *year < 1 || *year > 9999 || *hour > 23 || *minute > 59 || *seconds > 59) {
            return std::nullopt;
        }
        const std::int64_t fraction = fraction_ticks();
        const bool blank = skip(' ');
        if (blank && (word("AM") || word("PM"))) {
            if (*hour < 1 || *hour > 12) {
                return std::nullopt;
            }
            *hour = *hour % 12 + (text_[at_ - 2] == 'P' ? 12 : 0);
            skip(' ');
        }
        const auto offset = zone_ticks();
        if (!offset || at_ != text_.size()) {
            return std::nullopt;
        }
        const std::int64_t days = days_from_civil({.year = *year, .month = *month, .day = *day});
        return Timestamp{days * Ticks::kDay + *hour * Ticks::kHour + *minute * Ticks::kMinute +
                         *seconds * Ticks::kSecond + fraction - *offset};
    }

  private:
    std::optional<int> number() {
        int out = 0;
        const auto [end, error] =
            std::from_chars(text_.data() + at_, text_.data() + text_.size(), out);
        if (error != std::errc() || out < 0) {
            return std::nullopt;
        }
        at_ = static_cast<std::size_t>(end - text_.data());
        return out;
    }
    bool skip(char wanted) {
        if (at_ >= text_.size() || text_[at_] != wanted) {
            return false;
        }
        ++at_;
        return true;
    }
    bool word(std::string_view wanted) {
        if (text_.substr(at_, wanted.size()) != wanted) {
            return false;
        }
        at_ += wanted.size();
        return true;
    }
    std::int64_t fraction_ticks() {
        std::int64_t ticks = 0;
        if (skip('.')) {
            std::int64_t unit = Ticks::kSecond / 10;
            while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
                ticks += (text_[at_++] - '0') * unit;
                unit /= 10;
            }
        }
        return ticks;
    }
    std::optional<std::int64_t> zone_ticks() {
        if (at_ >= text_.size()) {
            return 0;
        }
        const bool west = text_[at_] == '-';
        if (!west && text_[at_] != '+') {
            return std::nullopt;
        }
        ++at_;
        const auto hours = number();
        const bool colon = skip(':');
        const auto minutes = number();
        if (!hours || !colon || !minutes || *hours > 14 || *minutes > 59) {
            return std::nullopt;
        }
        const std::int64_t offset = *hours * Ticks::kHour + *minutes * Ticks::kMinute;
        return west ? -offset : offset;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c | 0x20);
        }
    }
    return out;
}

std::string pascal(std::string_view name) {
    std::string out(name);
    if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') {
        out[0] = static_cast<char>(out[0] - 'a' + 'A');
    }
    return out;
}

const Value* member_folded(const Value& object, std::string_view name) {
    if (const Object* members = object.if_object()) {
        for (const auto& [key, value] : *members) {
            if (key.size() == name.size() && lower(key) == name) {
                return &value;
            }
        }
    }
    return nullptr;
}

std::string_view envelope_column(std::string_view folded_name) {
    for (const Rename& rename : kEnvelope) {
        if (rename.from == folded_name) {
            return rename.to;
        }
    }
    return {};
}

Value properties_of_record(const Value& record) {
    const Value* properties = member_folded(record, "properties");
    if (properties == nullptr) {
        return {};
    }
    if (const std::string* text = properties->if_string();
        text != nullptr && text->starts_with('{')) {
        if (auto parsed = codec::parse_json(*text); parsed.ok()) {
            return std::move(parsed).value();
        }
    }
    return properties->if_object() != nullptr ? *properties : Value();
}

Status check_member_count(const Value& record) {
    const auto too_many = [](const Value* value) {
        return value != nullptr && value->if_object() != nullptr &&
               value->if_object()->size() > kRecordMembersMax;
    };
    if (too_many(&record) || too_many(member_folded(record, "properties"))) {
        return Error(Code::InvalidArgument, "TEL0023",
                     "a record has too many members: limit " + std::to_string(kRecordMembersMax));
    }
    return ok_status();
}

Value record_time(const Value& time) {
    const std::string* text = time.if_string();
    if (text == nullptr || parse_iso_timestamp(*text)) {
        return time;
    }
    std::string compact;
    for (const char c : *text) {
        if (c != ' ' || !compact.ends_with(':')) {
            compact += c;
        }
    }
    if (const auto iso = parse_iso_timestamp(compact)) {
        return Value(format_timestamp(*iso));
    }
    const auto read = UsTime(compact).read();
    return read ? Value(format_timestamp(*read)) : time;
}

ResourceId parse_resource_id(std::string_view id) {
    std::vector<std::string_view> parts;
    while (!id.empty()) {
        const std::size_t slash = id.find('/');
        if (slash != 0) {
            parts.push_back(id.substr(0, slash));
        }
        id.remove_prefix(slash == std::string_view::npos ? id.size() : slash + 1);
    }
    ResourceId out;
    for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
        const std::string kind = lower(parts[i]);
        if (kind == "subscriptions") {
            out.subscription = parts[i + 1];
        } else if (kind == "resourcegroups") {
            out.group = parts[i + 1];
        } else if (kind == "providers") {
            out.provider = parts[i + 1];
        } else {
            out.type += (out.type.empty() ? "" : "/") + std::string(parts[i]);
            out.name = parts[i + 1];
        }
    }
    return out;
}

bool is_entra_resource(const Value& record) {
    const Value* id = member_folded(record, "resourceid");
    return id != nullptr && id->if_string() != nullptr &&
           lower(*id->if_string()).find("/providers/microsoft.aadiam") != std::string::npos;
}

}  // namespace qd::telemetry
