// Management commands over a workspace in a directory of its own: what they answer, what they do to
// later queries, and what they refuse.
#include "query_fixture.h"
#include "slow_queries.h"

namespace qd::query {
namespace {

using CommandsTest = QueryServiceTest;

TEST_F(CommandsTest, TablesAreMadeChangedAndDropped) {
    must(".create table T (a:long, b:string) with (folder='F', docstring='D')");
    EXPECT_EQ(run(".show table T cslschema | project TableName, Schema, Folder, DocString"),
              "T|a:long,b:string,TimeGenerated:datetime|F|D\n");
    must(".ingest inline into table T <|\n1,one\n2,two\n3,three");
    must(".rename column T.b to c");
    EXPECT_EQ(run("T | where c == 'two' | project a, c"), "2|two\n");
    must(".alter column T.a type=string");
    EXPECT_EQ(run("T | summarize count() by a"), "|3\n");
    must(".drop column T.a");
    must(".alter-merge table T (a:long)");
    EXPECT_EQ(run("T | summarize take_any(a), count()"), "|3\n");
    must(".alter table T (c:string, d:real)");
    EXPECT_EQ(run("T | getschema | project ColumnName | sort by ColumnName asc"),
              "TimeGenerated\nc\nd\n");
    must(".rename table T to U");
    must(".alter table U docstring 'new'");
    EXPECT_EQ(run(".show tables | where TableName == 'U' | project Folder, DocString"), "F|new\n");
    open();
    EXPECT_EQ(run("U | count"), "3\n");
    must(".drop table U ifexists");
    must(".drop table U ifexists");
    EXPECT_EQ(id_of("U"), "SEM0100");
    EXPECT_EQ(id_of(".drop column SigninLogs.AppId"), "WSP0007");
    EXPECT_EQ(id_of(".alter table Nowhere (a:long)"), "SEM0100");
}

TEST_F(CommandsTest, RowsAreReplacedClearedAndDeleted) {
    must(".set T <| range n from 1 to 10 step 1");
    EXPECT_EQ(id_of(".set T <| print n=1"), "QRY0023");
    must(".append T <| print n=long(11)");
    EXPECT_EQ(run(".delete table T records with (whatif=true) <| T | where n > 8"),
              "T|workspace|3\n");
    EXPECT_EQ(run(".delete table T records <| T | where n > 8"), "T|workspace|3\n");
    EXPECT_EQ(run("T | summarize count(), max(n)"), "8|8\n");
    EXPECT_EQ(id_of(".delete table T records <| T | take 1"), "QRY0029");
    must(".set-or-replace T <| range n from 100 to 101 step 1");
    open();
    EXPECT_EQ(run("T | sort by n asc | project n"), "100\n101\n");
    must(".clear table T data");
    EXPECT_EQ(run("T | count"), "0\n");
}

TEST_F(CommandsTest, HiddenColumnsAreThereWhenNamed) {
    must(".set T <| range n from 1 to 3 step 1");
    EXPECT_EQ(run("T | where ingestion_time() > ago(1h) | getschema | project ColumnName"),
              "n\nTimeGenerated\n");
    EXPECT_EQ(run("T | where isnotempty(_ItemId) and _TimeReceived <= now() + 1m | count"), "3\n");
    EXPECT_EQ(run("T | sort by _RowId desc | project n | take 1"), "3\n");
    EXPECT_EQ(run("T | extend seen = ingestion_time() | where isnotnull(seen) | count"), "3\n");
    EXPECT_EQ(run("T | distinct _ItemId | count"), "3\n");
    EXPECT_EQ(run("let L = T | where n > 1 | extend m = n * 2 | sort by n asc; L | where "
                  "ingestion_time() > ago(1h) | project m"),
              "4\n6\n");
    must(".create-or-alter function V() { T | project k = n }");
    EXPECT_EQ(run("V | where ingestion_time() > ago(1h) | count"), "3\n");
    EXPECT_EQ(id_of("T | project n | where _RowId > 0"), "SEM0100");
}

TEST_F(CommandsTest, MappingsSayWhereColumnsComeFrom) {
    must(".create table T (name:string, at:datetime, n:long, place:string)");
    must(R"(.create table T ingestion json mapping 'm' ')"
         R"([{"column":"name","Properties":{"path":"$.who[\'first name\']"}},)"
         R"({"column":"at","path":"$.t","transform":"DateTimeFromUnixSeconds"},)"
         R"({"column":"n","path":"$.list[-1]"},{"column":"place","ConstValue":"here"}]')");
    must(
        ".ingest inline into table T with (format='json', ingestionMappingReference='m') <|\n"
        R"({"who":{"first name":"Ada"},"t":1700000000,"list":[1,2,3]})");
    EXPECT_EQ(run("T | project name, at, n, place"), "Ada|2023-11-14T22:13:20.0000000Z|3|here\n");
    must(R"(.create-or-alter table T ingestion csv mapping 'c' '[{"Name":"n","Ordinal":"1"}]')");
    must(".ingest inline into table T with (format='csv', ingestionMappingReference='c') <|\nx,7");
    EXPECT_EQ(run("T | where n == 7 | project name, n"), "|7\n");
    EXPECT_EQ(run(".show table T ingestion mappings | project Name, Kind"), "c|Csv\nm|Json\n");
    EXPECT_EQ(service_->ingest("T", "multijson", "m", R"([{"t":1},{"t":2}])").value(), 2U);
    EXPECT_EQ(id_of(".create table T ingestion json mapping 'm' '[]'"), "QRY0049");
    EXPECT_EQ(
        id_of(R"(.create table T ingestion json mapping 'x' '[{"column":"no","path":"$.a"}]')"),
        "SEM0311");
    EXPECT_EQ(id_of(".create table T ingestion parquet mapping 'x' '[]'"), "QRY0020");
    must(".drop table T ingestion json mapping 'm'");
    EXPECT_EQ(service_->ingest("T", "json", "m", "{}").error().id(), "QRY0046");
}

TEST_F(CommandsTest, UpdatePoliciesMakeRowsOfRows) {
    must(".create table Raw (line:string)");
    must(".create table Words (word:string, length:long)");
    must(
        ".create-or-alter function split_raw() { Raw | mv-expand word = split(line, ' ') to "
        "typeof(string) | project word, length = strlen(word) }");
    EXPECT_EQ(id_of(".alter table Words policy update @'[{\"Source\":\"Raw\",\"Query\":\"Raw | "
                    "project nothing = line\"}]'"),
              "QRY0044");
    must(
        ".alter table Words policy update @'[{\"IsEnabled\":true,\"Source\":\"Raw\","
        "\"Query\":\"split_raw()\",\"IsTransactional\":true}]'");
    must(".ingest inline into table Raw <|\nto be or\nnot to be");
    EXPECT_EQ(run("Words | summarize count() by word | sort by word asc"),
              "be|2\nnot|1\nor|1\nto|2\n");
    open();
    must(".ingest inline into table Raw <|\nthat");
    EXPECT_EQ(run("Words | where length == 4 | project word"), "that\n");
    // A policy whose query fails refuses the rows, or loses only its own.
    must(".create-or-alter function split_raw() { Raw | project word = line, length = gone }");
    EXPECT_EQ(id_of(".ingest inline into table Raw <|\nno"), "QRY0045");
    EXPECT_EQ(run("Raw | count"), "3\n");
    must(".create-or-alter function split_raw() { Raw | project word = line, length = 1 }");
    must(".alter table Words policy update @'[{\"Source\":\"Raw\",\"Query\":\"split_raw()\"}]'");
    must(".create-or-alter function split_raw() { Raw | project word = line, length = gone }");
    must(".ingest inline into table Raw <|\nyes");
    EXPECT_EQ(run("Raw | count"), "4\n");
    EXPECT_EQ(run(".show ingestion failures | summarize count() by Table, "
                  "OriginatesFromUpdatePolicy"),
              "Words|True|2\n");
}

TEST_F(CommandsTest, RowSecurityDecidesByWhoAsks) {
    must(".create table Pay (who:string, pay:long)");
    must(".ingest inline into table Pay <|\naaduser=ann,10\naaduser=bob,20");
    EXPECT_EQ(id_of(".alter table Pay policy row_level_security enable \"Pay | project who\""),
              "QRY0048");
    must(
        ".alter table Pay policy row_level_security enable \"Pay | where who == "
        "current_principal() or current_principal_is_member_of('local=admin')\"");
    EXPECT_EQ(run("Pay | project pay", "aaduser=ann"), "10\n");
    EXPECT_EQ(run("Pay | count", "aaduser=eve"), "0\n");
    EXPECT_EQ(run("Pay | count"), "2\n");
    EXPECT_EQ(run("union Pa* | count", "aaduser=bob"), "1\n");
    EXPECT_EQ(run("search in (Pay) 'ann' | count", "aaduser=bob"), "0\n");
    EXPECT_EQ(run("search in (Pay) 'bob' | count", "aaduser=bob"), "1\n");
    EXPECT_EQ(run("find in (Pay) where pay > 0 | count", "aaduser=bob"), "1\n");
    EXPECT_EQ(run("let f = () { Pay }; f | summarize sum(pay)", "aaduser=bob"), "20\n");
    EXPECT_EQ(run("database('workspace').table('Pay') | count", "aaduser=eve"), "0\n");
    EXPECT_EQ(run("database('workspace').Pay | count", "aaduser=eve"), "0\n");
    EXPECT_EQ(run("table('Pay') | count", "aaduser=eve"), "0\n");
    EXPECT_EQ(id_of(".create materialized-view V on table Pay { Pay | summarize count() by who }"),
              "QRY0040");
    must(".alter table Pay policy row_level_security disable \"Pay\"");
    EXPECT_EQ(run("Pay | count", "aaduser=eve"), "2\n");
}

TEST_F(CommandsTest, RetentionAndOtherPoliciesAreShownAsKusto) {
    must(".create table T (a:long)");
    must(".alter table T policy retention softdelete = 10d recoverability = disabled");
    EXPECT_EQ(workspace_->find_table("T")->retention_days, 10U);
    EXPECT_EQ(run(".show table T policy retention | project PolicyName, EntityName, EntityType, "
                  "Policy"),
              "RetentionPolicy|[workspace].[T]|Table|"
              R"({"SoftDeletePeriod":"10.00:00:00","Recoverability":"Disabled"})"
              "\n");
    must(R"(.alter table T policy retention '{"SoftDeletePeriod":"1.12:00:00"}')");
    EXPECT_EQ(workspace_->find_table("T")->retention_days, 2U);
    must(".alter table T policy caching hot = 3d");
    must(".delete table T policy caching");
    EXPECT_EQ(run(".show table T policy caching | project Policy"), "null\n");
    EXPECT_EQ(id_of(".alter table T policy restricted_view_access true"), "QRY0020");
    EXPECT_EQ(id_of(".alter table T policy retention 'no json'"), "COD0001");
}

TEST_F(CommandsTest, ScriptsRunCommandByCommand) {
    EXPECT_EQ(run(".execute database script <|\n.create table A (a:long)\n\n.drop table Nowhere\n"
                  "\n.create table B (\n  b:long)\n"),
              "|create|.create table A (a:long)|Completed|\n"
              "|drop|.drop table Nowhere|Failed|WSP0001: no such table: Nowhere\n"
              "|create|.create table B (\n  b:long)|Skipped|a command before it failed\n");
    const std::string script =
        ".execute database script with (ContinueOnErrors=true) <|\n"
        ".create table A (a:long)\n.drop table Nowhere\n.create table B (\n  b:long)\n";
    EXPECT_EQ(run(script).find("create|.create table A (a:long)|Completed"), 1U) << run(script);
    EXPECT_EQ(run("B | count"), "0\n");
}

TEST_F(CommandsTest, QueriesAreLoggedWithoutTheirSecrets) {
    const QueryOrigin origin{.client_request_id = "id-1", .activity_id = "a", .application = "me"};
    ASSERT_TRUE(
        service_->run("print h'secret', H@\"x\"\"y\", hash('shown')", options_of(), origin).ok());
    ASSERT_FALSE(service_->run("nothing", options_of(), origin).ok());
    EXPECT_EQ(run(".show queries | where ClientActivityId == 'id-1' | sort by StartedOn asc | "
                  "project Text, State, Application"),
              "print h'****', H@\"****\", hash('shown')|Completed|me\nnothing|Failed|me\n");
    EXPECT_EQ(run(".show commands | where CommandType == 'show queries' | count"), "1\n");
    EXPECT_EQ(run(".cancel query 'id-1' | project RunningQueryCanceled"), "False\n");
    EXPECT_EQ(run(".show running queries | count"), "0\n");
    EXPECT_EQ(hide_secrets("path, h\"a\\\"b\" x"), "path, h\"****\" x");
    EXPECT_EQ(hide_secrets("h'open"), "h'****'");
}

}  // namespace
}  // namespace qd::query
