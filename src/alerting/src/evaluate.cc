// The evaluation of a log alert rule, as a pure function of (rule, state, result, T).
//
// Rows are grouped into series by resource and dimension values; each series has N bins of one
// window each, ending at T; a bin's value is the row count or an aggregate of the measure; the
// condition is met when at least M bins violate the threshold. A stateful rule fires once and
// resolves after the resolve time spent clear; a stateless one fires at every met evaluation.
// Because the function depends on nothing else (alert ids are digests of fingerprint and T), an
// evaluation repeated after a crash gives the same events, and the store drops the repetition.
// One pass over the rows: O(rows x dimensions), memory O(series x N).

#include "qd/alerting/evaluate.h"

#include "digest.h"
#include "qd/codec/guid.h"
#include "qd/columns/text.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace qd::alerting {

namespace {

using columns::DataType;

/// The alert that stands for the series beyond the cap has this in place of a condition index.
constexpr std::size_t kSummaryIndex = static_cast<std::size_t>(-1);

struct Bin {
    std::uint64_t rows = 0;
    std::uint64_t measured = 0;  // rows with a measure that is not null
    double sum = 0;
    double least = 0;
    double most = 0;
};

struct RowPlace {
    std::size_t chunk = 0;
    std::uint32_t row = 0;
};

struct Series {
    SeriesKey key;
    std::vector<Bin> bins;
    std::vector<RowPlace> sample;
    bool met = false;
    std::optional<double> value;  // of the violating bin farthest from the threshold, else newest
};

std::optional<std::size_t> find_column(const columns::Schema& schema, std::string_view name) {
    if (const auto exact = schema.index_of(name)) {
        return exact;
    }
    for (std::size_t i = 0; i < schema.size(); ++i) {
        const std::string& field = schema[i].name;
        if (std::equal(field.begin(), field.end(), name.begin(), name.end(),
                       [](char a, char b) { return (a | 0x20) == (b | 0x20); })) {
            return i;
        }
    }
    return std::nullopt;
}

Error missing_column(std::string_view role, const std::string& name) {
    return {Code::FailedPrecondition, "ALR0201",
            "result lacks the " + std::string(role) + " column: " + name};
}

/// TimeGenerated, else timestamp, else the only datetime column.
Result<std::size_t> find_time_column(const columns::Schema& schema) {
    for (const std::string_view name : {"TimeGenerated", "timestamp"}) {
        const auto index = find_column(schema, name);
        if (index.has_value() && schema[*index].type == DataType::DateTime) {
            return *index;
        }
    }
    std::optional<std::size_t> only;
    for (std::size_t i = 0; i < schema.size(); ++i) {
        if (schema[i].type != DataType::DateTime) {
            continue;
        }
        if (only.has_value()) {
            return Error(Code::FailedPrecondition, "ALR0202",
                         "several datetime columns and none is TimeGenerated or timestamp: "
                         "evaluation periods cannot be told apart");
        }
        only = i;
    }
    if (!only.has_value()) {
        return Error(Code::FailedPrecondition, "ALR0202",
                     "result has no datetime column (TimeGenerated, timestamp or a single other "
                     "one), which more than one evaluation period needs");
    }
    return *only;
}

/// Groups the rows of one condition's result into series and bins.
class SeriesBuilder {
  public:
    SeriesBuilder(const Rule& rule, const Condition& condition, const columns::Table& table,
                  Timestamp at, std::size_t sample_max)
        : rule_(rule), condition_(condition), table_(table), at_(at), sample_max_(sample_max) {}

    Result<std::vector<Series>> build() {
        QD_CHECK_OK(bind_columns());
        const bool split = resource_.has_value() || !dimensions_.empty();
        if (!split) {  // the one series exists also without rows
            Series only;
            only.bins.resize(bin_count());
            series_.push_back(std::move(only));
            index_.emplace("", 0);
        }
        for (std::size_t chunk = 0; chunk < table_.chunks.size(); ++chunk) {
            for (std::uint32_t row = 0; row < table_.chunks[chunk].rows; ++row) {
                QD_CHECK_OK(add_row(chunk, row));
            }
        }
        for (Series& series : series_) {
            judge(series);
        }
        return std::move(series_);
    }

