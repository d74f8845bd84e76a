// activity_metrics, activity_engagement, new_activity_metrics: who comes back.
//
// Windows are counted from the start argument. A user is new in the first window where it is seen;
// retained in a window when it is seen there too. Rates of an empty base are 0.
#include "plugins/families.h"
#include "plugins/timeline.h"
#include "qd/columns/compare.h"

#include <algorithm>
#include <map>
#include <set>

namespace qd::kql {

namespace {

using columns::Field;
using columns::Schema;
using columns::Table;

constexpr auto kLong = DataType::Long;
constexpr auto kReal = DataType::Real;

using Users = std::set<std::uint32_t>;

double ratio(std::size_t part, std::size_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::size_t common(const Users& a, const Users& b) {
    std::size_t n = 0;
    for (const std::uint32_t user : a) {
        n += b.contains(user) ? 1U : 0U;
    }
    return n;
}

struct Windowed {
    std::size_t id = 0;
    std::size_t time = 0;
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::int64_t window = 0;
};

Result<Windowed> read_windowed(const PluginArguments& args) {
    Windowed w;
    QD_TRY(w.id, args.column(0));
    QD_TRY(w.time, args.column(1));
    QD_TRY(w.from, args.ticks(2));
    QD_TRY(w.to, args.ticks(3));
    QD_TRY(w.window, args.ticks(4));
    QD_CHECK_OK(check_bins("activity", w.from, w.to, w.window));
    return w;
}

std::map<std::int64_t, Users> users_by_window(const std::vector<Sighting>& seen,
                                              std::int64_t origin, std::int64_t window) {
    std::map<std::int64_t, Users> by_window;
    for (const Sighting& s : seen) {
        by_window[bin_from(s.at, origin, window)].insert(s.user);
    }
    return by_window;
}

// activity_metrics(id, time, start, end, window [, dim…])

std::vector<Field> metric_numbers() {
    return {{"dcount_values", kLong},
            {"dcount_newvalues", kLong},
            {"retention_rate", kReal},
            {"churn_rate", kReal}};
}

Result<Schema> metrics_schema(const PluginCall& call) {
    const PluginArguments args("activity_metrics", call);
    QD_TRY(const Windowed w, read_windowed(args));
    QD_TRY(const auto dims, args.columns_from(5));
    return timeline_schema(call, {call.input[w.time]}, dims, metric_numbers());
}

Result<Table> run_metrics(const PluginCall& call, const EvalContext&, Table input) {
    const PluginArguments args("activity_metrics", call);
    QD_TRY(const Windowed w, read_windowed(args));
    QD_TRY(const auto dims, args.columns_from(5));
    QD_TRY(const Timeline timeline, read_timeline(call, input, w.id, w.time, w.from, w.to, dims));
    TimelineOutput out(timeline, {call.input[w.time].name}, metric_numbers());
    for (std::uint32_t s = 0; s < timeline.by_slice.size(); ++s) {
        Users ever;
        Users previous;
        std::int64_t previous_at = 0;
        for (auto& [at, users] : users_by_window(timeline.by_slice[s], w.from, w.window)) {
            if (at != previous_at + w.window) {
                previous.clear();  // a window without anyone lies between
            }
            const std::size_t kept = common(previous, users);
            const std::size_t before = ever.size();
            ever.insert(users.begin(), users.end());
            out.row(s, {at});
            out.add_long(static_cast<std::int64_t>(users.size()));
            out.add_long(static_cast<std::int64_t>(ever.size() - before));
            out.add_real(ratio(kept, previous.size()));
            out.add_real(previous.empty() ? 0 : 1 - ratio(kept, previous.size()));
            previous = users;
            previous_at = at;
        }
    }
    return out.finish();
}

// activity_engagement(id, time, start, end, inner, outer [, dim…])

std::vector<Field> engagement_numbers() {
    return {{"dcount_activities_inner", kLong},
            {"dcount_activities_outer", kLong},
            {"activity_ratio", kReal}};
}

Result<Schema> engagement_schema(const PluginCall& call) {
    const PluginArguments args("activity_engagement", call);
    QD_TRY(const Windowed w, read_windowed(args));
    QD_TRY(const auto dims, args.columns_from(6));
    return timeline_schema(call, {call.input[w.time]}, dims, engagement_numbers());
}

Result<Table> run_engagement(const PluginCall& call, const EvalContext&, Table input) {
    const PluginArguments args("activity_engagement", call);
    QD_TRY(const Windowed w, read_windowed(args));
    QD_TRY(const std::int64_t outer, args.ticks(5));
    QD_TRY(const auto dims, args.columns_from(6));
    QD_TRY(const Timeline timeline,
           read_timeline(call, input, w.id, w.time, w.from - outer + w.window, w.to + w.window - 1,
                         dims));
    TimelineOutput out(timeline, {call.input[w.time].name}, engagement_numbers());
    for (std::uint32_t s = 0; s < timeline.by_slice.size(); ++s) {
        const auto& seen = timeline.by_slice[s];
        UserCounter inner_users(timeline.users);
        UserCounter outer_users(timeline.users);
        std::size_t end = 0;
        std::size_t inner_begin = 0;
        std::size_t outer_begin = 0;
        for (std::int64_t t = w.from; t <= w.to; t += w.window) {
            const std::int64_t until = t + w.window;
            for (; end < seen.size() && seen[end].at < until; ++end) {
                inner_users.add(seen[end].user);
                outer_users.add(seen[end].user);
            }
            for (; inner_begin < end && seen[inner_begin].at < t; ++inner_begin) {
                inner_users.remove(seen[inner_begin].user);
            }
            for (; outer_begin < end && seen[outer_begin].at < until - outer; ++outer_begin) {
                outer_users.remove(seen[outer_begin].user);
            }
            if (inner_users.distinct() == 0) {
                continue;
            }
            out.row(s, {t});
            out.add_long(inner_users.distinct());
            out.add_long(outer_users.distinct());
            out.add_real(ratio(static_cast<std::size_t>(inner_users.distinct()),
                               static_cast<std::size_t>(outer_users.distinct())));
        }
    }
    return out.finish();
}

// new_activity_metrics(id, time, start, end, window [, cohort] [, dim…] [, lookback table])

std::vector<Field> new_numbers() {
    return {{"dcount_new_values", kLong},
            {"dcount_retained_values", kLong},
            {"dcount_churn_values", kLong},
            {"retention_rate", kReal},
            {"churn_rate", kReal}};
}

struct CohortRule {
    Windowed windows;
    std::optional<std::int64_t> cohort;
    std::vector<std::size_t> dims;
    const PluginArgument* lookback = nullptr;
};

Result<CohortRule> read_cohort(const PluginCall& call) {
    const PluginArguments args("new_activity_metrics", call);
    CohortRule rule;
    QD_TRY(rule.windows, read_windowed(args));
    for (std::size_t i = 5; i < args.positional(); ++i) {
        const PluginArgument* a = args.at(i);
        if (a->kind == PluginArgument::Kind::Constant) {
            QD_TRY(rule.cohort, args.ticks(i));
        } else if (a->kind == PluginArgument::Kind::Table) {
            rule.lookback = a;
        } else {
            QD_TRY(const std::size_t c, args.column(i));
            rule.dims.push_back(c);
        }
    }
    return rule;
}

Result<Schema> cohort_schema(const PluginCall& call) {
    QD_TRY(const CohortRule rule, read_cohort(call));
    const Field& time = call.input[rule.windows.time];
    return timeline_schema(call, {{"from_" + time.name, time.type}, {"to_" + time.name, time.type}},
                           rule.dims, new_numbers());
}

// Users of the timeline that the lookback table knows.
Result<Users> known_before(const CohortRule& rule, const PluginCall& call,
                           const Timeline& timeline) {
    Users known;
    if (rule.lookback == nullptr || rule.lookback->table == nullptr) {
        return known;
    }
    QD_TRY(const WholeTable before,
           whole_table(rule.lookback->table_schema, *rule.lookback->table));
    const auto at = rule.lookback->table_schema.index_of(call.input[rule.windows.id].name);
    if (!at || before.columns[*at]->type() != call.input[rule.windows.id].type) {
        return Error(Code::InvalidArgument, "KQL0606",
                     "new_activity_metrics: the lookback table lacks the id column");
    }
    std::unordered_multimap<std::uint64_t, std::uint32_t> rows;
    for (std::uint32_t row = 0; row < before.rows; ++row) {
        rows.emplace(columns::hash_row(*before.columns[*at], row), row);
    }
    const columns::Column& ids = *timeline.table.columns[rule.windows.id];
    for (const auto& slice : timeline.by_slice) {
        for (const Sighting& s : slice) {
            const auto [from, to] = rows.equal_range(columns::hash_row(ids, s.row));
            for (auto it = from; it != to; ++it) {
                if (columns::equal_rows(ids, s.row, *before.columns[*at], it->second)) {
                    known.insert(s.user);
                    break;
                }
            }
        }
    }
    return known;
}

Result<Table> run_cohort(const PluginCall& call, const EvalContext&, Table input) {
    QD_TRY(const CohortRule rule, read_cohort(call));
    const Windowed& w = rule.windows;
    QD_TRY(const Timeline timeline,
           read_timeline(call, input, w.id, w.time, w.from, w.to, rule.dims));
    QD_TRY(const Users known, known_before(rule, call, timeline));
    const std::string& name = call.input[w.time].name;
    TimelineOutput out(timeline, {"from_" + name, "to_" + name}, new_numbers());
    for (std::uint32_t s = 0; s < timeline.by_slice.size(); ++s) {
        const auto windows = users_by_window(timeline.by_slice[s], w.from, w.window);
        Users ever = known;
        for (auto from = windows.begin(); from != windows.end(); ++from) {
            Users fresh;
            std::set_difference(from->second.begin(), from->second.end(), ever.begin(), ever.end(),
                                std::inserter(fresh, fresh.end()));
            ever.insert(from->second.begin(), from->second.end());
            if (rule.cohort && bin_from(*rule.cohort, w.from, w.window) != from->first) {
                continue;
            }
            for (auto to = from; to != windows.end(); ++to) {
                const std::size_t kept = common(fresh, to->second);
                out.row(s, {from->first, to->first});
                out.add_long(static_cast<std::int64_t>(fresh.size()));
                out.add_long(static_cast<std::int64_t>(kept));
                out.add_long(static_cast<std::int64_t>(fresh.size() - kept));
                out.add_real(ratio(kept, fresh.size()));
                out.add_real(ratio(fresh.size() - kept, fresh.size()));
            }
        }
    }
    return out.finish();
}

constexpr Plugin kRetention[] = {
    {"activity_metrics", "activity_metrics(id, time, start, end, window [, dimension, …])",
     "Distinct and new ids, retention and churn of every window.", false, metrics_schema,
     run_metrics},
    {"activity_engagement",
     "activity_engagement(id, time, start, end, inner, outer [, dimension, …])",
     "Distinct ids of an inner window against an outer one.", false, engagement_schema,
     run_engagement},
    {"new_activity_metrics",
     "new_activity_metrics(id, time, start, end, window [, cohort] [, dimension, …] [, lookback])",
     "Retention and churn of the ids that are new in each window.", false, cohort_schema,
     run_cohort},
};

}  // namespace

std::span<const Plugin> retention_plugins() {
    return kRetention;
}

}  // namespace qd::kql
