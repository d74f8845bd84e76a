#pragma once

#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/columns/column.h"
#include "qd/workspace/table.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace qd::workspace {

/// A conjunct by which whole pieces of a table may be skipped. Only a hint: rows that do not match
/// may still come out.
/// HasTerm and HasText are about a text column: the value (ASCII letters and digits, at least one)
/// is in it in any case, as a term of its own (kql.md b.9) or anywhere.
struct ScanPredicate {
    enum class Op : std::uint8_t {
        Equal,
        Less,
        LessOrEqual,
        Greater,
        GreaterOrEqual,
        HasTerm,
        HasText
    };
    std::string column;
    Op op = Op::Equal;
    columns::Scalar value;
};

struct ScanOptions {
    /// Names of visible or hidden columns, wanted in this order. A name the table does not have is
    /// an error (NotFound WSP0002).
    std::vector<std::string> columns;
    /// [from, to) of TimeGenerated; also only a hint.
    std::optional<Timestamp> from;
    std::optional<Timestamp> to;
    std::vector<ScanPredicate> predicates;
};

/// Rows of a morsel, ascending; nothing stands for all of them.
using MorselRows = std::optional<std::vector<std::uint32_t>>;

struct MorselCandidates {
    MorselRows rows;
    /// Bit i: predicate i holds for all of the rows (of the first 64).
    std::uint64_t proven = 0;
};

/// A piece of a snapshot that any one thread can read by itself. Its rows are numbered from 0 as
/// they are stored.
class Morsel {
  public:
    virtual ~Morsel() = default;
    /// Rows before retention hides any.
    virtual std::uint32_t rows() const = 0;
    /// The rows that retention does not hide and that may satisfy the predicates.
    /// Errors: DataLoss WSP0010 naming the file and block when stored bytes are damaged.
    virtual Result<MorselCandidates> candidates() const = 0;
    /// Least and greatest value of a wanted column of integers or times (by its place in
    /// ScanOptions::columns), where they are known and no row is null.
    virtual std::optional<std::pair<std::int64_t, std::int64_t>> bounds(std::size_t wanted) const {
        static_cast<void>(wanted);
        return std::nullopt;
    }
    /// Wanted columns, by their places, at the given rows. Columns stored as a dictionary come out
    /// as Dictionary layout, all of a morsel over one dictionary, so that work can be done once for
    /// each distinct value; columns the piece does not hold are Constant nulls ("" for strings).
    /// Errors: as above.
    virtual Result<columns::Chunk> read(std::span<const std::size_t> wanted,
                                        const MorselRows& rows) const = 0;
};

/// The rows of one table as of one instant; nothing that happens later shows.
/// Threads: any. Lifetime: holds its extents' files (deleting one takes effect after it).
class Snapshot {
  public:
    virtual ~Snapshot() = default;
    virtual const TableSchema& table() const = 0;
    /// Rows held, before retention hides any.
    virtual std::uint64_t rows() const = 0;
    /// Oldest and newest TimeGenerated; nothing when there are no rows.
    virtual std::optional<Timestamp> oldest() const = 0;
    virtual std::optional<Timestamp> newest() const = 0;
    /// Every row of a batch up to this sequence is seen, none of a later one (kRowId).
    virtual std::uint64_t last_sequence() const = 0;
    /// One morsel a row group of each extent (oldest extents first), then the fresh rows.
    virtual Result<std::vector<std::unique_ptr<Morsel>>> scan(const ScanOptions& options) const = 0;
};

}  // namespace qd::workspace
