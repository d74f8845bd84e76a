#pragma once

#include "qd/base/result.h"
#include "qd/columns/scalar.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// The syntax tree of KQL, as the parser builds it and the binder, the printer and the linter read
/// it. A node is a small struct; Expr, Operator and Statement each hold exactly one in a variant
/// whose index is their kind, so a reader writes `switch (e.kind())` and `e.as<Call>()`.
///
/// Trees own their children. Their height is bounded (parser.h, kHeightMax), so recursion over a
/// tree is safe. Spans are byte ranges of the text that was parsed.
/// Source: the Kusto query language reference; kql.md a.1, a.2, a.3, a.6.
namespace qd::kql {

struct Expr;
struct Operator;
struct Statement;
struct Query;
struct Command;  // command.h
using ExprPtr = std::unique_ptr<Expr>;
using OperatorPtr = std::unique_ptr<Operator>;
using QueryPtr = std::unique_ptr<Query>;

// ---- parts shared by expressions and operators -------------------------------------------------

/// A name as written, without brackets and quotes.
struct Name {
    std::string text;
    TextSpan span;
};

/// `expr`, `name = expr` or `(a, b) = expr`. `compound` is set when the names stood in
/// parentheses, even when there is only one.
struct NamedExpr {
    std::vector<Name> names;
    bool compound = false;
    ExprPtr expr;
    TextSpan span;
    const std::string* name() const { return names.size() == 1 ? &names[0].text : nullptr; }
};

/// `name : type` of datatable, externaldata, parameters, typeof(a:long, …).
struct ColumnDeclaration {
    Name name;
    columns::DataType type = columns::DataType::Dynamic;
    TextSpan type_span;
};

/// `kind = inner`, `hint.strategy = shuffle`, `with_itemindex = i`: a parameter between an
/// operator's keyword and its operands, or in `with ( … )`.
struct OperatorParameter {
    Name name;  // the whole dotted name
    ExprPtr value;
    TextSpan span;
};

enum class SortOrder : std::uint8_t { Default, Ascending, Descending };
enum class NullsOrder : std::uint8_t { Default, First, Last };

/// `expr [asc|desc] [nulls first|last]` of sort, top, top-nested and scan.
struct OrderedExpr {
    NamedExpr expr;
    SortOrder order = SortOrder::Default;
    NullsOrder nulls = NullsOrder::Default;
};

// ---- expressions -------------------------------------------------------------------------------

/// Any constant: 1, 1.5, "a", true, 1h, datetime(…), dynamic(…), int(null), … with its exact typed
/// value. `datetime()` is not here: it is a Call of now.
struct Literal {
    columns::Scalar value;
    /// h"…" or H'…': not to be shown in logs.
    bool obfuscated = false;
};
/// A column, variable, table, function without parentheses; also $left, $right.
struct NameRef {
    std::string name;
};
/// `*`
struct Star {};
/// A name with `*` in it: `Log*`, `*_id`.
struct Wildcard {
    std::string pattern;
};
/// `object.member`; also database("d").T and $left.key.
struct Path {
    ExprPtr object;
    Name member;
};
/// `object[index]`
struct Element {
    ExprPtr object;
    ExprPtr index;
};
/// `f(a, x = b)`. toscalar(), materialize(), database(), table() … are calls too; a tabular
/// argument that is more than a name is a Subquery. With an object it is `object.f(…)`:
/// cluster("c").database("d"), database("d").f(1).
struct Call {
    Name name;
    std::vector<NamedExpr> arguments;
    ExprPtr object;                             // null for a plain call
    std::vector<OperatorParameter> parameters;  // `toscalar kind=… (…)`, almost never there
};

enum class UnaryOp : std::uint8_t { Minus, Plus };
struct Unary {
    UnaryOp op = UnaryOp::Minus;
    ExprPtr operand;
};

/// The order is that of binary_op_text(). Old spellings become their new ones (<> is NotEqual).
enum class BinaryOp : std::uint8_t {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    EqualTilde,
    NotEqualTilde,
    Contains,
    NotContains,
    ContainsCs,
    NotContainsCs,
    StartsWith,
    NotStartsWith,
    StartsWithCs,
    NotStartsWithCs,
    EndsWith,
    NotEndsWith,
    EndsWithCs,
    NotEndsWithCs,
    Has,
    NotHas,
    HasCs,
    NotHasCs,
    HasPrefix,
    NotHasPrefix,
    HasPrefixCs,
    NotHasPrefixCs,
    HasSuffix,
    NotHasSuffix,
    HasSuffixCs,
    NotHasSuffixCs,
    Like,
    NotLike,
    LikeCs,
    NotLikeCs,
    MatchesRegex,
    SearchColon,  // `column : "term"` inside search
};
struct Binary {
    BinaryOp op = BinaryOp::Add;
    TextSpan op_span;
    ExprPtr left;
    ExprPtr right;
};

enum class LogicalOp : std::uint8_t { And, Or };
/// A whole run of `and`s or of `or`s: at least two operands.
struct Logical {
    LogicalOp op = LogicalOp::And;
    std::vector<ExprPtr> operands;
};

/// `subject [!]between (low .. high)`
struct Between {
    ExprPtr subject;
    ExprPtr low;
    ExprPtr high;
    bool negated = false;
};

enum class ListOp : std::uint8_t { In, NotIn, InTilde, NotInTilde, HasAny, HasAll };
/// `subject in (items)`. One item may be a dynamic array, a table name or a Subquery.
struct InList {
    ListOp op = ListOp::In;
    TextSpan op_span;
    ExprPtr subject;
    std::vector<ExprPtr> items;
};

/// A pipeline where an expression may stand: join's right side, toscalar's argument, a
/// parenthesised table.
struct Subquery {
    QueryPtr query;
};
/// `datatable (a:long, …) [ values… ]`: values row after row.
struct DataTable {
    std::vector<ColumnDeclaration> columns;
    std::vector<ExprPtr> values;
};
/// `externaldata (schema) [ addresses ] with (properties)`
struct ExternalData {
    std::vector<ColumnDeclaration> columns;
    std::vector<ExprPtr> addresses;
    std::vector<OperatorParameter> properties;
};
/// `typeof(long)`, or with columns set `typeof(a:long, b:string)`.
struct TypeOf {
    columns::DataType type = columns::DataType::Dynamic;
    std::vector<ColumnDeclaration> columns;
    bool star = false;  // `typeof(*, a:long)`
    bool tabular = false;
};
/// `condition ? a : b`, which KQL does not have: only in trees whose parse reported an error.
/// The linter rewrites it to iff().
struct Conditional {
    ExprPtr condition;
    ExprPtr if_true;
    ExprPtr if_false;
};
/// What stood where an expression was wanted and none could be made; only in trees with errors.
struct MissingExpr {};

enum class ExprKind : std::uint8_t {
    Literal,
    NameRef,
    Star,
    Wildcard,
    Path,
    Element,
    Call,
    Unary,
    Binary,
    Logical,
    Between,
    InList,
    Subquery,
    DataTable,
    ExternalData,
    TypeOf,
    Conditional,
    Missing,
};
using ExprNode = std::variant<Literal, NameRef, Star, Wildcard, Path, Element, Call, Unary, Binary,
                              Logical, Between, InList, Subquery, DataTable, ExternalData, TypeOf,
                              Conditional, MissingExpr>;

struct Expr {
    TextSpan span;
    /// Longest way down, this node included: 1 for a leaf.
    std::uint32_t height = 1;
    /// The expression stood in parentheses of its own, which the span includes.
    bool parenthesized = false;
    ExprNode node;

