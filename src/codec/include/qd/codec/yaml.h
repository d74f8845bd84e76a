#pragma once

#include "qd/base/result.h"
#include "qd/codec/value.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace qd::codec {

/// A place in a YAML text, both from 1; columns count characters.
struct YamlPosition {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    bool operator==(const YamlPosition&) const = default;
};

/// Where a value was written; children in the order of the value's elements or properties.
struct YamlMark {
    YamlPosition at;
    std::vector<YamlMark> children;
};

/// One document: the value, and where each part of it was written. What an alias stands for lies
/// where the alias is, the parts of it where its anchor is.
class YamlDocument {
  public:
    Value root;
    YamlMark mark;  // shaped like root
    /// Position of the node a JSON Pointer (RFC 6901) names; {0,0} when there is none.
    YamlPosition position(std::string_view json_pointer) const;
};

struct YamlLimits {
    std::size_t depth_max = 1000;            // after alias expansion
    std::size_t nodes_max = 2'000'000;       // of all documents, after alias expansion
    std::size_t alias_bytes_max = 64 << 20;  // text that aliases may copy
    std::size_t documents_max = 100'000;
    bool refuse_duplicate_keys = false;
};

/// All documents of a stream, scalars resolved by the rules Kubernetes' tooling uses (YAML 1.1
/// booleans, leading-zero octal, quoted means string, `<<` in document order). A text of blanks
/// and comments has no document, "---" one with null.
/// Errors: InvalidArgument COD0011 "line L, column C: …"; COD0012 in the same form when a limit is
/// passed.
Result<std::vector<YamlDocument>> parse_yaml(std::string_view text, YamlLimits limits = {});

}  // namespace qd::codec
