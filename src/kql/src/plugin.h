#pragma once

#include "aggregate.h"
#include "function.h"
#include "qd/base/result.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// `evaluate` plugins: a whole table in, a whole table out.
namespace qd::kql {

/// An argument of a plugin call: a constant, a column of the input, an aggregate call over columns
/// of the input (pivot), a second table (the lookups), or a name that is no column of the input
/// (a column of the second table).
struct PluginArgument {
    enum class Kind : std::uint8_t { Constant, Column, Aggregate, Star, Table, Name };
    Kind kind = Kind::Constant;
    std::string parameter;  // as written before "=" (columnsConflict='…'), else empty
    Scalar constant;
    std::size_t column = 0;  // index into the input schema
    std::string name;        // of the column or aggregate, natural; of Kind::Name
    const AggregateFunction* aggregate = nullptr;
    std::vector<std::size_t> aggregate_columns;
    /// Kind::Table: its columns while binding, its rows while running.
    columns::Schema table_schema;
    std::shared_ptr<const columns::Table> table;
    TextSpan span;
};

struct PluginCall {
    const columns::Schema& input;
    std::span<const PluginArgument> arguments;
    /// The `: (a:long, …)` output schema when written, else empty.
    const columns::Schema& declared;
    /// `: (*, …)`: the declared columns come after the input's own.
    bool declared_star = false;
};

struct Plugin {
    std::string_view name;
    std::string_view signature;
    std::string_view doc;
    /// Whether the output schema depends on the rows (pivot, bag_unpack): the engine then
    /// materialises the input before it binds what follows. A written output schema takes that
    /// away: then `schema` answers as for any other plugin.
    bool schema_from_rows = false;
    /// The output schema when it does not depend on rows. Checks the arguments.
    /// Errors: InvalidArgument with an argument's span.
    Result<columns::Schema> (*schema)(const PluginCall& call) = nullptr;
    Result<columns::Table> (*run)(const PluginCall& call, const EvalContext& context,
                                  columns::Table input) = nullptr;
};

const Plugin* find_plugin(std::string_view name);
std::vector<const Plugin*> all_plugins();
/// Plugins of the engine that are refused on purpose (they run foreign code or call out), with the
/// reason; nothing for other names.
std::optional<std::string_view> refused_plugin(std::string_view name);

}  // namespace qd::kql
