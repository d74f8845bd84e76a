#include "definition/load.h"

#include "expr/access.h"
#include "expr/text.h"
#include "qd/codec/json.h"

#include <algorithm>
#include <array>

// From JSON to the typed form. Three containers are accepted; in an ARM template a text "[…]" is an
// expression of the deployment, which nothing resolves here, and "[[" stands for "[".
// Everything that is wrong becomes a finding at its place, so that an import can report all of it.

namespace qd::automation {
namespace {

using expr::equals_ignore_case;

struct TypeName {
    std::string_view name;
    ActionType type;
};
constexpr std::array kTypes = {
    TypeName{"Http", ActionType::Http},
    TypeName{"Compose", ActionType::Compose},
    TypeName{"InitializeVariable", ActionType::InitializeVariable},
    TypeName{"SetVariable", ActionType::SetVariable},
    TypeName{"IncrementVariable", ActionType::IncrementVariable},
    TypeName{"DecrementVariable", ActionType::DecrementVariable},
    TypeName{"AppendToArrayVariable", ActionType::AppendToArrayVariable},
    TypeName{"AppendToStringVariable", ActionType::AppendToStringVariable},
    TypeName{"ParseJson", ActionType::ParseJson},
    TypeName{"Select", ActionType::Select},
    TypeName{"Query", ActionType::Query},
    TypeName{"Join", ActionType::Join},
    TypeName{"Table", ActionType::Table},
    TypeName{"Response", ActionType::Response},
    TypeName{"Terminate", ActionType::Terminate},
    TypeName{"Wait", ActionType::Wait},
    TypeName{"Scope", ActionType::Scope},
    TypeName{"If", ActionType::If},
    TypeName{"Switch", ActionType::Switch},
    TypeName{"Foreach", ActionType::Foreach},
    TypeName{"Until", ActionType::Until},
};

ActionType type_from_name(std::string_view name) {
    for (const TypeName& known : kTypes) {
        if (equals_ignore_case(known.name, name)) {
            return known.type;
        }
    }
    return ActionType::Unsupported;
}

/// A property whatever the case of its name.
const Value* get(const Value& object, std::string_view key) {
    const auto* properties = object.if_object();
    return properties == nullptr ? nullptr : expr::find_property(*properties, key);
}

const Value* get(const Value& object, std::initializer_list<std::string_view> path) {
    const Value* at = &object;
    for (const std::string_view key : path) {
        at = get(*at, key);
        if (at == nullptr) {
            return nullptr;
        }
    }
    return at;
}

std::string pointer_to(const std::string& parent, std::string_view key) {
    std::string out = parent + "/";
    for (const char c : key) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out += c;
        }
    }
    return out;
}

bool is_arm_expression(std::string_view text) {
    return text.starts_with('[') && text.ends_with(']') && !text.starts_with("[[");
}

/// Undoes the escape; what the deployment should have computed becomes null.
void unescape_arm(Value& value) {
    if (const auto* text = value.if_string()) {
        if (is_arm_expression(*text)) {
            value = Value();
        } else if (text->starts_with("[[")) {
            value = Value(text->substr(1));
        }
    } else if (auto* array = value.if_array()) {
        for (Value& element : *array) {
            unescape_arm(element);
        }
    } else if (auto* object = value.if_object()) {
        for (auto& [key, element] : *object) {
            unescape_arm(element);
        }
    }
}

class Loader {
  public:
    explicit Loader(Definition& out) : out_(out) {}

    void load(const Value& definition, const Value& parameters, bool arm) {
        arm_ = arm;
        load_parameters(definition, parameters);
        load_trigger(definition);
        Object rest;
        for (const auto& [key, value] : *definition.if_object()) {
            if (!equals_ignore_case(key, "actions")) {
                rest.append(key, value);
            }
        }
        out_.rest = Value(std::move(rest));
        out_.root.name = "actions";
        if (const Value* actions = get(definition, "actions")) {
            load_block(out_.root, *actions, "/actions", {}, 0);
        }
        if (out_.actions.size() > 500) {
            finding(Finding::Severity::Error, "AUT0105", "/actions", "more than 500 actions");
        }
    }

