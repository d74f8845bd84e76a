#include "run/data_actions.h"

#include "expr/access.h"
#include "expr/compare.h"
#include "expr/text.h"
#include "qd/codec/json.h"

#include <algorithm>
#include <array>

namespace qd::automation::run {
namespace {

Outcome invalid_template(const Error& error) {
    return Outcome::failed("InvalidTemplate", error.message());
}

Outcome bad_request(std::string message) {
    return Outcome::failed("BadRequest", std::move(message));
}

const Value* get(const Value& object, std::string_view key) {
    const auto* properties = object.if_object();
    return properties == nullptr ? nullptr : expr::find_property(*properties, key);
}

std::string text_of(const Value& object, std::string_view key) {
    const Value* value = get(object, key);
    return value == nullptr ? std::string() : std::string(value->string_or({}));
}

Value body_of(Value body) {
    Object out;
    out.set("body", std::move(body));
    return Value(std::move(out));
}

Value change(std::string_view op, const std::string& name, Value value,
             std::string_view type = {}) {
    Object out;
    out.set("op", Value(op));
    out.set("name", Value(name));
    if (!type.empty()) {
        out.set("type", Value(type));
    }
    out.set("value", std::move(value));
    return Value(std::move(out));
}

/// Whether a variable of the type (lower case) takes the value; float takes integers, string and
/// array take null.
bool takes(std::string_view type, const Value& value) {
    if (type == "string") {
        return value.if_string() != nullptr || value.is_null();
    }
    if (type == "array") {
        return value.if_array() != nullptr || value.is_null();
    }
    if (type == "integer") {
        return value.if_int() != nullptr;
    }
    if (type == "float") {
        return expr::is_numeric(value);
    }
    if (type == "boolean") {
        return value.if_bool() != nullptr;
    }
    return type == "object" && (value.if_object() != nullptr || value.is_null());
}

Value initial_value(std::string_view type) {
    if (type == "array") {
        return Value(Array());
    }
    if (type == "integer") {
        return Value(0);
    }
    if (type == "float") {
        return Value(0.0);
    }
    return type == "boolean" ? Value(false) : Value();
}

Outcome initialize(const Value& inputs, RunState& state) {
    Outcome out;
    const Value* list = get(inputs, "variables");
    if (list == nullptr || list->if_array() == nullptr) {
        return bad_request("the list of variables is missing");
    }
    for (const Value& variable : *list->if_array()) {
        const std::string name = text_of(variable, "name");
        const std::string type = expr::to_lower(text_of(variable, "type"));
        const auto& known = state.variables();
        if (name.empty() || known.contains(expr::to_lower(name))) {
            return bad_request("the variable is initialised twice: " + name);
        }
        const Value* given = get(variable, "value");
        Value value = given == nullptr ? initial_value(type) : *given;
        if (given != nullptr && !takes(type, value)) {
            return bad_request("the value does not have the variable's type: " + name);
        }
        out.variables.push_back(change("set", name, std::move(value), type));
    }
    return out;
}

Outcome change_variable(const Action& action, const Value& inputs, RunState& state) {
    const std::string name = text_of(inputs, "name");
    const auto found = state.variables().find(expr::to_lower(name));
    if (found == state.variables().end()) {
        return bad_request("the variable is not initialised: " + name);
    }
    const Variable& variable = found->second;
    const Value* given = get(inputs, "value");
    Value value = given == nullptr ? Value() : *given;
    Outcome out;
    switch (action.type) {
        case ActionType::SetVariable:
            if (!takes(variable.type, value)) {
                return bad_request("the value does not have the variable's type: " + name);
            }
            out.variables.push_back(change("set", name, std::move(value)));
            return out;
        case ActionType::AppendToArrayVariable:
            if (variable.type != "array" || value.is_null() || value.if_array() != nullptr) {
                return bad_request("the value cannot be appended to the array: " + name);
            }
            out.variables.push_back(change("append", name, std::move(value)));
            return out;
        case ActionType::AppendToStringVariable: {
            auto text = stringify(value);
            if (variable.type != "string" || !text.ok()) {
                return bad_request("the value cannot be appended to the string: " + name);
            }
            const std::size_t size = variable.value.string_or({}).size() + text.value().size();
            if (const Status fits = expr::check_size(size); !fits.ok()) {
                return bad_request(fits.error().message());
            }
            out.variables.push_back(change("append", name, Value(std::move(text).value())));
            return out;
        }
        default: {
            const Value step = given == nullptr ? Value(1) : value;
            const bool down = action.type == ActionType::DecrementVariable;
            if (!expr::is_numeric(variable.value) || !expr::is_numeric(step)) {
                return bad_request("only numbers can be incremented: " + name);
            }
            Value next;
            const auto* a = variable.value.if_int();
            const auto* b = step.if_int();
            if (a != nullptr && b != nullptr) {
                std::int64_t sum = 0;
                if (down ? __builtin_sub_overflow(*a, *b, &sum)
                         : __builtin_add_overflow(*a, *b, &sum)) {
                    return bad_request("the variable overflows: " + name);
                }
                next = Value(sum);
            } else if (variable.type == "integer") {
                return bad_request("an integer variable takes integers: " + name);
            } else {
                const double delta = expr::numeric(step);
                next = Value(expr::numeric(variable.value) + (down ? -delta : delta));
            }
            out.variables.push_back(change("set", name, std::move(next)));
            return out;
        }
    }
}

Outcome parse_json_action(const Value& inputs) {
    const Value* content = get(inputs, "content");
    Value value = content == nullptr ? Value() : *content;
    std::string text;
    if (const auto* given = value.if_string()) {
        text = *given;
    } else if (expr::is_blob(value)) {
        auto bytes = expr::blob_bytes(value);
        if (!bytes.ok()) {
            return bad_request(bytes.error().message());
        }
        text = std::move(bytes).value();
    }
    if (!text.empty() || value.if_string() != nullptr) {
        auto parsed = codec::parse_json(text);
        if (!parsed.ok()) {
            return Outcome::failed("InvalidJSON", parsed.error().message());
        }
        value = std::move(parsed).value();
    }
    if (content == nullptr || value.is_null()) {
        return bad_request("there is no content to parse");
    }
    if (const Value* schema = get(inputs, "schema")) {
        if (auto wrong = schema_violation(value, *schema)) {
            return Outcome::failed("SchemaValidationFailed", *wrong);
        }
    }
    Outcome out;
    out.outputs = body_of(std::move(value));
    return out;
}

/// Select and Query: the expression once for each element.
Outcome for_each_item(const Action& action, const Value& inputs, RunContext& context) {
    const Value* from = get(inputs, "from");
    if (from == nullptr || from->if_array() == nullptr) {
        return bad_request("'from' must be an array");
    }
    Array rows;
    for (const Value& item : *from->if_array()) {
        context.set_item(&item);
        if (action.type == ActionType::Select) {
            auto row = action.expression.evaluate(context);
            if (!row.ok()) {
                return invalid_template(row.error());
            }
            rows.push_back(std::move(row).value());
        } else {
            const auto keep = action.expression.evaluate_condition(context);
            if (!keep.ok()) {
                return invalid_template(keep.error());
            }
            if (keep.value()) {
                rows.push_back(item);
            }
        }
    }
    context.set_item(nullptr);
    Outcome out;
    out.outputs = body_of(Value(std::move(rows)));
    return out;
}

Outcome join_action(const Value& inputs) {
    const Value* from = get(inputs, "from");
    if (from == nullptr || from->if_array() == nullptr) {
        return bad_request("'from' must be an array");
    }
    const std::string separator = text_of(inputs, "joinWith");
    std::string text;
    bool first = true;
    for (const Value& item : *from->if_array()) {
        if (!first) {
            text += separator;
        }
        first = false;
        if (const Status added = expr::append_text(text, item); !added.ok()) {
            return bad_request(added.error().message());
        }
    }
    Outcome out;
    out.outputs = body_of(Value(std::move(text)));
    return out;
}

std::string html_cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else if (c == '&') {
            out += "&amp;";
        } else if (c == '"') {
            out += "&quot;";
        } else {
            out += c;
        }
    }
    return out;
}

