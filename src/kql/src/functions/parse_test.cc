#include "functions/function_cases.h"

namespace qd::kql {
namespace {

TEST(ParseFunctions, TakeTextsApart) {
    expect_cases({
        {"parse_url",
         {str("scheme://user:pw@host:1234/this/path?k1=v1&k2=v2#frag")},
         R"({"Scheme":"scheme","Host":"host","Port":"1234","Path":"/this/path","Username":"user",)"
         R"("Password":"pw","Query Parameters":{"k1":"v1","k2":"v2"},"Fragment":"frag"})"},
        {"parse_url",
         {str("a/b")},
         R"({"Scheme":"","Host":"","Port":"","Path":"a/b","Username":"","Password":"",)"
         R"("Query Parameters":{},"Fragment":""})"},
        {"parse_urlquery",
         {str("k1=v1&k2=v2&k3")},
         R"({"Query Parameters":{"k1":"v1","k2":"v2","k3":""}})"},
        {"parse_path",
         {str("C:\\temp\\file.txt")},
         R"({"Scheme":"","RootPath":"C:","DirectoryPath":"C:\\temp","DirectoryName":"temp",)"
         R"("Filename":"file.txt","Extension":"txt","AlternateDataStreamName":""})"},
        {"parse_path",
         {str("file://C:/temp/file.txt:some.exe")},
         R"({"Scheme":"file","RootPath":"C:","DirectoryPath":"C:/temp","DirectoryName":"temp",)"
         R"("Filename":"file.txt","Extension":"txt","AlternateDataStreamName":"some.exe"})"},
        {"parse_path",
         {str("/root/temp/file.txt")},
         R"({"Scheme":"","RootPath":"/","DirectoryPath":"/root/temp","DirectoryName":"temp",)"
         R"("Filename":"file.txt","Extension":"txt","AlternateDataStreamName":""})"},
        {"parse_csv", {str("record1,\"a,b\",c\nrecord2,x,y")}, R"(["record1","a,b","c"])"},
        {"parse_command_line",
         {str("echo \"hello world!\""), str("windows")},
         R"(["echo","hello world!"])"},
        {"parse_command_line",
         {str(R"(a\\b "c\\" d\"e)"), str("windows")},
         R"(["a\\\\b","c\\","d\"e"])"},
        {"parse_command_line", {str("a"), str("bash")}, "error"},
        {"parse_xml", {str("<e/>")}, R"({"e":null})"},
        {"parse_xml",
         {str("<?xml version=\"1.0\"?><e n='v'>text</e>")},
         R"({"e":{"@n":"v","#text":"text"}})"},
        {"parse_xml",
         {str("<e> <a>1</a> <a>&lt;2&#x41;</a> <b/></e>")},
         R"({"e":{"a":["1","<2A"],"b":null}})"},
        {"parse_xml", {str("<e><a></e>")}, "<e><a></e>"},
        {"parse_xml", {str("<e><![CDATA[<x>]]></e>")}, R"({"e":"<x>"})"},
        {"parse_user_agent",
         {str("Mozilla/5.0 (Windows; U; en-US) AppleWebKit/531.9 (KHTML, like Gecko) "
              "AdobeAIR/2.5.1"),
          str("browser")},
         R"({"Browser":{"Family":"AdobeAIR","MajorVersion":"2","MinorVersion":"5","Patch":"1"}})"},
        {"parse_user_agent",
         {str("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
              "Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91"),
          json(R"(["browser","os"])")},
         R"({"Browser":{"Family":"Edge","MajorVersion":"120","MinorVersion":"0","Patch":"2210"},)"
         R"("OperatingSystem":{"Family":"Windows","MajorVersion":"10","MinorVersion":"",)"
         R"("Patch":"","PatchMinor":""}})"},
        {"parse_user_agent", {str("x"), str("nose")}, "error"},
        {"current_cluster_endpoint", {}, "localhost"},
    });
}

}  // namespace
}  // namespace qd::kql