  private:
    std::size_t bin_count() const {
        return static_cast<std::size_t>(condition_.evaluation_periods);
    }

    Status bind_columns() {
        if (!condition_.resource_id_column.empty()) {
            resource_ = find_column(table_.schema, condition_.resource_id_column);
            if (!resource_.has_value()) {
                return missing_column("resource id", condition_.resource_id_column);
            }
        }
        for (const Dimension& dimension : condition_.dimensions) {
            const auto index = find_column(table_.schema, dimension.name);
            if (!index.has_value()) {
                return missing_column("dimension", dimension.name);
            }
            dimensions_.push_back(*index);
        }
        if (condition_.aggregation != TimeAggregation::Count) {
            measure_ = find_column(table_.schema, condition_.metric_measure_column);
            if (!measure_.has_value()) {
                return missing_column("measure", condition_.metric_measure_column);
            }
        }
        if (condition_.evaluation_periods > 1) {
            QD_TRY(time_, find_time_column(table_.schema));
            lower_edges_ = condition_.query.find("bin(") != std::string::npos ||
                           condition_.query.find("bin_at(") != std::string::npos ||
                           condition_.query.find("floor(") != std::string::npos;
        }
        return ok_status();
    }

    static bool passes(const Dimension& dimension, std::string_view text) {
        const bool listed =
            std::any_of(dimension.values.begin(), dimension.values.end(),
                        [&](const std::string& value) { return value == "*" || value == text; });
        return listed != dimension.exclude;
    }

    /// 0 is the newest bin; nothing when the row lies in none.
    std::optional<std::size_t> bin_of(std::size_t chunk, std::uint32_t row) const {
        if (condition_.evaluation_periods == 1) {
            return 0;
        }
        const columns::Column& column = *table_.chunks[chunk].columns[time_];
        if (column.is_null(row)) {
            return std::nullopt;
        }
        const std::int64_t age = at_.ticks - column.int_at(row);
        if (age < 0) {
            return std::nullopt;
        }
        // Windows are (T-(i+1)w, T-iw]. A value made by bin() names the lower edge of its rows, so
        // one that lies exactly on an edge belongs to the window above it.
        std::int64_t index = age / rule_.window.count;
        if (lower_edges_ && index > 0 && age % rule_.window.count == 0) {
            --index;
        }
        if (index >= condition_.evaluation_periods) {
            return std::nullopt;
        }
        return static_cast<std::size_t>(index);
    }

    Result<std::optional<double>> measure_of(std::size_t chunk, std::uint32_t row) const {
        const columns::Column& column = *table_.chunks[chunk].columns[*measure_];
        if (column.is_null(row)) {
            return std::optional<double>();
        }
        switch (column.type()) {
            case DataType::Int:
            case DataType::Long:
            case DataType::Real: {
                const double number = column.real_at(row);
                return std::isnan(number) ? std::optional<double>() : std::optional(number);
            }
            case DataType::Decimal:
                return std::optional(decimal_to_double({column.wide_at(row)}));
            case DataType::Bool:
                return std::optional(column.int_at(row) != 0 ? 1.0 : 0.0);
            case DataType::Dynamic: {
                const Value value = column.scalar_at(row).to_value();
                if (value.is_null()) {
                    return std::optional<double>();
                }
                if (value.is_number()) {
                    return std::optional(value.number_or(0));
                }
                break;
            }
            default:
                break;
        }
        return Error(Code::FailedPrecondition, "ALR0203",
                     "measure column holds no numbers: " + condition_.metric_measure_column);
    }

