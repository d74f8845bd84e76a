#pragma once

#include "qd/base/result.h"

#include <string_view>

struct sqlite3;

namespace qd::store::internal {

/// The error behind an SQLite result code; `doing` is what was attempted.
Error sqlite_error(sqlite3* db, int code, std::string_view doing);

}  // namespace qd::store::internal
