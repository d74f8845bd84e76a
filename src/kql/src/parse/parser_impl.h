#pragma once

#include "parse/lexer.h"
#include "qd/kql/parser.h"

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qd::kql {

/// Recursive descent over the token list. The methods are spread over files by subject:
/// parser_impl.cc (tokens, names, types, parameters), expressions.cc, literals.cc, operators.cc,
/// operators_nested.cc, operators_graph.cc, statements.cc, commands.cc.
///
/// Errors: fail() records a diagnostic and enters panic, in which every look at the input shows
/// End, so that all loops run out and no second message comes from the same fault. The innermost
/// operator or statement being read leaves panic by skipping to the next `|`, `;` or closing
/// bracket (recover()) and reading goes on.
class Parser {
  public:
    Parser(std::string_view text, const ParseOptions& options);

    // ---- entry points
    void parse_script(Script& script);
    std::unique_ptr<Lambda> parse_function_text();
    ExprPtr parse_constant_text();
    std::vector<ColumnDeclaration> parse_schema_text();
    std::vector<Diagnostic> take_diagnostics() { return std::move(diagnostics_); }

    // ---- tokens
    const Token& peek(std::size_t ahead = 0) const;
    bool at(Punct punct, std::size_t ahead = 0) const { return peek(ahead).punct == punct; }
    bool at_word(std::string_view word, std::size_t ahead = 0) const;
    bool at_any_word(std::initializer_list<std::string_view> words, std::size_t ahead = 0) const;
    bool at_end() const { return peek().kind == TokenKind::End; }
    Token take();
    bool accept(Punct punct);
    bool accept_word(std::string_view word);
    bool expect(Punct punct);
    bool expect_word(std::string_view word);
    /// Text of words joined without blanks by dashes ("make-series"), and their number of tokens.
    std::string_view dashed_word(std::size_t& tokens, std::size_t ahead = 0) const;
    std::uint32_t here() const;
    TextSpan span_from(std::uint32_t begin) const;
    std::string_view source(TextSpan span) const { return text_.substr(span.offset, span.length); }

    // ---- errors
    bool panic() const { return panic_; }
    void fail(std::string ks_code, std::string message, TextSpan span);
    void fail_expected(std::string_view what);
    void fail_unexpected();
    void report(std::string code, std::string ks_code, std::string message, TextSpan span);
    void stop(std::string message, TextSpan span);
    /// Leaves panic; skips to `|`, `;` or a closing bracket that was opened outside.
    void recover();
    /// After an operator or statement: complains when something else follows, and recovers.
    void finish_part();

    // ---- names and types
    bool at_name(std::size_t ahead = 0) const;
    /// Tokens a name takes at that place: 1 for a word, 3 for ['…']; 0 when there is none.
    std::size_t name_length(std::size_t ahead = 0) const;
    Name parse_name();
    /// A name that comes into being here; some words must stand in brackets then.
    Name parse_new_name();
    /// Reports a word that must stand in brackets: `made`, or also where it is only read.
    void check_bare_name(const Token& token, bool made);
    std::optional<columns::DataType> parse_type();
    ColumnDeclaration parse_column_declaration();
    /// `(a:long, b:string)`; star: takes a leading `*`.
    std::vector<ColumnDeclaration> parse_row_schema(bool* star = nullptr);
    std::vector<OperatorParameter> parse_properties();
    /// `name = value` parameters while their names are in the list or begin with "hint.".
    void parse_parameters(std::vector<OperatorParameter>& out,
                          std::initializer_list<std::string_view> names);
    std::size_t parameter_name_length() const;
    ExprPtr parse_parameter_value();
    std::vector<Name> parse_name_list();

    // ---- expressions
    ExprPtr parse_expr();  // without pipes
    ExprPtr parse_pipe_expr();
    NamedExpr parse_named_expr();
    std::vector<NamedExpr> parse_named_list();
    std::vector<NamedExpr> parse_arguments();
    ExprPtr parse_postfix();
    ExprPtr parse_call_path();
    ExprPtr parse_entity();
    ExprPtr parse_name_or_wildcard();
    ExprPtr parse_simple_path();
    ExprPtr parse_simple_or_literal();
    OrderedExpr parse_ordered();
    std::vector<OrderedExpr> parse_ordered_list();
    ExprPtr make(ExprNode node, TextSpan span, std::uint32_t child_height = 0);
    ExprPtr missing();
    ExprPtr to_expr(QueryPtr query);

    // ---- literals
    ExprPtr parse_literal();
    ExprPtr parse_string_literal();
    bool at_typed_literal() const;
    ExprPtr parse_typed_literal();
    ExprPtr parse_dynamic();
    bool parse_json(Value& out);
    ExprPtr parse_type_of();

    // ---- queries and operators
    bool at_leading_operator() const;
    bool at_operator() const;
    QueryPtr parse_contextual_query();
    void parse_pipeline(Query& query);
    OperatorPtr parse_operator();
    QueryPtr parse_query();

    // ---- statements
    void parse_statements(std::vector<Statement>& out);
    std::optional<Statement> parse_statement();
    bool at_lambda() const;
    std::unique_ptr<Lambda> parse_lambda();
    void parse_lambda_body(Lambda& lambda);
    std::vector<Parameter> parse_parameter_declarations();
    Parameter parse_parameter_declaration();

    // ---- commands
    std::unique_ptr<Command> parse_command();

    std::string_view text() const { return text_; }

    /// Counts one level of nesting for its lifetime; past the limit it stops the parser.
    class Nesting {
      public:
        explicit Nesting(Parser& p);
        ~Nesting() { --parser_.nesting_; }
        Nesting(const Nesting&) = delete;
        Nesting& operator=(const Nesting&) = delete;

      private:
        Parser& parser_;
    };
    /// Collects the greatest height among the expressions made during its lifetime.
    class Heights {
      public:
        explicit Heights(Parser& p) : parser_(p), saved_(std::exchange(p.deepest_, 0)) {}
        ~Heights() { parser_.deepest_ = std::max(parser_.deepest_, saved_); }
        Heights(const Heights&) = delete;
        Heights& operator=(const Heights&) = delete;
        std::uint32_t get() const { return parser_.deepest_; }

      private:
        Parser& parser_;
        std::uint32_t saved_;
    };

    // Used by the operator table and the command shapes.
    void jump_to(std::size_t token) { pos_ = token; }
    std::size_t position() const { return pos_; }
    void skip_to_offset(std::uint32_t offset);

  private:
    ExprPtr parse_or();
    ExprPtr parse_and();
    ExprPtr parse_equality();
    ExprPtr parse_relational();
    ExprPtr parse_additive();
    ExprPtr parse_multiplicative();
    ExprPtr parse_string_operation();
    ExprPtr parse_unary();
    ExprPtr parse_primary();
    ExprPtr parse_parenthesized();
    ExprPtr parse_name_expr();
    ExprPtr parse_call(Name name, ExprPtr object, std::uint32_t begin);
    ExprPtr parse_member(ExprPtr object, std::uint32_t begin);
    ExprPtr parse_datatable();
    ExprPtr parse_externaldata();
    ExprPtr parse_in_list(ExprPtr subject, ListOp op);
    ExprPtr parse_between(ExprPtr subject, bool negated);
    ExprPtr binary(BinaryOp op, TextSpan op_span, ExprPtr left, ExprPtr right);
    ExprPtr logical(LogicalOp op, std::vector<ExprPtr> operands, std::uint32_t begin);
    ExprPtr parse_wildcard_tail(std::uint32_t begin);
    std::optional<BinaryOp> string_op(std::size_t& tokens) const;
    ExprPtr parse_number(const Token& token);

    std::string_view text_;
    const ParseOptions& options_;
    std::vector<Token> tokens_;
    std::size_t pos_ = 0;
    bool panic_ = false;
    bool any_name_ = false;  // commands and schemas name columns as they are
    bool stopped_ = false;
    bool colon_is_search_ = true;  // off between `?` and `:`
    std::uint32_t nesting_ = 0;
    std::uint32_t operators_ = 0;
    std::uint32_t deepest_ = 0;
    std::vector<Diagnostic> diagnostics_;
};

}  // namespace qd::kql
