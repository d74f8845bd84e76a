#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace qd {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class Counter {
  public:
    virtual ~Counter() = default;
    virtual void add(double amount = 1) = 0;
};

class Gauge {
  public:
    virtual ~Gauge() = default;
    virtual void set(double value) = 0;
};

class Histogram {
  public:
    virtual ~Histogram() = default;
    virtual void observe(double value) = 0;
};

/// Named counters, gauges and histograms with a Prometheus text exposition.
/// References stay valid as long as the registry. Threads: any.
class Metrics {
  public:
    virtual ~Metrics() = default;
    virtual Counter& counter(const std::string& name, const std::string& help,
                             const MetricLabels& labels = {}) = 0;
    virtual Gauge& gauge(const std::string& name, const std::string& help,
                         const MetricLabels& labels = {}) = 0;
    virtual Histogram& histogram(const std::string& name, const std::string& help,
                                 const std::vector<double>& bounds,
                                 const MetricLabels& labels = {}) = 0;
    /// Text format 0.0.4.
    virtual std::string exposition() const = 0;
};

/// On prometheus-cpp's core registry.
std::unique_ptr<Metrics> make_metrics();

}  // namespace qd
