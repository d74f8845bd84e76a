#pragma once

#include "scenario.h"

#include <cstddef>
#include <string>

namespace demo {

/// Appends the sign-in as a record of the Logs Ingestion API's Microsoft-SigninLogs stream.
void append_sign_in(std::string& out, const Scenario& scenario, std::size_t index);

/// An OTLP trace request with the requests [begin, end), protobuf.
std::string encode_requests(const Scenario& scenario, std::size_t begin, std::size_t end);

}  // namespace demo
