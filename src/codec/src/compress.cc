// Whole-buffer compression: libdeflate for gzip and zlib (six times zlib's speed on request
// bodies), zstd and LZ4 for storage. The only file that knows the three libraries.
//
// libdeflate wants the output size beforehand; gzip's trailer names it modulo 2^32 and may lie. So
// the output buffer starts at a guess and doubles up to the limit: a bomb costs at most size_max.
#include "qd/codec/compress.h"

#include "qd/base/check.h"

#include <libdeflate.h>
#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>

namespace qd::codec {

namespace {

struct FreeDecompressor {
    void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};
struct FreeCompressor {
    void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
};

Error malformed(std::string_view format) {
    return Error(Code::InvalidArgument, "COD0041",
                 "malformed compressed data: format=" + std::string(format));
}
Error too_large(std::size_t size_max) {
    return Error(Code::ResourceExhausted, "COD0042",
                 "decompressed data is too large: size_max=" + std::to_string(size_max));
}

constexpr int kWindowLogLeast = 23;
constexpr int kWindowLogMost = 27;

using Inflate = libdeflate_result (*)(libdeflate_decompressor*, const void*, std::size_t, void*,
                                      std::size_t, std::size_t*, std::size_t*);

/// Inflates one member, or all that follow each other when `members`.
Result<std::string> inflate_all(Inflate inflate, std::string_view format,
                                std::string_view compressed, std::size_t size_max, bool members) {
    const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
        libdeflate_alloc_decompressor());
    QD_CHECK(decompressor != nullptr);
    // The buffer only ever grows, by doubling, however many members there are: a body of a million
    // empty members must not cost a million large buffers.
    std::string out(std::min(std::max<std::size_t>(compressed.size() * 4, 4096), size_max), '\0');
    std::size_t used = 0;
    do {
        std::size_t read = 0;
        std::size_t wrote = 0;
        const libdeflate_result result =
            inflate(decompressor.get(), compressed.data(), compressed.size(), out.data() + used,
                    out.size() - used, &read, &wrote);
        if (result == LIBDEFLATE_SUCCESS) {
            used += wrote;
            compressed.remove_prefix(read);
        } else if (result != LIBDEFLATE_INSUFFICIENT_SPACE) {
            return malformed(format);
        } else if (out.size() >= size_max) {
            return too_large(size_max);
        } else {
            out.resize(out.size() < size_max / 2 ? out.size() * 2 : size_max);
            continue;
        }
        if (!members) {
            break;
        }
    } while (!compressed.empty());
    out.resize(used);
    return out;
}

std::string deflate_with(std::string_view bytes, int level,
                         std::size_t (*bound)(libdeflate_compressor*, std::size_t),
                         std::size_t (*compress)(libdeflate_compressor*, const void*, std::size_t,
                                                 void*, std::size_t)) {
    const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
        libdeflate_alloc_compressor(level));
    QD_CHECK(compressor != nullptr);
    std::string out(bound(compressor.get(), bytes.size()), '\0');
    out.resize(compress(compressor.get(), bytes.data(), bytes.size(), out.data(), out.size()));
    return out;
}

}  // namespace

Result<std::string> gunzip(std::string_view compressed, std::size_t size_max) {
    return inflate_all(libdeflate_gzip_decompress_ex, "gzip", compressed, size_max, true);
}

Result<std::string> zlib_inflate(std::string_view compressed, std::size_t size_max) {
    return inflate_all(libdeflate_zlib_decompress_ex, "zlib", compressed, size_max, false);
}

std::string gzip(std::string_view bytes, int level) {
    return deflate_with(bytes, level, libdeflate_gzip_compress_bound, libdeflate_gzip_compress);
}

std::string zlib_deflate(std::string_view bytes, int level) {
    return deflate_with(bytes, level, libdeflate_zlib_compress_bound, libdeflate_zlib_compress);
}

std::string zstd_compress(std::string_view bytes, int level) {
    std::string out(ZSTD_compressBound(bytes.size()), '\0');
    const std::size_t size =
        ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level);
    QD_CHECK(ZSTD_isError(size) == 0);
    out.resize(size);
    return out;
}

