#include "qd/automation/workflow_service.h"
#include "qd/codec/json.h"
#include "run/http_step.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

// A child process runs workflows against a counting server and is killed at random instants, again
// and again. What the journal calls finished must never be asked for again, every run must finish,
// and every call must have arrived, always under the key of its step.

namespace qd::automation {
namespace {

constexpr int kKills = 55;
constexpr int kRoundsMax = 300;
constexpr int kRunsPerRound = 5;
constexpr int kCallsPerRun = 6;

constexpr std::string_view kDefinition = R"j({"definition":{"contentVersion":"1.0.0.0",
 "triggers":{"manual":{"type":"Request","inputs":{}}},
 "actions":{
  "N":{"type":"InitializeVariable","inputs":{"variables":[{"name":"n","type":"integer"}]}},
  "First":{"type":"Http","runAfter":{"N":["Succeeded"]},
    "inputs":{"method":"POST","uri":"@triggerBody()['url']","body":"@guid()"}},
  "Each":{"type":"Foreach","foreach":"@range(0,3)","runAfter":{"First":["Succeeded"]},
    "actions":{"Part":{"type":"Http",
      "inputs":{"method":"PUT","uri":"@triggerBody()['url']","body":{"i":"@item()"}}}}},
  "Loop":{"type":"Foreach","foreach":"@range(0,2)","runAfter":{"Each":["Succeeded"]},
    "actions":{"Again":{"type":"Http","inputs":{"method":"POST","uri":"@triggerBody()['url']"}},
      "Up":{"type":"IncrementVariable","runAfter":{"Again":["Succeeded"]},
            "inputs":{"name":"n"}}}},
  "Sum":{"type":"Compose","runAfter":{"Loop":["Succeeded"]},"inputs":"@variables('n')"}}}})j";

/// Reads one request from a connection; empty when it is torn.
std::string read_request(int socket) {
    std::string text;
    char buffer[4096];
    while (true) {
        const std::size_t head = text.find("\r\n\r\n");
        if (head != std::string::npos) {
            const std::size_t at = text.find("Content-Length: ");
            const std::size_t length =
                at < head ? static_cast<std::size_t>(std::atoi(text.c_str() + at + 16)) : 0;
            if (text.size() >= head + 4 + length) {
                return text;
            }
        }
        const ssize_t n = recv(socket, buffer, sizeof(buffer), 0);
        if (n <= 0) {
            return "";
        }
        text.append(buffer, static_cast<std::size_t>(n));
    }
}

bool write_all(int socket, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = send(socket, text.data(), text.size(), MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

class CountingServer {
  public:
    CountingServer() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof(address);
        if (bind(listener_, generic, size) != 0 || listen(listener_, 256) != 0 ||
            getsockname(listener_, generic, &size) != 0) {
            std::abort();
        }
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }
    ~CountingServer() {
        shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        for (std::thread& thread : threads_) {
            thread.join();
        }
        close(listener_);
    }
    CountingServer(const CountingServer&) = delete;
    CountingServer& operator=(const CountingServer&) = delete;

    int port() const { return port_; }
    /// Counts once nobody is being served any more.
    std::map<std::string, int> settled_counts() {
        for (int quiet = 0; quiet < 5;) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
            quiet = active_ == 0 ? quiet + 1 : 0;
        }
        const std::lock_guard lock(mutex_);
        return counts_;
    }

  private:
    void accept_all() {
        while (true) {
            const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0) {
                return;
            }
            ++active_;
            threads_.emplace_back([this, client] { serve(client); });
        }
    }
    void serve(int client) {
        const std::string request = read_request(client);
        const std::size_t at = request.find("Idempotency-Key: ");
        if (at != std::string::npos) {
            const std::size_t from = at + 17;
            const std::lock_guard lock(mutex_);
            ++counts_[request.substr(from, request.find('\r', from) - from)];
        }
        if (!request.empty()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
            write_all(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        }
        close(client);
        --active_;
    }

    int listener_;
    int port_ = 0;
    std::atomic<int> active_{0};
    std::mutex mutex_;
    std::map<std::string, int> counts_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

/// One blocking exchange for each call, on a pool.
class SocketSender final : public HttpSender {
  public:
    explicit SocketSender(int port) : port_(port) {}
    void send(HttpCall call, Done done) override {
        pool_.post(
            [this, call = std::move(call), done = std::move(done)] { done(exchange(call)); });
    }

  private:
    Result<HttpAnswer> exchange(const HttpCall& call) const {
        const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port_));
        std::string text = call.method + " / HTTP/1.1\r\n";
        for (const auto& [name, value] : call.headers) {
            text += name + ": " + value + "\r\n";
        }
        text += "Content-Length: " + std::to_string(call.body.size()) + "\r\n\r\n" + call.body;
        std::string answer;
        if (connect(s, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
            write_all(s, text)) {
            answer = read_request(s);
        }
        close(s);
        if (!answer.starts_with("HTTP/1.1 200")) {
            return Error(Code::Unavailable, "NET0303", "no answer");
        }
        return HttpAnswer{200, {{"Content-Type", "application/json"}}, "{}"};
    }

    int port_;
    ThreadPool pool_{4};
};

