#pragma once

#include "qd/base/result.h"
#include "qd/base/time.h"
#include "qd/codec/value.h"
#include "qd/telemetry/otlp_rows.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Application Insights track items ("Breeze" envelopes).
namespace qd::telemetry {

struct BreezeError {
    std::int64_t index = 0;
    int status = 400;
    std::string message;
};

struct BreezeAnswer {
    std::int64_t received = 0;
    std::int64_t accepted = 0;
    std::vector<BreezeError> errors;
    MappedRows rows;
};

/// A body as single envelopes: newline-delimited JSON, a JSON array or one object. A line that is
/// not JSON becomes a null value in its place, so that indexes stay right.
std::vector<Value> split_breeze_body(std::string_view body);

/// Maps envelopes to App* rows; routes on baseType, never on name. `known_keys` empty accepts any
/// instrumentation key.
Result<BreezeAnswer> map_breeze(const std::vector<Value>& envelopes,
                                const std::vector<std::string>& known_keys, std::string_view peer,
                                RowSink& sink, Timestamp arrival);

/// {"itemsReceived":…,"itemsAccepted":…,"errors":[…]} and its HTTP status (200, 206, 400).
std::string breeze_answer_body(const BreezeAnswer& answer, int& status);

/// "[d.]hh:mm:ss[.f1-7]" in milliseconds; nothing when malformed.
std::optional<double> breeze_duration_ms(std::string_view text);

}  // namespace qd::telemetry
