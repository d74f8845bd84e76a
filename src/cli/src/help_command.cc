#include "qd/cli/commands.h"
#include "qd/codec/json.h"
#include "qd/kql/engine.h"

#include <cstdio>

namespace qd::cli {

namespace {

std::string as_text(const kql::FunctionDoc& doc) {
    return std::string(doc.kind) + " function\n\n  " + std::string(doc.signature) + "\n\n" +
           std::string(doc.doc) + "\n";
}

std::string as_name(const kql::FunctionDoc& doc) {
    std::string line(doc.kind);
    line.resize(10, ' ');
    return line + std::string(doc.name) + "\n";
}

Value as_object(const kql::FunctionDoc& doc) {
    Object out;
    out.set("name", doc.name);
    out.set("kind", doc.kind);
    out.set("signature", doc.signature);
    out.set("description", doc.doc);
    return Value(std::move(out));
}

/// Text in a cell of a Markdown table.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c == '|' ? "\\|" : std::string(1, c);
    }
    return out;
}

/// The reference page: one section a kind, one table row a function.
std::string as_page(const std::vector<kql::FunctionDoc>& docs) {
    std::string out =
        "# KQL functions\n\nMade by `./dev docs` from the functions' own descriptors; "
        "`qd help NAME` prints one.\n";
    for (const std::string_view kind : {"scalar", "aggregate", "plugin"}) {
        out += "\n## " + std::string(kind) + "\n\n| signature | what it gives |\n|---|---|\n";
        for (const kql::FunctionDoc& doc : docs) {
            if (doc.kind == kind) {
                out += "| `" + cell(doc.signature) + "` | " + cell(doc.doc) + " |\n";
            }
        }
    }
    return out;
}

}  // namespace

int run_help(const HelpCommand& command) {
    std::vector<kql::FunctionDoc> docs = kql::function_docs();
    if (!command.function.empty()) {
        std::erase_if(docs, [&](const auto& doc) { return doc.name != command.function; });
    }
    if (docs.empty()) {
        std::fprintf(stderr, "qd: there is no function named %s; `qd help` lists them all\n",
                     command.function.c_str());
        return 1;
    }
    std::string out;
    if (command.format == "markdown") {
        out = as_page(docs);
    } else if (command.format == "json") {
        Array functions;
        for (const kql::FunctionDoc& doc : docs) {
            functions.push_back(as_object(doc));
        }
        out = codec::to_json(Value(std::move(functions))) + "\n";
    } else {
        for (const kql::FunctionDoc& doc : docs) {
            out += command.function.empty() ? as_name(doc) : as_text(doc);
        }
    }
    std::fputs(out.c_str(), stdout);
    return 0;
}

int print_completion() {
    std::fputs(
        "_qd() {\n"
        "    local words='query ingest records lint explain tables rules alerts runs help "
        "completion'\n"
        "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
        "        COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[1]}\"))\n"
        "    else\n"
        "        COMPREPLY=($(compgen -f -- \"${COMP_WORDS[$COMP_CWORD]}\"))\n"
        "    fi\n"
        "}\n"
        "complete -F _qd qd\n",
        stdout);
    return 0;
}

}  // namespace qd::cli
