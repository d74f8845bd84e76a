#include "qd/base/check.h"
#include "qd/codec/compress.h"

#include <cstddef>
#include <cstdint>

/// The first byte chooses the decompressor; none may pass its limit. As plain bytes the input must
/// survive a round trip.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kLimit = 1 << 20;
    if (size == 0) {
        return 0;
    }
    const void* bytes = data;
    const std::string_view input(static_cast<const char*>(bytes) + 1, size - 1);
    qd::Result<std::string> out = std::string();
    switch (data[0] % 4) {
        case 0:
            out = qd::codec::gunzip(input, kLimit);
            break;
        case 1:
            out = qd::codec::zlib_inflate(input, kLimit);
            break;
        case 2:
            out = qd::codec::zstd_decompress(input, kLimit);
            break;
        default:
            out = qd::codec::lz4_decompress(input, 4'096);
            break;
    }
    QD_CHECK(!out.ok() || out.value().size() <= kLimit);
    QD_CHECK(qd::codec::gunzip(qd::codec::gzip(input, 1), input.size()).value() == input);
    QD_CHECK(qd::codec::zstd_decompress(qd::codec::zstd_compress(input), input.size()).value() ==
             input);
    return 0;
}
