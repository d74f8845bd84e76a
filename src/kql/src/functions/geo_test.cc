#include "functions/function_cases.h"

namespace qd::kql {
namespace {

constexpr const char* kPark =
    R"({"type":"Polygon","coordinates":[[[-73.9495,40.7969],[-73.95807266235352,40.80068603561921],)"
    R"([-73.98201942443848,40.76825672305777],[-73.97317886352539,40.76455136505513],)"
    R"([-73.9495,40.7969]]]})";

double number_of(std::string_view function, std::vector<Scalar> args) {
    return std::stod(evaluate_case({function, std::move(args), ""}, columns::Layout::Flat));
}

TEST(GeoFunctions, MeasureAsTheEngineDoes) {
    EXPECT_NEAR(number_of("geo_distance_2points",
                          {real(-122.407628), real(47.578557), real(-118.275287), real(34.019056)}),
                1546754.3519738095, 1e-6);
    // The example of Vincenty's paper as commonly quoted: Flinders Peak to Buninyong.
    EXPECT_NEAR(
        number_of("geo_distance_2points",
                  {real(144.42486788888888), real(-37.95103341666667), real(143.92649552777777),
                   real(-37.65282113888889), Scalar::of_bool(true)}),
        54972.271, 0.01);
    EXPECT_NEAR(number_of("geo_azimuth", {num(5), num(10), num(10), num(-40)}), 3.054599397964492,
                1e-12);
    EXPECT_NEAR(number_of("geo_angle", {num(0), num(10), num(0), num(5), num(3), num(-10)}) * 180 /
                    3.14159265358979323846,
                168.73254319800884, 1e-9);
    EXPECT_NEAR(
        number_of("geo_distance_point_to_polygon", {real(-73.9839), real(40.7705), json(kPark)}),
        259.9407560705964, 1e-6);
    EXPECT_NEAR(number_of("geo_polygon_perimeter", {json(kPark)}), 9930.301496049382, 1e-6);
    EXPECT_NEAR(number_of("geo_line_length",
                          {json(R"({"type":"LineString","coordinates":[[-73.95807266235352,)"
                                R"(40.800426144169315],[-73.94966125488281,40.79691751000055],)"
                                R"([-73.97317886352539,40.764486356930334]]})")}),
                4922.4801699208065, 1e-6);
    // A sphere's octant.
    EXPECT_NEAR(
        number_of("geo_polygon_area",
                  {json(R"({"type":"Polygon","coordinates":[[[0,0],[90,0],[0,90],[0,0]]]})")}),
        4 * 3.14159265358979323846 * 6371010.0 * 6371010.0 / 8, 1e3);
}

TEST(GeoFunctions, FollowTheEnginesAnswers) {
    const std::string octant = R"({"type":"Polygon","coordinates":[[[0,0],[0,90],[90,0],[0,0]]]})";
    expect_cases({
        {"geo_azimuth", {num(5), num(10), num(5), num(10)}, "null"},
        {"geo_point_in_circle",
         {real(-122.143564), real(47.535677), real(-122.100896), real(47.527351), num(3500)},
         "True"},
        {"geo_point_in_circle",
         {real(-122.137575), real(47.630683), real(-122.100896), real(47.527351), num(3500)},
         "False"},
        {"geo_point_in_polygon",
         {num(1), num(1),
          json(R"({"type":"Polygon","coordinates":[[[0,0],[10,10],[10,10],[0,0]]]})")},
         "null"},
        {"geo_point_in_polygon", {num(45), num(45), json(octant)}, "True"},
        {"geo_point_in_polygon", {num(-135), num(-45), json(octant)}, "False"},
        {"geo_point_in_polygon", {num(-1), num(45), json(octant)}, "False"},
        {"geo_point_to_geohash", {real(-122.303404), real(47.570482)}, "c23n8"},
        {"geo_point_to_geohash", {num(200), num(1), num(8)}, ""},
        {"geo_geohash_to_central_point", {str("a")}, "null"},
        {"geo_geohash_to_polygon",
         {str("dr5ru")},
         R"({"type":"Polygon","coordinates":[[[-74.00390625,40.7373046875],)"
         R"([-73.9599609375,40.7373046875],[-73.9599609375,40.78125],[-74.00390625,40.78125],)"
         R"([-74.00390625,40.7373046875]]]})"},
        {"geo_geohash_neighbors",
         {str("sunny")},
         R"(["sunnv","sunnt","sunnw","sunnx","sunpp","sunnz","sunpn","sunpj"])"},
        {"geo_intersects_line_with_polygon",
         {json(R"({"type":"LineString","coordinates":[[-10,45],[45,45]]})"), json(octant)},
         "True"},
        {"geo_intersects_2lines",
         {json(R"({"type":"LineString","coordinates":[[0,0],[10,10]]})"),
          json(R"({"type":"LineString","coordinates":[[20,0],[30,10]]})")},
         "False"},
        {"geo_point_to_s2cell", {real(-80.195829), real(25.802215), num(8)}, "88d9b"},
        {"geo_point_to_s2cell", {num(1), num(1), Scalar::null_of(DataType::Int)}, ""},
        {"geo_s2cell_to_central_point", {str("a")}, "null"},
        {"geo_s2cell_neighbors",
         {str("89c259")},
         R"(["89c25d","89c25b","89c2f7","89c257","89c2f5","89c251","89c25f","89c2f9"])"},
        {"geo_s2cell_neighbors", {str("a")}, "null"},
        {"geo_line_length", {json(R"({"type":"LineString","coordinates":[[1,1]]})")}, "null"},
        {"geo_from_wkt", {str("POINT (1 2)")}, R"({"type":"Point","coordinates":[1.0,2.0]})"},
        {"geo_from_wkt",
         {str("GEOMETRYCOLLECTION (POINT (1 1),LINESTRING (2 2, 3 3))")},
         R"({"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1.0,1.0]},)"
         R"({"type":"LineString","coordinates":[[2.0,2.0],[3.0,3.0]]}]})"},
        {"geo_from_wkt", {str("POINT 1 2")}, "null"},
    });
}

}  // namespace
}  // namespace qd::kql
