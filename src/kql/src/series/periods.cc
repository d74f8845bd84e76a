// Periods by periodogram and autocorrelation together (after AUTOPERIOD, Vlachos, Yu and Castelli
// 2005): the periodogram proposes a frequency bin, the autocorrelation decides.
//
// For every bin k >= 2 with more than the mean power, the lags between the neighbouring bins are a
// window; its largest circular autocorrelation is the period, if the autocorrelation really makes
// a hill there: rising (by a least-squares slope) from the window's start to the peak and falling
// from the peak to the window's end. A trend gives high values without a hill and is not taken.
// The score is the autocorrelation at the lag, rescaled over all lags to [0, 1].
//
// Complexity: two Fourier transforms and O(n) for all windows together (they halve as k grows).
#include "periods.h"

#include "fft.h"

#include <algorithm>
#include <cmath>

namespace qd::kql::series {

namespace {

constexpr std::size_t kShortest = 4;

std::vector<double> filled(std::span<const double> y) {
    double sum = 0;
    std::size_t count = 0;
    for (const double v : y) {
        if (std::isfinite(v)) {
            sum += v;
            ++count;
        }
    }
    const double mean = count == 0 ? 0.0 : sum / static_cast<double>(count);
    std::vector<double> out(y.begin(), y.end());
    for (double& v : out) {
        if (!std::isfinite(v)) {
            v = mean;
        }
    }
    return out;
}

// Least-squares slope of c over [from, to]; 0 for a single point.
double slope(std::span<const double> c, std::size_t from, std::size_t to) {
    const auto n = static_cast<double>(to - from + 1);
    if (to <= from) {
        return 0;
    }
    double sx = 0;
    double sy = 0;
    for (std::size_t i = from; i <= to; ++i) {
        sx += static_cast<double>(i);
        sy += c[i];
    }
    const double mx = sx / n;
    const double my = sy / n;
    double sxy = 0;
    double sxx = 0;
    for (std::size_t i = from; i <= to; ++i) {
        const double dx = static_cast<double>(i) - mx;
        sxy += dx * (c[i] - my);
        sxx += dx * dx;
    }
    return sxy / sxx;
}

struct Window {
    std::size_t from = 0;
    std::size_t to = 0;
};

// Lags that bin k of n stands for.
Window window_of(std::size_t n, std::size_t k) {
    const auto length = static_cast<double>(n);
    const auto bin = static_cast<double>(k);
    const double from = std::floor((length / (bin + 1) + length / bin) / 2 - 1);
    const double to = std::ceil((length / bin + length / (bin - 1)) / 2 + 1);
    Window w;
    w.from = static_cast<std::size_t>(std::max(from, 0.0));
    w.to = std::min(static_cast<std::size_t>(to), n - 1);
    return w;
}

bool is_hill(std::span<const double> c, Window w, std::size_t peak) {
    return peak > w.from && peak < w.to && slope(c, w.from, peak) > 0 && slope(c, peak, w.to) < 0;
}

class Spectrum {
  public:
    explicit Spectrum(std::span<const double> y) : n_(y.size()) {
        power_ = power_spectrum(filled(y));
        c_ = circular_autocorrelation(power_);
        least_ = c_.empty() ? 0 : *std::min_element(c_.begin(), c_.end());
    }

    std::vector<Period> candidates() const {
        std::vector<Period> found;
        if (n_ < 2 * kShortest || !(c_[0] > 0)) {
            return found;
        }
        double mean = 0;
        for (std::size_t k = 1; k <= n_ / 2; ++k) {
            mean += power_[k];
        }
        mean /= static_cast<double>(n_ / 2);
        for (std::size_t k = 2; k <= n_ / 2; ++k) {
            if (power_[k] <= mean) {
                continue;
            }
            const Window w = window_of(n_, k);
            const std::size_t peak = peak_of(w);
            if (peak < kShortest || peak > n_ / 2 || !is_hill(c_, w, peak)) {
                continue;
            }
            const auto length = static_cast<double>(peak);
            const bool known = std::any_of(found.begin(), found.end(),
                                           [&](const Period& p) { return p.length == length; });
            if (!known) {
                found.push_back({length, score(peak)});
            }
        }
        std::stable_sort(found.begin(), found.end(),
                         [](const Period& a, const Period& b) { return a.score > b.score; });
        return found;
    }

    // The score of one period; 0 without a hill there.
    double validate(double period) const {
        const double rounded = std::round(period);
        if (!(rounded >= static_cast<double>(kShortest)) || rounded > static_cast<double>(n_ / 2) ||
            !(c_[0] > 0)) {
            return 0;
        }
        const auto lag = static_cast<std::size_t>(rounded);
        const auto bin =
            static_cast<std::size_t>(std::max(2.0, std::round(static_cast<double>(n_) / rounded)));
        const Window w = window_of(n_, bin);
        return peak_of(w) == lag && is_hill(c_, w, lag) ? score(lag) : 0.0;
    }

  private:
    std::size_t peak_of(Window w) const {
        std::size_t peak = w.from;
        for (std::size_t i = w.from; i <= w.to; ++i) {
            if (c_[i] > c_[peak]) {
                peak = i;
            }
        }
        return peak;
    }
    double score(std::size_t lag) const { return (c_[lag] - least_) / (1 - least_); }

    std::size_t n_;
    std::vector<double> power_;
    std::vector<double> c_;
    double least_ = 0;
};

}  // namespace

std::vector<Period> detect_periods(std::span<const double> y, double least, double greatest,
                                   std::size_t count) {
    if (y.empty()) {
        return {};
    }
    std::vector<Period> found = Spectrum(y).candidates();
    std::erase_if(found, [&](const Period& p) { return p.length < least || p.length > greatest; });
    if (found.size() > count) {
        found.resize(count);
    }
    return found;
}

std::vector<double> validate_periods(std::span<const double> y, std::span<const double> periods) {
    std::vector<double> scores(periods.size(), 0.0);
    if (y.empty()) {
        return scores;
    }
    const Spectrum spectrum(y);
    for (std::size_t i = 0; i < periods.size(); ++i) {
        scores[i] = spectrum.validate(periods[i]);
    }
    return scores;
}

std::size_t find_seasonality(std::span<const double> y, double threshold) {
    if (y.empty()) {
        return 0;
    }
    for (const Period& p : Spectrum(y).candidates()) {
        if (p.score >= threshold) {
            return static_cast<std::size_t>(p.length);
        }
    }
    return 0;
}

}  // namespace qd::kql::series