class NullRows final : public RowSink {
  public:
    Status append(std::string_view, const std::vector<Value>&) override { return {}; }
};

/// Starts runs up to a number, one key each, and ends when all of them have ended.
void run_child(const std::string& path, int port, int total) {
    auto store = store::Store::open(path);
    ASSERT_TRUE(store.ok()) << store.error().text();
    SocketSender sender(port);
    NullRows rows;
    RealClock clock;
    RealEntropy entropy;
    ThreadPool executor(2);
    const auto log = make_null_log();
    auto service =
        WorkflowService::open({*store.value(), sender, rows, clock, entropy, executor, *log}, {});
    ASSERT_TRUE(service.ok()) << service.error().text();
    const auto findings =
        service.value()->put_workflow("crash", codec::parse_json(kDefinition).value());
    ASSERT_TRUE(findings.ok());
    service.value()->start();
    Object payload;
    payload.set("url", Value("http://127.0.0.1:" + std::to_string(port) + "/"));
    for (int i = 0; i < total; ++i) {
        const auto id =
            service.value()->start_run("crash", Value(payload), "alert-" + std::to_string(i));
        ASSERT_TRUE(id.ok()) << id.error().text();
    }
    for (bool open = true; open;) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        open = false;
        const auto runs = service.value()->runs(10'000);
        ASSERT_TRUE(runs.ok());
        for (const RunRecord& run : runs.value()) {
            open = open || !run.ended.has_value();
        }
    }
    service.value()->wait_idle();
}

TEST(WorkflowCrashChild, DISABLED_Run) {
    const char* path = std::getenv("QD_AUTOMATION_CRASH_STORE");
    if (path == nullptr) {
        GTEST_SKIP() << "only the crash test starts this";
    }
    run_child(path, std::atoi(std::getenv("QD_AUTOMATION_CRASH_PORT")),
              std::atoi(std::getenv("QD_AUTOMATION_CRASH_TOTAL")));
}

pid_t start_child(const std::string& path, int port, int total, bool quiet) {
    const std::string store_entry = "QD_AUTOMATION_CRASH_STORE=" + path;
    const std::string port_entry = "QD_AUTOMATION_CRASH_PORT=" + std::to_string(port);
    const std::string total_entry = "QD_AUTOMATION_CRASH_TOTAL=" + std::to_string(total);
    const pid_t pid = fork();
    if (pid == 0) {
        if (quiet) {
            dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
        }
        const char* arguments[] = {"automation_test", "--gtest_filter=WorkflowCrashChild.*",
                                   "--gtest_also_run_disabled_tests", "--gtest_brief=1", nullptr};
        const char* environment[] = {store_entry.c_str(), port_entry.c_str(), total_entry.c_str(),
                                     nullptr};
        execve("/proc/self/exe", const_cast<char* const*>(arguments),
               const_cast<char* const*>(environment));
        _exit(127);
    }
    return pid;
}

