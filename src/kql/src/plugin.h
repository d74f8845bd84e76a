#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "aggregate.h"
#include "function.h"
#include "qd/base/result.h"
#include "qd/columns/column.h"

/// `evaluate` plugins: a whole table in, a whole table out.
namespace qd::kql {

/// An argument of a plugin call: a constant, or a column of the input, or an aggregate call over
/// columns of the input (pivot).
struct PluginArgument {
    enum class Kind : std::uint8_t { Constant, Column, Aggregate, Star };
    Kind kind = Kind::Constant;
    Scalar constant;
    std::size_t column = 0;  // index into the input schema
    std::string name;        // of the column or aggregate, natural
    const AggregateFunction* aggregate = nullptr;
    std::vector<std::size_t> aggregate_columns;
    TextSpan span;
};

struct PluginCall {
    const columns::Schema& input;
    std::span<const PluginArgument> arguments;
    /// The `: (a:long, …)` output schema when written, else empty.
    const columns::Schema& declared;
};

struct Plugin {
    std::string_view name;
    std::string_view signature;
    std::string_view doc;
    /// Whether the output schema depends on the rows (pivot, bag_unpack): the engine then
    /// materialises the input before it binds what follows.
    bool schema_from_rows = false;
    /// The output schema when it does not depend on rows.
    Result<columns::Schema> (*schema)(const PluginCall& call) = nullptr;
    Result<columns::Table> (*run)(const PluginCall& call, const EvalContext& context,
                                  columns::Table input) = nullptr;
};

const Plugin* find_plugin(std::string_view name);
std::vector<const Plugin*> all_plugins();

}  // namespace qd::kql
