#include "qd/kql/parser.h"

#include "parse/lexer.h"
#include "qd/codec/json.h"
#include "qd/kql/printer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>

namespace qd::kql {
namespace {

const Expr& only_expr(const ParseResult& result) {
    return *result.script.statements.at(0).as<QueryStatement>().query->source;
}

std::string printed(std::string_view text) {
    const ParseResult result = parse(text);
    if (!result.ok()) {
        return "error: " + result.diagnostics[0].message;
    }
    return format_script(result.script);
}

TEST(Lexer, CutsEveryKindOfWord) {
    struct Case {
        std::string_view text;
        std::vector<TokenKind> kinds;
    };
    using enum TokenKind;
    const std::vector<Case> cases = {
        {"a_1 $left !in~ in~", {Word, Word, Word, Word, End}},
        {"1 0x1F 1.5 1e3 5. 1.5h 100ns 2x",
         {Long, Long, Real, Real, Real, Timespan, Word, Word, End}},
        {"1..2", {Long, Punct, Long, End}},
        {"'a\\'b' \"x\" @'a\\' h'z' H@\"q\" ```a\nb``` ~~~c~~~",
         {String, String, String, String, String, String, String, End}},
        {"74be27de-1e4e-49d9-b579-fe0b331d3642", {RawGuid, End}},
        {"a // comment\r\n# directive\r\nb", {Word, Word, End}},
        {"\"open\nb", {Bad, Word, End}},
        {"\xE2\x80\x9C"
         "a",
         {Bad, Word, End}},
        {"\xC2\xA0"
         "a\xEF\xBB\xBF",
         {Word, End}},
        {"caf\xC3\xA9", {Word, End}},
        {"\xFF\x80", {Bad, End}},
        {"~", {Bad, End}},
    };
    for (const Case& c : cases) {
        const std::vector<Token> tokens = lex(c.text);
        std::vector<TokenKind> kinds;
        for (const Token& t : tokens) {
            kinds.push_back(t.kind);
        }
        EXPECT_EQ(kinds, c.kinds) << c.text;
    }
}

TEST(Lexer, ReadsStrings) {
    EXPECT_EQ(read_string(R"('it\'s\t\u0041\x42\103')").text, "it's\tABC");
    EXPECT_EQ(read_string(R"(@"a\""b")").text, "a\\\"b");
    EXPECT_EQ(read_string("```a\n'b```").text, "a\n'b");
    EXPECT_EQ(read_string(R"("\uD83D\uDE00")").text, "\xF0\x9F\x98\x80");
    EXPECT_TRUE(read_string("h'x'").obfuscated);
    EXPECT_EQ(read_string(R"('a\qb')").bad_escape, 2);
    EXPECT_EQ(read_string(R"('a\/b')", true).text, "a/b");
}

TEST(Parser, BindsOperatorsAsTheEngineDoes) {
    struct Case {
        std::string_view text;
        std::string_view want;
    };
    const std::vector<Case> cases = {
        {"print a - b - c", "print a - b - c"},
        {"print a - (b - c)", "print a - (b - c)"},
        {"print (a + b) * c", "print (a + b) * c"},
        {"print a + b * c % d", "print a + b * c % d"},
        {"print b contains 'x' + 'y'", "print b contains \"x\" + \"y\""},
        {"print not(a) and b or c and d", "print not(a) and b or c and d"},
        {"print (a or b) and c", "print (a or b) and c"},
        {"print -a.b[0]", "print -a.b[0]"},
        {"print x between (1 .. now() - 1h)", "print x between (1 .. now() - 1h)"},
        {"print a <> b, c matches regex 'x'", "print a != b, c matches regex \"x\""},
        {"T | where a !in~ ('x') and d.['k'] has_any (U | project a)",
         "T\n| where a !in~ (\"x\") and d.k has_any (\n    U\n    | project a\n)"},
        {"print ['a b'], ['x']", "print [\"a b\"], x"},
        {"T | sort by a asc nulls last, b", "T\n| sort by a asc nulls last, b"},
        {"T | join kind=inner(U) on $left.a == $right.b",
         "T\n| join kind=inner U on $left.a == $right.b"},
        {"T | summarize by a", "T\n| summarize by a"},
        {"range x from 1 to 3 step 1 | take 5", "range x from 1 to 3 step 1\n| take 5"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(printed(c.text), c.want);
        EXPECT_EQ(printed(printed(c.text)), c.want);
    }
}

TEST(Parser, GivesLiteralsTheirTypes) {
    using columns::DataType;
    using columns::Scalar;
    struct Case {
        std::string_view text;
        Scalar want;
    };
    const std::vector<Case> cases = {
        {"1", Scalar::of_long(1)},
        {"0x1F", Scalar::of_long(31)},
        {"int(-1)", Scalar::of_int(-1)},
        {"int(null)", Scalar::null_of(DataType::Int)},
        {"long(- 5)", Scalar::of_long(-5)},
        {"1.5", Scalar::of_real(1.5)},
        {"1e3", Scalar::of_real(1000)},
        {"real(-inf)", Scalar::of_real(-HUGE_VAL)},
        {"real(1)", Scalar::of_real(1)},
        {"true", Scalar::of_bool(true)},
        {"bool(0)", Scalar::of_bool(false)},
        {"1.5h", Scalar::of_timespan(90 * Ticks::kMinute)},
        {"2ticks", Scalar::of_timespan(2)},
        {"timespan(2)", Scalar::of_timespan(2 * Ticks::kDay)},
        {"time(1.02:03:04.5)",
         Scalar::of_timespan(Ticks::kDay + 2 * Ticks::kHour + 3 * Ticks::kMinute +
                             4 * Ticks::kSecond + 5 * Ticks::kSecond / 10)},
        {"datetime(1970-01-01)", Scalar::of_datetime(Timestamp::kUnixEpochTicks)},
        {"datetime(\"1970-01-01\")", Scalar::of_datetime(Timestamp::kUnixEpochTicks)},
        {"datetime(1970, 1, 1)", Scalar::of_datetime(Timestamp::kUnixEpochTicks)},
        {"'a' \"b\"", Scalar::of_string("ab")},
        {"@'c:\\x'", Scalar::of_string("c:\\x")},
        {"-9223372036854775808", Scalar::of_long(INT64_MIN)},
    };
    for (const Case& c : cases) {
        const Result<Scalar> value = parse_literal(c.text);
        ASSERT_TRUE(value.ok()) << c.text << ": " << value.error().text();
        EXPECT_EQ(value.value(), c.want) << c.text;
        // What is printed is the same typed value again.
        const Result<Scalar> again = parse_literal(format_literal(c.want));
        ASSERT_TRUE(again.ok()) << format_literal(c.want);
        EXPECT_EQ(again.value(), c.want) << format_literal(c.want);
    }
    const Result<Scalar> negative = parse_literal("-3");
    ASSERT_TRUE(negative.ok());
    EXPECT_EQ(negative.value(), Scalar::of_long(-3));
    EXPECT_FALSE(parse_literal("a + 1").ok());
    const ParseResult dynamic =
        parse(R"(dynamic({"a":[1,-2.5,null,true,datetime(1970-01-01)],'b':"x\/y","a":3}))");
    ASSERT_TRUE(dynamic.ok());
    EXPECT_EQ(codec::to_json(only_expr(dynamic).as<Literal>().value.to_value()),
              R"({"a":3,"b":"x/y"})");
}

TEST(Parser, ReportsWhereTheFaultIs) {
    struct Case {
        std::string_view text;
        std::string_view code;
        std::string_view ks_code;
        std::uint32_t offset;
    };
    const std::vector<Case> cases = {
        {"T | where", "SYN0002", "KS006", 9},
        {"T | where a == ", "SYN0002", "KS006", 15},
        {"T | whre a", "SYN0002", "KS002", 4},
        {"T | where a ~ b", "SYN0001", "KS002", 12},
        {"T | where a == 'x", "SYN0001", "KS001", 15},
        {"T | take 5)", "SYN0002", "KS198", 10},
        {"T | extend x = a ? 1 : 2", "SYN0002", "KS198", 17},
        {"print real(f(x))", "SYN0002", "KS198", 6},
        {"T | summarize count( by x", "SYN0002", "KS006", 21},
        {"print 'a\\qb'", "SYN0001", "KS002", 8},
        {"let = 5", "SYN0002", "KS198", 4},
        {"T | project a, ", "SYN0002", "KS006", 15},
    };
    for (const Case& c : cases) {
        const ParseResult result = parse(c.text);
        ASSERT_FALSE(result.ok()) << c.text;
        EXPECT_EQ(result.diagnostics[0].code, c.code) << c.text;
        EXPECT_EQ(result.diagnostics[0].ks_code, c.ks_code) << c.text;
        EXPECT_EQ(result.diagnostics[0].span.offset, c.offset) << c.text;
    }
}

TEST(Parser, GoesOnAfterAnError) {
    const ParseResult result = parse("T | whre a | extend x = | take 5; U | take");
    ASSERT_EQ(result.diagnostics.size(), 3U);
    ASSERT_EQ(result.script.statements.size(), 2U);
    const Query& query = *result.script.statements[0].as<QueryStatement>().query;
    ASSERT_EQ(query.operators.size(), 3U);
    EXPECT_EQ(query.operators[0]->kind(), OperatorKind::Bad);
    EXPECT_EQ(query.operators[2]->kind(), OperatorKind::Take);
}

TEST(Parser, KeepsTheConditionalItRefuses) {
    const ParseResult result = parse("T | extend x = a == 0 ? 0.0 : b / c, y = 1");
    ASSERT_EQ(result.diagnostics.size(), 1U);
    const Query& query = *result.script.statements[0].as<QueryStatement>().query;
    const Extend& extend = query.operators[0]->as<Extend>();
    ASSERT_EQ(extend.columns.size(), 2U);
    EXPECT_EQ(extend.columns[0].expr->kind(), ExprKind::Conditional);
}

TEST(Parser, RendersACaret) {
    const std::string_view text = "T\n| where \xC3\xA9 ~ b";
    const ParseResult result = parse(text);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(render_caret(text, result.diagnostics[0]),
              "line 2, column 11: SYN0001 (KS002): Unexpected: ~\n"
              "  | where \xC3\xA9 ~ b\n"
              "            ^\n");
}

TEST(Parser, RefusesDeepNestingQuickly) {
    for (const std::string_view open :
         {"(", "[", "f(", "T|fork(", "a in (", "dynamic([", "- -", "x=f{", "(T | join (", "iff(a,",
          "a[", "{", "let f=(){", "a ? ", "mv-apply x on ("}) {
        std::string text = "print x = ";
        for (std::size_t i = 0; i < 1'000'000 / open.size(); ++i) {
            text += open;
        }
        const ParseResult result = parse(text);
        EXPECT_FALSE(result.ok()) << open;
    }
    std::string chain = "print 1";
    std::string path = "T | where a";
    for (int i = 0; i < 100'000; ++i) {
        chain += "+1";
        path += ".a";
    }
    EXPECT_FALSE(parse(chain).ok());
    EXPECT_FALSE(parse(path).ok());
    std::string wide = "T | where a == 1";
    for (int i = 0; i < 100'000; ++i) {
        wide += " or a == 1";
    }
    EXPECT_TRUE(parse(wide).ok());
    std::string pipes = "T";
    for (int i = 0; i < 1'000; ++i) {
        pipes += " | where a";
    }
    EXPECT_TRUE(parse(pipes).ok());
    for (int i = 0; i < 99'000; ++i) {
        pipes += " | where a";
    }
    EXPECT_FALSE(parse(pipes).ok());  // plans are walked recursively: their depth is bounded
}

TEST(Parser, RefusesATextThatIsTooLong) {
    ParseOptions options;
    options.bytes_max = 10;
    EXPECT_FALSE(parse("T | where abc", options).ok());
}

TEST(Parser, ReadsFunctions) {
    const auto lambda = parse_function("(threshold:real=3.0, T:(*), U:(a:long))",
                                       " let x = 1; T | where a > threshold // end");
    ASSERT_TRUE(lambda.ok()) << lambda.error().text();
    EXPECT_EQ(lambda.value()->parameters.size(), 3U);
    EXPECT_TRUE(lambda.value()->parameters[1].any_columns);
    EXPECT_EQ(lambda.value()->body.size(), 1U);
    EXPECT_EQ(lambda.value()->result->kind(), ExprKind::Subquery);
    const auto schema = parse_schema("(a:long, ['b c']:string)");
    ASSERT_TRUE(schema.ok());
    EXPECT_EQ(schema.value().fields[1].name, "b c");
    EXPECT_FALSE(parse_schema("(a:long,").ok());
    EXPECT_FALSE(parse_function("(a:long)", "a + ").ok());
}

TEST(Commands, ReadsTheirParts) {
    struct Case {
        std::string_view text;
        CommandKind kind;
    };
    const std::vector<Case> cases = {
        {".create table T (a:long, b:string) with (folder='x')", CommandKind::CreateTable},
        {".create-merge table T (a:long)", CommandKind::CreateMergeTable},
        {".create tables A(a:long), B(b:string)", CommandKind::CreateTables},
        {".alter table T docstring 'x'", CommandKind::AlterTableDocstring},
        {".alter column T.a type=long", CommandKind::AlterColumnType},
        {".drop table T ifexists", CommandKind::DropTable},
        {".rename table A to B", CommandKind::RenameTable},
        {".clear table T data", CommandKind::ClearTableData},
        {".delete table T records <| T | where a == 1", CommandKind::DeleteTableRecords},
        {".set-or-append T <| print a = 1", CommandKind::SetOrAppend},
        {".set async T with (folder='x') <| let y = 1; U | take y", CommandKind::SetFromQuery},
        {".drop function f", CommandKind::DropFunction},
        {".show functions | where Name has 'x'", CommandKind::ShowFunctions},
        {".show tables | project TableName | take 5", CommandKind::ShowTables},
        {".show table T cslschema", CommandKind::ShowTableCslSchema},
        {".show database schema as json", CommandKind::ShowDatabaseSchemaJson},
        {".show database ['D'] schema as json", CommandKind::ShowDatabaseSchemaJson},
        {".show databases", CommandKind::ShowDatabases},
        {".show version", CommandKind::ShowVersion},
        {".alter table T policy retention '{}'", CommandKind::AlterPolicy},
        {".alter-merge table T policy retention softdelete = 10d", CommandKind::AlterPolicy},
        {".show table T policy retention", CommandKind::ShowPolicy},
        {".delete table T policy caching", CommandKind::DeletePolicy},
        {".create materialized-view V on table T { T | summarize count() by a }",
         CommandKind::CreateMaterializedView},
        {".create table T ingestion json mapping 'm' '[]'", CommandKind::CreateIngestionMapping},
        {".show table T ingestion csv mappings", CommandKind::ShowIngestionMappings},
        {".cancel query 'x'", CommandKind::CancelQuery},
        {".show running queries", CommandKind::ShowRunningQueries},
        {".add database D viewers ('a=b') 'note'", CommandKind::AddPrincipals},
        {".frobnicate the moon", CommandKind::Unknown},
    };
    for (const Case& c : cases) {
        const ParseResult result = parse(c.text);
        ASSERT_TRUE(result.ok()) << c.text << ": " << result.diagnostics[0].message;
        ASSERT_NE(result.script.command, nullptr) << c.text;
        EXPECT_EQ(result.script.command->kind, c.kind) << c.text;
    }
}

TEST(Commands, KeepsBodiesAndData) {
    const ParseResult function = parse(
        ".create-or-alter function with (folder = \"d\") f(a:long=1, T:(x:long)) { let y = 2; T "
        "| where x > y }");
    ASSERT_TRUE(function.ok()) << function.diagnostics[0].message;
    const Command& command = *function.script.command;
    EXPECT_EQ(command.names.at(0).text, "f");
    EXPECT_EQ(command.parameters_text, "(a:long=1, T:(x:long))");
    EXPECT_EQ(command.body_text, " let y = 2; T | where x > y ");
    EXPECT_EQ(command.function->parameters.size(), 2U);
    EXPECT_EQ(command.properties.at(0).name.text, "folder");

    const ParseResult inline_data = parse(".ingest inline into table T <|\r\n1,\"a|b\"\n2,;x\n");
    ASSERT_TRUE(inline_data.ok()) << inline_data.diagnostics[0].message;
    EXPECT_EQ(inline_data.script.command->data, "1,\"a|b\"\n2,;x\n");

    const ParseResult broken = parse(".create table T (a:lnog)");
    ASSERT_FALSE(broken.ok());
    EXPECT_EQ(broken.diagnostics[0].span.offset, 19U);
}

// Every query of the corpora: parses, and its printed text has the same tree.
TEST(Parser, RoundTripsTheCorpora) {
    const char* shared = std::getenv("QD_SHARED");
    const std::string root = shared == nullptr ? "../shared" : shared;
    int queries = 0;
    int parsed = 0;
    for (const std::string_view name : {"realworld-queries", "docs-examples", "engine-probes"}) {
        std::ifstream file(root + "/conformance/kql/" + std::string(name) + ".jsonl");
        std::string line;
        while (std::getline(file, line)) {
            const Result<Value> record = codec::parse_json(line);
            ASSERT_TRUE(record.ok());
            const std::string query(record.value().get("query")->string_or(""));
            ++queries;
            const ParseResult first = parse(query);
            if (!first.ok()) {
                continue;
            }
            ++parsed;
            const std::string text = format_script(first.script);
            const ParseResult second = parse(text);
            ASSERT_TRUE(second.ok()) << text;
            EXPECT_TRUE(same_tree(first.script, second.script)) << text;
        }
    }
    if (queries == 0) {
        GTEST_SKIP() << "no corpora: set QD_SHARED";
    }
    EXPECT_GE(parsed * 100, queries * 99);
}

}  // namespace
}  // namespace qd::kql