/// The keys of the calls that the journal calls finished.
std::vector<std::string> finished_keys(const std::string& path) {
    std::vector<std::string> keys;
    auto opened = store::Store::open(path);
    EXPECT_TRUE(opened.ok());
    if (!opened.ok()) {
        return keys;
    }
    const auto definition = load_definition(codec::parse_json(kDefinition).value());
    const Status read = opened.value()->read([&](store::Transaction& tx) -> Status {
        QD_TRY(const auto rows, tx.query("SELECT run_id, event FROM automation_journal"));
        while (true) {
            QD_TRY(const bool more, rows->step());
            if (!more) {
                return {};
            }
            QD_TRY(const Value event, codec::parse_json(rows->text(1)));
            const Value* name = event.get("a");
            if (event.get("e")->string_or("") != "end" || name == nullptr) {
                continue;
            }
            const auto number = definition.value().find(name->string_or(""));
            const Action& action = definition.value().actions[*number];
            std::vector<std::int64_t> iteration;
            if (const Value* i = event.get("i")) {
                for (const Value& n : *i->if_array()) {
                    iteration.push_back(n.int_or(0));
                }
            }
            if (action.type == ActionType::Http) {
                keys.push_back(run::idempotency_key(std::string(rows->text(0)), action, iteration));
            }
        }
    });
    // Before the first run the tables may not exist yet.
    read.ignore("an empty store has finished nothing");
    return keys;
}

TEST(WorkflowCrash, FinishedStepsAreNeverRepeatedAndEveryRunFinishes) {
    std::string pattern = std::filesystem::temp_directory_path() / "qd_automation_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    const std::string path = pattern + "/state.db";
    CountingServer server;
    Random random(20'261'123);
    std::map<std::string, int> frozen;
    int kills = 0;
    int rounds = 0;
    const auto check_finished = [&] {
        const auto counts = server.settled_counts();
        for (const std::string& key : finished_keys(path)) {
            const auto counted = counts.find(key);
            ASSERT_NE(counted, counts.end()) << "finished but never sent: " << key;
            const auto [known, fresh] = frozen.emplace(key, counted->second);
            ASSERT_TRUE(fresh || known->second == counted->second)
                << "a finished step was repeated: " << key;
        }
    };
    for (; kills < kKills && rounds < kRoundsMax; ++rounds) {
        const pid_t child =
            start_child(path, server.port(), (rounds + 1) * kRunsPerRound, /*quiet=*/true);
        ASSERT_GT(child, 0);
        const auto pause = static_cast<std::int64_t>(10 + random.below(120));
        std::this_thread::sleep_for(std::chrono::milliseconds(pause));
        kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        // One that had already done its work was not killed, and must have done it well.
        ASSERT_TRUE(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
        kills += WIFSIGNALED(status) ? 1 : 0;
        check_finished();
    }
    ASSERT_EQ(kills, kKills);
    const int total = rounds * kRunsPerRound;
    const pid_t child = start_child(path, server.port(), total, /*quiet=*/false);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    check_finished();

    EXPECT_EQ(frozen.size(), static_cast<std::size_t>(total * kCallsPerRun));
    const auto counts = server.settled_counts();
    EXPECT_EQ(counts.size(), frozen.size()) << "a call went out that no step knows of";
    int again = 0;
    for (const auto& [key, count] : counts) {
        again += count - 1;
    }
    auto store = store::Store::open(path);
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE(store.value()
                    ->read([&](store::Transaction& tx) -> Status {
                        QD_TRY(const auto good,
                               tx.integer("SELECT COUNT(*) FROM automation_runs WHERE status ="
                                          " 'Succeeded' AND row_owed = 0"));
                        EXPECT_EQ(good, total);
                        return {};
                    })
                    .ok());
    std::printf("%d kills, %d runs, %zu calls finished, %d sent again under the same key\n", kills,
                total, frozen.size(), again);
    std::filesystem::remove_all(pattern);
}

}  // namespace
}  // namespace qd::automation
