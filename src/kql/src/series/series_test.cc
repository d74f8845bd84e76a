#include "qd/base/random.h"
#include "series/decompose.h"
#include "series/fft.h"
#include "series/fill.h"
#include "series/fit.h"
#include "series/order_statistics.h"
#include "series/outliers.h"
#include "series/periods.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>

// The fast routines against plain ones on random series, and the numbers pinned in kql.md c.
namespace qd::kql::series {
namespace {

using Doubles = std::vector<double>;

Doubles random_series(Random& random, std::size_t n, std::size_t period) {
    Doubles y(n);
    for (std::size_t i = 0; i < n; ++i) {
        y[i] =
            10 +
            5 * std::sin(static_cast<double>(i) * 6.283185307179586 / static_cast<double>(period)) +
            3 * random.unit() + (random.below(50) == 0 ? 40 : 0);
    }
    return y;
}

double naive_median(Doubles v) {
    if (v.empty()) {
        return 0;
    }
    std::sort(v.begin(), v.end());
    const std::size_t h = v.size() / 2;
    return v.size() % 2 == 1 ? v[h] : (v[h - 1] + v[h]) / 2;
}

void expect_near(const Doubles& got, const Doubles& want, double relative) {
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_NEAR(got[i], want[i], relative * std::max(1.0, std::abs(want[i]))) << "at " << i;
    }
}

TEST(SeriesOrder, SelectionAgreesWithSorting) {
    Random random(1);
    for (std::size_t n = 1; n < 400; n += 1 + n / 8) {
        Doubles v(n);
        for (double& x : v) {
            x = static_cast<double>(random.below(n % 3 == 0 ? 3 : 1000));
        }
        Doubles sorted = v;
        std::sort(sorted.begin(), sorted.end());
        Doubles scratch = v;
        EXPECT_EQ(median(scratch), naive_median(v));
        for (const double p : {0.0, 0.1, 0.5, 0.9, 1.0}) {
            const double rank = p * static_cast<double>(n - 1);
            const auto low = static_cast<std::size_t>(rank);
            const std::size_t high = std::min(low + 1, n - 1);
            scratch = v;
            EXPECT_DOUBLE_EQ(
                Percentiles(scratch).at(p),
                sorted[low] + (sorted[high] - sorted[low]) * (rank - static_cast<double>(low)));
        }
    }
}

TEST(SeriesFourier, EveryLengthAgreesWithTheSum) {
    Random random(2);
    for (const std::size_t n : {1U, 2U, 7U, 12U, 37U, 60U, 97U, 101U, 120U, 122U}) {
        std::vector<std::complex<double>> in(n);
        for (auto& c : in) {
            c = {random.unit() - 0.5, random.unit()};
        }
        const auto fast = fourier(in, false);
        for (std::size_t k = 0; k < n; ++k) {
            std::complex<double> sum = 0;
            for (std::size_t i = 0; i < n; ++i) {
                sum += in[i] * std::polar(1.0, -6.283185307179586 * static_cast<double>(i * k % n) /
                                                   static_cast<double>(n));
            }
            EXPECT_NEAR(std::abs(fast[k] - sum), 0, 1e-11) << n << " " << k;
        }
        const auto back = fourier(fast, true);
        for (std::size_t i = 0; i < n; ++i) {
            EXPECT_NEAR(std::abs(back[i] - in[i]), 0, 1e-12);
        }
    }
}

TEST(SeriesFourier, AutocorrelationAgreesWithTheSum) {
    Random random(3);
    for (const std::size_t n : {8U, 61U, 168U}) {
        const Doubles y = random_series(random, n, 7);
        const Doubles c = circular_autocorrelation(power_spectrum(y));
        double mean = 0;
        for (const double v : y) {
            mean += v / static_cast<double>(n);
        }
        double zero = 0;
        for (const double v : y) {
            zero += (v - mean) * (v - mean);
        }
        for (std::size_t lag = 0; lag < n; ++lag) {
            double sum = 0;
            for (std::size_t i = 0; i < n; ++i) {
                sum += (y[i] - mean) * (y[(i + lag) % n] - mean);
            }
            EXPECT_NEAR(c[lag], sum / zero, 1e-10);
        }
    }
    EXPECT_EQ(circular_autocorrelation(power_spectrum(Doubles(9, 3.0)))[0], 0);
}

// The definition of c.1, point by point.
Decomposition naive_decompose(const Doubles& y, std::size_t period, Trend trend,
                              std::size_t test_points) {
    const std::size_t n = y.size();
    const std::size_t learned = n - test_points;
    Decomposition out;
    for (std::size_t i = 0; i < n; ++i) {
        Doubles phase;
        for (std::size_t j = 0; period > 0 && j < learned; ++j) {
            if (j % period == i % period) {
                phase.push_back(y[j]);
            }
        }
        out.seasonal.push_back(period > 0 ? naive_median(phase) : 0);
    }
    long double sx = 0;
    long double sy = 0;
    long double sxx = 0;
    long double sxy = 0;
    for (std::size_t i = 0; i < learned; ++i) {
        const long double x = static_cast<long double>(i);
        const long double d = y[i] - out.seasonal[i];
        sx += x;
        sy += d;
        sxx += x * x;
        sxy += x * d;
    }
    const auto m = static_cast<long double>(learned);
    const long double slope = trend == Trend::Line ? (m * sxy - sx * sy) / (m * sxx - sx * sx) : 0;
    const long double base = trend == Trend::None ? 0 : (sy - slope * sx) / m;
    for (std::size_t i = 0; i < n; ++i) {
        out.trend.push_back(static_cast<double>(base + slope * static_cast<long double>(i)));
        out.baseline.push_back(out.seasonal[i] + out.trend[i]);
        out.residual.push_back(y[i] - out.baseline[i]);
    }
    return out;
}

TEST(SeriesDecompose, AgreesWithTheDefinition) {
    Random random(4);
    for (int round = 0; round < 60; ++round) {
        const std::size_t n = 20 + random.below(400);
        const std::size_t period = random.below(40);
        const Trend trend = round % 3 == 0   ? Trend::Average
                            : round % 3 == 1 ? Trend::Line
                                             : Trend::None;
        const std::size_t test_points = random.below(2) * random.below(10);
        const Doubles y = random_series(random, n, 7);
        const Decomposition fast =
            decompose(y, {static_cast<std::int64_t>(period), trend, test_points, 0.6});
        const Decomposition slow = naive_decompose(y, period, trend, test_points);
        expect_near(fast.seasonal, slow.seasonal, 1e-12);
        expect_near(fast.trend, slow.trend, 1e-10);
        expect_near(fast.baseline, slow.baseline, 1e-10);
        expect_near(fast.residual, slow.residual, 1e-10);
    }
}

TEST(SeriesDecompose, MissingPointsAreNotLearnedFrom) {
    const double gap = std::nan("");
    const Doubles y = {1, 5, 1, gap, 1, 5, gap, 5};
    const Decomposition d = decompose(y, {2, Trend::Average, 0, 0.6});
    expect_near(d.seasonal, {1, 5, 1, 5, 1, 5, 1, 5}, 0);
    EXPECT_TRUE(std::isnan(d.residual[3]));
    EXPECT_EQ(d.residual[7], 0);
    EXPECT_TRUE(decompose(Doubles{}, {}).baseline.empty());
    EXPECT_EQ(decompose(Doubles{1, 2, 3}, {2, Trend::Line, 9, 0.6}).baseline.size(), 3U);
}

TEST(SeriesDecompose, FindsTheSeasonOfARegularSeries) {
    Doubles y;
    for (int i = 0; i < 240; ++i) {
        y.push_back(i % 24 < 8 ? 1 : 9 + i % 3);
    }
    EXPECT_EQ(find_seasonality(y, 0.6), 24U);
    EXPECT_EQ(find_seasonality(Doubles(100, 1.0), 0.6), 0U);
    EXPECT_EQ(find_seasonality(Doubles{1, 2}, 0.6), 0U);
    // A line correlates with itself everywhere, but nowhere in a hill.
    Doubles line;
    for (int i = 0; i < 200; ++i) {
        line.push_back(i);
    }
    EXPECT_EQ(find_seasonality(line, 0.6), 0U);
}

const Doubles kSixty = {80,  139, 87,  110, 68, 54, 50,  51,  53,  133, 86,  141, 97,  156, 94,
                        149, 95,  140, 77,  61, 50, 54,  47,  133, 72,  152, 94,  148, 105, 162,
                        101, 160, 87,  63,  53, 55, 54,  151, 103, 189, 108, 183, 113, 175, 113,
                        178, 90,  71,  62,  62, 65, 165, 109, 181, 115, 182, 121, 178, 114, 170};

TEST(SeriesPeriods, PinnedSixtyPoints) {
    const auto found = detect_periods(kSixty, 0, 50, 2);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].length, 14);
    EXPECT_NEAR(found[0].score, 0.8405558794091443, 1e-12);
    const auto scores = validate_periods(kSixty, Doubles{14, 10, 2, 31});
    EXPECT_NEAR(scores[0], 0.8405558794091443, 1e-12);
    EXPECT_EQ(scores[1], 0);
    EXPECT_EQ(scores[2], 0);
    EXPECT_EQ(scores[3], 0);
}

