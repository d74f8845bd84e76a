#pragma once

#include "plugins/whole_table.h"

#include <cstdint>
#include <vector>

/// The input of the plugins about users over time: who was seen when, in which slice.
namespace qd::kql {

struct Sighting {
    std::int64_t at = 0;
    std::uint32_t user = 0;
    std::uint32_t row = 0;
};

/// Rows of [from, to] with a time, split by the dimension columns, each part in order of time.
struct Timeline {
    WholeTable table;
    std::size_t time_column = 0;
    std::vector<std::size_t> dimensions;
    RowGroups slices;  // of the dimensions
    std::vector<std::vector<Sighting>> by_slice;
    std::uint32_t users = 0;
};
/// id and time are input columns; `before` widens the range to earlier rows.
Result<Timeline> read_timeline(const PluginCall& call, const columns::Table& input, std::size_t id,
                               std::size_t time, std::int64_t from, std::int64_t to,
                               std::vector<std::size_t> dimensions);

/// Collects output rows: the time column(s), the dimensions of a slice, then numbers.
class TimelineOutput {
  public:
    /// Fields of the time columns, dimensions and numbers in this order.
    TimelineOutput(const Timeline& timeline, std::vector<std::string> time_names,
                   const std::vector<columns::Field>& numbers);
    void row(std::uint32_t slice, std::initializer_list<std::int64_t> times);
    void add_long(std::int64_t v);
    void add_real(double v);
    columns::Table finish();

  private:
    const Timeline& timeline_;
    columns::Schema schema_;
    std::vector<columns::ColumnBuilder> builders_;
    std::size_t times_;
    std::size_t next_ = 0;
};

/// The schema such an output has, before anything ran.
columns::Schema timeline_schema(const PluginCall& call, std::vector<columns::Field> times,
                                const std::vector<std::size_t>& dimensions,
                                const std::vector<columns::Field>& numbers);

/// Counts distinct users of a moving set.
class UserCounter {
  public:
    explicit UserCounter(std::uint32_t users) : seen_(users, 0) {}
    void add(std::uint32_t user) { distinct_ += seen_[user]++ == 0 ? 1 : 0; }
    void remove(std::uint32_t user) { distinct_ -= --seen_[user] == 0 ? 1 : 0; }
    bool has(std::uint32_t user) const { return seen_[user] > 0; }
    std::int64_t distinct() const { return distinct_; }

  private:
    std::vector<std::uint32_t> seen_;
    std::int64_t distinct_ = 0;
};

/// More bins than this is a mistake in the arguments.
inline constexpr std::int64_t kTimelineBinsMax = 1'000'000;
/// Errors: InvalidArgument when the step is not positive or the bins are too many.
Status check_bins(std::string_view plugin, std::int64_t from, std::int64_t to, std::int64_t step);

}  // namespace qd::kql
