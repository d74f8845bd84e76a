#include "run/run_state.h"

#include "expr/compare.h"
#include "expr/text.h"
#include "qd/codec/json.h"

#include <algorithm>
#include <array>
#include <set>

namespace qd::automation::run {
namespace {

Error corrupt(std::string_view what) {
    return Error(Code::DataLoss, "AUT0301",
                 "the journal of a run does not fit its definition: " + std::string(what));
}

std::string text_of(const Value& event, std::string_view key) {
    const Value* value = event.get(key);
    return value == nullptr ? std::string() : std::string(value->string_or({}));
}

std::optional<Timestamp> time_of(const Value& event, std::string_view key) {
    const Value* value = event.get(key);
    return value == nullptr || value->if_int() == nullptr
               ? std::nullopt
               : std::optional(Timestamp{*value->if_int()});
}

std::size_t position_in(const Branch& branch, std::size_t action) {
    const auto& actions = branch.block->actions;
    return static_cast<std::size_t>(std::find(actions.begin(), actions.end(), action) -
                                    actions.begin());
}

constexpr std::array<std::string_view, 7> kCredentialHeaders = {
    "authorization",   "proxy-authorization",      "cookie", "x-api-key", "api-key",
    "x-functions-key", "ocp-apim-subscription-key"};

bool is_credential(std::string_view header) {
    return std::any_of(kCredentialHeaders.begin(), kCredentialHeaders.end(),
                       [&](std::string_view h) { return expr::equals_ignore_case(h, header); });
}

}  // namespace

RunState::RunState(std::shared_ptr<const Definition> definition)
    : definition_(std::move(definition)) {
    root_.block = &definition_->root;
    fill(root_, definition_->root);
}

void RunState::fill(Branch& branch, const Block& block) {
    branch.block = &block;
    branch.steps.resize(block.actions.size());
    for (std::size_t i = 0; i < block.actions.size(); ++i) {
        branch.steps[i].action = &definition_->actions[block.actions[i]];
        branch.steps[i].branch = &branch;
    }
    steps_ += branch.steps.size();
}

Branch& RunState::add_branch(Step& owner, std::size_t block, std::int64_t iteration) {
    auto branch = std::make_unique<Branch>();
    branch->owner = &owner;
    branch->iteration = iteration;
    fill(*branch, owner.action->blocks[block]);
    owner.branches.push_back(std::move(branch));
    return *owner.branches.back();
}

Step* RunState::find(const StepId& id) {
    if (id.action >= definition_->actions.size()) {
        return nullptr;
    }
    const Action& target = definition_->actions[id.action];
    Branch* branch = &root_;
    std::size_t loop = 0;
    for (std::size_t depth = 0; depth <= target.owners.size(); ++depth) {
        const bool last = depth == target.owners.size();
        const std::size_t action = last ? id.action : target.owners[depth];
        const std::size_t position = position_in(*branch, action);
        if (position >= branch->steps.size()) {
            return nullptr;
        }
        Step& step = branch->steps[position];
        if (last) {
            return &step;
        }
        const std::size_t next = depth + 1 < target.owners.size()
                                     ? definition_->actions[target.owners[depth + 1]].block_of_owner
                                     : target.block_of_owner;
        std::int64_t wanted = 0;
        if (step.action->is_loop()) {
            if (loop >= id.iteration.size()) {
                return nullptr;
            }
            wanted = id.iteration[loop++];
        } else if (step.taken >= 0 && static_cast<std::size_t>(step.taken) != next) {
            return nullptr;
        }
        constexpr std::int64_t kIterationsMax = 100'000;
        if (wanted < 0 || wanted > kIterationsMax) {
            return nullptr;
        }
        while (static_cast<std::int64_t>(step.branches.size()) <= wanted) {
            add_branch(step, next, static_cast<std::int64_t>(step.branches.size()));
        }
        branch = step.branches[static_cast<std::size_t>(wanted)].get();
    }
    return nullptr;
}

StepId RunState::id_of(const Step& step) const {
    StepId id;
    id.action = static_cast<std::size_t>(step.action - definition_->actions.data());
    for (const Branch* branch = step.branch; branch->owner != nullptr;
         branch = branch->owner->branch) {
        if (branch->owner->action->is_loop()) {
            id.iteration.insert(id.iteration.begin(), branch->iteration);
        }
    }
    return id;
}

Status RunState::apply(const Value& event) {
    const std::string kind = text_of(event, "e");
    if (kind == "done") {
        status_ = status_from_name(text_of(event, "s"));
        code_ = text_of(event, "code");
        error_ = text_of(event, "err");
        ended_ = time_of(event, "t");
        skip_rest(root_, status_ == RunStatus::Cancelled ? "Cancelled" : "Terminated");
        return {};
    }
    StepId id;
    const auto action = definition_->find(text_of(event, "a"));
    if (!action.has_value()) {
        return corrupt("unknown action");
    }
    id.action = *action;
    if (const Value* numbers = event.get("i"); numbers != nullptr && numbers->if_array()) {
        for (const Value& number : *numbers->if_array()) {
            id.iteration.push_back(number.int_or(0));
        }
    }
    Step* step = find(id);
    if (step == nullptr) {
        return corrupt("unknown step");
    }
    if (kind == "end") {
        return apply_end(*step, event);
    }
    if (kind == "start") {
        step->status = RunStatus::Running;
        step->started = time_of(event, "t");
        step->attempts = 1;
        step->due = time_of(event, "due");
        if (const Value* inputs = event.get("in")) {
            step->inputs = *inputs;
        }
        if (const Value* items = event.get("n"); items != nullptr && items->if_array()) {
            step->items = *items->if_array();
        }
        if (const Value* taken = event.get("k")) {
            step->taken = taken->int_or(-1);
        }
        if (step->due.has_value()) {
            step->status = RunStatus::Waiting;
        }
        return {};
    }
    if (kind == "retry" || kind == "poll") {
        step->status = RunStatus::Waiting;
        step->due = time_of(event, "due");
        if (kind == "retry") {
            ++step->attempts;
        } else {
            step->poll_url = text_of(event, "url");
        }
        return {};
    }
    if (kind == "pass") {
        const Value* number = event.get("k");
        add_branch(*step, 0, number == nullptr ? 0 : number->int_or(0));
        return {};
    }
    return corrupt("unknown event");
}

Status RunState::apply_end(Step& step, const Value& event) {
    step.status = status_from_name(text_of(event, "s"));
    if (const auto started = time_of(event, "t0")) {
        step.started = started;
        step.attempts = 1;
    }
    step.ended = time_of(event, "t");
    step.due.reset();
    step.code = text_of(event, "code");
    step.error = text_of(event, "err");
    if (const Value* inputs = event.get("in")) {
        step.inputs = *inputs;
    }
    if (const Value* outputs = event.get("out")) {
        step.outputs = *outputs;
    }
    if (step.action->type == ActionType::Terminate && step.status == RunStatus::Succeeded) {
        Termination termination;
        termination.status = status_from_name(text_of(step.outputs, "runStatus"));
        termination.code = text_of(step.outputs, "code");
        termination.error = text_of(step.outputs, "message");
        termination_ = std::move(termination);
    }
    if (const Value* operations = event.get("var");
        operations != nullptr && operations->if_array()) {
        for (const Value& operation : *operations->if_array()) {
            QD_CHECK_OK(apply_variable(operation));
        }
    }
    return {};
}

/// {op: set | append, name, type?, value}; increments are journaled as the value they led to.
Status RunState::apply_variable(const Value& operation) {
    const Value* value = operation.get("value");
    Variable& variable = variables_[expr::to_lower(text_of(operation, "name"))];
    const std::string type = text_of(operation, "type");
    if (!type.empty()) {
        variable.type = type;
    }
    if (value == nullptr) {
        return corrupt("a change of a variable without a value");
    }
    if (text_of(operation, "op") != "append") {
        variable.value = *value;
        return {};
    }
    if (variable.type == "array") {
        if (variable.value.if_array() == nullptr) {
            variable.value = Value(Array());
        }
        variable.value.if_array()->push_back(*value);
    } else {
        variable.value =
            Value(std::string(variable.value.string_or({})) + std::string(value->string_or({})));
    }
    return {};
}

void RunState::skip_rest(Branch& branch, std::string_view code) {
    for (Step& step : branch.steps) {
        for (const auto& inner : step.branches) {
            skip_rest(*inner, code);
        }
        if (!is_finished(step.status)) {
            const bool started = step.status != RunStatus::Pending;
            step.status = started ? RunStatus::Cancelled : RunStatus::Skipped;
            step.code = code;
            step.due.reset();
            if (started) {
                step.ended = ended_;
            }
        }
    }
}

std::vector<ActionRecord> RunState::records() const {
    std::vector<ActionRecord> found;
    std::vector<std::int64_t> iteration;
    collect(root_, iteration, found);
    std::vector<std::pair<std::int64_t, std::size_t>> by_start;
    for (const ActionRecord& record : found) {
        by_start.emplace_back(
            record.started.has_value() ? record.started->ticks : Timestamp::kMaxTicks,
            by_start.size());
    }
    std::sort(by_start.begin(), by_start.end());
    std::vector<ActionRecord> out;
    out.reserve(found.size());
    for (const auto& [start, number] : by_start) {
        out.push_back(std::move(found[number]));
    }
    return out;
}

void RunState::collect(const Branch& branch, std::vector<std::int64_t>& iteration,
                       std::vector<ActionRecord>& out) const {
    for (const Step& step : branch.steps) {
        const Action& action = *step.action;
        ActionRecord record;
        record.name = action.name;
        record.type = action.type_name;
        record.iteration = iteration;
        record.status = std::string(status_name(step.status));
        record.code = step.code;
        record.error = action.secure_inputs || action.secure_outputs ? "" : step.error;
        record.started = step.started;
        record.ended = step.ended;
        record.attempts = step.attempts;
        record.inputs = action.secure_inputs ? Value() : shown_inputs(action, step.inputs);
        record.outputs = action.secure_outputs ? Value() : step.outputs;
        out.push_back(std::move(record));
        for (std::size_t b = 0; b < action.blocks.size(); ++b) {
            const bool entered = !step.branches.empty() &&
                                 (step.taken < 0 || static_cast<std::size_t>(step.taken) == b);
            if (!entered && is_finished(step.status) && !action.is_loop()) {
                collect_skipped(action.blocks[b], iteration,
                                step.status == RunStatus::Skipped
                                    ? "ActionSkipped"
                                    : "ActionBranchingConditionNotSatisfied",
                                out);
            }
        }
        for (const auto& inner : step.branches) {
            if (action.is_loop()) {
                iteration.push_back(inner->iteration);
            }
            collect(*inner, iteration, out);
            if (action.is_loop()) {
                iteration.pop_back();
            }
        }
    }
}

void RunState::collect_skipped(const Block& block, const std::vector<std::int64_t>& iteration,
                               std::string_view code, std::vector<ActionRecord>& out) const {
    for (const std::size_t number : block.actions) {
        const Action& action = definition_->actions[number];
        ActionRecord record;
        record.name = action.name;
        record.type = action.type_name;
        record.iteration = iteration;
        record.status = "Skipped";
        record.code = code;
        out.push_back(std::move(record));
        for (const Block& inner : action.blocks) {
            collect_skipped(inner, iteration, code, out);
        }
    }
}

Value shown_inputs(const Action& action, const Value& inputs) {
    const Value* headers = inputs.get("headers");
    if (action.type != ActionType::Http || headers == nullptr || headers->if_object() == nullptr) {
        return inputs;
    }
    Object kept;
    for (const auto& [name, value] : *headers->if_object()) {
        kept.append(name, is_credential(name) ? Value("*sanitized*") : value);
    }
    Object out = *inputs.if_object();
    out.set("headers", Value(std::move(kept)));
    return Value(std::move(out));
}

std::optional<Value> redacted_event(const Definition& definition, const Value& event) {
    const auto number = definition.find(text_of(event, "a"));
    if (!number.has_value()) {
        return std::nullopt;
    }
    const Action& action = definition.actions[*number];
    const Value* inputs = event.get("in");
    const bool hide_inputs = action.secure_inputs;
    const bool hide_outputs = action.secure_outputs;
    const bool credentials = inputs != nullptr && !(shown_inputs(action, *inputs) == *inputs);
    if (!hide_inputs && !hide_outputs && !credentials) {
        return std::nullopt;
    }
    Object out;
    for (const auto& [key, value] : *event.if_object()) {
        const bool hidden = (hide_inputs && (key == "in" || key == "n" || key == "var")) ||
                            (hide_outputs && (key == "out" || key == "var")) || key == "err";
        if (key == "in" && !hide_inputs) {
            out.append(key, shown_inputs(action, value));
        } else if (!hidden) {
            out.append(key, value);
        }
    }
    return Value(std::move(out));
}

RunStatus branch_status(const Definition& definition, const Branch& branch) {
    std::set<std::size_t> seen;
    std::vector<std::size_t> open(branch.block->leaves.begin(), branch.block->leaves.end());
    RunStatus worst = RunStatus::Succeeded;
    const auto rank = [](RunStatus status) {
        switch (status) {
            case RunStatus::Failed:
                return 3;
            case RunStatus::Cancelled:
                return 2;
            case RunStatus::TimedOut:
                return 1;
            default:
                return 0;
        }
    };
    while (!open.empty()) {
        const std::size_t action = open.back();
        open.pop_back();
        if (!seen.insert(action).second) {
            continue;
        }
        const RunStatus status = branch.steps[position_in(branch, action)].status;
        if (status == RunStatus::Skipped) {
            for (const RunAfter& after : definition.actions[action].run_after) {
                open.push_back(after.action);
            }
        } else if (rank(status) > rank(worst)) {
            worst = status;
        }
    }
    return worst;
}

}  // namespace qd::automation::run
