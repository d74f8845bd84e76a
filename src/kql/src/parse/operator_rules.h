#pragma once

#include "parse/parser_impl.h"

#include <string_view>
#include <vector>

namespace qd::kql {

using Parameters = std::vector<OperatorParameter>;

/// One tabular operator: its keyword and the function that reads what follows. The function finds
/// the parser behind the keyword; it reads its own parameters into the second argument.
struct OperatorRule {
    std::string_view word;
    OperatorNode (*parse)(Parser&, Parameters&);
};

// operators_nested.cc: operators that hold pipelines, patterns or sections of their own.
OperatorNode parse_mv_apply(Parser& p, Parameters& params);
OperatorNode parse_fork(Parser& p, Parameters& params);
OperatorNode parse_facet(Parser& p, Parameters& params);
OperatorNode parse_partition(Parser& p, Parameters& params);
OperatorNode parse_scan(Parser& p, Parameters& params);
OperatorNode parse_macro_expand(Parser& p, Parameters& params);
OperatorNode parse_search(Parser& p, Parameters& params);
OperatorNode parse_find(Parser& p, Parameters& params);
OperatorNode parse_top_nested(Parser& p, Parameters& params);
OperatorNode parse_make_series(Parser& p, Parameters& params);
OperatorNode parse_parse(Parser& p, Parameters& params);
OperatorNode parse_parse_where(Parser& p, Parameters& params);
std::vector<ExpandColumn> parse_expand_columns(Parser& p);

// operators_graph.cc
OperatorNode parse_make_graph(Parser& p, Parameters& params);
OperatorNode parse_graph_match(Parser& p, Parameters& params);
OperatorNode parse_graph_shortest_paths(Parser& p, Parameters& params);
OperatorNode parse_graph_to_table(Parser& p, Parameters& params);
OperatorNode parse_graph_mark_components(Parser& p, Parameters& params);
OperatorNode parse_graph_where_nodes(Parser& p, Parameters& params);
OperatorNode parse_graph_where_edges(Parser& p, Parameters& params);

}  // namespace qd::kql
