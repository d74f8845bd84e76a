#include "function.h"
#include "functions/families.h"

#include <string>
#include <unordered_map>
#include <utility>

namespace qd::kql {
namespace {

using ScalarTable = std::span<const ScalarFunction>;
using MultiTable = std::span<const MultiFunction>;

std::vector<ScalarTable> scalar_tables() {
    // One a line, so that families added at the same time do not collide.
    // clang-format off
    return {
        type_functions(),
        math_functions(),
        hash_functions(),
        geo_functions(),
        s2_functions(), h3_functions(),
        geo_combine_functions(),
        geo_reshape_functions(),
        geo_densify_functions(),
        string_term_functions(),
        geo_wkt_functions(),
        geohash_functions(),
        parse_text_functions(),
        parse_xml_functions(),
        user_agent_functions(),
        meta_functions(),
        network_functions(),
        encode_functions(),
        convert_functions(),
        dynamic_array_functions(),
        dynamic_bag_functions(),
        dynamic_json_functions(),
        dynamic_set_functions(),
        string_basic_functions(),
        string_search_functions(),
        string_regex_functions(),
        time_bin_functions(),
        time_calendar_functions(),
        time_clock_functions(),
        time_format_functions(),
        conditional_functions(),
        series_functions(),
        series_element_functions(),
        sketch_functions(),
    };
    // clang-format on
}

std::vector<MultiTable> multi_tables() {
    return {dynamic_array_multi_functions(), series_multi_functions()};
}

template <typename Function>
std::unordered_map<std::string_view, const Function*> index_by_name(
    const std::vector<std::span<const Function>>& tables) {
    std::unordered_map<std::string_view, const Function*> index;
    for (const auto& table : tables) {
        for (const Function& function : table) {
            index.emplace(function.name, &function);
        }
    }
    return index;
}

template <typename Function>
std::vector<const Function*> join(const std::vector<std::span<const Function>>& tables) {
    std::vector<const Function*> all;
    for (const auto& table : tables) {
        for (const Function& function : table) {
            all.push_back(&function);
        }
    }
    return all;
}

}  // namespace

const ScalarFunction* find_scalar_function(std::string_view name) {
    static const auto index = index_by_name(scalar_tables());
    const auto found = index.find(name);
    return found == index.end() ? nullptr : found->second;
}

const MultiFunction* find_multi_function(std::string_view name) {
    static const auto index = index_by_name(multi_tables());
    const auto found = index.find(name);
    return found == index.end() ? nullptr : found->second;
}

std::vector<const ScalarFunction*> all_scalar_functions() {
    return join(scalar_tables());
}

std::vector<const MultiFunction*> all_multi_functions() {
    return join(multi_tables());
}

Error semantic_error(std::string_view code, std::string message, TextSpan span) {
    return Error(Code::InvalidArgument, code, std::move(message)).with_span(span);
}

}  // namespace qd::kql
