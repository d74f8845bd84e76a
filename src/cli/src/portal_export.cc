#include "portal_export.h"

#include <algorithm>
#include <charconv>

namespace qd::cli {

namespace {

bool read_number(std::string_view text, std::size_t& at, int& out) {
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), out);
    if (error != std::errc()) {
        return false;
    }
    at = static_cast<std::size_t>(end - text.data());
    return true;
}

bool skip(std::string_view text, std::size_t& at, std::string_view wanted) {
    if (text.substr(at, wanted.size()) != wanted) {
        return false;
    }
    at += wanted.size();
    return true;
}

std::string two(int number) {
    std::string out = std::to_string(number);
    return out.size() < 2 ? "0" + out : out;
}

}  // namespace

std::vector<std::string> export_columns(const std::vector<std::string>& header) {
    std::vector<std::string> out;
    for (const std::string& name : header) {
        std::string column = name;
        if (column.ends_with(" [UTC]")) {
            column.resize(column.size() - 6);
        }
        for (const std::string_view suffix : {"_dynamic", "_string"}) {
            if (!column.ends_with(suffix)) {
                continue;
            }
            const std::string base = column.substr(0, column.size() - suffix.size());
            const std::string twin = base + (suffix == "_dynamic" ? "_string" : "_dynamic");
            if (std::find(header.begin(), header.end(), twin) != header.end()) {
                column = base;
                break;
            }
        }
        out.push_back(std::move(column));
    }
    return out;
}

std::optional<std::string> export_time(std::string_view text) {
    std::size_t at = 0;
    int month = 0;
    int day = 0;
    int year = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!read_number(text, at, month) || !skip(text, at, "/") || !read_number(text, at, day) ||
        !skip(text, at, "/") || !read_number(text, at, year) || !skip(text, at, ", ") ||
        !read_number(text, at, hour) || !skip(text, at, ":") || !read_number(text, at, minute) ||
        !skip(text, at, ":") || !read_number(text, at, second)) {
        return std::nullopt;
    }
    std::string fraction;
    if (skip(text, at, ".")) {
        const std::size_t begin = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
            ++at;
        }
        fraction = "." + std::string(text.substr(begin, at - begin));
    }
    const bool afternoon = text.substr(at) == " PM";
    if ((!afternoon && text.substr(at) != " AM") || hour < 1 || hour > 12) {
        return std::nullopt;
    }
    hour = hour % 12 + (afternoon ? 12 : 0);
    return std::to_string(year) + "-" + two(month) + "-" + two(day) + "T" + two(hour) + ":" +
           two(minute) + ":" + two(second) + fraction + "Z";
}

}  // namespace qd::cli
