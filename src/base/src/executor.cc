#include "qd/base/executor.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace qd {

struct ThreadPool::State {
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::function<void()>> queue;
    bool stopping = false;
    std::vector<std::thread> threads;

    void run() {
        std::unique_lock lock(mutex);
        while (true) {
            wake.wait(lock, [&] { return stopping || !queue.empty(); });
            if (queue.empty()) {
                return;
            }
            std::function<void()> work = std::move(queue.front());
            queue.pop_front();
            lock.unlock();
            work();
            work = nullptr;
            lock.lock();
        }
    }
};

ThreadPool::ThreadPool(std::size_t threads) : state_(std::make_unique<State>()) {
    for (std::size_t i = 0; i < threads; ++i) {
        state_->threads.emplace_back([state = state_.get()] { state->run(); });
    }
}

ThreadPool::~ThreadPool() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->wake.notify_all();
    for (std::thread& thread : state_->threads) {
        thread.join();
    }
}

void ThreadPool::post(std::function<void()> work) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->queue.push_back(std::move(work));
    }
    state_->wake.notify_one();
}

std::size_t ThreadPool::concurrency() const {
    return state_->threads.size();
}

namespace {

/// The workers of one run_parallel(): each is claimed once, by the pool or by the caller.
struct ParallelRun {
    std::size_t workers;
    const std::function<void(std::size_t)>* work;
    std::atomic<std::size_t> claimed{0};
    std::mutex mutex;
    std::condition_variable finished;
    std::size_t done = 0;

    void drain() {
        while (true) {
            const std::size_t worker = claimed.fetch_add(1);
            if (worker >= workers) {
                return;
            }
            (*work)(worker);
            const std::lock_guard lock(mutex);
            if (++done == workers) {
                finished.notify_all();
            }
        }
    }
};

}  // namespace

void run_parallel(Executor& executor, std::size_t workers,
                  const std::function<void(std::size_t)>& work) {
    if (workers <= 1) {
        if (workers == 1) {
            work(0);
        }
        return;
    }
    // Shared, because a pool thread may reach the run after this function has returned: it then
    // finds every worker claimed and never touches `work`.
    const auto run = std::make_shared<ParallelRun>();
    run->workers = workers;
    run->work = &work;
    for (std::size_t i = 1; i < workers; ++i) {
        executor.post([run] { run->drain(); });
    }
    run->drain();
    std::unique_lock lock(run->mutex);
    run->finished.wait(lock, [&] { return run->done == run->workers; });
}

}  // namespace qd
