// The demo: fourteen days of sign-ins and service telemetry with labelled incidents go through the
// server's real front doors; the shipped rules run over them on the server's virtual clock; the
// alerts come back to a webhook receiver here, and are held against the labels.
#include "doors.h"
#include "qd/base/clock.h"
#include "qd/base/files.h"
#include "qd/base/log.h"
#include "qd/codec/json.h"
#include "qd/net/http_server.h"
#include "report.h"
#include "scenario.h"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace {

using qd::Result;
using qd::Status;
using qd::Ticks;
using qd::Timestamp;
using qd::Value;

constexpr int kPlaybookTurns = 300;
constexpr std::chrono::milliseconds kPlaybookPause{100};

struct Arguments {
    demo::Target target;
    std::string packs;
    Timestamp end;
    std::uint64_t seed = 1;
    std::size_t users = 2000;
    std::string qd_command = "qd";
};

/// Puts our receiver's address into every webhook of the shipped action groups and uploads them.
Status upload_groups(const Arguments& arguments, qd::net::HttpClient& client,
                     const std::string& receiver_url) {
    qd::RealFiles files;
    const std::string folder = arguments.packs + "/action-groups";
    QD_TRY(const auto names, files.list(folder));
    for (const std::string& name : names) {
        QD_TRY(const std::string text, files.read(folder + "/" + name));
        QD_TRY(Value group, qd::codec::parse_json(text));
        qd::Object* properties = group.if_object()->find("properties")->if_object();
        if (Value* webhooks = properties->find("webhookReceivers")) {
            for (Value& receiver : *webhooks->if_array()) {
                receiver.if_object()->set("serviceUri", receiver_url + "/alerts");
            }
        }
        QD_TRY(const Value answer,
               demo::call_json(client, "POST", arguments.target.server + "/api/v1/action-groups",
                               qd::codec::to_json(group)));
        static_cast<void>(answer);
    }
    return qd::ok_status();
}

/// The same for the address that the shipped workflows post messages to.
Status upload_workflows(const Arguments& arguments, qd::net::HttpClient& client,
                        const std::string& receiver_url) {
    qd::RealFiles files;
    const std::string folder = arguments.packs + "/workflows";
    QD_TRY(const auto names, files.list(folder));
    for (const std::string& name : names) {
        QD_TRY(const std::string text, files.read(folder + "/" + name));
        QD_TRY(Value workflow, qd::codec::parse_json(text));
        Value* parameters = workflow.if_object()->find("parameters");
        Value* uri = parameters == nullptr ? nullptr : parameters->if_object()->find("notifyUri");
        if (uri != nullptr) {
            uri->if_object()->set("defaultValue", receiver_url + "/messages");
        }
        QD_TRY(const Value answer, demo::call_json(client, "PUT",
                                                   arguments.target.server + "/api/v1/workflows/" +
                                                       name.substr(0, name.rfind('.')),
                                                   qd::codec::to_json(workflow)));
        static_cast<void>(answer);
    }
    return qd::ok_status();
}

std::int64_t number_of(const Value& object, std::string_view key) {
    const Value* found = object.get(key);
    return found == nullptr ? 0 : found->int_or(0);
}

/// Half a day of schedule at a time, with what has come in so far.
Status run_rules(const demo::Scenario& scenario, const Arguments& arguments,
                 qd::net::HttpClient& client, const demo::AlertInbox& inbox) {
    qd::RealClock clock;
    const std::int64_t begun = clock.now_ns();
    const bool terminal = isatty(STDOUT_FILENO) == 1;
    std::int64_t evaluations = 0;
    std::int64_t failed = 0;
    const int steps = scenario.options.days * 2;
    // Behind the last event, so that what happened last is still judged.
    const Timestamp last = scenario.options.end + Ticks{90 * Ticks::kMinute};
    for (int i = 1; i <= steps; ++i) {
        const Timestamp at = i == steps ? last : scenario.start + Ticks{i * 12 * Ticks::kHour};
        QD_TRY(const Value answer,
               demo::call_json(client, "POST", arguments.target.server + "/api/v1/alerting/advance",
                               "{\"until\":\"" + qd::format_timestamp(at) + "\"}"));
        evaluations += number_of(answer, "evaluations");
        failed += number_of(answer, "failed");
        if (terminal || i % 4 == 0) {
            std::printf("%s  day %2d of %d: %lld evaluations, %zu alerts%s", terminal ? "\r" : "",
                        i / 2, scenario.options.days, static_cast<long long>(evaluations),
                        inbox.fired().size(), terminal ? "\x1b[K" : "\n");
            std::fflush(stdout);
        }
    }
    std::printf("%s  %lld rule evaluations over %d days in %.1f s, %lld failed\n",
                terminal ? "\r\x1b[K" : "", static_cast<long long>(evaluations),
                scenario.options.days, static_cast<double>(clock.now_ns() - begun) * 1e-9,
                static_cast<long long>(failed));
    if (failed > 0) {
        return qd::Error(qd::Code::Internal, "DEM0004", "some rule evaluations failed");
    }
    return qd::ok_status();
}

