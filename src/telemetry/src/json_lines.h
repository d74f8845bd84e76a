#pragma once

#include "qd/telemetry/json_rows.h"

#include <cstddef>
#include <memory>
#include <string_view>

namespace qd::telemetry {

/// NDJSON lines as rows without a tree in between. It takes only what it is sure of: a line that is
/// damaged, names a column twice, holds a value that needs a conversion between kinds or numbers of
/// unusual form is left to the tree (add_json_row), which decides. So there is one definition of
/// what a row is, and this one has to agree where it succeeds.
/// Threads: one at a time.
class JsonLines {
  public:
    /// Bytes that must be readable behind every line.
    static constexpr std::size_t kPadding = 64;

    JsonLines(RowBuilder& rows, const JsonRowRules& rules);
    ~JsonLines();

    enum class Outcome { Added, Tree };
    /// Tree: nothing was added.
    Outcome add(std::string_view line);
    /// A member of some line has no column in the table.
    bool unknown_member() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace qd::telemetry
