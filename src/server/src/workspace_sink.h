#pragma once

#include "qd/telemetry/row_sink.h"
#include "qd/workspace/workspace.h"

namespace qd::server {

/// Telemetry's row port bound to the workspace.
class WorkspaceSink final : public telemetry::RowSink {
  public:
    explicit WorkspaceSink(workspace::Workspace& workspace) : workspace_(workspace) {}

    std::optional<columns::Schema> table_schema(std::string_view table) override;
    Status ensure_table(std::string_view table, const columns::Schema& wanted) override;
    void append(std::string table, columns::Table rows, std::function<void(Status)> done) override;

  private:
    workspace::Workspace& workspace_;
};

}  // namespace qd::server
