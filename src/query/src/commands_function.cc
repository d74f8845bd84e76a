// Stored functions.
#include "command_parts.h"
#include "command_tables.h"

#include <algorithm>

namespace qd::query {

using columns::DataType;
using kql::Command;
using kql::CommandKind;

namespace {

kql::ResultTable function_rows(std::span<const workspace::FunctionText> functions) {
    ResultRows rows({{"Name", DataType::String},
                     {"Parameters", DataType::String},
                     {"Body", DataType::String},
                     {"Folder", DataType::String},
                     {"DocString", DataType::String}});
    for (const workspace::FunctionText& function : functions) {
        rows.add({function.name, function.parameters.empty() ? "()" : function.parameters,
                  "{" + function.body + "}", function.folder, function.doc});
    }
    return rows.finish();
}

auto find(const std::vector<workspace::FunctionText>& functions, std::string_view name) {
    return std::find_if(functions.begin(), functions.end(),
                        [&](const auto& one) { return one.name == name; });
}

Result<kql::ResultTable> put_function(const Command& command, const CommandContext& context) {
    workspace::FunctionText function{.name = command.names.at(0).text,
                                     .parameters = command.parameters_text,
                                     .body = command.body_text,
                                     .folder = property_text(command, "folder"),
                                     .doc = property_text(command, "docstring"),
                                     .is_view = property_is_true(command, "view")};
    const std::vector<workspace::FunctionText> existing = context.workspace.functions();
    const bool known = find(existing, function.name) != existing.end();
    if (command.kind == CommandKind::CreateFunction && known) {
        if (command.has_choice("ifnotexists")) {
            return function_rows(std::span(&*find(existing, function.name), 1));
        }
        return Error(Code::AlreadyExists, "QRY0021",
                     "there is a function of that name: " + function.name);
    }
    if (command.kind == CommandKind::AlterFunction && !known) {
        return Error(Code::NotFound, "QRY0022", "there is no function named " + function.name);
    }
    QD_CHECK_OK(context.workspace.put_function(function));
    return function_rows(std::span(&function, 1));
}

Result<kql::ResultTable> drop_function(const Command& command, const CommandContext& context) {
    ResultRows rows({{"Name", DataType::String}});
    const auto existing = context.workspace.functions();
    if (command.has_choice("ifexists") &&
        find(existing, command.names.at(0).text) == existing.end()) {
        return rows.finish();
    }
    QD_CHECK_OK(context.workspace.drop_function(command.names.at(0).text));
    rows.add({command.names.at(0).text});
    return rows.finish();
}

Result<kql::ResultTable> show_functions(const Command& command, const CommandContext& context) {
    std::vector<workspace::FunctionText> functions = context.workspace.functions();
    if (command.kind == CommandKind::ShowFunction) {
        const std::string& name = command.names.at(0).text;
        std::erase_if(functions, [&](const auto& one) { return one.name != name; });
        if (functions.empty()) {
            return Error(Code::NotFound, "QRY0022", "there is no function named " + name);
        }
    }
    return function_rows(functions);
}

/// .alter function f docstring|folder "…"
Result<kql::ResultTable> alter_function_text(const Command& command,
                                             const CommandContext& context) {
    const auto existing = context.workspace.functions();
    const auto at = find(existing, command.names.at(0).text);
    if (at == existing.end()) {
        return Error(Code::NotFound, "QRY0022",
                     "there is no function named " + command.names.at(0).text);
    }
    workspace::FunctionText function = *at;
    QD_TRY(std::string text, value_text(command, 0));
    (command.kind == CommandKind::AlterFunctionFolder ? function.folder : function.doc) =
        std::move(text);
    QD_CHECK_OK(context.workspace.put_function(function));
    return function_rows(std::span(&function, 1));
}

constexpr CommandEntry kEntries[] = {
    {CommandKind::CreateFunction, put_function},
    {CommandKind::CreateOrAlterFunction, put_function},
    {CommandKind::AlterFunction, put_function},
    {CommandKind::AlterFunctionDocstring, alter_function_text},
    {CommandKind::AlterFunctionFolder, alter_function_text},
    {CommandKind::DropFunction, drop_function},
    {CommandKind::ShowFunctions, show_functions},
    {CommandKind::ShowFunction, show_functions},
};

}  // namespace

std::span<const CommandEntry> function_commands() {
    return kEntries;
}

}  // namespace qd::query
