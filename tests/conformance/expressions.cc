// Workflow expressions of the definition language: each must give the expected value, or fail where
// failing is expected (the text of the error is advisory).

#include "pack.h"
#include "qd/automation/expression.h"
#include "qd/codec/json.h"

namespace {

using qd::Value;
using qd::conformance::Verdict;

/// Through text, so that decimals compare as the numbers they are printed as.
bool same_json(const Value& got, const Value& expected) {
    const auto printed = qd::automation::stringify(Value(qd::Array{got}));
    if (!printed.ok()) {
        return false;
    }
    const auto back = qd::codec::parse_json(printed.value());
    return back.ok() && back.value() == Value(qd::Array{expected});
}

Verdict check(const Value& record) {
    const Value* expr = record.get("expr");
    const Value* expected = record.get("value");
    if (expr == nullptr || (expected == nullptr && record.get("error") == nullptr)) {
        return Verdict::failed("the record is no case");
    }
    const auto context = qd::automation::make_empty_context();
    const auto compiled = qd::automation::Template::compile(*expr);
    const qd::Result<Value> result =
        compiled.ok() ? compiled.value().evaluate(*context) : qd::Result<Value>(compiled.error());
    if (expected == nullptr) {
        return result.ok() ? Verdict::failed("no error but " + qd::codec::to_json(result.value()))
                           : Verdict::passed();
    }
    if (!result.ok()) {
        return Verdict::failed(result.error().text());
    }
    if (!same_json(result.value(), *expected)) {
        return Verdict::failed("got " + qd::codec::to_json(result.value()) + ", expected " +
                               qd::codec::to_json(*expected));
    }
    return Verdict::passed();
}

}  // namespace

int main(int argc, char** argv) {
    return qd::conformance::run_pack(argc, argv, check);
}
