#pragma once

#include "qd/columns/column.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The naive twin: a second, row-at-a-time reading of KQL's rules (kql.md b.3-b.8, b.20-b.34) that
/// shares no code with the engine. Random queries are made as trees, printed as KQL for the engine
/// and evaluated directly here. Only for tests; slow on purpose, simple on purpose.
namespace qd::kql::twin {

using columns::DataType;

struct Cell {
    DataType type = DataType::Long;
    bool null = true;
    std::int64_t integer = 0;  // Bool, Long, DateTime, TimeSpan
    double real = 0;
    std::string text;  // String: never null
};

Cell null_of(DataType type);  // "" for a String
Cell of_bool(bool v);
Cell of_long(std::int64_t v);
Cell of_real(double v);
Cell of_text(std::string v);
Cell of_ticks(DataType type, std::int64_t v);  // DateTime, TimeSpan

/// -1, 0, 1 in the order of `sort asc`: null (and beside it NaN) first.
int order(const Cell& a, const Cell& b);
/// The same value for grouping and joining: null = null, NaN = NaN, -0.0 = 0.0.
bool same(const Cell& a, const Cell& b);
/// One value as text: equal texts are equal answers.
std::string text_of(const Cell& cell);
/// A literal of the language.
std::string literal_of(const Cell& cell);

struct Column {
    std::string name;
    DataType type = DataType::Long;
};
using Row = std::vector<Cell>;
struct Rows {
    std::vector<Column> columns;
    std::vector<Row> rows;
};

/// One scalar function or operator of the twin: how it is written and what it means.
struct Operation {
    std::string_view pattern;  // "({0} + {1})"
    DataType result;
    std::vector<DataType> arguments;
    Cell (*evaluate)(std::span<const Cell> arguments);
};
const std::vector<Operation>& operations();

struct Expression;
using ExpressionPtr = std::shared_ptr<const Expression>;
struct Expression {
    DataType type = DataType::Long;
    const Operation* operation = nullptr;  // null: a column or a literal
    std::vector<ExpressionPtr> arguments;
    std::size_t column = 0;
    bool is_literal = false;
    Cell literal;
};
Cell evaluate(const Expression& expression, const Row& row);
std::string print(const Expression& expression, const std::vector<Column>& columns);

/// An aggregate: how it is written ("sum({0})") and what it makes of a group's values.
struct Aggregate {
    std::string_view pattern;
    DataType result;
    std::vector<DataType> arguments;
    Cell (*evaluate)(std::span<const Row> values);  // a row: the arguments' values
};
const std::vector<Aggregate>& aggregates();

/// A query in both forms: its text, and its answer over the given tables.
struct Query {
    std::string text;
    Rows answer;
    bool ordered = false;  // the answer's order is part of it
};

using Random = std::mt19937_64;
inline std::uint64_t below(Random& random, std::uint64_t end) {
    return random() % end;
}

/// A table named `name` with columns id (unique), b, l, r, s, t, d and up to `rows_max` rows.
Rows random_table(Random& random, std::uint64_t rows_max);
ExpressionPtr random_expression(Random& random, const std::vector<Column>& columns, DataType type,
                                int depth);
/// A pipeline of up to five operators over `T` and `U`.
Query random_query(Random& random, const Rows& t, const Rows& u);

}  // namespace qd::kql::twin
