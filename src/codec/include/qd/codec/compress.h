#pragma once

#include "qd/base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace qd::codec {

/// Inflates a gzip body, concatenated members included.
/// Errors: InvalidArgument COD0041 malformed; ResourceExhausted COD0042 when the output would
/// pass size_max (checked while inflating, so a bomb costs at most size_max).
Result<std::string> gunzip(std::string_view compressed, std::size_t size_max);
Result<std::string> zlib_inflate(std::string_view compressed, std::size_t size_max);
/// level 1..12 (libdeflate's).
std::string gzip(std::string_view bytes, int level = 6);
std::string zlib_deflate(std::string_view bytes, int level = 6);

std::string zstd_compress(std::string_view bytes, int level = 1);
Result<std::string> zstd_decompress(std::string_view compressed, std::size_t size_max);

std::string lz4_compress(std::string_view bytes);
/// Errors: DataLoss COD0043.
Result<std::string> lz4_decompress(std::string_view compressed, std::size_t size_bytes);

}  // namespace qd::codec
