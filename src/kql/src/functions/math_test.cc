#include "functions/function_cases.h"

namespace qd::kql {
namespace {

TEST(MathFunctions, FollowTheEnginesAnswers) {
    expect_cases({
        {"round", {real(2.5)}, "3.0"},
        {"round", {real(-2.5)}, "-3.0"},
        {"round", {real(2.345), num(2)}, "2.35"},
        {"round", {num(1250), num(-2)}, "1300"},
        {"round", {cast_scalar(str("-1.255"), DataType::Decimal), num(2)}, "-1.26"},
        {"abs", {Scalar::of_int(-5)}, "5"},
        {"abs", {span("-1d")}, "1.00:00:00"},
        {"sign", {real(-2)}, "-1.0"},
        {"sqrt", {real(-1)}, "NaN"},
        {"log", {real(-1)}, "null"},
        {"log", {real(0)}, "-Infinity"},
        {"log2", {num(8)}, "3.0"},
        {"exp10", {num(2)}, "100.0"},
        {"ceiling", {real(0.1)}, "1.0"},
        {"pow", {num(2), num(31)}, "2147483648.0"},
        {"atan2", {num(0), num(-1)}, "3.141592653589793"},
        {"erfc", {num(3)}, "0.000022090496998585438"},
        {"loggamma", {num(5)}, "3.1780538303479458"},
        {"beta_cdf", {real(1.5), num(10), num(20)}, "NaN"},
        {"beta_cdf", {real(0.1), num(-1), num(20)}, "1.0"},
        {"binary_not", {num(0)}, "-1"},
        {"binary_shift_left", {num(1), num(65)}, "2"},
        {"binary_shift_left", {num(1), num(-1)}, "null"},
        {"bitset_count_ones", {num(42)}, "3"},
        {"convert_angle", {real(1.2), str("Degree"), str("Arcminute")}, "72.0"},
        {"convert_length", {real(1.2), str("Meter"), str("Foot")}, "3.9370078740157477"},
        {"convert_temperature", {real(1.2), str("Kelvin"), str("DegreeCelsius")}, "-271.95"},
        {"convert_mass", {real(1), str("Kelvin"), str("Gram")}, "null"},
        {"hash", {str("World")}, "1846988464401551951"},
        {"hash", {str("World"), num(100)}, "51"},
        {"hash", {when("2015-01-01")}, "1380966698541616202"},
        {"hash_md5", {when("2020-01-01")}, "786c530672d1f8db31fee25ea8a9390b"},
        {"hash_sha1", {str("World")}, "70c07ec18ef89c5309bbb0937f3a6342411e1fdd"},
        {"hash_sha256",
         {str("World")},
         "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524"},
    });
}

TEST(MathFunctions, AgreeWithTheEngineToTwelveDigits) {
    const std::string cdf =
        evaluate_case({"beta_cdf", {real(0.9), num(10), num(20)}, ""}, columns::Layout::Flat);
    EXPECT_NEAR(std::stod(cdf), 0.9999999999999593, 1e-13);
    const std::string p = evaluate_case({"welch_test",
                                         {real(20.819999999999997), real(7.8674285714), num(15),
                                          real(22.986666666666668), real(3.8126666667), num(15)},
                                         ""},
                                        columns::Layout::Flat);
    EXPECT_NEAR(std::stod(p), 0.02137800146286441, 1e-12);
}

}  // namespace
}  // namespace qd::kql
