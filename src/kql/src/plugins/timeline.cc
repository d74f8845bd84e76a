#include "plugins/timeline.h"

#include <algorithm>

namespace qd::kql {

Result<Timeline> read_timeline(const PluginCall& call, const columns::Table& input, std::size_t id,
                               std::size_t time, std::int64_t from, std::int64_t to,
                               std::vector<std::size_t> dimensions) {
    Timeline timeline;
    QD_TRY(timeline.table, whole_table(call.input, input));
    timeline.time_column = time;
    timeline.dimensions = std::move(dimensions);
    timeline.slices = group_rows(timeline.table, timeline.dimensions);
    const RowGroups users = group_rows(timeline.table, {id});
    timeline.users = users.size();
    timeline.by_slice.resize(timeline.slices.size());
    const columns::Column& times = *timeline.table.columns[time];
    for (std::uint32_t row = 0; row < timeline.table.rows; ++row) {
        if (times.is_null(row)) {
            continue;
        }
        const std::int64_t at = times.int_at(row);
        if (at >= from && at <= to) {
            timeline.by_slice[timeline.slices.group_of_row[row]].push_back(
                {at, users.group_of_row[row], row});
        }
    }
    for (auto& slice : timeline.by_slice) {
        std::stable_sort(slice.begin(), slice.end(),
                         [](const Sighting& a, const Sighting& b) { return a.at < b.at; });
    }
    return timeline;
}

columns::Schema timeline_schema(const PluginCall& call, std::vector<columns::Field> times,
                                const std::vector<std::size_t>& dimensions,
                                const std::vector<columns::Field>& numbers) {
    columns::Schema schema{std::move(times)};
    for (const std::size_t d : dimensions) {
        schema.fields.push_back(call.input[d]);
    }
    schema.fields.insert(schema.fields.end(), numbers.begin(), numbers.end());
    return schema;
}

TimelineOutput::TimelineOutput(const Timeline& timeline, std::vector<std::string> time_names,
                               const std::vector<columns::Field>& numbers)
    : timeline_(timeline), times_(time_names.size()) {
    for (std::string& name : time_names) {
        schema_.fields.push_back(
            {std::move(name), timeline.table.schema[timeline.time_column].type});
    }
    for (const std::size_t d : timeline.dimensions) {
        schema_.fields.push_back(timeline.table.schema[d]);
    }
    schema_.fields.insert(schema_.fields.end(), numbers.begin(), numbers.end());
    for (const columns::Field& f : schema_.fields) {
        builders_.emplace_back(f.type);
    }
}

void TimelineOutput::row(std::uint32_t slice, std::initializer_list<std::int64_t> times) {
    std::size_t at = 0;
    for (const std::int64_t t : times) {
        builders_[at++].append_int(t);
    }
    for (const std::size_t d : timeline_.dimensions) {
        builders_[at++].append_from(*timeline_.table.columns[d], timeline_.slices.first_row[slice]);
    }
    next_ = at;
}

void TimelineOutput::add_long(std::int64_t v) {
    builders_[next_++].append_int(v);
}

void TimelineOutput::add_real(double v) {
    builders_[next_++].append_real(v);
}

columns::Table TimelineOutput::finish() {
    std::vector<ColumnPtr> out;
    for (columns::ColumnBuilder& b : builders_) {
        out.push_back(b.finish());
    }
    return chunked(std::move(schema_), out);
}

Status check_bins(std::string_view plugin, std::int64_t from, std::int64_t to, std::int64_t step) {
    if (step <= 0 || from > to || (to - from) / step > kTimelineBinsMax) {
        return Error(Code::InvalidArgument, "KQL0605",
                     std::string(plugin) + ": the range and the step make no usable bins");
    }
    return ok_status();
}

}  // namespace qd::kql
