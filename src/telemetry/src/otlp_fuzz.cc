#include "decode_budget.h"
#include "qd/codec/json.h"
#include "qd/telemetry/otlp.h"

#include <cstddef>
#include <cstdint>

/// First byte: which signal, which form. Whatever decodes has a bounded size.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const void* bytes = data + 1;
    const std::string_view message(static_cast<const char*>(bytes), size - 1);
    if (data[0] >= 128) {
        const auto json = qd::codec::parse_json(message);
        if (json.ok()) {
            static_cast<void>(qd::telemetry::read_otlp_traces(json.value()).ok());
            static_cast<void>(qd::telemetry::read_otlp_logs(json.value()).ok());
            static_cast<void>(qd::telemetry::read_otlp_metrics(json.value()).ok());
        }
        return 0;
    }
    if (data[0] % 3 == 0) {
        const auto traces = qd::telemetry::decode_otlp_traces(message);
        static_cast<void>(traces.ok() && qd::telemetry::check_fan_out(traces.value()).ok());
    } else if (data[0] % 3 == 1) {
        const auto logs = qd::telemetry::decode_otlp_logs(message);
        static_cast<void>(logs.ok() && qd::telemetry::check_fan_out(logs.value()).ok());
    } else {
        const auto metrics = qd::telemetry::decode_otlp_metrics(message);
        static_cast<void>(metrics.ok() && qd::telemetry::check_fan_out(metrics.value()).ok());
    }
    return 0;
}
