#include "regex_pattern.h"

#include <re2/re2.h>

namespace qd::kql {
namespace {

/// The members of a Unicode class, fit for use inside brackets; "" when the letter is none.
std::string_view class_members(char letter) {
    switch (letter) {
        case 'd':
            return R"(\p{Nd})";
        case 's':
            return R"(\t\n\v\f\r\x{85}\p{Z})";
        case 'w':
            return R"(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc})";
        default:
            return {};
    }
}

}  // namespace

std::string to_re2_pattern(std::string_view pattern) {
    std::string out;
    out.reserve(pattern.size() + 16);
    bool in_brackets = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c == '\\' && i + 1 < pattern.size()) {
            const char letter = pattern[++i];
            const char small = static_cast<char>(letter | 0x20);
            const std::string_view members = class_members(small);
            if (members.empty()) {
                out.push_back('\\');
                out.push_back(letter);
            } else if (letter == small) {
                out += in_brackets ? std::string(members) : "[" + std::string(members) + "]";
            } else if (!in_brackets) {
                out += "[^" + std::string(members) + "]";
            } else if (letter == 'D') {
                out += R"(\P{Nd})";
            } else {  // a complement has no members to list: the ASCII class is the nearest
                out.push_back('\\');
                out.push_back(letter);
            }
            continue;
        }
        if (in_brackets) {
            if (c == ']') {
                in_brackets = false;
            } else if (c == '[' && i + 1 < pattern.size() && pattern[i + 1] == ':') {
                const std::size_t end = pattern.find(":]", i);
                if (end != std::string_view::npos) {
                    out += pattern.substr(i, end + 2 - i);
                    i = end + 1;
                    continue;
                }
            } else if (c == '[') {
                out += "\\[";
                continue;
            }
            out.push_back(c);
            continue;
        }
        out.push_back(c);
        if (c == '[') {
            in_brackets = true;
            if (i + 1 < pattern.size() && pattern[i + 1] == '^') {
                out.push_back(pattern[++i]);
            }
            if (i + 1 < pattern.size() && pattern[i + 1] == ']') {  // a first ] is itself
                out += "\\]";
                ++i;
            }
        } else if (c == '(' && pattern.substr(i + 1, 2) == "?<" && i + 3 < pattern.size() &&
                   pattern[i + 3] != '=' && pattern[i + 3] != '!') {
            out += "?P<";
            i += 2;
        }
    }
    return out;
}

Result<std::shared_ptr<const re2::RE2>> compile_regex(std::string_view pattern) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(std::int64_t{64} << 20);
    auto compiled = std::make_shared<const re2::RE2>(to_re2_pattern(pattern), options);
    if (!compiled->ok()) {
        // Repetitions of a Unicode class may pass RE2's size limit where the ASCII class fits.
        compiled = std::make_shared<const re2::RE2>(
            re2::StringPiece(pattern.data(), pattern.size()), options);
    }
    if (!compiled->ok()) {
        return Error(Code::InvalidArgument, "SEM0420",
                     "the regular expression is not valid: " + compiled->error() + ": " +
                         std::string(pattern));
    }
    return compiled;
}

}  // namespace qd::kql