    Status add_row(std::size_t chunk, std::uint32_t row) {
        const columns::Chunk& columns = table_.chunks[chunk];
        std::string id;
        SeriesKey key;
        for (std::size_t i = 0; i < dimensions_.size(); ++i) {
            std::string text;
            columns::append_text(text, *columns.columns[dimensions_[i]], row);
            if (!passes(condition_.dimensions[i], text)) {
                return ok_status();
            }
            id += text;
            id += '\0';
            key.dimensions.emplace_back(condition_.dimensions[i].name, std::move(text));
        }
        if (resource_.has_value()) {
            columns::append_text(key.target_resource_id, *columns.columns[*resource_], row);
            id += key.target_resource_id;
        }
        const auto [found, added] = index_.try_emplace(std::move(id), series_.size());
        if (added) {
            Series series;
            series.key = std::move(key);
            series.bins.resize(bin_count());
            series_.push_back(std::move(series));
        }
        Series& series = series_[found->second];
        if (series.sample.size() < sample_max_) {
            series.sample.push_back({chunk, row});
        }
        const auto bin_index = bin_of(chunk, row);
        if (!bin_index.has_value()) {
            return ok_status();
        }
        Bin& bin = series.bins[*bin_index];
        ++bin.rows;
        if (measure_.has_value()) {
            QD_TRY(const auto measure, measure_of(chunk, row));
            if (measure.has_value()) {
                bin.least = bin.measured == 0 ? *measure : std::min(bin.least, *measure);
                bin.most = bin.measured == 0 ? *measure : std::max(bin.most, *measure);
                bin.sum += *measure;
                ++bin.measured;
            }
        }
        return ok_status();
    }

    std::optional<double> value_of(const Bin& bin) const {
        if (condition_.aggregation == TimeAggregation::Count) {
            return static_cast<double>(bin.rows);
        }
        if (bin.measured == 0) {
            return std::nullopt;
        }
        switch (condition_.aggregation) {
            case TimeAggregation::Average:
                return bin.sum / static_cast<double>(bin.measured);
            case TimeAggregation::Minimum:
                return bin.least;
            case TimeAggregation::Maximum:
                return bin.most;
            default:
                return bin.sum;
        }
    }

    bool violates(double value) const {
        switch (condition_.comparison) {
            case Comparison::Equals:
                return value == condition_.threshold;
            case Comparison::GreaterThan:
                return value > condition_.threshold;
            case Comparison::GreaterThanOrEqual:
                return value >= condition_.threshold;
            case Comparison::LessThan:
                return value < condition_.threshold;
            case Comparison::LessThanOrEqual:
                return value <= condition_.threshold;
        }
        return false;
    }

    void judge(Series& series) const {
        int failing = 0;
        std::optional<double> farthest;
        for (const Bin& bin : series.bins) {
            const auto value = value_of(bin);
            if (!value.has_value() || !violates(*value)) {
                continue;
            }
            ++failing;
            if (!farthest.has_value() || std::abs(*value - condition_.threshold) >
                                             std::abs(*farthest - condition_.threshold)) {
                farthest = value;
            }
        }
        series.met = failing >= condition_.min_failing_periods;
        series.value = farthest.has_value() ? farthest : value_of(series.bins.front());
    }

    const Rule& rule_;
    const Condition& condition_;
    const columns::Table& table_;
    const Timestamp at_;
    const std::size_t sample_max_;
    std::optional<std::size_t> resource_;
    std::optional<std::size_t> measure_;
    std::vector<std::size_t> dimensions_;
    std::size_t time_ = 0;
    bool lower_edges_ = false;
    std::vector<Series> series_;
    std::unordered_map<std::string, std::size_t> index_;
};

Array sample_rows(const columns::Table& table, const std::vector<RowPlace>& places) {
    Array rows;
    for (const RowPlace& place : places) {
        Object row;
        for (std::size_t i = 0; i < table.schema.size(); ++i) {
            row.append(table.schema[i].name,
                       table.chunks[place.chunk].columns[i]->scalar_at(place.row).to_value());
        }
        rows.emplace_back(std::move(row));
    }
    return rows;
}

/// Applies what was seen at T to the remembered state of every series.
class Transition {
  public:
    Transition(const Rule& rule, const RuleState& before, Timestamp at,
               const EvaluationLimits& limits)
        : rule_(rule), before_(before), at_(at), limits_(limits) {}