TEST(SeriesSeasonal, PinnedExamples) {
    const Doubles a = {2, 5, 3, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1};
    expect_near(decompose(a, {-1, Trend::None, 0, 0.7}).seasonal,
                {1, 2, 3, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1}, 0);
    const Doubles b = {8,  12, 14, 12, 10, 10, 12, 14, 12, 10,
                       10, 12, 14, 12, 10, 10, 12, 14, 12, 10};
    EXPECT_EQ(decompose(b, {-1, Trend::None, 0, 0.7}).seasonal[0], 10);
    const Doubles c = {1, 3, 5, 2, 4, 6, 1, 3, 5, 2, 4, 6};
    EXPECT_EQ(decompose(c, {-1, Trend::None, 0, 0.7}).seasonal, Doubles(12, 0.0));
    EXPECT_EQ(seasonal_part(c, 12, 3)[0], 1.5);
}

TEST(SeriesOutliers, AgreesWithTheDefinition) {
    Random random(5);
    for (int round = 0; round < 30; ++round) {
        const Doubles y = random_series(random, 10 + random.below(300), 5);
        Doubles sorted = y;
        std::sort(sorted.begin(), sorted.end());
        const auto at = [&](double p) {
            const double rank = p * static_cast<double>(sorted.size() - 1);
            const auto low = static_cast<std::size_t>(rank);
            const std::size_t high = std::min(low + 1, sorted.size() - 1);
            return sorted[low] + (sorted[high] - sorted[low]) * (rank - static_cast<double>(low));
        };
        const double low = at(0.1);
        const double high = at(0.9);
        Doubles want(y.size(), 0.0);
        for (std::size_t i = 0; i < y.size(); ++i) {
            if (y[i] > high || y[i] < low) {
                want[i] = 2.772605605507915 * (y[i] - (y[i] > high ? high : low)) / (high - low);
            }
        }
        Doubles got(y.size());
        score_outliers(y, {}, got);
        expect_near(got, want, 1e-12);
    }
}

