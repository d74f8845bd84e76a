// Rules about what a table holds, as against how it is asked.
#include "linter.h"

namespace qd::kql {

namespace {

bool mentions(std::string_view text, std::string_view word) {
    for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
        bool same = true;
        for (std::size_t i = 0; i < word.size() && same; ++i) {
            same = (text[at + i] | 0x20) == word[i];
        }
        if (same) {
            return true;
        }
    }
    return false;
}

const std::string* text_literal(const Expr& e) {
    const auto* literal = e.if_as<Literal>();
    return literal != nullptr && literal->value.type() == columns::DataType::String
               ? &literal->value.bytes()
               : nullptr;
}

}  // namespace

// Perf has one row a machine (Computer), object, counter and instance; its counters are the
// operating system's and the container runtime's. A query that wants request counters or a service
// per row wants the request telemetry: AppRequests has a row a request with AppRoleName and
// DurationMs. Source: Azure Monitor table reference, Perf and AppRequests.
void Linter::check_machine_counters(const Query& query) {
    const auto* table = query.source == nullptr ? nullptr : query.source->if_as<NameRef>();
    if (table == nullptr || table->name != "Perf" || in_scope("Perf")) {
        return;
    }
    std::vector<TextEdit> edits = {{query.source->span, "AppRequests"}};
    bool requests = false;
    const Visit visit = [&](const Expr& e) {
        if (const auto* comparison = e.if_as<Binary>();
            comparison != nullptr && comparison->op == BinaryOp::Equal) {
            const auto* column = comparison->left->if_as<NameRef>();
            const std::string* counter = text_literal(*comparison->right);
            if (column != nullptr && column->name == "CounterName" && counter != nullptr &&
                mentions(*counter, "request")) {
                requests = true;
                edits.push_back({e.span, "isnotnull(DurationMs)"});
                return false;
            }
        }
        if (const auto* column = e.if_as<NameRef>()) {
            if (column->name == "CounterValue") {
                edits.push_back({e.span, "DurationMs"});
            } else if (column->name == "ServiceName") {
                edits.push_back({e.span, "AppRoleName"});
            }
        }
        return true;
    };
    for (const OperatorPtr& op : query.operators) {
        each(*op, visit);
    }
    if (requests) {
        add("QDL0029", Severity::Error, query.source->span,
            "Perf holds the counters of machines (Computer, ObjectName, CounterName, "
            "InstanceName), not requests: no agent writes this counter and there is no service "
            "column",
            "read AppRequests: AppRoleName is the service, DurationMs the duration",
            std::move(edits));
    }
}

}  // namespace qd::kql
