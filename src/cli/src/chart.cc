#include "chart.h"

#include "qd/base/time.h"
#include "qd/base/utf8.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

namespace qd::cli {

namespace {

struct Point {
    double x;
    double y;
};
using Series = std::vector<std::pair<std::string, std::vector<Point>>>;

constexpr std::size_t kSeriesMax = 6;
constexpr std::array<const char*, kSeriesMax> kColors = {"\x1b[36m", "\x1b[33m", "\x1b[35m",
                                                         "\x1b[32m", "\x1b[31m", "\x1b[34m"};

bool is_number(std::string_view type) {
    return type == "int" || type == "long" || type == "real" || type == "decimal";
}

/// One array per cell of a make-series result, or one point per row.
void add_points(std::vector<Point>& out, const Value& x, const Value& y) {
    const Array* xs = x.if_array();
    const Array* ys = y.if_array();
    if (xs != nullptr && ys != nullptr) {
        for (std::size_t i = 0; i < std::min(xs->size(), ys->size()); ++i) {
            add_points(out, (*xs)[i], (*ys)[i]);
        }
        return;
    }
    const auto at = parse_iso_timestamp(x.string_or(""));
    const double value = y.number_or(std::numeric_limits<double>::quiet_NaN());
    if (at && std::isfinite(value)) {
        out.push_back({.x = static_cast<double>(at->ticks), .y = value});
    }
}

bool holds_times(const Value& cell) {
    if (const Array* array = cell.if_array()) {
        return !array->empty() && holds_times(array->front());
    }
    return parse_iso_timestamp(cell.string_or("")).has_value();
}

Series series_of(const ResultTable& table) {
    std::size_t x = table.columns.size();
    std::vector<std::size_t> ys;
    std::size_t name = table.columns.size();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const std::string& type = table.columns[i].type;
        const bool dynamic_times =
            type == "dynamic" && !table.rows.empty() && holds_times(table.rows.front()[i]);
        if (x == table.columns.size() && (type == "datetime" || dynamic_times)) {
            x = i;
        } else if (is_number(type) || type == "dynamic") {
            ys.push_back(i);
        } else if (type == "string" && name == table.columns.size()) {
            name = i;
        }
    }
    Series out;
    if (x == table.columns.size()) {
        return out;
    }
    std::map<std::string, std::size_t> index;
    for (const auto& row : table.rows) {
        for (const std::size_t y : ys) {
            std::string key = name < row.size() ? cell_text(row[name]) : "";
            if (key.empty() || ys.size() > 1) {
                key += (key.empty() ? "" : " ") + table.columns[y].name;
            }
            const auto [at, fresh] = index.emplace(key, out.size());
            if (fresh) {
                out.emplace_back(key, std::vector<Point>());
            }
            add_points(out[at->second].second, row[x], row[y]);
        }
    }
    std::erase_if(out, [](const auto& one) { return one.second.empty(); });
    if (out.size() > kSeriesMax) {
        out.resize(kSeriesMax);
    }
    return out;
}

std::string axis_number(double value) {
    std::array<char, 32> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                            std::chars_format::general, 4);
    return {buffer.data(), end};
}

class Canvas {
  public:
    Canvas(std::size_t width, std::size_t height)
        : width_(width), height_(height), dots_(width * height), owner_(width * height, kNobody) {}

