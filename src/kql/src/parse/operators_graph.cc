// Graph operators. Arrows (`-[`, `]->`, `<-[`, `-->`) are several tokens here, read one by one:
// outside of patterns the same signs are arithmetic.
#include "parse/operator_rules.h"

namespace qd::kql {
namespace {

using Step = GraphPattern::Step;

// `-[name*1..3]->`, `<-[…]-`, `-[…]-`, `-->`, `<--`, `--`
Step parse_edge(Parser& p) {
    Step step;
    step.is_edge = true;
    const bool left = p.accept(Punct::Less);
    p.expect(Punct::Minus);
    if (p.accept(Punct::OpenBracket)) {
        if (p.at_name()) {
            step.name = p.parse_name();
        }
        if (p.accept(Punct::Star)) {
            step.variable_length = true;
            step.length_min = p.parse_simple_or_literal();
            p.expect(Punct::DotDot);
            step.length_max = p.parse_simple_or_literal();
        }
        p.expect(Punct::CloseBracket);
        p.expect(Punct::Minus);
    } else {
        p.expect(Punct::Minus);
    }
    const bool right = p.accept(Punct::Greater);
    step.direction = left    ? Step::Direction::Left
                     : right ? Step::Direction::Right
                             : Step::Direction::Any;
    return step;
}

Step parse_node(Parser& p) {
    Step step;
    p.expect(Punct::OpenParen);
    if (p.at_name()) {
        step.name = p.parse_name();
    }
    p.expect(Punct::CloseParen);
    return step;
}

OperatorNode graph_match(Parser& p, Parameters& params, bool shortest) {
    p.parse_parameters(params, {"cycles", "output"});
    GraphMatch node;
    node.shortest_paths = shortest;
    do {
        GraphPattern pattern;
        pattern.steps.push_back(parse_node(p));
        while (!p.panic() && (p.at(Punct::Minus) || p.at(Punct::Less))) {
            pattern.steps.push_back(parse_edge(p));
            pattern.steps.push_back(parse_node(p));
        }
        node.patterns.push_back(std::move(pattern));
    } while (!p.panic() && p.accept(Punct::Comma));
    if (p.accept_word("where")) {
        node.where = p.parse_expr();
    }
    if (p.accept_word("project")) {
        node.project = p.parse_named_list();
    }
    return node;
}

OperatorNode graph_where(Parser& p, bool nodes) {
    GraphWhere node;
    node.nodes = nodes;
    node.predicate = p.parse_expr();
    return node;
}

bool accept_dashed(Parser& p, std::string_view word) {
    std::size_t tokens = 0;
    if (p.dashed_word(tokens) != word) {
        return false;
    }
    p.jump_to(p.position() + tokens);
    return true;
}

}  // namespace

OperatorNode parse_make_graph(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    MakeGraph node;
    node.source = p.parse_name();
    p.expect(Punct::Minus);
    p.expect(Punct::Minus);
    node.directed = p.accept(Punct::Greater);
    node.target = p.parse_name();
    if (p.at_word("with_node_id")) {
        p.take();
        p.expect(Punct::Assign);
        node.node_id = p.parse_name();
    } else if (p.accept_word("with")) {
        do {
            MakeGraph::Nodes nodes;
            nodes.table = p.parse_postfix();
            p.expect_word("on");
            nodes.key = p.parse_name();
            node.nodes.push_back(std::move(nodes));
        } while (!p.panic() && p.accept(Punct::Comma));
    }
    if (accept_dashed(p, "partitioned-by")) {
        node.partitioned_by = p.parse_name_list();
        p.expect(Punct::OpenParen);
        node.partition_body = p.parse_contextual_query();
        p.expect(Punct::CloseParen);
    }
    return node;
}

OperatorNode parse_graph_match(Parser& p, Parameters& params) {
    return graph_match(p, params, false);
}
OperatorNode parse_graph_shortest_paths(Parser& p, Parameters& params) {
    return graph_match(p, params, true);
}

OperatorNode parse_graph_to_table(Parser& p, Parameters&) {
    GraphToTable node;
    do {
        GraphToTable::Output output;
        if (p.accept_word("edges")) {
            output.nodes = false;
        } else {
            p.expect_word("nodes");
        }
        if (p.accept_word("as")) {
            output.as = p.parse_name();
        }
        p.parse_parameters(output.properties, {"with_node_id", "with_source_id", "with_target_id"});
        node.outputs.push_back(std::move(output));
    } while (!p.panic() && p.accept(Punct::Comma));
    return node;
}

OperatorNode parse_graph_mark_components(Parser& p, Parameters& params) {
    p.parse_parameters(params, {"kind", "with_component_id"});
    return GraphMarkComponents{};
}

OperatorNode parse_graph_where_nodes(Parser& p, Parameters&) {
    return graph_where(p, true);
}
OperatorNode parse_graph_where_edges(Parser& p, Parameters&) {
    return graph_where(p, false);
}

}  // namespace qd::kql
