#include "qd/codec/yaml.h"

#include "qd/codec/json.h"

#include <gtest/gtest.h>

namespace qd::codec {
namespace {

/// The one document of a text, as JSON; the error's text when it fails.
std::string yaml_to_json(std::string_view text, YamlLimits limits = {}) {
    auto documents = parse_yaml(text, limits);
    if (!documents.ok()) {
        return documents.error().text();
    }
    std::string out;
    for (const YamlDocument& document : *documents) {
        out += (out.empty() ? "" : " | ") + to_json(document.root);
    }
    return out;
}

struct Case {
    const char* yaml;
    const char* json;
};

void expect_all(const std::vector<Case>& cases) {
    for (const Case& c : cases) {
        EXPECT_EQ(yaml_to_json(c.yaml), c.json) << c.yaml;
    }
}

TEST(YamlScalars, Booleans) {
    for (const char* word :
         {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"}) {
        EXPECT_EQ(yaml_to_json(word), "true") << word;
    }
    for (const char* word :
         {"n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"}) {
        EXPECT_EQ(yaml_to_json(word), "false") << word;
    }
    expect_all(
        {{"yES", "\"yES\""}, {"tRUE", "\"tRUE\""}, {"'yes'", "\"yes\""}, {"yes.", "\"yes.\""}});
}

TEST(YamlScalars, Nulls) {
    expect_all({{"~", "null"},
                {"null", "null"},
                {"Null", "null"},
                {"NULL", "null"},
                {"a:", R"({"a":null})"},
                {"- ", "[null]"},
                {"nULL", "\"nULL\""},
                {"''", "\"\""},
                {"'~'", "\"~\""}});
}

TEST(YamlScalars, Integers) {
    expect_all({{"0", "0"},
                {"-0", "0"},
                {"42", "42"},
                {"+7", "7"},
                {"-7", "-7"},
                {"1_000_000", "1000000"},
                {"012", "10"},
                {"-012", "-10"},
                {"0o12", "10"},
                {"0O17", "15"},
                {"0x1F", "31"},
                {"0X1f", "31"},
                {"-0x10", "-16"},
                {"0b101", "5"},
                {"-0b11", "-3"},
                {"0_12", "10"},
                {"9223372036854775807", "9223372036854775807"},
                {"-9223372036854775808", "-9223372036854775808"},
                {"9223372036854775808", "9223372036854775808"},
                {"18446744073709551615", "18446744073709551615"},
                {"18446744073709551616", "18446744073709551616"},
                {"+18446744073709551616", "18446744073709551616"},
                {"-9223372036854775809", "-9223372036854775809"},
                {"0xFFFFFFFFFFFFFFFF", "18446744073709551615"},
                {"0xFFFFFFFFFFFFFFFFF", "\"0xFFFFFFFFFFFFFFFFF\""},
                {"0x", "\"0x\""},
                {"0xg", "\"0xg\""},
                {"0b2", "\"0b2\""},
                {"_1", "\"_1\""},
                {"1 000", "\"1 000\""},
                {"12:30:45", "\"12:30:45\""},
                {"1:30", "\"1:30\""},
                {"+", "\"+\""},
                {"-1-", "\"-1-\""},
                {"--1", "\"--1\""},
                {"+-1", "\"+-1\""},
                {"10.0.0.1", "\"10.0.0.1\""},
                {"1.2.3", "\"1.2.3\""}});
}

TEST(YamlScalars, Floats) {
    expect_all({{"1.5", "1.5"},
                {"-1.5e3", "-1500.0"},
                {"1e3", "1000.0"},
                {"1E+3", "1000.0"},
                {"1.", "1.0"},
                {".5", "0.5"},
                {"+.5", "0.5"},
                {"-.5", "-0.5"},
                {"1_0.5", "10.5"},
                {"._5", "\"._5\""},
                {"08", "8.0"},
                {"09.5", "9.5"},
                {"1e400", "\"1e400\""},
                {"1e-400", "0.0"},
                {"1e", "\"1e\""},
                {"e3", "\"e3\""},
                {".", "\".\""},
                {"685.230_15e+03", "685230.15"},
                {".nan", "\"NaN\""},
                {".NaN", "\"NaN\""},
                {".NAN", "\"NaN\""},
                {".inf", "\"Infinity\""},
                {"+.Inf", "\"Infinity\""},
                {"-.INF", "\"-Infinity\""},
                {".iNF", "\".iNF\""},
                {"infinity", "\"infinity\""},
                {"nan", "\"nan\""}});
    const auto nan = parse_yaml(".nan");
    ASSERT_TRUE(nan.ok());
    EXPECT_NE(nan.value()[0].root.if_double(), nullptr);
}

TEST(YamlScalars, TextStaysText) {
    expect_all({{"'443'", "\"443\""},
                {"\"true\"", "\"true\""},
                {"|\n  12\n", "\"12\\n\""},
                {">-\n  yes\n", "\"yes\""},
                {"2026-11-23", "\"2026-11-23\""},
                {"2026-11-23T10:00:00Z", "\"2026-11-23T10:00:00Z\""},
                {"\"a\\u00e9\\n\"", "\"a\xc3\xa9\\n\""},
                {"plain words # comment", "\"plain words\""}});
}

TEST(YamlScalars, Tags) {
    expect_all({{"!!str 443", "\"443\""},
                {"!!str true", "\"true\""},
                {"!!str", "\"\""},
                {"!!int '5'", "5"},
                {"!!float 5", "5.0"},
                {"!!bool 'yes'", "true"},
                {"!!null ''", "null"},
                {"!custom 5", "\"5\""},
                {"!!map {a: 1}", R"({"a":1})"},
                {"!!int abc",
                 "COD0011: line 1, column 1: scalar does not fit its tag: "
                 "tag:yaml.org,2002:int: abc"},
                {"!!binary aGk=", "COD0011: line 1, column 1: !!binary is not supported"}});
}

TEST(YamlKeys, BecomeText) {
    expect_all(
        {{"true: x", R"({"true":"x"})"},
         {"yes: x", R"({"true":"x"})"},
         {"012: x", R"({"10":"x"})"},
         {"1.5: x", R"({"1.5":"x"})"},
         {"1e6: x", R"({"1e+06":"x"})"},
         {"0.1: x", R"({"0.1":"x"})"},
         {"18446744073709551615: x", R"({"18446744073709551615":"x"})"},
         {"'yes': x", R"({"yes":"x"})"},
         {".inf: x", R"({".inf":"x"})"},
         {"-.inf: x", R"({"-.inf":"x"})"},
         {".nan: x", R"({".nan":"x"})"},
         {"2026-11-23: x", R"({"2026-11-23":"x"})"},
         {"~: x", "COD0011: line 1, column 1: key is neither text, number nor boolean"},
         {"? [a]\n: x", "COD0011: line 1, column 3: key is neither text, number nor boolean"},
         {"{a: 1, b: 2}: x",
          "COD0011: line 1, column 1: key is neither text, number nor boolean"}});
}

TEST(YamlKeys, DuplicatesLastWinsAtTheFirstPlace) {
    EXPECT_EQ(yaml_to_json("a: 1\nb: 2\na: 3\n"), R"({"a":3,"b":2})");
    YamlLimits strict;
    strict.refuse_duplicate_keys = true;
    EXPECT_EQ(yaml_to_json("a: 1\nb: 2\na: 3\n", strict),
              "COD0011: line 3, column 1: duplicate key: a");
    EXPECT_EQ(yaml_to_json("yes: 1\ntrue: 3\n", strict),
              "COD0011: line 2, column 1: duplicate key: true");
    EXPECT_EQ(yaml_to_json("x: {a: 1}\nz: {a: 1}\n", strict), R"({"x":{"a":1},"z":{"a":1}})");
    std::string many;
    for (int i = 0; i < 200; ++i) {
        many += "k" + std::to_string(i % 100) + ": " + std::to_string(i) + "\n";
    }
    const auto documents = parse_yaml(many);
    ASSERT_TRUE(documents.ok());
    const Object* object = documents.value()[0].root.if_object();
    ASSERT_EQ(object->size(), 100U);
    EXPECT_EQ(object->begin()->first, "k0");
    EXPECT_EQ(object->begin()->second, Value(100));
    EXPECT_EQ(*object->find("k99"), Value(199));
    EXPECT_EQ(documents.value()[0].position("/k5").line, 106U);
}

TEST(YamlAnchors, AliasesAndMerges) {
    expect_all({
        {"a: &x [1, {b: 2}]\nc: *x\n", R"({"a":[1,{"b":2}],"c":[1,{"b":2}]})"},
        {"a: &x 1\nb: &x 2\nc: *x\n", R"({"a":1,"b":2,"c":2})"},
        {"&k key: 1\nother: *k\n", R"({"key":1,"other":"key"})"},
        {"base: &b {a: 1, b: 2}\nx:\n  <<: *b\n  b: 3\n",
         R"({"base":{"a":1,"b":2},"x":{"a":1,"b":3}})"},
        // Document order: what is merged later replaces what was written before.
        {"base: &b {a: 1, b: 2}\nx:\n  b: 3\n  <<: *b\n",
         R"({"base":{"a":1,"b":2},"x":{"b":2,"a":1}})"},
        {"p: &p {a: 1}\nq: &q {a: 2, b: 2}\nx:\n  <<: [*p, *q]\n",
         R"({"p":{"a":1},"q":{"a":2,"b":2},"x":{"a":1,"b":2}})"},
        {"x:\n  <<: {a: 1}\n  c: 2\n", R"({"x":{"a":1,"c":2}})"},
        {"p: &p {a: 1}\nq: &q\n  <<: *p\n  b: 2\nx:\n  <<: *q\n",
         R"({"p":{"a":1},"q":{"a":1,"b":2},"x":{"a":1,"b":2}})"},
        {"'<<': {a: 1}\n", R"({"<<":{"a":1}})"},
        {"<<: 1\n", "COD0011: line 1, column 5: merge of something that is no mapping"},
        {"<<: [{a: 1}, 2]\n", "COD0011: line 1, column 14: merge of something that is no mapping"},
        {"a: *nope\n", "COD0011: line 1, column 4: unknown anchor: nope"},
        {"a: &a [*a]\n", "COD0011: line 1, column 8: anchor contains itself: a"},
        {"a: &a {b: 1}\n---\nc: *a\n", "COD0011: line 3, column 4: unknown anchor: a"},
    });
}

TEST(Yaml, Documents) {
    expect_all({{"", ""},
                {"# only a comment\n", ""},
                {"---\n", "null"},
                {"--- a\n--- b\n...\n", "\"a\" | \"b\""},
                {"a: 1\n---\n---\nb: 2\n", R"({"a":1} | null | {"b":2})"},
                {"%YAML 1.1\n---\na\n", "\"a\""},
                {R"({"json": [1, 2.5, "x", null, true]})", R"({"json":[1,2.5,"x",null,true]})"}});
}

TEST(Yaml, Positions) {
    const auto documents = parse_yaml(
        "# comment\n"
        "spec:\n"
        "  containers:\n"
        "    - name: web\n"
        "      'a/b~c': [1, 22]\n"
        "base: &b\n"
        "  k: v\n"
        "copy: *b\n"
        "merged:\n"
        "  <<: *b\n");
    ASSERT_TRUE(documents.ok());
    const YamlDocument& document = documents.value()[0];
    const std::pair<const char*, YamlPosition> cases[] = {
        {"", {2, 1}},
        {"/spec", {3, 3}},
        {"/spec/containers", {4, 5}},
        {"/spec/containers/0", {4, 7}},
        {"/spec/containers/0/name", {4, 13}},
        {"/spec/containers/0/a~1b~0c", {5, 16}},
        {"/spec/containers/0/a~1b~0c/1", {5, 20}},
        {"/base", {6, 7}},
        {"/copy", {8, 7}},
        {"/copy/k", {7, 6}},
        {"/merged/k", {7, 6}},
        {"/spec/containers/1", {0, 0}},
        {"/spec/containers/00", {0, 0}},
        {"/spec/containers/x", {0, 0}},
        {"/spec/containers/99999999999", {0, 0}},
        {"/nothing", {0, 0}},
        {"/base/k/deeper", {0, 0}},
        {"spec", {0, 0}},
    };
    for (const auto& [pointer, expected] : cases) {
        EXPECT_EQ(document.position(pointer).line, expected.line) << pointer;
        EXPECT_EQ(document.position(pointer).column, expected.column) << pointer;
    }
}

TEST(Yaml, Errors) {
    for (const char* bad :
         {"a: [1, 2", "a: b: c", "a: 'x", "- a\nb", "\t- a", "a: |x", "{a: 1]", "\x01",
          "\xff\xfe\xff", "a: \xc3\x28", "%YAML 3.0\n--- a", "!<tag", "a: !!"}) {
        const auto documents = parse_yaml(bad);
        ASSERT_FALSE(documents.ok()) << bad;
        EXPECT_EQ(documents.error().id(), "COD0011") << bad;
        EXPECT_EQ(documents.error().message().rfind("line ", 0), 0U) << documents.error().text();
    }
    EXPECT_EQ(yaml_to_json("a: 1\n b: 2\n").substr(0, 23), "COD0011: line 2, column");
}

TEST(YamlLimits, NestingIsBounded) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + "1" + std::string(depth, ']');
    };
    EXPECT_TRUE(parse_yaml(nested(1'000)).ok());
    EXPECT_EQ(parse_yaml(nested(1'001)).error().id(), "COD0012");
    EXPECT_EQ(parse_yaml(std::string(1'000'000, '[')).error().id(), "COD0012");
    std::string block;
    for (int i = 0; i < 1'500; ++i) {
        block += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    }
    EXPECT_EQ(parse_yaml(block).error().id(), "COD0012");
    // Aliases add depth that the text does not show.
    std::string chained = "a0: &a0 " + nested(900) + "\n";
    for (int i = 1; i < 4; ++i) {
        const std::string n = std::to_string(i);
        chained += "a" + n + ": &a" + n + " " + std::string(900, '[') + "*a" +
                   std::to_string(i - 1) + " " + std::string(900, ']') + "\n";
    }
    EXPECT_EQ(parse_yaml(chained).error().id(), "COD0012");
    std::string merges = "m0: &m0 {a: 1}\n";
    for (int i = 1; i < 3'000; ++i) {
        const std::string n = std::to_string(i);
        merges += "m" + n + ": &m" + n + "\n  <<: *m" + std::to_string(i - 1) + "\n";
    }
    EXPECT_EQ(parse_yaml(merges).error().id(), "COD0012");
}

TEST(YamlLimits, AliasBombsAreBounded) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 9; ++j) {
            bomb += (j == 0 ? "" : ", ") + before;
        }
        bomb += "]\n";
    }
    EXPECT_EQ(parse_yaml(bomb).error().id(), "COD0012");
    // Few nodes, much text.
    std::string text_bomb = "a: &a " + std::string(1 << 20, 'x') + "\nb: [";
    for (int i = 0; i < 1'000; ++i) {
        text_bomb += "*a, ";
    }
    EXPECT_EQ(parse_yaml(text_bomb + "]\n").error().id(), "COD0012");
    YamlLimits few;
    few.nodes_max = 10;
    EXPECT_TRUE(parse_yaml("[1,2,3,4,5,6,7,8,9]", few).ok());
    EXPECT_EQ(parse_yaml("[1,2,3,4,5,6,7,8,9,10]", few).error().id(), "COD0012");
    EXPECT_EQ(parse_yaml("[1,2,3,4]\n--- [1,2,3,4,5,6]", few).error().id(), "COD0012");
    few.documents_max = 2;
    EXPECT_EQ(parse_yaml("--- a\n--- b\n--- c\n", few).error().message(),
              "line 3, column 1: too many documents: limit 2");
}

}  // namespace
}  // namespace qd::codec
