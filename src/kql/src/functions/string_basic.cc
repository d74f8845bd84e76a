#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/text_case.h"
#include "qd/base/utf8.h"
#include "qd/columns/text.h"

#include <algorithm>
#include <string>

// Strings whole: joining, measuring, cutting, mapping. Positions and lengths count code points,
// string_size() counts bytes. Source: kql.md b.9 to b.12.

namespace qd::kql {
namespace {

using Kind = VariantView::Kind;

/// Texts that together are too long for one value.
bool too_long(Args a, std::uint32_t row, std::size_t first) {
    std::size_t bytes = 0;
    for (std::size_t i = first; i < a.size(); ++i) {
        bytes += a[i]->bytes_at(row).size();
    }
    return bytes > kValueBytesMax;
}

Result<BoundCall> bind_strcat(std::span<const Argument> args) {
    return bind_row("strcat", args, {Accepts::AnyAsText}, DataType::String,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        std::string text;
                        if (!too_long(a, row, 0)) {
                            for (const ColumnPtr& arg : a) {
                                text += arg->bytes_at(row);
                            }
                        }
                        out.append_bytes(text);
                    });
}

Result<BoundCall> bind_strcat_delim(std::span<const Argument> args) {
    return bind_row("strcat_delim", args, {Accepts::AnyAsText}, DataType::String,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const std::string_view delimiter = text_at(a, 0, row);
                        if (too_long(a, row, 1) || delimiter.size() > kValueBytesMax / a.size()) {
                            out.append_bytes({});
                            return;
                        }
                        std::string text(text_at(a, 1, row));
                        for (std::size_t i = 2; i < a.size(); ++i) {
                            text += delimiter;
                            text += text_at(a, i, row);
                        }
                        out.append_bytes(text);
                    });
}

/// A dynamic element as strcat_array() and friends print it.
std::string element_text(const VariantView& v) {
    if (v.kind() == Kind::Null) {
        return {};
    }
    return columns::to_text(Scalar::of_variant(std::string(v.bytes())));
}

Result<BoundCall> bind_strcat_array(std::span<const Argument> args) {
    return bind_row("strcat_array", args, {Accepts::Array, Accepts::AnyAsText}, DataType::String,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const VariantView array = variant_at(a, 0, row);
                        std::string text;
                        if (array.kind() == Kind::Array) {
                            for (std::uint32_t i = 0; i < array.size(); ++i) {
                                if (i > 0) {
                                    text += text_at(a, 1, row);
                                }
                                text += element_text(array.element(i));
                            }
                        }
                        out.append_bytes(text);
                    });
}

constexpr std::int64_t kRepeatMax = 1024;

Result<BoundCall> bind_strrep(std::span<const Argument> args) {
    return bind_row("strrep", args, {Accepts::AnyAsText, Accepts::Integer, Accepts::AnyAsText},
                    DataType::String, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const std::int64_t times = std::min(a[1]->int_at(row), kRepeatMax);
                        const std::string_view value = text_at(a, 0, row);
                        const std::string_view delimiter =
                            a.size() > 2 ? text_at(a, 2, row) : std::string_view();
                        std::string text;
                        for (std::int64_t i = 0; i < times; ++i) {
                            if (i > 0) {
                                text += delimiter;
                            }
                            text += value;
                            if (text.size() > kValueBytesMax) {
                                text.clear();
                                break;
                            }
                        }
                        out.append_bytes(text);
                    });
}

Result<BoundCall> bind_strcmp(std::span<const Argument> args) {
    return bind_row("strcmp", args, {Accepts::AnyAsText}, DataType::Long,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const int order = text_at(a, 0, row).compare(text_at(a, 1, row));
                        out.append_int(order < 0 ? -1 : order > 0 ? 1 : 0);
                    });
}

Result<BoundCall> bind_strlen(std::span<const Argument> args) {
    return bind_row(
        "strlen", args, {Accepts::Text}, DataType::Long,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            out.append_int(static_cast<std::int64_t>(count_code_points(text_at(a, 0, row))));
        });
}

Result<BoundCall> bind_string_size(std::span<const Argument> args) {
    return bind_row("string_size", args, {Accepts::Text}, DataType::Long,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        out.append_int(static_cast<std::int64_t>(text_at(a, 0, row).size()));
                    });
}

