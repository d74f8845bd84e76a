#include "document_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace qd::alerting {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string join_path(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
}

std::optional<double> parse_number(std::string_view text) {
    double number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
        return std::nullopt;
    }
    return number;
}

}  // namespace

bool equals_without_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

Value* DocumentReader::field(Value& object, std::string_view name) {
    Object* properties = object.if_object();
    if (properties == nullptr) {
        return nullptr;
    }
    Value* found = properties->find(name);
    if (found == nullptr) {
        for (auto& [key, value] : *properties) {
            if (equals_without_case(key, name)) {
                found = &value;
                break;
            }
        }
    }
    return found == nullptr || found->is_null() ? nullptr : found;
}

void DocumentReader::error(std::string id, std::string path, std::string message) {
    findings_.push_back(
        {FindingLevel::Error, std::move(id), std::move(path), std::move(message), std::nullopt});
}

void DocumentReader::warn(std::string id, std::string path, std::string message) {
    findings_.push_back(
        {FindingLevel::Warning, std::move(id), std::move(path), std::move(message), std::nullopt});
}

bool DocumentReader::is_expression(const Value& value, const std::string& path) {
    const std::string* text = value.if_string();
    if (text == nullptr || text->size() < 2 || text->front() != '[' || text->back() != ']' ||
        (*text)[1] == '[') {
        return false;
    }
    error("ALR0105", path, "template expression is not resolved: " + *text);
    return true;
}

void DocumentReader::wrong_type(const std::string& path, std::string_view wanted) {
    error("ALR0103", path, "value has the wrong type, wanted " + std::string(wanted));
}