TEST(SeriesOutliers, EdgeCases) {
    Doubles scores(5);
    score_outliers(Doubles{1, 1, 1, 1, 9}, {true, 10, 60, {}}, scores);
    EXPECT_EQ(scores[0], 0);
    EXPECT_EQ(scores[4], kFlatScore);
    score_outliers(Doubles{1, 2, 3, 4, 1000}, {true, 10, 90, 1000.0}, scores);
    EXPECT_EQ(scores[4], 0);
    score_outliers(Doubles{1, 2, 3, 4, std::nan("")}, {false, 0, 0, {}}, scores);
    EXPECT_EQ(scores[4], 0);
    score_outliers(Doubles{0, 1, 2, 3, 10}, {false, 0, 0, {}}, scores);
    EXPECT_DOUBLE_EQ(scores[4], 3.5);  // quartiles 1 and 3
    Doubles none;
    score_outliers(none, {}, none);
}

TEST(SeriesFit, PinnedLines) {
    const LineFit line = fit_line(Doubles{2, 5, 6, 8, 11, 15, 17, 18, 25, 26, 30, 30});
    EXPECT_NEAR(line.rsquare, 0.982900730884447, 1e-14);
    EXPECT_NEAR(line.slope, 2.730769230769231, 1e-14);
    EXPECT_NEAR(line.variance, 98.62878787878789, 1e-12);
    EXPECT_NEAR(line.rvariance, 1.686480186480187, 1e-13);
    EXPECT_NEAR(line.interception, -1.6666666666666716, 1e-13);
    const TwoLineFit two =
        fit_two_lines(Doubles{1, 2.2, 2.5, 4.7, 5.0, 12, 10.3, 10.3, 9, 8.3, 6.2});
    EXPECT_EQ(two.split_index, 5U);
    EXPECT_NEAR(two.left.fitted[0], 0.98, 1e-12);
    EXPECT_NEAR(two.left.slope, 1.05, 1e-12);
    EXPECT_NEAR(two.right.fitted[0], 11.942857142857143, 1e-12);
    EXPECT_NEAR(two.right.slope, -1.0371428571428571, 1e-12);
    EXPECT_EQ(fit_two_lines(Doubles{}).fitted.size(), 0U);
    EXPECT_EQ(fit_two_lines(Doubles{4}).fitted.size(), 1U);
}

