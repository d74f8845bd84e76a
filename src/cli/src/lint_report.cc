#include "lint_report.h"

#include "qd/codec/json.h"

#include <algorithm>

namespace qd::cli {

namespace {

std::string_view severity_name(kql::Severity severity) {
    return severity == kql::Severity::Error     ? "error"
           : severity == kql::Severity::Warning ? "warning"
                                                : "info";
}

struct Place {
    std::int64_t line = 1;
    std::int64_t column = 1;
};

Place place_of(std::string_view text, std::size_t offset) {
    Place place;
    for (const char c : text.substr(0, std::min(offset, text.size()))) {
        if (c == '\n') {
            ++place.line;
            place.column = 1;
        } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {  // a character's first byte
            ++place.column;
        }
    }
    return place;
}

Value region(std::string_view text, TextSpan span) {
    const Place begin = place_of(text, span.offset);
    const Place end = place_of(text, std::size_t{span.offset} + span.length);
    Object out;
    out.set("startLine", begin.line);
    out.set("startColumn", begin.column);
    out.set("endLine", end.line);
    out.set("endColumn", end.column);
    return Value(std::move(out));
}

Value message(std::string_view text) {
    Object out;
    out.set("text", text);
    return Value(std::move(out));
}

/// Addresses have forward slashes and no characters that need escaping.
std::string uri_of(std::string_view path) {
    constexpr std::string_view kPlain = "/-._~:@!$&'()*+,;=";
    std::string out;
    for (const char c : path == "-" ? std::string_view("stdin") : path) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || kPlain.find(c) != std::string_view::npos;
        if (plain) {
            out += c;
        } else {
            constexpr std::string_view kHex = "0123456789ABCDEF";
            const auto byte = static_cast<unsigned char>(c);
            out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
        }
    }
    return out;
}

Value artifact(const LintedFile& file) {
    Object out;
    out.set("uri", uri_of(file.path));
    return Value(std::move(out));
}

Value sarif_fix(const LintedFile& file, const kql::Finding& finding) {
    Array replacements;
    for (const kql::TextEdit& edit : finding.edits) {
        Object one;
        one.set("deletedRegion", region(file.text, edit.span));
        one.set("insertedContent", message(edit.replacement));
        replacements.push_back(std::move(one));
    }
    Object change;
    change.set("artifactLocation", artifact(file));
    change.set("replacements", std::move(replacements));
    Object out;
    out.set("description", message(finding.fix.empty() ? "Rewrite it" : finding.fix));
    out.set("artifactChanges", Array{Value(std::move(change))});
    return Value(std::move(out));
}

Value sarif_result(const LintedFile& file, const kql::Finding& finding) {
    Object physical;
    physical.set("artifactLocation", artifact(file));
    physical.set("region", region(file.text, finding.span));
    Object location;
    location.set("physicalLocation", std::move(physical));
    Object out;
    out.set("ruleId", finding.id);
    out.set("level",
            finding.severity == kql::Severity::Info ? "note" : severity_name(finding.severity));
    out.set("message", message(finding.fix.empty() ? finding.message
                                                   : finding.message + " Write: " + finding.fix));
    out.set("locations", Array{Value(std::move(location))});
    if (!finding.edits.empty()) {
        out.set("fixes", Array{sarif_fix(file, finding)});
    }
    return Value(std::move(out));
}

Value sarif_tool() {
    Array rules;
    for (const kql::LintRule& rule : kql::lint_rules()) {
        Object one;
        one.set("id", rule.id);
        one.set("shortDescription", message(rule.title));
        rules.push_back(std::move(one));
    }
    Object driver;
    driver.set("name", "qd lint");
    driver.set("version", "0.1.0");
    driver.set("rules", std::move(rules));
    Object tool;
    tool.set("driver", std::move(driver));
    return Value(std::move(tool));
}

}  // namespace

std::string lint_text(const std::vector<LintedFile>& files) {
    std::string out;
    for (const LintedFile& file : files) {
        for (const kql::Finding& finding : file.report.findings) {
            const kql::Diagnostic diagnostic{.severity = finding.severity,
                                             .code = finding.id,
                                             .ks_code = "",
                                             .message = finding.message,
                                             .span = finding.span};
            out += file.path + ": " + std::string(severity_name(finding.severity)) + ", " +
                   kql::render_caret(file.text, diagnostic) + "\n";
            if (!finding.fix.empty()) {
                out += "  write: " + finding.fix + "\n";
            }
            out += "\n";
        }
        if (!file.report.corrected.empty()) {
            out += file.path + ", corrected:\n" + file.report.corrected + "\n";
        }
    }
    return out;
}

std::string lint_json(const std::vector<LintedFile>& files) {
    Array out;
    for (const LintedFile& file : files) {
        for (const kql::Finding& finding : file.report.findings) {
            Object one;
            one.set("path", file.path);
            one.set("id", finding.id);
            one.set("severity", severity_name(finding.severity));
            one.set("region", region(file.text, finding.span));
            one.set("message", finding.message);
            one.set("fix", finding.fix);
            out.push_back(std::move(one));
        }
    }
    return codec::to_json(Value(std::move(out))) + "\n";
}

std::string lint_sarif(const std::vector<LintedFile>& files) {
    Array results;
    for (const LintedFile& file : files) {
        for (const kql::Finding& finding : file.report.findings) {
            results.push_back(sarif_result(file, finding));
        }
    }
    Object run;
    run.set("tool", sarif_tool());
    run.set("columnKind", "unicodeCodePoints");
    run.set("results", std::move(results));
    Object out;
    out.set("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    out.set("version", "2.1.0");
    out.set("runs", Array{Value(std::move(run))});
    return codec::to_json(Value(std::move(out))) + "\n";
}

}  // namespace qd::cli
