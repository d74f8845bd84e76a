#include "qd/codec/guid.h"

#include "qd/base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace qd::codec {
namespace {

TEST(Guid, ParsesAndPrints) {
    const char* text = "8145d822-13a7-44ad-859c-36f31a84f6dd";
    for (const char* form :
         {"8145d822-13a7-44ad-859c-36f31a84f6dd", "8145D822-13A7-44AD-859C-36F31A84F6DD",
          "8145d82213a744ad859c36f31a84f6dd", "{8145d822-13a7-44ad-859c-36f31a84f6dd}",
          "(8145d822-13a7-44ad-859c-36f31a84f6dd)"}) {
        const auto guid = parse_guid(form);
        ASSERT_TRUE(guid.has_value()) << form;
        EXPECT_EQ(format_guid(*guid), text);
    }
    for (const char* bad :
         {"", "8145d822", "8145d822-13a7-44ad-859c-36f31a84f6d",
          "8145d822-13a7-44ad-859c-36f31a84f6dg", "8145d822x13a7-44ad-859c-36f31a84f6dd",
          "{8145d822-13a7-44ad-859c-36f31a84f6dd)", " 8145d822-13a7-44ad-859c-36f31a84f6dd"}) {
        EXPECT_FALSE(parse_guid(bad).has_value()) << bad;
    }
    SeededEntropy entropy(4);
    for (int i = 0; i < 1'000; ++i) {
        const std::string made = new_guid(entropy);
        EXPECT_EQ(format_guid(*parse_guid(made)), made);
    }
}

TEST(Decimal, TextForms) {
    const std::pair<const char*, const char*> cases[] = {
        {"0", "0"},
        {"-0", "0"},
        {"0.00", "0.00"},
        {"1", "1"},
        {"+1", "1"},
        {"-12.50", "-12.50"},
        {".5", "0.5"},
        {"5.", "5"},
        {"1e3", "1000"},
        {"1.5E-3", "0.0015"},
        {"0.1", "0.1"},
        {"1234567890123456789012345678901234", "1234567890123456789012345678901234"},
        {"12345678901234567890123456789012345", "12345678901234567890123456789012340"},
        {"0.00000000000000000001", "0.00000000000000000001"},
        {"79228162514264337593543950335", "79228162514264337593543950335"},
    };
    for (const auto& [text, expected] : cases) {
        const auto value = parse_decimal(text);
        ASSERT_TRUE(value.has_value()) << text;
        EXPECT_EQ(format_decimal(*value), expected) << text;
    }
    for (const char* bad : {"", ".", "-", "1e", "e3", "1.2.3", "nan", "inf", "1 ", " 1", "0x10",
                            "1,5", "1e99999", "--1"}) {
        EXPECT_FALSE(parse_decimal(bad).has_value()) << bad;
    }
}

TEST(Decimal, Arithmetic) {
    const auto dec = [](const char* text) { return *parse_decimal(text); };
    const auto show = [&](DecimalOp op, const char* a, const char* b) {
        const auto out = decimal_arithmetic(op, dec(a), dec(b));
        return out ? format_decimal(*out) : std::string("none");
    };
    EXPECT_EQ(show(DecimalOp::Add, "0.1", "0.2"), "0.3");
    EXPECT_EQ(show(DecimalOp::Subtract, "0.3", "0.1"), "0.2");
    EXPECT_EQ(show(DecimalOp::Subtract, "1", "1"), "0");
    EXPECT_EQ(show(DecimalOp::Multiply, "1.5", "-2"), "-3.0");
    EXPECT_EQ(show(DecimalOp::Divide, "10", "4"), "2.5");
    EXPECT_EQ(show(DecimalOp::Divide, "1", "3"), "0.3333333333333333333333333333333333");
    EXPECT_EQ(show(DecimalOp::Divide, "1", "0"), "none");
    EXPECT_EQ(show(DecimalOp::Divide, "0", "0"), "none");
    EXPECT_EQ(show(DecimalOp::Modulo, "7", "3"), "1");
    EXPECT_EQ(show(DecimalOp::Modulo, "-7.5", "2"), "-1.5");
    EXPECT_EQ(show(DecimalOp::Modulo, "1", "0"), "none");
    EXPECT_EQ(decimal_compare(dec("1.0"), dec("1")), 0);
    EXPECT_LT(decimal_compare(dec("-2"), dec("1")), 0);
    EXPECT_GT(decimal_compare(dec("1.01"), dec("1")), 0);
}

TEST(Decimal, Conversions) {
    EXPECT_EQ(decimal_to_double(*parse_decimal("0.1")), 0.1);
    EXPECT_EQ(format_decimal(decimal_from_double(0.1)), "0.1");
    EXPECT_EQ(format_decimal(decimal_from_double(-1e20)), "-100000000000000000000");
    EXPECT_EQ(format_decimal(decimal_from_double(std::nan(""))), "0");
    for (const std::int64_t n :
         {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max(),
          std::numeric_limits<std::int64_t>::min()}) {
        EXPECT_EQ(format_decimal(decimal_from_int(n)), std::to_string(n));
        EXPECT_EQ(decimal_to_int(decimal_from_int(n)), n);
    }
    EXPECT_EQ(decimal_to_int(*parse_decimal("2.9")), 2);
    EXPECT_EQ(decimal_to_int(*parse_decimal("-2.9")), -2);
    EXPECT_FALSE(decimal_to_int(*parse_decimal("9223372036854775808")).has_value());
    EXPECT_FALSE(decimal_to_int(*parse_decimal("-9223372036854775809")).has_value());
}

}  // namespace
}  // namespace qd::codec
