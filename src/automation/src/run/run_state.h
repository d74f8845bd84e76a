#pragma once

#include "qd/automation/definition.h"
#include "qd/automation/workflow_service.h"
#include "qd/base/time.h"
#include "qd/codec/value.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace qd::automation::run {

struct Branch;

/// One action in one iteration of its loops.
struct Step {
    const Action* action = nullptr;
    Branch* branch = nullptr;  // that holds this step
    RunStatus status = RunStatus::Pending;
    std::optional<Timestamp> started;
    std::optional<Timestamp> ended;
    std::int64_t attempts = 0;
    std::optional<Timestamp> due;  // of a retry, a poll or a wait
    std::string poll_url;          // an asynchronous answer is being awaited there
    Value inputs;
    Value outputs;
    std::string code;
    std::string error;

    // Containers only.
    std::vector<std::unique_ptr<Branch>> branches;  // the one taken, or one for each iteration
    std::int64_t taken = -1;                        // which block of the action; -1: none
    Array items;                                    // of Foreach
    std::size_t open = 0;                           // branches under way

    std::uint64_t flight = 0;  // tells the answer that is awaited from late ones; not journaled
};

/// A block under execution.
struct Branch {
    const Block* block = nullptr;
    Step* owner = nullptr;  // null: the workflow itself
    std::int64_t iteration = 0;
    bool complete = false;
    std::vector<Step> steps;  // as Block::actions
};

/// Which step of a run: the action and the iteration numbers of its loops, outermost first.
struct StepId {
    std::size_t action = 0;
    std::vector<std::int64_t> iteration;
};

struct Variable {
    std::string type;  // lower case
    Value value;
};

/// The state of one run as the fold of its journal. Every change goes through apply(), live as well
/// as when a run is resumed, so both give the same state.
///
/// Events (JSON objects; t is an instant in ticks, a the action's name, i the iteration numbers):
///   start  {e, a, i, t, in?, n?: items, k?: block taken, due?}   an action that takes time began
///   end    {e, a, i, t, t0?, s, code?, err?, in?, out?, var?}    an action's outcome
///   retry  {e, a, i, t, due, code, err}                          an attempt failed, the next is
///   due poll   {e, a, i, t, due, url}                                202: asked again later pass
///   {e, a, i, k}                                          Until starts its pass k done   {e, t, s,
///   code?, err?}                                the run's outcome
/// Values that came from the clock, from chance or from outside are part of the outcome, so they
/// are never computed a second time.
class RunState {
  public:
    explicit RunState(std::shared_ptr<const Definition> definition);
    RunState(const RunState&) = delete;
    RunState& operator=(const RunState&) = delete;

    const Definition& definition() const { return *definition_; }
    Branch& root() { return root_; }
    const Branch& root() const { return root_; }

    /// Errors: DataLoss AUT0301 for an event this state cannot take.
    Status apply(const Value& event);

    /// Creates the branches on the way when they are missing. Null: no such step.
    Step* find(const StepId& id);
    StepId id_of(const Step& step) const;
    Branch& add_branch(Step& owner, std::size_t block, std::int64_t iteration);

    std::map<std::string, Variable>& variables() { return variables_; }
    RunStatus status() const { return status_; }
    const std::string& code() const { return code_; }
    const std::string& error() const { return error_; }
    std::optional<Timestamp> ended() const { return ended_; }
    std::size_t steps() const { return steps_; }
    /// What a Terminate action demanded.
    struct Termination {
        RunStatus status = RunStatus::Failed;
        std::string code;
        std::string error;
    };
    const std::optional<Termination>& termination() const { return termination_; }

    /// Every action with its iterations, in the order they started; hidden values left out.
    std::vector<ActionRecord> records() const;

  private:
    Status apply_end(Step& step, const Value& event);
    Status apply_variable(const Value& operation);
    void fill(Branch& branch, const Block& block);
    void skip_rest(Branch& branch, std::string_view code);
    void collect(const Branch& branch, std::vector<std::int64_t>& iteration,
                 std::vector<ActionRecord>& out) const;
    void collect_skipped(const Block& block, const std::vector<std::int64_t>& iteration,
                         std::string_view code, std::vector<ActionRecord>& out) const;

    std::shared_ptr<const Definition> definition_;
    Branch root_;                                // steps point at it: a RunState never moves
    std::map<std::string, Variable> variables_;  // by lower-case name
    RunStatus status_ = RunStatus::Running;
    std::string code_;
    std::string error_;
    std::optional<Timestamp> ended_;
    std::optional<Termination> termination_;
    std::size_t steps_ = 0;
};

/// An action's inputs as people may see them: without authentication and credentials in headers.
Value shown_inputs(const Action& action, const Value& inputs);
/// The event without what secureData and credentials hide; nothing when it hides nothing.
std::optional<Value> redacted_event(const Definition& definition, const Value& event);

/// The status of a finished block: from its leaves, each skipped one replaced by its predecessors,
/// the worst counts.
RunStatus branch_status(const Definition& definition, const Branch& branch);

}  // namespace qd::automation::run
