#pragma once

#include "qd/query/query_service.h"

#include <memory>
#include <string>

namespace qd::server {

/// Places of IP addresses out of a MaxMind DB file (GeoLite2 City and its like), mapped, not read.
class LocationDatabase {
  public:
    /// Errors: InvalidArgument SRV0040 for a file that is missing or no such database.
    static Result<std::unique_ptr<query::AddressBook>> open(const std::string& path);
};

}  // namespace qd::server
