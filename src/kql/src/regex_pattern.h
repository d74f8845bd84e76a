#pragma once

#include "qd/base/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace qd::kql {

/// KQL's regular expressions as RE2 takes them: (?<name>…) becomes (?P<name>…); \d, \w and \s mean
/// the Unicode classes (the engine's own answers match full-width digits and no-break spaces).
std::string to_re2_pattern(std::string_view pattern);

/// Compiles a pattern of a query; nothing is logged. The result may be used by any thread.
/// Errors: InvalidArgument SEM0420 with RE2's reason.
Result<std::shared_ptr<const re2::RE2>> compile_regex(std::string_view pattern);

}  // namespace qd::kql
