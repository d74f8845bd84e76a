#include "extent/block.h"

#include "qd/codec/compress.h"

#include <xxhash.h>

namespace qd::workspace::internal {

std::uint64_t checksum_of(std::string_view bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

BlockRef append_block(std::string& out, std::string_view raw, Effort effort) {
    BlockRef block;
    block.offset = out.size();
    block.raw_bytes = raw.size();
    constexpr std::size_t kCompressMin = 64;
    if (effort != Effort::None && raw.size() >= kCompressMin) {
        const std::string packed = codec::zstd_compress(raw, effort == Effort::Small ? 3 : 1);
        if (packed.size() < raw.size() - raw.size() / 8) {
            block.compression = Compression::Zstd;
            block.stored_bytes = packed.size();
            block.checksum = checksum_of(packed);
            out += packed;
            return block;
        }
    }
    block.stored_bytes = raw.size();
    block.checksum = checksum_of(raw);
    out += raw;
    return block;
}

namespace {

Error damaged(const BlockRef& block, std::string_view what) {
    return {Code::DataLoss, "WSP0010",
            "stored block is damaged: " + std::string(what) + ", offset " +
                std::to_string(block.offset) + ", bytes " + std::to_string(block.stored_bytes)};
}

}  // namespace

Result<std::unique_ptr<BlockBytes>> read_block_bytes(std::string_view file, const BlockRef& block,
                                                     bool verify) {
    if (block.offset > file.size() || block.stored_bytes > file.size() - block.offset) {
        return damaged(block, "outside the file");
    }
    auto out = std::make_unique<BlockBytes>();
    const std::string_view stored = file.substr(block.offset, block.stored_bytes);
    if (verify && checksum_of(stored) != block.checksum) {
        return damaged(block, "checksum");
    }
    switch (block.compression) {
        case Compression::None:
            out->bytes = stored;
            break;
        case Compression::Zstd: {
            auto raw = codec::zstd_decompress(stored, block.raw_bytes);
            if (!raw.ok()) {
                return damaged(block, "compression");
            }
            out->owned = std::move(raw).value();
            out->bytes = out->owned;
            break;
        }
        case Compression::Lz4: {
            if (block.raw_bytes / 255 > block.stored_bytes) {  // LZ4 cannot expand further
                return damaged(block, "length");
            }
            auto raw = codec::lz4_decompress(stored, block.raw_bytes);
            if (!raw.ok()) {
                return damaged(block, "compression");
            }
            out->owned = std::move(raw).value();
            out->bytes = out->owned;
            break;
        }
    }
    if (out->bytes.size() != block.raw_bytes) {
        return damaged(block, "length");
    }
    return out;
}

}  // namespace qd::workspace::internal
