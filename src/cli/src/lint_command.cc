#include "lint_report.h"
#include "qd/base/files.h"
#include "qd/cli/commands.h"
#include "qd/workspace/table.h"
#include "server_client.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
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

/// The files named, directories replaced by the queries in them, in the order of their names.
Result<std::vector<std::string>> files_of(const std::vector<std::string>& named) {
    namespace fs = std::filesystem;
    std::vector<std::string> out;
    for (const std::string& path : named) {
        std::error_code failed;
        if (path == "-" || !fs::is_directory(path, failed)) {
            out.push_back(path);
            continue;
        }
        std::vector<std::string> found;
        for (fs::recursive_directory_iterator it(path, failed), end; !failed && it != end;
             it.increment(failed)) {
            const fs::path& file = it->path();
            if (it->is_regular_file(failed) &&
                (file.extension() == ".kql" || file.extension() == ".csl")) {
                found.push_back(file.string());
            }
        }
        if (failed) {
            return Error(Code::NotFound, "CLI0009",
                         "cannot read the directory " + path + ": " + failed.message());
        }
        if (found.empty()) {
            return Error(Code::NotFound, "CLI0013", "no .kql or .csl files in " + path);
        }
        std::sort(found.begin(), found.end());
        out.insert(out.end(), found.begin(), found.end());
    }
    return out;
}

Result<std::string> read_text(const std::string& path) {
    if (path == "-") {
        return std::string(std::istreambuf_iterator<char>(std::cin), {});
    }
    RealFiles files;
    return files.read(path);
}

void print_corrected(const LintedFile& file) {
    const std::string& out = file.report.corrected.empty() ? file.text : file.report.corrected;
    std::fputs(out.c_str(), stdout);
    if (!out.empty() && out.back() != '\n') {
        std::fputc('\n', stdout);
    }
}

bool is_bad(const LintedFile& file) {
    return std::any_of(file.report.findings.begin(), file.report.findings.end(),
                       [](const auto& f) { return f.severity != kql::Severity::Info; });
}

}  // namespace

int run_lint(const LintCommand& command) {
    const kql::LintOptions options = known_tables();
    const auto paths = files_of(command.files);
    if (!paths.ok()) {
        return report(paths.error());
    }
    std::vector<LintedFile> linted;
    for (const std::string& path : paths.value()) {
        auto text = read_text(path);
        if (!text.ok()) {
            return report(text.error());
        }
        kql::LintReport found = kql::lint(text.value(), options);
        linted.push_back(
            {.path = path, .text = std::move(text.value()), .report = std::move(found)});
    }
    if (command.fix) {
        std::for_each(linted.begin(), linted.end(), print_corrected);
        return 0;
    }
    const std::string out = command.format == "sarif"  ? lint_sarif(linted)
                            : command.format == "json" ? lint_json(linted)
                                                       : lint_text(linted);
    std::fputs(out.c_str(), stdout);
    return std::any_of(linted.begin(), linted.end(), is_bad) ? 1 : 0;
}

}  // namespace qd::cli