template <std::string (*Map)(std::string_view)>
Result<BoundCall> bind_map(std::span<const Argument> args) {
    return bind_row("text", args, {Accepts::AnyAsText}, DataType::String,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        out.append_bytes(Map(text_at(a, 0, row)));
                    });
}

std::string reverse_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    std::size_t end = text.size();
    for (std::size_t at = text.size(); at > 0;) {
        --at;
        if ((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U) {
            out += text.substr(at, end - at);
            end = at;
        }
    }
    return out;
}

std::string quote_regex(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("\\.+*?()|[]{}^$#&-~").find(c) != std::string_view::npos) {
            out.push_back('\\');
        }
        out.push_back(c);
    }
    return out;
}

std::string_view substring(std::string_view text, std::int64_t start, std::int64_t length) {
    if (start < 0) {
        start += static_cast<std::int64_t>(count_code_points(text));
    }
    if (start < 0 || length <= 0) {
        return {};
    }
    text.remove_prefix(code_point_offset(text, static_cast<std::size_t>(start)));
    return text.substr(0, code_point_offset(text, static_cast<std::size_t>(length)));
}

Result<BoundCall> bind_substring(std::span<const Argument> args) {
    return bind_row("substring", args, {Accepts::AnyAsText, Accepts::Integer, Accepts::Integer},
                    DataType::String, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        out.append_bytes(substring(text_at(a, 0, row), a[1]->int_at(row),
                                                   a.size() > 2 ? a[2]->int_at(row) : INT64_MAX));
                    });
}

Result<BoundCall> bind_tohex(std::span<const Argument> args) {
    const bool narrow = args[0].type == DataType::Int;
    return bind_row(
        "tohex", args, {Accepts::Integer, Accepts::Integer}, DataType::String,
        [narrow](Args a, std::uint32_t row, ColumnBuilder& out) {
            auto bits = static_cast<std::uint64_t>(a[0]->int_at(row));
            if (narrow) {
                bits &= 0xFFFFFFFFU;
            }
            std::string digits;
            do {
                digits.push_back("0123456789abcdef"[bits & 15U]);
                bits >>= 4U;
            } while (bits != 0);
            const std::int64_t width = a.size() > 1 ? a[1]->int_at(row) : 0;
            while (static_cast<std::int64_t>(digits.size()) < std::min<std::int64_t>(width, 16)) {
                digits.push_back('0');
            }
            std::reverse(digits.begin(), digits.end());
            out.append_bytes(digits);
        });
}

template <bool (*Test)(std::string_view)>
Result<BoundCall> bind_text_test(std::span<const Argument> args) {
    return bind_row("text test", args, {Accepts::AnyAsText}, DataType::Bool,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        out.append_bool(Test(text_at(a, 0, row)));
                    });
}
bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Result<BoundCall> bind_codepoints(std::span<const Argument> args) {
    return bind_row(
        "unicode_codepoints_from_string", args, {Accepts::AnyAsText}, DataType::Dynamic,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const std::string_view text = text_at(a, 0, row);
            Array points;
            for (std::size_t at = 0; at < text.size();) {
                points.emplace_back(static_cast<std::int64_t>(next_code_point(text, at)));
            }
            out.append_value(Value(std::move(points)));
        });
}

void append_code_point(std::string& out, std::int64_t point) {
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (point >= 0 && point <= 0x10FFFF && !surrogate) {
        append_utf8(out, static_cast<char32_t>(point));
    }
}

Result<BoundCall> bind_from_codepoints(std::span<const Argument> args) {
    BoundCall call;
    call.type = DataType::String;
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (args[i].type == DataType::Dynamic) {
            call.arg_types.push_back(DataType::Dynamic);
        } else {
            QD_TRY(const DataType type,
                   accept("unicode_codepoints_to_string", args[i], Accepts::Integer, i));
            call.arg_types.push_back(type);
        }
    }
    call.kernel = row_kernel(DataType::String, [](Args a, std::uint32_t row, ColumnBuilder& out) {
        std::string text;
        for (const ColumnPtr& arg : a) {
            if (arg->type() != DataType::Dynamic) {
                append_code_point(text, arg->int_at(row));
                continue;
            }
            const VariantView v(arg->bytes_at(row));
            if (v.kind() == Kind::Long) {
                append_code_point(text, v.as_int());
            }
            for (std::uint32_t i = 0; v.kind() == Kind::Array && i < v.size(); ++i) {
                if (v.element(i).kind() == Kind::Long) {
                    append_code_point(text, v.element(i).as_int());
                }
            }
        }
        out.append_bytes(text);
    });
    return call;
}

