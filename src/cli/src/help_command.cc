#include "qd/cli/commands.h"
#include "qd/kql/engine.h"

#include <cstdio>

namespace qd::cli {

int help_function(const std::string& name) {
    bool found = false;
    for (const kql::FunctionDoc& doc : kql::function_docs()) {
        if (name.empty()) {
            std::printf("%-9.*s %.*s\n", static_cast<int>(doc.kind.size()), doc.kind.data(),
                        static_cast<int>(doc.name.size()), doc.name.data());
            found = true;
        } else if (doc.name == name) {
            std::printf("%.*s function\n\n  %.*s\n\n%.*s\n", static_cast<int>(doc.kind.size()),
                        doc.kind.data(), static_cast<int>(doc.signature.size()),
                        doc.signature.data(), static_cast<int>(doc.doc.size()), doc.doc.data());
            found = true;
        }
    }
    if (!found) {
        std::fprintf(stderr, "qd: there is no function named %s; `qd help` lists them all\n",
                     name.c_str());
        return 1;
    }
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
