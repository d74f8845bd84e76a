#include "qd/codec/json.h"

#include "qd/base/random.h"
#include "qd/codec/guid.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace qd::codec {
namespace {

std::string round_trip(std::string_view text) {
    auto value = parse_json(text);
    return value.ok() ? to_json(*value) : value.error().text();
}

struct Case {
    std::string text;
    std::string json;
};

TEST(Json, AcceptsWhatTheRfcAllows) {
    const Case cases[] = {
        {"null", "null"},
        {" \t\r\n true \n", "true"},
        {"false", "false"},
        {"0", "0"},
        {"-0", "0"},
        {"-17", "-17"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"9223372036854775808", "9223372036854775808"},
        {"18446744073709551616", "18446744073709551616"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"1e400", "1e400"},
        {"-1E+400", "-1E+400"},
        {"1.5", "1.5"},
        {"1.0", "1.0"},
        {"-0.0", "-0.0"},
        {"1e2", "100.0"},
        {"1E-2", "0.01"},
        {"0.1", "0.1"},
        {"100000.0", "100000.0"},
        {"1e16", "10000000000000000.0"},
        {"1e20", "1e+20"},
        {"1e-7", "1e-07"},
        {"0.00001", "0.00001"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {"5e-324", "5e-324"},
        {R"("")", R"("")"},
        {R"("\"\\\/\b\f\n\r\t")", R"("\"\\/\b\f\n\r\t")"},
        {R"("\u0041\u00e9\u20AC\uD83D\uDE00")", "\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {R"("\u0000\u001f")", R"("\u0000\u001f")"},
        {"\"\x7f\"", "\"\x7f\""},
        {R"("\ud800")", "\"\xef\xbf\xbd\""},
        {R"("\ud800x")", "\"\xef\xbf\xbdx\""},
        {R"("\ud800\u0041")", "\"\xef\xbf\xbd\x41\""},
        {R"("\udc00")", "\"\xef\xbf\xbd\""},
        {"[]", "[]"},
        {"[ 1 , [ ] , { } ]", "[1,[],{}]"},
        {R"({"a":1,"b":[true,null]})", R"({"a":1,"b":[true,null]})"},
        {R"({"a":1,"b":2,"a":3})", R"({"a":3,"b":2})"},
        {R"({"":0})", R"({"":0})"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(round_trip(c.text), c.json) << c.text;
        EXPECT_EQ(round_trip(c.json), c.json) << c.text;
    }
}

TEST(Json, RefusesTheRestWithTheOffset) {
    struct Bad {
        std::string text;
        std::uint32_t offset;
    };
    const Bad cases[] = {
        {"", 0},
        {"   ", 3},
        {"nul", 0},
        {"nulll", 4},
        {"True", 0},
        {"NaN", 0},
        {"Infinity", 0},
        {"-Infinity", 1},
        {"-", 1},
        {"+1", 0},
        {".5", 0},
        {"01", 0},
        {"-01", 1},
        {"1.", 2},
        {"1.e5", 2},
        {"1e", 2},
        {"1e+", 3},
        {"0x1F", 1},
        {"1 2", 2},
        {"1,", 1},
        {"'a'", 0},
        {"\"a", 2},
        {"\"a\nb\"", 2},
        {std::string("\"a\0b\"", 5), 2},
        {R"("\x")", 2},
        {R"("\u12g4")", 3},
        {R"("\u12)", 3},
        {"\"\\", 2},
        {"\"\xff\"", 1},
        {"\"\xc3\"", 1},
        {"\"\xed\xa0\x80\"", 1},
        {"[", 1},
        {"[1", 2},
        {"[1,", 3},
        {"[1,]", 3},
        {"[,1]", 1},
        {"[1 2]", 3},
        {"[1}", 2},
        {"]", 0},
        {"{", 1},
        {"{a:1}", 1},
        {R"({"a")", 4},
        {R"({"a" 1})", 5},
        {R"({"a":})", 5},
        {R"({"a":1,})", 7},
        {R"({"a":1 "b":2})", 7},
        {R"({1:2})", 1},
        {R"({"a":1]})", 6},
        {"[1]/*c*/", 3},
        {"\xef\xbb\xbf[]", 0},
        {std::string("[]\0", 3), 2},
    };
    for (const Bad& c : cases) {
        const auto value = parse_json(c.text);
        ASSERT_FALSE(value.ok()) << c.text;
        EXPECT_EQ(value.error().id(), "COD0001") << c.text;
        EXPECT_EQ(value.error().code(), Code::InvalidArgument);
        ASSERT_TRUE(value.error().span().has_value());
        EXPECT_EQ(value.error().span()->offset, c.offset) << c.text;
    }
}

TEST(Json, KindsOfNumbers) {
    EXPECT_NE(parse_json("1").value().if_int(), nullptr);
    EXPECT_NE(parse_json("1.0").value().if_double(), nullptr);
    EXPECT_NE(parse_json("1e2").value().if_double(), nullptr);
    EXPECT_NE(parse_json("9223372036854775808").value().if_big_number(), nullptr);
    EXPECT_NE(parse_json("1e400").value().if_big_number(), nullptr);
    EXPECT_EQ(parse_json("1").value(), parse_json("1.0").value());
}

TEST(Json, NestingIsBounded) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(parse_json(nested(512)).ok());
    EXPECT_EQ(parse_json(nested(513)).error().id(), "COD0002");
    EXPECT_TRUE(parse_json(nested(3), {.depth_max = 3}).ok());
    EXPECT_EQ(parse_json(nested(4), {.depth_max = 3}).error().id(), "COD0002");
    EXPECT_EQ(parse_json(nested(1'000'000)).error().id(), "COD0002");
    std::string objects;
    for (int i = 0; i < 1'000'000; ++i) {
        objects += "{\"a\":";
    }
    EXPECT_EQ(parse_json(objects).error().id(), "COD0002");
    // Many, but not deep.
    std::string wide = "[";
    for (int i = 0; i < 100'000; ++i) {
        wide += "[{}],";
    }
    EXPECT_TRUE(parse_json(wide + "0]").ok());
}

TEST(Json, LargeObjectsKeepOrderAndTheLastDuplicate) {
    std::string text = "{";
    for (int i = 0; i < 200'000; ++i) {
        text += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
    }
    text += "\"k5\":\"again\"}";
    const auto value = parse_json(text);
    ASSERT_TRUE(value.ok());
    const Object* object = value.value().if_object();
    ASSERT_EQ(object->size(), 200'000U);
    EXPECT_EQ((object->begin() + 5)->first, "k5");
    EXPECT_EQ((object->begin() + 5)->second, Value("again"));
    EXPECT_EQ((object->end() - 1)->first, "k199999");
}

TEST(Json, WritesWhatJsonCannotSay) {
    EXPECT_EQ(to_json(Value(std::nan(""))), "\"NaN\"");
    EXPECT_EQ(to_json(Value(std::numeric_limits<double>::infinity())), "\"Infinity\"");
    EXPECT_EQ(to_json(Value(-std::numeric_limits<double>::infinity())), "\"-Infinity\"");
    EXPECT_EQ(to_json(Value(Timestamp{0})), "\"0001-01-01T00:00:00.0000000Z\"");
    EXPECT_EQ(to_json(Value(Ticks{-Ticks::kSecond})), "\"-00:00:01\"");
    EXPECT_EQ(to_json(Value(*parse_guid("8145D822-13A7-44AD-859C-36F31A84F6DD"))),
              "\"8145d822-13a7-44ad-859c-36f31a84f6dd\"");
    EXPECT_EQ(to_json(Value(*parse_decimal("-12.50"))), "\"-12.50\"");
    EXPECT_EQ(to_json(Value("a\xff z")), "\"a\xef\xbf\xbd z\"");
    EXPECT_EQ(to_pretty_json(parse_json(R"({"a":[1,{}],"b":{"c":[]}})").value()),
              "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}");
}

TEST(Json, DoublesReadBackTheSame) {
    Random random(11);
    for (int i = 0; i < 200'000; ++i) {
        const auto bits = random.next();
        double number = 0;
        std::memcpy(&number, &bits, sizeof number);
        if (!std::isfinite(number)) {
            continue;
        }
        std::string text;
        append_json_double(text, number);
        const auto back = parse_json(text);
        ASSERT_TRUE(back.ok()) << text;
        ASSERT_NE(back.value().if_double(), nullptr) << text;
        ASSERT_EQ(*back.value().if_double(), number) << text;
    }
}

/// A random tree; keys repeat on purpose never.
Value random_value(Random& random, int depth) {
    switch (random.below(depth > 4 ? 6 : 8)) {
        case 0:
            return Value();
        case 1:
            return Value(random.below(2) == 0);
        case 2:
            return Value(static_cast<std::int64_t>(random.next()));
        case 3:
            return Value((random.unit() - 0.5) *
                         std::pow(10.0, static_cast<double>(random.below(40))));
        case 4: {
            std::string text;
            for (std::uint64_t i = random.below(8); i > 0; --i) {
                text += static_cast<char>(random.below(128));
            }
            return Value(text);
        }
        case 5:
            return Value(Value::BigNumber{"1" + std::string(random.below(20) + 20, '0')});
        case 6: {
            Array array;
            for (std::uint64_t i = random.below(5); i > 0; --i) {
                array.push_back(random_value(random, depth + 1));
            }
            return Value(std::move(array));
        }
        default: {
            Object object;
            for (std::uint64_t i = random.below(5); i > 0; --i) {
                object.set("k" + std::to_string(i), random_value(random, depth + 1));
            }
            return Value(std::move(object));
        }
    }
}

TEST(Json, RandomTreesRoundTrip) {
    Random random(5);
    for (int i = 0; i < 5'000; ++i) {
        const Value value = random_value(random, 0);
        const auto plain = parse_json(to_json(value));
        ASSERT_TRUE(plain.ok()) << to_json(value);
        EXPECT_EQ(plain.value(), value) << to_json(value);
        EXPECT_EQ(parse_json(to_pretty_json(value)).value(), value);
    }
}

TEST(Value, ReadsAndCompares) {
    const Value value = parse_json(R"({"a":{"b":"x"},"n":3,"d":1.5,"t":true,"z":null})").value();
    EXPECT_EQ(value.at({"a", "b"})->string_or(""), "x");
    EXPECT_EQ(value.at({"a", "c"}), nullptr);
    EXPECT_EQ(value.at({"n", "c"}), nullptr);
    EXPECT_EQ(value.get("n")->int_or(0), 3);
    EXPECT_EQ(value.get("n")->number_or(0), 3.0);
    EXPECT_EQ(value.get("d")->number_or(0), 1.5);
    EXPECT_EQ(value.get("d")->int_or(7), 7);
    EXPECT_TRUE(value.get("t")->bool_or(false));
    EXPECT_TRUE(value.get("z")->is_null());
    EXPECT_EQ(Value(3).get("a"), nullptr);
    EXPECT_EQ(parse_json(R"({"a":1,"b":{"c":[1,2]}})").value(),
              parse_json(R"({"b":{"c":[1.0,2]},"a":1})").value());
    EXPECT_FALSE(parse_json(R"({"a":1,"b":2})").value() == parse_json(R"({"a":1,"c":2})").value());
    EXPECT_FALSE(parse_json(R"({"a":1,"b":2})").value() == parse_json(R"({"b":1,"a":2})").value());
    EXPECT_FALSE(Value(1) == Value("1"));
    Object object;
    object.set("a", 1);
    object.set("b", 2);
    object.set("a", 3);
    EXPECT_EQ(to_json(Value(object)), R"({"a":3,"b":2})");
    EXPECT_TRUE(object.erase("a"));
    EXPECT_FALSE(object.erase("a"));
    EXPECT_EQ(to_json(Value(object)), R"({"b":2})");
}

}  // namespace
}  // namespace qd::codec