  private:
    void finding(Finding::Severity severity, std::string_view id, std::string path,
                 std::string message) {
        out_.findings.push_back({severity, std::string(id), std::move(path), std::move(message)});
    }
    void error(std::string_view id, const std::string& path, std::string message) {
        finding(Finding::Severity::Error, id, path, std::move(message));
    }

    void load_parameters(const Value& definition, const Value& given) {
        const Value* declared = get(definition, "parameters");
        if (declared == nullptr || declared->if_object() == nullptr) {
            return;
        }
        if (declared->if_object()->size() > 50) {
            error("AUT0105", "/parameters", "more than 50 parameters");
        }
        for (const auto& [name, value] : *declared->if_object()) {
            Parameter parameter;
            parameter.name = name;
            const Value* type = get(value, "type");
            parameter.type = type == nullptr ? "" : std::string(type->string_or({}));
            parameter.secure = equals_ignore_case(parameter.type, "SecureString") ||
                               equals_ignore_case(parameter.type, "SecureObject");
            const Value* set = get(given, name);
            const Value* set_value = set == nullptr ? nullptr : get(*set, "value");
            const Value* fallback = get(value, "defaultValue");
            if (set_value != nullptr) {
                parameter.value = *set_value;
            } else if (fallback != nullptr) {
                parameter.value = *fallback;
            }
            out_.parameters.push_back(std::move(parameter));
        }
    }

    void load_trigger(const Value& definition) {
        const Value* triggers = get(definition, "triggers");
        const auto* object = triggers == nullptr ? nullptr : triggers->if_object();
        if (object == nullptr || object->empty()) {
            error("AUT0112", "/triggers", "the workflow has no trigger");
            return;
        }
        for (const auto& [name, value] : *object) {
            const std::string path = pointer_to("/triggers", name);
            Trigger trigger;
            trigger.name = name;
            const Value* type = get(value, "type");
            trigger.type = type == nullptr ? "" : std::string(type->string_or({}));
            if (!equals_ignore_case(trigger.type, "Request")) {
                error("AUT0112", path, "the trigger's type is not supported: " + trigger.type);
            }
            if (const Value* schema = get(value, {"inputs", "schema"})) {
                trigger.schema = *schema;
            }
            if (get(value, "splitOn") != nullptr) {
                error("AUT0112", path, "splitOn is not supported");
            }
            trigger.validate_schema = has_option(value, "EnableSchemaValidation");
            trigger.secure_outputs = is_secure(value, "outputs");
            if (const Value* conditions = get(value, "conditions")) {
                load_conditions(trigger, *conditions, path + "/conditions");
            }
            if (!out_.trigger.has_value()) {
                out_.trigger = std::move(trigger);
            }
        }
        if (object->size() > 1) {
            finding(Finding::Severity::Warning, "AUT0114", "/triggers",
                    "only the first of several triggers starts runs");
        }
    }

    void load_conditions(Trigger& trigger, const Value& conditions, const std::string& path) {
        const auto* list = conditions.if_array();
        if (list == nullptr) {
            error("AUT0111", path, "conditions must be an array");
            return;
        }
        for (const Value& condition : *list) {
            const Value* expression = get(condition, "expression");
            if (expression == nullptr) {
                error("AUT0111", path, "a condition has no expression");
            } else {
                trigger.conditions.push_back(compile(*expression, path, true));
            }
        }
    }

    static bool has_option(const Value& action, std::string_view option) {
        const Value* options = get(action, "operationOptions");
        if (options == nullptr) {
            return false;
        }
        const std::string text = expr::to_lower(options->string_or({}));
        return text.find(expr::to_lower(option)) != std::string::npos;
    }

    static bool is_secure(const Value& action, std::string_view part) {
        const Value* list = get(action, {"runtimeConfiguration", "secureData", "properties"});
        if (list == nullptr || list->if_array() == nullptr) {
            return false;
        }
        return std::any_of(list->if_array()->begin(), list->if_array()->end(), [&](const Value& v) {
            return equals_ignore_case(v.string_or({}), part);
        });
    }

