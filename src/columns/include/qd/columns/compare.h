#pragma once

#include "qd/columns/column.h"

#include <cstdint>
#include <string_view>

namespace qd::columns {

/// Order of two rows of columns of one type: nulls first, then NaN, then values; strings by code
/// point (bytes). Negative, zero, positive. Dynamic values order by kind, then value.
int compare_rows(const Column& a, std::uint32_t row_a, const Column& b, std::uint32_t row_b);
/// Equality for grouping and joining: nulls equal nulls, NaN equals NaN, 0.0 equals -0.0.
bool equal_rows(const Column& a, std::uint32_t row_a, const Column& b, std::uint32_t row_b);
/// Agrees with equal_rows (xxh3-based; not stable across versions, never stored).
std::uint64_t hash_row(const Column& column, std::uint32_t row);
/// hashes[i] = combine(hashes[i], hash of row i); one pass over a whole column.
void hash_column(const Column& column, std::span<std::uint64_t> hashes);

}  // namespace qd::columns
