// The engine over tables in memory: answers, errors, limits, and the same answers whatever the
// chunk size, the number of workers and the optimiser do.
#include "qd/kql/engine.h"

#include "qd/columns/text.h"

#include <gtest/gtest.h>

#include <map>

namespace qd::kql {
namespace {

using columns::Chunk;
using columns::ColumnBuilder;
using columns::DataType;
using columns::Table;

class TestCatalog final : public Catalog {
  public:
    std::string default_database() const override { return "db"; }
    std::shared_ptr<TableSource> find_table(std::string_view, std::string_view name) override {
        const auto it = tables.find(name);
        return it == tables.end() ? nullptr : it->second;
    }
    std::vector<std::string> table_names(std::string_view) override {
        std::vector<std::string> out;
        for (const auto& [name, table] : tables) {
            out.push_back(name);
        }
        return out;
    }
    std::optional<StoredFunction> find_function(std::string_view, std::string_view name) override {
        const auto it = functions.find(name);
        return it == functions.end() ? std::nullopt : std::optional(it->second);
    }
    Result<std::string> read_external(std::string_view) override {
        return std::string("a,1\nb,2\n");
    }
    std::map<std::string, std::shared_ptr<TableSource>, std::less<>> tables;
    std::map<std::string, StoredFunction, std::less<>> functions;
};

constexpr std::int64_t kStart = 638'000'000'000'000'000;

/// 40,000 rows in chunks of 1,000: a number, a text of 17 values (a dictionary in every second
/// chunk), a time every ten seconds, a value with nulls, a bag.
Table big_table() {
    Table table;
    table.schema.fields = {{"id", DataType::Long},
                           {"name", DataType::String},
                           {"TimeGenerated", DataType::DateTime},
                           {"value", DataType::Real},
                           {"bag", DataType::Dynamic}};
    std::uint64_t state = 7;
    for (int c = 0; c < 40; ++c) {
        ColumnBuilder id(DataType::Long);
        ColumnBuilder name(DataType::String);
        ColumnBuilder time(DataType::DateTime);
        ColumnBuilder value(DataType::Real);
        ColumnBuilder bag(DataType::Dynamic);
        std::vector<std::uint32_t> codes;
        for (int i = 0; i < 1000; ++i) {
            const std::int64_t n = c * 1000 + i;
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            const auto r = static_cast<std::int64_t>(state >> 40);
            id.append_int(n);
            codes.push_back(static_cast<std::uint32_t>(r % 17));
            name.append_bytes("Name " + std::to_string(r % 17));
            time.append_int(kStart + n * 10 * Ticks::kSecond);
            if (r % 11 == 0) {
                value.append_null();
            } else {
                value.append_real(static_cast<double>(r % 1000) / 8);
            }
            Object o;
            o.append("k", Value(std::int64_t{r % 5}));
            bag.append_value(Value(std::move(o)));
        }
        Chunk chunk;
        chunk.rows = 1000;
        columns::ColumnPtr names = name.finish();
        if (c % 2 == 1) {
            ColumnBuilder words(DataType::String);
            for (int w = 0; w < 17; ++w) {
                words.append_bytes("Name " + std::to_string(w));
            }
            names = columns::Column::make_dictionary(words.finish(), codes);
        }
        chunk.columns = {id.finish(), names, time.finish(), value.finish(), bag.finish()};
        table.chunks.push_back(std::move(chunk));
    }
    return table;
}

std::string rows_text(const ResultTable& table) {
    std::string out;
    for (const auto& field : table.schema.fields) {
        out += field.name + ":" + std::string(columns::type_name(field.type)) + " ";
    }
    for (const Chunk& chunk : table.chunks) {
        for (std::uint32_t i = 0; i < chunk.rows; ++i) {
            out += "\n";
            for (std::size_t c = 0; c < chunk.columns.size(); ++c) {
                out += c > 0 ? "|" : "";
                if (chunk.columns[c]->is_null(i)) {
                    out += "null";
                } else {
                    columns::append_text(out, *chunk.columns[c], i);
                }
            }
        }
    }
    return out;
}

class EngineTest : public ::testing::Test {
  protected:
    EngineTest() { catalog_.tables["Big"] = make_memory_source(big_table()); }

