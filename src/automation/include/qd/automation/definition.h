#pragma once

#include "qd/automation/expression.h"
#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/codec/value.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace qd::automation {

/// Something the loader has to say about a definition. An Error keeps the workflow from starting.
struct Finding {
    enum class Severity { Error, Warning, Info };
    Severity severity = Severity::Error;
    std::string id;    // AUT0101 and so on
    std::string path;  // JSON pointer into the definition: "/actions/Send_mail/inputs"
    std::string message;
};

/// Statuses of steps and runs. Bits, so that a run-after list is a mask.
enum class RunStatus : std::uint8_t {
    Pending = 0,
    Running = 1,
    Waiting = 2,
    Succeeded = 4,
    Failed = 8,
    Skipped = 16,
    TimedOut = 32,
    Cancelled = 64,
};
std::string_view status_name(RunStatus status);
/// Any case. Pending when the text names none.
RunStatus status_from_name(std::string_view name);
inline bool is_finished(RunStatus status) {
    return static_cast<std::uint8_t>(status) >= 4;
}

enum class ActionType : std::uint8_t {
    Unsupported,
    Http,
    Compose,
    InitializeVariable,
    SetVariable,
    IncrementVariable,
    DecrementVariable,
    AppendToArrayVariable,
    AppendToStringVariable,
    ParseJson,
    Select,
    Query,
    Join,
    Table,
    Response,
    Terminate,
    Wait,
    Scope,
    If,
    Switch,
    Foreach,
    Until,
};

struct RunAfter {
    std::size_t action = 0;     // index into Definition::actions
    std::uint8_t statuses = 0;  // mask of RunStatus
};

/// The actions of one container: the workflow itself, a scope, one branch, one case, a loop's body.
struct Block {
    std::string name;                  // of a case; "actions", "else", "default" otherwise
    Template match;                    // of a case
    std::vector<std::size_t> actions;  // every action behind its predecessors
    std::vector<std::size_t> leaves;   // those nothing runs after
    Value rest;  // of a case, "else" and "default": the object without `actions`
};

struct RetryPolicy {
    enum class Type { None, Fixed, Exponential };
    Type type = Type::Exponential;
    std::int64_t count = 4;
    Ticks interval{75 * Ticks::kSecond / 10};
    Ticks least{5 * Ticks::kSecond};
    Ticks most{45 * Ticks::kSecond};
};

struct Action {
    std::string name;
    std::string type_name;
    ActionType type = ActionType::Unsupported;
    std::string pointer;  // JSON pointer
    std::vector<RunAfter> run_after;
    Value run_after_written;  // null: none stood there
    Template inputs;
    /// If, Until: the condition; Switch: the value; Foreach: the array; Select: the map; Query: the
    /// filter.
    Template expression;
    Template authentication;  // of Http: evaluated for each call, never recorded
    bool has_authentication = false;
    std::vector<Block> blocks;        // If: then, else; Switch: cases…, default; others: one
    std::vector<std::size_t> owners;  // enclosing containers, outermost first
    std::size_t block_of_owner = 0;   // which block of owners.back() holds this
    RetryPolicy retry;
    bool secure_inputs = false;
    bool secure_outputs = false;
    std::int64_t concurrency = 20;  // of Foreach
    std::int64_t limit_count = 60;  // of Until
    Ticks limit_timeout{Ticks::kHour};
    bool has_timeout = false;
    bool fail_when_limits_reached = false;
    bool asynchronous_pattern = true;  // of Http: follow 202 with Location
    Value rest;                        // the action object without runAfter and nested actions

    bool is_loop() const { return type == ActionType::Foreach || type == ActionType::Until; }
};

struct Parameter {
    std::string name;
    std::string type;
    bool secure = false;
    std::optional<Value> value;
};

struct Trigger {
    std::string name;
    std::string type;
    bool validate_schema = false;
    bool secure_outputs = false;
    Value schema;
    std::vector<Template> conditions;
};

/// A workflow, parsed, checked and compiled. Immutable once loaded. Threads: any.
struct Definition {
    std::vector<Action> actions;
    Block root;
    std::vector<Parameter> parameters;
    std::optional<Trigger> trigger;
    bool enabled = true;
    std::vector<Finding> findings;
    Value rest;                                          // the definition without `actions`
    std::unordered_map<std::string, std::size_t> index;  // lower-case name -> action

    /// Any case. Nothing when there is no such action.
    std::optional<std::size_t> find(std::string_view name) const;
    const Parameter* parameter(std::string_view name) const;
    bool startable() const;
};

/// Reads a bare definition, {"definition": …} (Standard's workflow.json) or an ARM resource with
/// `properties`. What the engine cannot run is a finding, not an error.
/// Errors: InvalidArgument AUT0001 when there is no definition in the document.
///
/// Findings: AUT0101 action type unsupported, AUT0102 name used twice, AUT0103 predecessor unknown
/// or in another container, AUT0104 cycle, AUT0105 limit of the platform exceeded, AUT0106 variable
/// initialised below the root, AUT0107 reference to an unknown action, variable, parameter or loop,
/// AUT0108 unknown function, AUT0109 function this engine does not evaluate, AUT0110 unresolved
/// template expression of ARM, AUT0111 malformed part, AUT0112 trigger unsupported, AUT0113
/// authentication unsupported, AUT0114 setting ignored, AUT0115 expression does not parse, AUT0120
/// loop runs sequentially because it writes a variable.
Result<Definition> load_definition(const Value& document);

/// The definition as it would be written: equal, as JSON, to the one that was read.
Value definition_json(const Definition& definition);

}  // namespace qd::automation
