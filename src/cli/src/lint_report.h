#pragma once

#include "qd/kql/lint.h"

#include <string>
#include <vector>

namespace qd::cli {

/// What was found in one file.
struct LintedFile {
    std::string path;  // as it was given; "-" for standard input
    std::string text;
    kql::LintReport report;
};

/// For people: the finding, the line, a caret, what to write.
std::string lint_text(const std::vector<LintedFile>& files);
/// One array; places count from line 1, column 1 (in characters).
std::string lint_json(const std::vector<LintedFile>& files);
/// For code scanning. Source: OASIS SARIF 2.1.0.
std::string lint_sarif(const std::vector<LintedFile>& files);

}  // namespace qd::cli