constexpr ScalarFunction kFunctions[] = {
    {"strcat", "strcat(value:scalar, …) : string", "Joins values as text.", 1, 64,
     Naming::Anonymous, bind_strcat},
    {"strcat_delim", "strcat_delim(delimiter, value:scalar, …) : string",
     "Joins values as text with a delimiter between.", 2, 64, Naming::Anonymous, bind_strcat_delim},
    {"strcat_array", "strcat_array(array:dynamic, delimiter:string) : string",
     "Joins the elements of an array.", 2, 2, Naming::Anonymous, bind_strcat_array},
    {"array_strcat", "array_strcat(array:dynamic, delimiter:string) : string",
     "Old spelling of strcat_array().", 2, 2, Naming::Anonymous, bind_strcat_array},
    {"strrep", "strrep(value:scalar, times:long [, delimiter:string]) : string",
     "Repeats a text, at most 1024 times.", 2, 3, Naming::Anonymous, bind_strrep},
    {"strcmp", "strcmp(a:scalar, b:scalar) : long",
     "-1, 0 or 1: the order of two texts by code point.", 2, 2, Naming::Anonymous, bind_strcmp},
    {"strlen", "strlen(text:string) : long", "The number of code points.", 1, 1,
     Naming::FunctionAndArgument, bind_strlen},
    {"string_size", "string_size(text:string) : long", "The number of UTF-8 bytes.", 1, 1,
     Naming::FunctionAndArgument, bind_string_size},
    {"toupper", "toupper(text:string) : string", "The text in upper case.", 1, 1, Naming::Anonymous,
     bind_map<to_upper_text>},
    {"tolower", "tolower(text:string) : string", "The text in lower case.", 1, 1, Naming::Anonymous,
     bind_map<to_lower_text>},
    {"reverse", "reverse(value:scalar) : string", "The text backwards.", 1, 1, Naming::Anonymous,
     bind_map<reverse_text>},
    {"regex_quote", "regex_quote(text:string) : string",
     "Escapes what has a meaning in a regular expression.", 1, 1, Naming::Anonymous,
     bind_map<quote_regex>},
    {"substring", "substring(text:string, start:long [, length:long]) : string",
     "A part of the text; a negative start counts from the end.", 2, 3, Naming::Anonymous,
     bind_substring},
    {"tohex", "tohex(value:long [, min_length:long]) : string", "Hexadecimal digits.", 1, 2,
     Naming::FirstArgument, bind_tohex},
    {"isascii", "isascii(text:string) : bool", "Whether the text is ASCII only.", 1, 1,
     Naming::Anonymous, bind_text_test<is_ascii>},
    {"isutf8", "isutf8(text:string) : bool", "Whether the text is valid UTF-8.", 1, 1,
     Naming::Anonymous, bind_text_test<is_valid_utf8>},
    {"unicode_codepoints_from_string", "unicode_codepoints_from_string(text:string) : dynamic",
     "The code points of a text as an array.", 1, 1, Naming::Anonymous, bind_codepoints},
    {"to_utf8", "to_utf8(text:string) : dynamic",
     "Old spelling of unicode_codepoints_from_string().", 1, 1, Naming::Anonymous, bind_codepoints},
    {"unicode_codepoints_to_string", "unicode_codepoints_to_string(value:long|dynamic, …) : string",
     "The text of code points.", 1, 255, Naming::Anonymous, bind_from_codepoints},
    {"make_string", "make_string(value:long|dynamic, …) : string",
     "Old spelling of unicode_codepoints_to_string().", 1, 255, Naming::Anonymous,
     bind_from_codepoints},
};

}  // namespace

std::span<const ScalarFunction> string_basic_functions() {
    return kFunctions;
}

}  // namespace qd::kql
