#include "exec/profile.h"

namespace qd::kql {

namespace {

/// Operators hand rows to each other by calls, so whose time it is changes with each push.
struct Current {
    OperatorProfile* op = nullptr;
    std::int64_t since_ns = 0;
};
thread_local Current current_work;

void turn_to(OperatorProfile* op, std::int64_t now_ns) {
    if (current_work.op != nullptr) {
        current_work.op->busy_ns.fetch_add(now_ns - current_work.since_ns,
                                           std::memory_order_relaxed);
    }
    current_work = {.op = op, .since_ns = now_ns};
}

}  // namespace

void OperatorProfile::hold(std::int64_t bytes) {
    const std::int64_t held = held_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    std::int64_t peak = peak_bytes.load(std::memory_order_relaxed);
    while (peak < held &&
           !peak_bytes.compare_exchange_weak(peak, held, std::memory_order_relaxed)) {
    }
}

OperatorProfile& Profile::of(const PlanOp& plan) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<OperatorProfile>& op = operators_[&plan];
    if (op == nullptr) {
        op = std::make_unique<OperatorProfile>();
    }
    return *op;
}

const OperatorProfile* Profile::find(const PlanOp& plan) const {
    const std::lock_guard lock(mutex_);
    const auto it = operators_.find(&plan);
    return it == operators_.end() ? nullptr : it->second.get();
}

void Profile::replace(const PlanOp& planned, std::shared_ptr<const PlanOp> run) {
    const std::lock_guard lock(mutex_);
    replaced_[&planned] = std::move(run);
}

std::shared_ptr<const PlanOp> Profile::replacement(const PlanOp& planned) const {
    const std::lock_guard lock(mutex_);
    const auto it = replaced_.find(&planned);
    return it == replaced_.end() ? nullptr : it->second;
}

OperatorProfile* Profile::current() {
    return current_work.op;
}

Profile::Work::Work(Profile* profile, OperatorProfile* op) : profile_(profile) {
    if (profile_ != nullptr) {
        before_ = current_work.op;
        turn_to(op, profile_->clock_.now_ns());
    }
}

Profile::Work::~Work() {
    if (profile_ != nullptr) {
        turn_to(before_, profile_->clock_.now_ns());
    }
}

}  // namespace qd::kql
