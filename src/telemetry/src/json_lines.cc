// One pass over each line with simdjson's on-demand reader, every value straight into its column.
//
// Members mostly come in the order of the line before, so the column of the n-th member is guessed
// and its name compared. Nested values repeat from row to row: their variant bytes are kept by
// their text. The reader checks what it touches; members without a column are parsed too, so that
// an accepted line is JSON as a whole.
#include "json_lines.h"

#include "qd/columns/text.h"
#include "qd/columns/variant.h"

#include <simdjson.h>

#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace qd::telemetry {

using columns::DataType;
using simdjson::ondemand::json_type;
using Member = simdjson::ondemand::value;

namespace {

static_assert(JsonLines::kPadding >= simdjson::SIMDJSON_PADDING);

constexpr std::size_t kNone = static_cast<std::size_t>(-1);
constexpr std::size_t kNamesMax = 4096;       // kept; later ones are looked up each time
constexpr std::size_t kNestedSlots = 4096;    // of the nested values kept
constexpr std::size_t kNestedTextMax = 2048;  // longer texts are parsed each time

/// Variant bytes of the nested values seen last, by their text.
class NestedValues {
  public:
    /// Nothing when the text is not JSON.
    std::optional<std::string_view> find(std::string_view text) {
        if (text.size() > kNestedTextMax) {
            long_ = columns::variant_from_json(text);
            return long_ ? std::optional<std::string_view>(*long_) : std::nullopt;
        }
        Slot& slot = slots_[std::hash<std::string_view>()(text) % kNestedSlots];
        if (slot.text != text) {
            auto variant = columns::variant_from_json(text);
            if (!variant) {
                return std::nullopt;
            }
            slot.text = text;
            slot.variant = std::move(*variant);
        }
        return slot.variant;
    }

  private:
    struct Slot {
        std::string text;
        std::string variant;
    };
    std::vector<Slot> slots_{kNestedSlots};
    std::optional<std::string> long_;
};

/// Plain digits, perhaps with a sign and a fraction: the two readers agree on these to the bit.
bool is_plain_number(std::string_view token) {
    std::size_t end = token.find_last_not_of(" \t\r\n");
    end = end == std::string_view::npos ? 0 : end + 1;
    if (end == 0 || end > 17 || token.starts_with("-0")) {
        return false;
    }
    return token.substr(0, end).find_first_not_of("-.0123456789") == std::string_view::npos;
}

/// A string without escapes is taken where it lies: its bytes were checked when the line was
/// indexed.
std::optional<std::string_view> text_of(Member& value) {
    std::string_view token = value.raw_json_token();
    const std::size_t end = token.find_last_not_of(" \t\r\n");
    token = token.substr(0, end == std::string_view::npos ? 0 : end + 1);
    if (token.size() >= 2 && token.back() == '"' &&
        std::memchr(token.data(), '\\', token.size()) == nullptr) {
        return value.get_raw_json_string().error() == simdjson::SUCCESS
                   ? std::optional(token.substr(1, token.size() - 2))
                   : std::nullopt;
    }
    std::string_view text;
    return value.get_string().get(text) == simdjson::SUCCESS ? std::optional(text) : std::nullopt;
}

bool is_null(Member& value) {
    bool null = false;
    return value.is_null().get(null) == simdjson::SUCCESS && null;
}

}  // namespace

struct JsonLines::State {
    State(RowBuilder& to, const JsonRowRules& how) : rows(to), rules(how) {}

    RowBuilder& rows;
    JsonRowRules rules;
    simdjson::ondemand::parser parser;
    struct Guess {
        std::string name;
        std::size_t column = kNone;
        bool plain = false;  // written without escapes
    };
    std::vector<Guess> guesses;  // of the n-th member
    std::unordered_map<std::string, std::size_t> names;
    NestedValues nested;
    std::string string_variant;  // scratch of set_dynamic_text
    bool unknown = false;

    std::size_t look_up(std::string_view name) {
        const std::string key(name);
        if (const auto known = names.find(key); known != names.end()) {
            return known->second;
        }
        auto column = rows.column(name);
        if (!column && rules.fold_case) {
            column = find_column_folded(rows, name);
        }
        if (names.size() < kNamesMax) {
            names.emplace(key, column.value_or(kNone));
        }
        return column.value_or(kNone);
    }

    /// The column of a line's n-th member, kNone when the table has none; nothing when its name
    /// cannot be read.
    template <typename Field>
    std::optional<std::size_t> column_of(std::size_t place, Field& field) {
        if (place >= guesses.size()) {
            guesses.resize(place + 1);
        }
        Guess& guess = guesses[place];
        if (guess.plain && field.key().value_unsafe().unsafe_is_equal(guess.name)) {
            return guess.column;
        }
        std::string_view name;
        if (field.unescaped_key().get(name) != simdjson::SUCCESS) {
            return std::nullopt;
        }
        guess.name = name;
        guess.plain = name.find_first_of("\"\\") == std::string_view::npos;
        guess.column = look_up(name);
        return guess.column;
    }

    // The setters below return false where the tree must decide.
    bool set_text(std::size_t column, Member& value) {
        const auto read = text_of(value);
        if (!read) {
            return false;
        }
        const std::string_view text = *read;
        const DataType type = rows.field(column).type;
        if (type == DataType::String) {
            rows.set_bytes(column, cut_text(text, rules.text_bytes_max));
            return true;
        }
        if (text.empty()) {
            return true;  // as in the tree's way: no value
        }
        if (type == DataType::Dynamic) {
            set_dynamic_text(column, text);
            return true;
        }
        const auto converted = columns::convert_ingested_text(text, type);
        if (converted) {
            rows.set(column, *converted);
        }
        return converted.has_value();
    }

