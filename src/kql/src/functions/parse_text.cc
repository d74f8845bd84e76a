#include "functions/families.h"
#include "functions/row_kernels.h"
#include "qd/codec/csv.h"

#include <algorithm>
#include <string>
#include <vector>

// Text of known shapes taken apart: URLs, query strings, file paths, CSV records, Windows command
// lines. Source: the documentation's descriptions; RFC 3986; the rules of CommandLineToArgvW.

namespace qd::kql {
namespace {

using Arguments = std::span<const Argument>;

/// Cuts off and returns what stands before the separator; the whole text when there is none.
std::string_view take_until(std::string_view& text, char separator) {
    const std::size_t at = text.find(separator);
    const std::string_view head = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
    return head;
}

Object query_parameters(std::string_view query) {
    Object parameters;
    while (!query.empty()) {
        std::string_view pair = take_until(query, '&');
        const std::string_view key = take_until(pair, '=');
        if (!key.empty()) {
            parameters.set(std::string(key), Value(pair));
        }
    }
    return parameters;
}

bool is_scheme(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '+' || c == '-' || c == '.';
    });
}

Value parse_url(std::string_view url) {
    std::string_view scheme;
    std::string_view authority;
    std::string_view fragment;
    if (const std::size_t hash = url.find('#'); hash != std::string_view::npos) {
        fragment = url.substr(hash + 1);
        url = url.substr(0, hash);
    }
    std::string_view query;
    if (const std::size_t mark = url.find('?'); mark != std::string_view::npos) {
        query = url.substr(mark + 1);
        url = url.substr(0, mark);
    }
    const std::size_t slashes = url.find("://");
    if (slashes != std::string_view::npos && is_scheme(url.substr(0, slashes))) {
        scheme = url.substr(0, slashes);
        url.remove_prefix(slashes + 3);
        const std::size_t path = std::min(url.find('/'), url.size());
        authority = url.substr(0, path);
        url.remove_prefix(path);
    }
    std::string_view user;
    std::string_view password;
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        password = authority.substr(0, at);
        user = take_until(password, ':');
        authority.remove_prefix(at + 1);
    }
    std::string_view port;
    const std::size_t bracket = authority.rfind(']');  // "[::1]:80"
    const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos) {
        port = authority.substr(colon + 1);
        authority = authority.substr(0, colon);
    }
    Object parts;
    parts.append("Scheme", scheme);
    parts.append("Host", authority);
    parts.append("Port", port);
    parts.append("Path", url);
    parts.append("Username", user);
    parts.append("Password", password);
    parts.append("Query Parameters", query_parameters(query));
    parts.append("Fragment", fragment);
    return parts;
}

Value parse_urlquery(std::string_view query) {
    if (query.starts_with('?')) {
        query.remove_prefix(1);
    }
    Object parts;
    parts.append("Query Parameters", query_parameters(query));
    return parts;
}

bool is_separator(char c) {
    return c == '/' || c == '\\';
}

Value parse_path(std::string_view path) {
    std::string_view scheme;
    const std::size_t slashes = path.find("://");
    if (slashes != std::string_view::npos && is_scheme(path.substr(0, slashes))) {
        scheme = path.substr(0, slashes);
        path.remove_prefix(slashes + 3);
    }
    std::string_view root;
    if (path.size() >= 2 && path[1] == ':' && !is_separator(path[0])) {
        root = path.substr(0, 2);
    } else if (!path.empty() && is_separator(path[0])) {
        root = path.substr(0, 1);
    }
    const std::size_t last = path.find_last_of("/\\");
    std::string_view directory =
        last == std::string_view::npos ? std::string_view() : path.substr(0, last);
    std::string_view file = last == std::string_view::npos ? path : path.substr(last + 1);
    if (file.size() == path.size() && root.size() == 2) {  // "C:file.txt"
        file.remove_prefix(2);
    }
    const std::size_t parent = directory.find_last_of("/\\");
    const std::string_view directory_name =
        parent == std::string_view::npos ? directory : directory.substr(parent + 1);
    std::string_view stream = file;
    file = take_until(stream, ':');
    const std::size_t dot = file.rfind('.');
    const std::string_view extension =
        dot == std::string_view::npos ? std::string_view() : file.substr(dot + 1);
    Object parts;
    parts.append("Scheme", scheme);
    parts.append("RootPath", root);
    parts.append("DirectoryPath", directory);
    parts.append("DirectoryName", directory_name);
    parts.append("Filename", file);
    parts.append("Extension", extension);
    parts.append("AlternateDataStreamName", stream);
    return parts;
}

