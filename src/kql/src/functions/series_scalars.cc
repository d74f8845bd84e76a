// Series functions with one result: filters, filling, outliers, correlations and the forms that
// answer a bag. The arithmetic is in series/; here arrays are read, optional arguments get their
// defaults and answers become dynamic values.
#include "constant_argument.h"
#include "dynamic_bytes.h"
#include "functions/families.h"
#include "functions/series_arguments.h"
#include "qd/columns/variant.h"
#include "series/fill.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace qd::kql {

namespace {

using SeriesRow = void (*)(const Series& s, Args args, std::uint32_t row, ColumnBuilder& out);

// Reads the first argument; what is no array answers null.
template <SeriesRow kRow>
void series_row(Args args, std::uint32_t row, ColumnBuilder& out) {
    Series s;
    read_series(*args[0], row, s);
    if (!s.is_array) {
        out.append_null();
        return;
    }
    kRow(s, args, row, out);
}

void append_variant_bag(ColumnBuilder& out, const BagBytes& bag) {
    std::string bytes;
    bag.append_to(bytes);
    out.append_bytes(bytes);
}

void put_real(BagBytes& bag, std::string_view key, double v) {
    std::string bytes;
    append_variant_real(bytes, v);
    bag.append(key, bytes);
}

void put_long(BagBytes& bag, std::string_view key, std::int64_t v) {
    std::string bytes;
    append_variant_long(bytes, v);
    bag.append(key, bytes);
}

// Filters.

void fir_row(const Series& s, Args args, std::uint32_t row, ColumnBuilder& out) {
    Series filter;
    read_series(*args[1], row, filter);
    if (!filter.is_array) {
        out.append_null();
        return;
    }
    const bool negative =
        std::any_of(filter.values.begin(), filter.values.end(), [](double f) { return f < 0; });
    const bool normalize = bool_at(args, 2, row, !negative);
    const std::vector<double> answer =
        series::fir(s.values, filter.values, normalize, bool_at(args, 3, row, false));
    const bool whole = s.integral && filter.integral && !normalize;
    out.append_bytes(whole ? longs(answer) : reals(answer));
}

void iir_row(const Series& s, Args args, std::uint32_t row, ColumnBuilder& out) {
    Series b;
    Series a;
    read_series(*args[1], row, b);
    read_series(*args[2], row, a);
    if (!b.is_array || !a.is_array || a.values.empty() || a.values[0] == 0) {
        out.append_null();
        return;
    }
    out.append_bytes(reals(series::iir(s.values, b.values, a.values)));
}

// Filling works on the elements' bytes, so what is not filled stays as it was.

bool is_placeholder(const Series& s, std::size_t i, double placeholder) {
    return s.is_missing(i) || (!std::isnan(placeholder) && s.values[i] == placeholder);
}

double placeholder_at(Args args, std::size_t index, std::uint32_t row) {
    return number_at(args, index, row, std::numeric_limits<double>::quiet_NaN());
}

void append_array(ColumnBuilder& out, const ArrayBytes& array) {
    std::string bytes;
    array.append_to(bytes);
    out.append_bytes(bytes);
}

void fill_const_row(const Series& s, Args args, std::uint32_t row, ColumnBuilder& out) {
    const double placeholder = placeholder_at(args, 2, row);
    std::string constant;
    if (args.size() > 1) {
        append_cell_as_variant(constant, *args[1], row);
    } else {
        append_variant_long(constant, 0);
    }
    const VariantView view = variant_at(args, 0, row);
    ArrayBytes array;
    for (std::uint32_t i = 0; i < s.size(); ++i) {
        array.append(is_placeholder(s, i, placeholder) ? std::string_view(constant)
                                                       : view.element(i).bytes());
    }
    append_array(out, array);
}

template <bool kForward>
void fill_step_row(const Series& s, Args args, std::uint32_t row, ColumnBuilder& out) {
    const double placeholder = placeholder_at(args, 1, row);
    const VariantView view = variant_at(args, 0, row);
    const auto n = static_cast<std::uint32_t>(s.size());
    std::vector<std::uint32_t> source(n);
    std::uint32_t last = n;  // none yet
    for (std::uint32_t k = 0; k < n; ++k) {
        const std::uint32_t i = kForward ? k : n - 1 - k;
        if (!is_placeholder(s, i, placeholder)) {
            last = i;
        }
        source[i] = last == n ? i : last;
    }
    ArrayBytes array;
    for (const std::uint32_t i : source) {
        array.append(view.element(i).bytes());
    }
    append_array(out, array);
}

void fill_linear_row(const Series& s, Args args, std::uint32_t row, ColumnBuilder& out) {
    const double placeholder = placeholder_at(args, 1, row);
    std::vector<double> values = s.values;
    bool all_missing = true;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (is_placeholder(s, i, placeholder)) {
            values[i] = std::numeric_limits<double>::quiet_NaN();
        } else {
            all_missing = false;
        }
    }
    const double constant = number_at(args, 3, row, 0);
    series::fill_linear(values, bool_at(args, 2, row, true), constant);
    const bool constant_real = args.size() > 3 && args[3]->type() == DataType::Real;
    const bool whole = all_missing ? !constant_real : s.integral;
    if (whole) {
        out.append_bytes(longs(values));
        return;
    }
    out.append_bytes(reals_or_nulls(values));
}