    /// Arrays and objects written as text are read, other texts are strings.
    void set_dynamic_text(std::size_t column, std::string_view text) {
        if (text.front() == '{' || text.front() == '[') {
            if (const auto parsed = columns::variant_from_json(text)) {
                rows.set_bytes(column, *parsed);
                return;
            }
        }
        string_variant.clear();
        columns::append_variant_string(string_variant, text);
        rows.set_bytes(column, string_variant);
    }

    bool set_number(std::size_t column, Member& value) {
        if (!is_plain_number(value.raw_json_token())) {
            return false;
        }
        simdjson::ondemand::number number;
        if (value.get_number().get(number) != simdjson::SUCCESS) {
            return false;
        }
        const DataType type = rows.field(column).type;
        if (number.is_double() && type == DataType::Real) {
            rows.set_real(column, number.get_double());
            return true;
        }
        if (number.is_int64() && type == DataType::Long) {
            rows.set_int(column, number.get_int64());
            return true;
        }
        if (type == DataType::String || !(number.is_double() || number.is_int64())) {
            return false;
        }
        const Value v = number.is_double() ? Value(number.get_double()) : Value(number.get_int64());
        const auto converted = columns::convert_ingested(v, type);
        if (converted) {
            rows.set(column, *converted);
        }
        return converted.has_value();
    }

    bool set_bool(std::size_t column, Member& value) {
        bool v = false;
        if (value.get_bool().get(v) != simdjson::SUCCESS ||
            rows.field(column).type != DataType::Bool) {
            return false;
        }
        rows.set_int(column, v ? 1 : 0);
        return true;
    }

    std::optional<std::string_view> nested_text(Member& value, json_type type) {
        std::string_view text;
        if (type == json_type::object) {
            simdjson::ondemand::object object;
            if (value.get_object().get(object) != simdjson::SUCCESS ||
                object.raw_json().get(text) != simdjson::SUCCESS) {
                return std::nullopt;
            }
        } else {
            simdjson::ondemand::array array;
            if (value.get_array().get(array) != simdjson::SUCCESS ||
                array.raw_json().get(text) != simdjson::SUCCESS) {
                return std::nullopt;
            }
        }
        return text;
    }

    bool set_nested(std::size_t column, Member& value, json_type type) {
        const auto text = nested_text(value, type);
        if (!text || rows.field(column).type != DataType::Dynamic) {
            return false;
        }
        const auto variant = nested.find(*text);
        if (variant) {
            rows.set_bytes(column, *variant);
        }
        return variant.has_value();
    }

    bool set_member(std::size_t column, Member& value) {
        json_type type{};
        if (rows.is_set(column) || value.type().get(type) != simdjson::SUCCESS) {
            return false;
        }
        switch (type) {
            case json_type::string:
                return set_text(column, value);
            case json_type::number:
                return set_number(column, value);
            case json_type::boolean:
                return set_bool(column, value);
            case json_type::null:
                return is_null(value);
            case json_type::object:
            case json_type::array:
                return set_nested(column, value, type);
        }
        return false;
    }

    /// Only whether it is JSON.
    bool skip_member(Member& value) {
        json_type type{};
        if (value.type().get(type) != simdjson::SUCCESS) {
            return false;
        }
        switch (type) {
            case json_type::string:
                return text_of(value).has_value();
            case json_type::number: {
                double number = 0;
                return value.get_double().get(number) == simdjson::SUCCESS;
            }
            case json_type::boolean: {
                bool v = false;
                return value.get_bool().get(v) == simdjson::SUCCESS;
            }
            case json_type::null:
                return is_null(value);
            case json_type::object:
            case json_type::array: {
                const auto text = nested_text(value, type);
                return text && nested.find(*text).has_value();
            }
        }
        return false;
    }

    bool add_members(simdjson::ondemand::object& object) {
        std::size_t place = 0;
        for (auto field : object) {
            if (field.error() != simdjson::SUCCESS || place == kRowMembersMax) {
                return false;
            }
            const auto found = column_of(place++, field);
            if (!found) {
                return false;
            }
            const std::size_t column = *found;
            Member value;
            unknown = unknown || column == kNone;
            if (field.value().get(value) != simdjson::SUCCESS ||
                !(column == kNone ? skip_member(value) : set_member(column, value))) {
                return false;
            }
        }
        return true;
    }

    bool add_line(std::string_view line) {
        simdjson::ondemand::document document;
        simdjson::ondemand::object object;
        if (parser.iterate(line.data(), line.size(), line.size() + kPadding).get(document) !=
                simdjson::SUCCESS ||
            document.get_object().get(object) != simdjson::SUCCESS || !add_members(object)) {
            return false;
        }
        const char* rest = nullptr;
        return document.current_location().get(rest) == simdjson::OUT_OF_BOUNDS;
    }
};

JsonLines::JsonLines(RowBuilder& rows, const JsonRowRules& rules)
    : state_(std::make_unique<State>(rows, rules)) {}

JsonLines::~JsonLines() = default;

bool JsonLines::unknown_member() const {
    return state_->unknown;
}

JsonLines::Outcome JsonLines::add(std::string_view line) {
    if (state_->rules.limit_time) {
        return Outcome::Tree;
    }
    state_->rows.begin_row();
    if (!state_->add_line(line)) {
        state_->rows.drop_row();
        return Outcome::Tree;
    }
    settle_time(state_->rows, state_->rules);
    return Outcome::Added;
}

}  // namespace qd::telemetry
