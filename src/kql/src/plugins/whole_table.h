#pragma once

#include "plugin.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// What plugins share: the input as whole columns, arguments by position or name, and building
/// the output.
namespace qd::kql {

/// All rows of a table as one column each. Errors: ResourceExhausted above 2^31 rows.
struct WholeTable {
    columns::Schema schema;
    std::vector<ColumnPtr> columns;
    std::uint32_t rows = 0;
};
Result<WholeTable> whole_table(const columns::Schema& schema, const columns::Table& table);

/// The rows as chunks of at most kChunkRows.
columns::Table chunked(columns::Schema schema, const std::vector<ColumnPtr>& whole);

/// Positional arguments in order, named ones by name.
class PluginArguments {
  public:
    PluginArguments(std::string_view plugin, const PluginCall& call);
    std::size_t positional() const { return positional_.size(); }
    /// Null when there is none.
    const PluginArgument* at(std::size_t index) const;
    const PluginArgument* named(std::string_view parameter) const;
    /// Errors: InvalidArgument when the argument is missing or of another kind.
    Result<std::size_t> column(std::size_t index) const;
    Result<Scalar> constant(std::size_t index) const;
    Result<std::int64_t> ticks(std::size_t index) const;  // a datetime or a timespan
    /// The input columns named from `index` on.
    Result<std::vector<std::size_t>> columns_from(std::size_t index) const;
    Error fault(std::size_t index, std::string_view what) const;

  private:
    std::string_view plugin_;
    std::vector<const PluginArgument*> positional_;
    std::vector<const PluginArgument*> named_;
};

/// Numbers the distinct combinations of some columns in the order they are first met.
struct RowGroups {
    std::vector<std::uint32_t> group_of_row;
    std::vector<std::uint32_t> first_row;  // of each group
    std::uint32_t size() const { return static_cast<std::uint32_t>(first_row.size()); }
};
RowGroups group_rows(const WholeTable& table, const std::vector<std::size_t>& keys);

/// A name not used yet: the name itself, or with 1, 2, … behind it.
std::string unique_name(const columns::Schema& schema, std::string name);

/// Floor of a toward step, counted from origin; step > 0.
std::int64_t bin_from(std::int64_t value, std::int64_t origin, std::int64_t step);

}  // namespace qd::kql
