#pragma once

#include "qd/base/result.h"
#include "qd/codec/value.h"

#include <cstddef>
#include <string_view>

namespace qd::automation::expr {

/// base[key]. Null pointer: absent, and `safe` made that null. Errors: AUT0205.
/// An object with a key that is no string, an array with one that is no integer, and a scalar
/// base are errors even when safe.
Result<const Value*> access(const Value& base, const Value& key, bool safe);
/// The exact key, else the first that matches without case. Null: none.
const Value* find_property(const Object& object, std::string_view name);
/// Errors: ResourceExhausted AUT0206 beyond 16 MiB.
Status check_size(std::size_t bytes);

}  // namespace qd::automation::expr
