// Counting plugins over time: active_users_count, activity_counts_metrics, sliding_window_counts,
// rolling_percentile. Sightings are in order of time, so windows are two indexes that only move
// forward; every plugin is O(rows + bins) after the sort.
#include "plugins/families.h"
#include "plugins/timeline.h"
#include "qd/columns/text.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>

namespace qd::kql {

namespace {

using columns::Field;
using columns::Schema;
using columns::Table;

constexpr auto kLong = DataType::Long;

// id, time, start, end: the first four arguments of most plugins.
struct Frame {
    std::size_t id = 0;
    std::size_t time = 0;
    std::int64_t from = 0;
    std::int64_t to = 0;
};

Result<Frame> read_frame(const PluginArguments& args) {
    Frame frame;
    QD_TRY(frame.id, args.column(0));
    QD_TRY(frame.time, args.column(1));
    QD_TRY(frame.from, args.ticks(2));
    QD_TRY(frame.to, args.ticks(3));
    return frame;
}

// sliding_window_counts(id, time, start, end, lookback, bin [, dim…])

std::vector<Field> sliding_numbers() {
    return {{"Count", kLong}, {"Dcount", kLong}};
}

Result<Schema> sliding_schema(const PluginCall& call) {
    const PluginArguments args("sliding_window_counts", call);
    QD_TRY(const Frame frame, read_frame(args));
    QD_TRY(const auto dims, args.columns_from(6));
    return timeline_schema(call, {call.input[frame.time]}, dims, sliding_numbers());
}

Result<Table> run_sliding(const PluginCall& call, const EvalContext&, Table input) {
    const PluginArguments args("sliding_window_counts", call);
    QD_TRY(const Frame frame, read_frame(args));
    QD_TRY(const std::int64_t lookback, args.ticks(4));
    QD_TRY(const std::int64_t bin, args.ticks(5));
    QD_TRY(const auto dims, args.columns_from(6));
    QD_CHECK_OK(check_bins("sliding_window_counts", frame.from, frame.to, bin));
    QD_TRY(const Timeline timeline,
           read_timeline(call, input, frame.id, frame.time, frame.from - lookback + bin,
                         frame.to + bin - 1, dims));
    TimelineOutput out(timeline, {call.input[frame.time].name}, sliding_numbers());
    for (std::uint32_t s = 0; s < timeline.by_slice.size(); ++s) {
        const auto& seen = timeline.by_slice[s];
        UserCounter users(timeline.users);
        std::size_t first = 0;
        std::size_t last = 0;
        for (std::int64_t t = frame.from; t <= frame.to; t += bin) {
            for (; last < seen.size() && seen[last].at < t + bin; ++last) {
                users.add(seen[last].user);
            }
            for (; first < last && seen[first].at < t + bin - lookback; ++first) {
                users.remove(seen[first].user);
            }
            out.row(s, {t});
            out.add_long(static_cast<std::int64_t>(last - first));
            out.add_long(users.distinct());
        }
    }
    return out.finish();
}

// activity_counts_metrics(id, time, start, end, window [, cohort] [, dim…])

std::vector<Field> count_numbers() {
    return {
        {"count", kLong}, {"dcount", kLong}, {"new_dcount", kLong}, {"aggregated_dcount", kLong}};
}

std::size_t first_dimension(const PluginArguments& args, std::size_t from) {
    while (args.at(from) != nullptr && args.at(from)->kind == PluginArgument::Kind::Constant) {
        ++from;
    }
    return from;
}

Result<Schema> counts_schema(const PluginCall& call) {
    const PluginArguments args("activity_counts_metrics", call);
    QD_TRY(const Frame frame, read_frame(args));
    QD_TRY(const auto dims, args.columns_from(first_dimension(args, 5)));
    return timeline_schema(call, {call.input[frame.time]}, dims, count_numbers());
}

Result<Table> run_counts(const PluginCall& call, const EvalContext&, Table input) {
    const PluginArguments args("activity_counts_metrics", call);
    QD_TRY(const Frame frame, read_frame(args));
    QD_TRY(const std::int64_t window, args.ticks(4));
    QD_TRY(const auto dims, args.columns_from(first_dimension(args, 5)));
    QD_CHECK_OK(check_bins("activity_counts_metrics", frame.from, frame.to, window));
    QD_TRY(const Timeline timeline, read_timeline(call, input, frame.id, frame.time, frame.from,
                                                  frame.to + window - 1, dims));
    TimelineOutput out(timeline, {call.input[frame.time].name}, count_numbers());
    for (std::uint32_t s = 0; s < timeline.by_slice.size(); ++s) {
        const auto& seen = timeline.by_slice[s];
        UserCounter ever(timeline.users);
        std::size_t at = 0;
        for (std::int64_t t = frame.from; t <= frame.to; t += window) {
            std::set<std::uint32_t> here;
            const std::int64_t before = ever.distinct();
            std::int64_t count = 0;
            for (; at < seen.size() && seen[at].at < t + window; ++at) {
                ++count;
                here.insert(seen[at].user);
                ever.add(seen[at].user);
            }
            if (count == 0) {
                continue;
            }
            out.row(s, {t});
            out.add_long(count);
            out.add_long(static_cast<std::int64_t>(here.size()));
            out.add_long(ever.distinct() - before);
            out.add_long(ever.distinct());
        }
    }
    return out.finish();
}

// active_users_count(id, time, start, end, lookback, period, periods, bin [, dim…]): a user is
// active at a sighting when the lookback window that ends there holds enough distinct periods.

std::vector<Field> active_numbers() {
    return {{"dcount", kLong}};
}

Result<Schema> active_schema(const PluginCall& call) {
    const PluginArguments args("active_users_count", call);
    QD_TRY(const Frame frame, read_frame(args));
    QD_TRY(const auto dims, args.columns_from(8));
    return timeline_schema(call, {call.input[frame.time]}, dims, active_numbers());
}

Result<Table> run_active(const PluginCall& call, const EvalContext&, Table input) {
    const PluginArguments args("active_users_count", call);
    QD_TRY(const Frame frame, read_frame(args));
    QD_TRY(const std::int64_t lookback, args.ticks(4));
    QD_TRY(const std::int64_t period, args.ticks(5));
    QD_TRY(const std::int64_t periods, args.ticks(6));
    QD_TRY(const std::int64_t bin, args.ticks(7));
    QD_TRY(const auto dims, args.columns_from(8));
    QD_CHECK_OK(check_bins("active_users_count", frame.from, frame.to, bin));
    QD_CHECK_OK(check_bins("active_users_count", frame.from, frame.to, period));
    QD_TRY(const Timeline timeline,
           read_timeline(call, input, frame.id, frame.time, frame.from - lookback, frame.to, dims));
    TimelineOutput out(timeline, {call.input[frame.time].name}, active_numbers());
    for (std::uint32_t s = 0; s < timeline.by_slice.size(); ++s) {
        std::map<std::uint32_t, std::deque<std::int64_t>> recent;
        std::map<std::int64_t, std::set<std::uint32_t>> active;
        for (const Sighting& seen : timeline.by_slice[s]) {
            auto& window = recent[seen.user];
            window.push_back(seen.at);
            while (window.front() <= seen.at - lookback) {
                window.pop_front();
            }
            std::set<std::int64_t> distinct;
            for (const std::int64_t at : window) {
                distinct.insert(bin_from(at, frame.from, period));
            }
            if (seen.at >= frame.from && static_cast<std::int64_t>(distinct.size()) >= periods) {
                active[bin_from(seen.at, frame.from, bin)].insert(seen.user);
            }
        }
        for (const auto& [at, users] : active) {
            out.row(s, {at});
            out.add_long(static_cast<std::int64_t>(users.size()));
        }
    }
    return out.finish();
}

// rolling_percentile(value, percent, index, bin, bins [, dim…])

struct RollingRule {
    std::size_t value = 0;
    double percent = 0;
    std::size_t index = 0;
    std::int64_t bin = 0;
    std::int64_t bins = 0;
    std::vector<std::size_t> dims;
    Schema schema;
};

Result<RollingRule> read_rolling(const PluginCall& call) {
    const PluginArguments args("rolling_percentile", call);
    RollingRule rule;
    QD_TRY(rule.value, args.column(0));
    QD_TRY(const Scalar percent, args.constant(1));
    rule.percent = cast_scalar(percent, DataType::Real).as_real();
    QD_TRY(rule.index, args.column(2));
    QD_TRY(rule.bin, args.ticks(3));
    QD_TRY(rule.bins, args.ticks(4));
    QD_TRY(rule.dims, args.columns_from(5));
    if (rule.bin <= 0 || rule.bins <= 0 || !(rule.percent >= 0 && rule.percent <= 100)) {
        return args.fault(3, "a positive bin, with positive bins and a percent in 0..100");
    }
    std::string name = "rolling_" + std::to_string(rule.bins) + "_percentile_" +
                       call.input[rule.value].name + "_" + columns::to_text(percent);
    std::replace(name.begin(), name.end(), '.', '_');
    rule.schema = timeline_schema(call, {call.input[rule.index]}, rule.dims,
                                  {{std::move(name), call.input[rule.value].type}});
    return rule;
}

Result<Schema> rolling_schema(const PluginCall& call) {
    QD_TRY(RollingRule rule, read_rolling(call));
    return std::move(rule.schema);
}

Result<Table> run_rolling(const PluginCall& call, const EvalContext& context, Table input) {
    QD_TRY(RollingRule rule, read_rolling(call));
    constexpr std::int64_t kAll = std::int64_t{1} << 62;
    QD_TRY(const Timeline timeline,
           read_timeline(call, input, rule.index, rule.index, -kAll, kAll, rule.dims));
    // The percentile of each window is the aggregate's, so that types and ranks agree.
    const Scalar percent = Scalar::of_real(rule.percent);
    std::vector<AggregateArgument> described(2);
    described[0].value.type = call.input[rule.value].type;
    described[1].value = {DataType::Real, &percent, {}};
    QD_TRY(const BoundAggregate bound, find_aggregate("percentile")->bind(described));
    const ColumnPtr values = cast_column(timeline.table.columns[rule.value], bound.arg_types[0]);
    std::vector<std::int64_t> bins;
    std::vector<std::uint32_t> slices;
    std::vector<std::uint32_t> rows;
    std::vector<std::uint32_t> groups;
    for (std::uint32_t s = 0; s < timeline.by_slice.size(); ++s) {
        const auto& seen = timeline.by_slice[s];
        if (seen.empty()) {
            continue;
        }
        const std::int64_t first = bin_from(seen.front().at, 0, rule.bin);
        const std::int64_t last = bin_from(seen.back().at, 0, rule.bin);
        QD_CHECK_OK(check_bins("rolling_percentile", first, last, rule.bin));
        std::size_t begin = 0;
        std::size_t end = 0;
        for (std::int64_t t = first; t <= last; t += rule.bin) {
            for (; end < seen.size() && seen[end].at < t + rule.bin; ++end) {
            }
            for (; begin < end && seen[begin].at < t + rule.bin - rule.bin * rule.bins; ++begin) {
            }
            const auto group = static_cast<std::uint32_t>(bins.size());
            for (std::size_t i = begin; i < end; ++i) {
                rows.push_back(seen[i].row);
                groups.push_back(group);
            }
            bins.push_back(t);
            slices.push_back(s);
        }
    }
    auto aggregator = bound.make(context);
    aggregator->resize(static_cast<std::uint32_t>(bins.size()));
    const auto count = static_cast<std::uint32_t>(rows.size());
    const std::vector<ColumnPtr> args = {columns::gather(values, rows),
                                         columns::Column::make_constant(percent, count)};
    QD_CHECK_OK(aggregator->update(groups, args));
    QD_TRY(const std::vector<ColumnPtr> answers, aggregator->finish());
    std::vector<ColumnPtr> out;
    columns::ColumnBuilder times(call.input[rule.index].type);
    for (const std::int64_t t : bins) {
        times.append_int(t);
    }
    out.push_back(times.finish());
    for (const std::size_t d : rule.dims) {
        columns::ColumnBuilder dimension(call.input[d].type);
        for (const std::uint32_t s : slices) {
            dimension.append_from(*timeline.table.columns[d], timeline.slices.first_row[s]);
        }
        out.push_back(dimension.finish());
    }
    out.push_back(answers[0]);
    return chunked(std::move(rule.schema), out);
}

constexpr Plugin kActivity[] = {
    {"sliding_window_counts",
     "sliding_window_counts(id, time, start, end, lookback, bin [, dimension, …])",
     "Rows and distinct ids of a lookback window at every bin.", false, sliding_schema,
     run_sliding},
    {"activity_counts_metrics",
     "activity_counts_metrics(id, time, start, end, window [, cohort] [, dimension, …])",
     "Rows, distinct, new and cumulated ids of every window.", false, counts_schema, run_counts},
    {"active_users_count",
     "active_users_count(id, time, start, end, lookback, period, periods, bin [, dimension, …])",
     "Ids seen in at least so many periods of a lookback window, per bin.", false, active_schema,
     run_active},
    {"rolling_percentile", "rolling_percentile(value, percent, index, bin, bins [, dimension, …])",
     "The percentile over the last bins, at every bin.", false, rolling_schema, run_rolling},
};

}  // namespace

std::span<const Plugin> activity_plugins() {
    return kActivity;
}

}  // namespace qd::kql