std::string csv_cell(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
        return text;
    }
    std::string out = "\"";
    for (const char c : text) {
        out += c;
        if (c == '"') {
            out += '"';
        }
    }
    return out + "\"";
}

struct Grid {
    std::vector<std::string> headers;
    std::vector<std::vector<std::string>> rows;
};

/// Without columns: the union of the elements' keys in the order they are first seen.
Result<Grid> plain_grid(const Array& from) {
    Grid grid;
    for (const Value& item : from) {
        if (const auto* object = item.if_object()) {
            for (const auto& [key, value] : *object) {
                if (std::find(grid.headers.begin(), grid.headers.end(), key) ==
                    grid.headers.end()) {
                    grid.headers.push_back(key);
                }
            }
        }
    }
    for (const Value& item : from) {
        std::vector<std::string> row;
        for (const std::string& key : grid.headers) {
            const Value* value = item.get(key);
            QD_TRY(std::string text, stringify(value == nullptr ? Value() : *value));
            row.push_back(std::move(text));
        }
        grid.rows.push_back(std::move(row));
    }
    return grid;
}

Result<Grid> column_grid(const Action& action, const Array& from, RunContext& context) {
    Grid grid;
    for (const Value& item : from) {
        context.set_item(&item);
        QD_TRY(const Value columns, action.expression.evaluate(context));
        const auto* list = columns.if_array();
        if (list == nullptr) {
            return Error(Code::InvalidArgument, "AUT0204", "'columns' must be an array");
        }
        std::vector<std::string> row;
        const bool first = grid.rows.empty();
        for (const Value& column : *list) {
            const Value* header = get(column, "header");
            const Value* value = get(column, "value");
            if (first) {
                QD_TRY(std::string text, stringify(header == nullptr ? Value() : *header));
                grid.headers.push_back(std::move(text));
            }
            QD_TRY(std::string text, stringify(value == nullptr ? Value() : *value));
            row.push_back(std::move(text));
        }
        grid.rows.push_back(std::move(row));
    }
    context.set_item(nullptr);
    return grid;
}

