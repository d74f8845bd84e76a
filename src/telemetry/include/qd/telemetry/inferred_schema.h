#pragma once

#include "qd/codec/value.h"
#include "qd/columns/type.h"

namespace qd::telemetry {

/// Columns for a custom table that does not exist yet, from the objects of its first write: bool,
/// long, real, datetime (ISO 8601 text with a time of day), string, dynamic. A name that meets
/// several types becomes real (numbers) or dynamic.
columns::Schema infer_schema(const Value& objects);

}  // namespace qd::telemetry
