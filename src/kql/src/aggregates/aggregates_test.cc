#include "../aggregate.h"
#include "families.h"
#include "qd/base/random.h"
#include "qd/codec/json.h"
#include "qd/columns/text.h"
#include "qd/columns/variant.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace qd::kql {
namespace {

using columns::ColumnBuilder;
using columns::Scalar;

ColumnPtr longs(const std::vector<std::optional<std::int64_t>>& values,
                DataType type = DataType::Long) {
    ColumnBuilder b(type);
    for (const auto& v : values) {
        v ? b.append_int(*v) : b.append_null();
    }
    return b.finish();
}
ColumnPtr reals(const std::vector<double>& values) {
    ColumnBuilder b(DataType::Real);
    for (const double v : values) {
        b.append_real(v);
    }
    return b.finish();
}
ColumnPtr strings(const std::vector<std::string>& values) {
    ColumnBuilder b(DataType::String);
    for (const auto& v : values) {
        b.append_bytes(v);
    }
    return b.finish();
}
ColumnPtr bools(const std::vector<int>& values) {
    ColumnBuilder b(DataType::Bool);
    for (const int v : values) {
        v < 0 ? b.append_null() : b.append_bool(v > 0);
    }
    return b.finish();
}
ColumnPtr dynamics(const std::vector<std::string>& json) {
    ColumnBuilder b(DataType::Dynamic);
    for (const auto& v : json) {
        b.append_bytes(*columns::variant_from_json(v));
    }
    return b.finish();
}

struct Input {
    std::string function;
    std::vector<ColumnPtr> columns;
    std::vector<Scalar> constants;  // appended after the columns
    std::vector<std::uint32_t> groups;
    std::uint32_t group_count = 1;
};

Result<BoundAggregate> bind_input(const Input& in) {
    const AggregateFunction* f = find_aggregate(in.function);
    EXPECT_NE(f, nullptr) << in.function;
    std::vector<AggregateArgument> args;
    const char* names[] = {"x", "y", "z", "w"};
    for (std::size_t i = 0; i < in.columns.size(); ++i) {
        AggregateArgument a;
        a.value.type = in.columns[i]->type();
        a.name = names[i];
        args.push_back(a);
    }
    for (const Scalar& s : in.constants) {
        AggregateArgument a;
        a.value.type = s.type();
        a.value.constant = &s;
        args.push_back(a);
    }
    return f->bind(args);
}

ColumnPtr as_type(const ColumnPtr& column, DataType type) {
    if (column->type() == type) {
        return column;
    }
    ColumnBuilder b(type);
    for (std::uint32_t i = 0; i < column->size(); ++i) {
        if (column->is_null(i)) {
            b.append_null();
        } else if (type == DataType::Real) {
            b.append_real(column->real_at(i));
        } else {
            b.append_int(column->int_at(i));
        }
    }
    return b.finish();
}

// Runs the aggregate with `workers` workers, rows dealt in contiguous blocks, chunks of
// `chunk_rows`; worker w numbers its groups in the order it meets them. Answers text per group.
std::vector<std::string> run(const Input& in, std::uint32_t workers, std::uint32_t chunk_rows) {
    auto bound = bind_input(in);
    EXPECT_TRUE(bound.ok()) << bound.error().text();
    std::vector<ColumnPtr> args;
    const auto rows = static_cast<std::uint32_t>(in.groups.size());
    for (const auto& c : in.columns) {
        args.push_back(c);
    }
    for (const auto& s : in.constants) {
        args.push_back(columns::Column::make_constant(s, rows));
    }
    for (std::size_t i = 0; i < bound->arg_types.size(); ++i) {
        args[i] = as_type(args[i], bound->arg_types[i]);
    }
    const EvalContext context;
    auto total = bound->make(context);
    total->resize(in.group_count);
    for (std::uint32_t w = 0; w < workers; ++w) {
        auto worker = bound->make(context);
        std::map<std::uint32_t, std::uint32_t> local;
        std::vector<std::uint32_t> mapping;
        const std::uint32_t end = rows * (w + 1) / workers;
        for (std::uint32_t at = rows * w / workers; at < end; at += chunk_rows) {
            const std::uint32_t count = std::min(chunk_rows, end - at);
            std::vector<std::uint32_t> groups;
            for (std::uint32_t i = 0; i < count; ++i) {
                const auto [it, fresh] = local.try_emplace(
                    in.groups[at + i], static_cast<std::uint32_t>(mapping.size()));
                if (fresh) {
                    mapping.push_back(in.groups[at + i]);
                }
                groups.push_back(it->second);
            }
            worker->resize(static_cast<std::uint32_t>(mapping.size()));
            std::vector<ColumnPtr> piece;
            for (const auto& a : args) {
                piece.push_back(columns::slice(a, at, count));
            }
            const Status status = worker->update(groups, piece);
            EXPECT_TRUE(status.ok());
        }
        EXPECT_TRUE(total->merge(*worker, mapping).ok());
    }
    auto out = total->finish();
    EXPECT_TRUE(out.ok());
    EXPECT_EQ(out->size(), bound->outputs.size());
    std::vector<std::string> texts(in.group_count);
    for (std::size_t c = 0; c < out->size(); ++c) {
        EXPECT_EQ((*out)[c]->type(), bound->outputs[c].type);
        EXPECT_EQ((*out)[c]->size(), in.group_count);
        for (std::uint32_t g = 0; g < in.group_count; ++g) {
            texts[g] += c == 0 ? "" : "|";
            texts[g] += (*out)[c]->is_null(g) ? "null" : columns::to_text((*out)[c]->scalar_at(g));
        }
    }
    return texts;
}

struct Case {
    Input in;
    std::vector<std::string> want;
};

TEST(Aggregates, AnswerTheSameHoweverRowsAreDealt) {
    const std::vector<std::uint32_t> g5 = {0, 1, 0, 1, 0};
    const auto x = longs({5, 3, std::nullopt, 9, 2});
    const auto none = longs({});
    const std::vector<Case> cases = {
        {{"count", {}, {}, g5, 3}, {"3", "2", "0"}},
        {{"countif", {bools({1, 0, -1, 1, 1})}, {}, g5, 2}, {"2", "1"}},
        {{"sum", {x}, {}, g5, 3}, {"7", "12", "0"}},
        {{"sum", {reals({.5, 1, 2, 3, 4})}, {}, g5, 2}, {"6.5", "4.0"}},
        {{"sumif", {x, bools({1, 0, 1, 1, 0})}, {}, g5, 2}, {"5", "9"}},
        {{"avg", {x}, {}, g5, 3}, {"3.5", "6.0", "NaN"}},
        {{"min", {x}, {}, g5, 3}, {"2", "3", "null"}},
        {{"max", {x}, {}, g5, 3}, {"5", "9", "null"}},
        {{"max", {reals({std::nan(""), 1, 7, 2, 3})}, {}, g5, 2}, {"NaN", "2.0"}},
        {{"arg_min", {reals({3, 1, std::nan(""), 2, 1}), longs({1, 2, 3, 4, 5})}, {}, g5, 2},
         {"NaN|3", "1.0|2"}},
        {{"min", {strings({"b", "c", "a", "", "B"})}, {}, g5, 2}, {"B", ""}},
        {{"max", {bools({0, -1, 1, -1, 0})}, {}, g5, 2}, {"True", "null"}},
        {{"arg_max", {x, strings({"a", "b", "c", "d", "e"})}, {}, g5, 2}, {"5|a", "9|d"}},
        {{"arg_min",
          {longs({2, 3, std::nullopt, 3, 2}), strings({"a", "b", "c", "d", "e"})},
          {},
          g5,
          2},
         {"2|a", "3|b"}},
        {{"arg_max",
          {longs({std::nullopt, 1, std::nullopt, 1, std::nullopt}),
           strings({"a", "b", "c", "d", "e"})},
          {},
          g5,
          2},
         {"null|a", "1|b"}},
        {{"take_any", {longs({std::nullopt, 1, 4, 1, 5})}, {}, g5, 2}, {"4", "1"}},
        {{"take_any", {strings({"", "b", "c", "", "e"}), x}, {}, g5, 2}, {"|5", "b|3"}},
        {{"dcount", {strings({"a", "b", "a", "c", ""})}, {}, g5, 3}, {"2", "2", "0"}},
        {{"dcount", {x}, {Scalar::of_long(2)}, g5, 2}, {"2", "2"}},
        {{"count_distinct", {x}, {}, g5, 2}, {"2", "2"}},
        {{"make_list", {x}, {}, g5, 3}, {"[5,2]", "[3,9]", "[]"}},
        {{"make_list_with_nulls", {x}, {}, g5, 2}, {"[5,null,2]", "[3,9]"}},
        {{"make_list", {x}, {Scalar::of_long(1)}, g5, 2}, {"[5]", "[3]"}},
        {{"make_list", {dynamics({"[1,2]", "{\"a\":1}", "null", "\"s\"", "[[3]]"})}, {}, g5, 2},
         {"[1,2,null,[3]]", "[{\"a\":1},\"s\"]"}},
        {{"make_set", {dynamics({"[1,\"1\",1.0]", "{}", "[1]", "{}", "2"})}, {}, g5, 2},
         {"[1,\"1\",1.0,2]", "[{}]"}},
        {{"make_set", {strings({"a", "b", "a", "c", ""})}, {}, g5, 2},
         {"[\"a\",\"\"]", "[\"b\",\"c\"]"}},
        {{"make_set_if", {x, bools({1, 1, 1, 0, 1})}, {}, g5, 2}, {"[5,2]", "[3]"}},
        {{"make_bag",
          {dynamics({"{\"a\":1}", "null", "{\"a\":2,\"b\":3}", "7", "{\"c\":{}}"})},
          {},
          g5,
          2},
         {"{\"a\":1,\"b\":3,\"c\":{}}", "{}"}},
        {{"percentile", {x}, {Scalar::of_long(50)}, g5, 3}, {"2", "3", "null"}},
        {{"percentiles", {x}, {Scalar::of_real(0), Scalar::of_real(99.9)}, g5, 2}, {"2|5", "3|9"}},
        {{"percentilesw",
          {longs({10, 20, 30, 40}), longs({8, 6, 3, 1})},
          {Scalar::of_long(50), Scalar::of_long(75), Scalar::of_real(99.9)},
          {0, 0, 0, 0},
          1},
         {"20|20|40"}},
        {{"percentiles_array",
          {reals({1, 2, 3, 4, 5})},
          {Scalar::of_long(20), Scalar::of_long(21)},
          {0, 0, 0, 0, 0},
          1},
         {"[1.0,2.0]"}},
        {{"variance", {longs({1, 2, 3, 4})}, {}, {0, 0, 0, 0}, 2}, {"1.6666666667", "0.0"}},
        {{"stdev", {longs({1, 2, 3, 4})}, {}, {0, 0, 0, 0}, 1}, {"1.2909944487487155"}},
        {{"variancep", {longs({1, 2, 3, 4})}, {}, {0, 0, 0, 0}, 1}, {"1.25"}},
        {{"covariance",
          {reals({1, 2, 3, 4, 5}), reals({14, 10, 17, 20, 50})},
          {},
          {0, 0, 0, 0, 0},
          1},
         {"20.5"}},
        {{"binary_all_and",
          {longs({0xFFFFFFFF, 0xFFFFF00F, 0xCFFFFFFD, 0xFAFEFFFF})},
          {},
          {0, 0, 0, 0},
          2},
         {"3405705229", "null"}},
        {{"buildschema",
          {dynamics({"{\"x\":1,\"y\":3.5}", "{\"x\":\"v\",\"z\":[1,2]}",
                     "{\"y\":{\"w\":\"z\"},\"z\":[\"foo\"]}", "null"})},
          {},
          {0, 0, 0, 1},
          2},
         {"{\"x\":[\"long\",\"string\"],\"y\":[{\"w\":\"string\"},\"double\"],"
          "\"z\":{\"`indexer`\":[\"long\",\"string\"]}}",
          "null"}},
        {{"binary_all_xor", {longs({1, 3, 4})}, {}, {0, 0, 0}, 1}, {"6"}},
    };
    for (const Case& c : cases) {
        for (const std::uint32_t workers : {1U, 3U}) {
            for (const std::uint32_t rows : {1U, 7U, 2048U}) {
                SCOPED_TRACE(c.in.function + " workers " + std::to_string(workers) + " chunk " +
                             std::to_string(rows));
                EXPECT_EQ(run(c.in, workers, rows), c.want);
            }
        }
    }
}

TEST(Aggregates, ArgMaxOverManyRowsAgreesWithANaiveScan) {
    Random random(7);
    for (int round = 0; round < 20; ++round) {
        Input in{"arg_max", {}, {}, {}, 5};
        std::vector<std::optional<std::int64_t>> keys;
        std::vector<std::string> names;
        for (int i = 0; i < 300; ++i) {
            in.groups.push_back(static_cast<std::uint32_t>(random.below(5)));
            keys.push_back(random.below(9) == 0 ? std::nullopt
                                                : std::optional<std::int64_t>(random.below(20)));
            names.push_back(std::to_string(i));
        }
        std::vector<std::string> want(5, "null|");
        for (std::uint32_t g = 0; g < 5; ++g) {
            int best = -1;
            for (int i = 0; i < 300; ++i) {
                const auto at = static_cast<std::size_t>(i);
                if (in.groups[at] == g &&
                    (best < 0 ||
                     (keys[at] && (!keys[static_cast<std::size_t>(best)] ||
                                   *keys[at] > *keys[static_cast<std::size_t>(best)])))) {
                    best = i;
                }
            }
            const auto at = static_cast<std::size_t>(best);
            want[g] = (keys[at] ? std::to_string(*keys[at]) : "null") + "|" + names[at];
        }
        in.columns = {longs(keys), strings(names)};
        EXPECT_EQ(run(in, 1, 7), want);
        EXPECT_EQ(run(in, 3, 64), want);
    }
}

TEST(Aggregates, DcountStaysWithinItsErrorOnLargeSets) {
    Input in{"dcount", {}, {}, {}, 1};
    std::vector<std::optional<std::int64_t>> values;
    for (std::int64_t i = 0; i < 200'000; ++i) {
        values.emplace_back(i % 50'000);
        in.groups.push_back(0);
    }
    in.columns = {longs(values)};
    const double one = std::stod(run(in, 1, 2048)[0]);
    EXPECT_NEAR(one, 50'000, 50'000 * 0.03);
    EXPECT_EQ(run(in, 3, 2048)[0], run(in, 1, 2048)[0]);
}

TEST(Aggregates, LargePercentileGroupsTurnIntoADigest) {
    Input in{"percentile", {}, {Scalar::of_long(95)}, {}, 1};
    std::vector<std::optional<std::int64_t>> values;
    for (std::int64_t i = 0; i < 300'000; ++i) {
        values.emplace_back((i * 7919) % 300'000);
        in.groups.push_back(0);
    }
    in.columns = {longs(values)};
    EXPECT_NEAR(std::stod(run(in, 1, 2048)[0]), 285'000, 900);
    EXPECT_NEAR(std::stod(run(in, 3, 2048)[0]), 285'000, 900);
}

TEST(Aggregates, NamesThatTheFunctionDecides) {
    Input p{"percentiles", {longs({1})}, {Scalar::of_long(5), Scalar::of_real(99.9)}, {0}, 1};
    auto bound = bind_input(p);
    EXPECT_EQ(bound->outputs[0].name, "percentile_x_5");
    EXPECT_EQ(bound->outputs[1].name, "percentile_x_99_9");
    Input c{"covariance", {reals({1}), reals({1})}, {}, {0}, 1};
    EXPECT_EQ(bind_input(c)->outputs[0].name, "covariance_x_y");
    Input a{"arg_max", {longs({1}), reals({1})}, {}, {0}, 1};
    EXPECT_EQ(bind_input(a)->outputs[1].name, "y");
}

TEST(Aggregates, RefuseArgumentsOfAWrongKind) {
    EXPECT_FALSE(bind_input({"sum", {strings({"a"})}, {}, {0}, 1}).ok());
    EXPECT_FALSE(bind_input({"percentile", {longs({1})}, {Scalar::of_long(101)}, {0}, 1}).ok());
    EXPECT_FALSE(bind_input({"percentile", {longs({1}), longs({1})}, {}, {0}, 1}).ok());
    EXPECT_FALSE(bind_input({"dcount", {longs({1})}, {Scalar::of_long(9)}, {0}, 1}).ok());
    EXPECT_FALSE(bind_input({"make_bag", {longs({1})}, {}, {0}, 1}).ok());
    EXPECT_EQ(find_aggregate("no_such"), nullptr);
}

TEST(Aggregates, GrowingStatesStopAtTheMemoryBudget) {
    MemoryBudget budget(1 << 20);
    EvalContext context;
    context.budget = &budget;
    auto bound = bind_input({"make_list", {longs({1})}, {}, {0}, 1});
    auto list = bound->make(context);
    list->resize(1);
    const auto column = longs(std::vector<std::optional<std::int64_t>>(2048, 7));
    const std::vector<std::uint32_t> groups(2048, 0);
    Status status;
    for (int i = 0; i < 100 && status.ok(); ++i) {
        status = list->update(groups, std::vector<ColumnPtr>{column});
    }
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code(), Code::ResourceExhausted);
    list.reset();
    EXPECT_EQ(budget.used_bytes(), 0);
}

}  // namespace
}  // namespace qd::kql
