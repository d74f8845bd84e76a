#include "run/run_context.h"

#include "expr/access.h"
#include "expr/text.h"

#include <array>

namespace qd::automation::run {
namespace {

Error not_here(std::string_view function, std::string_view why) {
    return Error(Code::InvalidArgument, "AUT0204",
                 "the template function '" + std::string(function) + "': " + std::string(why));
}

const Value& null_value() {
    static const Value value;
    return value;
}

const Value& part(const Value& object, std::string_view key) {
    const Value* found = object.get(key);
    return found == nullptr ? null_value() : *found;
}

}  // namespace

std::uint64_t RunContext::random_below(std::uint64_t bound) {
    std::array<std::uint8_t, 8> bytes{};
    entropy_.fill(bytes);
    std::uint64_t drawn = 0;
    for (const std::uint8_t byte : bytes) {
        drawn = drawn << 8U | byte;
    }
    return drawn % bound;
}

const Value* RunContext::keep(Value value) {
    kept_.push_back(std::move(value));
    return &kept_.back();
}

Result<const Value*> RunContext::reference(std::string_view function,
                                           std::span<const Value* const> arguments) {
    if (function == "triggerbody") {
        return &part(facts_.trigger_outputs, "body");
    }
    if (function == "triggeroutputs") {
        return &facts_.trigger_outputs;
    }
    if (function == "trigger") {
        Object out;
        out.set("name", Value(facts_.trigger_name));
        out.set("outputs", facts_.trigger_outputs);
        out.set("status", Value("Succeeded"));
        return keep(Value(std::move(out)));
    }
    if (function == "item" || function == "items") {
        if (function == "item" && item_ != nullptr) {
            return item_;
        }
        return loop_item(arguments.empty() ? nullptr : arguments[0]);
    }
    if (function == "workflow") {
        Object run_object;
        run_object.set("id", Value("/workflows/" + facts_.workflow + "/runs/" + facts_.id));
        run_object.set("name", Value(facts_.id));
        run_object.set("originRunId", Value(facts_.id));
        run_object.set("type", Value("Microsoft.Logic/workflows/runs"));
        Object out;
        out.set("id", Value("/workflows/" + facts_.workflow));
        out.set("name", Value(facts_.workflow));
        out.set("type", Value("Microsoft.Logic/workflows"));
        out.set("version", Value(facts_.version));
        out.set("tags", Value(Object()));
        out.set("run", Value(std::move(run_object)));
        return keep(Value(std::move(out)));
    }
    const auto* name = arguments.empty() ? nullptr : arguments[0]->if_string();
    if (name == nullptr) {
        return not_here(function, "a name is expected");
    }
    if (function == "variables") {
        const auto found = state_.variables().find(expr::to_lower(*name));
        if (found == state_.variables().end()) {
            return not_here(function, "the variable is not initialised: " + *name);
        }
        return &found->second.value;
    }
    if (function == "parameters") {
        const Parameter* parameter = state_.definition().parameter(*name);
        if (parameter == nullptr || !parameter->value.has_value()) {
            return not_here(function, "the parameter has no value: " + *name);
        }
        return &*parameter->value;
    }
    if (function == "iterationindexes") {
        const auto loop = state_.definition().find(*name);
        const Branch* branch =
            loop.has_value() ? enclosing(state_.definition().actions[*loop]) : nullptr;
        if (branch == nullptr) {
            return not_here(function, "no enclosing loop: " + *name);
        }
        return keep(Value(branch->iteration));
    }
    return of_action(function, *name);
}

Result<const Value*> RunContext::loop_item(const Value* name) {
    const auto* text = name == nullptr ? nullptr : name->if_string();
    for (const Branch* branch = branch_; branch->owner != nullptr; branch = branch->owner->branch) {
        const Step& owner = *branch->owner;
        const bool wanted = text == nullptr || expr::equals_ignore_case(owner.action->name, *text);
        if (owner.action->type == ActionType::Foreach && wanted) {
            const auto at = static_cast<std::size_t>(branch->iteration);
            return at < owner.items.size() ? &owner.items[at] : &null_value();
        }
    }
    return not_here("items", "no enclosing loop");
}

const Branch* RunContext::enclosing(const Action& container) const {
    for (const Branch* branch = branch_; branch->owner != nullptr; branch = branch->owner->branch) {
        if (branch->owner->action == &container) {
            return branch;
        }
    }
    return nullptr;
}

void RunContext::steps_of(const Action& action, std::vector<const Step*>& out, bool& many) const {
    // Start in the innermost enclosing branch that also encloses the action.
    const Branch* from = &state_.root();
    std::size_t depth = 0;
    for (std::size_t i = 0; i < action.owners.size(); ++i) {
        const Branch* inside = enclosing(state_.definition().actions[action.owners[i]]);
        if (inside == nullptr) {
            break;
        }
        from = inside;
        depth = i + 1;
    }
    steps_below(*from, action, depth, out, many);
}

void RunContext::steps_below(const Branch& branch, const Action& action, std::size_t depth,
                             std::vector<const Step*>& out, bool& many) const {
    const Action* wanted =
        depth < action.owners.size() ? &state_.definition().actions[action.owners[depth]] : &action;
    for (const Step& step : branch.steps) {
        if (step.action != wanted) {
            continue;
        }
        if (wanted == &action) {
            out.push_back(&step);
            return;
        }
        if (wanted->type == ActionType::Foreach) {
            many = true;
            for (const auto& inner : step.branches) {
                steps_below(*inner, action, depth + 1, out, many);
            }
        } else if (!step.branches.empty()) {
            steps_below(*step.branches.back(), action, depth + 1, out, many);
        }
        return;
    }
}

Value RunContext::record(const Step& step) const {
    Object out;
    out.set("name", Value(step.action->name));
    out.set("inputs", step.inputs);
    out.set("outputs", step.outputs);
    if (step.started.has_value()) {
        out.set("startTime", Value(format_timestamp(*step.started)));
    }
    if (step.ended.has_value()) {
        out.set("endTime", Value(format_timestamp(*step.ended)));
    }
    out.set("status", Value(status_name(step.status)));
    out.set("code", Value(step.code));
    if (!step.error.empty()) {
        Object error;
        error.set("code", Value(step.code));
        error.set("message", Value(step.error));
        out.set("error", Value(std::move(error)));
    }
    return Value(std::move(out));
}

Value RunContext::value_of(std::string_view function, const Step& step) {
    if (function == "body" || function == "actionbody") {
        const Value* body = step.outputs.get("body");
        return body == nullptr ? Value() : *body;
    }
    if (function == "actions") {
        return record(step);
    }
    return step.outputs;
}

Result<const Value*> RunContext::of_action(std::string_view function, const std::string& name) {
    const auto number = state_.definition().find(name);
    if (!number.has_value()) {
        return not_here(function, "there is no such action: " + name);
    }
    const Action& action = state_.definition().actions[*number];
    std::vector<const Step*> steps;
    bool many = false;
    steps_of(action, steps, many);
    if (function == "result") {
        Array out;
        for (const Step* step : steps) {
            for (const auto& branch : step->branches) {
                for (const Step& child : branch->steps) {
                    out.push_back(record(child));
                }
            }
        }
        return keep(Value(std::move(out)));
    }
    if (!many) {
        if (steps.empty()) {
            return &null_value();
        }
        const Step& step = *steps.front();
        if (function == "body" || function == "actionbody") {
            return &part(step.outputs, "body");
        }
        if (function == "outputs" || function == "actionoutputs") {
            return &step.outputs;
        }
        return keep(value_of(function, step));
    }
    Array out;
    for (const Step* step : steps) {
        out.push_back(value_of(function, *step));
    }
    return keep(Value(std::move(out)));
}

}  // namespace qd::automation::run
