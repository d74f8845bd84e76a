#include "plugin.h"
#include "qd/codec/json.h"
#include "qd/columns/text.h"
#include "qd/columns/variant.h"

#include <gtest/gtest.h>

namespace qd::kql {
namespace {

using columns::Field;
using columns::Schema;
using columns::Table;
using Kind = PluginArgument::Kind;

// Cells as text ("" in a dynamic or numeric column is null).
Table table_of(std::vector<Field> fields, const std::vector<std::vector<std::string>>& rows) {
    Table table;
    table.schema.fields = std::move(fields);
    columns::Chunk chunk;
    chunk.rows = static_cast<std::uint32_t>(rows.size());
    for (std::size_t c = 0; c < table.schema.size(); ++c) {
        columns::ColumnBuilder b(table.schema[c].type);
        for (const auto& row : rows) {
            if (b.type() == DataType::String) {
                b.append_bytes(row[c]);
            } else if (row[c].empty()) {
                b.append_null();
            } else if (b.type() == DataType::Dynamic) {
                b.append_bytes(*columns::variant_from_json(row[c]));
            } else {
                b.append(cast_scalar(Scalar::of_string(row[c]), b.type()));
            }
        }
        chunk.columns.push_back(b.finish());
    }
    table.chunks.push_back(std::move(chunk));
    return table;
}

PluginArgument column(const Table& table, std::string_view name) {
    PluginArgument a;
    a.kind = Kind::Column;
    a.name = name;
    a.column = *table.schema.index_of(name);
    return a;
}
PluginArgument constant(Scalar value, std::string parameter = "") {
    PluginArgument a;
    a.parameter = std::move(parameter);
    a.constant = std::move(value);
    return a;
}
PluginArgument second(const Table& table) {
    PluginArgument a;
    a.kind = Kind::Table;
    a.table_schema = table.schema;
    a.table = std::make_shared<Table>(table);
    return a;
}
PluginArgument name(std::string text) {
    PluginArgument a;
    a.kind = Kind::Name;
    a.name = std::move(text);
    return a;
}
Scalar time(std::string_view text) {
    return cast_scalar(Scalar::of_string(std::string(text)), DataType::DateTime);
}
Scalar days(std::int64_t n) {
    return Scalar::of_timespan(n * 864'000'000'000);
}

// Header line, then one line a row.
std::vector<std::string> run(std::string_view plugin, const Table& input,
                             const std::vector<PluginArgument>& args, const Schema& declared = {},
                             bool star = false) {
    const Plugin* p = find_plugin(plugin);
    EXPECT_NE(p, nullptr);
    const PluginCall call{input.schema, args, declared, star};
    auto out = p->run(call, EvalContext{}, input);
    if (!out.ok()) {
        return {"error"};
    }
    if (!p->schema_from_rows || !declared.fields.empty()) {
        auto schema = p->schema(call);
        EXPECT_TRUE(schema.ok());
        EXPECT_EQ(*schema, out->schema);
    }
    std::vector<std::string> lines(1);
    for (const Field& f : out->schema.fields) {
        lines[0] += (lines[0].empty() ? "" : ",") + f.name + ":" + std::string(type_name(f.type));
    }
    for (const columns::Chunk& chunk : out->chunks) {
        for (std::uint32_t row = 0; row < chunk.rows; ++row) {
            std::string line;
            for (std::size_t c = 0; c < chunk.columns.size(); ++c) {
                line += c > 0 ? "," : "";
                line += chunk.columns[c]->is_null(row)
                            ? "null"
                            : columns::to_text(chunk.columns[c]->scalar_at(row));
            }
            lines.push_back(line);
        }
    }
    return lines;
}

using Lines = std::vector<std::string>;

TEST(Plugins, BagUnpack) {
    const Table people = table_of({{"Name", DataType::String}, {"d", DataType::Dynamic}},
                                  {{"James", R"({"Name":"John","Age":20})"},
                                   {"David", R"({"Age":40.5,"x":null})"},
                                   {"Emily", ""}});
    EXPECT_EQ(run("bag_unpack", people, {column(people, "d")}), Lines{"error"});
    EXPECT_EQ(
        run("bag_unpack", people,
            {column(people, "d"),
             constant(Scalar::of_string("replace_source"), "columnsConflict")}),
        (Lines{"Name:string,Age:real,x:dynamic", "John,20.0,null", ",40.5,null", ",null,null"}));
    EXPECT_EQ(
        run("bag_unpack", people,
            {column(people, "d"), constant(Scalar::of_string("keep_source"), "columnsConflict"),
             constant(Scalar::of_dynamic(codec::parse_json("[\"x\"]").value()),
                      "ignoredProperties")}),
        (Lines{"Name:string,Age:real", "James,20.0", "David,40.5", "Emily,null"}));
    EXPECT_EQ(
        run("bag_unpack", people, {column(people, "d"), constant(Scalar::of_string("p_"))})[0],
        "Name:string,p_Age:real,p_Name:string,p_x:dynamic");
    EXPECT_EQ(
        run("bag_unpack", people, {column(people, "d")}, Schema{{{"Age", DataType::Long}}}, true),
        (Lines{"Name:string,Age:long", "James,20", "David,40", "Emily,null"}));
    const Table own =
        table_of({{"d", DataType::Dynamic}}, {{R"({"a":1,"b":"two","c":[3],"d":{"e":4}})"}});
    EXPECT_EQ(run("bag_unpack", own, {column(own, "d")}),
              (Lines{"d:dynamic,a:long,b:string,c:dynamic", "{\"e\":4},1,two,[3]"}));
}

TEST(Plugins, Pivot) {
    const Table t =
        table_of({{"k", DataType::String}, {"v", DataType::String}, {"n", DataType::Long}},
                 {{"a", "x", "1"}, {"b", "y", "2"}, {"a", "y", "3"}, {"a", "x", "5"}});
    PluginArgument max;
    max.kind = Kind::Aggregate;
    max.aggregate = find_aggregate("max");
    max.aggregate_columns = {2};
    EXPECT_EQ(run("pivot", t, {column(t, "v"), max, column(t, "k")}),
              (Lines{"k:string,x:long,y:long", "a,5,3", "b,null,2"}));
    PluginArgument count;
    count.kind = Kind::Aggregate;
    count.aggregate = find_aggregate("count");
    EXPECT_EQ(run("pivot", t, {column(t, "v"), count, column(t, "k")}),
              (Lines{"k:string,x:long,y:long", "a,2,1", "b,0,1"}));
    EXPECT_EQ(run("pivot", t, {column(t, "v"), count, column(t, "k")},
                  Schema{{{"k", DataType::String}, {"y", DataType::Long}, {"z", DataType::Long}}}),
              (Lines{"k:string,y:long,z:long", "a,1,null", "b,1,null"}));
    EXPECT_EQ(run("pivot", t, {}), Lines{"error"});
}

TEST(Plugins, Narrow) {
    const Table t =
        table_of({{"a", DataType::String}, {"b", DataType::Long}}, {{"x", "1"}, {"y", ""}});
    EXPECT_EQ(run("narrow", t, {}),
              (Lines{"Row:long,Column:string,Value:string", "0,a,x", "0,b,1", "1,a,y", "1,b,"}));
}

TEST(Plugins, AddressLookups) {
    const Table networks = table_of({{"network", DataType::String}, {"name", DataType::String}},
                                    {{"5.8.0.0/19", "RU"},
                                     {"2.20.183.0/24", "GB"},
                                     {"5.8.1.0/24", "near"},
                                     {"2001:db8::/32", "six"},
                                     {"nonsense", "no"}});
    const Table ips =
        table_of({{"ip", DataType::String}, {"name", DataType::String}}, {{"2.20.183.12", "a"},
                                                                          {"5.8.1.2", "b"},
                                                                          {"9.9.9.9", "c"},
                                                                          {"2001:db8::7", "d"},
                                                                          {"", "e"}});
    EXPECT_EQ(run("ipv4_lookup", ips, {second(networks), column(ips, "ip"), name("network")}),
              (Lines{"ip:string,name:string,network:string,name1:string",
                     "2.20.183.12,a,2.20.183.0/24,GB", "5.8.1.2,b,5.8.1.0/24,near",
                     "5.8.1.2,b,5.8.0.0/19,RU"}));
    EXPECT_EQ(run("ipv4_lookup", ips,
                  {second(networks), column(ips, "ip"), name("network"),
                   constant(Scalar::of_bool(true), "return_unmatched")})
                  .size(),
              7U);
    EXPECT_EQ(
        run("ipv6_lookup", ips, {second(networks), column(ips, "ip"), name("network")}).back(),
        "2001:db8::/32,six,2001:db8::7,d");
    EXPECT_EQ(run("ipv4_lookup", ips, {second(networks), column(ips, "ip"), name("nowhere")}),
              Lines{"error"});
}

TEST(Plugins, GeoLookups) {
    const Table areas = table_of(
        {{"area", DataType::String}, {"shape", DataType::Dynamic}},
        {{"near", R"({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]})"},
         {"around", R"({"type":"Polygon","coordinates":[[[-5,-5],[5,-5],[5,5],[-5,5],[-5,-5]]]})"},
         {"broken", R"({"type":"Polygon","coordinates":[]})"}});
    const Table places =
        table_of({{"place", DataType::String}, {"lng", DataType::Real}, {"lat", DataType::Real}},
                 {{"in both", "0.5", "0.5"},
                  {"in one", "3", "3"},
                  {"far", "50", "50"},
                  {"nowhere", "500", "0"},
                  {"unknown", "", "1"}});
    const std::vector<PluginArgument> arguments = {second(areas), name("shape"),
                                                   column(places, "lng"), column(places, "lat")};
    EXPECT_EQ(run("geo_polygon_lookup", places, arguments),
              (Lines{"place:string,lng:real,lat:real,area:string", "in both,0.5,0.5,near",
                     "in both,0.5,0.5,around", "in one,3.0,3.0,around"}));
    std::vector<PluginArgument> more = arguments;
    more.push_back(constant(Scalar::of_bool(true), "return_unmatched"));
    more.push_back(constant(Scalar::of_real(1'000'000), "radius"));
    EXPECT_EQ(run("geo_polygon_lookup", places, more).size(), 1U + 2 + 2 + 1 + 1 + 1);
    EXPECT_EQ(run("geo_line_lookup", places, arguments), Lines{"error"});  // it needs a radius

    const Table roads =
        table_of({{"road", DataType::String}, {"line", DataType::Dynamic}},
                 {{"equator", R"({"type":"LineString","coordinates":[[0,0],[10,0]]})"}});
    std::vector<PluginArgument> near = {second(roads),
                                        name("line"),
                                        column(places, "lng"),
                                        column(places, "lat"),
                                        constant(Scalar::of_long(60'000)),
                                        constant(Scalar::of_bool(true), "return_lookup_key")};
    const Lines found = run("geo_line_lookup", places, near);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0], "place:string,lng:real,lat:real,road:string,line:dynamic");
    EXPECT_TRUE(found[1].starts_with("in both,0.5,0.5,equator,"));
}

TEST(Plugins, CountsOverTime) {
    const Table t =
        table_of({{"User", DataType::String}, {"t", DataType::DateTime}}, {{"B", "2018-06-29"},
                                                                           {"B", "2018-06-30"},
                                                                           {"A", "2018-07-02"},
                                                                           {"B", "2018-07-04"},
                                                                           {"B", "2018-07-08"},
                                                                           {"A", "2018-07-10"},
                                                                           {"A", "2018-07-14"},
                                                                           {"A", "2018-07-17"},
                                                                           {"A", "2018-07-20"},
                                                                           {"B", "2018-07-24"}});
    EXPECT_EQ(run("active_users_count", t,
                  {column(t, "User"), column(t, "t"), constant(time("2018-07-01")),
                   constant(time("2018-07-31")), constant(days(8)), constant(days(1)),
                   constant(Scalar::of_long(3)), constant(days(7))}),
              (Lines{"t:datetime,dcount:long", "2018-07-01T00:00:00.0000000Z,1",
                     "2018-07-15T00:00:00.0000000Z,1"}));
    EXPECT_EQ(run("sliding_window_counts", t,
                  {column(t, "User"), column(t, "t"), constant(time("2018-07-08")),
                   constant(time("2018-07-10")), constant(days(3)), constant(days(1))}),
              (Lines{"t:datetime,Count:long,Dcount:long", "2018-07-08T00:00:00.0000000Z,1,1",
                     "2018-07-09T00:00:00.0000000Z,1,1", "2018-07-10T00:00:00.0000000Z,2,2"}));
    EXPECT_EQ(run("activity_counts_metrics", t,
                  {column(t, "User"), column(t, "t"), constant(time("2018-07-01")),
                   constant(time("2018-07-14")), constant(days(7))})[1],
              "2018-07-01T00:00:00.0000000Z,2,2,2,2");
    EXPECT_EQ(run("activity_counts_metrics", t,
                  {column(t, "User"), column(t, "t"), constant(time("2018-07-01")),
                   constant(time("2018-07-14")), constant(days(0))}),
              Lines{"error"});
    const auto metrics = run("activity_metrics", t,
                             {column(t, "User"), column(t, "t"), constant(time("2018-07-01")),
                              constant(time("2018-07-31")), constant(days(7))});
    EXPECT_EQ(metrics[0],
              "t:datetime,dcount_values:long,dcount_newvalues:long,retention_rate:real,"
              "churn_rate:real");
    EXPECT_EQ(metrics[3], "2018-07-15T00:00:00.0000000Z,1,0,0.5,0.5");
    const auto fresh =
        run("new_activity_metrics", t,
            {column(t, "User"), column(t, "t"), constant(time("2018-07-01")),
             constant(time("2018-07-31")), constant(days(7)), constant(time("2018-07-01"))});
    EXPECT_EQ(fresh[1], "2018-07-01T00:00:00.0000000Z,2018-07-01T00:00:00.0000000Z,2,2,0,1.0,0.0");
    EXPECT_EQ(fresh[3], "2018-07-01T00:00:00.0000000Z,2018-07-15T00:00:00.0000000Z,2,1,1,0.5,0.5");
    const auto engaged = run("activity_engagement", t,
                             {column(t, "User"), column(t, "t"), constant(time("2018-07-01")),
                              constant(time("2018-07-31")), constant(days(1)), constant(days(7))});
    EXPECT_EQ(engaged[1], "2018-07-02T00:00:00.0000000Z,1,2,0.5");
}

TEST(Plugins, RollingPercentile) {
    std::vector<std::vector<std::string>> rows;
    for (int i = 0; i < 96; ++i) {
        rows.push_back({std::to_string(i + 1), std::to_string(i)});
    }
    const Table t = table_of({{"val", DataType::Long}, {"hour", DataType::Long}}, rows);
    EXPECT_EQ(
        run("rolling_percentile", t,
            {column(t, "val"), constant(Scalar::of_long(50)), column(t, "hour"),
             constant(Scalar::of_long(24)), constant(Scalar::of_long(3))}),
        (Lines{"hour:long,rolling_3_percentile_val_50:long", "0,12", "24,24", "48,36", "72,60"}));
}

TEST(Plugins, SegmentsOfRows) {
    std::vector<std::vector<std::string>> rows;
    for (int i = 0; i < 100; ++i) {
        const bool hail = i < 60;
        rows.push_back({hail ? "Hail" : "Wind", hail ? "0" : std::to_string(i),
                        i % 2 == 0 ? "TX" : "OK", i < 50 ? "A" : "B"});
    }
    const Table t = table_of({{"Event", DataType::String},
                              {"Damage", DataType::Long},
                              {"State", DataType::String},
                              {"Side", DataType::String}},
                             rows);
    const auto basket = run("basket", t, {constant(Scalar::of_real(0.35))});
    EXPECT_EQ(basket[0],
              "SegmentId:long,Count:long,Percent:real,Event:string,Damage:long,State:string,"
              "Side:string");
    // Closed sets only: Hail never without Damage 0.
    EXPECT_EQ(basket[1], "0,50,50.0,Hail,0,*,A");
    EXPECT_EQ(basket[2], "1,60,60.0,Hail,0,*,*");
    for (std::size_t i = 1; i < basket.size(); ++i) {
        EXPECT_EQ(basket[i].find("Hail,null"), std::string::npos);
    }
    const auto clusters = run("autocluster", t, {constant(Scalar::of_real(0.6))});
    EXPECT_EQ(clusters[1], "0,50,50.0,Hail,0,*,A");
    const auto differences = run(
        "diffpatterns", t,
        {column(t, "Side"), constant(Scalar::of_string("A")), constant(Scalar::of_string("B"))});
    EXPECT_EQ(differences[1], "0,50,10,100.0,20.0,80.0,Hail,0,*");
    EXPECT_EQ(run("basket", table_of({{"x", DataType::Long}}, {}), {}).size(), 1U);
}

TEST(Plugins, RefusesForeignCodeByName) {
    for (const char* plugin : {"python", "r", "csharp", "sql_request", "http_request", "ai_chat"}) {
        EXPECT_EQ(find_plugin(plugin), nullptr);
        EXPECT_TRUE(refused_plugin(plugin).has_value()) << plugin;
    }
    EXPECT_FALSE(refused_plugin("pivot").has_value());
}

}  // namespace
}  // namespace qd::kql
