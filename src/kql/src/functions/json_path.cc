#include "functions/json_path.h"

#include "value_text.h"

#include <algorithm>

namespace qd::kql {
namespace {

std::optional<PathStep> parse_bracket(std::string_view inside) {
    if (inside.size() >= 2 && (inside.front() == '\'' || inside.front() == '"') &&
        inside.back() == inside.front()) {
        return PathStep(std::string(inside.substr(1, inside.size() - 2)));
    }
    const auto index = parse_long_text(inside);
    return index ? std::optional<PathStep>(*index) : std::nullopt;
}

/// The bracket that closes, quotes considered.
std::size_t closing_bracket(std::string_view path, std::size_t at) {
    char quote = '\0';
    for (; at < path.size(); ++at) {
        const char c = path[at];
        if (quote != '\0') {
            quote = c == quote ? '\0' : quote;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == ']') {
            return at;
        }
    }
    return std::string_view::npos;
}

}  // namespace

std::optional<std::vector<PathStep>> parse_json_path(std::string_view path) {
    if (path.empty() || path.front() != '$') {
        return std::nullopt;
    }
    std::vector<PathStep> steps;
    for (std::size_t at = 1; at < path.size();) {
        if (path[at] == '[') {
            const std::size_t end = closing_bracket(path, at);
            if (end == std::string_view::npos) {
                return std::nullopt;
            }
            auto step = parse_bracket(path.substr(at + 1, end - at - 1));
            if (!step) {
                return std::nullopt;
            }
            steps.push_back(std::move(*step));
            at = end + 1;
        } else if (path[at] == '.') {
            const std::size_t end = std::min(path.find_first_of(".[", at + 1), path.size());
            if (end == at + 1) {
                return std::nullopt;
            }
            steps.emplace_back(std::string(path.substr(at + 1, end - at - 1)));
            at = end;
        } else {
            return std::nullopt;
        }
    }
    return steps;
}

std::vector<PathStep> steps_of_key(std::string_view key) {
    if (key.starts_with("$.") || key.starts_with("$[")) {
        if (auto steps = parse_json_path(key)) {
            return std::move(*steps);
        }
    }
    return {PathStep(std::string(key))};
}

const Value* follow_path(const Value& root, const std::vector<PathStep>& steps) {
    const Value* at = &root;
    for (const PathStep& step : steps) {
        if (const auto* name = std::get_if<std::string>(&step)) {
            at = at->get(*name);
        } else {
            const Array* array = at->if_array();
            std::int64_t index = std::get<std::int64_t>(step);
            if (array == nullptr) {
                return nullptr;
            }
            if (index < 0) {
                index += static_cast<std::int64_t>(array->size());
            }
            at = index >= 0 && index < static_cast<std::int64_t>(array->size())
                     ? &(*array)[static_cast<std::size_t>(index)]
                     : nullptr;
        }
        if (at == nullptr) {
            return nullptr;
        }
    }
    return at;
}

}  // namespace qd::kql
