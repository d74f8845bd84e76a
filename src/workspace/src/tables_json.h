#pragma once

namespace qd::workspace::internal {

/// The text of schema/tables.json, compiled in.
extern const char* const kTablesJson;

}  // namespace qd::workspace::internal
