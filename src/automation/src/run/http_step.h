#pragma once

#include "qd/automation/ports.h"
#include "run/run_context.h"

#include <optional>
#include <string>

namespace qd::automation::run {

/// The request of an Http action from its evaluated inputs. `authentication` is evaluated now and
/// goes nowhere else. Errors: InvalidArgument AUT0204 when the inputs make no request.
Result<HttpCall> make_call(const Action& action, const Value& inputs, const std::string& key,
                           const std::string& run_id, RunContext& context);

/// "run/action/iteration…": the same for every attempt of a step.
std::string idempotency_key(const std::string& run_id, const Action& action,
                            const std::vector<std::int64_t>& iteration);

/// {statusCode, headers, body}; JSON becomes a value, text a string, anything else a blob.
Value answer_outputs(const HttpAnswer& answer);

/// GET, HEAD, OPTIONS, PUT, DELETE: repeating them changes nothing more. Source: RFC 9110, 9.2.2.
bool is_idempotent(std::string_view method);
bool is_retryable(int status);
const std::string* find_header(const HttpAnswer& answer, std::string_view name);
/// From Retry-After: seconds or a date.
std::optional<Ticks> retry_after(const HttpAnswer& answer, Timestamp now);
/// The wait before the attempt after `attempts` ones; `random` in [0, 1).
/// Source: the platform's retry policies; see RetryPolicy.
Ticks retry_delay(const RetryPolicy& policy, std::int64_t attempts, double random);
/// A Location may be relative to the request's URL.
std::string resolve_location(const std::string& url, const std::string& location);

}  // namespace qd::automation::run
