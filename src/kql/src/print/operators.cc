// Tabular operators as canonical text.
#include "print/writer.h"

namespace qd::kql {

/// One overload per operator; the keyword and the parameters are already written.
struct OperatorWriter {
    Writer& w;

    void words(std::string_view t) const { w.text(t); }

    void operator()(const Where& n) const {
        if (n.name) {
            w.name(n.name->text);
            words(" = ");
        }
        w.expr(*n.predicate);
    }
    void operator()(const Extend& n) const { w.named_list(n.columns); }
    void operator()(const Project& n) const { w.named_list(n.columns); }
    void operator()(const ProjectAway& n) const { w.expr_list(n.columns); }
    void operator()(const ProjectKeep& n) const { w.expr_list(n.columns); }
    void operator()(const ProjectRename& n) const { w.named_list(n.columns); }
    void operator()(const ProjectReorder& n) const {
        static constexpr std::string_view kOrders[] = {"", " asc", " desc", " granny-asc",
                                                       " granny-desc"};
        for (std::size_t i = 0; i < n.items.size(); ++i) {
            words(i == 0 ? "" : ", ");
            w.expr(*n.items[i].column);
            words(kOrders[static_cast<std::size_t>(n.items[i].order)]);
        }
    }
    void operator()(const ProjectByNames& n) const { w.expr_list(n.columns); }
    void operator()(const Summarize& n) const {
        w.named_list(n.aggregates);
        if (n.has_by) {
            words(n.aggregates.empty() ? "by " : " by ");
            w.named_list(n.keys);
        }
    }
    void operator()(const MakeSeries& n) const {
        for (std::size_t i = 0; i < n.aggregates.size(); ++i) {
            words(i == 0 ? "" : ", ");
            w.named(n.aggregates[i].expr);
            if (n.aggregates[i].default_value != nullptr) {
                words(" default=");
                w.expr(*n.aggregates[i].default_value);
            }
        }
        words(" on ");
        w.named(n.axis);
        if (n.in_range) {
            words(" in range(");
            w.expr(*n.from);
            words(", ");
            w.expr(*n.to);
            words(", ");
            w.expr(*n.step);
            words(")");
        } else {
            clause(" from ", n.from);
            clause(" to ", n.to);
            clause(" step ", n.step);
        }
        if (!n.keys.empty()) {
            words(" by ");
            w.named_list(n.keys);
        }
    }
    void operator()(const Join& n) const { join(*n.right, n.conditions); }
    void operator()(const Lookup& n) const { join(*n.right, n.conditions); }
    void operator()(const Union& n) const { w.expr_list(n.tables, 9); }
    void operator()(const MvExpand& n) const {
        expand_columns(n.columns);
        clause(" limit ", n.limit);
    }
    void operator()(const MvApply& n) const {
        expand_columns(n.columns);
        clause(" limit ", n.limit);
        if (n.context) {
            words(" id ");
            words(n.context->text);
        }
        words(" on ");
        w.nested(*n.body);
    }
    void operator()(const Parse& n) const {
        w.expr(*n.source);
        words(" with");
        for (const Parse::Piece& piece : n.pattern) {
            words(" ");
            switch (piece.kind) {
                case Parse::Piece::Kind::Star:
                    words("*");
                    break;
                case Parse::Piece::Kind::Text:
                    w.string(piece.text);
                    break;
                case Parse::Piece::Kind::Column:
                    w.name(piece.column.text);
                    if (piece.type) {
                        words(":");
                        words(columns::type_name(*piece.type));
                    }
                    break;
            }
        }
    }
    void operator()(const ParseKv& n) const {
        w.expr(*n.source);
        words(" as ");
        w.columns(n.columns);
        if (!n.properties.empty()) {
            words(" with ");
            w.properties(n.properties);
        }
    }
    void operator()(const Sort& n) const {
        words("by ");
        w.ordered_list(n.keys);
    }
    void operator()(const Top& n) const {
        w.expr(*n.count);
        words(" by ");
        w.ordered_list(n.keys);
    }
    void operator()(const TopNested& n) const {
        for (std::size_t i = 0; i < n.levels.size(); ++i) {
            const TopNested::Level& level = n.levels[i];
            words(i == 0 ? "" : ", top-nested ");
            if (level.count != nullptr) {
                w.expr(*level.count);
                words(" ");
            }
            words("of ");
            w.named(level.of);
            clause(" with others=", level.others);
            words(" by ");
            w.ordered(level.by);
        }
    }
    void operator()(const TopHitters& n) const {
        w.expr(*n.count);
        words(" of ");
        w.named(n.of);
        clause(" by ", n.by);
    }
    void operator()(const Take& n) const { w.expr(*n.count); }
    void operator()(const Sample& n) const { w.expr(*n.count); }
    void operator()(const SampleDistinct& n) const {
        w.expr(*n.count);
        clause(" of ", n.of);
    }
    void operator()(const Distinct& n) const { w.named_list(n.columns); }
    void operator()(const Count& n) const {
        if (n.as) {
            words("as ");
            w.name(n.as->text);
        }
    }
    void operator()(const Print& n) const { w.named_list(n.columns); }
    void operator()(const Range& n) const {
        w.name(n.column.text);
        clause(" from ", n.from);
        clause(" to ", n.to);
        clause(" step ", n.step);
    }
    void operator()(const Evaluate& n) const {
        w.expr(*n.call);
        if (n.has_schema) {
            words(" : ");
            w.columns(n.columns, n.schema_star);
        }
    }
    void operator()(const Invoke& n) const { w.expr(*n.call); }
    void operator()(const As& n) const { w.name(n.name.text); }
    void operator()(const Serialize& n) const { w.named_list(n.columns); }
    void operator()(const GetSchema&) const {}
    void operator()(const Consume&) const {}
    void operator()(const Search& n) const {
        tables(n.tables);
        w.expr(*n.predicate);
    }
    void operator()(const Find& n) const {
        tables(n.tables);
        words("where ");
        w.expr(*n.predicate);
        if (n.project_smart) {
            words(" project-smart");
        }
        if (!n.project.empty() || n.pack) {
            words(" project ");
            bool first = true;
            for (const Find::Output& output : n.project) {
                words(first ? "" : ", ");
                first = false;
                if (output.column.text == "*") {
                    words("*");
                } else {
                    w.name(output.column.text);
                }
                if (output.type) {
                    words(":");
                    words(columns::type_name(*output.type));
                }
            }
            if (n.pack) {
                words(first ? "pack(*)" : ", pack(*)");
            }
        }
        if (!n.project_away.empty()) {
            words(" project-away ");
            w.expr_list(n.project_away);
        }
    }
    void operator()(const Facet& n) const {
        words("by ");
        w.name_list(n.columns);
        if (n.with != nullptr) {
            words(" with ");
            w.nested(*n.with);
        }
    }
    void operator()(const Fork& n) const {
        for (std::size_t i = 0; i < n.branches.size(); ++i) {
            words(i == 0 ? "" : " ");
            if (n.branches[i].name) {
                w.name(n.branches[i].name->text);
                words("=");
            }
            w.nested(*n.branches[i].query);
        }
    }
    void operator()(const Partition& n) const {
        words("by ");
        w.expr(*n.key);
        clause(" in ", n.scope);
        words(" ");
        w.nested(*n.body, n.braces ? "{" : "(", n.braces ? "}" : ")");
    }
    void operator()(const Scan& n) const {
        if (!n.order_by.empty()) {
            words("order by ");
            w.ordered_list(n.order_by);
            words(" ");
        }
        if (!n.partition_by.empty()) {
            words("partition by ");
            w.expr_list(n.partition_by);
            words(" ");
        }
        if (!n.variables.empty()) {
            words("declare (");
            for (std::size_t i = 0; i < n.variables.size(); ++i) {
                words(i == 0 ? "" : ", ");
                w.column(n.variables[i].declaration);
                clause("=", n.variables[i].default_value);
            }
            words(") ");
        }
        words("with (");
        for (const Scan::Step& step : n.steps) {
            words(" step ");
            w.name(step.name.text);
            words(step.optional ? " optional" : "");
            if (!step.output.empty()) {
                words(" output=");
                words(step.output);
            }
            clause(": ", step.condition);
            for (std::size_t i = 0; i < step.assignments.size(); ++i) {
                words(i == 0 ? " => " : ", ");
                w.name(step.assignments[i].first.text);
                clause(" = ", step.assignments[i].second);
            }
            words(";");
        }
        words(" )");
    }
    void operator()(const Reduce& n) const {
        words("by ");
        w.expr(*n.by);
        for (std::size_t i = 0; i < n.properties.size(); ++i) {
            words(i == 0 ? " with " : ", ");
            w.parameter(n.properties[i]);
        }
    }
    void operator()(const Render& n) const {
        words(n.chart.text);
        if (!n.properties.empty()) {
            words(" with ");
            w.properties(n.properties);
        }
    }
    void operator()(const AssertSchema& n) const { w.columns(n.columns); }
    void operator()(const MacroExpand& n) const {
        w.expr(*n.group);
        if (n.scope) {
            words(" as ");
            w.name(n.scope->text);
        }
        words(" (");
        w.statements(n.statements);
        words(")");
    }
    void operator()(const MakeGraph& n) const {
        w.name(n.source.text);
        words(n.directed ? " --> " : " -- ");
        w.name(n.target.text);
        for (std::size_t i = 0; i < n.nodes.size(); ++i) {
            words(i == 0 ? " with " : ", ");
            w.expr(*n.nodes[i].table);
            words(" on ");
            w.name(n.nodes[i].key.text);
        }
        if (n.node_id) {
            words(" with_node_id=");
            w.name(n.node_id->text);
        }
        if (n.partition_body != nullptr) {
            words(" partitioned-by ");
            w.name_list(n.partitioned_by);
            words(" ");
            w.nested(*n.partition_body);
        }
    }
    void operator()(const GraphMatch& n) const {
        for (std::size_t i = 0; i < n.patterns.size(); ++i) {
            words(i == 0 ? "" : ", ");
            for (const GraphPattern::Step& step : n.patterns[i].steps) {
                pattern_step(step);
            }
        }
        clause(" where ", n.where);
        if (!n.project.empty()) {
            words(" project ");
            w.named_list(n.project);
        }
    }
    void operator()(const GraphToTable& n) const {
        for (std::size_t i = 0; i < n.outputs.size(); ++i) {
            words(i == 0 ? "" : ", ");
            words(n.outputs[i].nodes ? "nodes" : "edges");
            if (n.outputs[i].as) {
                words(" as ");
                w.name(n.outputs[i].as->text);
            }
            if (!n.outputs[i].properties.empty()) {
                words(" ");
                w.parameters(n.outputs[i].properties);
            }
        }
    }
    void operator()(const GraphMarkComponents&) const {}
    void operator()(const GraphWhere& n) const { w.expr(*n.predicate); }
    void operator()(const BadOperator&) const {}

