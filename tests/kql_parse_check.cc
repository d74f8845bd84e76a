// Parses every query of JSONL files ("query", optionally "id" and "error": true for those that
// may be refused) and prints "N passed, N failed". --failures lists what failed, --roundtrip also
// prints each tree and parses the text again, which must give the same text.
#include "qd/codec/json.h"
#include "qd/kql/parser.h"
#include "qd/kql/printer.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace {

struct Counts {
    int passed = 0;
    int failed = 0;
};

// Empty when the query parses (and survives the round trip), else why not.
std::string check(const std::string& query, bool roundtrip) {
    const qd::kql::ParseResult first = qd::kql::parse(query);
    if (!first.ok()) {
        std::string why;
        for (const qd::kql::Diagnostic& d : first.diagnostics) {
            why += qd::kql::render_caret(query, d);
        }
        return why;
    }
    if (!roundtrip || first.script.command != nullptr) {
        return {};
    }
    const std::string text = qd::kql::format_script(first.script);
    const qd::kql::ParseResult second = qd::kql::parse(text);
    if (!second.ok()) {
        return "printed text does not parse: " +
               qd::kql::render_caret(text, second.diagnostics[0]) + text + "\n";
    }
    if (!qd::kql::same_tree(first.script, second.script)) {
        return "printed text has another tree:\n" + text + "\n--- again:\n" +
               qd::kql::format_script(second.script) + "\n";
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    bool failures = false;
    bool roundtrip = false;
    Counts counts;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--failures") == 0) {
            failures = true;
            continue;
        }
        if (std::strcmp(argv[i], "--roundtrip") == 0) {
            roundtrip = true;
            continue;
        }
        std::ifstream file(argv[i]);
        if (!file) {
            std::fprintf(stderr, "cannot read %s\n", argv[i]);
            return 2;
        }
        std::string line;
        int number = 0;
        while (std::getline(file, line)) {
            ++number;
            const auto record = qd::codec::parse_json(line);
            if (!record.ok() || record.value().get("query") == nullptr) {
                continue;
            }
            const qd::Value& value = record.value();
            const std::string query(value.get("query")->string_or(""));
            const bool may_fail =
                value.get("error") != nullptr && value.get("error")->bool_or(false);
            const std::string why = check(query, roundtrip);
            if (why.empty() || may_fail) {
                ++counts.passed;
                continue;
            }
            ++counts.failed;
            if (failures) {
                const qd::Value* id = value.get("id");
                std::printf("FAIL %s:%d %s\n%s\n", argv[i], number,
                            id == nullptr ? "" : std::string(id->string_or("")).c_str(),
                            why.c_str());
            }
        }
    }
    std::printf("%d passed, %d failed\n", counts.passed, counts.failed);
    return counts.failed == 0 ? 0 : 1;
}