    /// What an ARM template left unresolved is reported once for each place and read as text.
    bool mentions_arm(const Value& value) const {
        if (!arm_) {
            return false;
        }
        if (const auto* text = value.if_string()) {
            return is_arm_expression(*text);
        }
        if (const auto* array = value.if_array()) {
            return std::any_of(array->begin(), array->end(),
                               [&](const Value& v) { return mentions_arm(v); });
        }
        if (const auto* object = value.if_object()) {
            return std::any_of(object->begin(), object->end(), [&](const Object::Entry& entry) {
                return mentions_arm(entry.second);
            });
        }
        return false;
    }

    Template compile(const Value& value, const std::string& path, bool condition = false) {
        Value plain = value;
        if (arm_) {
            if (mentions_arm(value)) {
                error("AUT0110", path,
                      "a template expression of the deployment is not resolved here");
            }
            unescape_arm(plain);
        }
        auto compiled = condition ? Template::compile_condition(plain) : Template::compile(plain);
        if (!compiled.ok()) {
            error("AUT0115", path, compiled.error().message());
            return {};
        }
        return std::move(compiled).value();
    }

    void load_block(Block& block, const Value& actions, const std::string& path,
                    const std::vector<std::size_t>& owners, std::size_t block_number) {
        const auto* object = actions.if_object();
        if (object == nullptr) {
            if (!actions.is_null()) {
                error("AUT0111", path, "actions must be an object");
            }
            return;
        }
        if (owners.size() > 8) {
            error("AUT0105", path, "more than 8 nested levels");
        }
        if (owners.size() > 32) {
            return;
        }
        std::vector<std::size_t> members;
        for (const auto& [name, value] : *object) {
            members.push_back(
                load_action(name, value, pointer_to(path, name), owners, block_number));
        }
        std::size_t i = 0;
        for (const auto& [name, value] : *object) {
            load_run_after(members[i++], value, members);
        }
        order_block(block, members, path);
    }

    std::size_t load_action(const std::string& name, const Value& value, const std::string& path,
                            const std::vector<std::size_t>& owners, std::size_t block_number) {
        const std::size_t number = out_.actions.size();
        out_.actions.emplace_back();
        if (!out_.index.emplace(expr::to_lower(name), number).second) {
            error("AUT0102", path, "the name is used twice");
        }
        Action action;
        action.name = name;
        action.pointer = path;
        action.owners = owners;
        action.block_of_owner = block_number;
        if (name.size() > 80) {
            finding(Finding::Severity::Warning, "AUT0105", path,
                    "the name is longer than 80 characters");
        }
        const Value* type = get(value, "type");
        action.type_name = type == nullptr ? "" : std::string(type->string_or({}));
        action.type = type_from_name(action.type_name);
        if (action.type == ActionType::Unsupported) {
            error("AUT0101", path, "the action's type is not supported: " + action.type_name);
        }
        load_settings(action, value);
        load_contents(action, value);
        Object rest;
        if (const auto* object = value.if_object()) {
            for (const auto& [key, part] : *object) {
                bool structural = equals_ignore_case(key, "runAfter");
                for (const std::string_view nested : {"actions", "else", "cases", "default"}) {
                    structural = structural ||
                                 (equals_ignore_case(key, nested) && part.if_object() != nullptr);
                }
                if (!structural) {
                    rest.append(key, part);
                }
            }
        } else {
            error("AUT0111", path, "an action must be an object");
        }
        action.rest = Value(std::move(rest));
        out_.actions[number] = std::move(action);
        load_nested(number, value, path);
        return number;
    }

