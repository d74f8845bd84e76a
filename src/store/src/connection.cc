#include "connection.h"

#include "sqlite_error.h"

#include <sqlite3.h>

#include <limits>

namespace qd::store::internal {

namespace {

constexpr int kBusyTimeoutMs = 5000;
constexpr std::size_t kIdleStatementsMax = 256;  // texts; beyond it statements are not kept

class SqliteStatement final : public Statement {
  public:
    SqliteStatement(Connection& owner, sqlite3* db, std::string sql, sqlite3_stmt* statement)
        : owner_(owner), db_(db), sql_(std::move(sql)), statement_(statement) {}
    ~SqliteStatement() override { owner_.give_back(std::move(sql_), statement_); }
    SqliteStatement(const SqliteStatement&) = delete;
    SqliteStatement& operator=(const SqliteStatement&) = delete;

    Status bind(std::span<const Param> params) override {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
        for (std::size_t i = 0; i < params.size(); ++i) {
            const int code = bind_one(static_cast<int>(i) + 1, params[i]);
            if (code != SQLITE_OK) {
                return sqlite_error(db_, code, "binding a parameter");
            }
        }
        return {};
    }

    Result<bool> step() override {
        const int code = sqlite3_step(statement_);
        if (code == SQLITE_ROW) {
            return true;
        }
        if (code == SQLITE_DONE) {
            sqlite3_reset(statement_);
            return false;
        }
        Error error = sqlite_error(db_, code, "running a statement");
        sqlite3_reset(statement_);
        return error;
    }

    bool is_null(int column) const override {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }
    std::int64_t integer(int column) const override {
        return sqlite3_column_int64(statement_, column);
    }
    double real(int column) const override { return sqlite3_column_double(statement_, column); }
    std::string_view text(int column) const override {
        // column_blob before column_bytes, and no conversion: text is stored as UTF-8.
        const void* bytes = sqlite3_column_blob(statement_, column);
        const int size = sqlite3_column_bytes(statement_, column);
        if (bytes == nullptr) {
            return {};
        }
        return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
    }

  private:
    // The bytes are copied: a caller may bind temporaries and step later.
    int bind_one(int index, const Param& param) {
        const auto& data = param.data();
        if (const auto* n = std::get_if<std::int64_t>(&data)) {
            return sqlite3_bind_int64(statement_, index, *n);
        }
        if (const auto* d = std::get_if<double>(&data)) {
            return sqlite3_bind_double(statement_, index, *d);
        }
        if (const auto* s = std::get_if<std::string_view>(&data)) {
            return sqlite3_bind_text64(statement_, index, s->data() != nullptr ? s->data() : "",
                                       s->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
        }
        if (const auto* b = std::get_if<Blob>(&data)) {
            return sqlite3_bind_blob64(statement_, index,
                                       b->bytes.data() != nullptr ? b->bytes.data() : "",
                                       b->bytes.size(), SQLITE_TRANSIENT);
        }
        return sqlite3_bind_null(statement_, index);
    }

    Connection& owner_;
    sqlite3* db_;
    std::string sql_;
    sqlite3_stmt* statement_;
};

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Mode mode) {
    sqlite3* db = nullptr;
    const int flags = mode == Mode::Writer
                          ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
                          : SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
    std::unique_ptr<Connection> connection(new Connection(db));
    if (code != SQLITE_OK) {
        return sqlite_error(db, code, "opening the store " + path);
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, kBusyTimeoutMs);
    // Reading the schema is what finds out that a file is no database.
    QD_CHECK_OK(connection->execute("PRAGMA schema_version"));
    if (mode == Mode::Writer) {
        QD_CHECK_OK(connection->execute("PRAGMA journal_mode=WAL"));
    } else {
        QD_CHECK_OK(connection->execute("PRAGMA query_only=ON"));
    }
    QD_CHECK_OK(connection->execute("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"));
    return connection;
}

Connection::~Connection() {
    for (auto& [sql, statements] : idle_) {
        for (sqlite3_stmt* statement : statements) {
            sqlite3_finalize(statement);
        }
    }
    sqlite3_close_v2(db_);
}

Result<std::unique_ptr<Statement>> Connection::prepare(std::string_view sql) {
    std::string text(sql);
    if (const auto at = idle_.find(text); at != idle_.end() && !at->second.empty()) {
        sqlite3_stmt* statement = at->second.back();
        at->second.pop_back();
        return std::unique_ptr<Statement>(
            std::make_unique<SqliteStatement>(*this, db_, std::move(text), statement));
    }
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
        return Error(Code::InvalidArgument, "STO0001", "SQL text is too long");
    }
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v2(db_, text.c_str(), static_cast<int>(text.size()), &statement, nullptr);
    if (code != SQLITE_OK) {
        return sqlite_error(db_, code, "preparing '" + text + "'");
    }
    if (statement == nullptr) {
        return Error(Code::Internal, "STO0001", "preparing an empty statement");
    }
    return std::unique_ptr<Statement>(
        std::make_unique<SqliteStatement>(*this, db_, std::move(text), statement));
}

std::int64_t Connection::changes() const {
    return sqlite3_changes64(db_);
}

Status Connection::execute(const char* sql) {
    const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return sqlite_error(db_, code, "running SQL");
    }
    return {};
}

bool Connection::in_transaction() const {
    return sqlite3_get_autocommit(db_) == 0;
}

bool Connection::has_deferred_violations() const {
    int current = 0;
    int highest = 0;
    sqlite3_db_status(db_, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0);
    return current != 0;
}

void Connection::give_back(std::string sql, sqlite3_stmt* statement) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (idle_.size() >= kIdleStatementsMax && idle_.find(sql) == idle_.end()) {
        sqlite3_finalize(statement);
        return;
    }
    idle_[std::move(sql)].push_back(statement);
}

}  // namespace qd::store::internal
