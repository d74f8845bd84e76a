#include "qd/kql/lint.h"

#include "qd/kql/parser.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace qd::kql {
namespace {

std::set<std::string> ids_of(const LintReport& report) {
    std::set<std::string> ids;
    for (const Finding& f : report.findings) {
        ids.insert(f.id.substr(3));
    }
    return ids;
}

struct Case {
    std::string_view text;
    std::set<std::string> ids;
    std::string_view corrected;  // "": nothing to correct
};

void check(const std::vector<Case>& cases) {
    for (const Case& c : cases) {
        const LintReport report = lint(c.text);
        EXPECT_EQ(ids_of(report), c.ids) << c.text;
        EXPECT_EQ(report.corrected, c.corrected) << c.text;
    }
}

TEST(Lint, Series) {
    constexpr std::string_view kSeries =
        "T | make-series n=count() default=0 on t from bin(ago(14d),1h) to bin(now(),1h) step 1h "
        "by k | extend ";
    const std::string series(kSeries);
    const LintReport clean = lint(series + "(f, s, b) = series_decompose_anomalies(n, 3.0, 24)");
    EXPECT_TRUE(clean.findings.empty());
    EXPECT_EQ(clean.corrected, "");
    // Threshold and period at once, in the call and in lets.
    const LintReport high = lint(series + "f = series_decompose_anomalies(n, 95, 7)");
    EXPECT_EQ(ids_of(high), (std::set<std::string>{"0001", "0002"}));
    EXPECT_EQ(high.corrected, series + "f = series_decompose_anomalies(n, 3.0, 24)");
    const LintReport lets =
        lint("let s = 90; let p = 12; " + series + "f = series_decompose_anomalies(n, s, p)");
    EXPECT_EQ(lets.corrected,
              "let s = 3.0; let p = 24; " + series + "f = series_decompose_anomalies(n, s, p)");
    EXPECT_EQ(ids_of(lint(series + "f = series_decompose_anomalies(n, 1.5, 168)")).size(), 0U);
    // A day's data has no two days.
    check({{"T | make-series n=count() on t from bin(ago(1d),1h) to bin(now(),1h) step 1h | extend "
            "f=series_decompose_anomalies(n, 1.5, 24)",
            {"0024"},
            "T | make-series n=count() on t from bin(ago(7d),1h) to bin(now(),1h) step 1h | extend "
            "f=series_decompose_anomalies(n, 1.5, 24)"},
           {"T | where t > ago(14d) | make-series n=count() on t from ago(7d) to now() step 1h",
            {"0008", "0009"},
            "T | where t > ago(14d) | make-series n=count() on t from bin(ago(14d), 1h) to "
            "bin(now(), 1h) step 1h"},
           {"T | make-series p=percentile(d, 95) on t from bin(ago(7d),1h) to bin(now(),1h) step "
            "1h",
            {"0015"},
            "T | make-series p=percentile(d, 95) default=real(null) on t from bin(ago(7d),1h) to "
            "bin(now(),1h) step 1h\n| extend p = series_fill_linear(p)"}});
    const LintReport decompose = lint(series + "d = series_decompose(n, 24)");
    EXPECT_EQ(decompose.corrected,
              series + "(d, d_seasonal, d_trend, d_residual) = series_decompose(n, 24)");
    const LintReport score = lint(series +
                                  "x = series_decompose_anomalies(n, 3.0, 24) | mv-expand t to "
                                  "typeof(datetime), x to typeof(long) | project t, myScore = x");
    EXPECT_EQ(score.corrected,
              series +
                  "(x, x_score, x_baseline) = series_decompose_anomalies(n, 3.0, 24) | mv-expand t "
                  "to typeof(datetime), x to typeof(long), x_score to typeof(real) | project t, "
                  "myScore = x_score");
    const LintReport length = lint(
        series + "x = series_decompose_anomalies(n, 3.0, 24) | where array_length(x) > 0 | take 5");
    EXPECT_EQ(length.corrected, series +
                                    "x = series_decompose_anomalies(n, 3.0, 24) | mv-expand t to "
                                    "typeof(datetime), n to typeof(real), x to typeof(long)\n| "
                                    "where x == 1 | take 5");
}

TEST(Lint, Names) {
    check({
        {"T | extend a = b == 0 ? 0.0 : c / b", {"0006"}, "T | extend a = iff(b == 0, 0.0, c / b)"},
        {"let A = datatable(k:long, v:real)[1,2]; let B = datatable(k:long, v:real)[1,2]; A | join "
         "B on k | where v_left > v_right",
         {"0007"},
         "let A = datatable(k:long, v:real)[1,2]; let B = datatable(k:long, v:real)[1,2]; A | join "
         "B on k | where v > v1"},
        {"let f = (x:long) { x }; folder.f(1)", {"0022"}, "let f = (x:long) { x }; f(1)"},
        {"T | extend h = real(toint(a))", {"0016"}, "T | extend h = toreal(toint(a))"},
        {"T | where t > ago(window)", {"0017"}, "let window = 14d;\nT | where t > ago(window)"},
        {"T | where a = 5", {"0025"}, "T | where a == 5"},
        {"T | summarize n=count() by a | where b > 1", {"0027"}, ""},
        {"T | summarize n=count() by a | where a > 1", {}, ""},
        {"let v = 5; T | summarize n=count() by a | where n > v", {}, ""},
        {"T | project x = d.a.b", {"0012"}, "T | project x = tostring(d.a.b)"},
        {"T | where u has_any (\"svc_\", \"spn-\")",
         {"0013"},
         "T | where (u startswith \"svc_\" or u startswith \"spn-\")"},
        {"T | where u has_any (\"svc_\", \"admin\")", {}, ""},
    });
    LintOptions options;
    options.tables.push_back({"T", columns::Schema{{{"a", columns::DataType::Long}}}});
    EXPECT_EQ(ids_of(lint("T | where b == 1", options)), std::set<std::string>{"0027"});
    EXPECT_TRUE(lint("T | where a == 1 | extend c = a | where c > 2", options).findings.empty());
    options.effective_range = Ticks{2 * Ticks::kDay};
    EXPECT_EQ(ids_of(lint("T | where a > ago(14d)", options)), std::set<std::string>{"0023"});
    EXPECT_TRUE(lint("T | where a > ago(1d)", options).findings.empty());
}

TEST(Lint, Logic) {
    check({
        {"T | serialize | extend p = prev(user), q = prev(eventTime) | where user == p",
         {"0018"},
         "T | sort by user asc, eventTime asc | extend p = prev(user), q = prev(eventTime) | where "
         "user == p"},
        {"T | sort by user asc, at asc | extend p = prev(user)", {}, ""},
        {"T | extend h = datetime_diff('minute', a, b) / 60.0",
         {"0019"},
         "T | extend h = (a - b) / 1h"},
        {"let minKm = 1.0; let maxH = 2.0; T | where km / h > (minKm / maxH)",
         {"0020"},
         "let minKm = 1.0; let maxH = 2.0; T | where km > minKm and h < maxH"},
        {"T | extend fast = e / (1.0 - slo), slow = g / (1.0 - slo) | extend r = fast / slow",
         {"0021"},
         "T | extend fast = e / (1.0 - slo), slow = g / (1.0 - slo) | extend r = min_of(fast, "
         "slow)"},
        {"T | extend fast = e / x, slow = g / y | extend r = fast / slow", {}, ""},
        {"T | join kind=leftouter (U | summarize arg_max(t, *) by a, b) on a",
         {"0011"},
         "T | join kind=leftouter (U | summarize arg_max(t, *) by a) on a"},
        {"T | join kind=leftouter (U | summarize arg_max(t, *) by a) on a", {}, ""},
    });
}

TEST(Lint, JoinsLostDetailsBack) {
    const LintReport report = lint(
        "T | summarize n=count(), ips=make_set(ip) by u, bin(t, 1h)\n| make-series s=avg(n) on "
        "t from bin(ago(7d),1h) to bin(now(),1h) step 1h by u\n| mv-expand t to "
        "typeof(datetime), s to typeof(real)\n| project u, ips");
    EXPECT_EQ(ids_of(report), (std::set<std::string>{"0005", "0014"}));
    EXPECT_NE(report.corrected.find("join kind=leftouter (\nT | summarize n=count(), "
                                    "ips=make_set(ip) by u, bin(t, 1h)\n| project u, t, ips\n) on "
                                    "u, t\n| project u, ips"),
              std::string::npos)
        << report.corrected;
    EXPECT_EQ(ids_of(lint(report.corrected)), std::set<std::string>{"0014"});
}

TEST(Lint, StaysQuickOnNestedPipelines) {
    std::string text = "T";
    for (int i = 0; i < 60; ++i) {
        text = "(" + text + " | where a == toscalar(U | count))";
    }
    EXPECT_TRUE(lint(text).findings.empty());
}

TEST(Lint, EveryRuleIsDocumentedOnce) {
    std::set<std::string_view> ids;
    for (const LintRule& rule : lint_rules()) {
        EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    }
    EXPECT_EQ(ids.size(), 30U);
}

// The published queries: the findings their verdicts ask for, and a corrected text that parses and
// has nothing left to correct.
TEST(Lint, ExplainsThePublishedQueries) {
    const char* shared = std::getenv("QD_SHARED");
    const std::string root =
        (shared == nullptr ? std::string("../shared") : shared) + "/conformance/published/";
    const std::vector<std::pair<std::string, std::set<std::string>>> cases = {
        {"kql-identity-anomaly",
         {"0001", "0003", "0005", "0008", "0009", "0010", "0011", "0012", "0013", "0014"}},
        {"kql-impossible-travel", {"0016", "0017", "0018", "0019", "0020"}},
        {"kql-latency-p95", {"0001", "0002", "0003", "0008", "0014", "0015"}},
        {"kql-error-rate", {"0001", "0002", "0003", "0008", "0024"}},
        {"kql-slo-burn", {"0006", "0007", "0021"}},
        {"kql-function", {"0001", "0003", "0008", "0009", "0013", "0014", "0026", "0028"}},
        {"kql-function-call", {"0022"}},
        {"kql-appendix-identity", {"0001", "0002", "0004", "0008", "0009", "0014"}},
        {"kql-appendix-latency", {"0001", "0002", "0004", "0008", "0014", "0015", "0029"}},
    };
    for (const auto& [name, ids] : cases) {
        std::ifstream file(root + name + ".kql");
        if (!file) {
            GTEST_SKIP() << "no published queries: set QD_SHARED";
        }
        std::stringstream text;
        text << file.rdbuf();
        const LintReport report = lint(text.str());
        EXPECT_EQ(ids_of(report), ids) << name;
        EXPECT_TRUE(parse(report.corrected).ok()) << report.corrected;
        const LintReport again = lint(report.corrected);
        EXPECT_EQ(again.corrected, "") << name;
        for (const Finding& f : again.findings) {
            EXPECT_EQ(f.severity, Severity::Info) << f.id << " " << f.message;
        }
    }
}

}  // namespace
}  // namespace qd::kql
