// An extent file: blocks, footer, trailer. The trailer (32 bytes at the end) holds the footer's
// place, the version and a checksum over both, so that opening a file of any size reads its end
// only; the footer holds the checksum of every block, so that a flipped bit anywhere is found
// before its bytes are used. The leading magic guards against foreign files.
#include "extent/extent.h"

#include "extent/block.h"
#include "extent/byte_io.h"
#include "extent/column_decoder.h"
#include "extent/pattern_reader.h"
#include "extent/term_index.h"
#include "qd/base/check.h"
#include "qd/workspace/limits.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace qd::workspace::internal {

namespace {

void shift_blocks(ExtentColumn& column, std::uint64_t by) {
    for (BlockRef& block : column.dictionary_blocks) {
        block.offset += by;
    }
    for (ColumnPart& part : column.parts) {
        for (BlockRef& block : part.blocks) {
            block.offset += by;
        }
        for (std::optional<BlockRef>* block : {&part.null_block, &part.index_block}) {
            if (*block) {
                (*block)->offset += by;
            }
        }
    }
}

std::string trailer_of(std::uint64_t footer_offset, std::string_view footer) {
    std::string out;
    ByteWriter w(out);
    w.fixed(footer_offset);
    w.fixed(static_cast<std::uint32_t>(footer.size()));
    w.fixed(kExtentVersion);
    w.fixed(checksum_of(std::string(footer) + out));
    out.append(kExtentEnd, 8);
    QD_CHECK(out.size() == kTrailerBytes);
    return out;
}

Error bad_file(const std::string& name, std::string_view what) {
    return {Code::DataLoss, "WSP0010",
            "extent file is damaged: " + std::string(what) + ", file " + name};
}

}  // namespace

std::string encode_extent(Executor& executor, const std::vector<ColumnInput>& columns,
                          std::span<const std::uint32_t> order, std::uint64_t rows,
                          std::uint64_t last_sequence) {
    QD_CHECK(rows <= kExtentRowsMax && (order.empty() || order.size() == rows));
    ExtentFooter footer;
    footer.rows = rows;
    footer.last_sequence = last_sequence;
    for (std::uint64_t at = 0; at < rows; at += kRowGroupRows) {
        footer.group_rows.push_back(
            static_cast<std::uint32_t>(std::min<std::uint64_t>(kRowGroupRows, rows - at)));
    }
    std::vector<EncodedColumn> encoded(columns.size());
    std::atomic<std::size_t> next{0};
    const std::size_t workers = std::min(executor.concurrency(), columns.size());
    run_parallel(executor, std::max<std::size_t>(workers, 1), [&](std::size_t) {
        for (std::size_t i = next++; i < columns.size(); i = next++) {
            encoded[i] = encode_column(columns[i], order, footer.group_rows);
        }
    });
    std::string out(kExtentMagic, 8);
    for (EncodedColumn& column : encoded) {
        shift_blocks(column.column, out.size());
        out += column.bytes;
        column.bytes = {};
        footer.columns.push_back(std::move(column.column));
    }
    const std::string footer_bytes = encode_footer(footer);
    const std::string trailer = trailer_of(out.size(), footer_bytes);
    out += footer_bytes;
    out += trailer;
    return out;
}

Result<std::uint64_t> write_extent(Files& files, Executor& executor, const std::string& path,
                                   const std::vector<ColumnInput>& columns,
                                   std::span<const std::uint32_t> order, std::uint64_t rows,
                                   std::uint64_t last_sequence) {
    const std::string bytes = encode_extent(executor, columns, order, rows, last_sequence);
    QD_CHECK_OK(files.write_atomic(path, bytes));
    return static_cast<std::uint64_t>(bytes.size());
}

Result<std::shared_ptr<const Extent>> Extent::open(std::string_view bytes,
                                                   std::shared_ptr<const void> owner,
                                                   std::string name, bool verify) {
    if (bytes.size() < kTrailerBytes + 8 ||
        bytes.substr(0, 8) != std::string_view(kExtentMagic, 8) ||
        bytes.substr(bytes.size() - 8) != std::string_view(kExtentEnd, 8)) {
        return bad_file(name, "it does not begin and end as an extent does");
    }
    ByteReader trailer(bytes.substr(bytes.size() - kTrailerBytes));
    const auto offset = trailer.fixed<std::uint64_t>();
    const auto size = trailer.fixed<std::uint32_t>();
    const auto version = trailer.fixed<std::uint32_t>();
    const auto checksum = trailer.fixed<std::uint64_t>();
    const std::uint64_t body = bytes.size() - kTrailerBytes;
    if (offset > body || size != body - offset) {
        return bad_file(name, "footer place");
    }
    const std::string_view footer_bytes = bytes.substr(offset, size);
    const std::string_view fields = bytes.substr(bytes.size() - kTrailerBytes, 16);
    if (verify && checksum_of(std::string(footer_bytes) + std::string(fields)) != checksum) {
        return bad_file(name, "footer checksum");
    }
    if (version < kExtentVersionOldest || version > kExtentVersion) {
        return bad_file(name, "unknown version " + std::to_string(version));
    }
    auto footer = decode_footer(footer_bytes, offset, version);
    if (!footer) {
        return bad_file(name, "footer");
    }
    auto extent = std::make_shared<Extent>();
    extent->name_ = std::move(name);
    extent->bytes_ = bytes;
    extent->owner_ = std::move(owner);
    extent->footer_ = std::move(*footer);
    extent->verify_ = verify;
    extent->index_checked_ = std::make_unique<std::atomic<bool>[]>(
        extent->footer_.columns.size() * extent->footer_.group_rows.size());
    return std::shared_ptr<const Extent>(std::move(extent));
}

