#pragma once

#include "exec/byte_numbers.h"
#include "function.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace qd::kql {

/// Numbers the distinct rows of some key columns: 0, 1, … in the order they are first met.
/// Nulls equal nulls, NaN equals NaN, 0.0 equals -0.0.
///
/// Idea: every key becomes a 64-bit word. Numbers and times are their own word; texts, dynamics,
/// guids and decimals are numbered first (byte_numbers.h), and of a dictionary column that is done
/// once per distinct value, not per row. Rows of words are then looked up in an open-addressing
/// table. Where all but a few small dictionaries stand still for a stretch of rows (time bins over
/// rows in time order), the stretch's groups are found by code alone.
/// Threads: one; find() on any number of threads, each with a cache of its own.
class Grouper {
  public:
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};

    explicit Grouper(std::vector<DataType> types);
    ~Grouper();
    Grouper(Grouper&&) noexcept;

    /// Numbers of a dictionary's entries, kept from chunk to chunk.
    struct Remap {
        ColumnPtr dictionary;
        std::vector<std::uint32_t> numbers;
    };
    using Cache = std::vector<std::vector<Remap>>;  // per key

    /// The group of each row; new keys make new groups. `keys` are of the types given.
    void assign(std::span<const ColumnPtr> keys, std::uint32_t rows,
                std::vector<std::uint32_t>& groups);
    /// The same without making groups: kNone where the key is not known.
    void find(std::span<const ColumnPtr> keys, std::uint32_t rows,
              std::vector<std::uint32_t>& groups, Cache& cache) const;
    /// Takes the groups of another one of the same types: its group g is ours at mapping[g].
    void merge(const Grouper& other, std::vector<std::uint32_t>& mapping);
    std::uint32_t size() const { return groups_; }
    /// The keys of all groups, one column per key; texts as dictionaries.
    std::vector<ColumnPtr> key_columns() const;
    std::int64_t memory_bytes() const;

  private:
    struct Words;  // a chunk's keys
    struct Slot {
        std::uint32_t tag = 0;  // the hash's upper half
        std::uint32_t group = kNone;
    };

    bool numbered(std::size_t key) const { return numbers_[key] != nullptr; }
    bool null_at(const std::uint64_t* row, std::size_t key) const {
        return (row[types_.size() + key / 64] >> (key % 64) & 1) != 0;
    }
    void encode(std::span<const ColumnPtr> keys, std::uint32_t rows, Words& out);
    void assign_words(Words& in, std::vector<std::uint32_t>& groups);
    bool assign_stretches(Words& in, std::vector<std::uint32_t>& groups);
    std::size_t slot_of(const std::uint64_t* row, std::uint64_t hash) const;
    std::uint32_t insert(const std::uint64_t* row, std::uint64_t hash);
    void grow();

    std::vector<DataType> types_;
    std::vector<std::unique_ptr<ByteNumbers>> numbers_;  // per key; null: its own word
    std::size_t stride_;               // words of a row: one a key, then masks of the null keys
    std::vector<std::uint64_t> rows_;  // stride_ words a group
    std::vector<Slot> slots_;
    std::uint32_t groups_ = 0;
    Cache cache_;
    std::unique_ptr<Words> words_;
    /// Groups by combined code, good while the other words and the dictionaries stay the same.
    std::vector<std::uint32_t> code_groups_;
    std::vector<ColumnPtr> code_dictionaries_;
    std::vector<std::uint64_t> code_others_;
};

}  // namespace qd::kql
