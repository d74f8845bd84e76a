#include "functions/calendar.h"
#include "functions/families.h"
#include "functions/row_kernels.h"

#include <string>
#include <vector>

// format_datetime() and format_timespan(). The format is a literal: it is cut into runs of one
// letter when the query is bound, so an unknown letter is refused there and a row costs no parsing.
// Source: kql.md b.15.

namespace qd::kql {
namespace {

/// count times one letter, or one separator (count 0).
struct Piece {
    char letter = 0;
    int count = 0;
};

struct FormatRules {
    std::string_view letters;  // letter and the longest run, as in "y4M2"
    std::string_view separators = " /-:,._[]";
};
constexpr FormatRules kDatetimeRules = {"y4M2d2H2h2m2s2f7F7t2"};
constexpr FormatRules kTimespanRules = {"d8H2h2m2s2f7F7"};

Result<std::vector<Piece>> cut_format(std::string_view function, const Argument& argument,
                                      const FormatRules& rules) {
    QD_TRY(const std::string format, constant_text(function, argument, "format"));
    std::vector<Piece> pieces;
    const auto refuse = [&](std::string_view what) {
        return semantic_error(
            "SEM0223",
            std::string(function) + "(): the format holds something unknown: " + std::string(what),
            argument.span);
    };
    if (format.empty()) {
        return refuse("nothing");
    }
    for (std::size_t i = 0; i < format.size();) {
        const char c = format[i];
        if (rules.separators.find(c) != std::string_view::npos) {
            pieces.push_back({c, 0});
            ++i;
            continue;
        }
        std::size_t run = i;
        while (run < format.size() && format[run] == c) {
            ++run;
        }
        const int count = static_cast<int>(run - i);
        const std::size_t rule = rules.letters.find(c);
        if (rule == std::string_view::npos || count > rules.letters[rule + 1] - '0' ||
            (c == 't' && count != 2) || (c == 'y' && count != 2 && count != 4)) {
            return refuse(std::string_view(format).substr(i, run - i));
        }
        pieces.push_back({c, count});
        i = run;
    }
    return pieces;
}

void append_padded(std::string& out, std::int64_t value, int width) {
    const std::string digits = std::to_string(value);
    for (int missing = width - static_cast<int>(digits.size()); missing > 0; --missing) {
        out.push_back('0');
    }
    out += digits;
}

/// f: exactly `count` digits; F: at most, without trailing zeros.
void append_fraction(std::string& out, std::int64_t ticks, int count, bool trim) {
    std::string digits;
    append_padded(digits, ticks, 7);
    digits.resize(static_cast<std::size_t>(count));
    while (trim && !digits.empty() && digits.back() == '0') {
        digits.pop_back();
    }
    out += digits;
}

void append_datetime(std::string& out, std::int64_t ticks, const std::vector<Piece>& pieces) {
    const CivilDate date = civil_of(ticks);
    const std::int64_t hour = ticks / Ticks::kHour % 24;
    for (const Piece& piece : pieces) {
        switch (piece.count == 0 ? '\0' : piece.letter) {
            case '\0':
                out.push_back(piece.letter);
                break;
            case 'y':
                append_padded(out, piece.count == 2 ? date.year % 100 : date.year, piece.count);
                break;
            case 'M':
                append_padded(out, date.month, piece.count);
                break;
            case 'd':
                append_padded(out, date.day, piece.count);
                break;
            case 'H':
                append_padded(out, hour, piece.count);
                break;
            case 'h':
                append_padded(out, hour % 12 == 0 ? 12 : hour % 12, piece.count);
                break;
            case 'm':
                append_padded(out, ticks / Ticks::kMinute % 60, piece.count);
                break;
            case 's':
                append_padded(out, ticks / Ticks::kSecond % 60, piece.count);
                break;
            case 't':
                out += hour < 12 ? "AM" : "PM";
                break;
            default:
                append_fraction(out, ticks % Ticks::kSecond, piece.count, piece.letter == 'F');
        }
    }
}

void append_timespan(std::string& out, std::int64_t span, const std::vector<Piece>& pieces) {
    if (span < 0) {
        out.push_back('-');
    }
    const std::uint64_t ticks =
        span < 0 ? 0 - static_cast<std::uint64_t>(span) : static_cast<std::uint64_t>(span);
    const auto part = [ticks](std::int64_t unit, std::uint64_t wrap) {
        const std::uint64_t whole = ticks / static_cast<std::uint64_t>(unit);
        return static_cast<std::int64_t>(wrap == 0 ? whole : whole % wrap);
    };
    for (const Piece& piece : pieces) {
        switch (piece.count == 0 ? '\0' : piece.letter) {
            case '\0':
                out.push_back(piece.letter);
                break;
            case 'd':
                append_padded(out, part(Ticks::kDay, 0), piece.count);
                break;
            case 'H':
            case 'h':
                append_padded(out, part(Ticks::kHour, 24), piece.count);
                break;
            case 'm':
                append_padded(out, part(Ticks::kMinute, 60), piece.count);
                break;
            case 's':
                append_padded(out, part(Ticks::kSecond, 60), piece.count);
                break;
            default:
                append_fraction(out, part(1, static_cast<std::uint64_t>(Ticks::kSecond)),
                                piece.count, piece.letter == 'F');
        }
    }
}

using Append = void (*)(std::string&, std::int64_t, const std::vector<Piece>&);

Result<BoundCall> bind_format(std::string_view name, std::span<const Argument> args,
                              Accepts accepts, const FormatRules& rules, Append append) {
    QD_TRY(std::vector<Piece> pieces, cut_format(name, args[1], rules));
    return bind_row(
        name, args, {accepts, Accepts::Text}, DataType::String,
        [pieces = std::move(pieces), append](Args a, std::uint32_t row, ColumnBuilder& out) {
            std::string text;
            append(text, a[0]->int_at(row), pieces);
            out.append_bytes(text);
        });
}

using Arguments = std::span<const Argument>;

constexpr ScalarFunction kFunctions[] = {
    {"format_datetime", "format_datetime(date:datetime, format:string) : string",
     "Prints a datetime after a format of d, f, F, h, H, m, M, s, t and y.", 2, 2,
     Naming::FirstArgument,
     [](Arguments args) {
         return bind_format("format_datetime", args, Accepts::DateTime, kDatetimeRules,
                            append_datetime);
     }},
    {"format_timespan", "format_timespan(span:timespan, format:string) : string",
     "Prints a timespan after a format of d, h, H, m, s, f and F.", 2, 2, Naming::FirstArgument,
     [](Arguments args) {
         return bind_format("format_timespan", args, Accepts::TimeSpan, kTimespanRules,
                            append_timespan);
     }},
};

}  // namespace

std::span<const ScalarFunction> time_format_functions() {
    return kFunctions;
}

}  // namespace qd::kql
