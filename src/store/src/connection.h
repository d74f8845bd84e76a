#pragma once

#include "qd/base/result.h"
#include "qd/store/store.h"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace qd::store::internal {

/// One SQLite connection and its prepared statements. Threads: one at a time.
class Connection final : public Transaction {
  public:
    enum class Mode { Writer, Reader };

    static Result<std::unique_ptr<Connection>> open(const std::string& path, Mode mode);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    Result<std::unique_ptr<Statement>> prepare(std::string_view sql) override;
    std::int64_t changes() const override;

    /// Runs SQL text without parameters, several statements allowed.
    Status execute(const char* sql);
    /// False once SQLite has rolled a transaction back by itself (disk full, I/O error).
    bool in_transaction() const;
    /// Deferred foreign keys that are violated right now: a commit would fail because of them.
    bool has_deferred_violations() const;

    /// Gives a statement back to the cache.
    void give_back(std::string sql, sqlite3_stmt* statement);

  private:
    explicit Connection(sqlite3* db) : db_(db) {}

    sqlite3* db_;
    std::unordered_map<std::string, std::vector<sqlite3_stmt*>> idle_;
};

}  // namespace qd::store::internal