  private:
    void clause(std::string_view before, const ExprPtr& e) const {
        if (e != nullptr) {
            words(before);
            w.expr(*e);
        }
    }
    void join(const Expr& right, const std::vector<ExprPtr>& conditions) const {
        w.expr(right, 9);
        if (!conditions.empty()) {
            words(" on ");
            w.expr_list(conditions);
        }
    }
    void expand_columns(const std::vector<ExpandColumn>& list) const {
        for (std::size_t i = 0; i < list.size(); ++i) {
            words(i == 0 ? "" : ", ");
            w.named(list[i].expr);
            if (list[i].to_type) {
                words(" to typeof(");
                words(columns::type_name(*list[i].to_type));
                words(")");
            }
        }
    }
    void tables(const std::vector<ExprPtr>& list) const {
        if (!list.empty()) {
            words("in (");
            w.expr_list(list, 9);
            words(") ");
        }
    }
    void pattern_step(const GraphPattern::Step& step) const {
        using Direction = GraphPattern::Step::Direction;
        if (!step.is_edge) {
            words("(");
        } else {
            words(step.direction == Direction::Left ? "<-[" : "-[");
        }
        if (step.name) {
            w.name(step.name->text);
        }
        if (step.variable_length) {
            clause("*", step.length_min);
            clause("..", step.length_max);
        }
        if (!step.is_edge) {
            words(")");
        } else {
            words(step.direction == Direction::Right ? "]->" : "]-");
        }
    }
};

void Writer::oper(const Operator& op) {
    const auto* expand = op.if_as<MvExpand>();
    text(expand != nullptr && expand->old_name ? "mvexpand" : operator_keyword(op));
    for (const OperatorParameter& p : op.parameters) {
        text(" ");
        parameter(p);
    }
    const std::size_t before = out_.size();
    text(" ");
    std::visit(OperatorWriter{*this}, op.node);
    if (out_.size() == before + 1) {
        out_.pop_back();
    }
}

}  // namespace qd::kql