Outcome table_action(const Action& action, const Value& inputs, RunContext& context) {
    const Value* from = get(inputs, "from");
    if (from == nullptr || from->if_array() == nullptr) {
        return bad_request("'from' must be an array");
    }
    const auto grid = action.rest.at({"inputs", "columns"}) == nullptr
                          ? plain_grid(*from->if_array())
                          : column_grid(action, *from->if_array(), context);
    if (!grid.ok()) {
        return invalid_template(grid.error());
    }
    std::string text;
    if (expr::equals_ignore_case(text_of(inputs, "format"), "CSV")) {
        const auto line = [&](const std::vector<std::string>& cells) {
            for (std::size_t i = 0; i < cells.size(); ++i) {
                text += (i > 0 ? "," : "") + csv_cell(cells[i]);
            }
            text += "\r\n";
        };
        line(grid.value().headers);
        for (const auto& row : grid.value().rows) {
            line(row);
        }
    } else {
        const auto line = [&](const std::vector<std::string>& cells, std::string_view tag) {
            text += "<tr>";
            for (const std::string& cell : cells) {
                text +=
                    "<" + std::string(tag) + ">" + html_cell(cell) + "</" + std::string(tag) + ">";
            }
            text += "</tr>";
        };
        text = "<table><thead>";
        line(grid.value().headers, "th");
        text += "</thead><tbody>";
        for (const auto& row : grid.value().rows) {
            line(row, "td");
        }
        text += "</tbody></table>";
    }
    Outcome out;
    out.outputs = body_of(Value(std::move(text)));
    return out;
}

Outcome response_action(const Value& inputs) {
    const Value* given = get(inputs, "statusCode");
    std::int64_t status = given == nullptr ? 200 : given->int_or(0);
    if (given != nullptr && given->if_string() != nullptr) {
        status = std::atoll(given->if_string()->c_str());
    }
    const bool allowed = (status >= 200 && status < 300) || (status >= 400 && status < 600);
    if (!allowed) {
        return bad_request("the status of a response must be 2xx, 4xx or 5xx");
    }
    Outcome out;
    out.outputs = inputs;
    return out;
}

Outcome terminate_action(const Value& inputs) {
    const RunStatus status = status_from_name(text_of(inputs, "runStatus"));
    if (status != RunStatus::Failed && status != RunStatus::Succeeded &&
        status != RunStatus::Cancelled) {
        return bad_request("'runStatus' must be Failed, Succeeded or Cancelled");
    }
    Object outputs;
    outputs.set("runStatus", Value(status_name(status)));
    if (const Value* error = get(inputs, "runError")) {
        outputs.set("code", Value(text_of(*error, "code")));
        outputs.set("message", Value(text_of(*error, "message")));
    }
    Outcome out;
    out.outputs = Value(std::move(outputs));
    return out;
}

}  // namespace

Outcome run_data_action(const Action& action, RunContext& context, RunState& state) {
    auto evaluated = action.inputs.evaluate(context);
    if (!evaluated.ok()) {
        return invalid_template(evaluated.error());
    }
    Value inputs = std::move(evaluated).value();
    Outcome out;
    switch (action.type) {
        case ActionType::Compose:
            out.outputs = inputs;
            break;
        case ActionType::InitializeVariable:
            out = initialize(inputs, state);
            break;
        case ActionType::SetVariable:
        case ActionType::IncrementVariable:
        case ActionType::DecrementVariable:
        case ActionType::AppendToArrayVariable:
        case ActionType::AppendToStringVariable:
            out = change_variable(action, inputs, state);
            break;
        case ActionType::ParseJson:
            out = parse_json_action(inputs);
            break;
        case ActionType::Select:
        case ActionType::Query:
            out = for_each_item(action, inputs, context);
            break;
        case ActionType::Join:
            out = join_action(inputs);
            break;
        case ActionType::Table:
            out = table_action(action, inputs, context);
            break;
        case ActionType::Response:
            out = response_action(inputs);
            break;
        case ActionType::Terminate:
            out = terminate_action(inputs);
            break;
        default:
            out = Outcome::failed("NotSupported", "the action's type is not supported");
    }
    out.inputs = std::move(inputs);
    return out;
}

}  // namespace qd::automation::run
