// The store on SQLite: one writer thread, several reader connections.
//
// Idea: a commit costs an fsync, so writers that arrive while one runs share the next. Each of
// them gets a savepoint; one that fails is rolled back to it and the others stay. Only when
// SQLite itself abandons the transaction (disk full, I/O error) do all members fail together,
// and the jobs behind the fault start over in a transaction of their own.
// Why a thread of its own and not the CPU pool: the thread waits for the disk most of its time.
// Source: SQLite documentation, "Write-Ahead Logging", "SAVEPOINT", PRAGMA synchronous.
#include "sqlite_store.h"

#include <utility>

namespace qd::store {

namespace internal {

namespace {

constexpr std::size_t kGroupMax = 256;      // writers that share one commit
constexpr std::size_t kIdleReadersMax = 8;  // connections kept open between reads

Error nested_call() {
    return {Code::FailedPrecondition, "STO0008",
            "a write function called its own store; use the transaction it was given"};
}

}  // namespace

SqliteStore::SqliteStore(std::string path, std::unique_ptr<Connection> writer, bool readers)
    : path_(std::move(path)), readers_(readers), writer_(std::move(writer)) {
    thread_ = std::thread([this] { run_writer(); });
}

SqliteStore::~SqliteStore() {
    {
        const std::lock_guard lock(queue_mutex_);
        stopping_ = true;
    }
    queue_grew_.notify_all();
    thread_.join();
}

void SqliteStore::run_writer() {
    while (true) {
        std::vector<Job> jobs;
        {
            std::unique_lock lock(queue_mutex_);
            queue_grew_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) {
                return;
            }
            while (!queue_.empty() && jobs.size() < kGroupMax) {
                jobs.push_back(std::move(queue_.front()));
                queue_.pop_front();
            }
        }
        std::size_t settled = 0;
        while (settled < jobs.size()) {
            const std::size_t end = run_group(jobs, settled);
            for (; settled < end; ++settled) {
                jobs[settled].done(jobs[settled].outcome);
            }
        }
    }
}

std::size_t SqliteStore::run_group(std::vector<Job>& jobs, std::size_t begin) {
    if (Status started = writer_->execute("BEGIN IMMEDIATE"); !started.ok()) {
        for (std::size_t i = begin; i < jobs.size(); ++i) {
            jobs[i].outcome = started;
        }
        return jobs.size();
    }
    std::size_t end = begin;
    while (end < jobs.size()) {
        Job& job = jobs[end];
        job.outcome = run_in_savepoint(job.function);
        ++end;
        if (!writer_->in_transaction()) {
            // SQLite gave the whole transaction up: nobody before this job is on disk either.
            const Status lost =
                job.outcome.ok()
                    ? Status(Error(Code::Internal, "STO0001", "the transaction was abandoned"))
                    : job.outcome;
            for (std::size_t i = begin; i < end; ++i) {
                if (jobs[i].outcome.ok()) {
                    jobs[i].outcome = lost;
                }
            }
            return end;
        }
    }
    if (Status committed = writer_->execute("COMMIT"); !committed.ok()) {
        writer_->execute("ROLLBACK").ignore("the commit's own error is the one to tell");
        for (std::size_t i = begin; i < end; ++i) {
            if (jobs[i].outcome.ok()) {
                jobs[i].outcome = committed;
            }
        }
    }
    return end;
}

Status SqliteStore::run_in_savepoint(const WriteFunction& function) {
    QD_CHECK_OK(writer_->execute("SAVEPOINT job"));
    Status outcome = function(*writer_);
    if (outcome.ok() && writer_->has_deferred_violations()) {
        outcome = Error(Code::FailedPrecondition, "STO0007",
                        "a foreign key would be violated at the commit");
    }
    if (!writer_->in_transaction()) {
        return outcome;
    }
    if (!outcome.ok()) {
        QD_CHECK_OK(writer_->execute("ROLLBACK TO job"));
    }
    QD_CHECK_OK(writer_->execute("RELEASE job"));
    return outcome;
}

Status SqliteStore::write(const WriteFunction& function) {
    if (std::this_thread::get_id() == thread_.get_id()) {
        return nested_call();
    }
    std::mutex mutex;
    std::condition_variable settled;
    std::optional<Status> outcome;
    write_async(function, [&](const Status& status) {
        const std::lock_guard lock(mutex);
        outcome = status;
        settled.notify_one();
    });
    std::unique_lock lock(mutex);
    settled.wait(lock, [&] { return outcome.has_value(); });
    return *std::move(outcome);
}

void SqliteStore::write_async(WriteFunction function, std::function<void(const Status&)> done) {
    {
        const std::lock_guard lock(queue_mutex_);
        queue_.push_back({std::move(function), std::move(done), {}});
    }
    queue_grew_.notify_one();
}

Result<std::unique_ptr<Connection>> SqliteStore::take_reader() {
    {
        const std::lock_guard lock(readers_mutex_);
        if (!idle_readers_.empty()) {
            auto reader = std::move(idle_readers_.back());
            idle_readers_.pop_back();
            return reader;
        }
    }
    return Connection::open(path_, Connection::Mode::Reader);
}

Status SqliteStore::read(const ReadFunction& function) {
    if (std::this_thread::get_id() == thread_.get_id()) {
        return nested_call();
    }
    if (!readers_) {
        return write(function);
    }
    QD_TRY(auto reader, take_reader());
    QD_CHECK_OK(reader->execute("BEGIN"));
    Status outcome = function(*reader);
    QD_CHECK_OK(reader->execute("COMMIT"));
    const std::lock_guard lock(readers_mutex_);
    if (idle_readers_.size() < kIdleReadersMax) {
        idle_readers_.push_back(std::move(reader));
    }
    return outcome;
}

Status SqliteStore::migrate(std::string_view component, std::span<const Migration> migrations) {
    return write([&](Transaction& tx) -> Status {
        QD_CHECK_OK(
            tx.run("CREATE TABLE IF NOT EXISTS schema_migrations ("
                   " component TEXT NOT NULL, ordinal INTEGER NOT NULL, name TEXT NOT NULL,"
                   " sql TEXT NOT NULL, PRIMARY KEY (component, ordinal))"));
        std::size_t applied = 0;
        {
            QD_TRY(const auto rows, tx.query("SELECT name, sql FROM schema_migrations"
                                             " WHERE component = ?1 ORDER BY ordinal",
                                             {component}));
            while (true) {
                QD_TRY(const bool row, rows->step());
                if (!row) {
                    break;
                }
                if (applied >= migrations.size()) {
                    return Error(Code::FailedPrecondition, "STO0005",
                                 "the store was written by a newer program: unknown migration " +
                                     std::string(rows->text(0)));
                }
                if (rows->text(0) != migrations[applied].name ||
                    rows->text(1) != migrations[applied].sql) {
                    return Error(Code::FailedPrecondition, "STO0005",
                                 "a migration already applied was changed: " +
                                     std::string(migrations[applied].name));
                }
                ++applied;
            }
        }
        for (std::size_t i = applied; i < migrations.size(); ++i) {
            const std::string sql(migrations[i].sql);
            QD_CHECK_OK(
                writer_->execute(sql.c_str()).with("migration " + std::string(migrations[i].name)));
            QD_CHECK_OK(tx.run("INSERT INTO schema_migrations VALUES (?1, ?2, ?3, ?4)",
                               {component, i, migrations[i].name, migrations[i].sql}));
        }
        return {};
    });
}

}  // namespace internal

Result<std::unique_ptr<Store>> Store::open(const std::string& path) {
    using internal::Connection;
    QD_TRY(auto writer, Connection::open(path, Connection::Mode::Writer));
    QD_TRY(const auto verdict, writer->text("PRAGMA quick_check(1)"));
    if (verdict != "ok") {
        return Error(Code::DataLoss, "STO0002",
                     "the store is damaged: " + path + ": " + verdict.value_or(""));
    }
    return std::unique_ptr<Store>(
        std::make_unique<internal::SqliteStore>(path, std::move(writer), true));
}

Result<std::unique_ptr<Store>> Store::open_in_memory() {
    using internal::Connection;
    QD_TRY(auto writer, Connection::open(":memory:", Connection::Mode::Writer));
    return std::unique_ptr<Store>(
        std::make_unique<internal::SqliteStore>(":memory:", std::move(writer), false));
}

}  // namespace qd::store