    void load_settings(Action& action, const Value& value) {
        action.secure_inputs = is_secure(value, "inputs");
        action.secure_outputs = is_secure(value, "outputs");
        action.asynchronous_pattern = !has_option(value, "DisableAsyncPattern");
        action.fail_when_limits_reached = has_option(value, "FailWhenLimitsReached");
        if (has_option(value, "Sequential")) {
            action.concurrency = 1;
        }
        if (const Value* n = get(value, {"runtimeConfiguration", "concurrency", "repetitions"})) {
            action.concurrency = std::clamp<std::int64_t>(n->int_or(20), 1, 50);
        }
        if (const Value* count = get(value, {"limit", "count"})) {
            action.limit_count = std::clamp<std::int64_t>(count->int_or(60), 1, 5000);
        }
        if (const Value* timeout = get(value, {"limit", "timeout"})) {
            if (const auto ticks = parse_iso_duration(timeout->string_or({}))) {
                action.limit_timeout = *ticks;
                action.has_timeout = true;
            } else {
                finding(Finding::Severity::Warning, "AUT0114", action.pointer + "/limit",
                        "the time limit is not a duration this engine reads");
            }
        }
        for (const std::string_view ignored :
             {"staticResult", "paginationPolicy", "contentTransfer"}) {
            if (get(value, {"runtimeConfiguration", ignored}) != nullptr) {
                finding(Finding::Severity::Warning, "AUT0114",
                        action.pointer + "/runtimeConfiguration",
                        "the setting is ignored: " + std::string(ignored));
            }
        }
        const Value* retry = get(value, {"inputs", "retryPolicy"});
        load_retry(action, retry != nullptr ? *retry : Value());
    }

    void load_retry(Action& action, const Value& value) {
        if (value.if_object() == nullptr) {
            return;
        }
        RetryPolicy policy;
        const Value* type = get(value, "type");
        const std::string_view name = type == nullptr ? "" : type->string_or({});
        if (equals_ignore_case(name, "none")) {
            policy.type = RetryPolicy::Type::None;
            policy.count = 0;
        } else if (equals_ignore_case(name, "fixed")) {
            policy.type = RetryPolicy::Type::Fixed;
        } else if (!equals_ignore_case(name, "exponential")) {
            finding(Finding::Severity::Warning, "AUT0114", action.pointer + "/inputs/retryPolicy",
                    "the retry policy's type is not one this engine reads; the default applies");
            return;
        }
        if (const Value* count = get(value, "count")) {
            policy.count = std::clamp<std::int64_t>(count->int_or(4), 0, 90);
        }
        const auto duration = [&](std::string_view key, Ticks& into) {
            const Value* text = get(value, key);
            if (text == nullptr) {
                return;
            }
            if (const auto ticks = parse_iso_duration(text->string_or({}))) {
                into = *ticks;
            } else {
                finding(Finding::Severity::Warning, "AUT0114",
                        action.pointer + "/inputs/retryPolicy",
                        "not a duration this engine reads: " + std::string(key));
            }
        };
        policy.most = Ticks{Ticks::kDay};
        duration("interval", policy.interval);
        duration("minimumInterval", policy.least);
        duration("maximumInterval", policy.most);
        action.retry = policy;
    }

    void load_contents(Action& action, const Value& value) {
        const std::string path = action.pointer;
        if (action.type == ActionType::Unsupported) {
            // Compiled all the same, so that the report names every fault.
            for (const std::string_view key : {"inputs", "expression", "foreach"}) {
                if (const Value* part = get(value, key)) {
                    compile(*part, path + "/" + std::string(key));
                }
            }
            return;
        }
        const auto need = [&](std::string_view key) -> const Value* {
            const Value* part = get(value, key);
            if (part == nullptr) {
                error("AUT0111", path, "the action lacks a part: " + std::string(key));
            }
            return part;
        };
        switch (action.type) {
            case ActionType::Scope:
                return;
            case ActionType::If:
            case ActionType::Until:
                if (const Value* part = need("expression")) {
                    action.expression = compile(*part, path + "/expression", true);
                }
                return;
            case ActionType::Switch:
                if (const Value* part = need("expression")) {
                    action.expression = compile(*part, path + "/expression");
                }
                return;
            case ActionType::Foreach:
                if (const Value* part = need("foreach")) {
                    action.expression = compile(*part, path + "/foreach");
                }
                return;
            default:
                if (const Value* part = need("inputs")) {
                    load_inputs(action, *part, path + "/inputs");
                }
        }
    }