/// The fields of the first record; null for text that is no CSV.
Value parse_csv(std::string_view text) {
    codec::CsvReader reader(text);
    std::vector<codec::CsvReader::Field> record;
    const auto read = reader.next(record);
    if (!read.ok() || !read.value()) {
        return {};
    }
    Array fields;
    for (auto& field : record) {
        fields.emplace_back(std::move(field.text));
    }
    return fields;
}

/// Blanks part arguments except inside quotes; 2n backslashes before a quote are n, an odd one
/// more makes the quote literal; two quotes inside quotes are one.
Value split_command_line(std::string_view line) {
    Array arguments;
    std::string current;
    bool quoted = false;
    bool started = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '\\') {
            std::size_t run = 0;
            while (i + run < line.size() && line[i + run] == '\\') {
                ++run;
            }
            const bool before_quote = i + run < line.size() && line[i + run] == '"';
            current.append(before_quote ? run / 2 : run, '\\');
            i += run - 1;
            if (before_quote && run % 2 == 1) {
                current.push_back('"');
                ++i;
            }
            started = true;
        } else if (c == '"') {
            if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
                current.push_back('"');
                ++i;
            } else {
                quoted = !quoted;
            }
            started = true;
        } else if ((c == ' ' || c == '\t') && !quoted) {
            if (started) {
                arguments.emplace_back(std::move(current));
                current.clear();
                started = false;
            }
        } else {
            current.push_back(c);
            started = true;
        }
    }
    if (started) {
        arguments.emplace_back(std::move(current));
    }
    return arguments;
}

using Parse = Value (*)(std::string_view);

template <Parse Function>
Result<BoundCall> bind_parse(Arguments args) {
    return bind_row("parse", args, {Accepts::Text}, DataType::Dynamic,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        out.append_value(Function(text_at(a, 0, row)));
                    });
}

Result<BoundCall> bind_command_line(Arguments args) {
    QD_TRY(const std::string parser, constant_text("parse_command_line", args[1], "parser"));
    if (parser != "windows" && parser != "Windows") {
        return semantic_error("SEM0231", "parse_command_line(): the parser must be \"windows\"",
                              args[1].span);
    }
    return bind_row("parse_command_line", args, {Accepts::AnyAsText, Accepts::Text},
                    DataType::Dynamic, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const std::string_view line = text_at(a, 0, row);
                        if (line.empty()) {
                            out.append_null();
                        } else {
                            out.append_value(split_command_line(line));
                        }
                    });
}

constexpr ScalarFunction kFunctions[] = {
    {"parse_url", "parse_url(url:string) : dynamic", "The parts of a URL.", 1, 1, Naming::Anonymous,
     bind_parse<parse_url>},
    {"parseurl", "parseurl(url:string) : dynamic", "Old spelling of parse_url().", 1, 1,
     Naming::Anonymous, bind_parse<parse_url>},
    {"parse_urlquery", "parse_urlquery(query:string) : dynamic",
     "The parameters of a query string.", 1, 1, Naming::Anonymous, bind_parse<parse_urlquery>},
    {"parseurlquery", "parseurlquery(query:string) : dynamic", "Old spelling of parse_urlquery().",
     1, 1, Naming::Anonymous, bind_parse<parse_urlquery>},
    {"parse_path", "parse_path(path:string) : dynamic", "The parts of a file path.", 1, 1,
     Naming::Anonymous, bind_parse<parse_path>},
    {"parse_csv", "parse_csv(text:string) : dynamic", "The fields of one CSV record.", 1, 1,
     Naming::FirstArgument, bind_parse<parse_csv>},
    {"parse_command_line", "parse_command_line(text:string, parser:string) : dynamic",
     "The arguments of a Windows command line.", 2, 2, Naming::Anonymous, bind_command_line},
};

}  // namespace

std::span<const ScalarFunction> parse_text_functions() {
    return kFunctions;
}

}  // namespace qd::kql
