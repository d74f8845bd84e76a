#pragma once

#include "json_weight.h"
#include "qd/base/result.h"
#include "qd/telemetry/otlp.h"

namespace qd::telemetry {

/// What a decoded request may take. Protobuf writes an empty span in two bytes; the struct it
/// becomes has hundreds, and every scope repeats its resource.
class DecodeBudget {
  public:
    Status take(std::uint64_t bytes) {
        used_ += bytes;
        return used_ <= kDecodedBytesMax
                   ? ok_status()
                   : Status(Error(Code::ResourceExhausted, "TEL0043",
                                  "the request holds too many values: send it in smaller parts"));
    }

  private:
    std::uint64_t used_ = 0;
};

/// Bytes that attributes take wherever they are repeated.
std::uint64_t attributes_weight(const Attributes& attributes);

/// Whether the rows of these groups fit: every row repeats the attributes of its resource.
template <typename Item>
Status check_fan_out(const std::vector<OtlpGroup<Item>>& groups) {
    DecodeBudget budget;
    for (const OtlpGroup<Item>& group : groups) {
        std::uint64_t rows = group.items.size();
        if constexpr (requires { group.items.front().points; }) {
            rows = 0;
            for (const Item& item : group.items) {
                rows += item.points.size();
            }
        }
        const std::uint64_t weight = attributes_weight(group.resource.attributes);
        if (rows > 0 && weight > kDecodedBytesMax / rows) {
            return budget.take(kDecodedBytesMax + 1);
        }
        QD_CHECK_OK(budget.take(rows * weight));
    }
    return ok_status();
}

}  // namespace qd::telemetry
