#include "qd/automation/expression.h"
#include "qd/codec/json.h"

#include <cstddef>
#include <cstdint>
#include <string>

/// Any text is a template: it compiles and evaluates, or fails with an error, within its bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const void* bytes = data;
    const std::string text(static_cast<const char*>(bytes), size);
    const auto compiled = qd::automation::Template::compile(qd::Value("@" + text));
    if (compiled.ok()) {
        const auto context = qd::automation::make_empty_context();
        const auto value = compiled.value().evaluate(*context);
        if (value.ok()) {
            qd::codec::to_json(value.value());
        }
    }
    qd::automation::Template::compile_condition(qd::Value(text)).ignore("only must not crash");
    return 0;
}
