#pragma once

#include "plan/bound_expr.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace qd::kql {

/// Evaluates bound expressions over chunks. One per worker and operator: it keeps results per
/// distinct value. Threads: one at a time.
///
/// Idea: an expression that reads one column, which is a dictionary in this chunk, is evaluated
/// over the dictionary and wrapped in the column's codes again; the dictionary's result is kept, so
/// that a predicate runs once per distinct value of a row group and not once per row. The same
/// holds for constant columns (one row). Only what is deterministic is treated so.
class Evaluator {
  public:
    explicit Evaluator(const EvalContext& context) : context_(context) {}

    /// To be called before the first evaluation over a new chunk.
    void begin_chunk() { multi_chunk_ = nullptr; }
    /// A column of chunk.rows rows and the expression's type.
    Result<ColumnPtr> evaluate(const BoundPtr& expr, const columns::Chunk& chunk);
    /// The rows of `chunk` where every conjunct is true, ascending.
    Result<std::vector<std::uint32_t>> select(const std::vector<BoundPtr>& conjuncts,
                                              const columns::Chunk& chunk);
    const EvalContext& context() const { return context_; }

  private:
    struct Kept {
        ColumnPtr dictionary;  // keeps the key's address alive
        ColumnPtr result;
    };
    Result<ColumnPtr> evaluate_rows(const BoundPtr& expr, const columns::Chunk& chunk,
                                    std::span<const std::uint32_t> rows);
    Result<ColumnPtr> node(const BoundExpr& expr, const columns::Chunk& chunk);
    Result<ColumnPtr> over_dictionary(const BoundPtr& expr, const ColumnPtr& column,
                                      std::uint32_t rows);
    Result<ColumnPtr> logical(const BoundExpr& expr, const columns::Chunk& chunk, bool is_and);
    Result<ColumnPtr> case_of(const BoundExpr& expr, const columns::Chunk& chunk);
    Result<ColumnPtr> coalesce(const BoundExpr& expr, const columns::Chunk& chunk);
    Result<ColumnPtr> path(const BoundExpr& expr, const columns::Chunk& chunk);
    Result<ColumnPtr> multi_part(const BoundExpr& expr, const columns::Chunk& chunk);
    Result<std::vector<ColumnPtr>> arguments(const std::vector<BoundPtr>& args,
                                             const columns::Chunk& chunk);

    EvalContext context_;
    std::unordered_map<const BoundExpr*, Kept> kept_;
    /// Results of several-part calls for the chunk at hand.
    const columns::Chunk* multi_chunk_ = nullptr;
    std::unordered_map<const MultiCall*, std::vector<ColumnPtr>> multi_;
};

/// The value of an expression without columns.
Result<Scalar> evaluate_constant(const BoundPtr& expr, const EvalContext& context);

}  // namespace qd::kql
