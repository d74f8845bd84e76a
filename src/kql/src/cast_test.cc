#include "function.h"
#include "qd/columns/text.h"
#include "value_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace qd::kql {
namespace {

using columns::Column;
using columns::ColumnBuilder;

std::string cast_text(const Scalar& from, DataType to) {
    const Scalar got = cast_scalar(from, to);
    return got.is_null() ? "null" : columns::to_text(got);
}

TEST(Cast, FollowsTheEnginesAnswers) {
    struct Case {
        Scalar from;
        DataType to;
        const char* want;
    };
    const auto text = [](const char* s) { return Scalar::of_string(s); };
    const std::vector<Case> cases = {
        {text("3.14"), DataType::Int, "null"},
        {text(" 5 "), DataType::Int, "5"},
        {text("+7"), DataType::Int, "7"},
        {text("007"), DataType::Int, "7"},
        {text("0x1F"), DataType::Int, "31"},
        {text("-0x10"), DataType::Int, "null"},
        {text("7e0"), DataType::Long, "null"},
        {text("0xFFFFFFFFFFFFFFFF"), DataType::Long, "-1"},
        {text("2147483648"), DataType::Int, "null"},
        {text("9223372036854775808"), DataType::Long, "null"},
        {text("0x1F"), DataType::Real, "null"},
        {text("5."), DataType::Real, "5.0"},
        {text("+.5"), DataType::Real, "0.5"},
        {text("1_000"), DataType::Real, "null"},
        {text("1e400"), DataType::Real, "Infinity"},
        {text("1e-400"), DataType::Real, "0.0"},
        {text("INF"), DataType::Real, "null"},
        {text("-inf"), DataType::Real, "-Infinity"},
        {Scalar::of_real(2.9), DataType::Int, "2"},
        {Scalar::of_real(-2.9), DataType::Long, "-2"},
        {Scalar::of_real(1e30), DataType::Int, "2147483647"},
        {text("TRUE"), DataType::Bool, "True"},
        {text("-1"), DataType::Bool, "True"},
        {text("yes"), DataType::Bool, "null"},
        {text(" true"), DataType::Bool, "null"},
        {text("1.0"), DataType::Bool, "null"},
        {Scalar::of_long(5), DataType::Bool, "True"},
        {Scalar::of_bool(true), DataType::Int, "1"},
        {Scalar::of_long(1), DataType::DateTime, "0001-01-01T00:00:00.0000001Z"},
        {Scalar::of_real(1.5), DataType::DateTime, "0001-01-01T00:00:00.0000001Z"},
        {Scalar::of_long(-1), DataType::DateTime, "null"},
        {text("2015-12-31 23:59:59.9"), DataType::DateTime, "2015-12-31T23:59:59.9000000Z"},
        {text("12-02-2022"), DataType::DateTime, "2022-12-02T00:00:00.0000000Z"},
        {text("Sat, 8 Nov 14 15:05:02 GMT"), DataType::DateTime, "2014-11-08T15:05:02.0000000Z"},
        {text("Saturday, 08-Nov-14 15:05:02 GMT"), DataType::DateTime,
         "2014-11-08T15:05:02.0000000Z"},
        {text("2014-11-08T15:05:25+02:00"), DataType::DateTime, "2014-11-08T13:05:25.0000000Z"},
        {text("1/2/2020 3:04:05 PM"), DataType::DateTime, "2020-01-02T15:04:05.0000000Z"},
        {text("2021-02-29"), DataType::DateTime, "null"},
        {text("not a date"), DataType::DateTime, "null"},
        {text("1.02:03:04.5"), DataType::TimeSpan, "1.02:03:04.5000000"},
        {text("-00:30:00"), DataType::TimeSpan, "-00:30:00"},
        {text("13:00"), DataType::TimeSpan, "13:00:00"},
        {text("0:0:0.001"), DataType::TimeSpan, "00:00:00.0010000"},
        {text("90s"), DataType::TimeSpan, "00:01:30"},
        {text("1.5"), DataType::TimeSpan, "null"},
        {text("0123456789ab-cdef-0123-456789abcdef"), DataType::Guid,
         "01234567-89ab-cdef-0123-456789abcdef"},
        {text("xyz"), DataType::Guid, "null"},
        {Scalar::of_dynamic(Value(9.99)), DataType::Int, "9"},
        {Scalar::of_dynamic(Value("9223372036854775807")), DataType::Long, "9223372036854775807"},
        {Scalar::of_dynamic(Value(Array{Value(1)})), DataType::Int, "null"},
        {Scalar::of_bool(true), DataType::String, "True"},
        {Scalar::of_real(1.0), DataType::String, "1.0"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(cast_text(c.from, c.to), c.want)
            << columns::to_text(c.from) << " to " << columns::type_name(c.to);
    }
}

TEST(Cast, GivesTheSameInEveryLayout) {
    ColumnBuilder builder(DataType::String);
    for (const char* s : {"1", "x", "", "3"}) {
        builder.append_bytes(s);
    }
    const ColumnPtr flat = builder.finish();
    const ColumnPtr coded = Column::make_dictionary(flat, {3, 0, 1, 2, 0});
    const ColumnPtr cast = cast_column(coded, DataType::Long);
    ASSERT_EQ(cast->size(), 5u);
    EXPECT_EQ(cast->int_at(0), 3);
    EXPECT_EQ(cast->int_at(1), 1);
    EXPECT_TRUE(cast->is_null(2));
    EXPECT_TRUE(cast->is_null(3));
    EXPECT_EQ(cast->int_at(4), 1);
    const ColumnPtr constant = Column::make_constant(Scalar::of_string("12"), 3);
    EXPECT_EQ(cast_column(constant, DataType::Long)->int_at(2), 12);
}

TEST(Cast, ANullStaysNullAndBecomesTheEmptyString) {
    EXPECT_TRUE(cast_scalar(Scalar::null_of(DataType::Long), DataType::Real).is_null());
    EXPECT_EQ(cast_scalar(Scalar::null_of(DataType::Long), DataType::String).bytes(), "");
}

}  // namespace
}  // namespace qd::kql