// Outliers and seasons.

void outliers_row(const Series& s, Args args, std::uint32_t row, ColumnBuilder& out) {
    series::OutlierRule rule;
    rule.custom = word_at(args, 1, row, "ctukey") != "tukey";
    const double ignore = placeholder_at(args, 2, row);
    if (!std::isnan(ignore)) {
        rule.ignore = ignore;
    }
    rule.low_percent = std::clamp(number_at(args, 3, row, 10), 0.0, 50.0);
    rule.high_percent = std::clamp(number_at(args, 4, row, 90), 50.0, 100.0);
    std::vector<double> scores(s.size());
    series::score_outliers(s.values, rule, scores);
    out.append_bytes(reals(scores));
}

std::int64_t season_of(double v) {
    return static_cast<std::int64_t>(std::clamp(std::round(v), -1.0, 1e9));
}

void seasonal_row(const Series& s, Args args, std::uint32_t row, ColumnBuilder& out) {
    series::DecomposeRule rule;
    rule.seasonality = season_of(number_at(args, 1, row, -1));
    rule.test_points = static_cast<std::size_t>(std::clamp(number_at(args, 2, row, 0), 0.0, 1e9));
    rule.seasonality_threshold = 0.7;
    rule.trend = series::Trend::None;
    out.append_bytes(reals(series::decompose(s.values, rule).seasonal));
}

// Numbers of one or two arrays.

void product_row(const Series& s, Args, std::uint32_t, ColumnBuilder& out) {
    double product = 1;
    for (const double v : s.values) {
        product *= v;
    }
    std::isnan(product) && s.any_missing ? out.append_null() : out.append_real(product);
}

void sum_row(const Series& s, Args, std::uint32_t, ColumnBuilder& out) {
    double sum = 0;
    for (const double v : s.values) {
        sum += v;
    }
    s.any_missing ? out.append_null() : out.append_real(sum);
}

void magnitude_row(const Series& s, Args, std::uint32_t, ColumnBuilder& out) {
    double squares = 0;
    for (const double v : s.values) {
        squares += v * v;
    }
    s.any_missing ? out.append_null() : out.append_real(std::sqrt(squares));
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        sum += a[i] * b[i];
    }
    return sum;
}

double pearson(const std::vector<double>& a, const std::vector<double>& b) {
    const auto n = static_cast<double>(a.size());
    double mean_a = 0;
    double mean_b = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        mean_a += a[i];
        mean_b += b[i];
    }
    mean_a /= n;
    mean_b /= n;
    double aa = 0;
    double bb = 0;
    double ab = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        aa += (a[i] - mean_a) * (a[i] - mean_a);
        bb += (b[i] - mean_b) * (b[i] - mean_b);
        ab += (a[i] - mean_a) * (b[i] - mean_b);
    }
    return ab / (std::sqrt(aa) * std::sqrt(bb));
}

enum class Pair : std::uint8_t { Dot, Pearson, Cosine };

// Either side of a dot product may be one number.
bool read_side(const columns::Column& column, std::uint32_t row, std::size_t length, Series& s) {
    if (column.type() == DataType::Dynamic) {
        read_series(column, row, s);
        return s.is_array && !s.any_missing;
    }
    if (column.is_null(row)) {
        return false;
    }
    s.values.assign(length, column.real_at(row));
    return true;
}

