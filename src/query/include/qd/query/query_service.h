#pragma once

#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/base/result.h"
#include "qd/codec/value.h"
#include "qd/kql/engine.h"
#include "qd/workspace/workspace.h"

#include <cstdint>
#include <memory>
#include <optional>
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

/// Where IP addresses are; the server binds it to a location database. Threads: any.
class AddressBook {
  public:
    virtual ~AddressBook() = default;
    /// As kql::Catalog::locate_address().
    virtual std::optional<Value> locate(std::string_view address) const = 0;
};

/// Where a query came from.
struct QueryOrigin {
    std::string client_request_id;
    std::string activity_id;
    std::string application;  // as the client names itself
};

struct QueryServiceOptions {
    const AddressBook* addresses = nullptr;  // none: geo_info_from_ip_address() gives null
    std::int64_t memory_bytes_max = std::int64_t{2} << 30;  // one query
    kql::SpillSpace* spill = nullptr;  // where a query goes on that needs more; none: it fails
    /// Queries that take as long or longer become rows of LAQueryLogs; 0: all, negative: none.
    std::int64_t slow_query_ms = 1'000;
};

/// Queries and management commands over one workspace: binds the engine's ports to the workspace's
/// tables, views and stored functions, and applies update policies to what is appended.
/// Threads: any. Lifetime: the workspace outlives it; nothing is appended while it is destroyed.
class QueryService {
  public:
    QueryService(workspace::Workspace& workspace, Executor& executor, Clock& clock,
                 ExternalFetch* fetch, ExternalDataPolicy external,
                 QueryServiceOptions options = {});
    ~QueryService();

    /// A query or, when the text begins with a dot, a management command. Without a cancel flag of
    /// the caller's it can be stopped by `.cancel query`.
    Result<kql::QueryResult> run(std::string_view text, const kql::QueryOptions& options,
                                 const QueryOrigin& origin = {},
                                 const kql::CancelFlag* cancel = nullptr);
    /// Streaming ingestion: rows of the bytes, in one of kql::IngestFormat's formats; the rows
    /// stored. `mapping` names one of the table's ingestion mappings, or is empty.
    Result<std::uint64_t> ingest(std::string_view table, std::string_view format,
                                 std::string_view mapping, std::string_view bytes);
    /// Brings materialized views up to date; returns how many could not be. To be called now and
    /// then.
    std::size_t maintain_views();
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
