#pragma once

#include "extent/format.h"
#include "qd/base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace qd::workspace::internal {

/// How hard to try; whatever does not shrink by an eighth stays as it is, because reading it then
/// costs nothing.
enum class Effort : std::uint8_t { None, Fast, Small };

/// Appends the block to `out`; its offset is the place in `out` (the caller shifts it to the
/// place in the file).
BlockRef append_block(std::string& out, std::string_view raw, Effort effort);

std::uint64_t checksum_of(std::string_view bytes);

/// Bytes of a block: inside the file when it is stored as it is, else decompressed into `owned`.
struct BlockBytes {
    std::string_view bytes;
    std::string owned;
};

/// Checks the checksum, then decompresses. `verify` false is for fuzzing what lies behind it.
/// Errors: DataLoss WSP0010 with the block's offset.
Result<std::unique_ptr<BlockBytes>> read_block_bytes(std::string_view file, const BlockRef& block,
                                                     bool verify);

}  // namespace qd::workspace::internal
