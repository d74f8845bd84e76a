#pragma once

#include "qd/columns/type.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The parts of an extent file as structures. docs/internals/extents.md describes the bytes.
namespace qd::workspace::internal {

inline constexpr char kExtentMagic[9] = "QDEXT001";
inline constexpr char kExtentEnd[9] = "QDEXTEND";
inline constexpr std::uint32_t kExtentVersion = 2;
/// Files of this version have no indexes; they are read as they are.
inline constexpr std::uint32_t kExtentVersionOldest = 1;
inline constexpr std::size_t kTrailerBytes = 32;

enum class Compression : std::uint8_t { None = 0, Zstd = 1, Lz4 = 2 };

/// Where a block lies and what it must look like.
struct BlockRef {
    std::uint64_t offset = 0;
    std::uint64_t stored_bytes = 0;
    std::uint64_t raw_bytes = 0;
    Compression compression = Compression::None;
    std::uint64_t checksum = 0;  // XXH3-64 of the stored bytes
};

/// How the cells of one column in one row group are written.
enum class Encoding : std::uint8_t {
    Absent = 0,      // every cell is null ("" for strings); no blocks
    Constant = 1,    // one value, no nulls; in `constant`
    Integers = 2,    // int_codec block; Bool, Int, Long, DateTime, TimeSpan
    ScaledReal = 3,  // int_codec block of value × 10^scale; exact
    Fixed = 4,       // the values as they lie in memory
    Bytes = 5,       // lengths (int_codec) block, heap block
    Codes = 6,       // int_codec block of codes into the column's dictionary
    Hex = 7,         // digits block, presence block when some are empty; shape in `constant`
    Pattern = 8,     // five blocks (pattern_format.h); words in the column's dictionary
};

struct ColumnPart {
    Encoding encoding = Encoding::Absent;
    std::uint8_t scale = 0;
    std::uint32_t null_count = 0;
    std::string constant;
    std::vector<BlockRef> blocks;
    std::optional<BlockRef> null_block;   // a bit a row; set = null
    std::optional<BlockRef> index_block;  // term_index.h; never compressed
    /// Smallest and largest value: 8 bytes for numbers and times, a prefix for strings (the
    /// largest only when the whole fits). Empty: not known.
    std::string least;
    std::string greatest;
};

struct ExtentColumn {
    std::string name;
    columns::DataType type = columns::DataType::String;
    /// Sub-columns of a dynamic column carry their parent's name and the property path; version 1
    /// writes none, and readers leave them out.
    std::string parent;
    std::string path;
    /// Dictionary shared by the row groups in Codes encoding; entry 0 is null when has_null.
    std::uint32_t dictionary_entries = 0;
    bool dictionary_has_null = false;
    std::vector<BlockRef> dictionary_blocks;  // lengths, heap
    std::vector<ColumnPart> parts;            // one a row group
};

struct ExtentFooter {
    std::uint64_t rows = 0;
    std::vector<std::uint32_t> group_rows;
    std::uint64_t last_sequence = 0;
    std::vector<ExtentColumn> columns;
};

/// Serialised footer, without the trailer.
std::string encode_footer(const ExtentFooter& footer, std::uint32_t version = kExtentVersion);
/// Nothing when the bytes are no footer or contradict themselves (counts, blocks outside
/// [0, file_bytes), groups over the limit). Everything read from it may then be used as sizes.
std::optional<ExtentFooter> decode_footer(std::string_view bytes, std::uint64_t file_bytes,
                                          std::uint32_t version = kExtentVersion);

}  // namespace qd::workspace::internal
