#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/text_case.h"
#include "qd/base/utf8.h"
#include "qd/codec/guid.h"
#include "qd/columns/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

// Plain-text search and replacement: indexof(), split(), replace_string(), translate(), and the
// texts that are numbers in disguise (versions, byte counts). Source: kql.md b.11.

namespace qd::kql {
namespace {

using Kind = VariantView::Kind;

std::string element_text(const VariantView& v) {
    return v.is_null() ? std::string()
                       : columns::to_text(Scalar::of_variant(std::string(v.bytes())));
}

/// The nth place where needle starts in [start, start + length) code points; -1 when there is
/// none. Occurrences may overlap.
std::int64_t find_nth(std::string_view text, std::string_view needle, std::int64_t start,
                      std::int64_t length, std::int64_t occurrence) {
    const auto size = static_cast<std::int64_t>(count_code_points(text));
    if (start < 0) {
        start = std::max<std::int64_t>(0, size + start);
    }
    if (start > size) {
        return -1;
    }
    const std::int64_t end = length < 0 ? size : std::min(size, start + std::min(length, size));
    std::size_t at = code_point_offset(text, static_cast<std::size_t>(start));
    const std::size_t stop =
        at + code_point_offset(text.substr(at), static_cast<std::size_t>(end - start));
    while (true) {
        at = text.find(needle, at);
        if (at == std::string_view::npos || at >= stop) {
            return -1;
        }
        if (--occurrence == 0) {
            return static_cast<std::int64_t>(count_code_points(text.substr(0, at)));
        }
        ++at;
    }
}

Result<BoundCall> bind_indexof(std::span<const Argument> args) {
    return bind_row(
        "indexof", args,
        {Accepts::AnyAsText, Accepts::AnyAsText, Accepts::Integer, Accepts::Integer,
         Accepts::Integer},
        DataType::Long, [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const std::string_view needle = text_at(a, 1, row);
            const std::int64_t length = a.size() > 3 ? a[3]->int_at(row) : -1;
            const std::int64_t occurrence = a.size() > 4 ? a[4]->int_at(row) : 1;
            if (needle.empty() || length < -1 || occurrence < 1) {
                out.append_null();
                return;
            }
            out.append_int(find_nth(text_at(a, 0, row), needle,
                                    a.size() > 2 ? a[2]->int_at(row) : 0, length, occurrence));
        });
}

Result<BoundCall> bind_split(std::span<const Argument> args) {
    return bind_row("split", args, {Accepts::AnyAsText, Accepts::Text, Accepts::Integer},
                    DataType::Dynamic, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const std::string_view text = text_at(a, 0, row);
                        const std::string_view delimiter = text_at(a, 1, row);
                        const std::int64_t wanted = a.size() > 2 ? a[2]->int_at(row) : -1;
                        Array parts;
                        std::size_t at = 0;
                        std::int64_t index = 0;
                        while (true) {
                            const std::size_t next = delimiter.empty() ? std::string_view::npos
                                                                       : text.find(delimiter, at);
                            if (a.size() < 3 || index == wanted) {
                                parts.emplace_back(text.substr(at, next - at));
                            }
                            if (next == std::string_view::npos) {
                                break;
                            }
                            at = next + delimiter.size();
                            ++index;
                        }
                        if (a.size() > 2 && parts.empty()) {
                            out.append_null();
                        } else {
                            out.append_value(Value(std::move(parts)));
                        }
                    });
}

/// "" when the result would be too long.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
    std::string out;
    const std::size_t bytes_max = std::max(kValueBytesMax, text.size());
    for (std::size_t at = 0;;) {
        const std::size_t next = from.empty() ? std::string_view::npos : text.find(from, at);
        out += text.substr(at, next - at);
        if (next == std::string_view::npos) {
            return out;
        }
        out += to;
        if (out.size() > bytes_max) {
            return {};
        }
        at = next + from.size();
    }
}

Result<BoundCall> bind_replace_string(std::span<const Argument> args) {
    return bind_row("replace_string", args, {Accepts::Text}, DataType::String,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        out.append_bytes(replace_all(text_at(a, 0, row), text_at(a, 1, row),
                                                     text_at(a, 2, row)));
                    });
}

/// Earlier lookups claim their places first; later ones search what is left, and no replacement is
/// searched again.
std::string replace_many(std::string_view text, const std::vector<std::string>& from,
                         const std::vector<std::optional<std::string>>& to,
                         std::size_t lookup = 0) {
    while (lookup < from.size() && (from[lookup].empty() || lookup >= to.size())) {
        ++lookup;
    }
    if (lookup >= from.size()) {
        return std::string(text);
    }
    std::string out;
    std::size_t at = 0;
    while (true) {
        const std::size_t next = text.find(from[lookup], at);
        out += replace_many(text.substr(at, next - at), from, to, lookup + 1);
        if (next == std::string_view::npos) {
            return out;
        }
        out += to[lookup].value_or(from[lookup]);
        if (out.size() > std::max(kValueBytesMax, text.size())) {
            return {};
        }
        at = next + from[lookup].size();
    }
}

std::vector<std::string> element_texts(const VariantView& array) {
    std::vector<std::string> texts;
    for (std::uint32_t i = 0; array.kind() == Kind::Array && i < array.size(); ++i) {
        texts.push_back(element_text(array.element(i)));
    }
    return texts;
}

/// Rewrites: what is no text leaves the place as it is.
std::vector<std::optional<std::string>> rewrite_texts(const VariantView& array) {
    std::vector<std::optional<std::string>> texts;
    for (std::uint32_t i = 0; array.kind() == Kind::Array && i < array.size(); ++i) {
        const VariantView element = array.element(i);
        texts.push_back(element.kind() == Kind::String
                            ? std::optional(std::string(element.as_string()))
                            : std::nullopt);
    }
    return texts;
}

