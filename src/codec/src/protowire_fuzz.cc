#include "qd/base/check.h"
#include "qd/codec/protowire.h"

#include <cstddef>
#include <cstdint>

namespace {

/// Reads every field as its wire type says, and bytes as messages too.
std::size_t read_all(std::string_view message, int depth) {
    qd::codec::ProtoReader reader(message);
    std::size_t read = 0;
    while (reader.next()) {
        ++read;
        switch (reader.wire_type()) {
            case 0:
                static_cast<void>(reader.zigzag());
                break;
            case 1:
                static_cast<void>(reader.float64());
                break;
            case 2: {
                const std::string_view bytes = reader.bytes();
                QD_CHECK(bytes.size() <= message.size());
                read += depth < 20 ? read_all(bytes, depth + 1) : 0;
                break;
            }
            case 5:
                static_cast<void>(reader.fixed32());
                break;
            default:
                QD_CHECK(false);
        }
    }
    QD_CHECK(read <= message.size() * 21);
    return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const void* bytes = data;
    static_cast<void>(read_all({static_cast<const char*>(bytes), size}, 0));
    return 0;
}