    /// Parts that are evaluated for each element, or never recorded, are taken out of the inputs.
    void load_inputs(Action& action, const Value& inputs, const std::string& path) {
        std::string_view apart;
        if (action.type == ActionType::Http) {
            apart = "authentication";
        } else if (action.type == ActionType::Select) {
            apart = "select";
        } else if (action.type == ActionType::Query) {
            apart = "where";
        } else if (action.type == ActionType::Table) {
            apart = "columns";
        }
        const auto* object = inputs.if_object();
        const bool free_form = action.type == ActionType::Compose;
        if (object == nullptr && !free_form) {
            error("AUT0111", path, "inputs must be an object");
            return;
        }
        if (apart.empty()) {
            action.inputs = compile(inputs, path);
            return;
        }
        Object kept;
        for (const auto& [key, part] : *object) {
            if (!equals_ignore_case(key, apart)) {
                kept.append(key, part);
                continue;
            }
            const std::string part_path = path + "/" + std::string(apart);
            if (action.type == ActionType::Http) {
                action.has_authentication = true;
                action.authentication = compile(part, part_path);
                check_authentication(part, part_path);
            } else {
                action.expression = compile(part, part_path, action.type == ActionType::Query);
            }
        }
        action.inputs = compile(Value(std::move(kept)), path);
    }

    void check_authentication(const Value& value, const std::string& path) {
        const Value* type = get(value, "type");
        const std::string_view name = type == nullptr ? "" : type->string_or({});
        if (!equals_ignore_case(name, "Basic") && !equals_ignore_case(name, "Raw")) {
            error("AUT0113", path, "the authentication is not supported: " + std::string(name));
        }
    }

    /// A branch object that holds `actions`; what else it holds is kept for printing.
    void load_branch(std::size_t number, Block block, const Value& branch,
                     const std::string& path) {
        const std::size_t block_number = out_.actions[number].blocks.size();
        Object rest;
        const Value* actions = nullptr;
        if (const auto* object = branch.if_object()) {
            for (const auto& [key, value] : *object) {
                if (equals_ignore_case(key, "actions") && value.if_object() != nullptr) {
                    actions = &value;
                } else {
                    rest.append(key, value);
                }
            }
        }
        block.rest = Value(std::move(rest));
        out_.actions[number].blocks.emplace_back();
        if (actions != nullptr) {
            std::vector<std::size_t> owners = out_.actions[number].owners;
            owners.push_back(number);
            load_block(block, *actions, path + "/actions", owners, block_number);
            block.rest.if_object()->append("actions", Value());  // marks: it stood there
        }
        out_.actions[number].blocks[block_number] = std::move(block);
    }

    void load_nested(std::size_t number, const Value& value, const std::string& path) {
        const ActionType type = out_.actions[number].type;
        const Value* actions = get(value, "actions");
        const Value* cases = get(value, "cases");
        const bool container = type == ActionType::Scope || type == ActionType::If ||
                               type == ActionType::Foreach || type == ActionType::Until;
        if (container || (actions != nullptr && actions->if_object() != nullptr)) {
            Block block;
            block.name = "actions";
            Object wrapper;
            if (actions != nullptr && actions->if_object() != nullptr) {
                wrapper.append("actions", *actions);
            }
            load_branch(number, std::move(block), Value(std::move(wrapper)), path);
        }
        const auto branch = [&](std::string_view key) {
            const Value* part = get(value, key);
            if (part != nullptr && part->if_object() != nullptr) {
                Block block;
                block.name = std::string(key);
                load_branch(number, std::move(block), *part, path + "/" + std::string(key));
            }
        };
        branch("else");
        if (cases != nullptr && cases->if_object() != nullptr) {
            if (cases->if_object()->size() > 25) {
                error("AUT0105", path, "more than 25 cases");
            }
            for (const auto& [name, part] : *cases->if_object()) {
                Block block;
                block.name = name;
                const std::string case_path = pointer_to(path + "/cases", name);
                if (const Value* match = get(part, "case")) {
                    block.match = compile(*match, case_path + "/case");
                } else {
                    error("AUT0111", case_path, "the case has no value");
                }
                load_branch(number, std::move(block), part, case_path);
            }
        }
        branch("default");
    }

