#pragma once

#include "qd/codec/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace qd::cli {

/// A result as it came over the wire.
struct ResultColumn {
    std::string name;
    std::string type;  // KQL's name
};
struct ResultTable {
    std::vector<ResultColumn> columns;
    std::vector<std::vector<Value>> rows;
};

/// A cell as a person reads it; dynamic values as JSON.
std::string cell_text(const Value& cell);

/// Columns aligned by display width, numbers to the right, cells cut at `cell_max` characters
/// (0: never); ends with "(N rows)".
std::string aligned(const ResultTable& table, std::size_t cell_max);
std::string as_csv(const ResultTable& table);
/// An array of objects.
std::string as_json(const ResultTable& table);

}  // namespace qd::cli
