#pragma once

namespace qd::workspace::internal {

/// The text of schema/tables.json, compiled in: pieces to be joined, then a null pointer.
extern const char* const kTablesJson[];

}  // namespace qd::workspace::internal
