#include "result_table.h"

#include "qd/base/utf8.h"
#include "qd/codec/csv.h"
#include "qd/codec/json.h"

#include <algorithm>

namespace qd::cli {

namespace {

bool is_number(std::string_view type) {
    return type == "int" || type == "long" || type == "real" || type == "decimal";
}

/// One line, at most `cell_max` code points.
std::string one_line(std::string text, std::size_t cell_max) {
    std::string out;
    std::size_t at = 0;
    std::size_t width = 0;
    while (at < text.size()) {
        const std::size_t begin = at;
        const char32_t point = next_code_point(text, at);
        if (cell_max > 0 && width + 1 >= cell_max && at < text.size()) {
            out += "…";
            return out;
        }
        if (point == '\n' || point == '\r' || point == '\t') {
            out += ' ';
        } else {
            out.append(text, begin, at - begin);
        }
        ++width;
    }
    return out;
}

void pad(std::string& out, const std::string& text, std::size_t width, bool right) {
    const std::size_t own = count_code_points(text);
    const std::size_t blanks = width > own ? width - own : 0;
    if (right) {
        out.append(blanks, ' ');
    }
    out += text;
    if (!right) {
        out.append(blanks, ' ');
    }
}

void end_line(std::string& out) {
    while (!out.empty() && out.back() == ' ') {
        out.pop_back();
    }
    out += '\n';
}

}  // namespace

std::string cell_text(const Value& cell) {
    if (cell.is_null()) {
        return {};
    }
    if (const std::string* text = cell.if_string()) {
        return *text;
    }
    return codec::to_json(cell);
}

std::string aligned(const ResultTable& table, std::size_t cell_max) {
    std::vector<std::vector<std::string>> cells;
    std::vector<std::size_t> widths;
    for (const ResultColumn& column : table.columns) {
        widths.push_back(count_code_points(column.name));
    }
    for (const auto& row : table.rows) {
        std::vector<std::string> line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line.push_back(one_line(cell_text(row[i]), cell_max));
            widths[i] = std::max(widths[i], count_code_points(line.back()));
        }
        cells.push_back(std::move(line));
    }
    std::string out;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        pad(out, table.columns[i].name, widths[i], is_number(table.columns[i].type));
        out += "  ";
    }
    end_line(out);
    for (const std::size_t width : widths) {
        out.append(width, '-');
        out += "  ";
    }
    end_line(out);
    for (const auto& line : cells) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            pad(out, line[i], widths[i], is_number(table.columns[i].type));
            out += "  ";
        }
        end_line(out);
    }
    out +=
        "(" + std::to_string(table.rows.size()) + (table.rows.size() == 1 ? " row)\n" : " rows)\n");
    return out;
}

std::string as_csv(const ResultTable& table) {
    std::string out;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        out += i == 0 ? "" : ",";
        codec::append_csv_field(out, table.columns[i].name);
    }
    out += '\n';
    for (const auto& row : table.rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out += i == 0 ? "" : ",";
            codec::append_csv_field(out, cell_text(row[i]));
        }
        out += '\n';
    }
    return out;
}

std::string as_json(const ResultTable& table) {
    std::string out = "[";
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
        out += r == 0 ? "\n" : ",\n";
        out += "{";
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            out += i == 0 ? "" : ",";
            codec::append_json_string(out, table.columns[i].name);
            out += ':';
            codec::append_json(out, table.rows[r][i]);
        }
        out += "}";
    }
    out += "\n]\n";
    return out;
}

}  // namespace qd::cli
