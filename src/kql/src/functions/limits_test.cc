#include "functions/function_cases.h"

namespace qd::kql {
namespace {

using columns::Column;
using columns::ColumnBuilder;

Result<ColumnPtr> call(std::string_view name, std::vector<ColumnPtr> args) {
    const ScalarFunction* function = find_scalar_function(name);
    std::vector<Argument> arguments;
    for (const ColumnPtr& arg : args) {
        arguments.push_back({arg->type(), nullptr, {}});
    }
    const auto bound = function->bind(arguments);
    return bound.value().kernel(EvalContext{}, args, args[0]->size());
}

TEST(FunctionLimits, ValuesThatWouldBeTooLongAreEmptyOrNull) {
    const std::string megabyte(std::size_t{1} << 20U, 'x');
    expect_cases({
        {"strrep", {str(megabyte), num(1024)}, ""},
        {"repeat", {str(megabyte), num(1024)}, "null"},
        {"replace_string", {str(megabyte), str("x"), str("xxxxxxxxxxxxxxxxx")}, ""},
        {"replace_regex", {str(megabyte), str("x"), str("xxxxxxxxxxxxxxxxx")}, ""},
        {"replace_strings",
         {str(megabyte), json(R"(["x"])"), json(R"(["xxxxxxxxxxxxxxxxx"])")},
         ""},
    });
}

TEST(FunctionLimits, AChunkOfLongValuesIsRefusedNotBuilt) {
    constexpr std::uint32_t kRows = columns::kChunkRows;
    ColumnBuilder last(DataType::Long, kRows);
    for (std::uint32_t row = 0; row < kRows; ++row) {
        last.append_int(200'000 + row);
    }
    const auto result =
        call("range", {Column::make_constant(Scalar::of_long(1), kRows), last.finish()});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code(), Code::ResourceExhausted);
}

TEST(FunctionLimits, ManyRowsComeOutInOrder) {
    constexpr std::uint32_t kRows = 1000;
    ColumnBuilder values(DataType::Long, kRows);
    for (std::uint32_t row = 0; row < kRows; ++row) {
        values.append_int(row);
    }
    const auto result = call("tohex", {values.finish()});
    ASSERT_TRUE(result.ok());
    ASSERT_EQ(result.value()->size(), kRows);
    EXPECT_EQ(result.value()->bytes_at(255), "ff");
    EXPECT_EQ(result.value()->bytes_at(256), "100");
    EXPECT_EQ(result.value()->bytes_at(999), "3e7");
}

}  // namespace
}  // namespace qd::kql
