// What each operator and function of the twin means, one row each, from kql.md b.3-b.15.
#include "twin/twin.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

namespace qd::kql::twin {

namespace {

using Cells = std::span<const Cell>;
constexpr DataType B = DataType::Bool;
constexpr DataType L = DataType::Long;
constexpr DataType R = DataType::Real;
constexpr DataType S = DataType::String;
constexpr DataType T = DataType::DateTime;
constexpr DataType D = DataType::TimeSpan;

std::int64_t wrap_add(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t wrap_subtract(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t wrap_multiply(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

bool any_null(Cells a) {
    return std::any_of(a.begin(), a.end(), [](const Cell& c) { return c.null; });
}

template <std::int64_t (*F)(std::int64_t, std::int64_t), DataType Result>
Cell integers(Cells a) {
    return any_null(a) ? null_of(Result) : of_ticks(Result, F(a[0].integer, a[1].integer));
}
template <double (*F)(double, double)>
Cell reals(Cells a) {
    return any_null(a) ? null_of(R) : of_real(F(a[0].real, a[1].real));
}

Cell divide_long(Cells a) {
    if (any_null(a) || a[1].integer == 0) {
        return null_of(L);
    }
    return of_long(a[1].integer == -1 ? wrap_subtract(0, a[0].integer)
                                      : a[0].integer / a[1].integer);
}
/// The remainder is never negative, whatever the signs.
Cell modulo_long(Cells a) {
    if (any_null(a) || a[1].integer == 0) {
        return null_of(L);
    }
    if (a[1].integer == -1 || a[1].integer == 1) {
        return of_long(0);
    }
    const std::int64_t r = a[0].integer % a[1].integer;
    return of_long(r >= 0 ? r : (a[1].integer > 0 ? r + a[1].integer : r - a[1].integer));
}

/// One null: `==` is false and `!=` true; both: null (b.4).
Cell equal(Cells a, bool wanted) {
    if (a[0].null || a[1].null) {
        return a[0].null && a[1].null ? null_of(B) : of_bool(!wanted);
    }
    const bool nan = a[0].type == R && (std::isnan(a[0].real) || std::isnan(a[1].real));
    return of_bool((!nan && order(a[0], a[1]) == 0) == wanted);
}
Cell equals(Cells a) {
    return equal(a, true);
}
Cell differs(Cells a) {
    return equal(a, false);
}
template <bool (*F)(int)>
Cell compares(Cells a) {
    if (any_null(a)) {
        return null_of(B);
    }
    const bool nan = a[0].type == R && (std::isnan(a[0].real) || std::isnan(a[1].real));
    return of_bool(!nan && F(order(a[0], a[1])));
}
bool less(int c) {
    return c < 0;
}
bool at_most(int c) {
    return c <= 0;
}
bool more(int c) {
    return c > 0;
}
bool at_least(int c) {
    return c >= 0;
}

Cell logical_and(Cells a) {
    const bool f = (!a[0].null && a[0].integer == 0) || (!a[1].null && a[1].integer == 0);
    return f ? of_bool(false) : (any_null(a) ? null_of(B) : of_bool(true));
}
Cell logical_or(Cells a) {
    const bool t = (!a[0].null && a[0].integer != 0) || (!a[1].null && a[1].integer != 0);
    return t ? of_bool(true) : (any_null(a) ? null_of(B) : of_bool(false));
}
Cell logical_not(Cells a) {
    return a[0].null ? null_of(B) : of_bool(a[0].integer == 0);
}
Cell choose(Cells a) {
    return !a[0].null && a[0].integer != 0 ? a[1] : a[2];
}
Cell choose_twice(Cells a) {
    return !a[0].null && a[0].integer != 0 ? a[1] : !a[2].null && a[2].integer != 0 ? a[3] : a[4];
}
Cell first_known(Cells a) {
    return a[0].null ? a[1] : a[0];
}
Cell first_filled(Cells a) {
    return a[0].text.empty() ? a[1] : a[0];
}
Cell is_null(Cells a) {
    return of_bool(a[0].null);
}
Cell is_known(Cells a) {
    return of_bool(!a[0].null);
}
Cell is_empty(Cells a) {
    return of_bool(a[0].text.empty());
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return out;
}
bool word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}
/// The needle with no letter or digit beside it where it begins or ends with one (b.10).
bool has_term(std::string_view text, std::string_view needle) {
    if (needle.empty()) {
        return true;
    }
    for (std::size_t at = text.find(needle); at != std::string_view::npos;
         at = text.find(needle, at + 1)) {
        const std::size_t end = at + needle.size();
        const bool left = at == 0 || !word(needle.front()) || !word(text[at - 1]);
        const bool right = end == text.size() || !word(needle.back()) || !word(text[end]);
        if (left && right) {
            return true;
        }
    }
    return false;
}
Cell has(Cells a) {
    return of_bool(has_term(lower(a[0].text), lower(a[1].text)));
}
Cell contains(Cells a) {
    return of_bool(lower(a[0].text).find(lower(a[1].text)) != std::string::npos);
}
Cell contains_exactly(Cells a) {
    return of_bool(a[0].text.find(a[1].text) != std::string::npos);
}
Cell begins(Cells a) {
    return of_bool(lower(a[0].text).starts_with(lower(a[1].text)));
}
Cell ends(Cells a) {
    return of_bool(lower(a[0].text).ends_with(lower(a[1].text)));
}
Cell alike(Cells a) {
    return of_bool(lower(a[0].text) == lower(a[1].text));
}
Cell one_of(Cells a) {
    return of_bool(a[0].text == a[1].text || a[0].text == a[2].text);
}
Cell length(Cells a) {
    return of_long(static_cast<std::int64_t>(a[0].text.size()));
}
Cell to_lower(Cells a) {
    return of_text(lower(a[0].text));
}
Cell join_texts(Cells a) {
    return of_text(a[0].text + a[1].text);
}
Cell tail(Cells a) {
    return of_text(a[0].text.size() <= 1 ? "" : a[0].text.substr(1, 2));
}
Cell text_of_long(Cells a) {
    return of_text(a[0].null ? "" : std::to_string(a[0].integer));
}
Cell text_of_bool(Cells a) {
    return of_text(a[0].null ? "" : (a[0].integer != 0 ? "True" : "False"));
}
Cell long_of_text(Cells a) {
    const std::string_view text = a[0].text;
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || digits.size() > 19 ||
        !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return null_of(L);
    }
    return of_long(std::stoll(a[0].text));
}
Cell real_of_long(Cells a) {
    return a[0].null ? null_of(R) : of_real(static_cast<double>(a[0].integer));
}
/// Truncates; saturates; what is not finite has no integer.
Cell long_of_real(Cells a) {
    if (a[0].null || !std::isfinite(a[0].real)) {
        return null_of(L);
    }
    if (a[0].real >= 0x1p63) {
        return of_long(std::numeric_limits<std::int64_t>::max());
    }
    if (a[0].real < -0x1p63) {
        return of_long(std::numeric_limits<std::int64_t>::min());
    }
    return of_long(static_cast<std::int64_t>(a[0].real));
}
/// Null where the bin begins before the first number.
Cell floor_to(const Cell& cell, std::int64_t step) {
    const std::int64_t r = cell.integer % step;
    std::int64_t out = 0;
    if (cell.null || __builtin_sub_overflow(cell.integer, r < 0 ? r + step : r, &out)) {
        return null_of(cell.type);
    }
    return of_ticks(cell.type, out);
}
Cell bin_long(Cells a) {
    return floor_to(a[0], 7);
}
Cell bin_time(Cells a) {
    return floor_to(a[0], 36'000'000'000);
}
Cell day_start(Cells a) {
    return floor_to(a[0], 864'000'000'000);
}
Cell between(Cells a) {
    const Cell low = compares<at_least>(std::array{a[0], a[1]});
    const Cell high = compares<at_most>(std::array{a[0], a[2]});
    return logical_and(std::array{low, high});
}
Cell add_real(Cells a) {
    return any_null(a) ? null_of(R) : of_real(a[0].real + a[1].real);
}
Cell mixed_add(Cells a) {
    return any_null(a) ? null_of(R) : of_real(static_cast<double>(a[0].integer) + a[1].real);
}
Cell negate(Cells a) {
    return a[0].null ? null_of(L) : of_long(wrap_subtract(0, a[0].integer));
}
Cell least(Cells a) {
    return a[0].null ? a[1] : (a[1].null || order(a[0], a[1]) <= 0 ? a[0] : a[1]);
}
Cell greatest(Cells a) {
    return a[0].null ? a[1] : (a[1].null || order(a[0], a[1]) >= 0 ? a[0] : a[1]);
}

double times(double a, double b) {
    return a * b;
}
/// A group's zero may have either sign, which only a division by it would show.
Cell divide_real(Cells a) {
    if (!a[1].null && a[1].real == 0) {
        return of_real(1);
    }
    return any_null(a) ? null_of(R) : of_real(a[0].real / a[1].real);
}
double minus(double a, double b) {
    return a - b;
}

std::vector<Operation> make_operations() {
    std::vector<Operation> out = {
        {"({0} + {1})", L, {L, L}, integers<wrap_add, L>},
        {"({0} - {1})", L, {L, L}, integers<wrap_subtract, L>},
        {"({0} * {1})", L, {L, L}, integers<wrap_multiply, L>},
        {"({0} / {1})", L, {L, L}, divide_long},
        {"({0} % {1})", L, {L, L}, modulo_long},
        {"(-({0}))", L, {L}, negate},
        {"({0} + {1})", R, {R, R}, add_real},
        {"({0} - {1})", R, {R, R}, reals<minus>},
        {"({0} * {1})", R, {R, R}, reals<times>},
        {"iff({1} == 0.0, 1.0, {0} / {1})", R, {R, R}, divide_real},
        {"({0} + {1})", R, {L, R}, mixed_add},
        {"({0} - {1})", D, {T, T}, integers<wrap_subtract, D>},
        {"({0} + {1})", D, {D, D}, integers<wrap_add, D>},
        {"({0} and {1})", B, {B, B}, logical_and},
        {"({0} or {1})", B, {B, B}, logical_or},
        {"not({0})", B, {B}, logical_not},
        {"isempty({0})", B, {S}, is_empty},
        {"({0} has {1})", B, {S, S}, has},
        {"({0} contains {1})", B, {S, S}, contains},
        {"({0} contains_cs {1})", B, {S, S}, contains_exactly},
        {"({0} startswith {1})", B, {S, S}, begins},
        {"({0} endswith {1})", B, {S, S}, ends},
        {"({0} =~ {1})", B, {S, S}, alike},
        {"({0} in ({1}, {2}))", B, {S, S, S}, one_of},
        {"strlen({0})", L, {S}, length},
        {"tolower({0})", S, {S}, to_lower},
        {"strcat({0}, {1})", S, {S, S}, join_texts},
        {"substring({0}, 1, 2)", S, {S}, tail},
        {"tostring({0})", S, {L}, text_of_long},
        {"tostring({0})", S, {B}, text_of_bool},
        {"tolong({0})", L, {S}, long_of_text},
        {"todouble({0})", R, {L}, real_of_long},
        {"tolong({0})", L, {R}, long_of_real},
        {"bin({0}, 7)", L, {L}, bin_long},
        {"bin({0}, 1h)", T, {T}, bin_time},
        {"startofday({0})", T, {T}, day_start},
        {"coalesce({0}, {1})", S, {S, S}, first_filled},
    };
    for (const DataType type : {L, R, S, T, D}) {
        out.push_back({"({0} == {1})", B, {type, type}, equals});
        out.push_back({"({0} != {1})", B, {type, type}, differs});
        out.push_back({"({0} < {1})", B, {type, type}, compares<less>});
        out.push_back({"({0} <= {1})", B, {type, type}, compares<at_most>});
        out.push_back({"({0} > {1})", B, {type, type}, compares<more>});
        out.push_back({"({0} >= {1})", B, {type, type}, compares<at_least>});
        out.push_back({"iff({0}, {1}, {2})", type, {B, type, type}, choose});
        out.push_back(
            {"case({0}, {1}, {2}, {3}, {4})", type, {B, type, B, type, type}, choose_twice});
        if (type != S) {
            out.push_back({"coalesce({0}, {1})", type, {type, type}, first_known});
            out.push_back({"isnull({0})", B, {type}, is_null});
            out.push_back({"isnotnull({0})", B, {type}, is_known});
            out.push_back({"({0} between ({1} .. {2}))", B, {type, type, type}, between});
        }
    }
    for (const DataType type : {L, T, D}) {
        out.push_back({"min_of({0}, {1})", type, {type, type}, least});
        out.push_back({"max_of({0}, {1})", type, {type, type}, greatest});
    }
    return out;
}

std::string fill(std::string_view pattern, const std::vector<std::string>& parts) {
    std::string out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '{') {
            out += parts[static_cast<std::size_t>(pattern[i + 1] - '0')];
            i += 2;
        } else {
            out += pattern[i];
        }
    }
    return out;
}

}  // namespace

const std::vector<Operation>& operations() {
    static const std::vector<Operation> all = make_operations();
    return all;
}

Cell evaluate(const Expression& expression, const Row& row) {
    if (expression.operation == nullptr) {
        return expression.is_literal ? expression.literal : row[expression.column];
    }
    std::vector<Cell> arguments;
    for (const ExpressionPtr& argument : expression.arguments) {
        arguments.push_back(evaluate(*argument, row));
    }
    return expression.operation->evaluate(arguments);
}

std::string print(const Expression& expression, const std::vector<Column>& columns) {
    if (expression.operation == nullptr) {
        return expression.is_literal ? literal_of(expression.literal)
                                     : columns[expression.column].name;
    }
    std::vector<std::string> parts;
    for (const ExpressionPtr& argument : expression.arguments) {
        parts.push_back(print(*argument, columns));
    }
    return fill(expression.operation->pattern, parts);
}

}  // namespace qd::kql::twin
