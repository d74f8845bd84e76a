#pragma once

#include "qd/automation/workflow_service.h"
#include "qd/codec/json.h"

#include <gtest/gtest.h>

#include <mutex>

namespace qd::automation::testing {

/// Answers from a script, or by a function; remembers what it was asked.
class FakeSender final : public HttpSender {
  public:
    using Answer = std::function<Result<HttpAnswer>(const HttpCall&, std::size_t number)>;
    explicit FakeSender(Answer answer) : answer_(std::move(answer)) {}

    void send(HttpCall call, Done done) override {
        std::unique_lock lock(mutex_);
        calls_.push_back(call);
        const std::size_t number = calls_.size();
        if (hold_) {
            held_.push_back(std::move(done));
            return;
        }
        lock.unlock();
        done(answer_(call, number));
    }
    std::vector<HttpCall> calls() {
        const std::lock_guard lock(mutex_);
        return calls_;
    }
    void hold() { hold_ = true; }

  private:
    std::mutex mutex_;
    Answer answer_;
    bool hold_ = false;
    std::vector<HttpCall> calls_;
    std::vector<Done> held_;
};

class FakeRows final : public RowSink {
  public:
    Status append(std::string_view table, const std::vector<Value>& rows) override {
        const std::lock_guard lock(mutex_);
        if (failures_ > 0) {
            --failures_;
            return Error(Code::Unavailable, "TST0001", "not now");
        }
        table_ = table;
        rows_.insert(rows_.end(), rows.begin(), rows.end());
        return {};
    }
    std::vector<Value> rows() {
        const std::lock_guard lock(mutex_);
        return rows_;
    }
    void fail(int times) { failures_ = times; }
    std::string table_;

  private:
    std::mutex mutex_;
    int failures_ = 0;
    std::vector<Value> rows_;
};

inline HttpAnswer json_answer(int status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

inline Value parse(std::string_view text) {
    auto value = codec::parse_json(text);
    EXPECT_TRUE(value.ok()) << text;
    return value.ok() ? std::move(value).value() : Value();
}

/// A service over a store in memory, a manual clock and seeded randomness.
class ServiceTest : public ::testing::Test {
  protected:
    void open() {
        service_.reset();
        auto opened = WorkflowService::open(
            {*store_, sender_, rows_, clock_, entropy_, executor_, *log_}, {});
        ASSERT_TRUE(opened.ok()) << opened.error().text();
        service_ = std::move(opened).value();
    }
    void SetUp() override {
        auto store = store::Store::open_in_memory();
        ASSERT_TRUE(store.ok());
        store_ = std::move(store).value();
        open();
        service_->start();
    }
    void TearDown() override { service_.reset(); }

    std::vector<Finding> put(std::string_view actions, std::string_view more = "") {
        const std::string text =
            R"({"definition":{"$schema":"x","contentVersion":"1.0.0.0","triggers":{"manual":)"
            R"({"type":"Request","kind":"Http","inputs":{}}},"actions":)" +
            std::string(actions) + std::string(more) + "}}";
        auto findings = service_->put_workflow("Flow", parse(text));
        EXPECT_TRUE(findings.ok());
        return findings.ok() ? std::move(findings).value() : std::vector<Finding>();
    }
    std::string begin(std::string_view payload = "{}", const std::string& key = "") {
        auto id = service_->start_run("flow", parse(payload), key);
        EXPECT_TRUE(id.ok()) << id.error().text();
        service_->wait_idle();
        return id.ok() ? id.value() : "";
    }
    RunRecord run_of(const std::string& id) {
        auto run = service_->run(id);
        EXPECT_TRUE(run.ok());
        return run.ok() ? run.value() : RunRecord();
    }
    ActionRecord action_of(const std::string& id, std::string_view name,
                           std::vector<std::int64_t> iteration = {}) {
        auto actions = service_->actions(id);
        EXPECT_TRUE(actions.ok());
        if (!actions.ok()) {
            return {};
        }
        for (const ActionRecord& action : actions.value()) {
            if (action.name == name && action.iteration == iteration) {
                return action;
            }
        }
        ADD_FAILURE() << "no action " << name;
        return {};
    }

    std::unique_ptr<store::Store> store_;
    ManualClock clock_{Timestamp::from_unix_seconds(1'790'000'000)};
    SeededEntropy entropy_{7};
    ThreadPool executor_{2};
    std::unique_ptr<Log> log_ = make_null_log();
    FakeRows rows_;
    FakeSender::Answer answer_ = [](const HttpCall&, std::size_t) {
        return json_answer(200, R"({"ok":true})");
    };
    FakeSender sender_{[this](const HttpCall& call, std::size_t n) { return answer_(call, n); }};
    std::unique_ptr<WorkflowService> service_;
};

}  // namespace qd::automation::testing
