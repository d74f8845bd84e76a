#pragma once

#include "extent/column_encoder.h"
#include "extent/format.h"
#include "extent/text_search.h"
#include "qd/base/executor.h"
#include "qd/base/files.h"
#include "qd/base/result.h"
#include "qd/columns/column.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qd::workspace::internal {

/// Writes an extent file so that `path` appears whole or not at all: temporary file, sync, rename,
/// sync of the directory. Columns are encoded in parallel. Returns its size in bytes.
/// Errors: those of Files.
Result<std::uint64_t> write_extent(Files& files, Executor& executor, const std::string& path,
                                   const std::vector<ColumnInput>& columns,
                                   std::span<const std::uint32_t> order, std::uint64_t rows,
                                   std::uint64_t last_sequence);

/// The bytes of an extent file; write_extent's core.
std::string encode_extent(Executor& executor, const std::vector<ColumnInput>& columns,
                          std::span<const std::uint32_t> order, std::uint64_t rows,
                          std::uint64_t last_sequence);

/// An open extent file. Threads: any.
class Extent {
  public:
    /// Checks magic, version and the footer; blocks are checked when they are read.
    /// `verify` false skips every checksum (fuzzing).
    /// Errors: DataLoss WSP0010 naming the file.
    static Result<std::shared_ptr<const Extent>> open(std::string_view bytes,
                                                      std::shared_ptr<const void> owner,
                                                      std::string name, bool verify = true);

    const std::string& name() const { return name_; }
    const ExtentFooter& footer() const { return footer_; }
    std::size_t file_bytes() const { return bytes_.size(); }
    /// Null when the extent does not hold it.
    const ExtentColumn* find_column(std::string_view column) const;

    /// Errors: DataLoss WSP0010 naming the file and the block.
    Result<columns::ColumnPtr> read_dictionary(const ExtentColumn& column) const;
    Result<columns::ColumnPtr> read_part(const ExtentColumn& column, std::size_t group,
                                         const columns::ColumnPtr& dictionary) const;
    /// Some rows (ascending) of a row group.
    Result<columns::ColumnPtr> read_rows(const ExtentColumn& column, std::size_t group,
                                         const columns::ColumnPtr& dictionary,
                                         std::span<const std::uint32_t> rows) const;
    /// Rows of a row group whose text is `text`; nothing when the encoding cannot tell.
    Result<std::optional<std::vector<std::uint32_t>>> find_equal(const ExtentColumn& column,
                                                                 std::size_t group,
                                                                 std::string_view text) const;
    /// Rows of a row group that hold a term, from its index alone; nothing when that cannot tell.
    Result<std::optional<TextRows>> find_term(const ExtentColumn& column, std::size_t group,
                                              const TextNeedle& needle) const;
    /// Rows of a row group that may hold a needle; nothing when the encoding cannot tell without
    /// looking at each. `words`: of the dictionary.
    Result<std::optional<TextRows>> search(const ExtentColumn& column, std::size_t group,
                                           const columns::ColumnPtr& dictionary,
                                           const TextNeedle& needle,
                                           const WordMatches& words) const;

  private:
    /// Empty when the row group has none.
    Result<std::string_view> index_of(const ExtentColumn& column, std::size_t group) const;

    std::string name_;
    std::string_view bytes_;
    std::shared_ptr<const void> owner_;
    ExtentFooter footer_;
    bool verify_ = true;
    mutable std::unique_ptr<std::atomic<bool>[]> index_checked_;  // column · row groups + group
};

/// The dictionaries of one extent, each decoded once for all the row groups of a scan.
/// Threads: any.
class DictionaryCache {
  public:
    explicit DictionaryCache(std::shared_ptr<const Extent> extent) : extent_(std::move(extent)) {}
    const Extent& extent() const { return *extent_; }
    /// A row group of a column, with its dictionary fetched when needed.
    Result<columns::ColumnPtr> read(const ExtentColumn& column, std::size_t group);
    /// Some of its rows, ascending.
    Result<columns::ColumnPtr> read_rows(const ExtentColumn& column, std::size_t group,
                                         std::span<const std::uint32_t> rows);
    /// Extent::search, the dictionary being looked through once for all row groups.
    Result<std::optional<TextRows>> search(const ExtentColumn& column, std::size_t group,
                                           const TextNeedle& needle);

  private:
    /// Null when the row group needs none.
    Result<columns::ColumnPtr> dictionary_for(const ExtentColumn& column, std::size_t group);

    std::shared_ptr<const Extent> extent_;
    std::mutex mutex_;
    std::vector<std::pair<const ExtentColumn*, columns::ColumnPtr>> dictionaries_;
    struct Searched {
        const ExtentColumn* column;
        TextNeedle needle;
        std::shared_ptr<const WordMatches> words;
    };
    std::vector<Searched> searched_;
};

}  // namespace qd::workspace::internal
