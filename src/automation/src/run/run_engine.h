#pragma once

#include "qd/automation/ports.h"
#include "run/data_actions.h"
#include "run/http_step.h"
#include "run/run_state.h"

#include <map>
#include <vector>

namespace qd::automation::run {

/// A call to make once the events before it are on disk.
struct PlannedCall {
    StepId step;
    std::uint64_t flight = 0;
    HttpCall call;
};

/// Moves one run: decides which actions start, runs those that need nothing from outside, and
/// turns answers and the passing of time into events. It performs no I/O: the owner stores the
/// events it takes from here and only then makes the planned calls.
/// Threads: one at a time.
class RunEngine {
  public:
    RunEngine(RunFacts facts, std::shared_ptr<const Definition> definition, Clock& clock,
              Entropy& entropy, Timestamp started, Ticks time_max);

    RunState& state() { return state_; }
    const RunFacts& facts() const { return facts_; }

    /// Goes on from the state reached: at the start, or after the journal was replayed into it.
    /// A call that was under way is made again under the same key when its method is idempotent or
    /// its retry policy allows repetition; otherwise the action fails with OutcomeUnknown.
    void resume();
    void answered(const StepId& id, std::uint64_t flight, const Result<HttpAnswer>& answer);
    /// Fires what is due.
    void passed(Timestamp now);
    void cancel();

    std::vector<Value> take_events();
    std::vector<PlannedCall> take_calls();
    std::optional<Timestamp> next_due() const;
    bool ended() const { return state_.ended().has_value(); }

  private:
    bool advance(Branch& branch);
    bool enter(Branch& branch);
    bool settle(Branch& branch);
    void settle_step(Step& step);
    void bubble(Branch* branch);
    void start(Step& step);
    void start_http(Step& step);
    void start_wait(Step& step);
    void start_container(Step& step);
    void start_foreach(Step& step);
    bool progress(Step& owner);
    bool pump_foreach(Step& step);
    bool pump_until(Step& step);
    void finish_container(Step& step, RunStatus status);
    void finish_run_if_over();
    void finish_run(RunStatus status, std::string code, std::string error);
    void send(Step& step);
    void handle_answer(Step& step, const HttpAnswer& answer);
    void handle_loss(Step& step, const Error& error);
    bool plan_retry(Step& step, std::optional<Ticks> at_least, const std::string& code,
                    const std::string& error);
    void wait_until(Step& step);

    void emit(Object event);
    Object event_of(std::string_view kind, const Step& step);
    void end_step(Step& step, const Outcome& outcome);
    void end_step(Step& step, RunStatus status, std::string code, std::string error);
    RunContext context_of(const Step& step);

    RunFacts facts_;
    std::shared_ptr<const Definition> definition_;
    Clock& clock_;
    Entropy& entropy_;
    RunState state_;
    Timestamp deadline_;
    std::vector<Value> events_;
    std::vector<PlannedCall> calls_;
    std::multimap<Timestamp, Step*> due_;
    std::uint64_t flights_ = 0;
};

}  // namespace qd::automation::run
