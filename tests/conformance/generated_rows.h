#pragma once

#include "qd/base/random.h"
#include "qd/base/time.h"
#include "qd/codec/value.h"
#include "qd/columns/column.h"

#include <cstdint>

namespace qd::conformance {

/// `rows` rows for columns of any type: the values a log of the last fourteen days might hold
/// (names, addresses, paths, commands, JSON, nulls), drawn from pools small enough that joins meet.
columns::Table generate_rows(const columns::Schema& schema, std::uint32_t rows, Timestamp now,
                             Random& random);

}  // namespace qd::conformance
