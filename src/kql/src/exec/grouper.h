#pragma once

#include "function.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace qd::kql {

/// Numbers the distinct rows of some key columns: 0, 1, … in the order they are first met.
/// Nulls equal nulls, NaN equals NaN, 0.0 equals -0.0.
///
/// Idea: hashes are computed column by column, then each row is looked up in an open-addressing
/// table of (hash, group). Key values live in typed arrays. When all keys of a chunk are
/// dictionaries whose sizes multiply to little, groups are remembered per combination of codes, so
/// a row costs one array access. Threads: one.
class Grouper {
  public:
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};

    explicit Grouper(std::vector<DataType> types);

    /// The group of each row; new keys make new groups. `keys` are of the types given.
    void assign(std::span<const ColumnPtr> keys, std::uint32_t rows,
                std::vector<std::uint32_t>& groups);
    /// The same without making groups: kNone where the key is not known.
    void find(std::span<const ColumnPtr> keys, std::uint32_t rows,
              std::vector<std::uint32_t>& groups) const;
    std::uint32_t size() const { return groups_; }
    /// The keys of all groups, one column per key.
    std::vector<ColumnPtr> key_columns() const;
    std::int64_t memory_bytes() const;

  private:
    struct Keys {  // the values of one key column
        DataType type;
        bool bytes = false;
        bool wide = false;
        std::vector<std::int64_t> fixed;
        std::vector<Wide> wides;
        std::vector<std::uint64_t> offsets = {0};
        std::string heap;
        std::vector<std::uint8_t> nulls;
    };
    struct Incoming;  // one key column of a chunk, normalised
    struct Slot {
        std::uint64_t hash = 0;
        std::uint32_t group = kNone;
    };

    static Incoming normalise(const ColumnPtr& column);
    std::size_t slot_of(const std::vector<Incoming>& in, std::size_t row, std::uint64_t hash) const;
    std::uint32_t insert(const std::vector<Incoming>& in, std::size_t row, std::uint64_t hash);
    bool equal(const std::vector<Incoming>& in, std::size_t row, std::uint32_t group) const;
    void append(const std::vector<Incoming>& in, std::size_t row);
    void grow();
    bool assign_by_codes(std::span<const ColumnPtr> keys, std::uint32_t rows,
                         std::vector<std::uint32_t>& groups);

    std::vector<Keys> keys_;
    std::vector<Slot> slots_;
    std::uint32_t groups_ = 0;
    std::vector<ColumnPtr> code_dictionaries_;
    std::vector<std::uint32_t> code_groups_;
};

}  // namespace qd::kql
