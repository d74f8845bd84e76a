#include "run/service_fixture.h"

namespace qd::automation::testing {
namespace {

TEST_F(ServiceTest, RunsTheBareDefinitionOfAnAlert) {
    const auto findings = put(R"j({
      "Init":{"type":"InitializeVariable","inputs":{"variables":[
         {"name":"Count","type":"integer","value":1},{"name":"list","type":"array"}]}},
      "Severe":{"type":"If","runAfter":{"Init":["Succeeded"]},
        "expression":{"and":[{"lessOrEquals":["@triggerBody()?['data']?['severity']",1]},
                              {"not":{"equals":["@triggerBody()?['x']","y"]}}]},
        "actions":{"Post":{"type":"Http","inputs":{"method":"POST","uri":"http://h/t",
           "headers":{"X":"@{variables('count')}"},
           "body":{"rule":"@triggerBody()['data']['rule']","n":"@add(variables('Count'),1)"}
}
}
}
, "else" : {
    "actions" : {
        "Quiet" : {"type" : "Compose", "inputs" : "quiet"}
    }
}
}
, "Add" : {
    "type" : "IncrementVariable",
    "runAfter" : {"Severe" : ["Succeeded"]},
    "inputs" : {"name" : "count", "value" : 4}
},
          "Push" : {
              "type" : "AppendToArrayVariable",
              "runAfter" : {"Add" : ["Succeeded"]},
              "inputs" : {"name" : "list", "value" : "@body('Post')?['ok']"}
          },
                   "Out" : {
    "type" : "Compose", "runAfter" : {"Push" : ["Succeeded"]}, "inputs" : {
        "count" : "@variables('Count')",
        "list" : "@variables('list')",
        "status" : "@outputs('post')['statusCode']",
        "run" : "@workflow().run.name"
    }
}
})j");
    EXPECT_TRUE(findings.empty());
    const std::string id = begin(R"({"data":{"severity":1,"rule":"r1"}})");
    const RunRecord run = run_of(id);
    EXPECT_EQ(run.status, "Succeeded") << run.error;
    EXPECT_EQ(codec::to_json(action_of(id, "Out").outputs),
              R"({"count":5,"list":[true],"status":200,"run":")" + id + "\"}");
    const auto calls = sender_.calls();
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(calls[0].body, R"({"rule":"r1","n":2})");
    EXPECT_EQ(calls[0].headers[0], (std::pair<std::string, std::string>("X", "1")));
    const auto has = [&](const std::string& name, const std::string& value) {
        return std::find(calls[0].headers.begin(), calls[0].headers.end(),
                         std::pair(name, value)) != calls[0].headers.end();
    };
    EXPECT_TRUE(has("Idempotency-Key", id + "/Post"));
    EXPECT_TRUE(has("Content-Type", "application/json; charset=utf-8"));
    EXPECT_EQ(action_of(id, "Quiet").status, "Skipped");
    EXPECT_EQ(action_of(id, "Quiet").code, "ActionBranchingConditionNotSatisfied");
}

TEST_F(ServiceTest, WritesOneRowForEachEndedRun) {
    put(R"j({"A":{"type":"Compose","inputs":1},
            "B":{"type":"Compose","inputs":"@int('x')","runAfter":{
        "A" : ["Succeeded"]}
}
})j");
    rows_.fail(2);
    const std::string id = begin("{}", "alert-1");
    EXPECT_TRUE(rows_.rows().empty());
    for (int i = 0; i < 2; ++i) {
        clock_.advance({6 * Ticks::kSecond});
        service_->fire_due();
        service_->wait_idle();
    }
    const auto rows = rows_.rows();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows_.table_, "PlaybookRun_CL");
    EXPECT_EQ(rows[0].get("RunId_s")->string_or(""), id);
    EXPECT_EQ(rows[0].get("Status_s")->string_or(""), "Failed");
    EXPECT_EQ(rows[0].get("TriggerKey_s")->string_or(""), "alert-1");
    EXPECT_EQ(rows[0].get("ActionsFailed_d")->number_or(0), 1);
    EXPECT_EQ(action_of(id, "B").code, "InvalidTemplate");
}

