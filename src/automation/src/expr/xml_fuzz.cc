#include "expr/xml_json.h"
#include "expr/xml_path.h"
#include "expr/xml_tree.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

/// Any text is a document or an error; what is written of a document reads back to the same text,
/// and its JSON becomes a document again or is refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace expr = qd::automation::expr;
    const void* bytes = data;
    const std::string text(static_cast<const char*>(bytes), size);
    const auto document = expr::parse_xml(text);
    if (!document.ok()) {
        return 0;
    }
    const std::string written = expr::write_xml(document.value());
    const auto again = expr::parse_xml(written);
    if (again.ok() && expr::write_xml(again.value()) != written) {
        std::abort();
    }
    const qd::Value json = expr::xml_to_json(document.value());
    const auto back = expr::json_to_xml(*json.if_object());
    static_cast<void>(back.ok());
    static_cast<void>(expr::find_xpath(document.value(), text.substr(0, 40)).ok());
    return 0;
}
