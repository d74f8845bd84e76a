#pragma once

#include "json_route.h"
#include "qd/query/query_service.h"

namespace qd::server {

/// POST /api/v1/explain {"query":"…","analyze":false}
///   → {"plan":"text","operators":[{"operator","details","depth",…}],"statistics":{…}}
/// With analyze the query is run, and operators carry rows, milliseconds and memoryBytes.
Answer explain(query::QueryService& queries, const net::HttpRequest& request);

}  // namespace qd::server
