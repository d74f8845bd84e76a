#pragma once

#include "qd/base/clock.h"
#include "qd/base/result.h"
#include "qd/kql/engine.h"
#include "qd/workspace/workspace.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Policies of tables, kept as attributes "policy/KIND" of "table/T" in the words they were given.
namespace qd::query {

/// One entry of an update policy. Source: Kusto, "Update policy".
struct UpdateRule {
    std::string source;
    std::string query;
    bool enabled = true;
    bool transactional = false;
};
/// Errors: InvalidArgument QRY0044.
Result<std::vector<UpdateRule>> parse_update_policy(std::string_view json);

struct RowSecurity {
    bool enabled = false;
    std::string query;
};
/// The row level security of a table, when it has one that is on.
std::optional<RowSecurity> row_security(const workspace::Workspace& workspace,
                                        std::string_view table);
std::string row_security_text(const RowSecurity& security);

/// "10.00:00:00" of a retention policy as whole days, rounded up; nothing when it is no timespan.
std::optional<std::uint32_t> retention_days(std::string_view soft_delete_period);

/// A derivation that failed without refusing the rows it was for.
struct IngestFailure {
    Timestamp at;
    std::string table;
    std::string details;
    std::string code;
    bool from_update_policy = false;
};

/// Update policies at work: rows appended to a source table run through the policies' queries and
/// are stored with what those give. Threads: any.
class UpdatePolicies final : public workspace::Derivation {
  public:
    /// Runs a query in which the table of that name holds just these rows.
    using Run = std::function<Result<kql::QueryResult>(
        const std::string& text, std::string_view table, columns::Table rows)>;

    UpdatePolicies(workspace::Workspace& workspace, Clock& clock, Run run);
    /// Reads the policies anew, after one has changed.
    void refresh();

    bool applies_to(std::string_view table) const override;
    Result<std::vector<workspace::TableRows>> derive(const workspace::TableSchema& table,
                                                     const columns::Table& rows) override;

    /// Newest first.
    std::vector<IngestFailure> failures() const;
    void note_failure(IngestFailure failure);

  private:
    struct Target {
        std::string table;
        UpdateRule rule;
    };
    using Targets = std::vector<Target>;
    std::shared_ptr<const Targets> targets() const;

    workspace::Workspace& workspace_;
    Clock& clock_;
    Run run_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Targets> targets_;
    std::vector<IngestFailure> failures_;
};

}  // namespace qd::query