    QueryOptions options() const {
        QueryOptions out;
        out.now = {kStart + 400'000 * Ticks::kSecond};
        out.workers = 1;
        return out;
    }
    std::string run(std::string_view query, const QueryOptions& o) {
        const auto result = engine_.run(query, catalog_, o);
        return result.ok() ? rows_text(result.value().tables.at(0)) : result.error().text();
    }
    std::string run(std::string_view query) { return run(query, options()); }
    Error error_of(std::string_view query, const QueryOptions& o) {
        auto result = engine_.run(query, catalog_, o);
        EXPECT_FALSE(result.ok()) << query;
        return result.ok() ? Error(Code::Ok, "none", "") : std::move(result).error();
    }

    TestCatalog catalog_;
    ThreadPool pool_{3};
    ManualClock clock_{Timestamp{kStart}};
    Engine engine_{pool_, clock_};
};

TEST_F(EngineTest, Answers) {
    struct Case {
        std::string_view query;
        std::string_view answer;
    };
    const Case cases[] = {
        {"print 1", "print_0:long \n1"},
        {"print a = 7/2, b = -7%3, c = 1/0", "a:long b:long c:long \n3|2|null"},
        {"datatable(k:string, v:long)['a',1,'b',2,'a',3] | where v > 1 | summarize s=sum(v) by k",
         "k:string s:long \nb|2\na|3"},
        {"range x from 1 to 3 step 1 | extend y = x * 1.5", "x:long y:real \n1|1.5\n2|3.0\n3|4.5"},
        {"print x = int(null) | where x != 1 | count", "Count:long \n1"},
        {"print x = int(null) | where not(x == 1 and true) | count", "Count:long \n1"},
        {"print a = 'KustoExplorerQueryRun' has 'Explorer', b = 'a-b c' has 'b'",
         "a:bool b:bool \nFalse|True"},
        {"print iff(int(null) > 1, 'a', 'b')", "print_0:string \nb"},
        {"let f = (a:long, b:long = 2) { a * b }; print f(4), f(4, 3)",
         "print_0:long print_1:long \n8|12"},
        {"range x from 1 to 4 step 1 | extend d = x - prev(x, 1, 0), s = row_cumsum(x)",
         "x:long d:long s:long \n1|1|1\n2|1|3\n3|1|6\n4|1|10"},
        {"datatable(k:long, v:string)[1,'a',2,'b'] | join kind=leftouter (datatable(k:long, "
         "w:string)[1,'x']) on k",
         "k:long v:string k1:long w:string \n1|a|1|x\n2|b|null|"},
        {"print d = dynamic([1,[2],{'a':3}]) | mv-expand d", "d:dynamic \n1\n[2]\n{\"a\":3}"},
        {"externaldata(n:string, v:long)['https://x/y.csv'] | summarize sum(v)", "sum_v:long \n3"},
        {"print x = toscalar(range i from 1 to 5 step 1 | summarize max(i))", "x:long \n5"},
        {"range x from 1 to 6 step 1 | make-series n=count() on x from 1 to 7 step 2",
         "n:dynamic x:dynamic \n[2,2,2]|[1,3,5]"},
        {"print s = 'a=1 b=2' | parse s with 'a=' a:long ' b=' b:long | project a, b",
         "a:long b:long \n1|2"},
        {"Big | where id in ((range x from 3 to 4 step 1)) | project id", "id:long \n3\n4"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(run(c.query), c.answer) << c.query;
    }
}

TEST_F(EngineTest, RefusesWhatTheEngineRefuses) {
    struct Case {
        std::string_view query;
        std::string_view id;
        std::string_view part;
    };
    const Case cases[] = {
        {"Big | where nothing > 1", "SEM0100",
         "'where' operator: Failed to resolve column or scalar expression named 'nothing'"},
        {"Missing | count", "SEM0100", "Failed to resolve table"},
        {"print nosuch(1)", "SEM0260", "nosuch"},
        {"Big | where name < 5", "SEM0064", "string and long"},
        {"Big | summarize count() by bag", "SEM0029", "dynamic"},
        {"Big | sort by bag.k", "SEM0029", "dynamic"},
        {"Big | where id > 0 | extend p = prev(id)", "SEM0233", "serialized"},
        {"Big | join kind=inner (Big) on $left.id == $right.name", "SEM0025", "key types"},
        {"let f = (x:long) { f(x) }; print f(1)", "SEM0260", "f"},
        {"Big | take -1", "SEM0035", "negative"},
        {"print real(id)", "SYN0002", ""},
    };
    for (const Case& c : cases) {
        const Error error = error_of(c.query, options());
        EXPECT_EQ(error.id(), c.id) << c.query << ": " << error.text();
        EXPECT_NE(error.message().find(c.part), std::string::npos) << error.text();
    }
}

TEST_F(EngineTest, SameAnswersWhateverTheExecution) {
    const std::string_view queries[] = {
        "Big | summarize n=count(), s=sum(value), m=max(id), d=dcount(name) by name | sort by name",
        "Big | where name has '3' and value > 50 or isnull(value) | summarize count(), avg(value)",
        "Big | summarize arg_max(TimeGenerated, *) by name | sort by name asc | project name, id",
        "Big | summarize make_set(name), take_any(id) by k = toint(bag.k) | sort by k asc",
        "Big | extend u = toupper(name) | where u endswith '7' | top 5 by value asc, id asc",
        "Big | where TimeGenerated between (datetime(2022-10-01) .. 10d) | count",
        "Big | make-series c=count(), a=avg(value) on TimeGenerated from datetime(2022-09-29) to "
        "datetime(2022-10-04) step 1d by name | sort by name asc",
        "Big | join kind=inner (Big | where id < 50 | project id, other=name) on id | sort by id "
        "asc | project id, name, other",
        "Big | join kind=rightanti (range id from 39990 to 40010 step 1) on id | sort by id asc",
        "Big | join (Big | summarize n=count() by name) on name | sort by name asc | project "
        "name, n, id",
        "union withsource=src Big, (Big | where id < 10) | summarize count() by src | sort by src",
        "Big | sort by id asc | extend g = row_number(1, name != prev(name)) | summarize max(g)",
        "Big | distinct name, k = toint(bag.k) | sort by name asc, k asc",
        "Big | project id, v = value * 2, name | where v > 240 | project-away v | sort by id asc",
        "let m = materialize(Big | summarize s=sum(value) by name); m | where s > toscalar(m | "
        "summarize avg(s)) | sort by name asc | project name",
        "Big | partition by name (top 1 by id desc | project id, name) | sort by name asc",
        "Big | where id < 20 | mv-apply b = pack_array(id, id + 1) to typeof(long) on (summarize "
        "t = sum(b)) | sort by id asc | project id, t",
        // A right column between values of the left row, with missing ones on both sides.
        "Big | where id % 97 == 0 | project name, a = TimeGenerated, lv = value | join kind=inner ("
        "Big | where id % 5 < 2 | project name, b = iff(id % 7 == 0, datetime(null), "
        "TimeGenerated), id, value) on name | where b between (a .. a + 5m) and value >= lv "
        "| project id, a, b, lv | sort by id asc, a asc, lv asc",
        "Big | where id % 97 == 0 | project name, low = iff(id % 2 == 0, long(null), id) | join "
        "(Big | where id % 3 == 0 | project name, id) on name | where id > low and id < low + 900 "
        "| project id, low | sort by id asc, low asc",
        "Big | where id % 211 == 0 | join kind=inner (Big | project name, other = id) on name "
        "| where other < 2000 or other == id | summarize count(), sum(other) by name "
        "| sort by name asc",
        // Filters that read some of what is expanded.
        "Big | where id < 3000 | project id, name, a = range(id, id + id % 5), b = "
        "pack_array(name, "
        "1, dynamic(null)) | mv-expand with_itemindex=i a to typeof(long), b | where a % 7 == 3 "
        "and "
        "i > 0 | sort by id asc, i asc",
        "Big | where id < 300 | project id, a = pack_array(id, 2.5, 'x') | mv-expand a "
        "| where id % 2 == 0 | project id, a | sort by id asc, tostring(a) asc",
    };
    for (const std::string_view query : queries) {
        const std::string expected = run(query);
        ASSERT_EQ(expected.find("SEM"), std::string::npos) << query << "\n" << expected;
        for (const std::uint32_t chunk_rows : {0U, 1U, 7U}) {
            for (const std::size_t workers : {std::size_t{1}, std::size_t{3}}) {
                for (const bool optimise : {true, false}) {
                    if (chunk_rows == 1 && workers == 3) {
                        continue;
                    }
                    QueryOptions o = options();
                    o.chunk_rows = chunk_rows;
                    o.workers = workers;
                    o.optimise = optimise;
                    // Sums of reals depend on the order of addition only in their last digits;
                    // the table's values are eighths, so they are exact.
                    EXPECT_EQ(run(query, o), expected)
                        << query << " chunk " << chunk_rows << " workers " << workers
                        << " optimise " << optimise;
                }
            }
        }
    }
}

TEST_F(EngineTest, LimitsAreSaidAloud) {
    QueryOptions o = options();
    o.rows_max = 10;
    const auto cut = engine_.run("Big | project id", catalog_, o);
    ASSERT_TRUE(cut.ok());
    EXPECT_EQ(cut.value().tables[0].rows(), 10U);
    ASSERT_TRUE(cut.value().partial.has_value());
    EXPECT_EQ(cut.value().partial->id(), "E_QUERY_RESULT_SET_TOO_LARGE");

    const auto whole = engine_.run("set notruncation; Big | project id", catalog_, o);
    ASSERT_TRUE(whole.ok());
    EXPECT_EQ(whole.value().tables[0].rows(), 40'000U);
    EXPECT_FALSE(whole.value().partial.has_value());

    o = options();
    o.memory_bytes_max = 100'000;
    EXPECT_EQ(error_of("Big | sort by value asc", o).id(), "E_RUNAWAY_QUERY");
}

TEST_F(EngineTest, StopsWhenCancelledOrLate) {
    CancelFlag cancel{true};
    const auto cancelled = engine_.run("Big | count", catalog_, options(), &cancel);
    ASSERT_FALSE(cancelled.ok());
    EXPECT_EQ(cancelled.error().code(), Code::Cancelled);

    class LateClock final : public Clock {
      public:
        std::int64_t now_ns() override { return ticks_ += 1'000'000'000; }
        Timestamp utc() override { return {kStart}; }

      private:
        std::int64_t ticks_ = 0;
    } late;
    InlineExecutor inline_executor;
    const Engine engine(inline_executor, late);
    QueryOptions o = options();
    o.timeout_ms = 10;
    const auto result = engine.run("Big | count", catalog_, o);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code(), Code::DeadlineExceeded);
}

TEST_F(EngineTest, TimespanAndParametersScopeTheQuery) {
    QueryOptions o = options();
    o.timespan.from = Timestamp{kStart + 1000 * Ticks::kSecond};
    o.timespan.to = Timestamp{kStart + 2000 * Ticks::kSecond};
    EXPECT_EQ(run("Big | count", o), "Count:long \n100");
    o = options();
    o.parameters = {{"least", "39998"}};
    EXPECT_EQ(run("declare query_parameters(least:long = 0); Big | where id >= least | count", o),
              "Count:long \n2");
}

TEST_F(EngineTest, StoredFunctionsBindLikeLets) {
    catalog_.functions["recent"] = {.name = "recent",
                                    .parameters = "(least:long = 39999)",
                                    .body = " Big | where id >= least ",
                                    .folder = "f",
                                    .doc = "",
                                    .is_view = false};
    catalog_.functions["names"] = {.name = "names",
                                   .parameters = "",
                                   .body = "Big | distinct name",
                                   .folder = "",
                                   .doc = "",
                                   .is_view = true};
    catalog_.functions["loop"] = {.name = "loop",
                                  .parameters = "()",
                                  .body = "loop()",
                                  .folder = "",
                                  .doc = "",
                                  .is_view = false};
    EXPECT_EQ(run("recent | project id"), "id:long \n39999");
    EXPECT_EQ(run("recent(39990) | count"), "Count:long \n10");
    EXPECT_EQ(run("names | count"), "Count:long \n17");
    EXPECT_EQ(error_of("loop()", options()).id(), "SEM0263");
}

TEST_F(EngineTest, ExplainShowsWhatReachesTheScan) {
    const auto plan = engine_.explain(
        "Big | extend twice = value * 2 | where TimeGenerated > datetime(2022-10-01) and name == "
        "'x' | sort by id | take 3 | project id",
        catalog_, options());
    ASSERT_TRUE(plan.ok()) << plan.error().text();
    const std::string text = plan.value().text();
    EXPECT_NE(text.find("limit 3"), std::string::npos) << text;
    EXPECT_NE(text.find("prune(TimeGenerated >"), std::string::npos) << text;
    EXPECT_NE(text.find("prune(name == \"x\")"), std::string::npos) << text;
    EXPECT_NE(text.find("scan Big [id, name, TimeGenerated]"), std::string::npos) << text;
    EXPECT_FALSE(plan.value().stats.has_value());
    EXPECT_FALSE(plan.value().operators.front().ran);
}

// A left side of few rows is run first and the right side is read by its keys.
TEST_F(EngineTest, SmallLeftSidesFindTheirRowsWhereTheRightIsRead) {
    for (const std::string_view kind :
         {"innerunique", "inner", "leftouter", "leftsemi", "leftanti", "rightouter", "fullouter"}) {
        for (const std::string_view left :
             {"Big | where id % 9001 == 0 | summarize n = count() by name, v = value",
              "Big | where id < 0 | summarize n = count() by name, v = value",
              "datatable(name:string, v:real)['', real(null), 'name3', 1.5]"}) {
            const std::string query =
                std::string(left) + " | join kind=" + std::string(kind) +
                " (Big | where id < 39000 | extend v = value | project name, "
                "v, id) on name, v | sort by " +
                (kind == "leftsemi" || kind == "leftanti" ? "name asc, v asc"
                                                          : "id asc, name asc, v asc");
            QueryOptions plain = options();
            plain.optimise = false;
            QueryOptions wide = options();
            wide.workers = 3;
            EXPECT_EQ(run(query), run(query, plain)) << query;
            EXPECT_EQ(run(query, wide), run(query, plain)) << query;
        }
    }
    const auto plan = engine_.explain(
        "Big | where id == 7 | summarize by name | join kind=inner (Big | project name, id) on "
        "name",
        catalog_, options(), true);
    ASSERT_TRUE(plan.ok()) << plan.error().text();
    EXPECT_NE(plan.value().text().find("filter joins(name)"), std::string::npos)
        << plan.value().text();
}

TEST_F(EngineTest, AnalyzeTellsWhatEachOperatorDid) {
    RealClock clock;
    const auto plan =
        Engine(pool_, clock)
            .explain(
                "Big | where id < 30000 | summarize n = count() by name | where n > 0 | sort by n",
                catalog_, options(), true);
    ASSERT_TRUE(plan.ok()) << plan.error().text();
    std::map<std::string, const ExplainedOperator*> by_name;
    for (const ExplainedOperator& op : plan.value().operators) {
        EXPECT_TRUE(op.ran) << op.name;
        by_name[op.name + " " + std::to_string(op.depth)] = &op;
    }
    ASSERT_EQ(by_name.size(), 5U) << plan.value().text();
    EXPECT_EQ(by_name.at("sort 0")->rows, 17U);
    EXPECT_EQ(by_name.at("filter 1")->rows, 17U);
    EXPECT_EQ(by_name.at("summarize 2")->rows, 17U);
    EXPECT_EQ(by_name.at("filter 3")->rows, 30'000U);
    EXPECT_EQ(by_name.at("scan 4")->rows, 40'000U);
    EXPECT_GT(by_name.at("sort 0")->memory_bytes, 0);
    EXPECT_GT(by_name.at("filter 3")->busy_ns, 0);
    ASSERT_TRUE(plan.value().stats.has_value());
    EXPECT_EQ(plan.value().stats->rows_scanned, 40'000U);
    EXPECT_GT(plan.value().stats->cpu_ns, 0);
    EXPECT_NE(plan.value().text().find("(17 rows, "), std::string::npos) << plan.value().text();
}

TEST_F(EngineTest, ValidateCollectsEveryFaultOnce) {
    const Validation validation = engine_.validate(
        "Big | where nothing > 1 | extend y = alsonothing | project z", catalog_, options());
    EXPECT_FALSE(validation.ok());
    EXPECT_EQ(validation.diagnostics.size(), 3U);
    // Behind a table that is missing nothing else is known to be wrong.
    const Validation open =
        engine_.validate("NoTable | where a == 1 | summarize count() by b", catalog_, options());
    EXPECT_EQ(open.diagnostics.size(), 1U);
}

TEST_F(EngineTest, SeveralResults) {
    const auto result = engine_.run(
        "print a = 1; Big | count; print b = 2 | render timechart "
        "with (title='t')",
        catalog_, options());
    ASSERT_TRUE(result.ok()) << result.error().text();
    ASSERT_EQ(result.value().tables.size(), 3U);
    EXPECT_EQ(result.value().tables[2].visualization.kind, "timechart");
    const auto forked =
        engine_.run("Big | fork (count) (where id < 3 | project id)", catalog_, options());
    ASSERT_TRUE(forked.ok()) << forked.error().text();
    ASSERT_EQ(forked.value().tables.size(), 2U);
    EXPECT_EQ(forked.value().tables[1].rows(), 3U);
}

}  // namespace
}  // namespace qd::kql