    Expr(ExprNode n, TextSpan s, std::uint32_t h = 1);
    ~Expr();
    Expr(Expr&&) = delete;
    Expr& operator=(Expr&&) = delete;

    ExprKind kind() const { return static_cast<ExprKind>(node.index()); }
    template <typename T>
    const T& as() const {
        return std::get<T>(node);
    }
    template <typename T>
    T& as() {
        return std::get<T>(node);
    }
    template <typename T>
    const T* if_as() const {
        return std::get_if<T>(&node);
    }
    template <typename T>
    T* if_as() {
        return std::get_if<T>(&node);
    }
};

// ---- queries and operators ---------------------------------------------------------------------

/// `source | operator | operator`. No source: either the first operator makes rows itself (print,
/// range, union, search, find, evaluate, …) or the query is a contextual one (the body of mv-apply,
/// fork, facet, partition) whose input is the surrounding row set.
struct Query {
    ExprPtr source;
    std::vector<OperatorPtr> operators;
    TextSpan span;
};

/// where, filter
struct Where {
    /// `where a = true`: the engine takes the name, which then means nothing (QDL lints it).
    std::optional<Name> name;
    ExprPtr predicate;
};
struct Extend {
    std::vector<NamedExpr> columns;
};
struct Project {
    std::vector<NamedExpr> columns;
};
/// NameRef or Wildcard each (of project-away and project-keep).
struct ProjectAway {
    std::vector<ExprPtr> columns;
};
struct ProjectKeep {
    std::vector<ExprPtr> columns;
};
/// `new = old`
struct ProjectRename {
    std::vector<NamedExpr> columns;
};
/// Names or wildcards; SortOrder says how the columns of a wildcard are ordered.
struct ProjectReorder {
    struct Item {
        ExprPtr column;
        enum class Order : std::uint8_t {
            Default,
            Ascending,
            Descending,
            GrannyAscending,  // granny-asc: digits inside names compare as numbers
            GrannyDescending,
        } order = Order::Default;
    };
    std::vector<Item> items;
};
struct ProjectByNames {
    std::vector<ExprPtr> columns;
};
/// `summarize aggregates by keys`.
struct Summarize {
    std::vector<NamedExpr> aggregates;
    std::vector<NamedExpr> keys;
    bool has_by = false;
};
struct MakeSeries {
    struct Aggregate {
        NamedExpr expr;
        ExprPtr default_value;  // null: not written
    };
    std::vector<Aggregate> aggregates;
    NamedExpr axis;
    ExprPtr from;  // null: not written
    ExprPtr to;
    ExprPtr step;
    /// `in range(from, to, step)`, the old form (to is inclusive then).
    bool in_range = false;
    std::vector<NamedExpr> keys;
};
/// Conditions: NameRef (`on key`), or Binary Equal of $left./$right. paths, or any other
/// expression the binder will refuse. Kind and hints are parameters.
struct Join {
    ExprPtr right;
    std::vector<ExprPtr> conditions;
};
struct Lookup {
    ExprPtr right;
    std::vector<ExprPtr> conditions;
};
/// NameRef, Wildcard, Path, Call or Subquery each. Parameters: kind, withsource, isfuzzy.
struct Union {
    std::vector<ExprPtr> tables;
};
struct ExpandColumn {
    NamedExpr expr;
    std::optional<columns::DataType> to_type;
};
/// Parameters: kind or bagexpansion, with_itemindex.
struct MvExpand {
    std::vector<ExpandColumn> columns;
    ExprPtr limit;
    bool old_name = false;  // `mvexpand`: the row limit is 128 when none is written
};
/// Parameters: with_itemindex. The body is contextual.
struct MvApply {
    std::vector<ExpandColumn> columns;
    ExprPtr limit;
    std::optional<Name> context;  // `id guid`: unused by anyone, kept
    QueryPtr body;
};
/// `parse [kind=…] expr with pattern`, also parse-where.
struct Parse {
    /// `*`, a literal text (or regular expression when kind=regex) or a capture.
    struct Piece {
        enum class Kind : std::uint8_t { Star, Text, Column } kind = Kind::Star;
        std::string text;
        Name column;
        std::optional<columns::DataType> type;  // none written: string
        TextSpan span;
    };
    bool filter = false;  // parse-where
    ExprPtr source;
    std::vector<Piece> pattern;
};
struct ParseKv {
    ExprPtr source;
    std::vector<ColumnDeclaration> columns;
    std::vector<OperatorParameter> properties;
};
/// sort, order
struct Sort {
    std::vector<OrderedExpr> keys;
};
struct Top {
    ExprPtr count;
    std::vector<OrderedExpr> keys;  // exactly one unless the text has an error
};
struct TopNested {
    struct Level {
        ExprPtr count;  // null: all
        NamedExpr of;
        ExprPtr others;  // `with others = "…"`
        OrderedExpr by;
    };
    std::vector<Level> levels;
};
struct TopHitters {
    ExprPtr count;
    NamedExpr of;
    ExprPtr by;  // null: counts rows
};
/// take, limit
struct Take {
    ExprPtr count;
};
struct Sample {
    ExprPtr count;
};
struct SampleDistinct {
    ExprPtr count;
    ExprPtr of;
};
/// Star stands alone for `distinct *`.
struct Distinct {
    std::vector<NamedExpr> columns;
};
struct Count {
    std::optional<Name> as;
};
struct Print {
    std::vector<NamedExpr> columns;
};
struct Range {
    Name column;
    ExprPtr from;
    ExprPtr to;
    ExprPtr step;
};
/// `evaluate plugin(arguments) : (schema)`
struct Evaluate {
    ExprPtr call;  // a Call
    std::vector<ColumnDeclaration> columns;
    bool has_schema = false;
    bool schema_star = false;  // `: (*, a:long)`: after the input's columns
};
struct Invoke {
    ExprPtr call;  // a Call, its input is the implied first argument
};
struct As {
    Name name;
};
struct Serialize {
    std::vector<NamedExpr> columns;
};
struct GetSchema {};
struct Consume {};
/// `search [kind=…] [in (tables)] predicate`; a bare string literal means "in any column".
struct Search {
    std::vector<ExprPtr> tables;
    ExprPtr predicate;
};
/// `find … in (tables) where predicate project columns, pack(*) project-away …`
struct Find {
    struct Output {
        Name column;
        std::optional<columns::DataType> type;
    };
    std::vector<ExprPtr> tables;
    ExprPtr predicate;
    std::vector<Output> project;
    bool pack = false;           // pack(*) is asked for
    bool project_smart = false;  // written or implied by the absence of project
    std::vector<ExprPtr> project_away;
};
struct Facet {
    std::vector<Name> columns;
    QueryPtr with;  // null: not written; contextual
};
struct Fork {
    struct Branch {
        std::optional<Name> name;
        QueryPtr query;  // contextual
    };
    std::vector<Branch> branches;
};
/// `partition by key ( contextual )` or `partition by key { query }`; hint.strategy is a parameter.
struct Partition {
    ExprPtr key;
    ExprPtr scope;  // `in (…)`, old form
    QueryPtr body;
    bool braces = false;
};
struct Scan {
    struct Variable {
        ColumnDeclaration declaration;
        ExprPtr default_value;
    };
    struct Step {
        Name name;
        bool optional = false;
        std::string output;  // "all", "last", "none" or ""
        ExprPtr condition;
        std::vector<std::pair<Name, ExprPtr>> assignments;
    };
    std::vector<OrderedExpr> order_by;
    std::vector<ExprPtr> partition_by;
    std::vector<Variable> variables;
    std::vector<Step> steps;
};
struct Reduce {
    ExprPtr by;
    std::vector<OperatorParameter> properties;
};
/// Properties: title, xcolumn, ycolumns, series, kind, …; a list value is a Call named "list".
struct Render {
    Name chart;
    std::vector<OperatorParameter> properties;
};
struct AssertSchema {
    std::vector<ColumnDeclaration> columns;
};
/// `macro-expand entity_group [as name] ( statements )`
struct MacroExpand {
    ExprPtr group;
    std::optional<Name> scope;
    std::vector<Statement> statements;
};
/// `make-graph source --> target with nodes on key, nodes on key` or `with_node_id = name`.
struct MakeGraph {
    struct Nodes {
        ExprPtr table;
        Name key;
    };
    Name source;
    Name target;
    bool directed = true;
    std::vector<Nodes> nodes;
    std::optional<Name> node_id;
    std::vector<Name> partitioned_by;
    QueryPtr partition_body;
};
/// One `(n)-[e]->(m)-[*1..3]-(k)` chain.
struct GraphPattern {
    struct Step {
        bool is_edge = false;
        std::optional<Name> name;
        enum class Direction : std::uint8_t { Right, Left, Any } direction = Direction::Right;
        bool variable_length = false;  // `*a..b`
        ExprPtr length_min;            // null unless variable_length
        ExprPtr length_max;
    };
    std::vector<Step> steps;
};
/// graph-match and graph-shortest-paths
struct GraphMatch {
    bool shortest_paths = false;
    std::vector<GraphPattern> patterns;
    ExprPtr where;
    std::vector<NamedExpr> project;
};
struct GraphToTable {
    struct Output {
        bool nodes = true;  // false: edges
        std::optional<Name> as;
        std::vector<OperatorParameter> properties;
    };
    std::vector<Output> outputs;
};
struct GraphMarkComponents {};
struct GraphWhere {
    bool nodes = true;  // false: edges
    ExprPtr predicate;
};
/// An operator whose name is unknown or whose operands could not be read; only in trees with
/// errors.
struct BadOperator {
    Name name;
};

enum class OperatorKind : std::uint8_t {
    Where,
    Extend,
    Project,
    ProjectAway,
    ProjectKeep,
    ProjectRename,
    ProjectReorder,
    ProjectByNames,
    Summarize,
    MakeSeries,
    Join,
    Lookup,
    Union,
    MvExpand,
    MvApply,
    Parse,
    ParseKv,
    Sort,
    Top,
    TopNested,
    TopHitters,
    Take,
    Sample,
    SampleDistinct,
    Distinct,
    Count,
    Print,
    Range,
    Evaluate,
    Invoke,
    As,
    Serialize,
    GetSchema,
    Consume,
    Search,
    Find,
    Facet,
    Fork,
    Partition,
    Scan,
    Reduce,
    Render,
    AssertSchema,
    MacroExpand,
    MakeGraph,
    GraphMatch,
    GraphToTable,
    GraphMarkComponents,
    GraphWhere,
    Bad,
};
using OperatorNode =
    std::variant<Where, Extend, Project, ProjectAway, ProjectKeep, ProjectRename, ProjectReorder,
                 ProjectByNames, Summarize, MakeSeries, Join, Lookup, Union, MvExpand, MvApply,
                 Parse, ParseKv, Sort, Top, TopNested, TopHitters, Take, Sample, SampleDistinct,
                 Distinct, Count, Print, Range, Evaluate, Invoke, As, Serialize, GetSchema, Consume,
                 Search, Find, Facet, Fork, Partition, Scan, Reduce, Render, AssertSchema,
                 MacroExpand, MakeGraph, GraphMatch, GraphToTable, GraphMarkComponents, GraphWhere,
                 BadOperator>;

struct Operator {
    TextSpan span;
    TextSpan keyword;  // "make-series", for messages about the operator as a whole
    std::vector<OperatorParameter> parameters;
    OperatorNode node;

