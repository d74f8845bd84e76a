#include "qd/columns/text.h"

#include "qd/codec/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace qd::columns {
namespace {

std::string real_text(double v) {
    std::string out;
    append_real_text(out, v);
    return out;
}

TEST(Text, Reals) {
    EXPECT_EQ(real_text(1.0), "1.0");
    EXPECT_EQ(real_text(1.5), "1.5");
    EXPECT_EQ(real_text(-0.25), "-0.25");
    EXPECT_EQ(real_text(100000000000.0), "100000000000.0");
    EXPECT_EQ(real_text(0.1), "0.1");
    EXPECT_EQ(real_text(1e300), "1e+300");
    EXPECT_EQ(real_text(std::nan("")), "NaN");
    EXPECT_EQ(real_text(-std::numeric_limits<double>::infinity()), "-Infinity");
}

TEST(Text, Scalars) {
    EXPECT_EQ(to_text(Scalar::of_bool(true)), "True");
    EXPECT_EQ(to_text(Scalar::of_int(-5)), "-5");
    EXPECT_EQ(to_text(Scalar::null_of(DataType::Long)), "");
    EXPECT_EQ(to_text(Scalar::of_datetime(637134336000000000)), "2020-01-01T00:00:00.0000000Z");
    EXPECT_EQ(to_text(Scalar::of_timespan(937840000000)), "1.02:03:04");
    EXPECT_EQ(to_text(Scalar::of_dynamic("x")), "x");
    EXPECT_EQ(to_text(Scalar::of_dynamic(Array{1, "x", Value()})), "[1,\"x\",null]");
}

// What a value becomes in a column of a type, as text; "!" when it does not fit.
std::string converted(const char* json, DataType type) {
    auto value = codec::parse_json(json);
    const auto scalar = convert_ingested(value.value(), type);
    if (!scalar) {
        return "!";
    }
    return scalar->is_null() ? "null" : to_text(*scalar);
}

TEST(Ingested, JsonCells) {
    struct Case {
        const char* json;
        DataType type;
        const char* want;
    };
    const Case kCases[] = {
        {"null", DataType::Long, "null"},
        {"null", DataType::String, ""},
        {"5", DataType::Long, "5"},
        {"\"5\"", DataType::Long, "5"},
        {"5.0", DataType::Long, "5"},
        {"5.5", DataType::Long, "!"},
        {"\"\"", DataType::Long, "null"},
        {"\"five\"", DataType::Long, "!"},
        {"3000000000", DataType::Int, "!"},
        {"3000000000", DataType::Long, "3000000000"},
        {"\"0x1F\"", DataType::Int, "31"},
        {"\"1e3\"", DataType::Long, "1000"},
        {"1", DataType::Real, "1.0"},
        {"\"2.5\"", DataType::Real, "2.5"},
        {"\"TRUE\"", DataType::Bool, "True"},
        {"1", DataType::Bool, "True"},
        {"\"yes\"", DataType::Bool, "!"},
        {"true", DataType::String, "true"},
        {"12", DataType::String, "12"},
        {"{\"a\":[1,2]}", DataType::String, "{\"a\":[1,2]}"},
        {"{\"a\":[1,2]}", DataType::Dynamic, "{\"a\":[1,2]}"},
        {"{\"a\":1}", DataType::Long, "!"},
        {"\"2020-01-01T00:00:00Z\"", DataType::DateTime, "2020-01-01T00:00:00.0000000Z"},
        {"\"yesterday\"", DataType::DateTime, "!"},
        {"5", DataType::DateTime, "!"},
        {"\"01:02:03\"", DataType::TimeSpan, "01:02:03"},
        {"\"PT15M\"", DataType::TimeSpan, "00:15:00"},
        {"\"8145d822-13a7-44ad-859c-36f31a84f6dd\"", DataType::Guid,
         "8145d822-13a7-44ad-859c-36f31a84f6dd"},
        {"\"x\"", DataType::Guid, "!"},
        {"12.50", DataType::Decimal, "12.5"},
    };
    for (const Case& c : kCases) {
        EXPECT_EQ(converted(c.json, c.type), c.want) << c.json << " as " << type_name(c.type);
    }
}

TEST(Ingested, TextCells) {
    EXPECT_EQ(to_text(*convert_ingested_text("{\"a\": 1}", DataType::Dynamic)), "{\"a\":1}");
    EXPECT_EQ(to_text(*convert_ingested_text("plain", DataType::Dynamic)), "plain");
    EXPECT_TRUE(convert_ingested_text("", DataType::Long)->is_null());
    EXPECT_EQ(convert_ingested_text(" x ", DataType::String)->bytes(), " x ");
    EXPECT_FALSE(convert_ingested_text("x", DataType::Real).has_value());
}

}  // namespace
}  // namespace qd::columns