TEST_F(ServiceTest, TheSameKeyStartsOneRun) {
    put(R"j({"A":{"type":"Compose","inputs":1}})j");
    const std::string first = begin("{}", "k");
    EXPECT_EQ(begin("{}", "k"), first);
    EXPECT_NE(begin("{}", "other"), first);
    EXPECT_NE(begin("{}", ""), begin("{}", ""));
    EXPECT_EQ(service_->runs(100).value().size(), 4u);
}

TEST_F(ServiceTest, RefusesWhatItCannotRun) {
    const auto findings = put(R"j({"Mail":{"type":"ApiConnection","inputs":{"method":"post"}},
        "Bad":{"type":"Compose","inputs":"@nope()","runAfter":{
        "Mail" : ["Succeeded"]}
}
})j");
    ASSERT_EQ(findings.size(), 2u);
    EXPECT_EQ(findings[0].id, "AUT0101");
    EXPECT_EQ(findings[0].path, "/actions/Mail");
    EXPECT_EQ(findings[1].id, "AUT0108");
    const auto refused = service_->start_run("Flow", Value(), "");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().id(), "AUT0004");
    EXPECT_NE(refused.error().message().find("ApiConnection"), std::string::npos);
    EXPECT_EQ(service_->start_run("none", Value(), "").error().id(), "AUT0002");
    EXPECT_EQ(service_->put_workflow("x", parse("[1]")).error().id(), "AUT0001");
    EXPECT_EQ(service_->run("none").error().id(), "AUT0006");
}

TEST_F(ServiceTest, RunAfterDecidesWhatFollowsAFailure) {
    put(R"j({"Call":{"type":"Http","inputs":{"method":"GET","uri":"http://h/x"}},
            "OnlyIfGood":{"type":"Compose","inputs":1,"runAfter":{"Call":["Succeeded"]}},
            "Behind":{"type":"Compose","inputs":1,"runAfter":{"OnlyIfGood":["Succeeded"]}},
            "Repair":{"type":"Compose","inputs":"@actions('Call')['status']",
                      "runAfter":{"Call":["Failed","TimedOut"]}},
            "Always":{"type":"Compose","inputs":2,
                      "runAfter":{"Behind":["Succeeded","Skipped"],"Repair":["SUCCEEDED"]}}})j");
    answer_ = [](const HttpCall&, std::size_t) { return json_answer(404, "{}"); };
    const std::string id = begin();
    EXPECT_EQ(run_of(id).status, "Succeeded");  // the failure was handled
    EXPECT_EQ(action_of(id, "Call").status, "Failed");
    EXPECT_EQ(action_of(id, "Call").outputs.get("statusCode")->int_or(0), 404);
    EXPECT_EQ(action_of(id, "OnlyIfGood").status, "Skipped");
    EXPECT_EQ(action_of(id, "Behind").status, "Skipped");
    EXPECT_EQ(action_of(id, "Repair").outputs, Value("Failed"));
    EXPECT_EQ(action_of(id, "Always").status, "Succeeded");
}

TEST_F(ServiceTest, RetriesByThePolicyAndTheClock) {
    put(R"j({"Call":{"type":"Http","inputs":{"method":"POST","uri":"http://h/x","body":{"a":1},
             "retryPolicy":{"type":"fixed","count":3,"interval":"PT10S"}}}})j");
    answer_ = [](const HttpCall&, std::size_t n) -> Result<HttpAnswer> {
        if (n == 1) {
            return Error(Code::Unavailable, "NET0303", "no connection");
        }
        if (n == 2) {
            HttpAnswer busy{429, {{"Retry-After", "60"}}, ""};
            return busy;
        }
        return json_answer(200, "{}");
    };
    const std::string id = begin();
    EXPECT_EQ(sender_.calls().size(), 1u);
    const auto pass = [&](std::int64_t seconds) {
        clock_.advance({seconds * Ticks::kSecond});
        service_->fire_due();
        service_->wait_idle();
    };
    pass(9);
    EXPECT_EQ(sender_.calls().size(), 1u);
    EXPECT_EQ(action_of(id, "Call").status, "Waiting");
    pass(1);
    EXPECT_EQ(sender_.calls().size(), 2u);
    pass(59);
    EXPECT_EQ(sender_.calls().size(), 2u);
    pass(1);
    EXPECT_EQ(run_of(id).status, "Succeeded");
    EXPECT_EQ(action_of(id, "Call").attempts, 3);
    const auto calls = sender_.calls();
    EXPECT_EQ(calls[0].headers, calls[2].headers);  // the same key every time
}

