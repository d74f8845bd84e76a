#pragma once

#include "qd/columns/variant.h"

#include <string>

namespace qd::kql {

/// Order of array elements for sorting: null, then booleans, numbers, texts, times, the rest by
/// their JSON text. Negative, zero, positive.
int compare_variants(const columns::VariantView& a, const columns::VariantView& b);

/// Equal keys for equal elements: type-strict, but a whole real equals the long.
std::string element_key(const columns::VariantView& v);

}  // namespace qd::kql
