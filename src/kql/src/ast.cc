#include "qd/kql/ast.h"

#include "qd/kql/command.h"

#include <algorithm>
#include <array>

namespace qd::kql {

Expr::Expr(ExprNode n, TextSpan s, std::uint32_t h) : span(s), height(h), node(std::move(n)) {}
Expr::~Expr() = default;

Operator::Operator(OperatorNode n, TextSpan s, TextSpan k)
    : span(s), keyword(k), node(std::move(n)) {}
Operator::~Operator() = default;

const OperatorParameter* Operator::parameter(std::string_view name) const {
    for (const OperatorParameter& p : parameters) {
        if (p.name.text == name) {
            return &p;
        }
    }
    return nullptr;
}

std::string_view parameter_word(const OperatorParameter& parameter) {
    if (parameter.value == nullptr) {
        return {};
    }
    if (const auto* name = parameter.value->if_as<NameRef>()) {
        return name->name;
    }
    if (const auto* literal = parameter.value->if_as<Literal>();
        literal != nullptr && literal->value.type() == columns::DataType::String) {
        return literal->value.bytes();
    }
    return {};
}

Script::Script() = default;
Script::Script(Script&&) noexcept = default;
Script& Script::operator=(Script&&) noexcept = default;
Script::~Script() = default;

bool Command::has_choice(std::string_view word) const {
    return std::find(choices.begin(), choices.end(), word) != choices.end();
}

std::string_view binary_op_text(BinaryOp op) {
    static constexpr std::array<std::string_view, 43> kTexts = {"+",
                                                                "-",
                                                                "*",
                                                                "/",
                                                                "%",
                                                                "==",
                                                                "!=",
                                                                "<",
                                                                "<=",
                                                                ">",
                                                                ">=",
                                                                "=~",
                                                                "!~",
                                                                "contains",
                                                                "!contains",
                                                                "contains_cs",
                                                                "!contains_cs",
                                                                "startswith",
                                                                "!startswith",
                                                                "startswith_cs",
                                                                "!startswith_cs",
                                                                "endswith",
                                                                "!endswith",
                                                                "endswith_cs",
                                                                "!endswith_cs",
                                                                "has",
                                                                "!has",
                                                                "has_cs",
                                                                "!has_cs",
                                                                "hasprefix",
                                                                "!hasprefix",
                                                                "hasprefix_cs",
                                                                "!hasprefix_cs",
                                                                "hassuffix",
                                                                "!hassuffix",
                                                                "hassuffix_cs",
                                                                "!hassuffix_cs",
                                                                "like",
                                                                "notlike",
                                                                "likecs",
                                                                "notlikecs",
                                                                "matches regex",
                                                                ":"};
    static_assert(kTexts.size() == static_cast<std::size_t>(BinaryOp::SearchColon) + 1);
    return kTexts[static_cast<std::size_t>(op)];
}

std::string_view list_op_text(ListOp op) {
    static constexpr std::array<std::string_view, 6> kTexts = {"in",   "!in",     "in~",
                                                               "!in~", "has_any", "has_all"};
    return kTexts[static_cast<std::size_t>(op)];
}

std::string_view operator_keyword(const Operator& op) {
    static constexpr std::array<std::string_view, 50> kWords = {"where",
                                                                "extend",
                                                                "project",
                                                                "project-away",
                                                                "project-keep",
                                                                "project-rename",
                                                                "project-reorder",
                                                                "project-by-names",
                                                                "summarize",
                                                                "make-series",
                                                                "join",
                                                                "lookup",
                                                                "union",
                                                                "mv-expand",
                                                                "mv-apply",
                                                                "parse",
                                                                "parse-kv",
                                                                "sort",
                                                                "top",
                                                                "top-nested",
                                                                "top-hitters",
                                                                "take",
                                                                "sample",
                                                                "sample-distinct",
                                                                "distinct",
                                                                "count",
                                                                "print",
                                                                "range",
                                                                "evaluate",
                                                                "invoke",
                                                                "as",
                                                                "serialize",
                                                                "getschema",
                                                                "consume",
                                                                "search",
                                                                "find",
                                                                "facet",
                                                                "fork",
                                                                "partition",
                                                                "scan",
                                                                "reduce",
                                                                "render",
                                                                "assert-schema",
                                                                "macro-expand",
                                                                "make-graph",
                                                                "graph-match",
                                                                "graph-to-table",
                                                                "graph-mark-components",
                                                                "graph-where",
                                                                "?"};
    static_assert(kWords.size() == static_cast<std::size_t>(OperatorKind::Bad) + 1);
    static_assert(kWords.size() == std::variant_size_v<OperatorNode>);
    if (const auto* parse = op.if_as<Parse>(); parse != nullptr && parse->filter) {
        return "parse-where";
    }
    if (const auto* match = op.if_as<GraphMatch>(); match != nullptr && match->shortest_paths) {
        return "graph-shortest-paths";
    }
    if (const auto* where = op.if_as<GraphWhere>()) {
        return where->nodes ? "graph-where-nodes" : "graph-where-edges";
    }
    return kWords[static_cast<std::size_t>(op.kind())];
}

static_assert(std::variant_size_v<ExprNode> == static_cast<std::size_t>(ExprKind::Missing) + 1);
static_assert(std::variant_size_v<StatementNode> ==
              static_cast<std::size_t>(StatementKind::Query) + 1);

}  // namespace qd::kql
