#include "progress.h"
#include "qd/base/time.h"
#include "qd/cli/commands.h"
#include "qd/codec/json.h"
#include "result_table.h"
#include "server_client.h"

#include <algorithm>
#include <cstdio>

namespace qd::cli {

namespace {

/// GETs a list and prints chosen members as a table.
int print_list(const Connection& connection, const std::string& path, std::string_view list,
               const std::vector<ResultColumn>& columns) {
    auto client = ServerClient::create(connection);
    if (!client.ok()) {
        return report(client.error());
    }
    auto answer = client.value().get(path);
    if (!answer.ok()) {
        return report(answer.error());
    }
    const Value* items = answer.value().body.get(list);
    if (answer.value().status != 200 || items == nullptr || items->if_array() == nullptr) {
        std::fprintf(stderr, "qd: %s\n",
                     error_text(answer.value().body, answer.value().status).c_str());
        return 1;
    }
    ResultTable table;
    table.columns = columns;
    for (const Value& item : *items->if_array()) {
        std::vector<Value> row;
        for (const ResultColumn& column : columns) {
            const Value* cell = item.get(column.name);
            row.push_back(cell == nullptr ? Value() : *cell);
        }
        table.rows.push_back(std::move(row));
    }
    std::fputs(aligned(table, 60).c_str(), stdout);
    return 0;
}

}  // namespace

int list_tables(const Connection& connection) {
    return print_list(connection, "/api/v1/tables", "tables",
                      {{"name", "string"},
                       {"kind", "string"},
                       {"columns", "long"},
                       {"rows", "long"},
                       {"extents", "long"},
                       {"extentBytes", "long"}});
}

int list_rules(const Connection& connection) {
    return print_list(connection, "/api/v1/rules", "rules",
                      {{"name", "string"},
                       {"severity", "long"},
                       {"frequency", "string"},
                       {"window", "string"},
                       {"health", "string"},
                       {"next", "string"},
                       {"lastError", "string"}});
}

int list_alerts(const Connection& connection, int limit) {
    return print_list(connection, "/api/v1/alerts?limit=" + std::to_string(limit), "alerts",
                      {{"firedAt", "string"},
                       {"severity", "long"},
                       {"condition", "string"},
                       {"state", "string"},
                       {"rule", "string"},
                       {"id", "string"}});
}

int list_runs(const Connection& connection, int limit) {
    return print_list(connection, "/api/v1/runs?limit=" + std::to_string(limit), "runs",
                      {{"startTime", "string"},
                       {"workflow", "string"},
                       {"status", "string"},
                       {"actions", "long"},
                       {"id", "string"}});
}

int advance_rules(const Connection& connection, const std::string& from, const std::string& until,
                  int steps) {
    const auto end = parse_iso_timestamp(until);
    const auto begin = from.empty() ? end : parse_iso_timestamp(from);
    if (!end || !begin || *begin > *end) {
        std::fprintf(stderr, "qd: --from and --until must be ISO 8601 datetimes, in order\n");
        return 2;
    }
    auto client = ServerClient::create(connection);
    if (!client.ok()) {
        return report(client.error());
    }
    std::int64_t evaluations = 0;
    std::int64_t failed = 0;
    std::int64_t fired = 0;
    std::int64_t resolved = 0;
    const int parts = *begin == *end ? 1 : std::max(steps, 1);
    Progress progress("rules", static_cast<std::uint64_t>(parts), false);
    for (int i = 1; i <= parts; ++i) {
        const Timestamp at{begin->ticks + (end->ticks - begin->ticks) / parts * i};
        Object body;
        body.set("until", format_timestamp(i == parts ? *end : at));
        auto answer =
            client.value().post("/api/v1/alerting/advance", codec::to_json(Value(std::move(body))));
        if (!answer.ok()) {
            return report(answer.error());
        }
        if (answer.value().status != 200) {
            std::fprintf(stderr, "qd: %s\n",
                         error_text(answer.value().body, answer.value().status).c_str());
            return 1;
        }
        const auto add = [&](std::string_view name, std::int64_t& sum) {
            const Value* part = answer.value().body.get(name);
            sum += part == nullptr ? 0 : part->int_or(0);
        };
        add("evaluations", evaluations);
        add("failed", failed);
        add("fired", fired);
        add("resolved", resolved);
        progress.update(static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(evaluations));
    }
    progress.finish(static_cast<std::uint64_t>(evaluations), 0);
    std::printf("%lld evaluations, %lld failed, %lld alerts fired, %lld resolved\n",
                static_cast<long long>(evaluations), static_cast<long long>(failed),
                static_cast<long long>(fired), static_cast<long long>(resolved));
    return failed == 0 ? 0 : 3;
}

}  // namespace qd::cli