template <Pair kPair>
void pair_row(Args args, std::uint32_t row, ColumnBuilder& out) {
    Series a;
    Series b;
    const bool first_array = args[0]->type() == DataType::Dynamic;
    const std::size_t one = first_array ? 0 : 1;
    Series& known = first_array ? a : b;
    Series& other = first_array ? b : a;
    if (!read_side(*args[one], row, 0, known) ||
        !read_side(*args[1 - one], row, known.size(), other) || a.size() != b.size() ||
        a.values.empty()) {
        out.append_null();
        return;
    }
    if (kPair == Pair::Dot) {
        out.append_real(dot(a.values, b.values));
    } else if (kPair == Pair::Pearson) {
        out.append_real(pearson(a.values, b.values));
    } else {
        const double size_a = number_at(args, 2, row, std::sqrt(dot(a.values, a.values)));
        const double size_b = number_at(args, 3, row, std::sqrt(dot(b.values, b.values)));
        out.append_real(dot(a.values, b.values) / (size_a * size_b));
    }
}

// Bags.

void stats_row(const Series& s, Args args, std::uint32_t row, ColumnBuilder& out) {
    const SeriesStats stats = stats_of(s, bool_at(args, 1, row, false));
    if (!stats.known) {
        out.append_null();
        return;
    }
    BagBytes bag;
    put_real(bag, "min", stats.min);
    put_long(bag, "min_idx", stats.min_index);
    put_real(bag, "max", stats.max);
    put_long(bag, "max_idx", stats.max_index);
    put_real(bag, "avg", stats.average);
    put_real(bag, "stdev", stats.stdev);
    put_real(bag, "variance", stats.variance);
    put_real(bag, "sum", stats.sum);
    put_long(bag, "len", stats.length);
    append_variant_bag(out, bag);
}

void put_line(BagBytes& bag, const series::LineFit& fit) {
    put_real(bag, "rsquare", fit.rsquare);
    put_real(bag, "slope", fit.slope);
    put_real(bag, "variance", fit.variance);
    put_real(bag, "rvariance", fit.rvariance);
    put_real(bag, "interception", fit.interception);
}

void fit_line_row(const Series& s, Args, std::uint32_t, ColumnBuilder& out) {
    const series::LineFit fit = series::fit_line(s.values);
    BagBytes bag;
    put_line(bag, fit);
    bag.append("line_fit", reals(fit.fitted));
    append_variant_bag(out, bag);
}

void fit_two_lines_row(const Series& s, Args, std::uint32_t, ColumnBuilder& out) {
    const series::TwoLineFit fit = series::fit_two_lines(s.values);
    BagBytes bag;
    put_real(bag, "rsquare", fit.rsquare);
    put_long(bag, "split_idx", static_cast<std::int64_t>(fit.split_index));
    put_real(bag, "variance", fit.variance);
    put_real(bag, "rvariance", fit.rvariance);
    bag.append("line_fit", reals(fit.fitted));
    for (const bool right : {true, false}) {
        BagBytes side;
        put_line(side, right ? fit.right : fit.left);
        std::string bytes;
        side.append_to(bytes);
        bag.append(right ? "right" : "left", bytes);
    }
    append_variant_bag(out, bag);
}

template <SeriesRow kRow, Accepts... kRest>
Result<BoundCall> bind_series(std::span<const Argument> args) {
    return bind_row("series", args, {Accepts::Array, kRest...}, DataType::Dynamic, series_row<kRow>,
                    Nulls::Passed);
}
template <SeriesRow kRow>
Result<BoundCall> bind_number(std::span<const Argument> args) {
    return bind_row("series", args, {Accepts::Array}, DataType::Real, series_row<kRow>,
                    Nulls::Passed);
}
template <Pair kPair>
Result<BoundCall> bind_pair(std::span<const Argument> args) {
    if (args[0].type != DataType::Dynamic && args[1].type != DataType::Dynamic) {
        return argument_error("series", "one argument must be a numeric array", args[0].span);
    }
    return bind_row("series", args, {Accepts::Any, Accepts::Any, Accepts::Number, Accepts::Number},
                    DataType::Real, pair_row<kPair>, Nulls::Passed);
}

constexpr auto kFirst = Naming::FirstArgument;
constexpr auto kAnonymous = Naming::Anonymous;