Result<BoundCall> bind_replace_strings(std::span<const Argument> args) {
    return bind_row(
        "replace_strings", args, {Accepts::Text, Accepts::Array, Accepts::Array}, DataType::String,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            out.append_bytes(replace_many(text_at(a, 0, row), element_texts(variant_at(a, 1, row)),
                                          rewrite_texts(variant_at(a, 2, row))));
        });
}

std::vector<char32_t> code_points(std::string_view text) {
    std::vector<char32_t> points;
    for (std::size_t at = 0; at < text.size();) {
        points.push_back(next_code_point(text, at));
    }
    return points;
}

Result<BoundCall> bind_translate(std::span<const Argument> args) {
    return bind_row("translate", args, {Accepts::Text}, DataType::String,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto from = code_points(text_at(a, 0, row));
                        const auto to = code_points(text_at(a, 1, row));
                        const std::string_view source = text_at(a, 2, row);
                        std::string text;
                        for (std::size_t at = 0; at < source.size();) {
                            const char32_t c = next_code_point(source, at);
                            const auto found = std::find(from.begin(), from.end(), c);
                            if (found == from.end()) {
                                append_utf8(text, c);
                            } else if (!to.empty()) {
                                // A short replacement list goes on with its last character.
                                const auto index = static_cast<std::size_t>(found - from.begin());
                                append_utf8(text, to[std::min(index, to.size() - 1)]);
                            }
                        }
                        out.append_bytes(text);
                    });
}

/// Up to four parts of up to eight digits, one decimal with eight digits a part.
std::optional<DecimalValue> version_number(std::string_view text) {
    std::string digits;
    int parts = 0;
    std::size_t at = 0;
    while (at <= text.size()) {
        const std::size_t dot = std::min(text.find('.', at), text.size());
        std::string_view part = text.substr(at, dot - at);
        while (part.size() > 1 && part.front() == '0') {
            part.remove_prefix(1);
        }
        const bool numeric =
            !part.empty() && part.size() <= 8 &&
            std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (!numeric || ++parts > 4) {
            return std::nullopt;
        }
        digits.append(8 - part.size(), '0').append(part);
        at = dot + 1;
    }
    digits.append(static_cast<std::size_t>(4 - parts) * 8, '0');
    return parse_decimal(digits);
}

Result<BoundCall> bind_parse_version(std::span<const Argument> args) {
    return bind_row("parse_version", args, {Accepts::Text}, DataType::Decimal,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        if (const auto version = version_number(text_at(a, 0, row))) {
                            out.append_wide(version->bits);
                        } else {
                            out.append_null();
                        }
                    });
}

constexpr std::string_view kByteUnits[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};

Result<BoundCall> bind_format_bytes(std::span<const Argument> args) {
    std::optional<std::size_t> unit;
    if (args.size() > 2) {
        QD_TRY(const std::string name, constant_text("format_bytes", args[2], "unit"));
        for (std::size_t i = 0; i < std::size(kByteUnits); ++i) {
            if (name == kByteUnits[i]) {
                unit = i;
            }
        }
        if (!unit) {
            return semantic_error("SEM0224", "format_bytes(): unknown unit: " + name, args[2].span);
        }
    }
    return bind_row(
        "format_bytes", args, {Accepts::Number, Accepts::Number, Accepts::Text}, DataType::String,
        [unit](Args a, std::uint32_t row, ColumnBuilder& out) {
            double value = a[0]->real_at(row);
            const double asked = a.size() > 1 ? a[1]->real_at(row) : 0;
            const int precision = asked > 0 ? static_cast<int>(std::min(asked, 15.0)) : 0;
            std::size_t index = 0;
            while (unit ? index < *unit
                        : std::abs(value) >= 1024 && index + 1 < std::size(kByteUnits)) {
                value /= 1024;
                ++index;
            }
            std::string text = fmt::format("{:.{}f}", value, precision);
            if (precision > 0) {
                text.erase(text.find_last_not_of('0') + 1);
                if (text.back() == '.') {
                    text.pop_back();
                }
            }
            out.append_bytes(text + " " + std::string(kByteUnits[index]));
        });
}

constexpr ScalarFunction kFunctions[] = {
    {"indexof",
     "indexof(text:string, lookup:string [, start:long [, length:long [, occurrence:long]]]) : "
     "long",
     "Position of a text in another, -1 when it is not there.", 2, 5, Naming::Anonymous,
     bind_indexof},
    {"split", "split(text:string, delimiter:string [, index:long]) : dynamic",
     "Cuts a text at a delimiter.", 2, 3, Naming::FirstArgument, bind_split},
    {"replace_string", "replace_string(text:string, lookup:string, rewrite:string) : string",
     "Replaces every occurrence of a text.", 3, 3, Naming::Anonymous, bind_replace_string},
    {"replace_strings", "replace_strings(text:string, lookups:dynamic, rewrites:dynamic) : string",
     "Replaces several texts in one pass.", 3, 3, Naming::Anonymous, bind_replace_strings},
    {"translate", "translate(search:string, replacement:string, text:string) : string",
     "Replaces characters one by one.", 3, 3, Naming::Anonymous, bind_translate},
    {"parse_version", "parse_version(version:string) : decimal",
     "A version of up to four numbers as one comparable decimal.", 1, 1, Naming::Anonymous,
     bind_parse_version},
    {"format_bytes", "format_bytes(size:number [, precision:long [, unit:string]]) : string",
     "Prints a number of bytes with its unit.", 1, 3, Naming::FirstArgument, bind_format_bytes},
};

}  // namespace

std::span<const ScalarFunction> string_search_functions() {
    return kFunctions;
}

}  // namespace qd::kql
