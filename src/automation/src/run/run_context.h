#pragma once

#include "qd/automation/expression.h"
#include "qd/base/clock.h"
#include "qd/base/random.h"
#include "run/run_state.h"

#include <deque>
#include <string>

namespace qd::automation::run {

/// What is fixed for a whole run.
struct RunFacts {
    std::string id;
    std::string workflow;
    std::string version;
    Value trigger_outputs;  // {headers, body}
    std::string trigger_name;
};

/// What the expressions of one step see. Loops' bodies see their own iteration of an action; from
/// outside of a Foreach an action inside it is the list of all its results.
class RunContext final : public ExpressionContext {
  public:
    RunContext(RunState& state, const RunFacts& facts, const Branch* branch, Clock& clock,
               Entropy& entropy)
        : state_(state), facts_(facts), branch_(branch), clock_(clock), entropy_(entropy) {}

    /// item() of Select and Query. Null: the innermost Foreach's.
    void set_item(const Value* item) { item_ = item; }

    Result<const Value*> reference(std::string_view function,
                                   std::span<const Value* const> arguments) override;
    Timestamp now() override { return clock_.utc(); }
    std::string guid() override { return new_guid(entropy_); }
    std::uint64_t random_below(std::uint64_t bound) override;

  private:
    const Value* keep(Value value);
    Result<const Value*> of_action(std::string_view function, const std::string& name);
    Value value_of(std::string_view function, const Step& step);
    /// The steps of an action as this place sees it; `many` when loops lie between.
    void steps_of(const Action& action, std::vector<const Step*>& out, bool& many) const;
    void steps_below(const Branch& branch, const Action& action, std::size_t depth,
                     std::vector<const Step*>& out, bool& many) const;
    const Branch* enclosing(const Action& container) const;
    Result<const Value*> loop_item(const Value* name);
    Value record(const Step& step) const;

    RunState& state_;
    const RunFacts& facts_;
    const Branch* branch_;
    Clock& clock_;
    Entropy& entropy_;
    const Value* item_ = nullptr;
    std::deque<Value> kept_;
};

}  // namespace qd::automation::run
