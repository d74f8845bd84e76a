#pragma once

#include "qd/codec/value.h"
#include "qd/net/router.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

/// What the management APIs' routes share.
namespace qd::server {

using Answer = Result<Value>;
using Work = std::function<Answer(const net::HttpRequest&)>;

/// A route that is authorised, does its work and answers JSON; keeps the first failure to add one.
void add_json_route(net::Router& router, Status& status,
                    std::function<Status(const net::HttpRequest&)> authorize,
                    std::string_view method, std::string_view pattern, Work work);

/// {"name": items}
Value list_of(std::string name, Array items);

/// ?limit=, 100 when absent or malformed.
std::size_t limit_of(const net::HttpRequest& request);

}  // namespace qd::server