TEST_F(ServiceTest, GivesUpAfterTheLastRetry) {
    put(R"j({"Call":{"type":"Http","inputs":{"method":"GET","uri":"http://h/x",
             "retryPolicy":{"type":"fixed","count":2,"interval":"PT1S"}}}})j");
    answer_ = [](const HttpCall&, std::size_t) { return json_answer(503, R"({"why":"busy"})"); };
    const std::string id = begin();
    for (int i = 0; i < 5; ++i) {
        clock_.advance({Ticks::kSecond});
        service_->fire_due();
        service_->wait_idle();
    }
    EXPECT_EQ(sender_.calls().size(), 3u);
    EXPECT_EQ(run_of(id).status, "Failed");
    EXPECT_EQ(action_of(id, "Call").outputs.at({"body", "why"})->string_or(""), "busy");
}

TEST_F(ServiceTest, LoopsKeepTheirIterations) {
    put(R"j({"V":{"type":"InitializeVariable","inputs":{"variables":[{"name":"s","type":"string"}]}},
            "Each":{"type":"Foreach","foreach":"@triggerBody()","runAfter":{"V":["Succeeded"]},
              "actions":{
    "Call" : {"type" : "Http", "inputs" : {"method" : "GET", "uri" : "http://h/@{items('Each')}"}},
             "Note" : {
        "type" : "AppendToStringVariable",
                 "runAfter" : {"Call" : ["Succeeded"]},
                              "inputs" : {"name" : "s", "value" : "@{item()}-"}
    }}},
            "All":{"type":"Compose","runAfter":{"Each":["Succeeded"]},
                   "inputs":"@concat(variables('s'),string(length(body('Call'))))"},
            "Count":{
    "type" : "Until",
             "runAfter" : {"All" : ["Succeeded"]},
                          "expression" : "@equals(iterationIndexes('Count'),2)",
                                         "limit" : {"count" : 10, "timeout" : "PT1H"},
                                                   "actions" : {
        "Pass" : {"type" : "Compose", "inputs" : "@iterationIndexes('Count')"}
    }
}
})j");
    const std::string id = begin("[3,1,2]");
    EXPECT_EQ(run_of(id).status, "Succeeded") << run_of(id).error;
    EXPECT_EQ(action_of(id, "All").outputs, Value("3-1-2-3"));
    EXPECT_EQ(action_of(id, "Pass", {2}).outputs, Value(2));
    EXPECT_EQ(sender_.calls()[1].url, "http://h/1");
    EXPECT_EQ(sender_.calls()[1].headers[0].second, id + "/Call/1");
}

