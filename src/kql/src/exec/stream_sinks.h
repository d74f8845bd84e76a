#pragma once

#include "exec/runtime.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

/// Operators that handle each chunk by itself.
namespace qd::kql {

/// One evaluator per worker.
class WorkerEvaluators {
  public:
    WorkerEvaluators(Runtime& runtime, std::size_t workers) {
        for (std::size_t i = 0; i < workers; ++i) {
            evaluators_.emplace_back(runtime.evaluation());
        }
    }
    Evaluator& of(std::size_t worker) {
        evaluators_[worker].begin_chunk();
        return evaluators_[worker];
    }

  private:
    std::vector<Evaluator> evaluators_;
};

class FilterSink final : public Sink {
  public:
    FilterSink(Runtime& runtime, const FilterOp& op, Sink& next)
        : op_(op), next_(next), evaluators_(runtime, runtime.query().workers) {}

    Result<bool> push(std::size_t worker, columns::Chunk chunk) override {
        QD_TRY(const std::vector<std::uint32_t> rows,
               evaluators_.of(worker).select(op_.conjuncts, chunk));
        if (rows.empty()) {
            return true;
        }
        if (rows.size() == chunk.rows) {
            return next_.push(worker, std::move(chunk));
        }
        return next_.push(worker, columns::gather(chunk, rows));
    }
    bool parallel() const override { return next_.parallel(); }

  private:
    const FilterOp& op_;
    Sink& next_;
    WorkerEvaluators evaluators_;
};

class ProjectSink final : public Sink {
  public:
    ProjectSink(Runtime& runtime, const ProjectOp& op, Sink& next)
        : op_(op), next_(next), evaluators_(runtime, runtime.query().workers) {}

    Result<bool> push(std::size_t worker, columns::Chunk chunk) override {
        Evaluator& evaluator = evaluators_.of(worker);
        columns::Chunk out;
        out.rows = chunk.rows;
        out.columns.reserve(op_.exprs.size());
        for (const BoundPtr& expr : op_.exprs) {
            QD_TRY(ColumnPtr column, evaluator.evaluate(expr, chunk));
            out.columns.push_back(std::move(column));
        }
        return next_.push(worker, std::move(out));
    }
    bool parallel() const override { return next_.parallel(); }

  private:
    const ProjectOp& op_;
    Sink& next_;
    WorkerEvaluators evaluators_;
};

class TakeSink final : public Sink {
  public:
    TakeSink(std::uint64_t rows, Sink& next) : left_(rows), next_(next) {}

    Result<bool> push(std::size_t, columns::Chunk chunk) override {
        if (chunk.rows > left_) {
            chunk = columns::slice(chunk, 0, static_cast<std::uint32_t>(left_));
        }
        left_ -= chunk.rows;
        QD_TRY(const bool more, next_.push(0, std::move(chunk)));
        more_ = more;
        return more && left_ > 0;
    }
    bool parallel() const override { return false; }
    bool next_wants_more() const { return more_; }

  private:
    std::uint64_t left_;
    Sink& next_;
    bool more_ = true;
};

}  // namespace qd::kql
