#pragma once

#include "qd/workspace/scan.h"
#include "table_data.h"

#include <cstdint>
#include <memory>
#include <string>

namespace qd::workspace::internal {

/// Rows received before `hidden_before` (ticks) do not come out.
std::shared_ptr<const Snapshot> make_snapshot(TablePtr schema,
                                              std::shared_ptr<const TableContent> content,
                                              std::uint64_t last_sequence, std::uint32_t table_id,
                                              std::string workspace_id, std::int64_t hidden_before);

}  // namespace qd::workspace::internal
