#pragma once

#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/columns/type.h"
#include "qd/kql/diagnostics.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qd::kql {

/// What the linter may know of the world; everything is optional.
struct LintOptions {
    /// Tables whose columns are known: names that are in none of them are then reported.
    std::vector<std::pair<std::string, columns::Schema>> tables;
    /// How far back the query can see when it runs as a rule (window times periods, or the
    /// override): a longer ago() is cut.
    std::optional<Ticks> effective_range;
};

struct TextEdit {
    TextSpan span;
    std::string replacement;
};

/// One remark. Ids are stable; docs/reference/lint.md has a section for each.
struct Finding {
    std::string id;  // "QDL0001"
    Severity severity = Severity::Warning;
    TextSpan span;
    std::string message;          // what the query really does
    std::string fix;              // what to write instead
    std::vector<TextEdit> edits;  // of the text that was linted; empty: no rewriting is safe
};

struct LintReport {
    std::vector<Finding> findings;  // by place in the text
    /// The text after every finding's rewriting; empty when no finding has one. Comments and
    /// layout of untouched parts are kept.
    std::string corrected;
};

/// Looks for queries that do not do what they seem to do (and for those the engine refuses, says
/// what was meant). Threads: pure. Source: kql.md e, alerting.md 1; the rules are in lint.md.
LintReport lint(std::string_view text, const LintOptions& options = {});

/// One line of docs and of `qd lint --rules`.
struct LintRule {
    std::string_view id;
    std::string_view title;
};
std::vector<LintRule> lint_rules();

}  // namespace qd::kql
