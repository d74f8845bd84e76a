#pragma once

#include "plugin.h"

#include <span>

/// One table of descriptors per file of plugins; registry.cc lists them.
namespace qd::kql {

std::span<const Plugin> shape_plugins();
std::span<const Plugin> lookup_plugins();
std::span<const Plugin> geo_lookup_plugins();
std::span<const Plugin> activity_plugins();
std::span<const Plugin> retention_plugins();
std::span<const Plugin> segment_plugins();

}  // namespace qd::kql
