// The registry and the text exposition are prometheus-cpp's, the only file that sees it. Its
// families hand out the same object for the same labels, so asking twice is cheap to get right;
// the wrappers are kept by the address of what they wrap.
#include "qd/base/metrics.h"

#include "qd/base/check.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <exception>
#include <map>
#include <mutex>

namespace qd {
namespace {

class PrometheusCounter final : public Counter {
  public:
    explicit PrometheusCounter(prometheus::Counter& under) : under_(under) {}
    void add(double amount) override { under_.Increment(amount); }

  private:
    prometheus::Counter& under_;
};

class PrometheusGauge final : public Gauge {
  public:
    explicit PrometheusGauge(prometheus::Gauge& under) : under_(under) {}
    void set(double value) override { under_.Set(value); }

  private:
    prometheus::Gauge& under_;
};

class PrometheusHistogram final : public Histogram {
  public:
    explicit PrometheusHistogram(prometheus::Histogram& under) : under_(under) {}
    void observe(double value) override { under_.Observe(value); }

  private:
    prometheus::Histogram& under_;
};

template <typename Wrapper, typename Under>
Wrapper& wrap(std::map<const void*, std::unique_ptr<Wrapper>>& wrappers, Under& under) {
    std::unique_ptr<Wrapper>& wrapper = wrappers[&under];
    if (!wrapper) {
        wrapper = std::make_unique<Wrapper>(under);
    }
    return *wrapper;
}

prometheus::Labels to_labels(const MetricLabels& labels) {
    prometheus::Labels out;
    for (const auto& [name, value] : labels) {
        out[name] = value;
    }
    return out;
}

class PrometheusMetrics final : public Metrics {
  public:
    // Names and label names are literals of ours: prometheus-cpp throwing on one is our bug.
    Counter& counter(const std::string& name, const std::string& help,
                     const MetricLabels& labels) override {
        const std::lock_guard lock(mutex_);
        try {
            auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
            return wrap(counters_, family.Add(to_labels(labels)));
        } catch (const std::exception& e) {
            check_failed(e.what(), __FILE__, __LINE__);
        }
    }

    Gauge& gauge(const std::string& name, const std::string& help,
                 const MetricLabels& labels) override {
        const std::lock_guard lock(mutex_);
        try {
            auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(registry_);
            return wrap(gauges_, family.Add(to_labels(labels)));
        } catch (const std::exception& e) {
            check_failed(e.what(), __FILE__, __LINE__);
        }
    }

    Histogram& histogram(const std::string& name, const std::string& help,
                         const std::vector<double>& bounds, const MetricLabels& labels) override {
        const std::lock_guard lock(mutex_);
        try {
            auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry_);
            return wrap(histograms_, family.Add(to_labels(labels), bounds));
        } catch (const std::exception& e) {
            check_failed(e.what(), __FILE__, __LINE__);
        }
    }

    std::string exposition() const override {
        return prometheus::TextSerializer().Serialize(registry_.Collect());
    }

  private:
    mutable std::mutex mutex_;
    prometheus::Registry registry_;
    std::map<const void*, std::unique_ptr<PrometheusCounter>> counters_;
    std::map<const void*, std::unique_ptr<PrometheusGauge>> gauges_;
    std::map<const void*, std::unique_ptr<PrometheusHistogram>> histograms_;
};

}  // namespace

std::unique_ptr<Metrics> make_metrics() {
    return std::make_unique<PrometheusMetrics>();
}

}  // namespace qd
