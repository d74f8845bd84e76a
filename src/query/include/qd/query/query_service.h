#pragma once

#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/base/result.h"
#include "qd/kql/engine.h"
#include "qd/workspace/workspace.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace qd::query {

/// Where externaldata() may read: nothing beyond these.
struct ExternalDataPolicy {
    std::vector<std::string> hosts;        // exact host names reachable by https
    std::vector<std::string> directories;  // local folders readable by file: addresses
    std::uint64_t bytes_max = 64 << 20;
};

/// Fetches an https address; the server binds it to the HTTP client. Errors go to the user.
class ExternalFetch {
  public:
    virtual ~ExternalFetch() = default;
    virtual Result<std::string> get(const std::string& url, std::uint64_t bytes_max) = 0;
};

/// Queries and management commands over one workspace: binds the engine's ports to the workspace's
/// tables, views and stored functions. A query may hold `memory_bytes_max`. Threads: any.
class QueryService {
  public:
    QueryService(workspace::Workspace& workspace, Executor& executor, Clock& clock,
                 ExternalFetch* fetch, ExternalDataPolicy external,
                 std::int64_t memory_bytes_max = std::int64_t{2} << 30);
    ~QueryService();

    /// A query or, when the text begins with a dot, a management command.
    Result<kql::QueryResult> run(std::string_view text, const kql::QueryOptions& options,
                                 const kql::CancelFlag* cancel = nullptr);
    kql::Validation validate(std::string_view text, const kql::QueryOptions& options);
    Result<kql::Explanation> explain(std::string_view text, const kql::QueryOptions& options,
                                     bool analyze = false);

    /// Options with now() = the clock's time and everything else at its default.
    kql::QueryOptions default_options() const;
    /// The name this workspace's database goes by.
    static constexpr std::string_view kDatabase = "workspace";

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace qd::query
