#include "extent/format.h"

#include "extent/byte_io.h"
#include "qd/workspace/limits.h"

namespace qd::workspace::internal {

namespace {

constexpr std::size_t kBlocksMax = 8;
constexpr std::uint64_t kRawBlockMax = std::uint64_t{4} << 30;

void write_block(ByteWriter& w, const BlockRef& block) {
    w.varint(block.offset);
    w.varint(block.stored_bytes);
    w.varint(block.raw_bytes);
    w.fixed(static_cast<std::uint8_t>(block.compression));
    w.fixed(block.checksum);
}

bool read_block(ByteReader& r, std::uint64_t file_bytes, BlockRef& block) {
    block.offset = r.varint();
    block.stored_bytes = r.varint();
    block.raw_bytes = r.varint();
    const auto compression = r.fixed<std::uint8_t>();
    block.checksum = r.fixed<std::uint64_t>();
    block.compression = static_cast<Compression>(compression);
    return r.ok() && compression <= 2 && block.offset <= file_bytes &&
           block.stored_bytes <= file_bytes - block.offset && block.raw_bytes <= kRawBlockMax;
}

void write_blocks(ByteWriter& w, const std::vector<BlockRef>& blocks) {
    w.varint(blocks.size());
    for (const BlockRef& block : blocks) {
        write_block(w, block);
    }
}

bool read_blocks(ByteReader& r, std::uint64_t file_bytes, std::vector<BlockRef>& blocks) {
    const std::uint64_t count = r.varint();
    if (!r.ok() || count > kBlocksMax) {
        return false;
    }
    blocks.resize(count);
    for (BlockRef& block : blocks) {
        if (!read_block(r, file_bytes, block)) {
            return false;
        }
    }
    return true;
}

void write_optional(ByteWriter& w, const std::optional<BlockRef>& block) {
    w.fixed(static_cast<std::uint8_t>(block ? 1 : 0));
    if (block) {
        write_block(w, *block);
    }
}

bool read_optional(ByteReader& r, std::uint64_t file_bytes, std::optional<BlockRef>& block) {
    if (r.fixed<std::uint8_t>() == 0) {
        return true;
    }
    block.emplace();
    return read_block(r, file_bytes, *block);
}

void write_part(ByteWriter& w, const ColumnPart& part, std::uint32_t version) {
    w.fixed(static_cast<std::uint8_t>(part.encoding));
    w.fixed(part.scale);
    w.varint(part.null_count);
    w.bytes(part.constant);
    write_blocks(w, part.blocks);
    write_optional(w, part.null_block);
    if (version > 1) {
        write_optional(w, part.index_block);
    }
    w.bytes(part.least);
    w.bytes(part.greatest);
}

bool read_part(ByteReader& r, std::uint64_t file_bytes, std::uint32_t version, ColumnPart& part) {
    const auto encoding = r.fixed<std::uint8_t>();
    part.encoding = static_cast<Encoding>(encoding);
    part.scale = r.fixed<std::uint8_t>();
    part.null_count = static_cast<std::uint32_t>(r.varint());
    part.constant = r.bytes();
    if (encoding > static_cast<std::uint8_t>(Encoding::Pattern) ||
        !read_blocks(r, file_bytes, part.blocks)) {
        return false;
    }
    if (!read_optional(r, file_bytes, part.null_block) ||
        (version > 1 && !read_optional(r, file_bytes, part.index_block)) ||
        (part.index_block && part.index_block->compression != Compression::None)) {
        return false;
    }
    part.least = r.bytes();
    part.greatest = r.bytes();
    return r.ok();
}

bool read_column(ByteReader& r, std::uint64_t file_bytes, std::size_t groups, std::uint32_t version,
                 ExtentColumn& column) {
    column.name = r.bytes();
    const auto type = r.fixed<std::uint8_t>();
    column.type = static_cast<columns::DataType>(type);
    column.parent = r.bytes();
    column.path = r.bytes();
    column.dictionary_entries = r.fixed<std::uint32_t>();
    column.dictionary_has_null = r.fixed<std::uint8_t>() != 0;
    if (!r.ok() || type > static_cast<std::uint8_t>(columns::DataType::Dynamic) ||
        column.dictionary_entries > kExtentRowsMax + 1 ||
        !read_blocks(r, file_bytes, column.dictionary_blocks)) {
        return false;
    }
    column.parts.resize(groups);
    for (ColumnPart& part : column.parts) {
        if (!read_part(r, file_bytes, version, part)) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::string encode_footer(const ExtentFooter& footer, std::uint32_t version) {
    std::string out;
    ByteWriter w(out);
    w.varint(footer.rows);
    w.varint(footer.last_sequence);
    w.varint(footer.group_rows.size());
    for (const std::uint32_t rows : footer.group_rows) {
        w.varint(rows);
    }
    w.varint(footer.columns.size());
    for (const ExtentColumn& column : footer.columns) {
        w.bytes(column.name);
        w.fixed(static_cast<std::uint8_t>(column.type));
        w.bytes(column.parent);
        w.bytes(column.path);
        w.fixed(column.dictionary_entries);
        w.fixed(static_cast<std::uint8_t>(column.dictionary_has_null ? 1 : 0));
        write_blocks(w, column.dictionary_blocks);
        for (const ColumnPart& part : column.parts) {
            write_part(w, part, version);
        }
    }
    return out;
}

std::optional<ExtentFooter> decode_footer(std::string_view bytes, std::uint64_t file_bytes,
                                          std::uint32_t version) {
    ByteReader r(bytes);
    ExtentFooter footer;
    footer.rows = r.varint();
    footer.last_sequence = r.varint();
    const std::uint64_t groups = r.varint();
    if (!r.ok() || footer.rows > kExtentRowsMax || groups > r.remaining()) {
        return std::nullopt;
    }
    std::uint64_t rows = 0;
    for (std::uint64_t i = 0; i < groups; ++i) {
        const std::uint64_t in_group = r.varint();
        if (in_group == 0 || in_group > kRowGroupRows) {
            return std::nullopt;
        }
        footer.group_rows.push_back(static_cast<std::uint32_t>(in_group));
        rows += in_group;
    }
    const std::uint64_t columns = r.varint();
    // Every part takes several bytes, so the products below are bounded by the footer's size.
    if (!r.ok() || rows != footer.rows || columns > r.remaining() ||
        columns * (groups + 1) > r.remaining()) {
        return std::nullopt;
    }
    footer.columns.resize(columns);
    for (ExtentColumn& column : footer.columns) {
        if (!read_column(r, file_bytes, footer.group_rows.size(), version, column)) {
            return std::nullopt;
        }
    }
    if (!r.ok() || r.remaining() != 0) {
        return std::nullopt;
    }
    return footer;
}

}  // namespace qd::workspace::internal
