#include "definition/load.h"
#include "expr/access.h"
#include "expr/text.h"

#include <algorithm>
#include <array>
#include <set>

namespace qd::automation {
namespace {

constexpr std::array<std::string_view, 9> kUnservedReferences = {"listcallbackurl",
                                                                 "agentparameters",
                                                                 "formdatavalue",
                                                                 "formdatamultivalues",
                                                                 "multipartbody",
                                                                 "triggerformdatavalue",
                                                                 "triggerformdatamultivalues",
                                                                 "triggermultipartbody",
                                                                 "appsetting"};

bool writes_variable(ActionType type) {
    return type == ActionType::SetVariable || type == ActionType::IncrementVariable ||
           type == ActionType::DecrementVariable || type == ActionType::AppendToArrayVariable ||
           type == ActionType::AppendToStringVariable;
}

bool passes_values_on(ActionType type) {
    return type == ActionType::Compose || type == ActionType::ParseJson ||
           type == ActionType::Select || type == ActionType::Query || type == ActionType::Join ||
           type == ActionType::Table;
}

class Checker {
  public:
    explicit Checker(Definition& definition) : definition_(definition) {}

    void run() {
        collect_variables();
        for (const Action& action : definition_.actions) {
            check_action(action);
        }
        if (definition_.trigger.has_value()) {
            for (const Template& condition : definition_.trigger->conditions) {
                check_template(condition, nullptr, "/triggers");
            }
        }
        spread_secrets();
        make_sequential();
    }

  private:
    void error(std::string_view id, const std::string& path, std::string message) {
        definition_.findings.push_back(
            {Finding::Severity::Error, std::string(id), path, std::move(message)});
    }

    void collect_variables() {
        for (const Action& action : definition_.actions) {
            if (action.type != ActionType::InitializeVariable) {
                continue;
            }
            if (!action.owners.empty()) {
                error("AUT0106", action.pointer, "a variable can only be initialised at the root");
            }
            const Value* inputs = action.rest.get("inputs");
            const Value* list = inputs == nullptr ? nullptr : inputs->get("variables");
            if (list == nullptr || list->if_array() == nullptr) {
                error("AUT0111", action.pointer + "/inputs", "the list of variables is missing");
                continue;
            }
            for (const Value& variable : *list->if_array()) {
                const Value* name = variable.get("name");
                const std::string lower =
                    expr::to_lower(name == nullptr ? "" : name->string_or({}));
                if (lower.empty() || !variables_.insert(lower).second) {
                    error("AUT0111", action.pointer + "/inputs",
                          "a variable has no name or is initialised twice");
                }
            }
        }
        if (variables_.size() > 250) {
            error("AUT0105", "/actions", "more than 250 variables");
        }
    }

    void check_action(const Action& action) {
        check_template(action.inputs, &action, action.pointer + "/inputs");
        check_template(action.expression, &action, action.pointer);
        check_template(action.authentication, &action, action.pointer + "/inputs/authentication");
        for (const Block& block : action.blocks) {
            check_template(block.match, &action, action.pointer + "/cases");
        }
        if (writes_variable(action.type)) {
            const Value* inputs = action.rest.get("inputs");
            const Value* name = inputs == nullptr ? nullptr : inputs->get("name");
            const auto* text = name == nullptr ? nullptr : name->if_string();
            if (text == nullptr || (text->find('@') == std::string::npos &&
                                    !variables_.contains(expr::to_lower(*text)))) {
                error("AUT0107", action.pointer + "/inputs",
                      "the variable is not initialised: " +
                          (text == nullptr ? std::string("(no name)") : *text));
            }
        }
    }

    void check_template(const Template& text, const Action* in, const std::string& path) {
        text.visit_calls([&](const std::string& name, const std::vector<const Value*>& arguments) {
            check_call(name, arguments, in, path);
        });
    }

