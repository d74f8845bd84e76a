#pragma once

#include "extent/format.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What the encodings of texts share.
namespace qd::workspace::internal {

std::uint32_t count_nulls(std::span<const std::uint8_t> nulls);
/// A bit a row when there are any; sets the part's count.
void write_nulls(std::string& out, ColumnPart& part, std::span<const std::uint8_t> nulls);

/// The bounds of a row group; nulls take no part.
void set_text_bounds(ColumnPart& part, std::string_view low, std::string_view high);

/// Appends the blocks of lengths and bytes.
void append_texts(std::string& out, std::vector<BlockRef>& blocks,
                  std::span<const std::string_view> texts);

}  // namespace qd::workspace::internal