std::optional<std::string> DocumentReader::text(Value& object, std::string_view name,
                                                const std::string& path) {
    Value* value = field(object, name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (const std::string* text = value->if_string()) {
        return *text;
    }
    wrong_type(join_path(path, name), "a string");
    return std::nullopt;
}

std::optional<bool> DocumentReader::boolean(Value& object, std::string_view name,
                                            const std::string& path) {
    Value* value = field(object, name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (const bool* flag = value->if_bool()) {
        return *flag;
    }
    if (const std::string* text = value->if_string()) {
        if (equals_without_case(*text, "true") || equals_without_case(*text, "false")) {
            const bool flag = equals_without_case(*text, "true");
            *value = Value(flag);
            return flag;
        }
        if (is_expression(*value, join_path(path, name))) {
            return std::nullopt;
        }
    }
    wrong_type(join_path(path, name), "true or false");
    return std::nullopt;
}

std::optional<double> DocumentReader::number(Value& object, std::string_view name,
                                             const std::string& path) {
    Value* value = field(object, name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (value->if_int() != nullptr || value->if_double() != nullptr) {
        return value->number_or(0);
    }
    if (const std::string* text = value->if_string()) {
        if (const auto number = parse_number(*text)) {
            const double whole = std::trunc(*number);
            if (whole == *number && std::abs(whole) < 9e15) {
                *value = Value(static_cast<std::int64_t>(whole));
            } else {
                *value = Value(*number);
            }
            return number;
        }
        if (is_expression(*value, join_path(path, name))) {
            return std::nullopt;
        }
    }
    wrong_type(join_path(path, name), "a number");
    return std::nullopt;
}

std::optional<std::int64_t> DocumentReader::integer(Value& object, std::string_view name,
                                                    const std::string& path, std::int64_t least,
                                                    std::int64_t most) {
    const auto found = number(object, name, path);
    if (!found.has_value()) {
        return std::nullopt;
    }
    if (std::trunc(*found) != *found || *found < static_cast<double>(least) ||
        *found > static_cast<double>(most)) {
        error("ALR0104", join_path(path, name),
              "number is not a whole number from " + std::to_string(least) + " to " +
                  std::to_string(most));
        return std::nullopt;
    }
    return static_cast<std::int64_t>(*found);
}

std::optional<Ticks> DocumentReader::duration(Value& object, std::string_view name,
                                              const std::string& path) {
    Value* value = field(object, name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (const std::string* text = value->if_string()) {
        const auto ticks = parse_iso_duration(*text);
        if (ticks.has_value() && ticks->count >= 0) {
            return ticks;
        }
        if (is_expression(*value, join_path(path, name))) {
            return std::nullopt;
        }
        error("ALR0104", join_path(path, name), "text is no ISO 8601 duration: " + *text);
        return std::nullopt;
    }
    wrong_type(join_path(path, name), "an ISO 8601 duration");
    return std::nullopt;
}

std::optional<std::size_t> DocumentReader::choice(Value& object, std::string_view name,
                                                  const std::string& path,
                                                  std::initializer_list<std::string_view> names) {
    const auto found = text(object, name, path);
    if (!found.has_value()) {
        return std::nullopt;
    }
    std::size_t index = 0;
    for (const std::string_view candidate : names) {
        if (equals_without_case(candidate, *found)) {
            return index;
        }
        ++index;
    }
    if (!is_expression(*field(object, name), join_path(path, name))) {
        error("ALR0104", join_path(path, name), "value is none of the allowed ones: " + *found);
    }
    return std::nullopt;
}

std::vector<std::string> DocumentReader::texts(Value& object, std::string_view name,
                                               const std::string& path) {
    std::vector<std::string> out;
    Value* value = field(object, name);
    if (value == nullptr) {
        return out;
    }
    if (const Array* items = value->if_array()) {
        for (std::size_t i = 0; i < items->size(); ++i) {
            if (const std::string* text = (*items)[i].if_string()) {
                out.push_back(*text);
            } else {
                wrong_type(join_path(path, name) + "[" + std::to_string(i) + "]", "a string");
            }
        }
    } else if (!is_expression(*value, join_path(path, name))) {
        wrong_type(join_path(path, name), "a list of strings");
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> DocumentReader::text_map(Value& object,
                                                                          std::string_view name,
                                                                          const std::string& path) {
    std::vector<std::pair<std::string, std::string>> out;
    Value* value = field(object, name);
    if (value == nullptr) {
        return out;
    }
    if (const Object* properties = value->if_object()) {
        for (const auto& [key, item] : *properties) {
            if (const std::string* text = item.if_string()) {
                out.emplace_back(key, *text);
            } else {
                wrong_type(join_path(path, name) + "." + key, "a string");
            }
        }
    } else if (!is_expression(*value, join_path(path, name))) {
        wrong_type(join_path(path, name), "an object of strings");
    }
    return out;
}

namespace {

/// Walks well-formed JSON text without building anything.
class JsonWalker {
  public:
    explicit JsonWalker(std::string_view text) : text_(text) {}

    std::optional<TextSpan> locate(std::string_view path) {
        while (!path.empty()) {
            blank();
            if (path.front() == '[') {
                const std::size_t close = path.find(']');
                std::size_t index = 0;
                if (close == std::string_view::npos ||
                    std::from_chars(path.data() + 1, path.data() + close, index).ec !=
                        std::errc() ||
                    !enter_item(index)) {
                    return std::nullopt;
                }
                path.remove_prefix(close + 1);
            } else {
                std::size_t end = path.find_first_of(".[");
                end = end == std::string_view::npos ? path.size() : end;
                if (!enter_property(path.substr(0, end))) {
                    return std::nullopt;
                }
                path.remove_prefix(end);
            }
            if (!path.empty() && path.front() == '.') {
                path.remove_prefix(1);
            }
        }
        blank();
        const std::size_t begin = at_;
        skip_value();
        return TextSpan{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_ - begin)};
    }

  private:
    bool done() const { return at_ >= text_.size(); }
    void blank() {
        while (!done() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
            ++at_;
        }
    }
    bool take(char c) {
        blank();
        if (done() || text_[at_] != c) {
            return false;
        }
        ++at_;
        return true;
    }
    std::string_view string() {
        const std::size_t begin = ++at_;
        while (!done() && text_[at_] != '"') {
            at_ += text_[at_] == '\\' ? 2U : 1U;
        }
        const std::size_t end = std::min(at_, text_.size());
        at_ = end + 1;
        return text_.substr(begin, end - begin);
    }
    void skip_value() {
        blank();
        int depth = 0;
        while (!done()) {
            const char c = text_[at_];
            if (c == '"') {
                string();
                if (depth == 0) {
                    return;
                }
                continue;
            }
            if (c == '{' || c == '[') {
                ++depth;
            } else if (c == '}' || c == ']') {
                if (depth == 0) {
                    return;
                }
                if (--depth == 0) {
                    ++at_;
                    return;
                }
            } else if (depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r')) {
                return;
            }
            ++at_;
        }
    }
    bool enter_item(std::size_t index) {
        if (!take('[')) {
            return false;
        }
        for (std::size_t i = 0; i < index; ++i) {
            skip_value();
            if (!take(',')) {
                return false;
            }
        }
        return true;
    }
    bool enter_property(std::string_view name) {
        if (!take('{')) {
            return false;
        }
        while (true) {
            blank();
            if (done() || text_[at_] != '"') {
                return false;
            }
            const std::string_view key = string();
            if (!take(':')) {
                return false;
            }
            if (equals_without_case(key, name)) {
                return true;
            }
            skip_value();
            if (!take(',')) {
                return false;
            }
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::optional<TextSpan> locate_json_path(std::string_view json, std::string_view path) {
    return JsonWalker(json).locate(path);
}

}  // namespace qd::alerting
