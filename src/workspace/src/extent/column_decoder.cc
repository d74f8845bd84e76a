// Blocks back into columns. Every size that comes from the file is checked against what it
// describes before it is used: a file that passes its checksums but lies is an error, never an
// out-of-bounds read (extent_fuzz runs this code without the checksums in front).
#include "extent/column_decoder.h"

#include "extent/block.h"
#include "extent/hex_codec.h"
#include "extent/int_codec.h"
#include "extent/pattern_reader.h"
#include "qd/base/check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

namespace qd::workspace::internal {

namespace {

using columns::Column;
using columns::ColumnPtr;
using columns::DataType;
using columns::Scalar;

constexpr std::array<double, 5> kScales = {1, 10, 100, 1000, 10000};

Error bad_part(const ExtentColumn& column, std::string_view what) {
    return {Code::DataLoss, "WSP0010",
            "stored column is damaged: " + std::string(what) + ", column " + column.name};
}

// What a decoded column owns.
struct Decoded {
    std::vector<std::uint64_t> values;  // fixed-width values, eight bytes aligned
    std::vector<std::uint32_t> words;   // offsets or codes
    std::vector<std::uint8_t> nulls;
    std::string heap;
    std::unique_ptr<BlockBytes> block;  // keeps bytes that are used where they lie
};

Result<std::vector<std::uint8_t>> read_nulls(std::string_view file, const ExtentColumn& column,
                                             const ColumnPart& part, std::uint32_t rows,
                                             bool verify) {
    std::vector<std::uint8_t> nulls;
    if (!part.null_block) {
        return nulls;
    }
    QD_TRY(const auto block, read_block_bytes(file, *part.null_block, verify));
    const std::string_view bits = block->bytes;
    if (bits.size() != (std::size_t{rows} + 7) / 8) {
        return bad_part(column, "null bits");
    }
    nulls.resize(rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
        nulls[i] =
            static_cast<std::uint8_t>((static_cast<unsigned char>(bits[i / 8]) >> (i % 8)) & 1U);
    }
    return nulls;
}

template <typename T>
std::span<T> typed(std::vector<std::uint64_t>& storage, std::size_t count) {
    storage.resize((count * sizeof(T) + 7) / 8);
    return {static_cast<T*>(static_cast<void*>(storage.data())), count};
}

bool decode_into(std::string_view bytes, DataType type, std::uint32_t rows,
                 std::vector<std::uint64_t>& storage) {
    switch (columns::fixed_width(type)) {
        case 1:
            return decode_integers(bytes, typed<std::uint8_t>(storage, rows));
        case 4:
            return decode_integers(bytes, typed<std::int32_t>(storage, rows));
        default:
            return decode_integers(bytes, typed<std::int64_t>(storage, rows));
    }
}

ColumnPtr fixed_column(DataType type, std::uint32_t rows, std::shared_ptr<Decoded> decoded) {
    const void* values = decoded->values.data();
    const std::span<const std::uint8_t> nulls(decoded->nulls);
    return Column::make_fixed(type, rows, values, nulls, std::move(decoded));
}

Result<ColumnPtr> decode_integer_part(std::string_view file, const ExtentColumn& column,
                                      const ColumnPart& part, std::uint32_t rows, bool verify) {
    if (part.blocks.size() != 1 || columns::is_bytes(column.type) ||
        columns::fixed_width(column.type) > 8 || column.type == DataType::Real) {
        return bad_part(column, "integer part");
    }
    auto decoded = std::make_shared<Decoded>();
    QD_TRY(decoded->nulls, read_nulls(file, column, part, rows, verify));
    QD_TRY(const auto block, read_block_bytes(file, part.blocks[0], verify));
    if (!decode_into(block->bytes, column.type, rows, decoded->values)) {
        return bad_part(column, "packed integers");
    }
    return fixed_column(column.type, rows, std::move(decoded));
}

Result<ColumnPtr> decode_scaled_part(std::string_view file, const ExtentColumn& column,
                                     const ColumnPart& part, std::uint32_t rows, bool verify) {
    if (part.blocks.size() != 1 || column.type != DataType::Real || part.scale >= kScales.size()) {
        return bad_part(column, "scaled reals");
    }
    auto decoded = std::make_shared<Decoded>();
    QD_TRY(decoded->nulls, read_nulls(file, column, part, rows, verify));
    QD_TRY(const auto block, read_block_bytes(file, part.blocks[0], verify));
    if (!decode_into(block->bytes, DataType::Long, rows, decoded->values)) {
        return bad_part(column, "packed integers");
    }
    const double scale = kScales[part.scale];
    for (std::uint64_t& word : decoded->values) {
        const double v = static_cast<double>(static_cast<std::int64_t>(word)) / scale;
        word = std::bit_cast<std::uint64_t>(v);
    }
    return fixed_column(column.type, rows, std::move(decoded));
}

Result<ColumnPtr> decode_fixed_part(std::string_view file, const ExtentColumn& column,
                                    const ColumnPart& part, std::uint32_t rows, bool verify) {
    if (part.blocks.size() != 1 || columns::is_bytes(column.type)) {
        return bad_part(column, "fixed part");
    }
    auto decoded = std::make_shared<Decoded>();
    QD_TRY(decoded->nulls, read_nulls(file, column, part, rows, verify));
    QD_TRY(const auto block, read_block_bytes(file, part.blocks[0], verify));
    const std::size_t size = columns::fixed_width(column.type) * rows;
    if (block->bytes.size() != size) {
        return bad_part(column, "fixed values");
    }
    decoded->values.resize((size + 7) / 8);
    std::memcpy(decoded->values.data(), block->bytes.data(), size);
    return fixed_column(column.type, rows, std::move(decoded));
}

ColumnPtr bytes_column(DataType type, std::shared_ptr<Decoded> decoded, const char* heap) {
    const std::span<const std::uint32_t> offsets(decoded->words);
    const std::span<const std::uint8_t> nulls(decoded->nulls);
    return Column::make_bytes(type, offsets, heap, nulls, std::move(decoded));
}

// Lengths and heap of `count` texts into decoded->words (as offsets) and decoded->block.
Status read_texts(std::string_view file, const ExtentColumn& column,
                  std::span<const BlockRef> blocks, std::uint32_t count, bool verify,
                  Decoded& decoded) {
    if (blocks.size() != 2) {
        return bad_part(column, "texts");
    }
    QD_TRY(const auto lengths, read_block_bytes(file, blocks[0], verify));
    decoded.words.resize(std::size_t{count} + 1);
    const std::span<std::uint32_t> out(decoded.words);
    if (!decode_integers(lengths->bytes, out.subspan(1))) {
        return bad_part(column, "text lengths");
    }
    std::uint64_t total = 0;
    for (std::size_t i = 1; i < out.size(); ++i) {
        total += out[i];
        if (total > std::numeric_limits<std::uint32_t>::max()) {
            return bad_part(column, "text lengths");
        }
        out[i] = static_cast<std::uint32_t>(total);
    }
    QD_TRY(decoded.block, read_block_bytes(file, blocks[1], verify));
    if (decoded.block->bytes.size() != total) {
        return bad_part(column, "text heap");
    }
    if (decoded.block->owned.empty()) {
        // Bytes that lie in the mapped file must not be needed after it is unmapped.
        decoded.block->owned = decoded.block->bytes;
        decoded.block->bytes = decoded.block->owned;
    }
    return {};
}

Result<ColumnPtr> decode_bytes_part(std::string_view file, const ExtentColumn& column,
                                    const ColumnPart& part, std::uint32_t rows, bool verify) {
    if (!columns::is_bytes(column.type)) {
        return bad_part(column, "text part");
    }
    auto decoded = std::make_shared<Decoded>();
    QD_TRY(decoded->nulls, read_nulls(file, column, part, rows, verify));
    QD_CHECK_OK(read_texts(file, column, part.blocks, rows, verify, *decoded));
    const char* heap = decoded->block->bytes.data();
    return bytes_column(column.type, std::move(decoded), heap);
}

Result<ColumnPtr> decode_hex_part(std::string_view file, const ExtentColumn& column,
                                  const ColumnPart& part, std::uint32_t rows,
                                  std::optional<std::span<const std::uint32_t>> wanted,
                                  bool verify) {
    if (!columns::is_bytes(column.type) || part.blocks.empty() || part.blocks.size() > 2) {
        return bad_part(column, "hex part");
    }
    auto decoded = std::make_shared<Decoded>();
    QD_TRY(decoded->nulls, read_nulls(file, column, part, rows, verify));
    QD_TRY(const auto digits, read_block_bytes(file, part.blocks[0], verify));
    std::unique_ptr<BlockBytes> present;
    if (part.blocks.size() == 2) {
        QD_TRY(present, read_block_bytes(file, part.blocks[1], verify));
    }
    if (!decode_hex(part.constant, present ? present->bytes : std::string_view(), digits->bytes,
                    rows, wanted, decoded->words, decoded->heap)) {
        return bad_part(column, "hex digits");
    }
    const char* heap = decoded->heap.data();
    return bytes_column(column.type, std::move(decoded), heap);
}

Result<ColumnPtr> decode_codes_part(std::string_view file, const ExtentColumn& column,
                                    const ColumnPart& part, std::uint32_t rows,
                                    const ColumnPtr& dictionary, bool verify) {
    if (!dictionary || part.blocks.size() != 1 || dictionary->type() != column.type) {
        return bad_part(column, "codes");
    }
    auto decoded = std::make_shared<Decoded>();
    QD_TRY(const auto block, read_block_bytes(file, part.blocks[0], verify));
    decoded->words.resize(rows);
    if (!decode_integers(block->bytes, std::span<std::uint32_t>(decoded->words))) {
        return bad_part(column, "packed codes");
    }
    std::uint32_t highest = 0;
    for (const std::uint32_t code : decoded->words) {
        highest = std::max(highest, code);
    }
    if (rows > 0 && highest >= dictionary->size()) {
        return bad_part(column, "code outside the dictionary");
    }
    const std::span<const std::uint32_t> codes(decoded->words);
    return Column::make_dictionary_view(dictionary, codes, std::move(decoded));
}

Result<ColumnPtr> decode_constant(const ExtentColumn& column, const ColumnPart& part,
                                  std::uint32_t rows) {
    if (columns::is_bytes(column.type)) {
        const Scalar value = column.type == DataType::String ? Scalar::of_string(part.constant)
                                                             : Scalar::of_variant(part.constant);
        return Column::make_constant(value, rows);
    }
    std::int64_t v = 0;
    if (part.constant.size() != sizeof v) {
        return bad_part(column, "constant");
    }
    std::memcpy(&v, part.constant.data(), sizeof v);
    switch (column.type) {
        case DataType::Bool:
            return Column::make_constant(Scalar::of_bool(v != 0), rows);
        case DataType::Int:
            return Column::make_constant(Scalar::of_int(static_cast<std::int32_t>(v)), rows);
        case DataType::Long:
            return Column::make_constant(Scalar::of_long(v), rows);
        case DataType::DateTime:
            return Column::make_constant(Scalar::of_datetime(v), rows);
        case DataType::TimeSpan:
            return Column::make_constant(Scalar::of_timespan(v), rows);
        case DataType::Real:
        case DataType::Decimal:
        case DataType::String:
        case DataType::Guid:
        case DataType::Dynamic:
            break;
    }
    return bad_part(column, "constant");
}

}  // namespace

Result<ColumnPtr> decode_dictionary(std::string_view file, const ExtentColumn& column,
                                    bool verify) {
    if (!columns::is_bytes(column.type) || column.dictionary_entries == 0) {
        return bad_part(column, "dictionary");
    }
    auto decoded = std::make_shared<Decoded>();
    QD_CHECK_OK(read_texts(file, column, column.dictionary_blocks, column.dictionary_entries,
                           verify, *decoded));
    if (column.dictionary_has_null) {
        decoded->nulls.assign(column.dictionary_entries, 0);
        decoded->nulls[0] = 1;
    }
    const char* heap = decoded->block->bytes.data();
    return bytes_column(column.type, std::move(decoded), heap);
}

Result<ColumnPtr> decode_part(std::string_view file, const ExtentColumn& column,
                              const ColumnPart& part, std::uint32_t rows,
                              const ColumnPtr& dictionary, bool verify) {
    switch (part.encoding) {
        case Encoding::Absent:
            return Column::make_constant(Scalar::null_of(column.type), rows);
        case Encoding::Constant:
            return decode_constant(column, part, rows);
        case Encoding::Integers:
            return decode_integer_part(file, column, part, rows, verify);
        case Encoding::ScaledReal:
            return decode_scaled_part(file, column, part, rows, verify);
        case Encoding::Fixed:
            return decode_fixed_part(file, column, part, rows, verify);
        case Encoding::Bytes:
            return decode_bytes_part(file, column, part, rows, verify);
        case Encoding::Codes:
            return decode_codes_part(file, column, part, rows, dictionary, verify);
        case Encoding::Hex:
            return decode_hex_part(file, column, part, rows, std::nullopt, verify);
        case Encoding::Pattern: {
            QD_TRY(PatternReader reader,
                   PatternReader::open(file, column, part, rows, dictionary, verify));
            return reader.read();
        }
    }
    return bad_part(column, "encoding");
}

namespace {

/// From here on unpacking everything and choosing is quicker.
constexpr std::size_t kSparse = 8;

/// Integers or codes of the wanted rows. False: the bytes must be unpacked whole.
bool sparse_integers(const ColumnPart& part, std::uint32_t part_rows,
                     std::span<const std::uint32_t> rows) {
    return rows.size() * kSparse < part_rows && !part.null_block &&
           (part.encoding == Encoding::Integers || part.encoding == Encoding::Codes) &&
           part.blocks.size() == 1;
}

template <typename T>
ColumnPtr narrowed(DataType type, std::span<const std::int64_t> values) {
    auto decoded = std::make_shared<Decoded>();
    const std::span<T> out = typed<T>(decoded->values, values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        out[i] = static_cast<T>(values[i]);
    }
    return fixed_column(type, static_cast<std::uint32_t>(values.size()), std::move(decoded));
}

Result<ColumnPtr> codes_at(const ExtentColumn& column, std::span<const std::int64_t> values,
                           const ColumnPtr& dictionary) {
    std::vector<std::uint32_t> codes;
    codes.reserve(values.size());
    for (const std::int64_t v : values) {
        if (v < 0 || v >= static_cast<std::int64_t>(dictionary->size())) {
            return bad_part(column, "code outside the dictionary");
        }
        codes.push_back(static_cast<std::uint32_t>(v));
    }
    return Column::make_dictionary(dictionary, std::move(codes));
}

}  // namespace

Result<ColumnPtr> decode_rows(std::string_view file, const ExtentColumn& column,
                              const ColumnPart& part, std::uint32_t part_rows,
                              const ColumnPtr& dictionary, std::span<const std::uint32_t> rows,
                              bool verify) {
    if (rows.size() == part_rows) {
        return decode_part(file, column, part, part_rows, dictionary, verify);
    }
    const auto count = static_cast<std::uint32_t>(rows.size());
    if (part.encoding == Encoding::Absent || part.encoding == Encoding::Constant) {
        return decode_part(file, column, part, count, dictionary, verify);
    }
    const bool codes = part.encoding == Encoding::Codes;
    const bool texts = columns::is_bytes(column.type);
    const std::size_t width = texts ? 0 : columns::fixed_width(column.type);
    const bool fits = codes ? dictionary && dictionary->type() == column.type
                            : !texts && column.type != DataType::Real && width <= 8;
    if (sparse_integers(part, part_rows, rows) && fits) {
        QD_TRY(const auto block, read_block_bytes(file, part.blocks[0], verify));
        std::vector<std::int64_t> values(rows.size());
        if (!decode_integers_at(block->bytes, part_rows, rows, values)) {
            return bad_part(column, "packed integers");
        }
        if (codes) {
            return codes_at(column, values, dictionary);
        }
        return width == 1   ? narrowed<std::uint8_t>(column.type, values)
               : width == 4 ? narrowed<std::int32_t>(column.type, values)
                            : narrowed<std::int64_t>(column.type, values);
    }
    if (part.encoding == Encoding::Hex && !part.null_block) {
        return decode_hex_part(file, column, part, part_rows, rows, verify);
    }
    if (part.encoding == Encoding::Pattern) {
        QD_TRY(PatternReader reader,
               PatternReader::open(file, column, part, part_rows, dictionary, verify));
        return reader.read(rows);
    }
    QD_TRY(const ColumnPtr whole, decode_part(file, column, part, part_rows, dictionary, verify));
    return columns::gather(whole, rows);
}

Result<std::optional<std::vector<std::uint32_t>>> find_equal(std::string_view file,
                                                             const ExtentColumn& column,
                                                             const ColumnPart& part,
                                                             std::uint32_t rows,
                                                             std::string_view text, bool verify) {
    std::optional<std::vector<std::uint32_t>> found;
    if (part.encoding != Encoding::Hex || column.type != DataType::String || text.empty() ||
        part.blocks.empty() || part.blocks.size() > 2) {
        return found;
    }
    QD_TRY(const auto digits, read_block_bytes(file, part.blocks[0], verify));
    std::unique_ptr<BlockBytes> present;
    if (part.blocks.size() == 2) {
        QD_TRY(present, read_block_bytes(file, part.blocks[1], verify));
    }
    found.emplace();
    if (!find_hex(part.constant, present ? present->bytes : std::string_view(), digits->bytes, rows,
                  text, *found)) {
        return bad_part(column, "hex digits");
    }
    return found;
}

}  // namespace qd::workspace::internal
