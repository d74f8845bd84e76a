#pragma once

#include "qd/base/result.h"
#include "qd/columns/column.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The port through which every front door hands rows on. The server binds it to the workspace; a
/// collector-only process binds it to an exporter.
namespace qd::telemetry {

class RowSink {
  public:
    virtual ~RowSink() = default;

    /// The columns of a table as they are now; nothing when there is no such table.
    virtual std::optional<columns::Schema> table_schema(std::string_view table) = 0;

    /// Makes the table when it is missing (custom tables: names ending in _CL) and adds the columns
    /// it lacks. An existing column keeps its type.
    /// Errors: InvalidArgument for names or counts beyond the limits, NotFound for an unknown
    /// built-in table.
    virtual Status ensure_table(std::string_view table, const columns::Schema& wanted) = 0;

    /// Appends rows; `rows.schema` names a subset of the table's columns with the table's types,
    /// the rest becomes null ("" in string columns). `done` is called once, on any thread, when the
    /// rows are on stable storage and queryable, or with the reason why not (ResourceExhausted with
    /// retry_after_ms under pressure or with a full disk).
    virtual void append(std::string table, columns::Table rows,
                        std::function<void(Status)> done) = 0;
};

}  // namespace qd::telemetry
