#pragma once

#include "qd/columns/column.h"
#include "qd/columns/scalar.h"

#include <optional>
#include <string>
#include <string_view>

namespace qd::columns {

/// KQL's tostring() of a value: true -> "True", 1.0 -> "1.0", doubles with 17 significant digits
/// where needed, datetime "2020-01-01T00:00:00.0000000Z", dynamic as minified JSON (a dynamic
/// string as its text), null -> "".
std::string to_text(const Scalar& value);
void append_text(std::string& out, const Column& column, std::uint32_t row);
void append_real_text(std::string& out, double value);

/// One cell of ingested text or JSON as a value of a column's type, with the conversions the
/// ingestion APIs prescribe (numbers and booleans given as text, datetimes in ISO 8601, objects
/// into string columns as compact JSON). Nothing when the value does not fit the type.
std::optional<Scalar> convert_ingested(const Value& value, DataType type);
std::optional<Scalar> convert_ingested_text(std::string_view text, DataType type);

}  // namespace qd::columns