TEST(SeriesFit, TwoLinesAgreeWithTryingEverySplit) {
    Random random(6);
    for (int round = 0; round < 40; ++round) {
        const Doubles y = random_series(random, 6 + random.below(80), 9);
        double least = -1;
        for (std::size_t k = 2; k + 2 <= y.size(); ++k) {
            double error = 0;
            const std::span<const double> all(y);
            for (const auto part : {all.first(k), all.subspan(k)}) {
                const LineFit f = fit_line(part);
                error += f.rvariance * static_cast<double>(part.size() - 1);
            }
            least = least < 0 ? error : std::min(least, error);
        }
        const TwoLineFit two = fit_two_lines(y);
        EXPECT_NEAR(two.rvariance * static_cast<double>(y.size() - 1), least, 1e-8 * (1 + least));
    }
}

TEST(SeriesFit, PolynomialFindsItsOwnCoefficients) {
    Doubles x;
    Doubles y;
    for (int i = 0; i < 60; ++i) {
        const double at = -2.3 + 0.08 * i;
        x.push_back(at);
        y.push_back(std::pow(at, 5) - 8 * std::pow(at, 3) + 10 * at + 6);
    }
    const PolynomialFit fit = fit_polynomial(y, x, 5);
    expect_near(fit.coefficients, {1, 0, -8, 0, 10, 6}, 1e-10);
    expect_near(fit.fitted, y, 1e-11);
    EXPECT_NEAR(fit.rsquare, 1, 1e-12);
    EXPECT_EQ(fit_polynomial(Doubles{}, Doubles{}, 2).coefficients.size(), 3U);
}

TEST(SeriesFill, Rules) {
    const double gap = std::nan("");
    Doubles y = {36, 41, gap, gap, 16};
    fill_linear(y, true, 0);
    EXPECT_NEAR(y[2], 32.666666666666664, 1e-12);
    EXPECT_NEAR(y[3], 24.333333333333332, 1e-12);
    Doubles edges = {gap, 2, gap};
    fill_linear(edges, true, 0);
    EXPECT_EQ(edges, (Doubles{2, 2, 2}));
    Doubles kept = {gap, 2, gap};
    fill_linear(kept, false, 0);
    EXPECT_TRUE(std::isnan(kept[0]) && std::isnan(kept[2]));
    Doubles none = {gap, gap};
    fill_linear(none, true, 7);
    EXPECT_EQ(none, (Doubles{7, 7}));
    EXPECT_EQ(fir(Doubles{5, 15, 10, 20}, Doubles{1, -1}, false, false), (Doubles{5, 10, -5, 10}));
    EXPECT_EQ(fir(Doubles{3, 6, 9}, Doubles{1, 1, 1}, true, true), (Doubles{3, 6, 5}));
    EXPECT_EQ(iir(Doubles{1, 2, 3}, Doubles{1}, Doubles{1, -1}), (Doubles{1, 3, 6}));
}

}  // namespace
}  // namespace qd::kql::series
