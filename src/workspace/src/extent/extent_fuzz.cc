// Feeds any bytes to the extent reader, checksums off, and reads every cell.
#include "extent/extent.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace qd::workspace::internal;  // NOLINT: the one function of this program
    const std::string_view bytes(static_cast<const char*>(static_cast<const void*>(data)), size);
    auto extent = Extent::open(bytes, nullptr, "fuzz", false);
    if (!extent.ok()) {
        return 0;
    }
    DictionaryCache cache(extent.value());
    for (const ExtentColumn& column : extent.value()->footer().columns) {
        for (std::size_t g = 0; g < extent.value()->footer().group_rows.size(); ++g) {
            auto part = cache.read(column, g);
            if (!part.ok()) {
                continue;
            }
            for (std::uint32_t i = 0; i < part.value()->size(); i += 101) {
                static_cast<void>(part.value()->scalar_at(i));
            }
        }
    }
    return 0;
}
