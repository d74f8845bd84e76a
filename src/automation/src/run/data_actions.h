#pragma once

#include "run/run_context.h"

namespace qd::automation::run {

/// What an action led to.
struct Outcome {
    RunStatus status = RunStatus::Succeeded;
    Value inputs;
    Value outputs;
    std::string code = "OK";
    std::string error;
    Array variables;  // changes, see RunState

    static Outcome failed(std::string code, std::string message) {
        Outcome out;
        out.status = RunStatus::Failed;
        out.code = std::move(code);
        out.error = std::move(message);
        return out;
    }
};

/// Runs an action that needs nothing from outside: variables, Compose, ParseJson, Select, Query,
/// Join, Table, Response, Terminate. Pure but for the context; changes nothing itself.
Outcome run_data_action(const Action& action, RunContext& context, RunState& state);

/// Whether the value obeys the schema; if not, where and why. The keywords that the designer
/// writes: type, properties, required, items, enum, minimum, maximum, minLength, maxLength,
/// pattern-free formats are not judged. Source: JSON Schema draft 4.
std::optional<std::string> schema_violation(const Value& value, const Value& schema);

}  // namespace qd::automation::run
