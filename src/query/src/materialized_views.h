#pragma once

#include "qd/base/clock.h"
#include "qd/base/result.h"
#include "qd/kql/engine.h"
#include "qd/workspace/workspace.h"
#include "view_texts.h"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qd::query {

/// A view as it is defined; kept as an attribute of "view/NAME".
struct ViewDefinition {
    std::string name;
    std::string source;
    std::string query;  // between the braces
    std::string folder;
    std::string doc;
    /// Rows of the source up to here are not in the view (made without backfill).
    std::uint64_t from_sequence = 0;
    ViewTexts texts;
};

/// What became of keeping a view up to date.
struct ViewHealth {
    std::optional<Timestamp> last_run;
    std::string last_error;  // empty: it went well
    std::uint64_t up_to = 0;
};

/// Materialized views: states of the rows seen so far lie in a table of their own, and a query of
/// the view merges them with those of the rows that came since, so it is always up to date.
/// maintain() moves rows from the second half to the first. States are appended together with the
/// sequence they reach, in one step, so a crash repeats and loses nothing.
/// Threads: any.
class MaterializedViews {
  public:
    /// Runs a query whose answer is not cut.
    using Run = std::function<Result<kql::QueryResult>(const std::string& text)>;

    MaterializedViews(workspace::Workspace& workspace, Clock& clock)
        : workspace_(workspace), clock_(clock) {}

    std::vector<ViewDefinition> all() const;
    std::optional<ViewDefinition> find(std::string_view name) const;
    ViewHealth health(std::string_view name) const;
    /// Views on a table.
    std::vector<std::string> on(std::string_view source) const;

    /// `states` is the schema of the partial text. Errors: AlreadyExists QRY0041, InvalidArgument
    /// QRY0042 when the states of a view that is there would change.
    Status put(ViewDefinition definition, const columns::Schema& states, bool replace);
    /// NotFound QRY0043.
    Status drop(std::string_view name);

    /// The table of a view's states.
    static std::string table_of(std::string_view view);
    static bool is_state_table(std::string_view table);

    /// The view as a query over its states and the rows behind `up_to`; over its states alone.
    static std::string whole_text(const ViewDefinition& view, std::uint64_t up_to);
    static std::string materialized_text(const ViewDefinition& view);
    /// Sequence of the source that a snapshot of the states reaches.
    Result<std::uint64_t> reaches(const ViewDefinition& view,
                                  const workspace::Snapshot& states) const;

    /// Brings every view up to date. Returns the views that failed.
    std::size_t maintain(const Run& run);

  private:
    Status bring_up_to_date(const ViewDefinition& view, const Run& run);
    Status compact(const ViewDefinition& view, std::uint64_t up_to, const Run& run);

    workspace::Workspace& workspace_;
    Clock& clock_;
    std::mutex maintain_mutex_;
    mutable std::mutex mutex_;
    std::map<std::string, ViewHealth, std::less<>> health_;
    std::map<std::string, std::uint64_t, std::less<>> compacted_rows_;
};

}  // namespace qd::query