    Evaluation apply(std::vector<Series> series, const columns::Table& table) {
        out_.series = series.size();
        std::vector<Series*> fresh;  // met and not fired yet
        for (Series& one : series) {
            const std::string fingerprint = series_fingerprint(rule_.id, one.key, 0);
            if (!one.met) {
                continue;
            }
            ++out_.series_met;
            const auto known = before_.find(fingerprint);
            if (rule_.stateful && known != before_.end() && known->second.fired) {
                SeriesState state = known->second;
                state.last_met = at_;
                state.clear_for = Ticks{0};
                state.value = one.value.value_or(0);
                out_.state.emplace(fingerprint, std::move(state));
            } else {
                fresh.push_back(&one);
            }
        }
        keep_unmet();
        fire(fresh, table);
        return std::move(out_);
    }

  private:
    static std::string summary_fingerprint(const Rule& rule) {
        return series_fingerprint(rule.id, {}, kSummaryIndex);
    }

    /// Series that were fired or muted and are not met now, or gone.
    void keep_unmet() {
        const std::string summary = summary_fingerprint(rule_);
        for (const auto& [fingerprint, known] : before_) {
            if (fingerprint == summary || out_.state.count(fingerprint) != 0) {
                continue;
            }
            keep_one(fingerprint, known);
        }
    }

    void keep_one(const std::string& fingerprint, const SeriesState& known) {
        SeriesState state = known;
        if (state.fired) {
            state.clear_for.count += rule_.frequency.count;
            // A rule that has become stateless lets go of what it held.
            if (state.clear_for >= rule_.resolve_time() || !rule_.stateful) {
                AlertEvent event;
                event.change = AlertChange::Resolved;
                event.alert_id = state.alert_id;
                event.fingerprint = fingerprint;
                event.key = state.key;
                event.at = at_;
                event.fired_at = state.fired_at;
                out_.events.push_back(std::move(event));
                return;
            }
        }
        const bool muted = state.muted_until.has_value() && *state.muted_until > at_;
        if (state.fired || muted) {
            out_.state.emplace(fingerprint, std::move(state));
        }
    }

    void fire(std::vector<Series*>& fresh, const columns::Table& table) {
        std::size_t cap = limits_.stateless_alerts_max;
        if (rule_.stateful) {
            const std::size_t fired = static_cast<std::size_t>(
                std::count_if(out_.state.begin(), out_.state.end(),
                              [](const auto& entry) { return entry.second.fired; }));
            const std::size_t room =
                limits_.stateful_fired_max - std::min(fired, limits_.stateful_fired_max);
            cap = std::min(limits_.stateful_alerts_max, room);
        }
        if (fresh.size() > cap) {
            const double threshold = rule_.conditions.front().threshold;
            // Equal distances keep the order of the result; all point into one vector.
            std::sort(fresh.begin(), fresh.end(), [&](const Series* a, const Series* b) {
                const double left = std::abs(a->value.value_or(threshold) - threshold);
                const double right = std::abs(b->value.value_or(threshold) - threshold);
                return left != right ? left > right : a < b;
            });
        }
        const std::size_t shown = std::min(cap, fresh.size());
        for (std::size_t i = 0; i < shown; ++i) {
            fire_one(series_fingerprint(rule_.id, fresh[i]->key, 0), fresh[i]->key, fresh[i]->value,
                     sample_rows(table, fresh[i]->sample), 0);
        }
        fire_summary(fresh, shown);
    }

