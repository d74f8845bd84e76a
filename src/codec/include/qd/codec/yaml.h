#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "qd/base/result.h"
#include "qd/codec/value.h"

namespace qd::codec {

/// A place in a YAML text, both from 1.
struct YamlPosition {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

/// One document: the value, and where each part of it was written.
class YamlDocument {
  public:
    Value root;
    /// Position of the node a JSON Pointer (RFC 6901) names; {0,0} when there is none.
    YamlPosition position(std::string_view json_pointer) const;
    std::vector<std::pair<std::string, YamlPosition>> positions;  // sorted by pointer
};

struct YamlLimits {
    std::size_t depth_max = 1000;
    std::size_t nodes_max = 2'000'000;  // after alias expansion
    std::size_t documents_max = 100'000;
    bool refuse_duplicate_keys = false;
};

/// All documents of a stream, scalars resolved by the rules Kubernetes' tooling uses (YAML 1.1
/// booleans, leading-zero octal, quoted means string, `<<` in document order).
/// Errors: InvalidArgument COD0011 "line L, column C: …".
Result<std::vector<YamlDocument>> parse_yaml(std::string_view text, YamlLimits limits = {});

}  // namespace qd::codec
