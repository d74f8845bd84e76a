#include "qd/base/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace qd {
namespace {

TEST(Executor, PoolFinishesWhatWasPosted) {
    std::atomic<int> count{0};
    {
        ThreadPool pool(3);
        EXPECT_EQ(pool.concurrency(), 3U);
        for (int i = 0; i < 1'000; ++i) {
            pool.post([&] { count.fetch_add(1); });
        }
    }
    EXPECT_EQ(count.load(), 1'000);
}

TEST(Executor, RunParallelCallsEveryWorkerOnce) {
    ThreadPool pool(4);
    InlineExecutor one;
    for (Executor* executor : {static_cast<Executor*>(&pool), static_cast<Executor*>(&one)}) {
        for (const std::size_t workers : {0U, 1U, 2U, 7U, 100U}) {
            std::vector<std::atomic<int>> calls(workers);
            run_parallel(*executor, workers, [&](std::size_t w) { calls[w].fetch_add(1); });
            for (const auto& n : calls) {
                EXPECT_EQ(n.load(), 1);
            }
        }
    }
}

// Every thread of the pool sits in run_parallel, two levels deep: with waiting for posted tasks
// this would never end.
TEST(Executor, RunParallelNestsInsideAFullPool) {
    ThreadPool pool(2);
    std::atomic<int> count{0};
    for (int round = 0; round < 50; ++round) {
        run_parallel(pool, 8, [&](std::size_t) {
            run_parallel(pool, 8, [&](std::size_t) {
                run_parallel(pool, 3, [&](std::size_t) { count.fetch_add(1); });
            });
        });
    }
    EXPECT_EQ(count.load(), 50 * 8 * 8 * 3);
}

}  // namespace
}  // namespace qd
