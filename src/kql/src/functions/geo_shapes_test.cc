// Shapes made from shapes, against what is known without them: areas add up, buffers have the area
// of a disc, what covers a shape has its points; and everything that is no shape is null.
#include "functions/function_cases.h"

#include <gtest/gtest.h>

#include <numbers>

namespace qd::kql {
namespace {

std::string text_of(std::string_view function, std::vector<Scalar> args) {
    return evaluate_case({function, std::move(args), ""}, columns::Layout::Flat);
}

double area_of(const std::string& shape) {
    return std::stod(text_of("geo_polygon_area", {json(shape)}));
}

std::string square(double west, double south, double east, double north) {
    const auto corner = [](double lng, double lat) {
        return "[" + std::to_string(lng) + "," + std::to_string(lat) + "]";
    };
    return R"({"type":"Polygon","coordinates":[[)" + corner(west, south) + "," +
           corner(east, south) + "," + corner(east, north) + "," + corner(west, north) + "," +
           corner(west, south) + "]]}";
}

TEST(GeoShapes, AreasAddUp) {
    const std::string a = square(10, 10, 12, 12);
    const std::string b = square(11, 11, 13, 13);
    const std::string both = text_of("geo_intersection_2polygons", {json(a), json(b)});
    const std::string all = text_of("geo_union_polygons_array", {json("[" + a + "," + b + "]")});
    EXPECT_NEAR(area_of(all), area_of(a) + area_of(b) - area_of(both), area_of(a) * 1e-9);
    const std::string multi = R"({"type":"MultiPolygon","coordinates":[[[[10,10],[12,10],[12,12],)"
                              R"([10,12],[10,10]]],[[[11,11],[13,11],[13,13],[11,13],[11,11]]]]})";
    EXPECT_NEAR(area_of(multi), area_of(all), area_of(all) * 1e-9);
}

TEST(GeoShapes, ABufferIsADisc) {
    for (const double radius : {50.0, 20'000.0}) {
        const std::string disc = text_of(
            "geo_point_buffer", {real(14.4), real(50.1), real(radius), real(radius / 1000)});
        EXPECT_NEAR(area_of(disc), std::numbers::pi * radius * radius, radius * radius * 0.02);
        EXPECT_EQ(text_of("geo_point_in_polygon", {real(14.4), real(50.1), json(disc)}), "True");
    }
    const std::string a = square(10, 10, 11, 11);
    const std::string grown = text_of("geo_polygon_buffer", {json(a), num(1000)});
    const std::string shrunk = text_of("geo_polygon_buffer", {json(a), num(-1000)});
    EXPECT_GT(area_of(grown), area_of(a));
    EXPECT_LT(area_of(shrunk), area_of(a));
}

TEST(GeoShapes, Lines) {
    const std::string cross = R"({"type":"LineString","coordinates":[[-10,0],[10,0]]})";
    const std::string up = R"({"type":"LineString","coordinates":[[0,-10],[0,10]]})";
    EXPECT_EQ(text_of("geo_intersection_2lines", {json(cross), json(up)}),
              R"({"type":"Point","coordinates":[0.0,0.0]})");
    expect_cases({
        // The equator is an arc already, a parallel is not.
        {"geo_line_densify",
         {json(R"({"type":"LineString","coordinates":[[0,0],[40,0]]})")},
         R"({"type":"LineString","coordinates":[[0.0,0.0],[40.0,0.0]]})"},
        {"geo_line_simplify",
         {json(R"({"type":"LineString","coordinates":[[0,0],[0,1],[0,2],[0,4]]})")},
         R"({"type":"LineString","coordinates":[[0.0,0.0],[0.0,4.0]]})"},
        {"geo_line_simplify",
         {json(R"({"type":"LineString","coordinates":[[0,0],[0,0.1]]})"), num(100'000)},
         "null"},
        {"geo_intersection_2lines",
         {json(cross), json(R"({"type":"LineString","coordinates":[[0,5],[0,10]]})")},
         R"({"type":"GeometryCollection","geometries":[]})"},
    });
}

TEST(GeoShapes, CoveringsNameTheCellsOfTheirPoints) {
    const std::string cells =
        text_of("geo_polygon_to_s2cells", {json(square(14.3, 50.0, 14.6, 50.2)), num(12)});
    const std::string cell = text_of("geo_point_to_s2cell", {real(14.45), real(50.1), num(12)});
    EXPECT_NE(cells.find("\"" + cell + "\""), std::string::npos);
    const std::string line = R"({"type":"LineString","coordinates":[[14.45,50.1],[14.46,50.1]]})";
    EXPECT_NE(text_of("geo_line_to_s2cells", {json(line), num(12)}).find("\"" + cell + "\""),
              std::string::npos);
}

TEST(GeoShapes, WhatIsNoShapeIsNull) {
    const std::string a = square(10, 10, 11, 11);
    const std::string line = R"({"type":"LineString","coordinates":[[0,0],[1,1]]})";
    expect_cases({
        {"geo_intersection_2polygons", {json(a), json("{}")}, "null"},
        {"geo_intersection_2polygons", {json(a), json(line)}, "null"},
        {"geo_intersection_line_with_polygon", {json(line), json("[]")}, "null"},
        {"geo_union_polygons_array", {json("[]")}, "null"},
        {"geo_union_polygons_array", {json("[" + line + "]")}, "null"},
        {"geo_union_lines_array", {json("[1]")}, "null"},
        {"geo_point_buffer", {num(200), num(1), num(1)}, "null"},
        {"geo_point_buffer", {num(1), num(1), num(0)}, "null"},
        {"geo_line_buffer", {json(line), num(-1)}, "null"},
        {"geo_polygon_buffer", {json(a), num(10), num(0)}, "null"},
        {"geo_polygon_to_s2cells", {json(a), num(31)}, "null"},
        {"geo_polygon_to_s2cells", {json(square(0, 0, 50, 50)), num(30)}, "null"},
        {"geo_line_densify", {json(line), num(0)}, "null"},
        {"geo_polygon_densify", {json(a), num(20'000)}, "null"},
        {"geo_polygon_simplify", {json(a), num(-1)}, "null"},
        {"geo_simplify_polygons_array", {json("[" + a + ",{}]")}, "null"},
        {"geo_line_simplify", {json(R"({"type":"LineString","coordinates":[[1,1]]})")}, "null"},
    });
}

}  // namespace
}  // namespace qd::kql
