#include "qd/base/check.h"
#include "qd/codec/json.h"
#include "qd/codec/yaml.h"

#include <cstddef>
#include <cstdint>

namespace {

void check_shape(const qd::Value& value, const qd::codec::YamlMark& mark) {
    QD_CHECK(mark.at.line > 0 && mark.at.column > 0);
    if (const qd::Array* array = value.if_array()) {
        QD_CHECK(array->size() == mark.children.size());
        for (std::size_t i = 0; i < array->size(); ++i) {
            check_shape((*array)[i], mark.children[i]);
        }
    } else if (const qd::Object* object = value.if_object()) {
        QD_CHECK(object->size() == mark.children.size());
        std::size_t i = 0;
        for (const auto& [key, child] : *object) {
            check_shape(child, mark.children[i++]);
        }
    } else {
        QD_CHECK(mark.children.empty());
    }
}

}  // namespace

/// Every value has its mark, and is one that JSON can carry.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const void* bytes = data;
    const auto documents = qd::codec::parse_yaml({static_cast<const char*>(bytes), size},
                                                 {.depth_max = 200, .nodes_max = 20'000});
    if (!documents.ok()) {
        QD_CHECK(documents.error().message().rfind("line ", 0) == 0);
        return 0;
    }
    for (const qd::codec::YamlDocument& document : documents.value()) {
        if (document.mark.at.line != 0) {
            check_shape(document.root, document.mark);
        }
        QD_CHECK(qd::codec::parse_json(qd::codec::to_json(document.root)).ok());
    }
    return 0;
}
