#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/text_case.h"
#include "qd/base/utf8.h"
#include "qd/columns/type.h"
#include "regex_pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

// Functions over regular expressions. The expression is a constant: it is compiled when the query
// is bound, once, and shared by all workers (RE2 objects are safe for that). RE2 runs in time
// linear in the text, so no query can hang on one. Source: kql.md b.9, b.11.

namespace qd::kql {
namespace {

using re2::RE2;
using re2::StringPiece;
using Regex = std::shared_ptr<const RE2>;

StringPiece piece(std::string_view text) {
    return {text.data(), text.size()};
}
std::string_view view(const StringPiece& p) {
    return p.data() == nullptr ? std::string_view() : std::string_view(p.data(), p.size());
}

Result<Regex> regex_argument(std::string_view function, const Argument& argument,
                             std::string_view before = "", std::string_view after = "") {
    QD_TRY(const std::string pattern, constant_text(function, argument, "regex"));
    auto compiled = compile_regex(std::string(before) + pattern + std::string(after));
    if (!compiled.ok()) {
        return std::move(compiled).error().with_span(argument.span);
    }
    return compiled;
}

/// All groups of the leftmost match at or behind `from`; false when there is none.
bool match_from(const RE2& regex, std::string_view text, std::size_t from,
                std::vector<StringPiece>& groups) {
    return regex.Match(piece(text), from, text.size(), RE2::UNANCHORED, groups.data(),
                       static_cast<int>(groups.size()));
}

/// Where to look for the next match: behind this one, one code point on when it was empty.
std::size_t next_start(std::string_view text, const StringPiece& match) {
    std::size_t at = static_cast<std::size_t>(match.data() - text.data()) + match.size();
    if (match.empty()) {
        at += at < text.size() ? code_point_offset(text.substr(at), 1) : 1;
    }
    return at;
}

/// Calls visit(groups) for each match in order until it says stop. An empty match right behind the
/// one before is none: "a*" matches "baac" as "", "aa", "".
template <typename Visit>
void for_each_match(const RE2& regex, std::string_view text, std::size_t groups_wanted,
                    Visit visit) {
    std::vector<StringPiece> groups(groups_wanted);
    std::size_t last_end = std::string_view::npos;
    for (std::size_t at = 0; at <= text.size();) {
        if (!match_from(regex, text, at, groups)) {
            return;
        }
        const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
        const bool adjacent = groups[0].empty() && begin == last_end;
        if (!adjacent && !visit(groups)) {
            return;
        }
        last_end = begin + groups[0].size();
        at = next_start(text, groups[0]);
    }
}

Result<BoundCall> bind_extract(std::span<const Argument> args) {
    QD_TRY(const Regex regex, regex_argument("extract", args[0]));
    DataType type = DataType::String;
    if (args.size() > 3) {
        QD_TRY(const std::string name, constant_text("extract", args[3], "typeof"));
        const auto parsed = columns::parse_type(name);
        if (!parsed) {
            return semantic_error("SEM0225", "extract(): unknown type: " + name, args[3].span);
        }
        type = *parsed;
    }
    const auto groups = static_cast<std::size_t>(regex->NumberOfCapturingGroups());
    auto texts = row_kernel(DataType::String,
                            [regex, groups](Args a, std::uint32_t row, ColumnBuilder& out) {
                                const std::int64_t group = a[1]->int_at(row);
                                if (group < 0 || static_cast<std::size_t>(group) > groups) {
                                    out.append_bytes({});
                                    return;
                                }
                                std::vector<StringPiece> found(static_cast<std::size_t>(group) + 1);
                                if (match_from(*regex, text_at(a, 2, row), 0, found)) {
                                    out.append_bytes(view(found.back()));
                                } else {
                                    out.append_bytes({});
                                }
                            });
    ScalarKernel kernel = std::move(texts);
    if (type != DataType::String) {
        kernel = [inner = std::move(kernel), type](const EvalContext& context, Args a,
                                                   std::uint32_t rows) -> Result<ColumnPtr> {
            QD_TRY(const ColumnPtr text, inner(context, a, rows));
            return cast_column(text, type);
        };
    }
    return bind_kernel("extract", args,
                       {Accepts::Text, Accepts::Integer, Accepts::Text, Accepts::Text}, type,
                       std::move(kernel));
}

/// The groups extract_all() returns: named or numbered ones asked for, else all.
Result<std::vector<std::size_t>> wanted_groups(const RE2& regex, const Argument& argument) {
    const auto refuse = [&argument] {
        return semantic_error("SEM0226",
                              "extract_all(): the capture groups must be a constant array of "
                              "numbers or names of groups",
                              argument.span);
    };
    if (argument.constant == nullptr || argument.type != DataType::Dynamic) {
        return refuse();
    }
    const VariantView list(argument.constant->bytes());
    std::vector<std::size_t> groups;
    for (std::uint32_t i = 0; i < list.size(); ++i) {
        const VariantView item = list.element(i);
        if (item.kind() == VariantView::Kind::Long && item.as_int() >= 0 &&
            item.as_int() <= regex.NumberOfCapturingGroups()) {
            groups.push_back(static_cast<std::size_t>(item.as_int()));
            continue;
        }
        const auto& names = regex.NamedCapturingGroups();
        const auto named = item.kind() == VariantView::Kind::String
                               ? names.find(std::string(item.as_string()))
                               : names.end();
        if (named == names.end()) {
            return refuse();
        }
        groups.push_back(static_cast<std::size_t>(named->second));
    }
    if (groups.empty()) {
        return refuse();
    }
    return groups;
}

Result<BoundCall> bind_extract_all(std::span<const Argument> args) {
    QD_TRY(const Regex regex, regex_argument("extract_all", args[0]));
    const auto count = static_cast<std::size_t>(regex->NumberOfCapturingGroups());
    if (count == 0) {
        return semantic_error(
            "SEM0227", "extract_all(): the regular expression has no capture group", args[0].span);
    }
    std::vector<std::size_t> groups;
    if (args.size() > 2) {
        QD_TRY(groups, wanted_groups(*regex, args[1]));
    } else {
        for (std::size_t i = 1; i <= count; ++i) {
            groups.push_back(i);
        }
    }
    const std::size_t source = args.size() - 1;
    auto row = [regex, groups, source, count](Args a, std::uint32_t r, ColumnBuilder& out) {
        Array all;
        for_each_match(*regex, text_at(a, source, r), count + 1,
                       [&](const std::vector<StringPiece>& found) {
                           if (groups.size() == 1) {
                               all.emplace_back(view(found[groups[0]]));
                               return true;
                           }
                           Array one;
                           for (const std::size_t group : groups) {
                               one.emplace_back(view(found[group]));
                           }
                           all.emplace_back(std::move(one));
                           return true;
                       });
        if (all.empty()) {
            out.append_null();
        } else {
            out.append_value(Value(std::move(all)));
        }
    };
    if (args.size() > 2) {
        return bind_row("extract_all", args, {Accepts::Text, Accepts::Array, Accepts::Text},
                        DataType::Dynamic, std::move(row));
    }
    return bind_row("extract_all", args, {Accepts::Text, Accepts::Text}, DataType::Dynamic,
                    std::move(row));
}

/// \0 to \9 stay, every other backslash stands for itself.
std::string clean_rewrite(std::string_view rewrite) {
    std::string out;
    for (std::size_t i = 0; i < rewrite.size(); ++i) {
        out.push_back(rewrite[i]);
        if (rewrite[i] == '\\') {
            const char next = i + 1 < rewrite.size() ? rewrite[i + 1] : '\0';
            if ((next >= '0' && next <= '9') || next == '\\') {
                out.push_back(rewrite[++i]);
            } else {
                out.push_back('\\');
            }
        }
    }
    return out;
}

Result<BoundCall> bind_replace(std::string_view name, std::span<const Argument> args,
                               std::size_t text_index, std::size_t regex_index,
                               std::size_t rewrite_index) {
    QD_TRY(const Regex regex, regex_argument(name, args[regex_index]));
    QD_TRY(const std::string written, constant_text(name, args[rewrite_index], "rewrite"));
    std::string rewrite = clean_rewrite(written);
    std::string problem;
    if (!regex->CheckRewriteString(piece(rewrite), &problem)) {
        return semantic_error("SEM0228",
                              std::string(name) + "(): the rewrite does not fit: " + problem,
                              args[rewrite_index].span);
    }
    const auto groups = static_cast<std::size_t>(RE2::MaxSubmatch(piece(rewrite))) + 1;
    return bind_row(
        name, args, {Accepts::Text}, DataType::String,
        [regex, rewrite = std::move(rewrite), text_index, groups](Args a, std::uint32_t row,
                                                                  ColumnBuilder& out) {
            const std::string_view source = text_at(a, text_index, row);
            const std::size_t bytes_max = std::max(kValueBytesMax, source.size());
            std::string text;
            std::size_t copied = 0;
            for_each_match(*regex, source, groups, [&](const std::vector<StringPiece>& found) {
                const auto at = static_cast<std::size_t>(found[0].data() - source.data());
                text += source.substr(copied, at - copied);
                regex->Rewrite(&text, piece(rewrite), found.data(), static_cast<int>(found.size()));
                copied = at + found[0].size();
                return text.size() <= bytes_max;
            });
            if (text.size() > bytes_max) {
                text.clear();
            } else {
                text += source.substr(copied);
            }
            out.append_bytes(text);
        });
}

/// Removes one match at the start and one at the end.
Result<BoundCall> bind_trim(std::string_view name, std::span<const Argument> args, bool start,
                            bool end) {
    QD_TRY(const Regex at_start, regex_argument(name, args[0], "\\A(?:", ")"));
    QD_TRY(const Regex at_end, regex_argument(name, args[0], "(?:", ")\\z"));
    return bind_row(name, args, {Accepts::Text}, DataType::String,
                    [at_start, at_end, start, end](Args a, std::uint32_t row, ColumnBuilder& out) {
                        std::string_view text = text_at(a, 1, row);
                        std::vector<StringPiece> found(1);
                        if (start && match_from(*at_start, text, 0, found)) {
                            text.remove_prefix(found[0].size());
                        }
                        if (end && match_from(*at_end, text, 0, found)) {
                            text.remove_suffix(found[0].size());
                        }
                        out.append_bytes(text);
                    });
}

Result<BoundCall> bind_countof(std::span<const Argument> args) {
    bool regex_kind = false;
    if (args.size() > 2) {
        QD_TRY(const std::string kind, constant_text("countof", args[2], "kind"));
        if (kind != "regex" && kind != "normal") {
            return semantic_error("SEM0229", "countof(): the kind must be normal or regex",
                                  args[2].span);
        }
        regex_kind = kind == "regex";
    }
    if (regex_kind) {
        QD_TRY(const Regex regex, regex_argument("countof", args[1]));
        return bind_row("countof", args, {Accepts::Text}, DataType::Long,
                        [regex](Args a, std::uint32_t row, ColumnBuilder& out) {
                            std::int64_t count = 0;
                            for_each_match(*regex, text_at(a, 0, row), 1,
                                           [&count](const std::vector<StringPiece>&) {
                                               ++count;
                                               return true;
                                           });
                            out.append_int(count);
                        });
    }
    return bind_row(
        "countof", args, {Accepts::Text}, DataType::Long,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const std::string_view text = text_at(a, 0, row);
            const std::string_view needle = text_at(a, 1, row);
            std::int64_t count = 0;
            for (std::size_t at = needle.empty() ? std::string_view::npos : text.find(needle);
                 at != std::string_view::npos; at = text.find(needle, at + 1)) {
                ++count;
            }
            out.append_int(count);
        });
}

Result<BoundCall> bind_indexof_regex(std::span<const Argument> args) {
    QD_TRY(const Regex regex, regex_argument("indexof_regex", args[1]));
    return bind_row(
        "indexof_regex", args,
        {Accepts::AnyAsText, Accepts::Text, Accepts::Integer, Accepts::Integer, Accepts::Integer},
        DataType::Long, [regex](Args a, std::uint32_t row, ColumnBuilder& out) {
            std::string_view text = text_at(a, 0, row);
            const std::int64_t start = a.size() > 2 ? a[2]->int_at(row) : 0;
            const std::int64_t length = a.size() > 3 ? a[3]->int_at(row) : -1;
            std::int64_t left = a.size() > 4 ? a[4]->int_at(row) : 1;
            if (start < 0 || length < -1 || left < 1) {
                out.append_null();
                return;
            }
            text.remove_prefix(code_point_offset(text, static_cast<std::size_t>(start)));
            if (length >= 0) {
                text = text.substr(0, code_point_offset(text, static_cast<std::size_t>(length)));
            }
            std::int64_t found = -1;
            for_each_match(*regex, text, 1, [&](const std::vector<StringPiece>& groups) {
                if (--left > 0) {
                    return true;
                }
                const auto before = static_cast<std::size_t>(groups[0].data() - text.data());
                found =
                    start + static_cast<std::int64_t>(count_code_points(text.substr(0, before)));
                return false;
            });
            out.append_int(found);
        });
}

using Arguments = std::span<const Argument>;

constexpr ScalarFunction kFunctions[] = {
    {"extract", "extract(regex:string, group:long, text:string [, typeof(type)]) : string",
     "A capture group of the first match.", 3, 4, Naming::Anonymous, bind_extract},
    {"extract_all", "extract_all(regex:string [, groups:dynamic], text:string) : dynamic",
     "The capture groups of all matches.", 2, 3, Naming::Anonymous, bind_extract_all},
    {"extractall", "extractall(regex:string [, groups:dynamic], text:string) : dynamic",
     "Old spelling of extract_all().", 2, 3, Naming::Anonymous, bind_extract_all},
    {"replace_regex", "replace_regex(text:string, regex:string, rewrite:string) : string",
     "Replaces every match; the rewrite may hold \\0 to \\9.", 3, 3, Naming::Anonymous,
     [](Arguments args) { return bind_replace("replace_regex", args, 0, 1, 2); }},
    {"replace", "replace(regex:string, rewrite:string, text:string) : string",
     "Old spelling of replace_regex(), arguments in another order.", 3, 3, Naming::Anonymous,
     [](Arguments args) { return bind_replace("replace", args, 2, 0, 1); }},
    {"trim", "trim(regex:string, text:string) : string",
     "Removes one match at the start and one at the end.", 2, 2, Naming::Anonymous,
     [](Arguments args) { return bind_trim("trim", args, true, true); }},
    {"trim_start", "trim_start(regex:string, text:string) : string",
     "Removes one match at the start.", 2, 2, Naming::Anonymous,
     [](Arguments args) { return bind_trim("trim_start", args, true, false); }},
    {"trim_end", "trim_end(regex:string, text:string) : string", "Removes one match at the end.", 2,
     2, Naming::Anonymous, [](Arguments args) { return bind_trim("trim_end", args, false, true); }},
    {"countof", "countof(text:string, search:string [, kind:string]) : long",
     "Occurrences of a text (which may overlap) or of a regular expression.", 2, 3,
     Naming::Anonymous, bind_countof},
    {"indexof_regex",
     "indexof_regex(text:string, regex:string [, start [, length [, occurrence]]]) : long",
     "Position of a match, -1 when there is none.", 2, 5, Naming::Anonymous, bind_indexof_regex},
};

}  // namespace

std::span<const ScalarFunction> string_regex_functions() {
    return kFunctions;
}

}  // namespace qd::kql
