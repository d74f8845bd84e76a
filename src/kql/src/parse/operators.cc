// Tabular operators: one table from keyword to reader, and the plain ones. A pipeline is flat, so
// its length is not bounded by the nesting limit.
// Source: Kusto query language reference, tabular operators; kql.md a.2.
#include "parse/operator_rules.h"

#include <algorithm>
#include <array>

namespace qd::kql {
namespace {

OperatorNode parse_where(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    Where node;
    if (p.at_name() && p.at(Punct::Assign, p.name_length())) {
        node.name = p.parse_name();
        p.take();
    }
    node.predicate = p.parse_expr();
    return node;
}

OperatorNode parse_extend(Parser& p, Parameters&) {
    return Extend{p.parse_named_list()};
}

bool at_part_end(const Parser& p) {
    return p.at_end() || p.at(Punct::Bar) || p.at(Punct::Semicolon) || p.at(Punct::CloseParen) ||
           p.at(Punct::CloseBrace);
}

// project and serialize may stand without columns.
std::vector<NamedExpr> optional_named_list(Parser& p) {
    return at_part_end(p) ? std::vector<NamedExpr>{} : p.parse_named_list();
}

OperatorNode parse_project(Parser& p, Parameters&) {
    return Project{optional_named_list(p)};
}

std::vector<ExprPtr> name_patterns(Parser& p) {
    std::vector<ExprPtr> columns;
    do {
        columns.push_back(p.parse_name_or_wildcard());
    } while (!p.panic() && p.accept(Punct::Comma));
    return columns;
}

OperatorNode parse_project_away(Parser& p, Parameters&) {
    return ProjectAway{name_patterns(p)};
}
OperatorNode parse_project_keep(Parser& p, Parameters&) {
    return ProjectKeep{name_patterns(p)};
}
OperatorNode parse_project_rename(Parser& p, Parameters&) {
    return ProjectRename{optional_named_list(p)};
}

OperatorNode parse_project_reorder(Parser& p, Parameters&) {
    using Order = ProjectReorder::Item::Order;
    constexpr std::array<std::pair<std::string_view, Order>, 4> kOrders = {
        std::pair{std::string_view("asc"), Order::Ascending},
        std::pair{std::string_view("desc"), Order::Descending},
        std::pair{std::string_view("granny-asc"), Order::GrannyAscending},
        std::pair{std::string_view("granny-desc"), Order::GrannyDescending}};
    ProjectReorder node;
    do {
        ProjectReorder::Item item;
        item.column = p.parse_name_or_wildcard();
        std::size_t tokens = 0;
        const std::string_view word = p.dashed_word(tokens);
        for (const auto& [text, order] : kOrders) {
            if (word == text) {
                item.order = order;
                p.jump_to(p.position() + tokens);
                break;
            }
        }
        node.items.push_back(std::move(item));
    } while (!p.panic() && p.accept(Punct::Comma));
    return node;
}

OperatorNode parse_project_by_names(Parser& p, Parameters&) {
    ProjectByNames node;
    do {
        node.columns.push_back(p.at(Punct::Star) ? p.parse_name_or_wildcard() : p.parse_expr());
    } while (!p.panic() && p.accept(Punct::Comma));
    return node;
}

OperatorNode parse_summarize(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    Summarize node;
    if (!p.at_word("by") && !at_part_end(p)) {
        do {
            if (p.at_word("by")) {
                break;  // `summarize count(), by x`: a trailing comma is let pass
            }
            node.aggregates.push_back(p.parse_named_expr());
        } while (!p.panic() && p.accept(Punct::Comma));
    }
    if (p.accept_word("by")) {
        node.has_by = true;
        node.keys = p.parse_named_list();
    }
    return node;
}

std::vector<ExprPtr> join_conditions(Parser& p) {
    std::vector<ExprPtr> conditions;
    if (p.accept_word("on")) {
        do {
            conditions.push_back(p.parse_expr());
        } while (!p.panic() && p.accept(Punct::Comma));
    } else if (p.accept_word("where")) {
        conditions.push_back(p.parse_expr());
    }
    return conditions;
}

OperatorNode parse_join(Parser& p, Parameters& params) {
    p.parse_parameters(params, {"kind"});
    Join node;
    node.right = p.parse_expr();
    p.parse_parameters(params, {"kind"});
    node.conditions = join_conditions(p);
    return node;
}

OperatorNode parse_lookup(Parser& p, Parameters& params) {
    p.parse_parameters(params, {"kind"});
    Lookup node;
    node.right = p.parse_expr();
    node.conditions = join_conditions(p);
    return node;
}

OperatorNode parse_union(Parser& p, Parameters& params) {
    p.parse_parameters(params, {"kind", "withsource", "with_source", "isfuzzy", "best_effort"});
    Union node;
    do {
        node.tables.push_back(p.parse_entity());
    } while (!p.panic() && p.accept(Punct::Comma));
    return node;
}

OperatorNode mv_expand(Parser& p, Parameters& params, bool old_name) {
    p.parse_parameters(params, {"kind", "bagexpansion", "with_itemindex"});
    MvExpand node;
    node.old_name = old_name;
    node.columns = parse_expand_columns(p);
    if (p.accept_word("limit")) {
        node.limit = p.parse_expr();
    }
    return node;
}
OperatorNode parse_mv_expand(Parser& p, Parameters& params) {
    return mv_expand(p, params, false);
}
OperatorNode parse_mvexpand(Parser& p, Parameters& params) {
    return mv_expand(p, params, true);
}

OperatorNode parse_parse_kv(Parser& p, Parameters&) {
    ParseKv node;
    node.source = p.parse_expr();
    p.expect_word("as");
    node.columns = p.parse_row_schema();
    if (p.accept_word("with")) {
        node.properties = p.parse_properties();
    }
    return node;
}

OperatorNode parse_sort(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    p.expect_word("by");
    return Sort{p.parse_ordered_list()};
}

OperatorNode parse_top(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    Top node;
    node.count = p.parse_expr();
    p.expect_word("by");
    node.keys.push_back(p.parse_ordered());
    return node;
}

OperatorNode parse_top_hitters(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    TopHitters node;
    node.count = p.parse_expr();
    p.expect_word("of");
    node.of = p.parse_named_expr();
    if (p.accept_word("by")) {
        node.by = p.parse_expr();
    }
    return node;
}

OperatorNode parse_take(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    return Take{p.parse_expr()};
}
OperatorNode parse_sample(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    return Sample{p.parse_expr()};
}
OperatorNode parse_sample_distinct(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    SampleDistinct node;
    node.count = p.parse_expr();
    p.expect_word("of");
    node.of = p.parse_expr();
    return node;
}

OperatorNode parse_distinct(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    return Distinct{p.parse_named_list()};
}

OperatorNode parse_count(Parser& p, Parameters&) {
    Count node;
    if (p.accept_word("as")) {
        node.as = p.parse_name();
    }
    return node;
}

OperatorNode parse_print(Parser& p, Parameters&) {
    return Print{p.parse_named_list()};
}

OperatorNode parse_range(Parser& p, Parameters&) {
    Range node;
    node.column = p.parse_new_name();
    p.expect_word("from");
    node.from = p.parse_expr();
    p.expect_word("to");
    node.to = p.parse_expr();
    p.expect_word("step");
    node.step = p.parse_expr();
    return node;
}

ExprPtr required_call(Parser& p) {
    ExprPtr call = p.parse_postfix();
    if (!p.panic() && call->kind() != ExprKind::Call) {
        p.fail("KS005", "Expected: a function call with its arguments in parentheses", call->span);
    }
    return call;
}

OperatorNode parse_evaluate(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    Evaluate node;
    node.call = required_call(p);
    if (p.accept(Punct::Colon)) {
        node.has_schema = true;
        node.columns = p.parse_row_schema(&node.schema_star);
    }
    return node;
}

OperatorNode parse_invoke(Parser& p, Parameters&) {
    return Invoke{required_call(p)};
}

OperatorNode parse_as(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    return As{p.parse_new_name()};
}

OperatorNode parse_serialize(Parser& p, Parameters& params) {
    p.parse_parameters(params, {});
    return Serialize{optional_named_list(p)};
}

OperatorNode parse_getschema(Parser& p, Parameters& params) {
    p.parse_parameters(params, {"kind"});
    return GetSchema{};
}
OperatorNode parse_consume(Parser& p, Parameters& params) {
    p.parse_parameters(params, {"decodeblocks"});
    return Consume{};
}

OperatorNode parse_reduce(Parser& p, Parameters& params) {
    p.parse_parameters(params, {"kind", "threshold", "characters"});
    Reduce node;
    p.expect_word("by");
    node.by = p.parse_expr();
    if (p.accept_word("with")) {
        if (p.at(Punct::OpenParen)) {
            node.properties = p.parse_properties();
        } else {
            do {
                p.parse_parameters(node.properties, {"threshold", "characters"});
            } while (!p.panic() && p.accept(Punct::Comma));
        }
    }
    return node;
}

OperatorNode parse_render(Parser& p, Parameters&) {
    Render node;
    if (p.peek().kind == TokenKind::Word && p.peek().text[0] != '!') {
        const Token word = p.take();
        node.chart = Name{std::string(word.text), word.span};
    } else {
        p.fail_expected("a chart kind");
    }
    p.parse_parameters(node.properties,
                       {"kind", "title", "accumulate", "xcolumn", "ycolumns", "series", "xtitle",
                        "ytitle", "xaxis", "yaxis", "legend", "ysplit", "anomalycolumns", "with",
                        "by", "ymin", "ymax", "xmin", "xmax"});
    if (p.accept_word("with")) {
        std::vector<OperatorParameter> more = p.parse_properties();
        std::move(more.begin(), more.end(), std::back_inserter(node.properties));
    }
    return node;
}

OperatorNode parse_assert_schema(Parser& p, Parameters&) {
    return AssertSchema{p.parse_row_schema()};
}

constexpr std::array kRules = {
    OperatorRule{"where", parse_where},
    OperatorRule{"filter", parse_where},
    OperatorRule{"extend", parse_extend},
    OperatorRule{"project", parse_project},
    OperatorRule{"project-away", parse_project_away},
    OperatorRule{"project-keep", parse_project_keep},
    OperatorRule{"project-rename", parse_project_rename},
    OperatorRule{"project-reorder", parse_project_reorder},
    OperatorRule{"project-by-names", parse_project_by_names},
    OperatorRule{"summarize", parse_summarize},
    OperatorRule{"make-series", parse_make_series},
    OperatorRule{"join", parse_join},
    OperatorRule{"lookup", parse_lookup},
    OperatorRule{"union", parse_union},
    OperatorRule{"mv-expand", parse_mv_expand},
    OperatorRule{"mvexpand", parse_mvexpand},
    OperatorRule{"mv-apply", parse_mv_apply},
    OperatorRule{"mvapply", parse_mv_apply},
    OperatorRule{"parse", parse_parse},
    OperatorRule{"parse-where", parse_parse_where},
    OperatorRule{"parse-kv", parse_parse_kv},
    OperatorRule{"sort", parse_sort},
    OperatorRule{"order", parse_sort},
    OperatorRule{"top", parse_top},
    OperatorRule{"top-nested", parse_top_nested},
    OperatorRule{"top-hitters", parse_top_hitters},
    OperatorRule{"take", parse_take},
    OperatorRule{"limit", parse_take},
    OperatorRule{"sample", parse_sample},
    OperatorRule{"sample-distinct", parse_sample_distinct},
    OperatorRule{"distinct", parse_distinct},
    OperatorRule{"count", parse_count},
    OperatorRule{"print", parse_print},
    OperatorRule{"range", parse_range},
    OperatorRule{"evaluate", parse_evaluate},
    OperatorRule{"invoke", parse_invoke},
    OperatorRule{"as", parse_as},
    OperatorRule{"serialize", parse_serialize},
    OperatorRule{"getschema", parse_getschema},
    OperatorRule{"consume", parse_consume},
    OperatorRule{"search", parse_search},
    OperatorRule{"find", parse_find},
    OperatorRule{"facet", parse_facet},
    OperatorRule{"fork", parse_fork},
    OperatorRule{"partition", parse_partition},
    OperatorRule{"scan", parse_scan},
    OperatorRule{"reduce", parse_reduce},
    OperatorRule{"render", parse_render},
    OperatorRule{"assert-schema", parse_assert_schema},
    OperatorRule{"macro-expand", parse_macro_expand},
    OperatorRule{"make-graph", parse_make_graph},
    OperatorRule{"graph-match", parse_graph_match},
    OperatorRule{"graph-shortest-paths", parse_graph_shortest_paths},
    OperatorRule{"graph-to-table", parse_graph_to_table},
    OperatorRule{"graph-mark-components", parse_graph_mark_components},
    OperatorRule{"graph-where-nodes", parse_graph_where_nodes},
    OperatorRule{"graph-where-edges", parse_graph_where_edges},
};

const OperatorRule* find_rule(std::string_view word) {
    for (const OperatorRule& rule : kRules) {
        if (rule.word == word) {
            return &rule;
        }
    }
    return nullptr;
}

}  // namespace

bool Parser::at_operator() const {
    std::size_t tokens = 0;
    return find_rule(dashed_word(tokens)) != nullptr;
}

// Operators that make rows themselves and so may begin a pipeline. Their words may also name
// tables and functions; what follows tells.
bool Parser::at_leading_operator() const {
    std::size_t tokens = 0;
    const std::string_view word = dashed_word(tokens);
    if (word.empty()) {
        return false;
    }
    const Token& next = peek(tokens);
    if (word == "range") {
        const std::size_t name = name_length(1);
        return name > 0 && at_word("from", 1 + name);
    }
    if (word == "evaluate") {
        return (at_name(1) && at(Punct::OpenParen, 1 + name_length(1))) ||
               (at_word("hint", 1) && at(Punct::Dot, 2));
    }
    if (word == "macro-expand") {
        return true;
    }
    // Operators on rows whose words name nothing else: the binder says what is missing.
    constexpr std::array<std::string_view, 15> kNoNames = {
        "where",     "project",    "project-away",    "project-keep",    "project-rename",
        "mv-expand", "mv-apply",   "project-reorder", "make-series",     "parse-where",
        "parse-kv",  "top-nested", "top-hitters",     "sample-distinct", "make-graph"};
    if (std::find(kNoNames.begin(), kNoNames.end(), word) != kNoNames.end()) {
        return next.kind != TokenKind::End && next.kind != TokenKind::Punct;
    }
    if (word != "print" && word != "union" && word != "search" && word != "find") {
        return false;
    }
    switch (next.kind) {
        case TokenKind::End:
            return false;
        case TokenKind::Punct:
            return next.punct == Punct::OpenParen || next.punct == Punct::Star ||
                   next.punct == Punct::OpenBracket || next.punct == Punct::Minus ||
                   next.punct == Punct::Plus;
        case TokenKind::Word:
            return next.text != "in" || word == "search" || word == "find";
        default:
            return true;
    }
}

void Parser::parse_pipeline(Query& query) {
    while (at(Punct::Bar)) {
        take();
        query.operators.push_back(parse_operator());
    }
}

OperatorPtr Parser::parse_operator() {
    if (++operators_ > options_.operators_max) {
        stop("The query has too many operators; operators allowed: " +
                 std::to_string(options_.operators_max),
             peek().span);
    }
    const std::uint32_t begin = here();
    std::size_t tokens = 0;
    const std::string_view word = dashed_word(tokens);
    const OperatorRule* rule = find_rule(word);
    if (rule == nullptr) {
        // The longest known word: `count-1` has no operator, `project-away-x` neither.
        Name name{std::string(word.empty() ? peek().text : word), peek().span};
        if (word.empty()) {
            if (at_end() || peek().kind == TokenKind::Punct) {
                fail("KS005", "Expected: an operator after the pipe", peek().span);
            } else {
                fail_unexpected();
            }
        } else {
            fail("KS002", "Unknown operator: " + name.text, peek().span);
        }
        const TextSpan span = name.span;
        recover();
        return std::make_unique<Operator>(BadOperator{std::move(name)}, span, span);
    }
    jump_to(position() + tokens);
    const TextSpan keyword = span_from(begin);
    std::vector<OperatorParameter> parameters;
    OperatorNode node = rule->parse(*this, parameters);
    const TextSpan span = span_from(begin);
    finish_part();
    auto op = std::make_unique<Operator>(std::move(node), span, keyword);
    op->parameters = std::move(parameters);
    return op;
}

// The body of mv-apply, fork and the like: operators on the surrounding rows.
QueryPtr Parser::parse_contextual_query() {
    const Nesting nesting(*this);
    auto query = std::make_unique<Query>();
    const std::uint32_t begin = here();
    if (at_operator()) {
        query->operators.push_back(parse_operator());
    } else {
        query->source = parse_expr();
    }
    parse_pipeline(*query);
    query->span = span_from(begin);
    return query;
}

QueryPtr Parser::parse_query() {
    const Nesting nesting(*this);
    auto query = std::make_unique<Query>();
    const std::uint32_t begin = here();
    if (at_leading_operator()) {
        query->operators.push_back(parse_operator());
    } else {
        query->source = parse_expr();
        if (!panic_ && !at(Punct::Bar)) {
            finish_part();
        }
        if (panic_) {
            recover();
        }
    }
    parse_pipeline(*query);
    query->span = span_from(begin);
    return query;
}

}  // namespace qd::kql
