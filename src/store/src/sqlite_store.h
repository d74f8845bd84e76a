#pragma once

#include "connection.h"
#include "qd/store/store.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace qd::store::internal {

class SqliteStore final : public Store {
  public:
    /// `readers` false: reads go through the writer's connection (a store in memory has one).
    SqliteStore(std::string path, std::unique_ptr<Connection> writer, bool readers);
    ~SqliteStore() override;

    Status migrate(std::string_view component, std::span<const Migration> migrations) override;
    Status write(const WriteFunction& function) override;
    void write_async(WriteFunction function, std::function<void(const Status&)> done) override;
    Status read(const ReadFunction& function) override;

  private:
    struct Job {
        WriteFunction function;
        std::function<void(const Status&)> done;
        Status outcome;
    };

    void run_writer();
    /// Runs jobs [begin, end) in one transaction; returns the end of those it settled.
    std::size_t run_group(std::vector<Job>& jobs, std::size_t begin);
    Status run_in_savepoint(const WriteFunction& function);
    Result<std::unique_ptr<Connection>> take_reader();

    const std::string path_;
    const bool readers_;
    std::unique_ptr<Connection> writer_;

    std::mutex queue_mutex_;
    std::condition_variable queue_grew_;
    std::deque<Job> queue_;
    bool stopping_ = false;

    std::mutex readers_mutex_;
    std::vector<std::unique_ptr<Connection>> idle_readers_;

    std::thread thread_;
};

}  // namespace qd::store::internal
