#pragma once

#include "extent/block.h"
#include "extent/pattern_format.h"
#include "extent/text_search.h"
#include "qd/base/result.h"
#include "qd/columns/column.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace qd::workspace::internal {

/// One row group in Pattern encoding. Threads: one at a time.
class PatternReader {
  public:
    /// Reads the directory. `dictionary` may be null when no slot holds words.
    /// Errors (of all): DataLoss WSP0010 with the column.
    static Result<PatternReader> open(std::string_view file, const ExtentColumn& column,
                                      const ColumnPart& part, std::uint32_t rows,
                                      columns::ColumnPtr dictionary, bool verify);

    /// All rows, or those (ascending).
    Result<columns::ColumnPtr> read();
    Result<columns::ColumnPtr> read(std::span<const std::uint32_t> rows);

    /// Rows that may hold the needle. `words`: the entries of the dictionary that may.
    Result<TextRows> search(const TextNeedle& needle, const WordMatches& words);

  private:
    /// Rows of one pattern that are wanted: their places among the pattern's rows, and where in
    /// the result they go.
    struct Wanted {
        std::vector<std::uint32_t> places;
        std::vector<std::uint32_t> outputs;
    };
    struct SlotValues {
        std::vector<std::int64_t> numbers;
        std::vector<std::string_view> texts;
        std::string_view digits;
    };

    struct Unpacked {
        std::vector<SlotValues> values;  // of each slot
        std::vector<std::uint32_t> lengths;
        std::vector<std::string> variants;  // TextKind::Json only
    };
    using Places = std::optional<std::span<const std::uint32_t>>;

    PatternReader() = default;
    Error damaged(std::string_view what) const;
    Result<std::string_view> block(PatternBlock which);
    Status read_ids();
    Result<columns::ColumnPtr> assemble(const std::vector<Wanted>& wanted, const Places& at);
    Status unpack(const Pattern& pattern, const Wanted& wanted, Unpacked& out);
    static char* write_text(char* to, const Pattern& pattern, const std::vector<SlotValues>& values,
                            std::size_t i, std::uint32_t place);
    Result<std::vector<std::uint8_t>> nulls_at(const Places& rows);
    Result<SlotValues> slot_values(const Pattern& pattern, const PatternSlot& slot,
                                   const std::vector<std::uint32_t>& places);
    Result<std::vector<std::int64_t>> numbers_of(const Pattern& pattern, const PatternSlot& slot);

    Status mark_slot(const Pattern& pattern, const PatternSlot& slot, const TextNeedle& needle,
                     std::vector<bool>& marks, bool& exact);
    Status mark_texts(const Pattern& pattern, const PatternSlot& slot, const TextNeedle& needle,
                      std::vector<bool>& marks, bool& exact);
    Result<std::vector<std::uint32_t>> slots_of_words(const WordMatches& words);

    std::string_view file_;
    const ExtentColumn* column_ = nullptr;
    const ColumnPart* part_ = nullptr;
    std::uint32_t rows_ = 0;
    columns::ColumnPtr dictionary_;
    bool verify_ = true;
    std::vector<std::unique_ptr<BlockBytes>> blocks_;
    std::vector<Pattern> patterns_;
    std::vector<std::uint32_t> ids_;
};

}  // namespace qd::workspace::internal
