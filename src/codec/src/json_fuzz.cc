#include "qd/base/check.h"
#include "qd/codec/json.h"

#include <cstddef>
#include <cstdint>

/// What parses must print, and what is printed must parse to the same text again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const void* bytes = data;
    const auto value = qd::codec::parse_json({static_cast<const char*>(bytes), size});
    if (value.ok()) {
        const std::string text = qd::codec::to_json(value.value());
        const auto again = qd::codec::parse_json(text);
        QD_CHECK(again.ok());
        QD_CHECK(qd::codec::to_json(again.value()) == text);
        QD_CHECK(qd::codec::parse_json(qd::codec::to_pretty_json(value.value())).ok());
    } else {
        QD_CHECK(value.error().span().value_or(qd::TextSpan()).offset <= size);
    }
    return 0;
}