TEST_F(ServiceTest, DataActions) {
    put(R"j({"P":{"type":"ParseJson","inputs":{"content":"{\"rows\":[{\"a\":1},{\"a\":5}]}",
                 "schema":{"type":"object","required":["rows"]}}},
            "Q":{"type":"Query","runAfter":{"P":["Succeeded"]},
                 "inputs":{"from":"@body('P')['rows']","where":"@greater(item()['a'],2)"}
}
, "S" : {
    "type" : "Select",
    "runAfter" : {"Q" : ["Succeeded"]},
    "inputs" : {"from" : "@body('P')['rows']", "select" : {"b" : "@mul(item()['a'],2)"}}
},
        "J" : {
            "type" : "Join",
            "runAfter" : {"S" : ["Succeeded"]},
            "inputs" : {"from" : "@body('Q')", "joinWith" : ";"}
        },
              "T" : {
                  "type" : "Table",
                  "runAfter" : {"J" : ["Succeeded"]},
                  "inputs" : {"from" : "@body('S')", "format" : "CSV"}
              },
                    "W"
    : {
        "type" : "Switch",
        "runAfter" : {"T" : ["Succeeded"]},
        "expression" : "@length(body('Q'))",
        "cases" : {
            "One" : {"case" : 1, "actions" : {"InOne" : {"type" : "Compose", "inputs" : "one"}}},
            "Two" : {"case" : 2, "actions" : {"InTwo" : {"type" : "Compose", "inputs" : "two"}}}
        },
        "default" : {"actions" : {"Other" : {"type" : "Compose", "inputs" : "other"}}}
    },
      "E" : {
          "type" : "Terminate",
          "runAfter" : {"W" : ["Succeeded"]},
          "inputs" :
              {"runStatus" : "Failed", "runError" : {"code" : "Mine", "message" : "@body('J')"}}
      },
            "Never" : {
    "type" : "Compose", "inputs" : 1, "runAfter" : {
        "E" : ["Succeeded"]
    }
}
})j");
    const std::string id = begin();
    EXPECT_EQ(run_of(id).status, "Failed");
    EXPECT_EQ(run_of(id).code, "Mine");
    EXPECT_EQ(run_of(id).error, R"({"a":5})");
    EXPECT_EQ(action_of(id, "T").outputs.get("body")->string_or(""), "b\r\n2\r\n10\r\n");
    EXPECT_EQ(action_of(id, "InOne").status, "Succeeded");
    EXPECT_EQ(action_of(id, "InTwo").status, "Skipped");
    EXPECT_EQ(action_of(id, "Other").status, "Skipped");
    EXPECT_EQ(action_of(id, "Never").status, "Skipped");
    EXPECT_EQ(action_of(id, "Never").code, "Terminated");
}

TEST_F(ServiceTest, WaitsAreTimersAndRunsCanBeCancelled) {
    put(R"j({"W":{"type":"Wait","inputs":{"interval":{"count":2,"unit":"Hour"}}},
            "After":{"type":"Compose","inputs":1,"runAfter":{"W":["Succeeded"]}}})j");
    const std::string first = begin();
    const std::string second = begin();
    EXPECT_EQ(action_of(first, "W").status, "Waiting");
    ASSERT_TRUE(service_->cancel(second).ok());
    service_->wait_idle();
    EXPECT_EQ(run_of(second).status, "Cancelled");
    EXPECT_EQ(action_of(second, "W").status, "Cancelled");
    clock_.advance({2 * Ticks::kHour});
    service_->fire_due();
    service_->wait_idle();
    EXPECT_EQ(run_of(first).status, "Succeeded");
    EXPECT_EQ(rows_.rows().size(), 2u);
}

TEST_F(ServiceTest, HidesWhatSecureDataAndCredentialsSay) {
    put(R"j({"Get":{"type":"Http","runtimeConfiguration":{"secureData":{"properties":["outputs"]}},
              "inputs":{"method":"GET","uri":"http://h/secret","headers":{"Authorization":"Bearer tok-9"},
              "authentication":{"type":"Basic","username":"u","password":"pw-4"}}},
            "Use":{"type":"Compose","inputs":"@body('Get')['value']","runAfter":{"Get":["Succeeded"]}},
            "Set":{"type":"InitializeVariable","runAfter":{"Use":["Succeeded"]},
              "inputs":{"variables":[{"name":"v","type":"string","value":"@outputs('Use')"}]
}
}
, "Show" : {
    "type" : "Compose", "inputs" : "@variables('v')", "runAfter" : {
        "Set" : ["Succeeded"]
    }
}
})j");
    answer_ = [](const HttpCall&, std::size_t) {
        return json_answer(200, R"({"value":"hidden-7"})");
    };
    const std::string id = begin();
    EXPECT_EQ(run_of(id).status, "Succeeded");
    const auto actions = service_->actions(id);
    for (const ActionRecord& action : actions.value()) {
        const std::string shown =
            codec::to_json(action.inputs) + codec::to_json(action.outputs) + action.error;
        for (const char* secret : {"hidden-7", "tok-9", "pw-4"}) {
            EXPECT_EQ(shown.find(secret), std::string::npos) << action.name;
        }
    }
    std::string journal;
    ASSERT_TRUE(store_
                    ->read([&](store::Transaction& tx) -> Status {
                        QD_TRY(const auto rows, tx.query("SELECT event FROM automation_journal"));
                        while (true) {
                            QD_TRY(const bool more, rows->step());
                            if (!more) {
                                return {};
                            }
                            journal += rows->text(0);
                        }
                    })
                    .ok());
    EXPECT_FALSE(journal.empty());
    for (const char* secret : {"hidden-7", "tok-9", "pw-4"}) {
        EXPECT_EQ(journal.find(secret), std::string::npos) << journal;
    }
}