    Operator(OperatorNode n, TextSpan s, TextSpan k);
    ~Operator();
    Operator(Operator&&) = delete;
    Operator& operator=(Operator&&) = delete;

    OperatorKind kind() const { return static_cast<OperatorKind>(node.index()); }
    template <typename T>
    const T& as() const {
        return std::get<T>(node);
    }
    template <typename T>
    T& as() {
        return std::get<T>(node);
    }
    template <typename T>
    const T* if_as() const {
        return std::get_if<T>(&node);
    }
    /// Null when the parameter is not written. Names are compared as written ("hint.strategy").
    const OperatorParameter* parameter(std::string_view name) const;
};

/// The value of a parameter that is a word, a name or a string: `kind=inner` -> "inner";
/// "" when it is none of these.
std::string_view parameter_word(const OperatorParameter& parameter);

// ---- statements --------------------------------------------------------------------------------

struct Parameter {
    Name name;
    columns::DataType type = columns::DataType::Dynamic;
    ExprPtr default_value;
    /// Tabular: `T:(*)` or `T:(a:long)`.
    bool tabular = false;
    bool any_columns = false;  // `(*)`
    std::vector<ColumnDeclaration> columns;
    TextSpan span;
};
/// `(parameters) { let …; result }`; result is a Subquery when it is a pipeline.
struct Lambda {
    bool view = false;
    std::vector<Parameter> parameters;
    std::vector<Statement> body;  // let statements
    ExprPtr result;
    TextSpan span;
};
/// `let name = value`; exactly one of value and lambda is set. A tabular value with pipes is a
/// Subquery.
struct Let {
    Name name;
    ExprPtr value;
    std::unique_ptr<Lambda> lambda;
};
struct SetOption {
    Name name;
    ExprPtr value;  // null: `set notruncation;`
};
struct DeclareQueryParameters {
    std::vector<Parameter> parameters;
};
/// `declare pattern …`: read over, never executed.
struct DeclarePattern {
    Name name;
};
/// `restrict access to (…)`: read over, never executed.
struct RestrictAccess {
    std::vector<ExprPtr> entities;
};
/// `alias database name = cluster(…).database(…)`
struct AliasDatabase {
    Name name;
    ExprPtr value;
};
struct QueryStatement {
    QueryPtr query;
};

enum class StatementKind : std::uint8_t {
    Let,
    SetOption,
    DeclareQueryParameters,
    DeclarePattern,
    RestrictAccess,
    AliasDatabase,
    Query,
};
using StatementNode = std::variant<Let, SetOption, DeclareQueryParameters, DeclarePattern,
                                   RestrictAccess, AliasDatabase, QueryStatement>;
struct Statement {
    TextSpan span;
    StatementNode node;

    StatementKind kind() const { return static_cast<StatementKind>(node.index()); }
    template <typename T>
    const T& as() const {
        return std::get<T>(node);
    }
    template <typename T>
    T& as() {
        return std::get<T>(node);
    }
    template <typename T>
    const T* if_as() const {
        return std::get_if<T>(&node);
    }
};

/// A parsed text: statements, or one management command.
struct Script {
    std::vector<Statement> statements;
    std::unique_ptr<Command> command;  // set: there are no statements
    Script();
    Script(Script&&) noexcept;
    Script& operator=(Script&&) noexcept;
    ~Script();
};

// ---- words -------------------------------------------------------------------------------------

/// "+", "==", "startswith_cs", …
std::string_view binary_op_text(BinaryOp op);
/// "in", "!in~", "has_any", …
std::string_view list_op_text(ListOp op);
/// The operator's usual keyword: "where", "make-series", … ("sort" for order, "take" for limit).
std::string_view operator_keyword(const Operator& op);

}  // namespace qd::kql
