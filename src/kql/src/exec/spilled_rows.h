#pragma once

#include "exec/runtime.h"
#include "qd/kql/spill_space.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

/// Rows on disk while a query runs.
namespace qd::kql {

/// Chunks of one shape in a file, written one behind the other, then read in any order. What is
/// read are views of the mapped file. Threads: one at a time; read() any.
///
/// A chunk is stored column by column, flat: null marks (when there are any), then the values or
/// the offsets and the text, each at a multiple of sixteen bytes. The file never leaves the process
/// that wrote it, so it has no header and no version.
class SpilledRows {
  public:
    SpilledRows(QueryContext& query, std::vector<DataType> types)
        : query_(query), types_(std::move(types)) {}

    Status append(const columns::Chunk& chunk);
    /// Nothing is appended from here on.
    Status finish();
    std::size_t chunks() const { return chunks_.size(); }
    columns::Chunk read(std::size_t index) const;

  private:
    struct Part {
        std::uint64_t nulls = 0;  // 0: none, as the file does not begin with nulls
        std::uint64_t values = 0;
        std::uint64_t heap = 0;
    };
    struct Stored {
        std::uint32_t rows = 0;
        std::vector<Part> parts;
    };
    std::uint64_t put(const void* bytes, std::size_t size);
    Status flush();

    QueryContext& query_;
    std::vector<DataType> types_;
    std::vector<Stored> chunks_;
    std::string buffer_;
    std::uint64_t flushed_ = 0;
    std::unique_ptr<SpillFile> file_;
    std::shared_ptr<const MappedFile> mapped_;
};

/// Rows divided by the hash of some of their columns, so that rows of one key are in one part and a
/// part is small enough to work on. Every worker writes files of its own. Threads: add() one per
/// worker, the rest one.
class SpilledParts {
  public:
    static constexpr std::size_t kParts = 32;

    SpilledParts(QueryContext& query, std::vector<DataType> types);
    /// The part of rows with this hash of their key (columns::hash_column over the key's columns).
    static std::size_t part_of(std::uint64_t hash) { return hash >> 59; }
    Status add(std::size_t worker, const columns::Chunk& rows,
               std::span<const std::uint64_t> hashes);
    Status finish();
    /// The rows of one part that a worker wrote, in the order it wrote them.
    Status for_each(std::size_t part, std::size_t worker,
                    const std::function<Status(const columns::Chunk&)>& visit) const;

  private:
    struct Pending {
        std::vector<columns::Chunk> chunks;
        std::int64_t bytes = 0;
    };
    Status write(std::size_t index);

    QueryContext& query_;
    std::vector<DataType> types_;
    columns::Schema schema_;
    std::vector<Pending> pending_;  // worker · kParts + part
    std::vector<std::unique_ptr<SpilledRows>> files_;
};

}  // namespace qd::kql
