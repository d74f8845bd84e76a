#pragma once

#include "qd/telemetry/otlp.h"

#include <string>
#include <string_view>

namespace qd::telemetry {

/// An attribute under its current name or an older one (HTTP, database and network conventions were
/// renamed); null when neither is there. Source: OpenTelemetry semantic conventions, migration
/// guides.
const Value* convention(const Attributes& attributes, std::string_view current);

/// The attribute as text: strings as they are, numbers and booleans in OpenTelemetry's text form,
/// arrays and maps as JSON.
std::string attribute_text(const Value& value);
std::string convention_text(const Attributes& attributes, std::string_view current);

/// "namespace.name" or "name"; unknown_service when the resource has none.
std::string role_name(const Attributes& resource);

}  // namespace qd::telemetry
