// qd_bench_engine DATA [--settle]: the engine under test of ./dev bench. It opens the
// data directory of a stopped server in this process, as the measured peers open theirs, and runs
// what it is asked: one JSON line in, one out. Results are computed whole and dropped, as the peers
// drop theirs; nothing is formatted for a client.
//   in:  {"kql": TEXT, "now": ISO, "runs": N, "check": COLUMN?}
//   out: {"seconds": [wall of each run], "cpu": seconds of all runs, "peak_kib": of the process,
//         "rows": N, "sum": of the column named by check}
// --settle seals and merges what the server left, says how long that took, and ends.
#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/base/files.h"
#include "qd/base/log.h"
#include "qd/base/metrics.h"
#include "qd/codec/json.h"
#include "qd/codec/value.h"
#include "qd/query/query_service.h"
#include "qd/server/server.h"
#include "qd/store/store.h"
#include "qd/workspace/workspace.h"

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

double cpu_seconds() {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(use.ru_utime) + seconds(use.ru_stime);
}

std::int64_t peak_kib() {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    return use.ru_maxrss;
}

double sum_of(const qd::kql::ResultTable& table, std::string_view column) {
    const auto at = table.schema.index_of(column);
    double sum = 0;
    if (at) {
        for (const qd::columns::Chunk& chunk : table.chunks) {
            for (std::uint32_t row = 0; row < chunk.rows; ++row) {
                sum += chunk.columns[*at]->is_null(row) ? 0 : chunk.columns[*at]->real_at(row);
            }
        }
    }
    return sum;
}

struct Engine {
    qd::RealFiles files;
    qd::RealClock clock;
    std::unique_ptr<qd::Log> log = qd::make_json_log(qd::LogLevel::Warn);
    std::unique_ptr<qd::Metrics> metrics = qd::make_metrics();
    qd::ThreadPool pool;
    std::unique_ptr<qd::store::Store> store;
    std::unique_ptr<qd::workspace::Workspace> workspace;
    std::unique_ptr<qd::query::QueryService> queries;

    explicit Engine(std::size_t threads) : pool(threads) {}

    qd::Status open(const std::string& data) {
        QD_TRY(store, qd::store::Store::open(data + "/control.db"));
        qd::workspace::WorkspaceOptions options;
        options.retention_days = 0;  // the generator's rows are of a fixed date
        options.background = false;
        QD_TRY(workspace, qd::workspace::Workspace::open(data + "/workspace", files, clock, *log,
                                                         *metrics, pool, *store, options));
        queries = std::make_unique<qd::query::QueryService>(*workspace, pool, clock, nullptr,
                                                            qd::query::ExternalDataPolicy{});
        return qd::ok_status();
    }

    qd::Result<std::string> answer(const qd::Value& request) {
        const auto text_of = [&](std::string_view key) {
            const qd::Value* value = request.get(key);
            return std::string(value == nullptr ? "" : value->string_or(""));
        };
        qd::kql::QueryOptions options = queries->default_options();
        const auto now = qd::parse_iso_timestamp(text_of("now"));
        if (!now) {
            return qd::Error(qd::Code::InvalidArgument, "BEN0001", "`now` is no instant");
        }
        options.now = *now;
        options.rows_max = UINT64_MAX;
        options.bytes_max = UINT64_MAX;
        const qd::Value* wanted = request.get("runs");
        const std::int64_t runs = wanted == nullptr ? 1 : wanted->int_or(1);
        std::string seconds;
        qd::kql::QueryResult result;
        const double cpu_before = cpu_seconds();
        for (std::int64_t run = 0; run < runs; ++run) {
            result = {};
            const std::int64_t begun = clock.now_ns();
            QD_TRY(result, queries->run(text_of("kql"), options));
            seconds += (run == 0 ? "" : ",") +
                       std::to_string(static_cast<double>(clock.now_ns() - begun) * 1e-9);
        }
        const double cpu = cpu_seconds() - cpu_before;
        if (result.tables.empty()) {
            return qd::Error(qd::Code::Internal, "BEN0002", "the query has no result");
        }
        const qd::kql::ResultTable& table = result.tables.front();
        char tail[192];
        std::snprintf(
            tail, sizeof tail, "],\"cpu\":%.6f,\"peak_kib\":%lld,\"rows\":%llu,\"sum\":%.17g}", cpu,
            static_cast<long long>(peak_kib()), static_cast<unsigned long long>(table.rows()),
            sum_of(table, text_of("check")));
        return "{\"seconds\":[" + seconds + tail;
    }

    qd::Status settle() {
        QD_CHECK_OK(workspace->seal_all());
        return workspace->maintain();
    }
};

int fail(const qd::Error& error) {
    std::fprintf(stderr, "qd_bench_engine: %s\n", error.text().c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: qd_bench_engine DATA [--settle]\n");
        return 2;
    }
    qd::server::tune_heap();
    Engine engine(2);
    if (const qd::Status opened = engine.open(argv[1]); !opened.ok()) {
        return fail(opened.error());
    }
    if (argc > 2 && std::string_view(argv[2]) == "--settle") {
        const qd::Status settled = engine.settle();
        std::printf("{\"cpu\":%.6f}\n", cpu_seconds());
        return settled.ok() ? 0 : fail(settled.error());
    }
    std::printf("{\"ready\":true}\n");
    std::fflush(stdout);
    char* line = nullptr;
    std::size_t room = 0;
    for (ssize_t length = 0; (length = getline(&line, &room, stdin)) > 0;) {
        const auto request = qd::codec::parse_json({line, static_cast<std::size_t>(length)});
        const auto answer = request.ok() ? engine.answer(request.value())
                                         : qd::Result<std::string>(request.error());
        std::string out = answer.ok() ? answer.value() : "{\"error\":";
        if (!answer.ok()) {
            qd::codec::append_json_string(out, answer.error().text());
            out += '}';
        }
        std::printf("%s\n", out.c_str());
        std::fflush(stdout);
    }
    std::free(line);
    return 0;
}