const ExtentColumn* Extent::find_column(std::string_view column) const {
    for (const ExtentColumn& c : footer_.columns) {
        if (c.name == column && c.parent.empty()) {
            return &c;
        }
    }
    return nullptr;
}

Result<columns::ColumnPtr> Extent::read_dictionary(const ExtentColumn& column) const {
    return decode_dictionary(bytes_, column, verify_).with("extent " + name_);
}

Result<columns::ColumnPtr> Extent::read_part(const ExtentColumn& column, std::size_t group,
                                             const columns::ColumnPtr& dictionary) const {
    return decode_part(bytes_, column, column.parts[group], footer_.group_rows[group], dictionary,
                       verify_)
        .with("extent " + name_ + ", row group " + std::to_string(group));
}

Result<columns::ColumnPtr> Extent::read_rows(const ExtentColumn& column, std::size_t group,
                                             const columns::ColumnPtr& dictionary,
                                             std::span<const std::uint32_t> rows) const {
    return decode_rows(bytes_, column, column.parts[group], footer_.group_rows[group], dictionary,
                       rows, verify_)
        .with("extent " + name_ + ", row group " + std::to_string(group));
}

Result<std::optional<std::vector<std::uint32_t>>> Extent::find_equal(const ExtentColumn& column,
                                                                     std::size_t group,
                                                                     std::string_view text) const {
    QD_TRY(const std::string_view index, index_of(column, group));
    if (!may_hold_text(index, text)) {
        return std::optional(std::vector<std::uint32_t>());
    }
    return internal::find_equal(bytes_, column, column.parts[group], footer_.group_rows[group],
                                text, verify_)
        .with("extent " + name_ + ", row group " + std::to_string(group));
}

// Looking at a few places of an index must not cost reading all of it: its checksum is verified
// when it is used first, the file being what it was then as long as it is open.
Result<std::string_view> Extent::index_of(const ExtentColumn& column, std::size_t group) const {
    const ColumnPart& part = column.parts[group];
    if (!part.index_block) {
        return std::string_view();
    }
    const auto place = static_cast<std::size_t>(&column - footer_.columns.data());
    std::atomic<bool>& checked = index_checked_[place * footer_.group_rows.size() + group];
    const bool verify = verify_ && !checked.load(std::memory_order_relaxed);
    Result<std::unique_ptr<BlockBytes>> block =
        read_block_bytes(bytes_, *part.index_block, verify)
            .with("extent " + name_ + ", row group " + std::to_string(group));
    if (!block.ok()) {
        return block.error();
    }
    checked.store(true, std::memory_order_relaxed);
    return block.value()->bytes;  // of the file: indexes are not compressed
}

Result<std::optional<TextRows>> Extent::find_term(const ExtentColumn& column, std::size_t group,
                                                  const TextNeedle& needle) const {
    QD_TRY(const std::string_view index, index_of(column, group));
    return internal::find_term(index, needle, footer_.group_rows[group]);
}

Result<std::optional<TextRows>> Extent::search(const ExtentColumn& column, std::size_t group,
                                               const columns::ColumnPtr& dictionary,
                                               const TextNeedle& needle,
                                               const WordMatches& words) const {
    const ColumnPart& part = column.parts[group];
    if (part.encoding != Encoding::Pattern) {
        return std::optional<TextRows>();
    }
    QD_TRY(
        PatternReader reader,
        PatternReader::open(bytes_, column, part, footer_.group_rows[group], dictionary, verify_));
    QD_TRY(TextRows rows, reader.search(needle, words));
    return std::optional<TextRows>(std::move(rows));
}

Result<std::optional<TextRows>> DictionaryCache::search(const ExtentColumn& column,
                                                        std::size_t group,
                                                        const TextNeedle& needle) {
    QD_TRY(std::optional<TextRows> indexed, extent_->find_term(column, group, needle));
    if (indexed) {
        return indexed;
    }
    QD_TRY(const columns::ColumnPtr dictionary, dictionary_for(column, group));
    std::shared_ptr<const WordMatches> words;
    {
        const std::lock_guard lock(mutex_);
        for (const Searched& known : searched_) {
            if (known.column == &column && known.needle.text == needle.text &&
                known.needle.whole == needle.whole) {
                words = known.words;
            }
        }
        if (!words) {
            words = std::make_shared<const WordMatches>(match_words(dictionary, needle));
            searched_.push_back({&column, needle, words});
        }
    }
    return extent_->search(column, group, dictionary, needle, *words);
}

Result<columns::ColumnPtr> DictionaryCache::dictionary_for(const ExtentColumn& column,
                                                           std::size_t group) {
    const Encoding encoding = column.parts[group].encoding;
    if (encoding != Encoding::Codes &&
        !(encoding == Encoding::Pattern && column.dictionary_entries > 0)) {
        return columns::ColumnPtr();
    }
    const std::lock_guard lock(mutex_);
    for (const auto& [known, decoded] : dictionaries_) {
        if (known == &column) {
            return decoded;
        }
    }
    QD_TRY(columns::ColumnPtr dictionary, extent_->read_dictionary(column));
    dictionaries_.emplace_back(&column, dictionary);
    return dictionary;
}

Result<columns::ColumnPtr> DictionaryCache::read(const ExtentColumn& column, std::size_t group) {
    QD_TRY(const columns::ColumnPtr dictionary, dictionary_for(column, group));
    return extent_->read_part(column, group, dictionary);
}

Result<columns::ColumnPtr> DictionaryCache::read_rows(const ExtentColumn& column, std::size_t group,
                                                      std::span<const std::uint32_t> rows) {
    QD_TRY(const columns::ColumnPtr dictionary, dictionary_for(column, group));
    return extent_->read_rows(column, group, dictionary, rows);
}

}  // namespace qd::workspace::internal
