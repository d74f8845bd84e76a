// Management commands over the workspace. A command that is in none of the families' tables is
// refused by its words, never half done.
#include "commands.h"

namespace qd::query {

Result<kql::ResultTable> run_command(const kql::Command& command, const CommandContext& context) {
    for (const auto& family :
         {table_commands(), function_commands(), schema_commands(), ingest_commands(),
          policy_commands(), mapping_commands(), view_commands(), operation_commands()}) {
        for (const CommandEntry& entry : family) {
            if (entry.kind == command.kind) {
                return entry.handler(command, context);
            }
        }
    }
    std::string words;
    for (const std::string& word : command.words) {
        words += (words.empty() ? "." : " ") + word;
    }
    return Error(Code::Unimplemented, "QRY0020", "this management command is not served: " + words);
}

}  // namespace qd::query
