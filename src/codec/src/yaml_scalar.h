#pragma once

#include "qd/codec/value.h"

#include <optional>
#include <string>
#include <string_view>

namespace qd::codec::internal {

/// What a plain scalar means to the Go YAML library (yaml.v2) that Kubernetes' tooling is built
/// on: null, bool, int, float or text. Dates stay text, base 60 is no number.
Value resolve_plain_scalar(std::string_view text);

/// The same under an explicit core tag ("tag:yaml.org,2002:int"), for any style; nothing when the
/// text is none of that type. A tag that is not one of the core ones leaves the text as it is.
std::optional<Value> resolve_tagged_scalar(std::string_view tag, std::string_view text);

/// The property name a scalar key becomes; nothing for null.
std::optional<std::string> key_text(const Value& key);

}  // namespace qd::codec::internal
