// The only file that knows prometheus-cpp; only its core registry and text serializer are used, the
// listener is ours.
#include "qd/base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

namespace qd {

namespace {

class CounterImpl final : public Counter {
  public:
    explicit CounterImpl(prometheus::Counter& under) : under_(under) {}
    void add(double amount) override { under_.Increment(amount); }

  private:
    prometheus::Counter& under_;
};

class GaugeImpl final : public Gauge {
  public:
    explicit GaugeImpl(prometheus::Gauge& under) : under_(under) {}
    void set(double value) override { under_.Set(value); }

  private:
    prometheus::Gauge& under_;
};

class HistogramImpl final : public Histogram {
  public:
    explicit HistogramImpl(prometheus::Histogram& under) : under_(under) {}
    void observe(double value) override { under_.Observe(value); }

  private:
    prometheus::Histogram& under_;
};

using Labels = std::map<std::string, std::string>;
using Key = std::pair<std::string, Labels>;

class MetricsImpl final : public Metrics {
  public:
    Counter& counter(const std::string& name, const std::string& help,
                     const MetricLabels& labels) override {
        const std::lock_guard lock(mutex_);
        auto& slot = counters_[Key{name, to_map(labels)}];
        if (slot == nullptr) {
            auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
            slot = std::make_unique<CounterImpl>(family.Add(to_map(labels)));
        }
        return *slot;
    }
    Gauge& gauge(const std::string& name, const std::string& help,
                 const MetricLabels& labels) override {
        const std::lock_guard lock(mutex_);
        auto& slot = gauges_[Key{name, to_map(labels)}];
        if (slot == nullptr) {
            auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(registry_);
            slot = std::make_unique<GaugeImpl>(family.Add(to_map(labels)));
        }
        return *slot;
    }
    Histogram& histogram(const std::string& name, const std::string& help,
                         const std::vector<double>& bounds, const MetricLabels& labels) override {
        const std::lock_guard lock(mutex_);
        auto& slot = histograms_[Key{name, to_map(labels)}];
        if (slot == nullptr) {
            auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry_);
            slot = std::make_unique<HistogramImpl>(family.Add(to_map(labels), bounds));
        }
        return *slot;
    }
    std::string exposition() const override {
        return prometheus::TextSerializer().Serialize(registry_.Collect());
    }

  private:
    static Labels to_map(const MetricLabels& labels) { return {labels.begin(), labels.end()}; }

    prometheus::Registry registry_;
    std::mutex mutex_;
    std::map<Key, std::unique_ptr<CounterImpl>> counters_;
    std::map<Key, std::unique_ptr<GaugeImpl>> gauges_;
    std::map<Key, std::unique_ptr<HistogramImpl>> histograms_;
};

}  // namespace

std::unique_ptr<Metrics> make_metrics() {
    return std::make_unique<MetricsImpl>();
}

}  // namespace qd
