#pragma once

#include "function.h"

#include <span>

/// The tables that registry.cc joins: one per file of functions.
namespace qd::kql {

std::span<const ScalarFunction> type_functions();
std::span<const ScalarFunction> math_functions();
std::span<const ScalarFunction> hash_functions();
std::span<const ScalarFunction> geo_functions();
std::span<const ScalarFunction> s2_functions();
std::span<const ScalarFunction> h3_functions();
std::span<const ScalarFunction> geo_combine_functions();
std::span<const ScalarFunction> geo_reshape_functions();
std::span<const ScalarFunction> geo_densify_functions();
std::span<const ScalarFunction> string_term_functions();
std::span<const ScalarFunction> geo_wkt_functions();
std::span<const ScalarFunction> geohash_functions();
std::span<const ScalarFunction> parse_text_functions();
std::span<const ScalarFunction> parse_xml_functions();
std::span<const ScalarFunction> user_agent_functions();
std::span<const ScalarFunction> meta_functions();
std::span<const ScalarFunction> network_functions();
std::span<const ScalarFunction> encode_functions();
std::span<const ScalarFunction> convert_functions();
std::span<const ScalarFunction> dynamic_array_functions();
std::span<const ScalarFunction> dynamic_bag_functions();
std::span<const ScalarFunction> dynamic_json_functions();
std::span<const ScalarFunction> dynamic_set_functions();
std::span<const ScalarFunction> string_basic_functions();
std::span<const ScalarFunction> string_search_functions();
std::span<const ScalarFunction> string_regex_functions();
std::span<const ScalarFunction> time_bin_functions();
std::span<const ScalarFunction> time_calendar_functions();
std::span<const ScalarFunction> time_clock_functions();
std::span<const ScalarFunction> time_format_functions();
std::span<const ScalarFunction> conditional_functions();
std::span<const ScalarFunction> series_functions();
std::span<const ScalarFunction> series_element_functions();
std::span<const ScalarFunction> sketch_functions();
std::span<const MultiFunction> series_multi_functions();

std::span<const MultiFunction> dynamic_array_multi_functions();

}  // namespace qd::kql
