#include "qd/cli/commands.h"
#include "qd/codec/json.h"
#include "server_client.h"

#include <cstdio>
#include <iostream>
#include <iterator>

namespace qd::cli {

namespace {

double number(const Value& body, std::string_view member) {
    const Value* value = body.at({"statistics", member});
    return value == nullptr ? 0 : value->number_or(0);
}

void print_totals(const Value& body) {
    std::printf(
        "\n%.3f ms, processor %.3f ms, %.0f rows and %.0f bytes scanned, at most %.0f KiB\n",
        number(body, "milliseconds"), number(body, "cpuMilliseconds"), number(body, "rowsScanned"),
        number(body, "bytesScanned"), number(body, "peakMemoryBytes") / 1024);
    if (const double spilled = number(body, "bytesSpilled"); spilled > 0) {
        std::printf("%.0f KiB put on disk for want of memory\n", spilled / 1024);
    }
}

}  // namespace

int run_explain(const Connection& connection, const ExplainCommand& command) {
    auto client = ServerClient::create(connection);
    if (!client.ok()) {
        return report(client.error());
    }
    Object body;
    body.set("query", command.text == "-"
                          ? std::string(std::istreambuf_iterator<char>(std::cin), {})
                          : command.text);
    body.set("analyze", command.analyze);
    auto answer = client.value().post("/api/v1/explain", codec::to_json(Value(std::move(body))));
    if (!answer.ok()) {
        return report(answer.error());
    }
    const Value* plan = answer.value().body.get("plan");
    if (answer.value().status != 200 || plan == nullptr) {
        std::fprintf(stderr, "qd: %s\n",
                     error_text(answer.value().body, answer.value().status).c_str());
        return 1;
    }
    if (command.json) {
        std::printf("%s\n", codec::to_json(answer.value().body).c_str());
        return 0;
    }
    std::fputs(std::string(plan->string_or("")).c_str(), stdout);
    if (command.analyze) {
        print_totals(answer.value().body);
    }
    return 0;
}

}  // namespace qd::cli
