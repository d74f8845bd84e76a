#pragma once

#include "exec/runtime.h"

#include <cstdint>
#include <span>
#include <vector>

namespace qd::kql {

/// A filter over a scan, cut into stages: each stage reads the columns its conjuncts need and
/// leaves fewer rows for the next, so that what a cheap column rules out is never read elsewhere.
/// Conjuncts over numbers and times come first, the others as they are written (none is moved
/// across one that is not deterministic).
class MorselFilter {
  public:
    MorselFilter(const ScanOp& scan, std::vector<BoundPtr> conjuncts);

    struct Stage {
        std::vector<std::size_t> columns;  // what its conjuncts read
        std::vector<BoundPtr> conjuncts;
        /// For each conjunct the predicates of the scan (bits) that imply it.
        std::vector<std::uint64_t> implied_by;
    };
    const std::vector<Stage>& stages() const { return stages_; }
    const ScanOp& scan() const { return scan_; }
    std::size_t width() const { return width_; }

  private:
    const ScanOp& scan_;
    std::vector<Stage> stages_;
    std::size_t width_;
};

/// The rows of one morsel that pass a filter, and those of their columns that were read so far.
class MorselReader {
  public:
    MorselReader(QueryContext& query, Morsel& morsel, std::size_t width)
        : query_(query), morsel_(morsel), columns_(width) {}

    /// False: no row is left.
    Result<bool> apply(const MorselFilter& filter, Evaluator& evaluator);
    /// Columns read now unless they were before.
    Status load(std::span<const std::size_t> wanted);
    /// All columns that somebody reads behind the filter; the others become nulls.
    Status load_all(const ScanOp& scan);
    /// Leaves those of the rows, by their places among them.
    void keep(std::span<const std::uint32_t> places);

    /// Columns that were not loaded are null pointers.
    const columns::Chunk& chunk() const { return chunk_; }
    /// The row's number in the morsel.
    std::uint32_t row(std::uint32_t place) const { return rows_ ? (*rows_)[place] : place; }
    std::uint32_t size() const { return chunk_.rows; }

  private:
    Result<std::vector<std::uint32_t>> select(const std::vector<BoundPtr>& conjuncts,
                                              Evaluator& evaluator);

    QueryContext& query_;
    Morsel& morsel_;
    MorselRows rows_;
    columns::Chunk chunk_;
    std::size_t columns_;
};

/// The request of a scan and its morsels.
Result<std::vector<std::unique_ptr<Morsel>>> open_morsels(const ScanOp& op);

}  // namespace qd::kql
