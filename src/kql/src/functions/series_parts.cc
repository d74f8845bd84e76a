// Series functions with several results (kql.md b.38): each fills one cell of every part per row.
#include "constant_argument.h"
#include "dynamic_bytes.h"
#include "functions/families.h"
#include "functions/series_arguments.h"
#include "series/fft.h"
#include "series/periods.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <utility>

namespace qd::kql {

namespace {

using Parts = std::vector<ColumnBuilder>;
/// Kept from row to row for their memory.
struct Scratch {
    series::Decomposition decomposition;
    std::vector<double> scores;
    std::string bytes;
};
using PartsRow = void (*)(const Series& s, Args args, std::uint32_t row, Scratch& scratch,
                          Parts& out);

void append_null(Parts& out) {
    for (ColumnBuilder& part : out) {
        part.append_null();
    }
}

// A kernel over rows; all-constant arguments are computed once.
template <PartsRow kRow>
Result<std::vector<ColumnPtr>> run_parts(const std::vector<columns::Field>& parts, Args args,
                                         std::uint32_t rows) {
    bool constant = rows > 1;
    for (const ColumnPtr& a : args) {
        constant = constant && a->layout() == columns::Layout::Constant;
    }
    const std::uint32_t computed = constant ? 1 : rows;
    Parts out;
    for (const columns::Field& f : parts) {
        out.emplace_back(f.type, computed);
    }
    Series s;
    Scratch scratch;
    for (std::uint32_t row = 0; row < computed; ++row) {
        read_series(*args[0], row, s);
        if (s.is_array) {
            kRow(s, args, row, scratch, out);
        } else {
            append_null(out);
        }
    }
    std::vector<ColumnPtr> done;
    for (ColumnBuilder& b : out) {
        ColumnPtr column = b.finish();
        done.push_back(constant ? columns::Column::make_constant(column->scalar_at(0), rows)
                                : std::move(column));
    }
    return done;
}

template <PartsRow kRow>
Result<BoundMultiCall> bind_parts(std::span<const Argument> args,
                                  std::initializer_list<Accepts> params,
                                  std::vector<columns::Field> parts) {
    BoundMultiCall call;
    for (std::size_t i = 0; i < args.size(); ++i) {
        const Accepts wanted = params.begin()[std::min(i, params.size() - 1)];
        QD_TRY(const DataType type, accept("series", args[i], wanted, i));
        call.arg_types.push_back(type);
    }
    call.parts = parts;
    call.kernel = [parts = std::move(parts)](const EvalContext&, Args a, std::uint32_t rows) {
        return run_parts<kRow>(parts, a, rows);
    };
    return call;
}

constexpr auto kDynamic = DataType::Dynamic;
constexpr auto kReal = DataType::Real;
constexpr auto kLong = DataType::Long;

std::int64_t season_at(Args args, std::size_t index, std::uint32_t row) {
    return static_cast<std::int64_t>(
        std::clamp(std::round(number_at(args, index, row, -1)), -1.0, 1e9));
}

std::size_t points_at(Args args, std::size_t index, std::uint32_t row) {
    return static_cast<std::size_t>(std::clamp(number_at(args, index, row, 0), 0.0, 1e9));
}

// Decomposition.

void append_decomposition(const series::Decomposition& d, Parts& out) {
    out[0].append_bytes(reals(d.baseline));
    out[1].append_bytes(reals(d.seasonal));
    out[2].append_bytes(reals(d.trend));
    out[3].append_bytes(reals_or_nulls(d.residual));
}

void decompose_row(const Series& s, Args args, std::uint32_t row, Scratch& scratch, Parts& out) {
    series::DecomposeRule rule;
    rule.seasonality = season_at(args, 1, row);
    rule.trend = trend_of(word_at(args, 2, row, "avg"), series::Trend::Average);
    rule.test_points = points_at(args, 3, row);
    rule.seasonality_threshold = number_at(args, 4, row, 0.6);
    series::decompose(s.values, rule, scratch.decomposition);
    append_decomposition(scratch.decomposition, out);
}

void forecast_row(const Series& s, Args args, std::uint32_t row, Scratch& scratch, Parts& out) {
    series::DecomposeRule rule;
    rule.test_points = points_at(args, 1, row);
    rule.seasonality = season_at(args, 2, row);
    rule.trend = trend_of(word_at(args, 3, row, "linefit"), series::Trend::Line);
    rule.seasonality_threshold = number_at(args, 4, row, 0.6);
    series::decompose(s.values, rule, scratch.decomposition);
    append_decomposition(scratch.decomposition, out);
}

void anomalies_row(const Series& s, Args args, std::uint32_t row, Scratch& scratch, Parts& out) {
    const double threshold = number_at(args, 1, row, 1.5);
    series::DecomposeRule rule;
    rule.seasonality = season_at(args, 2, row);
    rule.trend = trend_of(word_at(args, 3, row, "avg"), series::Trend::Average);
    rule.test_points = points_at(args, 4, row);
    rule.seasonality_threshold = number_at(args, 6, row, 0.6);
    series::decompose(s.values, rule, scratch.decomposition);
    series::OutlierRule fences;
    fences.custom = word_at(args, 5, row, "ctukey") != "tukey";
    scratch.scores.resize(s.size());
    series::score_outliers(scratch.decomposition.residual, fences, scratch.scores);
    const auto put = [&](std::size_t part, auto append, std::span<const double> values) {
        scratch.bytes.clear();
        append(scratch.bytes, values);
        out[part].append_bytes(scratch.bytes);
    };
    put(1, append_reals, scratch.scores);
    put(2, append_reals, scratch.decomposition.baseline);
    for (double& score : scratch.scores) {
        score = score > threshold ? 1 : (score < -threshold ? -1 : 0);
    }
    put(0, append_longs, scratch.scores);
}

std::vector<columns::Field> decomposition_parts() {
    return {{"baseline", kDynamic},
            {"seasonal", kDynamic},
            {"trend", kDynamic},
            {"residual", kDynamic}};
}

Result<BoundMultiCall> bind_decompose(std::span<const Argument> args) {
    return bind_parts<decompose_row>(
        args, {Accepts::Array, Accepts::Number, Accepts::Text, Accepts::Number, Accepts::Number},
        decomposition_parts());
}
Result<BoundMultiCall> bind_forecast(std::span<const Argument> args) {
    return bind_parts<forecast_row>(
        args, {Accepts::Array, Accepts::Number, Accepts::Number, Accepts::Text, Accepts::Number},
        decomposition_parts());
}
Result<BoundMultiCall> bind_anomalies(std::span<const Argument> args) {
    return bind_parts<anomalies_row>(
        args,
        {Accepts::Array, Accepts::Number, Accepts::Number, Accepts::Text, Accepts::Number,
         Accepts::Text, Accepts::Number},
        {{"ad_flag", kDynamic}, {"ad_score", kDynamic}, {"baseline", kDynamic}});
}

// Periods.

void append_periods(std::span<const series::Period> found, std::size_t slots, Parts& out) {
    std::vector<double> lengths(slots, 0.0);
    std::vector<double> scores(slots, 0.0);
    for (std::size_t i = 0; i < slots && i < found.size(); ++i) {
        lengths[i] = found[i].length;
        scores[i] = found[i].score;
    }
    out[0].append_bytes(reals(lengths));
    out[1].append_bytes(reals(scores));
}

void periods_detect_row(const Series& s, Args args, std::uint32_t row, Scratch&, Parts& out) {
    const auto slots =
        static_cast<std::size_t>(std::clamp(number_at(args, 3, row, 1), 0.0, 10'000.0));
    const auto found = series::detect_periods(s.values, number_at(args, 1, row, 0),
                                              number_at(args, 2, row, 1e18), slots);
    append_periods(found, slots, out);
}

void periods_validate_row(const Series& s, Args args, std::uint32_t row, Scratch&, Parts& out) {
    std::vector<double> periods;
    for (std::size_t i = 1; i < args.size(); ++i) {
        periods.push_back(number_at(args, i, row, 0));
    }
    out[0].append_bytes(reals(periods));
    out[1].append_bytes(reals(series::validate_periods(s.values, periods)));
}

std::vector<columns::Field> period_parts() {
    return {{"periods", kDynamic}, {"scores", kDynamic}};
}
Result<BoundMultiCall> bind_periods_detect(std::span<const Argument> args) {
    return bind_parts<periods_detect_row>(args, {Accepts::Array, Accepts::Number}, period_parts());
}
Result<BoundMultiCall> bind_periods_validate(std::span<const Argument> args) {
    return bind_parts<periods_validate_row>(args, {Accepts::Array, Accepts::Number},
                                            period_parts());
}

// Statistics and fits.

void stats_row(const Series& s, Args args, std::uint32_t row, Scratch&, Parts& out) {
    const SeriesStats stats = stats_of(s, bool_at(args, 1, row, false));
    if (!stats.known) {
        append_null(out);
        return;
    }
    out[0].append_real(stats.min);
    out[1].append_int(stats.min_index);
    out[2].append_real(stats.max);
    out[3].append_int(stats.max_index);
    out[4].append_real(stats.average);
    out[5].append_real(stats.stdev);
    out[6].append_real(stats.variance);
}

Result<BoundMultiCall> bind_stats(std::span<const Argument> args) {
    return bind_parts<stats_row>(args, {Accepts::Array, Accepts::Bool},
                                 {{"min", kReal},
                                  {"min_idx", kLong},
                                  {"max", kReal},
                                  {"max_idx", kLong},
                                  {"avg", kReal},
                                  {"stdev", kReal},
                                  {"variance", kReal}});
}

void fit_line_row(const Series& s, Args, std::uint32_t, Scratch&, Parts& out) {
    const series::LineFit fit = series::fit_line(s.values);
    out[0].append_real(fit.rsquare);
    out[1].append_real(fit.slope);
    out[2].append_real(fit.variance);
    out[3].append_real(fit.rvariance);
    out[4].append_real(fit.interception);
    out[5].append_bytes(reals(fit.fitted));
}

Result<BoundMultiCall> bind_fit_line(std::span<const Argument> args) {
    return bind_parts<fit_line_row>(args, {Accepts::Array},
                                    {{"rsquare", kReal},
                                     {"slope", kReal},
                                     {"variance", kReal},
                                     {"rvariance", kReal},
                                     {"interception", kReal},
                                     {"line_fit", kDynamic}});
}

void fit_two_lines_row(const Series& s, Args, std::uint32_t, Scratch&, Parts& out) {
    const series::TwoLineFit fit = series::fit_two_lines(s.values);
    out[0].append_real(fit.rsquare);
    out[1].append_int(static_cast<std::int64_t>(fit.split_index));
    out[2].append_real(fit.variance);
    out[3].append_real(fit.rvariance);
    out[4].append_bytes(reals(fit.fitted));
    std::size_t at = 5;
    for (const series::LineFit* side : {&fit.right, &fit.left}) {
        out[at++].append_real(side->rsquare);
        out[at++].append_real(side->slope);
        out[at++].append_real(side->interception);
        out[at++].append_real(side->variance);
        out[at++].append_real(side->rvariance);
    }
}

Result<BoundMultiCall> bind_fit_two_lines(std::span<const Argument> args) {
    std::vector<columns::Field> parts = {{"rsquare", kReal},
                                         {"split_idx", kLong},
                                         {"variance", kReal},
                                         {"rvariance", kReal},
                                         {"line_fit", kDynamic}};
    for (const std::string side : {"right_", "left_"}) {
        for (const char* name : {"rsquare", "slope", "interception", "variance", "rvariance"}) {
            parts.push_back({side + name, kReal});
        }
    }
    return bind_parts<fit_two_lines_row>(args, {Accepts::Array}, std::move(parts));
}

void fit_poly_row(const Series& s, Args args, std::uint32_t row, Scratch&, Parts& out) {
    Series x;
    if (args.size() > 1) {
        read_series(*args[1], row, x);
    }
    if (!x.is_array) {
        x.values.resize(s.size());
        for (std::size_t i = 0; i < x.values.size(); ++i) {
            x.values[i] = static_cast<double>(i + 1);
        }
    }
    const double degree = number_at(args, 2, row, 1);
    if (x.values.size() != s.size() || !(degree >= 1) || degree > 16) {
        append_null(out);
        return;
    }
    const series::PolynomialFit fit =
        series::fit_polynomial(s.values, x.values, static_cast<std::size_t>(degree));
    out[0].append_real(fit.rsquare);
    out[1].append_bytes(reals(fit.coefficients));
    out[2].append_real(fit.variance);
    out[3].append_real(fit.rvariance);
    out[4].append_bytes(reals_or_nulls(fit.fitted));
}

Result<BoundMultiCall> bind_fit_poly(std::span<const Argument> args) {
    return bind_parts<fit_poly_row>(args, {Accepts::Array, Accepts::Array, Accepts::Number},
                                    {{"rsquare", kReal},
                                     {"coefficients", kDynamic},
                                     {"variance", kReal},
                                     {"rvariance", kReal},
                                     {"poly_fit", kDynamic}});
}

// Fourier.

template <bool kInverse>
void fourier_row(const Series& s, Args args, std::uint32_t row, Scratch&, Parts& out) {
    Series imaginary;
    if (args.size() > 1) {
        read_series(*args[1], row, imaginary);
    }
    if (s.any_missing || imaginary.any_missing ||
        (imaginary.is_array && imaginary.size() != s.size())) {
        append_null(out);
        return;
    }
    std::vector<std::complex<double>> in(s.size());
    for (std::size_t i = 0; i < in.size(); ++i) {
        in[i] = {s.values[i], imaginary.is_array ? imaginary.values[i] : 0.0};
    }
    const auto answer = series::fourier(in, kInverse);
    std::vector<double> real(answer.size());
    std::vector<double> imag(answer.size());
    for (std::size_t i = 0; i < answer.size(); ++i) {
        real[i] = answer[i].real();
        imag[i] = answer[i].imag();
    }
    out[0].append_bytes(reals(real));
    out[1].append_bytes(reals(imag));
}

template <bool kInverse>
Result<BoundMultiCall> bind_fourier(std::span<const Argument> args) {
    return bind_parts<fourier_row<kInverse>>(args, {Accepts::Array, Accepts::Array},
                                             {{"real", kDynamic}, {"imag", kDynamic}});
}

constexpr MultiFunction kParts[] = {
    {"series_decompose",
     "series_decompose(series [, seasonality, trend:string, test_points, seasonality_threshold])",
     "Season (median per phase), trend and residual of a series.", 1, 5, bind_decompose},
    {"series_decompose_forecast",
     "series_decompose_forecast(series, points [, seasonality, trend:string, "
     "seasonality_threshold])",
     "The decomposition with the last points predicted; the first part is the forecast.", 2, 5,
     bind_forecast},
    {"series_decompose_anomalies",
     "series_decompose_anomalies(series [, threshold, seasonality, trend:string, test_points, "
     "method:string, seasonality_threshold])",
     "Flags (+1, -1, 0), scores and baseline; the threshold multiplies Tukey's fences.", 1, 7,
     bind_anomalies},
    {"series_periods_detect", "series_periods_detect(series, min, max, count)",
     "The strongest periods and their scores.", 2, 4, bind_periods_detect},
    {"series_periods_validate", "series_periods_validate(series, period, …)",
     "Scores of given periods.", 2, 17, bind_periods_validate},
    {"series_stats", "series_stats(series [, ignore_nonfinite:bool])",
     "min, min_idx, max, max_idx, avg, stdev and variance.", 1, 2, bind_stats},
    {"series_fit_line", "series_fit_line(series)", "Least-squares line.", 1, 1, bind_fit_line},
    {"series_fit_2lines", "series_fit_2lines(series)", "Best split into two least-squares lines.",
     1, 1, bind_fit_two_lines},
    {"series_fit_poly", "series_fit_poly(y [, x, degree])", "Least-squares polynomial.", 1, 3,
     bind_fit_poly},
    {"series_fft", "series_fft(real [, imaginary])", "Fourier transform, not normalised.", 1, 2,
     bind_fourier<false>},
    {"series_ifft", "series_ifft(real [, imaginary])", "Inverse Fourier transform.", 1, 2,
     bind_fourier<true>},
};

}  // namespace

std::span<const MultiFunction> series_multi_functions() {
    return kParts;
}

}  // namespace qd::kql
