#include "qd/kql/diagnostics.h"

#include "qd/base/utf8.h"

#include <algorithm>

namespace qd::kql {
namespace {

std::size_t line_begin(std::string_view text, std::size_t offset) {
    const std::size_t newline = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
    return newline == std::string_view::npos ? 0 : newline + 1;
}

// Code points of possibly malformed text: every byte that begins one.
std::size_t columns_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

// Long lines are shown as a window around the fault.
constexpr std::size_t kWindowColumns = 100;

}  // namespace

TextPosition position_of(std::string_view text, std::uint32_t offset) {
    const std::size_t at = std::min<std::size_t>(offset, text.size());
    const std::string_view before = text.substr(0, at);
    TextPosition position;
    position.line = static_cast<std::uint32_t>(1 + std::count(before.begin(), before.end(), '\n'));
    position.column =
        static_cast<std::uint32_t>(1 + columns_of(before.substr(line_begin(text, at))));
    return position;
}

std::string render_caret(std::string_view text, const Diagnostic& diagnostic) {
    const std::size_t at = std::min<std::size_t>(diagnostic.span.offset, text.size());
    const TextPosition position = position_of(text, diagnostic.span.offset);
    std::string out = "line " + std::to_string(position.line) + ", column " +
                      std::to_string(position.column) + ": " + diagnostic.code;
    if (!diagnostic.ks_code.empty()) {
        out += " (" + diagnostic.ks_code + ")";
    }
    out += ": " + diagnostic.message + "\n";

    const std::size_t begin = line_begin(text, at);
    const std::size_t newline = text.find_first_of("\r\n", at);
    const std::size_t end = newline == std::string_view::npos ? text.size() : newline;
    std::size_t from = begin;
    if (at - begin > kWindowColumns) {
        from = at - kWindowColumns;
        while (from < at && (static_cast<unsigned char>(text[from]) & 0xC0U) == 0x80U) {
            ++from;
        }
    }
    std::size_t to = std::min(end, at + kWindowColumns);
    while (to < end && (static_cast<unsigned char>(text[to]) & 0xC0U) == 0x80U) {
        ++to;
    }
    std::string line = sanitize_utf8(text.substr(from, to - from));
    std::replace(line.begin(), line.end(), '\t', ' ');
    out += "  " + line + "\n  ";
    out.append(columns_of(text.substr(from, at - from)), ' ');
    const std::size_t fault_end = std::min<std::size_t>(at + diagnostic.span.length, to);
    const std::size_t width = fault_end > at ? columns_of(text.substr(at, fault_end - at)) : 1;
    out += "^";
    out.append(width > 1 ? width - 1 : 0, '~');
    out += "\n";
    return out;
}

Error to_error(const Diagnostic& diagnostic) {
    return Error(Code::InvalidArgument, diagnostic.code, diagnostic.message)
        .with_span(diagnostic.span);
}

}  // namespace qd::kql
