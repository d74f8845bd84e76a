#include "qd/automation/expression.h"

#include "qd/codec/json.h"

#include <gtest/gtest.h>

namespace qd::automation {
namespace {

class FixedContext final : public ExpressionContext {
  public:
    explicit FixedContext(Value body) : body_(std::move(body)) {}
    Result<const Value*> reference(std::string_view, std::span<const Value* const>) override {
        ++references;
        return &body_;
    }
    Timestamp now() override { return Timestamp::from_unix_seconds(1'790'000'000); }
    std::string guid() override { return "01234567-89ab-cdef-0123-456789abcdef"; }
    std::uint64_t random_below(std::uint64_t bound) override { return bound - 1; }
    int references = 0;

  private:
    Value body_;
};

std::string evaluated(std::string_view text, std::string_view body = "{}") {
    FixedContext context(codec::parse_json(body).value());
    const auto compiled = Template::compile(Value(text));
    if (!compiled.ok()) {
        return compiled.error().id();
    }
    const auto result = compiled.value().evaluate(context);
    return result.ok() ? codec::to_json(result.value()) : result.error().id();
}

struct Case {
    const char* text;
    const char* expected;
};

TEST(Expression, DateFunctions) {
    const Case cases[] = {
        {"@utcNow()", R"j("2026-09-21T14:13:20.0000000Z")j"},
        {"@utcNow('yyyy-MM-dd')", R"j("2026-09-21")j"},
        {"@addDays('2024-02-28T00:00:00Z',1)", R"j("2024-02-29T00:00:00.0000000Z")j"},
        {"@addDays('2024-02-28T23:00:00+02:00',-1,'o')", R"j("2024-02-27T21:00:00.0000000Z")j"},
        {"@addHours('2024-02-28T00:00:00Z',0.5,'HH:mm')", R"j("00:30")j"},
        {"@addToTime('2024-01-31T00:00:00Z',1,'Month','d')", R"j("02/29/2024")j"},
        {"@subtractFromTime('2024-01-01','1','Day')", "AUT0204"},
        {"@getPastTime(2,'Hour','HH')", R"j("12")j"},
        {"@formatDateTime('2024-03-05T07:08:09.123Z','dddd, dd MMM yyyy h:mm tt .ff')",
         R"j("Tuesday, 05 Mar 2024 7:08 AM .12")j"},
        {"@formatDateTime('2024-03-05T07:08:09Z','r')", R"j("Tue, 05 Mar 2024 07:08:09 GMT")j"},
        {"@formatDateTime('2024-03-05T07:08:09Z','s')", R"j("2024-03-05T07:08:09")j"},
        {"@formatDateTime('2024-03-05T07:08:09Z','u')", R"j("2024-03-05 07:08:09Z")j"},
        {"@formatDateTime('3/5/2024 7:08 PM','yyyyMMddTHHmmss')", R"j("20240305T190800")j"},
        {"@convertTimeZone('2024-07-01T12:00:00Z','UTC','W. Europe Standard Time')",
         R"j("2024-07-01T14:00:00.0000000")j"},
        {"@convertFromUtc('2024-01-01T12:00:00Z','Pacific Standard Time','HH:mm')", R"j("04:00")j"},
        {"@convertToUtc('2024-01-01T04:00:00','Pacific Standard Time')",
         R"j("2024-01-01T12:00:00.0000000Z")j"},
        {"@convertFromUtc('2024-01-01','Nowhere Standard Time')", "AUT0204"},
        {"@startOfMonth('2024-03-05T07:08:09Z')", R"j("2024-03-01T00:00:00.0000000Z")j"},
        {"@dayOfWeek('2024-03-05')", "2"},
        {"@dayOfYear('2024-03-05')", "65"},
        {"@ticks('0001-01-01T00:00:01Z')", "10000000"},
        {"@dateDifference('2024-01-01','2024-01-02T03:00:00Z')", R"j("1.03:00:00")j"},
        {"@addDays('9999-12-31',1)", "AUT0204"},
        {"@formatDateTime('yesterday')", "AUT0204"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(evaluated(c.text), c.expected) << c.text;
    }
}

TEST(Expression, FunctionsWithoutAPack) {
    const Case cases[] = {
        {"@startsWith('Hello','hE')", "true"},
        {"@endsWith('Hello','LO')", "true"},
        {"@indexOf('Hello','L')", "2"},
        {"@lastIndexOf('Hello','l')", "3"},
        {"@nthIndexOf('abcabcabc','B',-1)", "7"},
        {"@contains('Hello','h')", "false"},
        {"@contains(createArray(1,'x'),1.0)", "true"},
        {"@formatNumber(1234567.891,'N2')", R"j("1,234,567.89")j"},
        {"@formatNumber(1234.5,'0,0.00','de-DE')", R"j("1.234,50")j"},
        {"@formatNumber(7,'D3')", R"j("007")j"},
        {"@formatNumber(-0.125,'P1')", R"j("-12.5%")j"},
        {"@guid('N')", R"j("0123456789abcdef0123456789abcdef")j"},
        {"@chunk('abcde',2)", R"j(["ab","cd","e"])j"},
        {"@sort(createArray(3,1,2))", "[1,2,3]"},
        {"@mod(-7,3)", "-1"},
        {"@div(7,2)", "3"},
        {"@div(7,2.0)", "3.5"},
        {"@div(1,0)", "AUT0204"},
        {"@range(5,3)", "[5,6,7]"},
        {"@range(0,100001)", "AUT0204"},
        {"@rand(1,10)", "9"},
        {"@max(createArray(1,5,3))", "5"},
        {"@uriHost('https://U@Example.com:8443/a/b?c=d#e')", R"j("example.com")j"},
        {"@uriPort('https://example.com/a')", "443"},
        {"@uriPathAndQuery('https://example.com/a/b?c=d#e')", R"j("/a/b?c=d")j"},
        {"@encodeURIComponent('a b/ü')", R"j("a%20b%2F%C3%BC")j"},
        {"@length('𝄞')", "2"},
        {"@mergeObjects(json('{\"a\":{\"b\":1}}'),json('{\"a\":{\"c\":2}}'))",
         R"j({"a":{"b":1,"c":2}})j"},
        {"@equals(true,'True')", "true"},
        {"@equals(1,'1')", "false"},
        {"@less('a',1)", "AUT0204"},
        {"@nope()", "AUT0202"},
        {"@length()", "AUT0203"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(evaluated(c.text), c.expected) << c.text;
    }
}

TEST(Expression, AccessPropagatesNullOnlyWhereAsked) {
    const char* body = R"j({"a":{"b":[10,20]},"s":"x","Key":1,"kEY":2})j";
    const Case cases[] = {
        {"@triggerBody()?['a']?['b']?[1]", "20"},
        {"@triggerBody()['A'].B[0]", "10"},
        {"@triggerBody()?['x']?['y']", "null"},
        {"@triggerBody()?['x']['y']", "AUT0205"},
        {"@triggerBody()['x']", "AUT0205"},
        {"@triggerBody()?['a']?['b']?[7]", "null"},
        {"@triggerBody()?['s']?['t']", "AUT0205"},
        {"@triggerBody()?['a']?[0]", "AUT0205"},
        {"@triggerBody()['KEY']", "1"},
        {"@triggerBody()['kEY']", "2"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(evaluated(c.text, body), c.expected) << c.text;
    }
}

TEST(Expression, TemplatesInsideOfValues) {
    FixedContext context(codec::parse_json(R"j({"k":"key"})j").value());
    const auto compiled = Template::compile(
        codec::parse_json(R"j({"@{triggerBody().k}":["@add(1,2)","n=@{add(1,2)}","@@x"],"c":1})j")
            .value());
    ASSERT_TRUE(compiled.ok());
    EXPECT_EQ(codec::to_json(compiled.value().evaluate(context).value()),
              R"j({"key":[3,"n=3","@x"],"c":1})j");
    EXPECT_FALSE(compiled.value().constant());
}

TEST(Expression, Conditions) {
    FixedContext context(codec::parse_json(R"j({"n":5})j").value());
    const auto check = [&](std::string_view json) -> std::string {
        const auto compiled = Template::compile_condition(codec::parse_json(json).value());
        if (!compiled.ok()) {
            return compiled.error().id();
        }
        const auto result = compiled.value().evaluate_condition(context);
        return !result.ok() ? result.error().id() : result.value() ? "yes" : "no";
    };
    EXPECT_EQ(check(R"j({"and":[{"greater":["@triggerBody()['n']",4]},
                               {"not":{"equals":[{"length":["abc"]},4]}}]})j"),
              "yes");
    EXPECT_EQ(check(R"j("@equals(triggerBody()['n'],6)")j"), "no");
    EXPECT_EQ(check(R"j({"or":[false,{"contains":["@createArray(1,5)","@triggerBody()['n']"]}]})j"),
              "yes");
    EXPECT_EQ(check(R"j({"equals":[[1],[1]]})j"), "AUT0201");
    EXPECT_EQ(check(R"j({"equals":[1,1],"not":[true]})j"), "AUT0201");
    EXPECT_EQ(check(R"j("@triggerBody()['n']")j"), "AUT0204");
}

TEST(Expression, HostileTextEndsInAnErrorInABound) {
    std::string deep = "@";
    for (int i = 0; i < 100'000; ++i) {
        deep += "not(";
    }
    EXPECT_EQ(evaluated(deep), "AUT0201");
    EXPECT_EQ(evaluated("@" + std::string(1'000'000, '(')), "AUT0201");
    std::string accesses = "@triggerBody()";
    for (int i = 0; i < 100'000; ++i) {
        accesses += "?.a";
    }
    EXPECT_EQ(evaluated(accesses), "AUT0201");
    std::string grow = "'aaaaaaaaaaaaaaaa'";
    for (int i = 0; i < 6; ++i) {
        grow = "replace(" + grow + ",'a','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')";
    }
    EXPECT_EQ(evaluated("@" + grow), "AUT0206");
    EXPECT_FALSE(Template::compile(Value("@json('" + std::string(10'000, '[') + "')")).ok());
}

}  // namespace
}  // namespace qd::automation