    void check_call(const std::string& name, const std::vector<const Value*>& arguments,
                    const Action* in, const std::string& path) {
        const std::string lower = expr::to_lower(name);
        if (!is_known_function(name)) {
            error("AUT0108", path, "there is no such function: " + name);
            return;
        }
        if (std::find(kUnservedReferences.begin(), kUnservedReferences.end(), lower) !=
            kUnservedReferences.end()) {
            error("AUT0109", path, "this engine does not evaluate the function: " + name);
            return;
        }
        const auto* target =
            arguments.empty() || arguments[0] == nullptr ? nullptr : arguments[0]->if_string();
        if (target == nullptr) {
            return;
        }
        if (is_action_reference(lower)) {
            if (!definition_.find(*target).has_value()) {
                error("AUT0107", path, name + "() names an unknown action: " + *target);
            }
        } else if (lower == "variables") {
            if (!variables_.contains(expr::to_lower(*target))) {
                error("AUT0107", path, "the variable is not initialised: " + *target);
            }
        } else if (lower == "parameters") {
            const Parameter* parameter = definition_.parameter(*target);
            if (parameter == nullptr) {
                error("AUT0107", path, "there is no such parameter: " + *target);
            } else if (!parameter->value.has_value()) {
                error("AUT0107", path, "the parameter has no value: " + *target);
            }
        } else if (lower == "items" || lower == "iterationindexes") {
            const auto loop = definition_.find(*target);
            // The condition of an Until sees the loop's own counter.
            const bool own = loop.has_value() && in == &definition_.actions[*loop] &&
                             in->type == ActionType::Until;
            if (in == nullptr || !loop.has_value() ||
                (!own &&
                 std::find(in->owners.begin(), in->owners.end(), *loop) == in->owners.end())) {
                error("AUT0107", path, name + "() names no enclosing loop: " + *target);
            }
        }
    }

    static bool is_action_reference(std::string_view lower) {
        return lower == "body" || lower == "outputs" || lower == "actions" || lower == "result" ||
               lower == "actionbody" || lower == "actionoutputs";
    }

    bool reads_secret(const Template& text) const {
        bool secret = false;
        text.visit_calls([&](const std::string& name, const std::vector<const Value*>& arguments) {
            const std::string lower = expr::to_lower(name);
            if (lower.starts_with("trigger")) {
                secret = secret ||
                         (definition_.trigger.has_value() && definition_.trigger->secure_outputs);
                return;
            }
            const auto* target =
                arguments.empty() || arguments[0] == nullptr ? nullptr : arguments[0]->if_string();
            if (target == nullptr) {
                return;
            }
            if (lower == "parameters") {
                const Parameter* parameter = definition_.parameter(*target);
                secret = secret || (parameter != nullptr && parameter->secure);
            } else if (is_action_reference(lower)) {
                const auto action = definition_.find(*target);
                secret =
                    secret || (action.has_value() && definition_.actions[*action].secure_outputs);
            } else if (lower == "variables") {
                secret = secret || secret_variables_.contains(expr::to_lower(*target));
            }
        });
        return secret;
    }

    /// What reads a hidden value hides its own inputs; what passes values on hides its outputs too.
    void spread_secrets() {
        for (bool changed = true; changed;) {
            changed = false;
            for (Action& action : definition_.actions) {
                if (!action.secure_inputs &&
                    (reads_secret(action.inputs) || reads_secret(action.expression))) {
                    action.secure_inputs = true;
                    changed = true;
                }
                if (action.secure_inputs && !action.secure_outputs &&
                    passes_values_on(action.type)) {
                    action.secure_outputs = true;
                    changed = true;
                }
                if (action.secure_inputs && (writes_variable(action.type) ||
                                             action.type == ActionType::InitializeVariable)) {
                    changed = note_secret_variables(action) || changed;
                }
            }
        }
    }

    bool note_secret_variables(const Action& action) {
        const Value* inputs = action.rest.get("inputs");
        if (inputs == nullptr) {
            return false;
        }
        bool changed = false;
        const auto note = [&](const Value* name) {
            if (name != nullptr && name->if_string() != nullptr) {
                changed =
                    secret_variables_.insert(expr::to_lower(*name->if_string())).second || changed;
            }
        };
        note(inputs->get("name"));
        if (const Value* list = inputs->get("variables"); list != nullptr && list->if_array()) {
            for (const Value& variable : *list->if_array()) {
                note(variable.get("name"));
            }
        }
        return changed;
    }

    /// A parallel loop that writes a variable is a data race in the original product.
    void make_sequential() {
        for (const Action& action : definition_.actions) {
            if (!writes_variable(action.type)) {
                continue;
            }
            for (const std::size_t owner : action.owners) {
                Action& loop = definition_.actions[owner];
                if (loop.type == ActionType::Foreach && loop.concurrency > 1) {
                    loop.concurrency = 1;
                    definition_.findings.push_back(
                        {Finding::Severity::Info, "AUT0120", loop.pointer,
                         "the loop runs sequentially because it writes a variable"});
                }
            }
        }
    }

    Definition& definition_;
    std::set<std::string> variables_;
    std::set<std::string> secret_variables_;
};

}  // namespace

void check_references(Definition& definition) {
    Checker(definition).run();
}

}  // namespace qd::automation
