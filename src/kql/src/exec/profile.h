#pragma once

#include "qd/base/clock.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

/// What each operator of a plan did in one run: kept only when asked for (explain with analyze).
namespace qd::kql {

struct PlanOp;

/// Threads: any.
struct OperatorProfile {
    std::atomic<bool> ran{false};
    std::atomic<std::uint64_t> rows{0};
    std::atomic<std::int64_t> busy_ns{0};  // all threads together, other operators' work left out
    std::atomic<std::int64_t> held_bytes{0};
    std::atomic<std::int64_t> peak_bytes{0};

    void hold(std::int64_t bytes);
};

class Profile {
  public:
    explicit Profile(Clock& clock) : clock_(clock) {}

    OperatorProfile& of(const PlanOp& plan);
    /// Null when the operator was never reached.
    const OperatorProfile* find(const PlanOp& plan) const;
    /// An input that was run in another shape than the plan has it.
    void replace(const PlanOp& planned, std::shared_ptr<const PlanOp> run);
    std::shared_ptr<const PlanOp> replacement(const PlanOp& planned) const;
    /// The operator this thread works for at the moment; null for none.
    static OperatorProfile* current();

    /// The thread works for `op` while this lives; what it worked for before waits.
    class Work {
      public:
        /// Without a profile nothing happens.
        Work(Profile* profile, OperatorProfile* op);
        ~Work();
        Work(const Work&) = delete;
        Work& operator=(const Work&) = delete;

      private:
        Profile* profile_;
        OperatorProfile* before_ = nullptr;
    };

  private:
    Clock& clock_;
    mutable std::mutex mutex_;
    std::unordered_map<const PlanOp*, std::unique_ptr<OperatorProfile>> operators_;
    std::unordered_map<const PlanOp*, std::shared_ptr<const PlanOp>> replaced_;
};

}  // namespace qd::kql
