#include "qd/automation/definition.h"

#include "qd/codec/json.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace qd::automation {
namespace {

std::string with_actions(std::string_view actions) {
    return R"j({"triggers":{"t":{"type":"Request"}},"actions":)j" + std::string(actions) + "}";
}

Definition load(std::string_view text) {
    auto loaded = load_definition(codec::parse_json(text).value());
    EXPECT_TRUE(loaded.ok()) << loaded.error().text();
    return loaded.ok() ? std::move(loaded).value() : Definition();
}

std::vector<std::string> ids(const Definition& definition) {
    std::vector<std::string> out;
    for (const Finding& finding : definition.findings) {
        out.push_back(finding.id);
    }
    std::sort(out.begin(), out.end());
    return out;
}

TEST(Definition, AcceptsTheThreeContainers) {
    const std::string bare = with_actions(R"j({"A":{"type":"compose","inputs":1}})j");
    EXPECT_TRUE(load(bare).startable());
    EXPECT_TRUE(load(R"j({"kind":"Stateful","definition":)j" + bare + "}").startable());
    const Definition arm = load(
        R"j({"type":"Microsoft.Logic/workflows","properties":{"state":"Disabled","definition":)j" +
        bare + "}}");
    EXPECT_TRUE(arm.startable());
    EXPECT_FALSE(arm.enabled);
    for (const char* none : {"{}", "[]", "1", R"j({"definition":[]})j", R"j({"properties":{}})j"}) {
        const auto loaded = load_definition(codec::parse_json(none).value());
        ASSERT_FALSE(loaded.ok()) << none;
        EXPECT_EQ(loaded.error().id(), "AUT0001");
    }
}

TEST(Definition, FindsWhatIsWrong) {
    struct Case {
        const char* actions;
        std::vector<std::string> findings;
    };
    const Case cases[] = {
        {R"j({"A":{"type":"Nope"}})j", {"AUT0101"}},
        {R"j({"A":{"type":"Compose","inputs":1},"S":{"type":"Scope","actions":
             {"a":{"type":"Compose","inputs":1}}}})j",
         {"AUT0102"}},
        {R"j({"A":{"type":"Compose","inputs":1,"runAfter":{"B":["Succeeded"]}}})j", {"AUT0103"}},
        {R"j({"A":{"type":"Compose","inputs":1,"runAfter":{"B":["Succeeded"]}},
             "B":{"type":"Compose","inputs":1,"runAfter":{"A":["Succeeded"]}}})j",
         {"AUT0104", "AUT0104"}},
        {R"j({"A":{"type":"Compose","inputs":1},
             "B":{"type":"Compose","inputs":1,"runAfter":{"A":["Happy"]}}})j",
         {"AUT0111"}},
        {R"j({"S":{"type":"Scope","actions":{"V":{"type":"InitializeVariable",
             "inputs":{"variables":[{"name":"x","type":"string"}]}}}}})j",
         {"AUT0106"}},
        {R"j({"A":{"type":"Compose","inputs":"@body('Z')"}})j", {"AUT0107"}},
        {R"j({"A":{"type":"Compose","inputs":"@variables('v')"}})j", {"AUT0107"}},
        {R"j({"A":{"type":"Compose","inputs":"@parameters('p')"}})j", {"AUT0107"}},
        {R"j({"A":{"type":"Compose","inputs":"@items('Loop')"}})j", {"AUT0107"}},
        {R"j({"A":{"type":"SetVariable","inputs":{"name":"v","value":1}}})j", {"AUT0107"}},
        {R"j({"A":{"type":"Compose","inputs":"@nope(1)"}})j", {"AUT0108"}},
        {R"j({"A":{"type":"Compose","inputs":"@multipartBody('A',0)"}})j", {"AUT0109"}},
        {R"j({"A":{"type":"Compose","inputs":"@{oops"}})j", {"AUT0115"}},
        {R"j({"A":{"type":"Compose"}})j", {"AUT0111"}},
        {R"j({"A":{"type":"Http","inputs":{"uri":"http://h",
             "authentication":{"type":"ManagedServiceIdentity"}}}})j",
         {"AUT0113"}},
    };
    for (const Case& c : cases) {
        const Definition definition = load(with_actions(c.actions));
        EXPECT_EQ(ids(definition), c.findings) << c.actions;
        EXPECT_FALSE(definition.startable());
    }
    EXPECT_EQ(ids(load(R"j({"triggers":{"t":{"type":"Recurrence"}},"actions":{}})j")),
              std::vector<std::string>{"AUT0112"});
}

TEST(Definition, ALoopThatWritesAVariableRunsSequentially) {
    const Definition definition = load(with_actions(R"j({
        "V":{"type":"InitializeVariable","inputs":{"variables":[{"name":"x","type":"integer"}]}},
        "L":{"type":"Foreach","foreach":"@range(0,3)","runAfter":{"V":["Succeeded"]},
             "actions":{"I":{"type":"IncrementVariable","inputs":{"name":"X"}}}}})j"));
    EXPECT_EQ(ids(definition), std::vector<std::string>{"AUT0120"});
    EXPECT_TRUE(definition.startable());
    EXPECT_EQ(definition.actions[*definition.find("l")].concurrency, 1);
}

TEST(Definition, TextsOfADeploymentTemplate) {
    const Definition definition = load(
        R"j({"properties":{"definition":{"triggers":{"t":{"type":"Request"}},"actions":{
            "A":{"type":"Compose","inputs":"[[1]"},
            "B":{"type":"Compose","inputs":"[concat('@{oops', parameters('x'))]"}}}}})j");
    EXPECT_EQ(ids(definition), std::vector<std::string>{"AUT0110"});
    EXPECT_EQ(definition.findings[0].path, "/actions/B/inputs");
    const auto context = make_empty_context();
    EXPECT_EQ(definition.actions[0].inputs.evaluate(*context).value(), Value("[1]"));
}

TEST(Definition, PrintsWhatItRead) {
    const Value document = codec::parse_json(with_actions(R"j({
        "If":{"type":"If","expression":{"equals":[1,1]},"actions":{},
              "else":{"actions":{"X":{"type":"Compose","inputs":{"a":"@{1}"},"runAfter":{}}}}},
        "S":{"type":"Switch","expression":1,"cases":{"c":{"case":1,"actions":{}}},
             "default":{"actions":{}},"runAfter":{"if":["SUCCEEDED"]},"kind":"k"}})j"))
                               .value();
    EXPECT_EQ(definition_json(load_definition(document).value()), document);
}

TEST(Definition, DeepNestingIsRefused) {
    std::string actions = R"j({"Z":{"type":"Compose","inputs":1}})j";
    for (int i = 0; i < 60; ++i) {
        actions =
            R"j({"S)j" + std::to_string(i) + R"j(":{"type":"Scope","actions":)j" + actions + "}}";
    }
    const Definition definition = load(with_actions(actions));
    EXPECT_FALSE(definition.startable());
    EXPECT_EQ(definition.findings[0].id, "AUT0105");
}

}  // namespace
}  // namespace qd::automation
