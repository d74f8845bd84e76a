#pragma once

#include "exec/byte_numbers.h"
#include "exec/key_words.h"
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
/// rows in time order), the stretch's groups are found by code alone, and only the first row of
/// each becomes words.
/// Threads: one; find() on any number of threads, each with a cache of its own.
class Grouper {
  public:
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};

    explicit Grouper(std::vector<DataType> types);
    ~Grouper();
    Grouper(Grouper&&) noexcept;

    using Cache = std::vector<std::vector<DictionaryNumbers>>;  // per key

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
    struct Words;
    struct Coded;
    struct Cell {
        std::uint32_t stretch = 0;  // the group is of this stretch of rows
        std::uint32_t group = 0;
    };
    struct Slot {
        std::uint32_t tag = 0;  // the hash's upper half
        std::uint32_t group = kNone;
    };

    bool numbered(std::size_t key) const { return numbers_[key] != nullptr; }
    bool null_at(const std::uint64_t* row, std::size_t key) const {
        return (row[types_.size() + key / 64] >> (key % 64) & 1) != 0;
    }
    WordColumn word_column(std::vector<std::uint64_t>& words, std::size_t key) const;
    void encode(std::span<const ColumnPtr> keys, RowChoice rows, Words& out);
    void assign_words(Words& in, std::vector<std::uint32_t>& groups);
    bool assign_by_code(std::span<const ColumnPtr> keys, std::uint32_t rows,
                        std::vector<std::uint32_t>& groups);
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
    /// Groups by combined code.
    std::vector<Cell> cells_;
    std::uint32_t stretch_ = 0;
    /// Set: the cells stay good for chunks of the same dictionaries.
    std::vector<ColumnPtr> cell_dictionaries_;
    // Kept for their memory.
    std::vector<std::uint8_t> changed_;
    std::vector<std::uint32_t> firsts_;
    std::vector<std::uint32_t> pending_;
    std::vector<std::uint32_t> first_groups_;
};

}  // namespace qd::kql
