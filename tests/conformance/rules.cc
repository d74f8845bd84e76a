// Scheduled query rules of public collections: each must be understood, and the document that a GET
// would answer must equal the one that was PUT, but for numbers and booleans given as text.

#include "pack.h"
#include "qd/alerting/rule.h"
#include "qd/codec/json.h"

#include <algorithm>

namespace {

using qd::Value;
using qd::conformance::Verdict;

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

bool same_but_for_types(const Value& put, const Value& got) {
    if (put == got) {
        return true;
    }
    if (const std::string* text = put.if_string()) {
        const bool converted = got.is_number() || got.if_bool() != nullptr;
        return converted && lower_case(*text) == qd::codec::to_json(got);
    }
    const qd::Array* put_items = put.if_array();
    const qd::Array* got_items = got.if_array();
    if (put_items != nullptr && got_items != nullptr) {
        return std::equal(put_items->begin(), put_items->end(), got_items->begin(),
                          got_items->end(), same_but_for_types);
    }
    const qd::Object* put_fields = put.if_object();
    const qd::Object* got_fields = got.if_object();
    if (put_fields == nullptr || got_fields == nullptr ||
        put_fields->size() != got_fields->size()) {
        return false;
    }
    return std::all_of(put_fields->begin(), put_fields->end(), [&](const auto& entry) {
        const Value* other = got_fields->find(entry.first);
        return other != nullptr && same_but_for_types(entry.second, *other);
    });
}

Verdict check(const Value& record) {
    const Value* rule = record.get("rule");
    if (rule == nullptr) {
        return Verdict::skipped("record holds no rule");
    }
    const auto loaded = qd::alerting::parse_rule(*rule);
    if (!loaded.ok()) {
        return Verdict::failed(loaded.error().text());
    }
    // A template that was cut out of its file keeps expressions nobody can resolve, and what they
    // stand for cannot be judged; that must be said, and is then no fault of the reader.
    const auto& findings = loaded.value().findings;
    const bool unresolved = std::any_of(findings.begin(), findings.end(), [](const auto& finding) {
        return finding.id == "ALR0105";
    });
    for (const qd::alerting::Finding& finding : findings) {
        if (finding.level == qd::alerting::FindingLevel::Error && !unresolved) {
            return Verdict::failed(finding.path + ": " + finding.message);
        }
    }
    const qd::alerting::Rule& first = loaded.value().rule;
    if (first.conditions.empty() || first.conditions.front().query.empty()) {
        return Verdict::failed("no query was read");
    }
    if (!same_but_for_types(*rule, first.document)) {
        return Verdict::failed("the document changed: " + qd::codec::to_json(first.document));
    }
    const auto again = qd::alerting::parse_rule(first.document);
    if (!again.ok() || !(again.value().rule.document == first.document)) {
        return Verdict::failed("the document changes when it is read again");
    }
    return Verdict::passed();
}

}  // namespace

int main(int argc, char** argv) {
    return qd::conformance::run_pack(argc, argv, check);
}
