#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace qd {

/// Runs work on other threads. Threads: any.
class Executor {
  public:
    virtual ~Executor() = default;
    virtual void post(std::function<void()> work) = 0;
    virtual std::size_t concurrency() const = 0;
};

/// A fixed pool. The destructor finishes what was posted, then joins.
class ThreadPool final : public Executor {
  public:
    explicit ThreadPool(std::size_t threads);
    ~ThreadPool() override;
    void post(std::function<void()> work) override;
    std::size_t concurrency() const override;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Runs everything at once on the caller's thread: deterministic tests, `qd` one-shot commands.
class InlineExecutor final : public Executor {
  public:
    void post(std::function<void()> work) override { work(); }
    std::size_t concurrency() const override { return 1; }
};

/// Calls work(worker) for worker = 0..workers-1, one of them on this thread, and returns when all
/// are done. Safe to call from inside a pool thread: workers that the pool has not started by the
/// time this thread is free run here.
void run_parallel(Executor& executor, std::size_t workers,
                  const std::function<void(std::size_t)>& work);

}  // namespace qd
