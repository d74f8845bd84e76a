#include "qd/automation/expression.h"
#include "qd/codec/json.h"

#include <cstring>
#include <fstream>
#include <iostream>
#include <string>

// Runs a pack of workflow expressions. Each line of the file is a JSON object with `expr` and
// either `value` (the expected result) or `error` (it must fail; the text is advisory).
//   qd_expressions_conformance FILE [--failures]
// Cases that need a function the engine refuses by name (XML) count as skipped.

namespace {

struct Counts {
    int passed = 0;
    int failed = 0;
    int skipped = 0;
};

void run_case(const qd::Value& entry, bool show, Counts& counts) {
    const std::string expr(entry.get("expr")->string_or({}));
    const bool wants_error = entry.get("error") != nullptr;
    const auto compiled = qd::automation::Template::compile(qd::Value(expr));
    const auto context = qd::automation::make_empty_context();
    const qd::Result<qd::Value> result = compiled.ok() ? compiled.value().evaluate(*context)
                                                       : qd::Result<qd::Value>(compiled.error());
    if (!result.ok() && result.error().code() == qd::Code::Unimplemented) {
        ++counts.skipped;
        return;
    }
    const qd::Value* expected = entry.get("value");
    bool good = false;
    if (wants_error) {
        good = !result.ok();
    } else if (result.ok() && expected != nullptr) {
        // Through text, so that decimals compare as the numbers they are printed as.
        auto printed = qd::automation::stringify(qd::Value(qd::Array{result.value()}));
        auto back = printed.ok() ? qd::codec::parse_json(printed.value())
                                 : qd::Result<qd::Value>(printed.error());
        good = back.ok() && back.value() == qd::Value(qd::Array{*expected});
    }
    good ? ++counts.passed : ++counts.failed;
    if (!good && show) {
        std::cout << "FAILED " << entry.get("id")->string_or({}) << "  " << expr << "\n  expected "
                  << (wants_error ? "an error" : qd::codec::to_json(*expected)) << "\n  got      "
                  << (result.ok() ? qd::codec::to_json(result.value()) : result.error().text())
                  << "\n";
    }
}

}  // namespace

int main(int argc, char** argv) {
    bool show = false;
    const char* path = nullptr;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--failures") == 0) {
            show = true;
        } else {
            path = argv[i];
        }
    }
    if (path == nullptr) {
        std::cerr << "usage: qd_expressions_conformance FILE [--failures]\n";
        return 2;
    }
    std::ifstream file(path);
    if (!file) {
        std::cerr << "cannot read " << path << "\n";
        return 2;
    }
    Counts counts;
    std::string line;
    while (std::getline(file, line)) {
        const auto entry = qd::codec::parse_json(line);
        if (!entry.ok() || entry.value().get("expr") == nullptr) {
            std::cerr << "not a case: " << line.substr(0, 80) << "\n";
            ++counts.failed;
            continue;
        }
        run_case(entry.value(), show, counts);
    }
    std::cout << counts.passed << " passed, " << counts.failed << " failed, " << counts.skipped
              << " skipped\n";
    return counts.failed == 0 ? 0 : 1;
}