constexpr ScalarFunction kSeries[] = {
    {"series_fir", "series_fir(series, filter [, normalize:bool, center:bool]) : dynamic",
     "Finite impulse response filter; normalised unless the filter has negative coefficients.", 2,
     4, kFirst, bind_series<fir_row, Accepts::Array, Accepts::Bool, Accepts::Bool>},
    {"fir", "fir(series, filter [, normalize:bool, center:bool]) : dynamic",
     "Old spelling of series_fir.", 2, 4, kFirst,
     bind_series<fir_row, Accepts::Array, Accepts::Bool, Accepts::Bool>},
    {"series_iir", "series_iir(series, numerators, denominators) : dynamic",
     "Infinite impulse response filter; [1] and [1,-1] give the running sum.", 3, 3, kFirst,
     bind_series<iir_row, Accepts::Array, Accepts::Array>},
    {"series_fill_const", "series_fill_const(series [, constant, missing]) : dynamic",
     "Replaces missing elements by a constant.", 1, 3, kFirst,
     bind_series<fill_const_row, Accepts::AnyNumber, Accepts::Number>},
    {"series_fill_forward", "series_fill_forward(series [, missing]) : dynamic",
     "Replaces missing elements by the last known one.", 1, 2, kFirst,
     bind_series<fill_step_row<true>, Accepts::Number>},
    {"series_fill_backward", "series_fill_backward(series [, missing]) : dynamic",
     "Replaces missing elements by the next known one.", 1, 2, kFirst,
     bind_series<fill_step_row<false>, Accepts::Number>},
    {"series_fill_linear",
     "series_fill_linear(series [, missing, fill_edges:bool, constant]) : dynamic",
     "Replaces missing elements by straight lines between the known ones.", 1, 4, kFirst,
     bind_series<fill_linear_row, Accepts::Number, Accepts::Bool, Accepts::AnyNumber>},
    {"series_outliers",
     "series_outliers(series [, kind:string, ignore:real, low:real, high:real, test_points]) : "
     "dynamic",
     "Scores of points outside Tukey's fences; 1.5 is a mild, 3 a strong outlier.", 1, 6, kFirst,
     bind_series<outliers_row, Accepts::Text, Accepts::Number, Accepts::Number, Accepts::Number,
                 Accepts::Number>},
    {"series_seasonal", "series_seasonal(series [, period:int, test_points:int]) : dynamic",
     "The seasonal part: the median of each phase of the period.", 1, 3, kAnonymous,
     bind_series<seasonal_row, Accepts::Number, Accepts::Number>},
    {"series_stats_dynamic", "series_stats_dynamic(series [, ignore_nonfinite:bool]) : dynamic",
     "min, min_idx, max, max_idx, avg, stdev, variance, sum and len as a bag.", 1, 2, kAnonymous,
     bind_series<stats_row, Accepts::Bool>},
    {"series_fit_line_dynamic", "series_fit_line_dynamic(series) : dynamic",
     "Least-squares line as a bag.", 1, 1, kAnonymous, bind_series<fit_line_row>},
    {"series_fit_2lines_dynamic", "series_fit_2lines_dynamic(series) : dynamic",
     "Best split into two least-squares lines as a bag.", 1, 1, kAnonymous,
     bind_series<fit_two_lines_row>},
    {"series_sum", "series_sum(series) : real", "Sum of the elements.", 1, 1, kAnonymous,
     bind_number<sum_row>},
    {"series_product", "series_product(series) : real", "Product of the elements.", 1, 1,
     kAnonymous, bind_number<product_row>},
    {"series_magnitude", "series_magnitude(series) : real", "Euclidean length.", 1, 1, kAnonymous,
     bind_number<magnitude_row>},
    {"series_dot_product", "series_dot_product(a, b) : real", "Sum of the products of elements.", 2,
     2, kAnonymous, bind_pair<Pair::Dot>},
    {"series_pearson_correlation", "series_pearson_correlation(a, b) : real",
     "Pearson's correlation coefficient.", 2, 2, kAnonymous, bind_pair<Pair::Pearson>},
    {"series_cosine_similarity",
     "series_cosine_similarity(a, b [, magnitude_a:real, magnitude_b:real]) : real",
     "Cosine of the angle between two vectors.", 2, 4, kAnonymous, bind_pair<Pair::Cosine>},
};

}  // namespace

std::span<const ScalarFunction> series_functions() {
    return kSeries;
}

}  // namespace qd::kql
