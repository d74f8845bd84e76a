#include "qd/base/files.h"
#include "qd/cli/commands.h"
#include "qd/kql/lint.h"
#include "qd/workspace/table.h"
#include "server_client.h"

#include <cstdio>
#include <iostream>
#include <iterator>

namespace qd::cli {

namespace {

kql::LintOptions known_tables() {
    kql::LintOptions options;
    for (const workspace::TablePtr& table : workspace::built_in_tables()) {
        options.tables.emplace_back(table->name, table->schema());
    }
    return options;
}

std::string_view severity_name(kql::Severity severity) {
    return severity == kql::Severity::Error     ? "error"
           : severity == kql::Severity::Warning ? "warning"
                                                : "info";
}

/// Prints one file's findings; true when there is an error or a warning among them.
bool print_findings(const std::string& name, const std::string& text,
                    const kql::LintReport& found) {
    bool bad = false;
    for (const kql::Finding& finding : found.findings) {
        bad = bad || finding.severity != kql::Severity::Info;
        const kql::Diagnostic diagnostic{.severity = finding.severity,
                                         .code = finding.id,
                                         .ks_code = "",
                                         .message = finding.message,
                                         .span = finding.span};
        std::printf("%s: %s, %s\n", name.c_str(),
                    std::string(severity_name(finding.severity)).c_str(),
                    kql::render_caret(text, diagnostic).c_str());
        if (!finding.fix.empty()) {
            std::printf("  write: %s\n", finding.fix.c_str());
        }
        std::printf("\n");
    }
    if (!found.corrected.empty()) {
        std::printf("%s, corrected:\n%s\n", name.c_str(), found.corrected.c_str());
    }
    return bad;
}

}  // namespace

int run_lint(const LintCommand& command) {
    const kql::LintOptions options = known_tables();
    RealFiles files;
    bool bad = false;
    for (const std::string& path : command.files) {
        Result<std::string> text =
            path == "-"
                ? Result<std::string>(std::string(std::istreambuf_iterator<char>(std::cin), {}))
                : files.read(path);
        if (!text.ok()) {
            return report(text.error());
        }
        const kql::LintReport found = kql::lint(text.value(), options);
        if (command.fix) {
            const std::string& out = found.corrected.empty() ? text.value() : found.corrected;
            std::fputs(out.c_str(), stdout);
            if (!out.empty() && out.back() != '\n') {
                std::fputc('\n', stdout);
            }
        } else {
            bad = print_findings(path, text.value(), found) || bad;
        }
    }
    return bad ? 1 : 0;
}

}  // namespace qd::cli
