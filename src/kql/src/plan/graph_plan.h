#pragma once

#include "plan/logical_plan.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Plans over a graph. A graph is no table: make-graph and what changes it become one GraphOp that
/// only graph-match, graph-shortest-paths and graph-to-table can consume.
namespace qd::kql {

/// inputs[0] are the edges, inputs[1…] the tables of nodes.
struct GraphOp : PlanOp {
    GraphOp() : PlanOp(OpKind::Graph) {}

    struct Stage {
        enum class Kind : std::uint8_t { Components, FilterNodes, FilterEdges };
        Kind kind = Kind::Components;
        bool strong = false;  // Components: strongly, not weakly, connected
        BoundPtr predicate;   // over node_schema or edge_schema
    };

    std::size_t source = 0;  // columns of the edges
    std::size_t target = 0;
    std::vector<std::size_t> node_keys;  // key column in node_schema, one per table of nodes
    /// Without tables of nodes: the one column that holds the id.
    std::optional<std::size_t> id_column;
    bool directed = true;
    /// Columns that two nodes must share to be connected: in the edges, in node_schema.
    std::vector<std::pair<std::size_t, std::size_t>> partition;
    /// The nodes' columns (all tables' by name), component ids, then kDegreeIn and kDegreeOut.
    columns::Schema node_schema;
    columns::Schema edge_schema;
    std::vector<Stage> stages;
};

inline constexpr const char* kDegreeIn = "$degree_in";
inline constexpr const char* kDegreeOut = "$degree_out";

struct GraphVariable {
    std::string name;  // empty when not written
    bool is_edge = false;
    bool variable_length = false;
    /// Nodes and single edges: where their columns begin in a match's row.
    std::size_t first_column = 0;
};

/// A column of a match's row computed from a variable-length edge.
struct GraphDerived {
    enum class Kind : std::uint8_t { All, Any, Map };
    Kind kind = Kind::All;
    std::size_t variable = 0;
    bool inner_nodes = false;  // over the nodes between, not the edges
    BoundPtr expr;             // over edge_schema or node_schema
};

struct GraphItem {
    bool is_edge = false;
    std::size_t variable = 0;
    std::size_t left = 0;  // edges: the node variables on both sides
    std::size_t right = 0;
    bool forward = true;
    bool backward = false;
    std::uint32_t length_min = 1;
    std::uint32_t length_max = 1;
};

enum class GraphCycles : std::uint8_t { All, None, UniqueEdges };

/// A match's row: the columns of the variables, then one per derived value; `where` and `project`
/// are over it.
struct GraphMatchOp : PlanOp {
    GraphMatchOp() : PlanOp(OpKind::GraphMatch) {}
    std::shared_ptr<const GraphOp> graph;
    bool shortest = false;
    bool all_shortest = false;
    GraphCycles cycles = GraphCycles::UniqueEdges;
    std::vector<GraphVariable> variables;
    std::vector<GraphItem> items;
    std::vector<GraphDerived> derived;
    std::size_t first_derived = 0;
    std::vector<BoundPtr> conjuncts;
    std::vector<BoundPtr> project;
};

struct GraphTableOp : PlanOp {
    GraphTableOp() : PlanOp(OpKind::GraphTable) {}
    std::shared_ptr<const GraphOp> graph;
    bool nodes = true;
    std::string node_id;  // names of the added id columns, empty: none
    std::string source_id;
    std::string target_id;
};

}  // namespace qd::kql
