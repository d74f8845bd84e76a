#pragma once

#include "qd/automation/definition.h"

namespace qd::automation {

/// Adds the findings about what expressions and variables refer to, spreads secureData to the
/// actions that read hidden values, and makes loops that write variables sequential.
void check_references(Definition& definition);

}  // namespace qd::automation
