#pragma once

#include "qd/base/result.h"

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace qd::store {

/// Bytes that are not text.
struct Blob {
    std::string_view bytes;
};

/// One parameter of a statement: null, integer, real, text or blob. Text and blobs are views that
/// must live until the call they are passed to returns.
class Param {
  public:
    Param(std::nullptr_t) {}  // NOLINT(google-explicit-constructor), here and below
    template <std::integral T>
    Param(T v) : data_(static_cast<std::int64_t>(v)) {}          // NOLINT
    Param(double v) : data_(v) {}                                // NOLINT
    Param(std::string_view v) : data_(v) {}                      // NOLINT
    Param(const std::string& v) : data_(std::string_view(v)) {}  // NOLINT
    Param(const char* v) : data_(std::string_view(v)) {}         // NOLINT
    Param(Blob v) : data_(v) {}                                  // NOLINT
    template <typename T>
    Param(const std::optional<T>& v) {  // NOLINT
        if (v.has_value()) {
            data_ = Param(*v).data_;
        }
    }
    const std::variant<std::monostate, std::int64_t, double, std::string_view, Blob>& data() const {
        return data_;
    }

  private:
    std::variant<std::monostate, std::int64_t, double, std::string_view, Blob> data_;
};

/// A prepared statement being run. Columns count from 0.
/// Usage: while (true) { QD_TRY(const bool row, s->step()); if (!row) break; … s->text(0) … }
/// Lifetime: within the transaction that made it. Threads: that transaction's.
class Statement {
  public:
    virtual ~Statement() = default;
    /// True: a row is there. False: done (and the statement may be bound and run again).
    virtual Result<bool> step() = 0;
    /// Starts over with other parameters.
    virtual Status bind(std::span<const Param> params) = 0;

    virtual bool is_null(int column) const = 0;
    virtual std::int64_t integer(int column) const = 0;  // 0 for null
    virtual double real(int column) const = 0;
    /// Text or blob; valid until the next step(). Empty for null.
    virtual std::string_view text(int column) const = 0;
};

/// What a reader or writer sees: one consistent state of the store.
/// SQL: the subset SQLite and PostgreSQL share; parameters are written ?1, ?2, ….
/// Errors: AlreadyExists STO0006 (unique key), FailedPrecondition STO0007 (other constraints),
/// ResourceExhausted STO0003 (disk full), Unavailable STO0004 (locked), DataLoss STO0002
/// (damaged file), Internal STO0001 (anything else, with the engine's text).
class Transaction {
  public:
    virtual ~Transaction() = default;
    /// Prepared once for each text and connection, then taken from a cache.
    virtual Result<std::unique_ptr<Statement>> prepare(std::string_view sql) = 0;
    /// Rows changed by the last finished statement.
    virtual std::int64_t changes() const = 0;

    /// A statement with its parameters bound, ready for step().
    Result<std::unique_ptr<Statement>> query(std::string_view sql,
                                             std::initializer_list<Param> params = {});
    /// Runs a statement to its end.
    Status run(std::string_view sql, std::initializer_list<Param> params = {});
    /// The first column of the first row as an integer; nothing when there is no row or it is null.
    Result<std::optional<std::int64_t>> integer(std::string_view sql,
                                                std::initializer_list<Param> params = {});
    Result<std::optional<std::string>> text(std::string_view sql,
                                            std::initializer_list<Param> params = {});
};

/// One step of a component's schema. Never edit one that has been released: append another.
struct Migration {
    std::string_view name;
    std::string_view sql;  // one or more statements separated by ';'
};

using WriteFunction = std::function<Status(Transaction&)>;
using ReadFunction = std::function<Status(Transaction&)>;

/// Small durable state: catalog, rule state, outbox, workflow journal, sessions.
/// A write that returned ok survives power loss (WAL with full sync).
/// Threads: any. Lifetime: the destructor finishes the queued writes.
class Store {
  public:
    virtual ~Store() = default;

    /// Opens or creates the file and checks its integrity.
    /// Errors: DataLoss STO0002 when the file is damaged or no database.
    static Result<std::unique_ptr<Store>> open(const std::string& path);
    /// Nothing on disk; for tests and one-shot commands.
    static Result<std::unique_ptr<Store>> open_in_memory();

    /// Brings a component's tables up to date: applies the migrations not yet recorded, in order,
    /// in one transaction. Table names start with the component's name by convention.
    /// Errors: FailedPrecondition STO0005 when the file's history differs from the given one
    /// (a newer program wrote it, or a released migration was edited).
    virtual Status migrate(std::string_view component, std::span<const Migration> migrations) = 0;

    /// Runs the function in a write transaction on the writer's thread and returns after it is
    /// durable. Writers that queue up meanwhile share one commit; a function that returns an error
    /// is rolled back alone. The function must not call write() or read() of this store
    /// (refused: FailedPrecondition STO0008).
    virtual Status write(const WriteFunction& function) = 0;
    /// The same without waiting: `done` runs on the writer's thread after the commit.
    virtual void write_async(WriteFunction function, std::function<void(const Status&)> done) = 0;
    /// Runs the function over one consistent snapshot, on the caller's thread, beside writers.
    virtual Status read(const ReadFunction& function) = 0;
};

}  // namespace qd::store
