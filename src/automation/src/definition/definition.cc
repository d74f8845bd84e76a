#include "qd/automation/definition.h"

#include "expr/text.h"

#include <algorithm>
#include <array>

namespace qd::automation {
namespace {

constexpr std::array<std::pair<RunStatus, std::string_view>, 8> kStatusNames = {
    {{RunStatus::Pending, "Pending"},
     {RunStatus::Running, "Running"},
     {RunStatus::Waiting, "Waiting"},
     {RunStatus::Succeeded, "Succeeded"},
     {RunStatus::Failed, "Failed"},
     {RunStatus::Skipped, "Skipped"},
     {RunStatus::TimedOut, "TimedOut"},
     {RunStatus::Cancelled, "Cancelled"}}};

Value action_json(const Definition& definition, std::size_t number);

Value actions_json(const Definition& definition, const Block& block) {
    Object out;
    for (const std::size_t number : block.actions) {
        out.append(definition.actions[number].name, action_json(definition, number));
    }
    return Value(std::move(out));
}

/// The branch's own properties; `actions` where one stood.
Value branch_json(const Definition& definition, const Block& block) {
    Object out;
    if (const auto* rest = block.rest.if_object()) {
        for (const auto& [key, value] : *rest) {
            out.append(key, key == "actions" ? actions_json(definition, block) : value);
        }
    }
    return Value(std::move(out));
}

Value action_json(const Definition& definition, std::size_t number) {
    const Action& action = definition.actions[number];
    Object out = *action.rest.if_object();
    if (!action.run_after_written.is_null()) {
        out.append("runAfter", action.run_after_written);
    }
    Object cases;
    for (const Block& block : action.blocks) {
        const bool is_case = !block.match.constant() || block.rest.get("case") != nullptr;
        if (block.name == "actions" && !is_case) {
            if (block.rest.get("actions") != nullptr) {
                out.append("actions", actions_json(definition, block));
            }
        } else if (is_case) {
            cases.append(block.name, branch_json(definition, block));
        } else {
            out.append(block.name, branch_json(definition, block));
        }
    }
    if (!cases.empty()) {
        out.append("cases", Value(std::move(cases)));
    }
    return Value(std::move(out));
}

}  // namespace

std::string_view status_name(RunStatus status) {
    for (const auto& [known, name] : kStatusNames) {
        if (known == status) {
            return name;
        }
    }
    return "Unknown";
}

RunStatus status_from_name(std::string_view name) {
    for (const auto& [status, known] : kStatusNames) {
        if (expr::equals_ignore_case(known, name)) {
            return status;
        }
    }
    return RunStatus::Pending;
}

std::optional<std::size_t> Definition::find(std::string_view name) const {
    const auto found = index.find(expr::to_lower(name));
    return found == index.end() ? std::nullopt : std::optional(found->second);
}

const Parameter* Definition::parameter(std::string_view name) const {
    for (const Parameter& parameter : parameters) {
        if (expr::equals_ignore_case(parameter.name, name)) {
            return &parameter;
        }
    }
    return nullptr;
}

bool Definition::startable() const {
    return std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.severity == Finding::Severity::Error;
    });
}

Value definition_json(const Definition& definition) {
    Object out = *definition.rest.if_object();
    out.append("actions", actions_json(definition, definition.root));
    return Value(std::move(out));
}

}  // namespace qd::automation
