#include "qd/columns/column.h"

#include "qd/base/random.h"
#include "qd/codec/guid.h"
#include "qd/columns/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace qd::columns {
namespace {

constexpr DataType kTypes[] = {
    DataType::Bool,   DataType::Int,      DataType::Long,     DataType::Real, DataType::Decimal,
    DataType::String, DataType::DateTime, DataType::TimeSpan, DataType::Guid, DataType::Dynamic};

Scalar random_scalar(Random& random, DataType type) {
    if (random.below(5) == 0) {
        return Scalar::null_of(type);
    }
    const auto small = static_cast<std::int64_t>(random.below(7)) - 3;
    switch (type) {
        case DataType::Bool:
            return Scalar::of_bool(small > 0);
        case DataType::Int:
            return Scalar::of_int(static_cast<std::int32_t>(small));
        case DataType::Long:
            return Scalar::of_long(small);
        case DataType::Real:
            return Scalar::of_real(small == 3 ? std::nan("") : static_cast<double>(small) / 2);
        case DataType::Decimal:
            return Scalar::of_decimal(decimal_from_int(small).bits);
        case DataType::String:
            return Scalar::of_string(std::string(static_cast<std::size_t>(small + 3), 'x'));
        case DataType::DateTime:
            return Scalar::of_datetime(small + 3);
        case DataType::TimeSpan:
            return Scalar::of_timespan(small);
        case DataType::Guid:
            return Scalar::of_guid({0, static_cast<std::uint64_t>(small + 3)});
        case DataType::Dynamic:
            if (small == 0) {
                return Scalar::of_dynamic(Array{1, 2.0, "x"});
            }
            return small < 0 ? Scalar::of_dynamic(small) : Scalar::of_dynamic(double(small));
    }
    return Scalar::null_of(type);
}

bool same(const Scalar& a, const Scalar& b) {
    if (a.type() == DataType::Real && !a.is_null() && !b.is_null() && std::isnan(a.as_real())) {
        return std::isnan(b.as_real());
    }
    return a == b;
}

TEST(Column, EveryLayoutKeepsItsValues) {
    Random random(1);
    for (const DataType type : kTypes) {
        for (const std::uint32_t rows : {0U, 1U, 2U, 100U}) {
            std::vector<Scalar> truth;
            ColumnBuilder builder(type, rows);
            for (std::uint32_t i = 0; i < rows; ++i) {
                truth.push_back(random_scalar(random, type));
                builder.append(truth.back());
            }
            const ColumnPtr flat = builder.finish();
            ASSERT_EQ(flat->size(), rows);
            std::vector<std::uint32_t> picks;
            for (std::uint32_t i = 0; i < rows; ++i) {
                ASSERT_TRUE(same(flat->scalar_at(i), truth[i])) << type_name(type);
                picks.push_back(static_cast<std::uint32_t>(random.below(rows)));
            }
            const ColumnPtr coded = Column::make_dictionary(flat, picks);
            const ColumnPtr picked = gather(flat, picks);
            const ColumnPtr flattened = flatten(coded);
            const ColumnPtr half = slice(picked, rows / 2, rows - rows / 2);
            const ColumnPtr coded_half = slice(coded, rows / 2, rows - rows / 2);
            const ColumnPtr parts[] = {slice(coded, 0, rows / 2), half, flat};
            const ColumnPtr joined = concatenate(parts);
            ASSERT_EQ(joined->size(), 2 * rows);
            for (std::uint32_t i = 0; i < rows; ++i) {
                const Scalar& want = truth[picks[i]];
                ASSERT_TRUE(same(coded->scalar_at(i), want));
                ASSERT_TRUE(same(picked->scalar_at(i), want));
                ASSERT_TRUE(same(flattened->scalar_at(i), want));
                ASSERT_TRUE(same(joined->scalar_at(i), want));
                ASSERT_TRUE(same(joined->scalar_at(rows + i), truth[i]));
                if (i >= rows / 2) {
                    ASSERT_TRUE(same(half->scalar_at(i - rows / 2), want));
                    ASSERT_TRUE(same(coded_half->scalar_at(i - rows / 2), want));
                }
            }
        }
    }
}

TEST(Column, ConstantRepeats) {
    for (const DataType type : kTypes) {
        Random random(2);
        const Scalar value = random_scalar(random, type);
        const ColumnPtr constant = Column::make_constant(value, 5);
        EXPECT_EQ(constant->layout(), Layout::Constant);
        EXPECT_EQ(flatten(constant)->size(), 5U);
        EXPECT_TRUE(same(flatten(constant)->scalar_at(4), value));
        EXPECT_EQ(slice(constant, 1, 3)->size(), 3U);
    }
}

TEST(Column, StringsHoldNoNulls) {
    ColumnBuilder builder(DataType::String);
    builder.append_null();
    const ColumnPtr column = builder.finish();
    EXPECT_FALSE(column->is_null(0));
    EXPECT_EQ(column->bytes_at(0), "");
}

TEST(Compare, OrderEqualityAndHashAgree) {
    Random random(3);
    for (const DataType type : kTypes) {
        ColumnBuilder builder(type);
        for (int i = 0; i < 60; ++i) {
            builder.append(random_scalar(random, type));
        }
        const ColumnPtr column = builder.finish();
        for (std::uint32_t i = 0; i < column->size(); ++i) {
            for (std::uint32_t j = 0; j < column->size(); ++j) {
                const int order = compare_rows(*column, i, *column, j);
                const int reverse = compare_rows(*column, j, *column, i);
                ASSERT_EQ(order < 0, reverse > 0);
                ASSERT_EQ(order == 0, equal_rows(*column, i, *column, j));
                if (order == 0) {
                    ASSERT_EQ(hash_row(*column, i), hash_row(*column, j)) << type_name(type);
                }
            }
        }
    }
}

TEST(Compare, SpecialValues) {
    ColumnBuilder builder(DataType::Real);
    builder.append_null();
    builder.append_real(std::nan(""));
    builder.append_real(-std::numeric_limits<double>::infinity());
    builder.append_real(0.0);
    builder.append_real(-0.0);
    const ColumnPtr c = builder.finish();
    EXPECT_LT(compare_rows(*c, 0, *c, 1), 0);
    EXPECT_LT(compare_rows(*c, 1, *c, 2), 0);
    EXPECT_LT(compare_rows(*c, 2, *c, 3), 0);
    EXPECT_EQ(compare_rows(*c, 3, *c, 4), 0);
    EXPECT_EQ(hash_row(*c, 3), hash_row(*c, 4));
}

TEST(Compare, DynamicNumbersAndObjects) {
    ColumnBuilder builder(DataType::Dynamic);
    builder.append_value(1);
    builder.append_value(1.0);
    builder.append_value(std::int64_t{9007199254740993});
    builder.append_value(9007199254740992.0);
    Object ab;
    ab.set("a", 1);
    ab.set("b", 2);
    Object ba;
    ba.set("b", 2);
    ba.set("a", 1);
    builder.append_value(ab);
    builder.append_value(ba);
    const ColumnPtr c = builder.finish();
    EXPECT_EQ(compare_rows(*c, 0, *c, 1), 0);
    EXPECT_EQ(hash_row(*c, 0), hash_row(*c, 1));
    EXPECT_GT(compare_rows(*c, 2, *c, 3), 0);
    EXPECT_TRUE(equal_rows(*c, 4, *c, 5));
    EXPECT_EQ(hash_row(*c, 4), hash_row(*c, 5));
}

TEST(Compare, ColumnHashIsTheSameForEveryLayout) {
    ColumnBuilder builder(DataType::String);
    for (const char* s : {"a", "b", "a"}) {
        builder.append_bytes(s);
    }
    const ColumnPtr flat = builder.finish();
    const ColumnPtr coded = Column::make_dictionary(flat, {0, 1, 2});
    std::vector<std::uint64_t> from_flat(3, 17);
    std::vector<std::uint64_t> from_coded(3, 17);
    hash_column(*flat, from_flat);
    hash_column(*coded, from_coded);
    EXPECT_EQ(from_flat, from_coded);
    EXPECT_EQ(from_flat[0], from_flat[2]);
    EXPECT_NE(from_flat[0], from_flat[1]);
}

TEST(Type, NamesAndAliases) {
    for (const DataType type : kTypes) {
        EXPECT_EQ(parse_type(type_name(type)), type);
    }
    EXPECT_EQ(parse_type("double"), DataType::Real);
    EXPECT_EQ(parse_type("date"), DataType::DateTime);
    EXPECT_EQ(parse_type("uuid"), DataType::Guid);
    EXPECT_FALSE(parse_type("Long").has_value());
    EXPECT_EQ(dotnet_type_name(DataType::Bool), "System.SByte");
}

}  // namespace
}  // namespace qd::columns
