#pragma once

#include "qd/kql/ast.h"

#include <string>
#include <string_view>
#include <vector>

namespace qd::kql {

/// Builds canonical KQL. Operators go on lines of their own, nested pipelines are indented.
class Writer {
  public:
    void script(const Script& script);
    void statement(const Statement& statement);
    void query(const Query& query);
    void oper(const Operator& op);
    /// Parentheses are written when the expression binds looser than `level` (see levels in
    /// expressions.cc of this folder).
    void expr(const Expr& e, int level = 0);
    void literal(const columns::Scalar& value);
    void name(std::string_view text);
    std::string take() { return std::move(out_); }

  private:
    friend struct OperatorWriter;

    void text(std::string_view t) { out_ += t; }
    void string(std::string_view value);
    void dynamic(const Value& value);
    void new_line();
    void named(const NamedExpr& n);
    void named_list(const std::vector<NamedExpr>& list);
    void expr_list(const std::vector<ExprPtr>& list, int level = 0);
    void name_list(const std::vector<Name>& list);
    void ordered(const OrderedExpr& o);
    void ordered_list(const std::vector<OrderedExpr>& list);
    void column(const ColumnDeclaration& c);
    void columns(const std::vector<ColumnDeclaration>& list, bool star = false);
    void parameter(const OperatorParameter& p);
    void parameters(const std::vector<OperatorParameter>& list);
    void properties(const std::vector<OperatorParameter>& list);
    void call(const Call& call);
    void binary(const Binary& b);
    /// `(`, the pipeline indented, `)`.
    void nested(const Query& query, std::string_view open = "(", std::string_view close = ")");
    void lambda(const Lambda& lambda);
    void parameter_declaration(const Parameter& p);
    void statements(const std::vector<Statement>& list);

    std::string out_;
    int depth_ = 0;
};

}  // namespace qd::kql