    void dot(std::size_t x, std::size_t y, std::size_t series) {
        // Bits of a Braille cell by column and row (Unicode, Braille Patterns).
        static constexpr unsigned kBits[4][2] = {
            {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
        const std::size_t cell = y / 4 * width_ + x / 2;
        dots_[cell] |= kBits[y % 4][x % 2];
        owner_[cell] = series;
    }

    std::string line(std::size_t row, bool color) const {
        std::string out;
        std::size_t shown = kNobody;
        for (std::size_t column = 0; column < width_; ++column) {
            const std::size_t cell = row * width_ + column;
            if (dots_[cell] == 0) {
                out += ' ';
                continue;
            }
            if (color && owner_[cell] != shown) {
                shown = owner_[cell];
                out += kColors[shown % kColors.size()];
            }
            append_utf8(out, 0x2800 + dots_[cell]);
        }
        if (shown != kNobody) {
            out += "\x1b[0m";
        }
        return out;
    }

  private:
    static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
    std::size_t width_;
    std::size_t height_;
    std::vector<unsigned> dots_;
    std::vector<std::size_t> owner_;
};

}  // namespace

std::string time_chart(const ResultTable& table, const std::string& title, ChartSize size) {
    Series series = series_of(table);
    if (series.empty()) {
        return {};
    }
    double x_min = std::numeric_limits<double>::infinity();
    double x_max = -x_min;
    double y_min = 0;
    double y_max = -x_min;
    for (auto& [name, points] : series) {
        std::sort(points.begin(), points.end(),
                  [](const Point& a, const Point& b) { return a.x < b.x; });
        for (const Point& point : points) {
            x_min = std::min(x_min, point.x);
            x_max = std::max(x_max, point.x);
            y_min = std::min(y_min, point.y);
            y_max = std::max(y_max, point.y);
        }
    }
    const double x_range = x_max > x_min ? x_max - x_min : 1;
    const double y_range = y_max > y_min ? y_max - y_min : 1;
    const std::size_t dots_x = size.width * 2 - 1;
    const std::size_t dots_y = size.height * 4 - 1;
    Canvas canvas(size.width, size.height);
    for (std::size_t s = 0; s < series.size(); ++s) {
        double last_x = -1;
        double last_y = 0;
        for (const Point& point : series[s].second) {
            const double x = (point.x - x_min) / x_range * static_cast<double>(dots_x);
            const double y = (y_max - point.y) / y_range * static_cast<double>(dots_y);
            // A line to the last point, a dot a column.
            const auto steps = last_x < 0 ? std::size_t{1}
                                          : static_cast<std::size_t>(std::max(
                                                std::abs(x - last_x), std::abs(y - last_y))) +
                                                1;
            for (std::size_t i = 0; i <= steps; ++i) {
                const double t =
                    last_x < 0 ? 1 : static_cast<double>(i) / static_cast<double>(steps);
                const double from_x = last_x < 0 ? x : last_x;
                const double from_y = last_x < 0 ? y : last_y;
                canvas.dot(static_cast<std::size_t>(std::lround(from_x + (x - from_x) * t)),
                           static_cast<std::size_t>(std::lround(from_y + (y - from_y) * t)), s);
            }
            last_x = x;
            last_y = y;
        }
    }
    std::string out;
    if (!title.empty()) {
        out += title + "\n";
    }
    const std::string top = axis_number(y_max);
    const std::string bottom = axis_number(y_min);
    const std::size_t margin = std::max(top.size(), bottom.size());
    for (std::size_t row = 0; row < size.height; ++row) {
        const std::string label = row == 0 ? top : row + 1 == size.height ? bottom : "";
        out += std::string(margin - label.size(), ' ') + label + " │" +
               canvas.line(row, size.color) + "\n";
    }
    out += std::string(margin + 1, ' ') + "└";
    for (std::size_t i = 0; i < size.width; ++i) {
        out += "─";
    }
    const std::string from =
        format_timestamp_trimmed({static_cast<std::int64_t>(x_min)}).substr(0, 16);
    const std::string to =
        format_timestamp_trimmed({static_cast<std::int64_t>(x_max)}).substr(0, 16);
    out +=
        "\n" + std::string(margin + 2, ' ') + from +
        std::string(size.width > from.size() + to.size() ? size.width - from.size() - to.size() : 1,
                    ' ') +
        to + "\n";
    for (std::size_t s = 0; s < series.size(); ++s) {
        out += std::string(margin + 2, ' ');
        out += size.color ? std::string(kColors[s]) + "●\x1b[0m " : "● ";
        out += series[s].first + "\n";
    }
    return out;
}

}  // namespace qd::cli
