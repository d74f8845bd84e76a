#include "run/run_engine.h"

#include "expr/compare.h"
#include "expr/date_text.h"
#include "expr/text.h"

#include <algorithm>

// The scheduler of one run. A block is walked in an order in which every action stands behind its
// predecessors, so one pass starts, skips and cascades all that can move; an answer from outside
// walks the block it belongs to and, when that is complete, its container's block, upwards.
// Every decision is an event that goes through RunState::apply; the walk itself keeps no state that
// a replay would not rebuild. Rules of run-after and of a container's status: the definition
// language's reference and the simulator IllogicApps.

namespace qd::automation::run {
namespace {

constexpr std::size_t kStepsMax = 1'000'000;
constexpr std::size_t kItemsMax = 100'000;
constexpr std::string_view kChildFailed = "An action failed. No dependent actions succeeded.";

bool is_container(ActionType type) {
    return type == ActionType::Scope || type == ActionType::If || type == ActionType::Switch ||
           type == ActionType::Foreach || type == ActionType::Until;
}

std::string failure_code(RunStatus status) {
    switch (status) {
        case RunStatus::Failed:
            return "ActionFailed";
        case RunStatus::TimedOut:
            return "ActionTimedOut";
        case RunStatus::Cancelled:
            return "Cancelled";
        default:
            return "OK";
    }
}

RunStatus worse(RunStatus a, RunStatus b) {
    const auto rank = [](RunStatus status) {
        return status == RunStatus::Failed      ? 3
               : status == RunStatus::Cancelled ? 2
               : status == RunStatus::TimedOut  ? 1
                                                : 0;
    };
    return rank(b) > rank(a) ? b : a;
}

}  // namespace

RunEngine::RunEngine(RunFacts facts, std::shared_ptr<const Definition> definition, Clock& clock,
                     Entropy& entropy, Timestamp started, Ticks time_max)
    : facts_(std::move(facts)),
      definition_(std::move(definition)),
      clock_(clock),
      entropy_(entropy),
      state_(definition_),
      deadline_(started + time_max) {}

RunContext RunEngine::context_of(const Step& step) {
    return {state_, facts_, step.branch, clock_, entropy_};
}

void RunEngine::emit(Object event) {
    Value value(std::move(event));
    // Our own events always fit; were one not to, the run must not go on from a wrong state.
    if (const Status applied = state_.apply(value); !applied.ok()) {
        Object done;
        done.set("e", Value("done"));
        done.set("t", Value(clock_.utc().ticks));
        done.set("s", Value("Failed"));
        done.set("code", Value(applied.error().id()));
        done.set("err", Value(applied.error().message()));
        value = Value(std::move(done));
        state_.apply(value).ignore("an event without a step always applies");
    }
    events_.push_back(std::move(value));
}

Object RunEngine::event_of(std::string_view kind, const Step& step) {
    const StepId id = state_.id_of(step);
    Object event;
    event.set("e", Value(kind));
    event.set("a", Value(step.action->name));
    if (!id.iteration.empty()) {
        Array iteration;
        for (const std::int64_t number : id.iteration) {
            iteration.emplace_back(number);
        }
        event.set("i", Value(std::move(iteration)));
    }
    event.set("t", Value(clock_.utc().ticks));
    return event;
}

void RunEngine::end_step(Step& step, const Outcome& outcome) {
    Object event = event_of("end", step);
    if (step.status == RunStatus::Pending && outcome.status != RunStatus::Skipped) {
        event.set("t0", *event.find("t"));
    }
    event.set("s", Value(status_name(outcome.status)));
    event.set("code", Value(outcome.code));
    if (!outcome.error.empty()) {
        event.set("err", Value(outcome.error));
    }
    if (!outcome.inputs.is_null()) {
        event.set("in", outcome.inputs);
    }
    if (!outcome.outputs.is_null()) {
        event.set("out", outcome.outputs);
    }
    if (!outcome.variables.empty()) {
        event.set("var", Value(outcome.variables));
    }
    emit(std::move(event));
}

void RunEngine::end_step(Step& step, RunStatus status, std::string code, std::string error) {
    Outcome outcome;
    outcome.status = status;
    outcome.code = std::move(code);
    outcome.error = std::move(error);
    end_step(step, outcome);
}

bool RunEngine::advance(Branch& branch) {
    if (branch.complete) {
        return true;
    }
    bool open = false;
    for (std::size_t i = 0; i < branch.steps.size(); ++i) {
        if (state_.termination().has_value() || ended()) {
            return false;
        }
        Step& step = branch.steps[i];
        if (step.status == RunStatus::Pending) {
            bool ready = true;
            bool matches = true;
            for (const RunAfter& after : step.action->run_after) {
                const auto& actions = branch.block->actions;
                const auto at = static_cast<std::size_t>(
                    std::find(actions.begin(), actions.end(), after.action) - actions.begin());
                const RunStatus status = branch.steps[at].status;
                ready = ready && is_finished(status);
                matches = matches && (after.statuses & static_cast<std::uint8_t>(status)) != 0;
            }
            if (ready && matches) {
                start(step);
            } else if (ready) {
                end_step(step, RunStatus::Skipped, "ActionSkipped",
                         "The run-after condition of the action is not met.");
            }
        }
        open = open || !is_finished(step.status);
    }
    branch.complete = !open;
    return branch.complete;
}

/// Begins a branch that was just added. True: it is complete already.
bool RunEngine::enter(Branch& branch) {
    Step& owner = *branch.owner;
    ++owner.open;
    if (!advance(branch)) {
        return false;
    }
    --owner.open;
    return true;
}

void RunEngine::bubble(Branch* branch) {
    while (branch != nullptr && advance(*branch)) {
        Step* owner = branch->owner;
        if (owner == nullptr) {
            break;
        }
        --owner->open;
        if (!progress(*owner)) {
            break;
        }
        branch = owner->branch;
    }
    finish_run_if_over();
}

void RunEngine::finish_run_if_over() {
    if (ended()) {
        return;
    }
    if (const auto& termination = state_.termination()) {
        finish_run(termination->status,
                   termination->code.empty() ? "Terminated" : termination->code,
                   termination->error);
        return;
    }
    if (!state_.root().complete) {
        return;
    }
    const RunStatus status = branch_status(*definition_, state_.root());
    std::string error;
    if (status != RunStatus::Succeeded) {
        for (const Step& step : state_.root().steps) {
            if (step.status == status && error.empty()) {
                error = "The action did not succeed: " + step.action->name;
            }
        }
    }
    finish_run(status, failure_code(status), error);
}

void RunEngine::finish_run(RunStatus status, std::string code, std::string error) {
    Object event;
    event.set("e", Value("done"));
    event.set("t", Value(clock_.utc().ticks));
    event.set("s", Value(status_name(status)));
    event.set("code", Value(std::move(code)));
    if (!error.empty()) {
        event.set("err", Value(std::move(error)));
    }
    emit(std::move(event));
    calls_.clear();
    due_.clear();
}

void RunEngine::start(Step& step) {
    const Action& action = *step.action;
    if (state_.steps() > kStepsMax) {
        end_step(step, RunStatus::Failed, "ActionLimitExceeded",
                 "The run has more than 1000000 action executions.");
        return;
    }
    switch (action.type) {
        case ActionType::Http:
            start_http(step);
            return;
        case ActionType::Wait:
            start_wait(step);
            return;
        case ActionType::Foreach:
            start_foreach(step);
            return;
        case ActionType::Scope:
        case ActionType::If:
        case ActionType::Switch:
        case ActionType::Until:
            start_container(step);
            return;
        default: {
            RunContext context = context_of(step);
            end_step(step, run_data_action(action, context, state_));
        }
    }
}

void RunEngine::start_container(Step& step) {
    const Action& action = *step.action;
    RunContext context = context_of(step);
    std::int64_t taken = action.blocks.empty() ? -1 : 0;
    Value inputs;
    if (action.type == ActionType::If) {
        const auto condition = action.expression.evaluate_condition(context);
        if (!condition.ok()) {
            end_step(step, RunStatus::Failed, "InvalidTemplate", condition.error().message());
            return;
        }
        inputs = Value(condition.value());
        const std::int64_t block = condition.value() ? 0 : 1;
        taken = block < static_cast<std::int64_t>(action.blocks.size()) ? block : -1;
    } else if (action.type == ActionType::Switch) {
        auto value = action.expression.evaluate(context);
        if (!value.ok()) {
            end_step(step, RunStatus::Failed, "InvalidTemplate", value.error().message());
            return;
        }
        inputs = std::move(value).value();
        taken = -1;
        for (std::size_t i = 0; i < action.blocks.size() && taken < 0; ++i) {
            const Block& block = action.blocks[i];
            if (block.rest.get("case") == nullptr) {
                continue;
            }
            const auto match = block.match.evaluate(context);
            if (match.ok() && expr::same_value(match.value(), inputs)) {
                taken = static_cast<std::int64_t>(i);
            }
        }
        for (std::size_t i = 0; i < action.blocks.size() && taken < 0; ++i) {
            if (action.blocks[i].rest.get("case") == nullptr) {
                taken = static_cast<std::int64_t>(i);
            }
        }
    }
    Object event = event_of("start", step);
    if (!action.is_loop()) {
        event.set("k", Value(taken));
    }
    if (!inputs.is_null()) {
        event.set("in", std::move(inputs));
    }
    emit(std::move(event));
    settle_step(step);
}

void RunEngine::start_foreach(Step& step) {
    RunContext context = context_of(step);
    auto items = step.action->expression.evaluate(context);
    if (!items.ok()) {
        end_step(step, RunStatus::Failed, "InvalidTemplate", items.error().message());
        return;
    }
    const auto* list = items.value().if_array();
    if (list == nullptr || list->size() > kItemsMax) {
        end_step(step, RunStatus::Failed, "BadRequest",
                 "A loop runs over an array of at most 100000 elements.");
        return;
    }
    Object event = event_of("start", step);
    event.set("n", std::move(items).value());
    emit(std::move(event));
    settle_step(step);
}

/// A container has one branch fewer under way. True: it is finished.
bool RunEngine::progress(Step& owner) {
    if (state_.termination().has_value() || ended()) {
        return false;
    }
    switch (owner.action->type) {
        case ActionType::Foreach:
            return pump_foreach(owner);
        case ActionType::Until:
            return pump_until(owner);
        default:
            if (owner.open > 0) {
                return false;
            }
            finish_container(owner, owner.branches.empty()
                                        ? RunStatus::Succeeded
                                        : branch_status(*definition_, *owner.branches.front()));
            return true;
    }
}

void RunEngine::finish_container(Step& step, RunStatus status) {
    end_step(step, status, failure_code(status),
             status == RunStatus::Succeeded ? "" : std::string(kChildFailed));
}

bool RunEngine::pump_foreach(Step& step) {
    const auto limit = static_cast<std::size_t>(step.action->concurrency);
    while (step.open < limit && step.branches.size() < step.items.size()) {
        if (state_.steps() > kStepsMax) {
            end_step(step, RunStatus::Failed, "ActionLimitExceeded",
                     "The run has more than 1000000 action executions.");
            return true;
        }
        enter(state_.add_branch(step, 0, static_cast<std::int64_t>(step.branches.size())));
        if (state_.termination().has_value() || ended()) {
            return false;
        }
    }
    if (step.open > 0 || step.branches.size() < step.items.size()) {
        return false;
    }
    RunStatus status = RunStatus::Succeeded;
    for (const auto& branch : step.branches) {
        status = worse(status, branch_status(*definition_, *branch));
    }
    finish_container(step, status);
    return true;
}

bool RunEngine::pump_until(Step& step) {
    const Action& action = *step.action;
    while (step.open == 0) {
        if (!step.branches.empty()) {
            Branch& last = *step.branches.back();
            RunContext context(state_, facts_, &last, clock_, entropy_);
            const auto over = action.expression.evaluate_condition(context);
            if (!over.ok()) {
                end_step(step, RunStatus::Failed, "InvalidTemplate", over.error().message());
                return true;
            }
            if (over.value()) {
                finish_container(step, branch_status(*definition_, last));
                return true;
            }
            if (clock_.utc() >= *step.started + action.limit_timeout) {
                end_step(step, RunStatus::TimedOut, "ActionTimedOut",
                         "The loop's time limit is over.");
                return true;
            }
            if (static_cast<std::int64_t>(step.branches.size()) >= action.limit_count) {
                if (action.fail_when_limits_reached) {
                    end_step(step, RunStatus::Failed, "LimitReached",
                             "The loop's count limit is reached.");
                } else {
                    end_step(step, RunStatus::Succeeded, "LimitReached", "");
                }
                return true;
            }
        }
        Object event = event_of("pass", step);
        event.set("k", Value(static_cast<std::int64_t>(step.branches.size())));
        emit(std::move(event));
        enter(*step.branches.back());
        if (state_.termination().has_value() || ended()) {
            return false;
        }
    }
    return false;
}

void RunEngine::start_wait(Step& step) {
    RunContext context = context_of(step);
    auto inputs = step.action->inputs.evaluate(context);
    if (!inputs.ok()) {
        end_step(step, RunStatus::Failed, "InvalidTemplate", inputs.error().message());
        return;
    }
    std::optional<Timestamp> due;
    const Timestamp now = clock_.utc();
    if (const Value* interval = inputs.value().get("interval")) {
        const Value* count = interval->get("count");
        const Value* unit = interval->get("unit");
        auto call = Template::compile(
            Value("@addToTime('" + format_timestamp(now) + "'," +
                  std::to_string(count == nullptr ? -1 : count->int_or(-1)) + ",'" +
                  std::string(unit == nullptr ? "" : unit->string_or({})) + "')"));
        if (call.ok() && count != nullptr && count->int_or(-1) >= 0) {
            const auto text = call.value().evaluate(context);
            due = text.ok() ? parse_iso_timestamp(text.value().string_or({})) : std::nullopt;
        }
    } else if (const Value* until = inputs.value().at({"until", "timestamp"})) {
        due = expr::parse_date(until->string_or({}));
    }
    if (!due.has_value()) {
        Outcome outcome = Outcome::failed("BadRequest", "A wait needs an interval or a timestamp.");
        outcome.inputs = std::move(inputs).value();
        end_step(step, outcome);
        return;
    }
    Object event = event_of("start", step);
    event.set("in", std::move(inputs).value());
    event.set("due", Value(due->ticks));
    emit(std::move(event));
    wait_until(step);
}

void RunEngine::wait_until(Step& step) {
    due_.emplace(*step.due, &step);
}

void RunEngine::start_http(Step& step) {
    RunContext context = context_of(step);
    auto inputs = step.action->inputs.evaluate(context);
    if (!inputs.ok()) {
        end_step(step, RunStatus::Failed, "InvalidTemplate", inputs.error().message());
        return;
    }
    Object event = event_of("start", step);
    event.set("in", std::move(inputs).value());
    emit(std::move(event));
    send(step);
}

void RunEngine::send(Step& step) {
    const StepId id = state_.id_of(step);
    RunContext context = context_of(step);
    auto call =
        make_call(*step.action, step.inputs, idempotency_key(facts_.id, *step.action, id.iteration),
                  facts_.id, context);
    if (!call.ok()) {
        end_step(step, RunStatus::Failed, "BadRequest", call.error().message());
        return;
    }
    PlannedCall planned{id, ++flights_, std::move(call).value()};
    if (!step.poll_url.empty()) {
        planned.call.method = "GET";
        planned.call.url = step.poll_url;
        planned.call.body.clear();
    }
    step.flight = planned.flight;
    calls_.push_back(std::move(planned));
}

void RunEngine::answered(const StepId& id, std::uint64_t flight, const Result<HttpAnswer>& answer) {
    Step* step = ended() ? nullptr : state_.find(id);
    if (step == nullptr || is_finished(step->status) || step->flight != flight) {
        return;
    }
    step->flight = 0;
    if (answer.ok()) {
        handle_answer(*step, answer.value());
    } else {
        handle_loss(*step, answer.error());
    }
    if (is_finished(step->status)) {
        bubble(step->branch);
    }
}

void RunEngine::handle_answer(Step& step, const HttpAnswer& answer) {
    const Timestamp now = clock_.utc();
    const bool good = answer.status >= 200 && answer.status < 300;
    const std::string* location = find_header(answer, "Location");
    if (answer.status == 202 && location != nullptr && step.action->asynchronous_pattern) {
        if (step.action->has_timeout && now >= *step.started + step.action->limit_timeout) {
            end_step(step, RunStatus::TimedOut, "ActionTimedOut",
                     "The action's time limit is over.");
            return;
        }
        const Ticks wait = retry_after(answer, now).value_or(Ticks{5 * Ticks::kSecond});
        const Value* uri = step.inputs.get("uri");
        const std::string base = !step.poll_url.empty() ? step.poll_url
                                 : uri == nullptr       ? std::string()
                                                        : std::string(uri->string_or({}));
        Object event = event_of("poll", step);
        event.set("due", Value((now + wait).ticks));
        event.set("url", Value(resolve_location(base, *location)));
        emit(std::move(event));
        wait_until(step);
        return;
    }
    const std::string message = "The answer's status is " + std::to_string(answer.status) + ".";
    if (is_retryable(answer.status) &&
        plan_retry(step, retry_after(answer, now), "ActionFailed", message)) {
        return;
    }
    Outcome outcome;
    outcome.outputs = answer_outputs(answer);
    if (!good) {
        outcome.status = RunStatus::Failed;
        outcome.code = "ActionFailed";
        outcome.error = message;
    }
    end_step(step, outcome);
}

void RunEngine::handle_loss(Step& step, const Error& error) {
    const bool invalid =
        error.code() == Code::InvalidArgument || error.code() == Code::PermissionDenied;
    if (!invalid && plan_retry(step, std::nullopt, "NoResponse", error.message())) {
        return;
    }
    end_step(step, RunStatus::Failed, invalid ? "BadRequest" : "NoResponse", error.message());
}

bool RunEngine::plan_retry(Step& step, std::optional<Ticks> at_least, const std::string& code,
                           const std::string& error) {
    const RetryPolicy& policy = step.action->retry;
    if (step.attempts > policy.count) {
        return false;
    }
    RunContext context = context_of(step);
    const double random = static_cast<double>(context.random_below(1'000'000)) / 1e6;
    Ticks delay = retry_delay(policy, step.attempts, random);
    if (at_least.has_value()) {
        delay = std::max(delay, *at_least);
    }
    Object event = event_of("retry", step);
    event.set("due", Value((clock_.utc() + delay).ticks));
    event.set("code", Value(code));
    event.set("err", Value(error));
    emit(std::move(event));
    wait_until(step);
    return true;
}

void RunEngine::passed(Timestamp now) {
    if (ended()) {
        return;
    }
    if (now >= deadline_) {
        finish_run(RunStatus::TimedOut, "RunTimedOut", "The run's time limit is over.");
        return;
    }
    while (!due_.empty() && due_.begin()->first <= now) {
        Step& step = *due_.begin()->second;
        const Timestamp due = due_.begin()->first;
        due_.erase(due_.begin());
        if (step.status != RunStatus::Waiting || step.due != due) {
            continue;
        }
        if (step.action->type == ActionType::Http) {
            step.status = RunStatus::Running;
            step.due.reset();
            send(step);
        } else {
            end_step(step, RunStatus::Succeeded, "OK", "");
        }
        if (is_finished(step.status)) {
            bubble(step.branch);
        }
        if (ended()) {
            return;
        }
    }
}

void RunEngine::cancel() {
    if (!ended()) {
        finish_run(RunStatus::Cancelled, "Cancelled", "The run was cancelled.");
    }
}

void RunEngine::resume() {
    if (!ended()) {
        settle(state_.root());
        finish_run_if_over();
    }
}

bool RunEngine::settle(Branch& branch) {
    for (std::size_t i = 0; i < branch.steps.size(); ++i) {
        Step& step = branch.steps[i];
        if (step.status == RunStatus::Running || step.status == RunStatus::Waiting) {
            settle_step(step);
        }
        if (state_.termination().has_value() || ended()) {
            return false;
        }
    }
    return advance(branch);
}

/// A step that has started and not finished, in a state that may come from a replay.
void RunEngine::settle_step(Step& step) {
    const Action& action = *step.action;
    if (!is_container(action.type)) {
        if (step.due.has_value()) {
            wait_until(step);
            return;
        }
        const Value* method = step.inputs.get("method");
        const bool again = is_idempotent(method == nullptr ? "GET" : method->string_or({})) ||
                           action.retry.type != RetryPolicy::Type::None;
        if (again) {
            send(step);
        } else {
            end_step(step, RunStatus::Failed, "OutcomeUnknown",
                     "The process ended during the call, and the retry policy forbids another.");
        }
        return;
    }
    step.open = 0;
    for (std::size_t i = 0; i < step.branches.size(); ++i) {
        Branch& branch = *step.branches[i];
        ++step.open;
        if (settle(branch)) {
            --step.open;
        }
        if (state_.termination().has_value() || ended()) {
            return;
        }
    }
    if (!action.is_loop() && step.branches.empty() && step.taken >= 0) {
        enter(state_.add_branch(step, static_cast<std::size_t>(step.taken), 0));
    }
    progress(step);
}

std::vector<Value> RunEngine::take_events() {
    return std::exchange(events_, {});
}

std::vector<PlannedCall> RunEngine::take_calls() {
    return std::exchange(calls_, {});
}

std::optional<Timestamp> RunEngine::next_due() const {
    if (ended()) {
        return std::nullopt;
    }
    return due_.empty() ? deadline_ : std::min(deadline_, due_.begin()->first);
}

}  // namespace qd::automation::run