TEST_F(ServiceTest, GoesOnBehindTheLastCommittedStepAfterARestart) {
    put(R"j({"One":{"type":"Http","inputs":{"method":"POST","uri":"http://h/1"}},
            "Id":{"type":"Compose","inputs":"@guid()","runAfter":{
    "One" : ["Succeeded"]}},
            "Two":{"type":"Http","inputs":{"method":"POST","uri":"http://h/2","body":"@outputs('Id')"},
                   "runAfter":{"Id":["Succeeded"]}},
            "Three":{
    "type" : "Http",
             "inputs" : {"method" : "POST", "uri" : "http://h/3", "body" : "@outputs('Id')"},
                        "runAfter" : {
        "Two" : ["Succeeded"]
    }
}
})j");
    answer_ = [this](const HttpCall& call, std::size_t) {
        if (call.url == "http://h/1") {
            sender_.hold();  // the answer to the second call never comes
        }
        return json_answer(200, "{}");
    };
    const std::string id = begin();
    ASSERT_EQ(sender_.calls().size(), 2u);
    service_.reset();
    FakeSender again([](const HttpCall&, std::size_t) { return json_answer(200, "{}"); });
    auto opened =
        WorkflowService::open({*store_, again, rows_, clock_, entropy_, executor_, *log_}, {});
    ASSERT_TRUE(opened.ok());
    service_ = std::move(opened).value();
    EXPECT_EQ(run_of(id).status, "Running");
    service_->start();
    service_->wait_idle();
    EXPECT_EQ(run_of(id).status, "Succeeded");
    const auto calls = again.calls();
    ASSERT_EQ(calls.size(), 2u);  // not the first one
    EXPECT_EQ(calls[0].url, "http://h/2");
    EXPECT_EQ(calls[0].headers, sender_.calls()[1].headers);
    EXPECT_EQ(calls[0].body, sender_.calls()[1].body);  // the guid was not drawn again
    EXPECT_EQ(calls[1].body, calls[0].body);
}

TEST_F(ServiceTest, AnUnsafeCallIsNotRepeatedAgainstItsPolicy) {
    put(R"j({"One":{"type":"Http","inputs":{"method":"POST","uri":"http://h/1",
                    "retryPolicy":{"type":"none"}}}})j");
    sender_.hold();
    const std::string id = begin();
    service_.reset();
    open();
    service_->start();
    service_->wait_idle();
    EXPECT_EQ(sender_.calls().size(), 1u);
    EXPECT_EQ(action_of(id, "One").status, "Failed");
    EXPECT_EQ(action_of(id, "One").code, "OutcomeUnknown");
}

TEST_F(ServiceTest, FollowsAnAsynchronousAnswer) {
    put(R"j({"Job":{"type":"Http","inputs":{"method":"POST","uri":"http://h/jobs","body":{}}}})j");
    answer_ = [](const HttpCall& call, std::size_t n) {
        if (n <= 2) {
            return HttpAnswer{202, {{"Location", "/jobs/7"}, {"Retry-After", "3"}}, ""};
        }
        return json_answer(200, "{\"url\":\"" + call.method + " " + call.url + "\"}");
    };
    const std::string id = begin();
    for (int i = 0; i < 2; ++i) {
        clock_.advance({3 * Ticks::kSecond});
        service_->fire_due();
        service_->wait_idle();
    }
    EXPECT_EQ(run_of(id).status, "Succeeded");
    EXPECT_EQ(action_of(id, "Job").outputs.at({"body", "url"})->string_or(""),
              "GET http://h/jobs/7");
}

}  // namespace
}  // namespace qd::automation::testing