namespace {

/// Making a context costs more than a small block: each thread keeps one.
ZSTD_DCtx* thread_context() {
    thread_local const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(
        ZSTD_createDCtx(), ZSTD_freeDCtx);
    return context.get();
}

}  // namespace

Result<std::string> zstd_decompress(std::string_view compressed, std::size_t size_max) {
    // One frame that says it is as long as it may be: the usual block, unpacked in one go.
    if (size_max > 0 &&
        ZSTD_getFrameContentSize(compressed.data(), compressed.size()) == size_max) {
        std::string whole(size_max, '\0');
        ZSTD_DCtx* context = thread_context();
        QD_CHECK(context != nullptr);
        const std::size_t wrote = ZSTD_decompressDCtx(context, whole.data(), whole.size(),
                                                      compressed.data(), compressed.size());
        if (ZSTD_isError(wrote) == 0 && wrote == size_max) {
            return whole;
        }
    }
    const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                          ZSTD_freeDCtx);
    QD_CHECK(context != nullptr);
    // A frame of a few bytes may ask for a window of 128 MiB; more than the output may ever be is
    // refused, but not the 8 MiB that RFC 8878 wants every decoder to support.
    const int window_log =
        std::clamp(static_cast<int>(std::bit_width(size_max)), kWindowLogLeast, kWindowLogMost);
    const std::size_t set = ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, window_log);
    QD_CHECK(ZSTD_isError(set) == 0);
    std::string out;
    const unsigned long long stated =
        ZSTD_getFrameContentSize(compressed.data(), compressed.size());
    if (stated == ZSTD_CONTENTSIZE_ERROR) {
        return malformed("zstd");
    }
    if (stated != ZSTD_CONTENTSIZE_UNKNOWN && stated > size_max) {
        return too_large(size_max);
    }
    ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
    std::size_t room =
        stated != ZSTD_CONTENTSIZE_UNKNOWN ? static_cast<std::size_t>(stated) : 65536;
    out.resize(std::max<std::size_t>(std::min(room, size_max), 1));
    ZSTD_outBuffer sink{out.data(), out.size(), 0};
    while (true) {
        const std::size_t rest = ZSTD_decompressStream(context.get(), &sink, &in);
        if (ZSTD_isError(rest) != 0) {
            return malformed("zstd");
        }
        if (rest == 0 && in.pos == in.size) {
            if (sink.pos > size_max) {
                return too_large(size_max);
            }
            out.resize(sink.pos);
            return out;
        }
        if (sink.pos < sink.size) {
            if (in.pos == in.size) {
                return malformed("zstd");
            }
            continue;
        }
        if (sink.size >= size_max) {
            return too_large(size_max);
        }
        out.resize(std::min(out.size() * 2, size_max));
        sink = {out.data(), out.size(), sink.pos};
    }
}

std::string lz4_compress(std::string_view bytes) {
    QD_CHECK(bytes.size() <= LZ4_MAX_INPUT_SIZE);
    const int size = static_cast<int>(bytes.size());
    std::string out(static_cast<std::size_t>(LZ4_compressBound(size)), '\0');
    const int wrote =
        LZ4_compress_default(bytes.data(), out.data(), size, static_cast<int>(out.size()));
    QD_CHECK(wrote > 0 || bytes.empty());
    out.resize(static_cast<std::size_t>(wrote));
    return out;
}

Result<std::string> lz4_decompress(std::string_view compressed, std::size_t size_bytes) {
    // A block expands at most 255 times: a size that claims more is damage, not a reason to
    // allocate it.
    if (size_bytes > LZ4_MAX_INPUT_SIZE ||
        compressed.size() > LZ4_COMPRESSBOUND(LZ4_MAX_INPUT_SIZE) ||
        size_bytes / 256 > compressed.size()) {
        return Error(Code::DataLoss, "COD0043", "LZ4 block does not decompress to its size");
    }
    std::string out(size_bytes, '\0');
    const int wrote =
        LZ4_decompress_safe(compressed.data(), out.data(), static_cast<int>(compressed.size()),
                            static_cast<int>(size_bytes));
    if (wrote < 0 || static_cast<std::size_t>(wrote) != size_bytes) {
        return Error(Code::DataLoss, "COD0043", "LZ4 block does not decompress to its size");
    }
    return out;
}

}  // namespace qd::codec