    void load_run_after(std::size_t number, const Value& value,
                        const std::vector<std::size_t>& members) {
        const Value* run_after = get(value, "runAfter");
        Action& action = out_.actions[number];
        if (run_after == nullptr) {
            return;
        }
        action.run_after_written = *run_after;
        const std::string path = action.pointer + "/runAfter";
        if (run_after->if_object() == nullptr) {
            error("AUT0111", path, "runAfter must be an object");
            return;
        }
        for (const auto& [name, statuses] : *run_after->if_object()) {
            const auto found = out_.find(name);
            if (!found.has_value() ||
                std::find(members.begin(), members.end(), *found) == members.end()) {
                error("AUT0103", path,
                      "the predecessor is unknown or in another container: " + name);
                continue;
            }
            RunAfter after{*found, 0};
            if (const auto* list = statuses.if_array()) {
                for (const Value& status : *list) {
                    const RunStatus known = status_from_name(status.string_or({}));
                    if (!is_finished(known)) {
                        error("AUT0111", path,
                              "not a status: " + std::string(status.string_or("(no text)")));
                    }
                    after.statuses = static_cast<std::uint8_t>(after.statuses |
                                                               static_cast<std::uint8_t>(known));
                }
            }
            action.run_after.push_back(std::move(after));
        }
    }

    /// Kahn's algorithm; among the ready ones the order of the text.
    void order_block(Block& block, const std::vector<std::size_t>& members,
                     const std::string& path) {
        std::vector<bool> placed(out_.actions.size(), false);
        std::vector<bool> followed(out_.actions.size(), false);
        for (bool moved = true; moved;) {
            moved = false;
            for (const std::size_t member : members) {
                const auto& after = out_.actions[member].run_after;
                if (placed[member] || !std::all_of(after.begin(), after.end(), [&](const auto& r) {
                        return placed[r.action];
                    })) {
                    continue;
                }
                placed[member] = true;
                moved = true;
                block.actions.push_back(member);
            }
        }
        for (const std::size_t member : members) {
            for (const RunAfter& after : out_.actions[member].run_after) {
                followed[after.action] = true;
            }
        }
        for (const std::size_t member : members) {
            if (!placed[member]) {
                error("AUT0104", path,
                      "actions wait for each other in a circle: " + out_.actions[member].name);
                block.actions.push_back(member);
            }
            if (!followed[member]) {
                block.leaves.push_back(member);
            }
        }
    }

    Definition& out_;
    bool arm_ = false;
};

}  // namespace

Result<Definition> load_definition(const Value& document) {
    const Value* definition = &document;
    Value parameters;
    Definition out;
    bool arm = false;
    if (const Value* properties = get(document, "properties")) {
        definition = get(*properties, "definition");
        arm = true;
        if (const Value* given = get(*properties, "parameters")) {
            parameters = *given;
        }
        if (const Value* state = get(*properties, "state")) {
            out.enabled = !equals_ignore_case(state->string_or({}), "Disabled");
        }
    } else if (const Value* inner = get(document, "definition")) {
        definition = inner;
        if (const Value* given = get(document, "parameters")) {
            parameters = *given;
        }
    }
    if (definition == nullptr || definition->if_object() == nullptr ||
        (get(*definition, "actions") == nullptr && get(*definition, "triggers") == nullptr)) {
        return Error(Code::InvalidArgument, "AUT0001", "the document holds no workflow definition");
    }
    Loader(out).load(*definition, parameters, arm);
    check_references(out);
    return out;
}

}  // namespace qd::automation
