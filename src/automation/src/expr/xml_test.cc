#include "expr/xml_json.h"
#include "expr/xml_path.h"
#include "expr/xml_tree.h"
#include "qd/automation/expression.h"
#include "qd/codec/json.h"

#include <gtest/gtest.h>

namespace qd::automation::expr {
namespace {

struct Case {
    const char* given;
    const char* expected;
};

std::string rewritten(std::string_view text) {
    const auto document = parse_xml(text);
    return document.ok() ? write_xml(document.value()) : document.error().id();
}

std::string as_json(std::string_view text) {
    const auto document = parse_xml(text);
    return document.ok() ? codec::to_json(xml_to_json(document.value())) : document.error().id();
}

std::string as_xml(std::string_view json) {
    const Value value = codec::parse_json(json).value();
    const auto document = json_to_xml(*value.if_object());
    return document.ok() ? write_xml(document.value()) : document.error().id();
}

TEST(Xml, IsWrittenAsDotNetWritesIt) {
    const Case cases[] = {
        {"<a/>", "<a />"},
        {"<a></a>", "<a></a>"},
        {"<a>  </a>", "<a></a>"},
        {"<a xml:space='preserve'>  </a>", "<a xml:space=\"preserve\">  </a>"},
        {"<a b='1&quot;2&#10;3'>x &amp; y &gt; z</a>",
         "<a b=\"1&quot;2&#xA;3\">x &amp; y &gt; z</a>"},
        {"\xef\xbb\xbf<?xml version='1.0'?>\n<a/>", "<?xml version=\"1.0\"?><a />"},
        {"<p:a xmlns:p='u'><p:b/></p:a>", "<p:a xmlns:p=\"u\"><p:b /></p:a>"},
        {"<?pi some thing?><a><!-- c --></a>", "<?pi some thing?><a><!-- c --></a>"},
        {"<!DOCTYPE a SYSTEM \"s\" [<!-- ] --><!ELEMENT a (#PCDATA)>]><a/>",
         "<!DOCTYPE a SYSTEM \"s\"[<!-- ] --><!ELEMENT a (#PCDATA)>]><a />"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(rewritten(c.given), c.expected) << c.given;
    }
}

TEST(Xml, WhatIsNoXmlIsRefused) {
    for (const char* text :
         {"", "<", "text", "<a/><b/>", "<!-- c -->", "<a", "<a b=1/>", "<a b='1' b='2'/>", "<p:a/>",
          "<a>&unknown;</a>", "<?xml encoding='utf-8'?><a/>",
          "<?xml version='1.0' standalone='yes' encoding='utf-8'?><a/>",
          "<?xml version='1.0' standalone='maybe'?><a/>", "<?xml version='1.1'?><a/>",
          "<?xml version='1.0'"}) {
        EXPECT_EQ(rewritten(text), "AUT0204") << text;
    }
}

// A few lines that would become gigabytes, files that would be read, levels that would never end.
TEST(Xml, HostileDocumentsAreRefused) {
    std::string bomb = "<!DOCTYPE a [<!ENTITY x0 \"ha\">";
    for (int i = 1; i < 30; ++i) {
        const std::string before = "&x" + std::to_string(i - 1) + ";";
        bomb += "<!ENTITY x" + std::to_string(i) + " \"" + before + before + "\">";
    }
    EXPECT_EQ(rewritten(bomb + "]><a>&x29;</a>"), "AUT0204");
    EXPECT_EQ(rewritten("<!DOCTYPE a [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><a>&f;</a>"),
              "AUT0204");
    std::string deep;
    for (int i = 0; i < 100'000; ++i) {
        deep += "<a>";
    }
    EXPECT_EQ(rewritten(deep), "AUT0204");
    // External subsets are not fetched.
    EXPECT_EQ(rewritten("<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/x.dtd\"><a/>"),
              "<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/x.dtd\"><a />");
}

TEST(Xml, BecomesJsonAsJsonNetDoesIt) {
    const Case cases[] = {
        {"<a/>", R"j({"a":null})j"},
        {"<a></a>", R"j({"a":""})j"},
        {"<a>x</a>", R"j({"a":"x"})j"},
        {"<a b='1'>x</a>", R"j({"a":{"@b":"1","#text":"x"}})j"},
        {"<a><b/>t<b>2</b></a>", R"j({"a":{"b":[null,"2"],"#text":"t"}})j"},
        {"<a><!--1--></a>", R"j({"a":{}})j"},
        {"<a><!--1--><!--2--></a>", R"j({"a":{"#comment":[]}})j"},
        {"<a_x0020_b/>", R"j({"a b":null})j"},
        {"<a xmlns:json='http://james.newtonking.com/projects/json'><b json:Array='true'>1</b></a>",
         R"j({"a":{"b":["1"]}})j"},
        {"<p:a xmlns:p='u' p:c='1'/>", R"j({"p:a":{"@xmlns:p":"u","@p:c":"1"}})j"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(as_json(c.given), c.expected) << c.given;
    }
}

TEST(Xml, IsMadeOfJsonAsJsonNetDoesIt) {
    const Case cases[] = {
        {R"j({})j", ""},
        {R"j({"a":null})j", "<a />"},
        {R"j({"a":""})j", "<a></a>"},
        {R"j({"a":{"b":[1,true,2.5,null]}})j", "<a><b>1</b><b>true</b><b>2.5</b><b /></a>"},
        {R"j({"a":{"b":[[1,2]]}})j", "<a><b><b>1</b><b>2</b></b></a>"},
        {R"j({"a":{"@b":"x","#text":["1","2"]}})j", "<a b=\"x\">12</a>"},
        {R"j({"1 a":"x"})j", "<_x0031__x0020_a>x</_x0031__x0020_a>"},
        {R"j({"p:a":{"@xmlns:p":"u","p:b":1}})j", "<p:a xmlns:p=\"u\"><p:b>1</p:b></p:a>"},
        {R"j({"?xml":{"@version":"1.0","@encoding":"utf-8"},"a":1})j",
         "<?xml version=\"1.0\" encoding=\"utf-8\"?><a>1</a>"},
        {R"j({"a":1,"b":2})j", "AUT0204"},
        {R"j({"a":[1,2]})j", "AUT0204"},
        {R"j({"":1})j", "AUT0204"},
        {R"j({"#text":"x"})j", "AUT0204"},
        {R"j({"a":{"@b":{"c":1}}})j", "AUT0204"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(as_xml(c.given), c.expected) << c.given;
    }
}

std::string found(std::string_view xml, const std::string& path) {
    const XmlNode document = parse_xml(xml).value();
    const auto result = find_xpath(document, path);
    if (!result.ok()) {
        return result.error().id();
    }
    if (const auto* nodes = std::get_if<std::vector<const XmlNode*>>(&result.value())) {
        std::string out;
        for (const XmlNode* node : *nodes) {
            out += "[" + write_xml(*node) + "]";
        }
        return out;
    }
    if (const auto* number = std::get_if<double>(&result.value())) {
        return std::to_string(*number);
    }
    const auto* text = std::get_if<std::string>(&result.value());
    return text != nullptr ? *text : std::get<bool>(result.value()) ? "true" : "false";
}

TEST(Xml, PathsFindNodesAndValues) {
    constexpr const char* kXml =
        "<r xmlns:p='u'><a n='1'>x</a><p:b><c/></p:b><a n='2'><![CDATA[y]]></a></r>";
    EXPECT_EQ(found(kXml, "/r/a"), "[<a n=\"1\">x</a>][<a n=\"2\"><![CDATA[y]]></a>]");
    EXPECT_EQ(found(kXml, "//a/text()"), "[x][<![CDATA[y]]>]");
    EXPECT_EQ(found(kXml, "//a/@n"), "[1][2]");
    EXPECT_EQ(found(kXml, "//*[local-name()='b']"), "[<p:b xmlns:p=\"u\"><c /></p:b>]");
    EXPECT_EQ(found(kXml, "sum(//@n)"), "3.000000");
    EXPECT_EQ(found(kXml, "string(//a[2])"), "y");
    EXPECT_EQ(found(kXml, "count(//a) = 2"), "true");
    EXPECT_EQ(found(kXml, "/nothing"), "");
    EXPECT_EQ(found(kXml, "//p:b"), "AUT0204");
    EXPECT_EQ(found(kXml, "///"), "AUT0204");
}

TEST(Xml, APathThatWouldTakeForeverEnds) {
    std::string many = "<r>";
    for (int i = 0; i < 3000; ++i) {
        many += "<a/>";
    }
    many += "</r>";
    EXPECT_EQ(found(many, "count(//*[count(//*[count(//*) > 0]) > 0])"), "AUT0204");
}

}  // namespace
}  // namespace qd::automation::expr
