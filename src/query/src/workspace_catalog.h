#pragma once

#include "materialized_views.h"
#include "qd/kql/source.h"
#include "qd/query/query_service.h"
#include "qd/workspace/workspace.h"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace qd::query {

/// A workspace as one query sees it. Snapshots are taken when a table is first named and kept for
/// the life of the object, so a query reads each table as of one instant.
/// Threads: one query; find_*() may be called from its worker threads too.
class WorkspaceCatalog final : public kql::Catalog {
  public:
    WorkspaceCatalog(workspace::Workspace& workspace, const MaterializedViews& views,
                     ExternalFetch* fetch, const ExternalDataPolicy& external,
                     const AddressBook* addresses);
    ~WorkspaceCatalog() override;

    std::string default_database() const override;
    std::shared_ptr<kql::TableSource> find_table(std::string_view database,
                                                 std::string_view name) override;
    std::shared_ptr<kql::TableSource> find_behind(std::string_view database,
                                                  std::string_view name) override;
    std::vector<std::string> table_names(std::string_view database) override;
    std::optional<kql::StoredFunction> find_function(std::string_view database,
                                                     std::string_view name) override;
    std::optional<Value> locate_address(std::string_view address) override;
    Result<std::string> read_external(std::string_view uri) override;

    /// A table of this query only (the rows of a .show command that is piped on, new rows that an
    /// update policy looks at); it hides a stored one of that name.
    void add_table(std::string name, std::shared_ptr<kql::TableSource> source);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace qd::query