    /// One alert for everything beyond the cap; it resolves like any other when the rest is gone.
    void fire_summary(const std::vector<Series*>& fresh, std::size_t shown) {
        const std::string fingerprint = summary_fingerprint(rule_);
        const auto known = before_.find(fingerprint);
        const bool over = fresh.size() > shown;
        if (!over) {
            if (known != before_.end()) {
                keep_one(fingerprint, known->second);
            }
            return;
        }
        if (rule_.stateful && known != before_.end() && known->second.fired) {
            SeriesState state = known->second;
            state.last_met = at_;
            state.clear_for = Ticks{0};
            out_.state.emplace(fingerprint, std::move(state));
            return;
        }
        Array names;
        for (std::size_t i = shown; i < fresh.size() && names.size() < limits_.rows_max; ++i) {
            Object row;
            for (const auto& [name, value] : fresh[i]->key.dimensions) {
                row.append(name, value);
            }
            names.emplace_back(std::move(row));
        }
        fire_one(fingerprint, {}, static_cast<double>(fresh.size() - shown), std::move(names),
                 fresh.size() - shown);
    }

    void fire_one(const std::string& fingerprint, const SeriesKey& key, std::optional<double> value,
                  Array rows, std::uint64_t summarized) {
        SeriesState state;
        const auto known = before_.find(fingerprint);
        if (known != before_.end()) {
            state.muted_until = known->second.muted_until;
        }
        const bool muted =
            !rule_.stateful && state.muted_until.has_value() && *state.muted_until > at_;
        if (!muted && !rule_.stateful && rule_.mute.count > 0) {
            state.muted_until = at_ + rule_.mute;
        }
        state.key = key;
        state.fired = rule_.stateful;
        state.alert_id = digest_uuid(fingerprint + "@" + std::to_string(at_.ticks));
        state.fired_at = at_;
        state.last_met = at_;
        state.value = value.value_or(0);

        AlertEvent event;
        event.alert_id = state.alert_id;
        event.fingerprint = fingerprint;
        event.key = key;
        event.at = at_;
        event.fired_at = at_;
        event.value = value;
        event.act = !muted;
        event.summarized = summarized;
        event.rows = std::move(rows);
        out_.events.push_back(std::move(event));
        if (state.fired || state.muted_until.has_value()) {
            out_.state[fingerprint] = std::move(state);
        }
    }

    const Rule& rule_;
    const RuleState& before_;
    const Timestamp at_;
    const EvaluationLimits& limits_;
    Evaluation out_;
};

}  // namespace

std::string series_fingerprint(std::string_view rule_id, const SeriesKey& key,
                               std::size_t condition_index) {
    auto dimensions = key.dimensions;
    std::sort(dimensions.begin(), dimensions.end());
    std::string text(rule_id);
    text += '\0';
    text += key.target_resource_id;
    for (const auto& [name, value] : dimensions) {
        text += '\0';
        text += name;
        text += '=';
        text += value;
    }
    text += '\0';
    text += std::to_string(condition_index);
    return digest_hex(text);
}

Result<Evaluation> evaluate(const Rule& rule, const RuleState& before,
                            std::span<const columns::Table> results, Timestamp at,
                            const EvaluationLimits& limits) {
    if (results.size() != rule.conditions.size() || results.empty()) {
        return Error(Code::InvalidArgument, "ALR0204", "one result a condition is needed");
    }
    std::vector<Series> series;
    for (std::size_t i = 0; i < results.size(); ++i) {
        SeriesBuilder builder(rule, rule.conditions[i], results[i], at, limits.rows_max);
        QD_TRY(std::vector<Series> found, builder.build());
        if (i == 0) {
            series = std::move(found);
            continue;
        }
        // All conditions must be met by the same series.
        for (Series& one : series) {
            const auto same = std::find_if(found.begin(), found.end(), [&](const Series& other) {
                return other.key == one.key;
            });
            one.met = one.met && same != found.end() && same->met;
        }
    }
    return Transition(rule, before, at, limits).apply(std::move(series), results.front());
}

}  // namespace qd::alerting