/// Waits for the playbook runs to end and tells how they did; false when one was not successful
/// or not every alert started one.
Result<bool> report_playbooks(const Arguments& arguments, qd::net::HttpClient& client,
                              const demo::AlertInbox& inbox) {
    const std::string url = arguments.target.server + "/api/v1/runs?limit=100000";
    std::map<std::string, std::size_t> count;
    std::size_t total = 0;
    for (int turn = 0; turn < kPlaybookTurns; ++turn) {
        count.clear();
        QD_TRY(const Value answer, demo::call_json(client, "GET", url, ""));
        const Value* runs = answer.get("runs");
        total = runs == nullptr || runs->if_array() == nullptr ? 0 : runs->if_array()->size();
        for (std::size_t i = 0; i < total; ++i) {
            const Value* status = (*runs->if_array())[i].get("status");
            ++count[std::string(status == nullptr ? "" : status->string_or(""))];
        }
        if (count["Running"] + count["Waiting"] == 0) {
            break;
        }
        inbox.wait_for_message(kPlaybookPause);
    }
    const std::size_t wanted = inbox.fired().size() + inbox.resolved();
    std::printf("  %zu playbook runs, %zu succeeded; %zu messages came out of them\n", total,
                count["Succeeded"], inbox.messages());
    return count["Succeeded"] == total && total == wanted &&
           inbox.messages() == inbox.fired().size();
}

Result<int> run(const Arguments& arguments) {
    qd::RealClock clock;
    qd::ThreadPool pool(4);
    const auto log = qd::make_null_log();
    demo::AlertInbox inbox;
    QD_TRY(const auto receiver,
           qd::net::HttpServer::create(
               {}, pool, clock, *log,
               [&inbox](qd::net::HttpRequest request, const qd::net::HttpReply& reply) {
                   if (request.path == "/messages") {
                       inbox.take_message();
                   } else {
                       inbox.take(request.body);
                   }
                   reply.send(qd::net::HttpResponse::text(200, "ok\n"));
               }));
    QD_TRY(const auto client, qd::net::HttpClient::create());

    std::printf("1. Generating 14 days, %zu users, 12 services (seed %llu)\n", arguments.users,
                static_cast<unsigned long long>(arguments.seed));
    demo::ScenarioOptions options;
    options.seed = arguments.seed;
    options.end = arguments.end;
    options.users = arguments.users;
    const demo::Scenario scenario = demo::make_scenario(options);
    std::printf("  %zu sign-ins, %zu requests, %zu incidents\n", scenario.sign_ins.size(),
                scenario.requests.size(), scenario.incidents.size());

    std::printf("2. Sending through the front doors\n");
    QD_TRY(const demo::SendSummary first,
           demo::send_sign_ins(scenario, arguments.target, *client, pool));
    QD_TRY(const demo::SendSummary second,
           demo::send_requests(scenario, arguments.target, *client, pool));
    std::printf("  rows/s in: %.0f\n",
                static_cast<double>(first.rows + second.rows) / (first.seconds + second.seconds));

    const std::string receiver_url = "http://127.0.0.1:" + std::to_string(receiver->port());
    std::printf("3. Running the shipped rules over the period, alerts to %s/alerts\n",
                receiver_url.c_str());
    QD_CHECK_OK(upload_groups(arguments, *client, receiver_url));
    QD_CHECK_OK(upload_workflows(arguments, *client, receiver_url));
    QD_CHECK_OK(run_rules(scenario, arguments, *client, inbox));
    QD_TRY(const bool played, report_playbooks(arguments, *client, inbox));

    std::printf("4. What was found\n");
    const demo::Verdict verdict = demo::print_report(scenario, inbox, isatty(STDOUT_FILENO) == 1);
    if (inbox.malformed() > 0) {
        std::printf("%zu deliveries were not in the common alert schema\n", inbox.malformed());
    }
    const std::string& command = arguments.qd_command;
    const std::string server = "--server " + arguments.target.server;
    const std::string at_end =
        server + " --now " + qd::format_timestamp_trimmed(scenario.options.end) + " \\\n    ";
    std::printf("\nTry next:\n");
    std::printf(
        "  %s query %s'SigninLogs | where ResultType != \"0\" | summarize failed = count() "
        "by bin(TimeGenerated, 1h) | render timechart'\n",
        command.c_str(), at_end.c_str());
    std::printf("  %s alerts %s\n", command.c_str(), server.c_str());
    std::printf(
        "  %s query %s'requests | summarize p95 = percentile(duration, 95), errors = "
        "countif(success == false) by cloud_RoleName | order by p95'\n",
        command.c_str(), at_end.c_str());
    return verdict.good() && played && inbox.malformed() == 0 ? 0 : 1;
}

bool read_arguments(int argc, char** argv, Arguments& out) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        const std::string value = argv[i + 1];
        if (name == "--server") {
            out.target.server = value;
        } else if (name == "--otlp") {
            out.target.otlp = value;
        } else if (name == "--packs") {
            out.packs = value;
        } else if (name == "--qd") {
            out.qd_command = value;
        } else if (name == "--end") {
            const auto end = qd::parse_iso_timestamp(value);
            if (!end) {
                return false;
            }
            out.end = *end;
        } else if (name == "--seed") {
            std::from_chars(value.data(), value.data() + value.size(), out.seed);
        } else if (name == "--users") {
            std::from_chars(value.data(), value.data() + value.size(), out.users);
        } else {
            return false;
        }
    }
    return argc % 2 == 1 && !out.target.server.empty() && !out.target.otlp.empty() &&
           !out.packs.empty() && out.end.ticks > 0 && out.users >= 100;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    if (!read_arguments(argc, argv, arguments)) {
        std::fprintf(stderr,
                     "usage: qd_demo --server URL --otlp URL --packs DIR --end DATETIME "
                     "[--seed N] [--users N] [--qd COMMAND]\n");
        return 2;
    }
    const Result<int> status = run(arguments);
    if (!status.ok()) {
        std::fprintf(stderr, "demo: %s\n", status.error().text().c_str());
        return 1;
    }
    return status.value();
}
