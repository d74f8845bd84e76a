// libFuzzer: any bytes are a query or a diagnostic; what parses prints to text of the same tree,
// and the linter never makes a query worse.
#include "qd/kql/lint.h"
#include "qd/kql/parser.h"
#include "qd/kql/printer.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const qd::kql::LintReport report = qd::kql::lint(text);
    const qd::kql::ParseResult first = qd::kql::parse(text);
    if (first.ok() && !report.corrected.empty() && !qd::kql::parse(report.corrected).ok()) {
        std::abort();
    }
    if (!first.ok()) {
        for (const qd::kql::Diagnostic& d : first.diagnostics) {
            if (qd::kql::render_caret(text, d).empty()) {
                std::abort();
            }
        }
        return 0;
    }
    if (first.script.command != nullptr) {
        return 0;
    }
    const std::string printed = qd::kql::format_script(first.script);
    const qd::kql::ParseResult second = qd::kql::parse(printed);
    if (!second.ok() || !qd::kql::same_tree(first.script, second.script)) {
        std::abort();
    }
    return 0;
}
