// Public playbooks: each must load, every expression outside of a deployment template's own texts
// must compile, and the definition printed from the typed form must equal the one that was read.
// The summary is the import report: what this engine would refuse to run, by kind.

#include "pack.h"
#include "qd/automation/definition.h"
#include "qd/codec/json.h"

#include <algorithm>
#include <map>

namespace {

using qd::Value;
using qd::conformance::Verdict;

struct Report {
    int startable = 0;
    std::map<std::string, int> refusals;

    void add(const qd::automation::Definition& definition) {
        startable += definition.startable() ? 1 : 0;
        for (const qd::automation::Finding& finding : definition.findings) {
            const std::size_t colon = finding.message.find(':');
            const bool by_name = finding.id == "AUT0101" || finding.id == "AUT0108" ||
                                 finding.id == "AUT0109" || finding.id == "AUT0112" ||
                                 finding.id == "AUT0113";
            ++refusals[finding.id + " " +
                       (by_name ? finding.message : finding.message.substr(0, colon))];
        }
    }
    std::string text() const {
        std::vector<std::pair<int, std::string>> sorted;
        for (const auto& [what, count] : refusals) {
            sorted.emplace_back(count, what);
        }
        std::sort(sorted.rbegin(), sorted.rend());
        std::string out = "runnable as they are: " + std::to_string(startable);
        for (std::size_t i = 0; i < std::min<std::size_t>(sorted.size(), 40); ++i) {
            out += "\n  " + std::to_string(sorted[i].first) + "  " + sorted[i].second;
        }
        return out;
    }
};

Verdict check(const Value& record, Report& report) {
    const Value* definition = record.get("definition");
    if (definition == nullptr) {
        return Verdict::failed("the record holds no definition");
    }
    qd::Object resource;
    // `arm`: how many expressions of the deployment template are left in the texts.
    const Value* arm = record.get("arm");
    const bool from_template =
        arm != nullptr && arm->int_or(arm->string_or("0") == "0" ? 0 : 1) != 0;
    if (from_template) {
        qd::Object properties;
        properties.set("definition", *definition);
        resource.set("properties", Value(std::move(properties)));
    }
    const auto loaded =
        qd::automation::load_definition(from_template ? Value(std::move(resource)) : *definition);
    if (!loaded.ok()) {
        return Verdict::failed(loaded.error().text());
    }
    report.add(loaded.value());
    for (const qd::automation::Finding& finding : loaded.value().findings) {
        if (finding.id == "AUT0115") {
            return Verdict::failed(finding.path + ": " + finding.message);
        }
    }
    const Value printed = qd::automation::definition_json(loaded.value());
    if (!(printed == *definition)) {
        return Verdict::failed("the definition changed: " +
                               qd::codec::to_json(printed).substr(0, 400));
    }
    return Verdict::passed();
}

}  // namespace

int main(int argc, char** argv) {
    Report report;
    return qd::conformance::run_pack(
        argc, argv, [&](const Value& record) { return check(record, report); },
        [&] { return report.text(); });
}
